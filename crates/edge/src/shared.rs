//! A miss: one fetch for all requests that want the same. A request joins the fill, waits for its head, sees whether
//! what another one fetched may answer it, and otherwise tries again with those like it.

use crate::answer::{from_fill, from_stale, from_stored};
use crate::fill::{Fill, Handoff, Joined, Phase, Plan, lead};
use crate::journey::Wanted;
use crate::lookup::{self, Found, is_live, verdict};
use crate::note::{Note, Outcome};
use crate::origin::fetch::InterimSink;
use crate::origin::fields::Conditionals;
use crate::origin::group::{hash_of, waiting_max};
use crate::origin::{OriginError, Outgoing, RequestBody};
use crate::pass::{Pass, failed, for_origin, pass_through, unshared};
use crate::request::Request;
use crate::respond::{Held, Place, Response};
use crate::serve::may_stand_in;
use crate::worker::Worker;
use littoral_cache::{Content, Store, StoredResponse};
use littoral_http_caching::{Known, Reuse, SelectingKey, judge_reuse, may_serve_on_error};
use littoral_ledger::Verdict;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Fills that a request may join one after the other: another variant, a purge that overtook one. Then it fetches
/// alone.
const ROUNDS_MAX: usize = 4;

/// A miss: fetches together with all others that want the same.
pub(crate) async fn fetch_shared(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    wanted: Wanted,
    interim: Option<InterimSink>,
) -> Response {
    let mut variant = known_variant(worker, request, &wanted);
    let mut interim = interim;
    for _ in 0..ROUNDS_MAX {
        let (fill, handoff) = match join(worker, place, request, &wanted, &variant) {
            Joined::Alone => break,
            Joined::Stored => match by_now(worker, place, request, &wanted) {
                Some(held) => {
                    let note = Note::hit(held.terms.freshness_left(worker.now()));
                    return from_stored(worker, place, request, held, note);
                }
                None => continue,
            },
            Joined::Follow(fill) => (fill, None),
            Joined::Lead(fill) => {
                let (sender, receiver) = oneshot::channel();
                let plan = plan(worker, place, request, wanted.clone(), interim.take());
                tokio::task::spawn_local(lead(worker.clone(), fill.clone(), plan, sender));
                (fill, Some(receiver))
            }
        };
        let leads = handoff.is_some();
        let Some(phase) = wait_for_head(worker, place, &fill, leads).await else { break };
        let outcome = if leads { Outcome::Miss } else { Outcome::Collapsed };
        let note =
            Note { detail: wanted.detail, asked: fill.asked(), ..Note::forwarded(outcome, wanted.forward) };
        match phase {
            Phase::Waiting => break,
            Phase::Head(stored) => {
                if is_live(worker, &stored)
                    && fits(request, &stored, leads, &mut variant)
                    && let Some(answer) = from_fill(worker, place, request, &fill, stored, note).await
                {
                    return answer;
                }
            }
            Phase::Freshened { shared: false, .. } if !leads => break,
            Phase::Freshened { response: stored, .. } => {
                if is_live(worker, &stored) && fits(request, &stored, leads, &mut variant) {
                    let ttl = stored.terms.freshness_left(worker.now());
                    let outcome = if leads { Outcome::Revalidated } else { Outcome::Collapsed };
                    let note =
                        Note { outcome, forward_status: Some(304), ttl: Some(ttl), stored: true, ..note };
                    return from_stored(worker, place, request, Held::Shared(stored), note);
                }
            }
            Phase::NotShared => match handoff {
                Some(handoff) => return take_handoff(worker, place, handoff, note).await,
                None => break,
            },
            Phase::Failed(error) => return stand_in(worker, place, request, &wanted, note, error),
        }
    }
    let pass = Pass { forward: wanted.forward, detail: wanted.detail, upgrade: None };
    pass_through(worker, place, request, pass, RequestBody::Empty, None).await
}

/// What another request has stored since this one looked.
fn by_now(worker: &Worker, place: &Place, request: &Request, wanted: &Wanted) -> Option<Held> {
    match lookup::look(worker, place, request, wanted.key.as_key_ref()) {
        Found::Fresh(held) => Some(held),
        _ => None,
    }
}

async fn wait_for_head(worker: &Rc<Worker>, place: &Place, fill: &Arc<Fill>, leads: bool) -> Option<Phase> {
    let head = crate::fill::head(worker, fill);
    if leads {
        return Some(head.await);
    }
    // The leader's own time-outs end its fetch; this is for a leader that is stuck behind all of them.
    tokio::time::timeout(waiting_max(place), head).await.ok()
}

async fn take_handoff(
    worker: &Rc<Worker>,
    place: &Place,
    handoff: oneshot::Receiver<Handoff>,
    note: Note,
) -> Response {
    match handoff.await {
        Ok(Handoff { response, reason }) => unshared(place, *response, Note { detail: Some(reason), ..note }),
        Err(_) => failed(worker, place, note, OriginError::Abandoned),
    }
}

