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

/// What may be done with a stored response that a request selects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Usable {
    /// Answers as it is.
    Fresh,
    /// Answers, and is to be validated meanwhile.
    Stale,
    /// Must be validated first: why the request goes forward.
    Validate(Fwd, &'static str),
    /// Does not help.
    Not(Fwd, Option<&'static str>),
}

/// Looks for a stored response under `key`.
pub(crate) fn look(worker: &Worker, place: &Place, request: &Request, key: KeyRef<'_>) -> Found {
    let held = match select(worker, request, key) {
        Selected::Variant(held) => held,
        Selected::OtherVariants => return Found::Nothing(Fwd::VaryMiss, None),
        Selected::Nothing => return Found::Nothing(Fwd::UriMiss, None),
    };
    // What the hot table gave was found live at the site's present purge position.
    let purged = match &held {
        Held::Shared(stored) => verdict(&worker.shared.fence, stored),
        Held::Hot(..) => Verdict::Live,
    };
    match usable(&held, purged, place, request, worker.now()) {
        Usable::Fresh => Found::Fresh(held),
        Usable::Stale => Found::Stale(held),
        Usable::Validate(forward, detail) => Found::Validate(held, forward, detail),
        Usable::Not(forward, detail) => Found::Nothing(forward, detail),
    }
}

/// What may be done with `stored`, which the request's fields select and of which the fence says `purged`.
pub(crate) fn usable(
    stored: &StoredResponse,
    purged: Verdict,
    place: &Place,
    request: &Request,
    now: i64,
) -> Usable {
    if request.fields.has(Known::Authorization) && !stored.terms.authorization_shared {
        return Usable::Not(Fwd::Miss, Some("authorization"));
    }
    match purged {
        Verdict::Live => {}
        Verdict::Soft => return Usable::Validate(Fwd::Stale, "soft-purged"),
        Verdict::Hard => return Usable::Not(Fwd::Miss, Some("purged")),
    }
    if !has_what_is_asked(stored, request) {
        return Usable::Not(Fwd::Partial, None);
    }
    match judge_reuse(&stored.terms, directives(place, request).as_ref(), now) {
        Reuse::Fresh => Usable::Fresh,
        Reuse::StaleWhileRevalidate => Usable::Stale,
        Reuse::MustRevalidate(why) => {
            let forward = match why {
                Revalidate::Stale | Revalidate::NoCache => Fwd::Stale,
                Revalidate::RequestNoCache | Revalidate::RequestMaxAge | Revalidate::RequestMinFresh => {
                    Fwd::Request
                }
            };
            Usable::Validate(forward, why.as_str())
        }
    }
}

/// Whether a purge covers a stored response.
pub(crate) fn verdict(fence: &Fence, stored: &StoredResponse) -> Verdict {
    fence.judge(&stored.subject, &stored.url, stored.effective)
}

/// Whether no purge covers it, now.
pub(crate) fn is_live(worker: &Worker, stored: &StoredResponse) -> bool {
    verdict(&worker.shared.fence, stored) == Verdict::Live
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
fn has_what_is_asked(held: &StoredResponse, request: &Request) -> bool {
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
