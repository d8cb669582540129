//! What a response that passed by means for what is stored: unsafe methods invalidate (RFC 9111 §4.4), answers to
//! HEAD freshen or invalidate (§4.3.5).

use crate::fill::with_fields;
use crate::key::{self, StoredUrl};
use crate::lookup::stored_variant;
use crate::pairs::cookies;
use crate::request::Request;
use crate::respond::Place;
use crate::serve::{Course, course};
use crate::target::Target;
use crate::varying::followed;
use crate::worker::Worker;
use bytes::Bytes;
use littoral_cache::{Key, KeyRef, ResponseParts, Store, StoredResponse};
use littoral_http_caching::{
    Fields, HeadUpdate, Method, RequestView, ResponseView, Times, freshen, head_freshens, invalidates,
    judge_storing, stored_fields,
};
use littoral_ledger::{Kind, Purge, Scope, SiteKey};
use std::sync::Arc;

/// Draws the consequences of a response that was passed through.
pub(crate) fn after(
    worker: &Worker,
    place: &Place,
    request: &Request,
    status: u16,
    fields: &Fields,
    times: Times,
) {
    if request.method == Method::Head {
        return after_head(worker, place, request, status, fields, times);
    }
    if !invalidates(request.method, status) {
        return;
    }
    invalidate(worker, place, request, &request.target);
    let target = littoral_http_caching::invalidate::Target {
        scheme: request.scheme,
        authority: &request.authority,
        path_and_query: request.target.as_bytes(),
    };
    for named in littoral_http_caching::invalidate::also_invalidated(&target, fields) {
        if let Ok(target) = Target::normalize(Bytes::from(named)) {
            invalidate(worker, place, request, &target);
        }
    }
}

/// Enters a purge of this URL on this node alone. Only if something is stored or being fetched under it: a site
/// with many unsafe requests must not fill the table.
fn invalidate(worker: &Worker, place: &Place, request: &Request, target: &Target) {
    let get = as_get(request, target);
    // What is stored was keyed by the behavior of its own method and path.
    for StoredUrl { canonical, keyed_by_more } in key::stored_urls(place, &get) {
        if keyed_by_more || is_concerned(worker, place, &canonical) {
            let scope = Scope::Url(String::from_utf8_lossy(&canonical).into());
            worker.shared.fence.apply(&Purge { site: SiteKey(place.site().key), scope, kind: Kind::Hard });
        }
    }
}

/// Whether something is stored or being fetched under this URL alone.
fn is_concerned(worker: &Worker, place: &Place, url: &[u8]) -> bool {
    ["http", "https"].into_iter().any(|scheme| {
        let mut key = Vec::with_capacity(url.len() + 16);
        key::append_prefix(place, scheme, &mut key);
        key.extend_from_slice(url);
        worker.shared.store.lookup(KeyRef::new(&key)).is_some()
            || worker.shared.fills.any(|filling| filling.starts_with(&key))
    })
}

/// The `GET` whose answer is stored for `target`, without fields of its own.
fn as_get(request: &Request, target: &Target) -> Request {
    Request {
        protocol: request.protocol,
        method: Method::Get,
        method_text: Bytes::from_static(b"GET"),
        host: request.host.clone(),
        authority: request.authority.clone(),
        target: target.clone(),
        fields: Fields::builder().finish(),
        scheme: request.scheme,
        client: request.client,
        hops: request.hops.clone(),
        body_length: None,
        has_body: false,
        upgrade: None,
        id: request.id.clone(),
        number: request.number,
    }
}

/// Whether the origin saw of this request what a fetch for the cache would have shown it: only then its answer says
/// something of what is stored.
fn is_like_a_fetch(place: &Place, request: &Request) -> bool {
    let keyed = &place.behavior().expect("routed").key.cookies;
    let is_keyed = |cookie: &[u8]| keyed.iter().any(|known| cookie == known.as_bytes());
    matches!(course(place, request), Course::Cache)
        && (keyed.is_empty() || cookies(&request.fields).all(|(name, _)| is_keyed(name)))
}

fn after_head(worker: &Worker, place: &Place, request: &Request, status: u16, fields: &Fields, times: Times) {
    if status != 200 || !is_like_a_fetch(place, request) {
        return;
    }
    let key = key::build(place, request, Vec::new());
    let key = Key::new(&key.bytes);
    let Some(stored) = stored_variant(worker, key.as_key_ref(), &request.fields) else { return };
    if stored.status != 200 {
        return;
    }
    match head_freshens(&stored.fields, fields) {
        HeadUpdate::Nothing => {}
        HeadUpdate::Invalidate => invalidate(worker, place, request, &request.target),
        HeadUpdate::Freshen => {
            let behavior = place.behavior().expect("routed");
            let fresh = freshen(&stored.fields, fields);
            let view = ResponseView { status: 200, fields: &fresh, close_delimited: false };
            let request_view = RequestView { method: Method::Get, fields: &request.fields };
            let terms = judge_storing(&request_view, &view, times, &behavior.rules)
                .and_then(|terms| followed(place, &fresh).map(|_| terms));
            if let Ok(terms) = terms {
                let fields = stored_fields(&fresh, &behavior.rules);
                let parts = ResponseParts { terms, ..stored.parts().clone() };
                let parts = with_fields(worker, place, &request.fields, parts, fields);
                worker.shared.store.replace(&key, &stored, Arc::new(StoredResponse::new(parts)));
            }
        }
    }
}