/// The origin failed: what is stored stands in where it may.
fn stand_in(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    wanted: &Wanted,
    note: Note,
    error: OriginError,
) -> Response {
    let now = worker.now();
    let usable = wanted.stale.as_ref().filter(|stale| match error {
        OriginError::Status(_) => may_serve_on_error(&stale.terms, now),
        _ => may_stand_in(stale, now),
    });
    // A purge may have come while the origin was being asked.
    match usable.filter(|stale| verdict(&worker.shared.fence, stale) != Verdict::Hard) {
        Some(stale) => {
            worker.report.borrow().origin_failed(error.as_str());
            let mut answer = from_stale(worker, place, request, Held::Shared(stale.clone()), error.as_str());
            answer.note.forward = Some(wanted.forward);
            answer.note.asked = note.asked;
            if let OriginError::Status(status) = error {
                answer.note.forward_status = Some(status);
            }
            answer
        }
        None => failed(worker, place, note, error),
    }
}

/// Whether a response that another request brought may answer this one. When its `Vary` says no, `variant` becomes
/// the key under which this request finds those like it.
fn fits(request: &Request, stored: &StoredResponse, leads: bool, variant: &mut Vec<u8>) -> bool {
    if leads {
        return true;
    }
    if request.fields.has(Known::Authorization) && !stored.terms.authorization_shared {
        return false;
    }
    let own = SelectingKey::of(&stored.vary, &request.fields);
    if own.as_bytes() == stored.selecting.as_bytes() {
        return true;
    }
    *variant = own.as_bytes().to_vec();
    false
}

/// The selecting key under the `Vary` that earlier responses for this key had.
fn known_variant(worker: &Worker, request: &Request, wanted: &Wanted) -> Vec<u8> {
    let mut out = Vec::new();
    if let Some(entry) = worker.shared.store.lookup(wanted.key.as_key_ref())
        && let Some(newest) = entry.variants().first()
    {
        littoral_http_caching::selecting_key(&newest.vary, &request.fields, &mut out);
    }
    out
}

/// Joins the fill for what is wanted. Requests with credentials or cookies have fills of their own: their answers
/// can be shared only if the origin says so, and nobody else waits for that.
pub(crate) fn join(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    wanted: &Wanted,
    variant: &[u8],
) -> Joined {
    let mut key = Vec::with_capacity(wanted.key.bytes.len() + variant.len() + 16);
    key.extend_from_slice(&wanted.key.bytes);
    key.push(0);
    key.push(
        u8::from(request.fields.has(Known::Authorization))
            | u8::from(request.fields.has(Known::Cookie)) << 1
            | u8::from(wanted.ranged) << 2,
    );
    key.extend_from_slice(variant);
    if wanted.ranged {
        key.push(0);
        key.extend_from_slice(request.fields.get(Known::Range).unwrap_or_default());
        key.push(0);
        key.extend_from_slice(request.fields.get(Known::IfRange).unwrap_or_default());
    }
    let fence = &worker.shared.fence;
    let position = fence.position();
    let directives = lookup::directives(place, request);
    let is_fresh = |stored: &StoredResponse| {
        judge_reuse(&stored.terms, directives.as_ref(), worker.now()) == Reuse::Fresh
    };
    worker.shared.fills.join(
        wanted.key.hash,
        &key,
        worker.now(),
        |fill| fill.is_usable_at(fence, wanted, is_fresh),
        || by_now(worker, place, request, wanted).is_some(),
        |key, held_bytes| Fill::new(key, position, worker.thread, held_bytes),
    )
}

/// Everything that the fetch needs. Made after the fill has taken its position: what was hard-purged up to there
/// lends it no validators.
pub(crate) fn plan(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    mut wanted: Wanted,
    interim: Option<InterimSink>,
) -> Plan {
    if let Some(stale) = &wanted.stale
        && verdict(&worker.shared.fence, stale) == Verdict::Hard
    {
        wanted.stale = None;
    }
    let conditionals = match &wanted.stale {
        Some(stale) if matches!(stale.content, Content::Whole(_)) => {
            let (etag, modified) = littoral_http_caching::conditional_fields(&stale.fields);
            Conditionals::Stored(etag, modified)
        }
        _ => Conditionals::None,
    };
    let outgoing = Outgoing {
        method: http::Method::GET,
        target: wanted.target.clone(),
        hash: hash_of(place, request, &wanted.key.bytes[wanted.url.clone()]),
        fields: for_origin(worker, place, request, conditionals, wanted.ranged, None),
        body: RequestBody::Empty,
        interim,
    };
    Plan { place: place.clone(), outgoing, wanted, request_fields: request.fields.clone() }
}
