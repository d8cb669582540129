//! Looking for a stored response and judging whether it may answer: key, variant, purge fence, freshness. All of
//! it happens in one turn of the thread's loop, so that an answer that begins here has looked at every purge that
//! was acknowledged before.

use crate::request::Request;
use crate::respond::{Held, Place};
use crate::worker::Worker;
use littoral_cache::{Content, HotEntry, KeyRef, Store, StoredResponse};
use littoral_http_caching::{
    ClientDirectives, Fields, Fwd, Known, RangeAnswer, RequestDirectives, Reuse, Revalidate, judge_reuse,
};
use littoral_ledger::{Fence, Verdict};
use std::rc::Rc;
use std::sync::Arc;

/// What the store has for a request.
pub(crate) enum Found {
    /// May answer as it is.
    Fresh(Held),
    /// May answer, and is to be validated meanwhile.
    Stale(Held),
    /// Must be validated first.
    Validate(Held, Fwd, &'static str),
    /// Nothing that helps.
    Nothing(Fwd, Option<&'static str>),
}

/// The directives of a client that the behavior listens to.
pub(crate) fn directives(place: &Place, request: &Request) -> Option<RequestDirectives> {
    let rules = &place.behavior().expect("routed").rules;
    (rules.client_directives == ClientDirectives::Honour).then(|| RequestDirectives::parse(&request.fields))
}

/// Looks for a stored response under `key`.
pub(crate) fn look(worker: &Worker, place: &Place, request: &Request, key: KeyRef<'_>) -> Found {
    let held = match select(worker, request, key) {
        Selected::Variant(held) => held,
        Selected::OtherVariants => return Found::Nothing(Fwd::VaryMiss, None),
        Selected::Nothing => return Found::Nothing(Fwd::UriMiss, None),
    };
    if request.fields.has(Known::Authorization) && !held.terms.authorization_shared {
        return Found::Nothing(Fwd::Miss, Some("authorization"));
    }
    // What the hot table gave was found live at the site's present purge position.
    if let Held::Shared(stored) = &held {
        match verdict(&worker.shared.fence, stored) {
            Verdict::Live => {}
            Verdict::Soft => return Found::Validate(held, Fwd::Stale, "soft-purged"),
            Verdict::Hard => return Found::Nothing(Fwd::Miss, Some("purged")),
        }
    }
    if !has_what_is_asked(&held, request) {
        return Found::Nothing(Fwd::Partial, None);
    }
    match judge_reuse(&held.terms, directives(place, request).as_ref(), worker.now()) {
        Reuse::Fresh => Found::Fresh(held),
        Reuse::StaleWhileRevalidate => Found::Stale(held),
        Reuse::MustRevalidate(why) => {
            let forward = match why {
                Revalidate::Stale | Revalidate::NoCache => Fwd::Stale,
                Revalidate::RequestNoCache | Revalidate::RequestMaxAge | Revalidate::RequestMinFresh => {
                    Fwd::Request
                }
            };
            Found::Validate(held, forward, why.as_str())
        }
    }
}

/// Whether a purge covers a stored response.
pub(crate) fn verdict(fence: &Fence, stored: &StoredResponse) -> Verdict {
    fence.judge(&stored.subject, &stored.url, stored.effective)
}

/// The stored response that these request fields select, purged or not; the look does not count as a use.
pub(crate) fn stored_variant(
    worker: &Worker,
    key: KeyRef<'_>,
    request_fields: &Fields,
) -> Option<Arc<StoredResponse>> {
    let entry = worker.shared.store.lookup(key)?;
    let nth = entry.position(request_fields, &mut Vec::new())?;
    Some(entry.variants()[nth].clone())
}

enum Selected {
    Variant(Held),
    OtherVariants,
    Nothing,
}

fn select(worker: &Worker, request: &Request, key: KeyRef<'_>) -> Selected {
    let fence = &worker.shared.fence;
    let mut hot = worker.hot.borrow_mut();
    let mut scratch = worker.buffers.selecting.borrow_mut();
    if let Some(found) = hot.get(key, fence) {
        return hot_variant(found, request, &mut scratch);
    }
    let Some(entry) = worker.shared.store.lookup(key) else { return Selected::Nothing };
    if let Some(found) = hot.put(&entry, fence) {
        return hot_variant(found, request, &mut scratch);
    }
    match entry.select(&request.fields, &mut scratch) {
        Some(stored) => Selected::Variant(Held::Shared(stored.clone())),
        None => Selected::OtherVariants,
    }
}

fn hot_variant(hot: &Rc<HotEntry>, request: &Request, scratch: &mut Vec<u8>) -> Selected {
    match hot.entry().position(&request.fields, scratch) {
        Some(nth) => {
            hot.entry().variants()[nth].touch();
            Selected::Variant(Held::Hot(hot.clone(), nth))
        }
        None => Selected::OtherVariants,
    }
}

/// A partial response answers only requests for ranges that it covers.
fn has_what_is_asked(held: &Held, request: &Request) -> bool {
    match &held.content {
        Content::Whole(_) => true,
        Content::Partial(partial) => {
            let wanted = littoral_http_caching::range::resolve(
                &request.fields,
                held.etag(),
                held.last_modified,
                Some(held.terms.date),
                partial.complete_length(),
            );
            match wanted {
                RangeAnswer::One(range) => partial.covers(range),
                RangeAnswer::Unsatisfiable => true,
                RangeAnswer::Whole | RangeAnswer::Many(_) => false,
            }
        }
    }
}
