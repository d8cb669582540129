//! The cache key and the target that the origin sees, made together from the same bytes: a query parameter that is
//! not part of the key is not forwarded, and whatever is forwarded is part of the key.

use crate::pairs;
use crate::request::Request;
use crate::respond::Place;
use crate::target::Target;
use littoral_http_caching::Fields;
use littoral_policy::{HostKey, KeyPolicy, QueryKey};

/// Behind the URL in a key: a byte that no URL has.
const END_OF_URL: u8 = 0;

/// A key under construction.
pub(crate) struct KeyText {
    /// Site, URL, keyed fields and cookies.
    pub(crate) bytes: Vec<u8>,
    /// Where in `bytes` the canonical URL (`host/path?query`) lies: what purges name.
    pub(crate) url: std::ops::Range<usize>,
    /// What of the request's target is in it; the origin is asked for this, or for what a rewrite makes of it.
    pub(crate) target: Target,
}

/// Makes the key of `request` in `bytes`, which is cleared first.
pub(crate) fn build(place: &Place, request: &Request, mut bytes: Vec<u8>) -> KeyText {
    let policy = &place.behavior().expect("routed").key;
    let target = keyed_target(policy, &request.target);
    bytes.clear();
    append_prefix(place, request.scheme, &mut bytes);
    let start = bytes.len();
    bytes.extend_from_slice(keyed_host(place, policy, request));
    bytes.extend_from_slice(target.as_bytes());
    let url = start..bytes.len();
    append_keyed_fields(policy, &request.fields, &mut bytes);
    if let Some(owner) = &policy.owner {
        bytes.push(END_OF_URL);
        bytes.push(b'@');
        bytes.extend_from_slice(owner.as_bytes());
    }
    KeyText { bytes, url, target }
}

/// A URL under which a behavior may have stored an answer to a `GET`.
pub(crate) struct StoredUrl {
    pub(crate) canonical: Vec<u8>,
    /// Its keys hold more than the URL: what is stored under it cannot be looked up by it alone.
    pub(crate) keyed_by_more: bool,
}

/// Where the behaviors of the site may have stored what they answered to a `GET` for the request's URL, each place
/// once.
pub(crate) fn stored_urls(place: &Place, request: &Request) -> Vec<StoredUrl> {
    let mut urls: Vec<StoredUrl> = Vec::new();
    for behavior in place.site().behaviors_of_url(&request.host, request.target.path()) {
        let place = place.clone().with_behavior(behavior);
        let policy = &place.behavior().expect("just set").key;
        let keyed_by_more =
            !policy.headers.is_empty() || !policy.cookies.is_empty() || policy.owner.is_some();
        let key = build(&place, request, Vec::new());
        let canonical = &key.bytes[key.url];
        match urls.iter_mut().find(|known| known.canonical == canonical) {
            Some(known) => known.keyed_by_more |= keyed_by_more,
            None => urls.push(StoredUrl { canonical: canonical.to_vec(), keyed_by_more }),
        }
    }
    urls
}

/// What stands before the URL in a key: the site, and the scheme, which the origin learns by `X-Forwarded-Proto` and
/// may answer with a redirect.
pub(crate) fn append_prefix(place: &Place, scheme: &str, bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&place.site().key.to_le_bytes());
    bytes.push(if scheme == "https" { b's' } else { b'h' });
}

/// The host that stands for the request's in keys, purges and towards the origin.
pub(crate) fn keyed_host<'a>(place: &'a Place, policy: &KeyPolicy, request: &'a Request) -> &'a [u8] {
    match (policy.host, &place.site().canonical_host) {
        (HostKey::Canonical, Some(canonical)) => canonical.as_bytes(),
        _ => &request.authority,
    }
}

/// What of a target the key keeps.
pub(crate) fn keyed_target(policy: &KeyPolicy, target: &Target) -> Target {
    let Some(query) = target.query() else { return target.clone() };
    let keeps = |parameter: &[u8]| {
        let (name, _) = pairs::split(parameter);
        match &policy.query {
            QueryKey::All => true,
            QueryKey::None => false,
            QueryKey::Only(names) => names.iter().any(|known| name == known.as_bytes()),
            QueryKey::Except(names) => !names.iter().any(|known| name == known.as_bytes()),
        }
    };
    if matches!(policy.query, QueryKey::All) && !policy.sort_query {
        return target.clone();
    }
    let mut parameters: Vec<&[u8]> =
        query.split(|&b| b == b'&').filter(|parameter| keeps(parameter)).collect();
    if policy.sort_query {
        parameters.sort_by_key(|parameter| pairs::split(parameter).0);
    }
    let joined = parameters.join(&b'&');
    target.with_query((!joined.is_empty()).then_some(&joined))
}

fn append_keyed_fields(policy: &KeyPolicy, fields: &Fields, bytes: &mut Vec<u8>) {
    for name in &policy.headers {
        bytes.push(END_OF_URL);
        bytes.extend_from_slice(name.as_ref());
        for value in fields.named(name.as_ref()) {
            bytes.push(b'\n');
            bytes.extend_from_slice(value);
        }
    }
    for name in &policy.cookies {
        bytes.push(END_OF_URL);
        bytes.push(b';');
        bytes.extend_from_slice(name.as_bytes());
        for value in pairs::cookie(fields, name) {
            bytes.push(b'\n');
            bytes.extend_from_slice(value);
        }
    }
}

/// Whether the behavior sends requests like this one past the cache.
pub(crate) fn bypasses(place: &Place, request: &Request) -> bool {
    let conditions = &place.behavior().expect("routed").bypass;
    let (fields, query) = (&request.fields, request.target.query());
    conditions.headers.iter().any(|name| fields.named(name.as_ref()).next().is_some())
        || conditions.cookies.iter().any(|name| pairs::cookie(fields, name).next().is_some())
        || conditions.query.iter().any(|name| pairs::parameter(query, name).next().is_some())
}
