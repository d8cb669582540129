//! A miss: one fetch for all requests that want the same. A request joins the fill, waits for its head, sees whether
//! what another one fetched may answer it, and otherwise tries again with those like it.

use crate::answer::{from_stale, from_stored, not_modified};
use crate::fill::{Fill, FillReader, Handoff, Joined, Phase, Plan, lead};
use crate::lookup::{self, Found, verdict};
use crate::note::{Note, Outcome};
use crate::origin::fetch::InterimSink;
use crate::origin::fields::Conditionals;
use crate::origin::group::{hash_of, waiting_max};
use crate::origin::{OriginError, Outgoing, RequestBody};
use crate::pass::{Pass, failed, for_origin, pass_through, unshared};
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response, Shape};
use crate::serve::Wanted;
use crate::transform::{TagText, choose, compress, range};
use crate::worker::Worker;
use littoral_cache::{Content, Store, StoredResponse};
use littoral_http_caching::{
    Known, Precondition, RangeAnswer, Reuse, SelectingKey, evaluate, judge_reuse, may_serve_disconnected,
    may_serve_on_error,
};
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
                if let Some(answer) =
                    from_fill(worker, place, request, &fill, stored, note, leads, &mut variant).await
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
        _ => may_serve_disconnected(&stale.terms, now) || may_serve_on_error(&stale.terms, now),
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

/// The answer from a fill whose head is known; `None` when it does not fit this request, which then tries again.
#[expect(clippy::too_many_arguments, reason = "the facts of one decision, all of different kinds")]
async fn from_fill(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    fill: &Arc<Fill>,
    stored: Arc<StoredResponse>,
    note: Note,
    leads: bool,
    variant: &mut Vec<u8>,
) -> Option<Response> {
    if !is_live(worker, &stored) || !fits(request, &stored, leads, variant) {
        return None;
    }
    let note = Note {
        forward_status: Some(stored.status),
        stored: true,
        ttl: Some(stored.terms.freshness_left(worker.now())),
        ..note
    };
    let length = fill.announced_length();
    let has_parts = stored.status == 200 && length.is_some();
    let choice = choose::for_passing(place, request, stored.status, &stored.fields, length, has_parts);
    let mut text = TagText::new();
    let etag = choice.condition.etag_asked(&request.fields, &stored.fields, &mut text);
    let modified = stored.last_modified;
    match evaluate(request.method, &request.fields, etag, modified, stored.status) {
        Precondition::Proceed => {}
        Precondition::NotModified => {
            return Some(not_modified(place, Held::Shared(stored), choice.condition, note));
        }
        Precondition::Failed => {
            return Some(Response { note, ..Response::local(412, "precondition-failed") }.at(place));
        }
    }
    if choice.form.is_made_on_the_way() {
        let whole = 0..u64::MAX;
        let (reader, form) = compress::from_fill(worker, fill, &stored.fields, choice.form, whole).await?;
        // It may have waited for the beginning of the body, and a purge may have come meanwhile.
        if !is_live(worker, &stored) {
            return None;
        }
        return Some(Response {
            status: stored.status,
            head: Head::Stored(Held::Shared(stored), Shape::Whole, form),
            body: Body::Fill(reader),
            length: length.filter(|_| !form.is_made_on_the_way()),
            note,
            place: Some(place.clone()),
            close: false,
            upgrade: None,
        });
    }
    let range = match (stored.status, length) {
        (200, Some(length)) => littoral_http_caching::range::resolve(
            &request.fields,
            stored.fields.get(Known::ETag),
            modified.filter(|_| choice.dates_hold),
            Some(stored.terms.date),
            length,
        ),
        _ => RangeAnswer::Whole,
    };
    let whole = 0..u64::MAX;
    let (status, shape, wanted_bytes, length) = match (range, length) {
        (RangeAnswer::One(range), Some(complete)) => {
            let bytes = range.end - range.start;
            (206, Shape::Range(range::content_range(&range, complete)), range, Some(bytes))
        }
        (RangeAnswer::Unsatisfiable, Some(complete)) => {
            let answer = Response { note, ..Response::local(416, "range-unsatisfiable") };
            let value = range::unsatisfied_range(complete);
            return Some(answer.with_field(Known::ContentRange, value.as_bytes()).at(place));
        }
        // Several ranges of what is not here yet: the whole is a permitted answer (RFC 9110 §14.2).
        _ => match (stored.status, stored.fields.get(Known::ContentRange)) {
            (206, Some(value)) => {
                (206, Shape::Range(String::from_utf8_lossy(value).into_owned().into()), whole, length)
            }
            _ => (stored.status, Shape::Whole, whole, length),
        },
    };
    Some(Response {
        status,
        head: Head::Stored(Held::Shared(stored), shape, choice.form),
        body: Body::Fill(FillReader::new(fill.clone(), wanted_bytes)?),
        length,
        note,
        place: Some(place.clone()),
        close: false,
        upgrade: None,
    })
}

fn is_live(worker: &Worker, stored: &StoredResponse) -> bool {
    verdict(&worker.shared.fence, stored) == Verdict::Live
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
        |key, held| Fill::new(key, position, worker.thread, held),
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
