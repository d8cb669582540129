//! What a request becomes for one origin server: its path prefix, the `Host` that it wants, the secret that only it is
//! told, a signature. What one origin server is told never reaches another, and clients cannot say it for the edge.

use super::fields::{is_alias_of_known, is_read_as};
use super::sign;
use crate::respond::Place;
use bytes::Bytes;
use http::Method;
use littoral_http_caching::{Fields, Known};
use littoral_policy::{HostHeader, OriginServer, STEERING_FIELDS, Site};

/// A request as all origin servers of a group would get it, but for what is their own.
pub(crate) struct Unfinished<'a> {
    pub(crate) method: &'a Method,
    /// Origin form, normalized.
    pub(crate) target: &'a Bytes,
    /// With the canonical `Host`.
    pub(crate) fields: &'a Fields,
    pub(crate) has_body: bool,
}

/// The target and the fields for `server`, one of `site`'s. `now` is for signatures.
pub(crate) fn finish(
    request: &Unfinished<'_>,
    site: &Site,
    server: &OriginServer,
    now: i64,
) -> (Bytes, Fields) {
    let target = prefixed(request.target, &server.path_prefix);
    let host = host(request.fields, server);
    let says_secret = |name: &[u8]| secrets(site).any(|secret| is_read_as(name, secret));
    if !request.fields.iter().any(|line| says_secret(line.name)) {
        return finish_for(request, server, host, target, now);
    }
    // A client says what only the edge may say, to this origin server or to another.
    let mut without = Fields::builder();
    without.extend_from(request.fields, |_, name| !says_secret(name));
    finish_for(&Unfinished { fields: &without.finish(), ..*request }, server, host, target, now)
}

/// The same for a request that holds no secret's field, with target and `Host` as they will be.
pub(crate) fn finish_for(
    request: &Unfinished<'_>,
    server: &OriginServer,
    host: &[u8],
    target: Bytes,
    now: i64,
) -> (Bytes, Fields) {
    if server.secret.is_none() && server.s3.is_none() && request.fields.get(Known::Host) == Some(host) {
        return (target, request.fields.clone());
    }
    let mut out = Fields::builder();
    out.reserve(request.fields.text_bytes() + 512);
    out.push_known(Known::Host, host);
    out.extend_from(request.fields, |known, name| {
        known != Known::Host && !(server.s3.is_some() && speaks_to_s3(known, name))
    });
    if let Some(secret) = &server.secret {
        out.push(secret.header.as_bytes(), secret.value.as_bytes());
    }
    let Some(keys) = &server.s3 else { return (target, out.finish()) };
    let signed = sign::sign(keys, request.method, &target, host, request.has_body, now);
    for (name, value) in &signed.fields {
        out.push(name, value);
    }
    (signed.target, out.finish())
}

/// Fields by which S3 is told things: only the edge's own reach it. Some stores also judge a signature by the host that
/// was forwarded in place of the one that was signed, and none has another use for that.
pub(crate) fn speaks_to_s3(known: Known, name: &[u8]) -> bool {
    let starts = |start: &[u8]| name.get(..start.len()).is_some_and(|own| own.eq_ignore_ascii_case(start));
    matches!(known, Known::Authorization | Known::Forwarded) || starts(b"x-amz-") || starts(b"x-forwarded-")
}

/// Whether a trailer field of a client's may go on: some servers take trailers for fields, so none has the name of one
/// that the edge or the site deals with.
pub(crate) fn may_trail(place: &Place, name: &[u8]) -> bool {
    let behavior = place.behavior().expect("routed");
    let own = behavior.request_fields.iter().map(|rule| rule.name.as_bytes());
    let mut dealt_with = secrets(place.site())
        .chain(own)
        .chain(behavior.key.headers.iter().map(|name| &**name))
        .chain(STEERING_FIELDS.iter().map(|name| name.as_bytes()));
    Known::of(name) == Known::Other
        && !is_alias_of_known(name)
        && !dealt_with.any(|field| is_read_as(name, field))
}

fn secrets(site: &Site) -> impl Iterator<Item = &[u8]> {
    site.origins.iter().filter_map(|origin| Some(origin.secret.as_ref()?.header.as_bytes()))
}

fn host<'a>(fields: &'a Fields, server: &'a OriginServer) -> &'a [u8] {
    match &server.host_header {
        // Only HTTP/1.0 leaves it out.
        HostHeader::Canonical => {
            fields.get(Known::Host).filter(|host| !host.is_empty()).unwrap_or(server.authority.as_bytes())
        }
        HostHeader::Origin => server.authority.as_bytes(),
        HostHeader::Fixed(name) => name.as_bytes(),
    }
}

fn prefixed(target: &Bytes, prefix: &str) -> Bytes {
    if prefix.is_empty() {
        return target.clone();
    }
    [prefix.as_bytes(), target].concat().into()
}
