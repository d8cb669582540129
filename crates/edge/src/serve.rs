//! The request path behind the protocols: route, look into the cache, fetch what is missing, answer. `begin` is
//! what can be done without waiting, which for a hit is all of it; `finish` is the rest.

use crate::fill::{Fill, FillReader, Handoff, Joined, Phase, Plan, lead};
use crate::key::{self, KeyText};
use crate::lookup::{self, Found};
use crate::note::{Note, Outcome};
use crate::origin::fetch::InterimSink;
use crate::origin::fields::{Conditionals, ForOrigin};
use crate::origin::pool::Pool;
use crate::origin::{OriginError, OriginRequest, OriginResponse, RequestBody, fetch};
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response, Shape};
use crate::transform::range;
use crate::worker::Worker;
use crate::{invalidate, route};
use bytes::Bytes;
use littoral_cache::{Content, Key, KeyRef, Store, StoredResponse};
use littoral_http_caching::{
    Fields, Fwd, Known, Method, Precondition, RangeAnswer, SelectingKey, conditional, evaluate,
    hop_by_hop::end_to_end, may_serve_disconnected, may_serve_on_error, requested_range,
};
use littoral_ledger::{SiteKey, Verdict};
use littoral_policy::{CacheMode, HostHeader, OriginServer, RangeForward};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// Fills that a request may join one after the other: another variant, a purge that overtook one. Then it fetches
/// alone.
const ROUNDS_MAX: usize = 4;

/// How far a request came without waiting.
pub(crate) enum Begun {
    Ready(Response),
    Journey(Journey),
}

/// A request on its way to an origin.
pub(crate) struct Journey {
    place: Place,
    way: Way,
}

enum Way {
    /// To the origin and back, without the cache.
    Pass { forward: Fwd, detail: Option<&'static str>, upgrade: Option<Vec<u8>> },
    /// For the cache, together with others that ask the same.
    Fetch(Box<Wanted>),
}

/// What a request wants of the cache and did not get.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) key: Key,
    pub(crate) site: SiteKey,
    /// Where in the key the canonical URL lies.
    pub(crate) url: Range<usize>,
    pub(crate) target: Bytes,
    pub(crate) stale: Option<Arc<StoredResponse>>,
    /// Why the cache could not answer.
    pub(crate) forward: Fwd,
    pub(crate) detail: Option<&'static str>,
    /// The client's `Range` goes to the origin.
    pub(crate) ranged: bool,
}

impl Journey {
    /// Lets go of the connection's buffer.
    pub(crate) fn detach(&mut self) {
        if let Way::Fetch(wanted) = &mut self.way {
            wanted.target = Bytes::copy_from_slice(&wanted.target);
        }
    }
}

/// What can be done at once.
pub(crate) fn begin(worker: &Rc<Worker>, request: &mut Request) -> Begun {
    if request.target.is_asterisk() {
        return Begun::Ready(server_options());
    }
    let place = match route::route(worker, request) {
        Ok(place) => place,
        Err(answer) => return Begun::Ready(*answer),
    };
    let behavior = place.behavior().expect("routed").clone();
    let pass = |place: Place, forward, detail| {
        Begun::Journey(Journey { place, way: Way::Pass { forward, detail, upgrade: None } })
    };
    if let Some(tokens) = route::allowed_upgrade(request, &behavior) {
        let way = Way::Pass { forward: Fwd::Bypass, detail: Some("upgrade"), upgrade: Some(tokens) };
        return Begun::Journey(Journey { place, way });
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        return pass(place, Fwd::Method, None);
    }
    if behavior.cache == CacheMode::Bypass {
        return pass(place, Fwd::Bypass, None);
    }
    if request.has_body {
        return pass(place, Fwd::Bypass, Some("request-body"));
    }
    if key::bypasses(&place, request) {
        return pass(place, Fwd::Bypass, Some("bypass-condition"));
    }
    from_cache(worker, &place, request)
}

fn from_cache(worker: &Rc<Worker>, place: &Place, request: &Request) -> Begun {
    let key = key::build(place, request, worker.buffers.key.take());
    let hash = KeyRef::new(&key.bytes).hash;
    let found = lookup::look(worker, place, request, &key, hash);
    let directives = lookup::directives(place, request);
    let begun = match found {
        Found::Fresh(held) => {
            let note = Note::hit(held.terms.freshness_left(worker.now()));
            Begun::Ready(from_stored(place, request, held, note))
        }
        Found::Stale(held) => {
            revalidate_behind(worker, place, request, &key, hash, &held);
            Begun::Ready(from_stale(worker, place, request, held, "stale-while-revalidate"))
        }
        Found::Validate(..) | Found::Nothing(..)
            if directives.is_some_and(|directives| directives.only_if_cached) =>
        {
            Begun::Ready(Response::local(504, "only-if-cached").at(place))
        }
        Found::Validate(held, forward, detail) => {
            journey(place.clone(), request, &key, hash, Some(held.to_shared()), forward, Some(detail))
        }
        Found::Nothing(forward, detail) => journey(place.clone(), request, &key, hash, None, forward, detail),
    };
    worker.buffers.key.set(key.bytes);
    begun
}

fn journey(
    place: Place,
    request: &Request,
    key: &KeyText,
    hash: u64,
    stale: Option<Arc<StoredResponse>>,
    forward: Fwd,
    detail: Option<&'static str>,
) -> Begun {
    if request.method == Method::Head {
        return Begun::Journey(Journey { place, way: Way::Pass { forward, detail, upgrade: None } });
    }
    let wanted = wanted(&place, request, key, hash, stale, forward, detail);
    Begun::Journey(Journey { place, way: Way::Fetch(Box::new(wanted)) })
}

fn wanted(
    place: &Place,
    request: &Request,
    key: &KeyText,
    hash: u64,
    stale: Option<Arc<StoredResponse>>,
    forward: Fwd,
    detail: Option<&'static str>,
) -> Wanted {
    let behavior = place.behavior().expect("routed");
    let ranged = behavior.ranges == RangeForward::Forward
        && requested_range(&request.fields).is_some()
        && !stale.as_ref().is_some_and(|stale| matches!(stale.content, Content::Whole(_)));
    Wanted {
        key: Key { hash, bytes: key.bytes.as_slice().into() },
        site: SiteKey(place.site().key),
        url: key.url.clone(),
        target: key.target.as_bytes().clone(),
        stale,
        forward,
        detail,
        ranged,
    }
}

/// `OPTIONS *` asks about the server, not about a site.
fn server_options() -> Response {
    Response::local(204, "server-options")
        .with_field(Known::Allow, b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
}

/// The answer that a stored response gives to a request: conditions, then ranges.
pub(crate) fn from_stored(place: &Place, request: &Request, held: Held, note: Note) -> Response {
    let etag = held.fields.get(Known::ETag);
    let modified = conditional::modification_date(&held.fields, held.terms.received);
    match evaluate(request.method, &request.fields, etag, Some(modified), held.status) {
        Precondition::Proceed => {}
        Precondition::NotModified => return not_modified(place, held, note),
        Precondition::Failed => {
            return Response { note, ..Response::local(412, "precondition-failed") }.at(place);
        }
    }
    let length = held.content.complete_length();
    let answer = if held.status == 200 && request.method == Method::Get {
        littoral_http_caching::range::resolve(
            &request.fields,
            etag,
            held.last_modified,
            Some(held.terms.date),
            length,
        )
    } else {
        RangeAnswer::Whole
    };
    ranged(place, request, held, note, answer, length)
}

fn ranged(
    place: &Place,
    request: &Request,
    held: Held,
    note: Note,
    answer: RangeAnswer,
    length: u64,
) -> Response {
    let (status, shape, body, length) = match answer {
        RangeAnswer::Whole => (held.status, Shape::Whole, Body::Stored(held.clone(), 0..length), length),
        RangeAnswer::One(wanted) => (
            206,
            Shape::Range(range::content_range(&wanted, length)),
            Body::Stored(held.clone(), wanted.clone()),
            wanted.end - wanted.start,
        ),
        RangeAnswer::Many(parts) => {
            let (multipart, boundary, total) = range::multipart(&held.fields, &parts, length, request.id);
            (206, Shape::Multipart(boundary), Body::Multipart(held.clone(), Box::new(multipart)), total)
        }
        RangeAnswer::Unsatisfiable => {
            let answer = Response { note, ..Response::local(416, "range-unsatisfiable") };
            return answer
                .with_field(Known::ContentRange, range::unsatisfied_range(length).as_bytes())
                .at(place);
        }
    };
    Response {
        status,
        head: Head::Stored(held, shape),
        body,
        length: Some(length),
        note,
        place: Some(place.clone()),
        close: false,
        upgrade: None,
    }
}

fn not_modified(place: &Place, held: Held, note: Note) -> Response {
    Response {
        status: 304,
        head: Head::Stored(held, Shape::NotModified),
        body: Body::Empty,
        length: None,
        note,
        place: Some(place.clone()),
        close: false,
        upgrade: None,
    }
}

fn from_stale(
    worker: &Worker,
    place: &Place,
    request: &Request,
    held: Held,
    detail: &'static str,
) -> Response {
    let ttl = held.terms.freshness_left(worker.now());
    let note = Note { outcome: Outcome::Stale, detail: Some(detail), ..Note::hit(ttl) };
    from_stored(place, request, held, note)
}

/// Validates a stale response that has just been served, unless somebody is at it.
fn revalidate_behind(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    key: &KeyText,
    hash: u64,
    held: &Held,
) {
    if !matches!(held.content, Content::Whole(_)) {
        return;
    }
    let wanted = wanted(place, request, key, hash, Some(held.to_shared()), Fwd::Stale, None);
    if let Joined::Lead(fill) = join(worker, request, &wanted, &[]) {
        let plan = plan(worker, place, request, wanted, None);
        let (handoff, _) = oneshot::channel();
        tokio::task::spawn_local(lead(worker.clone(), fill, plan, handoff));
    }
}

/// The rest of the way.
pub(crate) async fn finish(
    worker: &Rc<Worker>,
    journey: Journey,
    request: &Request,
    body: RequestBody,
    interim: Option<InterimSink>,
) -> Response {
    let Journey { place, way } = journey;
    match way {
        Way::Pass { forward, detail, upgrade } => {
            let pass = Pass { forward, detail, upgrade };
            pass_through(worker, &place, request, pass, body, interim).await
        }
        Way::Fetch(wanted) => fetch_shared(worker, &place, request, *wanted, interim).await,
    }
}

struct Pass {
    forward: Fwd,
    detail: Option<&'static str>,
    upgrade: Option<Vec<u8>>,
}

async fn pass_through(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    pass: Pass,
    body: RequestBody,
    interim: Option<InterimSink>,
) -> Response {
    let outgoing = OriginRequest {
        method: http_method(request),
        target: key::build(place, request, Vec::new()).target.as_bytes().clone(),
        fields: for_origin(worker, place, request, Conditionals::Client, true, pass.upgrade.as_deref()),
        body,
        interim,
    };
    let note = Note { detail: pass.detail, ..Note::forwarded(Outcome::Pass, pass.forward) };
    match timed_fetch(worker, &pool(worker, place), outgoing).await {
        Ok(response) => {
            let status = response.status;
            if status == 101 && pass.upgrade.is_none() {
                return failed(worker, place, note, OriginError::Malformed);
            }
            invalidate::after(worker, place, request, status, &response.fields);
            unshared(place, response, note)
        }
        Err(error) => failed(worker, place, note, error),
    }
}

/// An origin's response for one client alone.
fn unshared(place: &Place, mut response: OriginResponse, note: Note) -> Response {
    let upgrade = response.upgrade.take();
    let fields = end_to_end(&response.fields);
    let fields = if upgrade.is_some() { with_upgrade(&fields, &response.fields) } else { fields };
    let ended = response.body.is_end();
    Response {
        status: response.status,
        head: Head::Fields(Box::new(fields)),
        length: if ended && response.length.is_none() && !bodiless(response.status) {
            Some(0)
        } else {
            response.length
        },
        body: if ended { Body::Empty } else { Body::Origin(Box::new(response.body)) },
        note: Note { forward_status: Some(response.status), ..note },
        place: Some(place.clone()),
        close: false,
        upgrade,
    }
}

fn bodiless(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 304)
}

fn with_upgrade(fields: &Fields, received: &Fields) -> Fields {
    let mut out = Fields::builder();
    out.extend_from(fields, |_, _| true);
    for value in received.all(Known::Upgrade) {
        out.push_known(Known::Upgrade, value);
    }
    out.finish()
}

fn failed(worker: &Worker, place: &Place, note: Note, error: OriginError) -> Response {
    worker.report.borrow().origin_failed(error.as_str());
    let note = Note { detail: Some(error.as_str()), ..note };
    let answer = Response { note, ..Response::local(error.status(), error.as_str()) }.at(place);
    if matches!(error, OriginError::RequestBody(_)) { answer.closing() } else { answer }
}

/// A miss: fetches together with all others that want the same.
async fn fetch_shared(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    wanted: Wanted,
    interim: Option<InterimSink>,
) -> Response {
    let mut variant = known_variant(worker, request, &wanted);
    let mut interim = interim;
    for _ in 0..ROUNDS_MAX {
        let (fill, handoff) = match join(worker, request, &wanted, &variant) {
            Joined::Alone => break,
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
        let note = Note { detail: wanted.detail, ..Note::forwarded(outcome, wanted.forward) };
        match phase {
            Phase::Waiting => break,
            Phase::Head(stored) => {
                if let Some(answer) =
                    from_fill(worker, place, request, &wanted, &fill, stored, note, leads, &mut variant)
                {
                    return answer;
                }
            }
            Phase::Freshened(stored) => {
                if is_live(worker, &wanted, &stored) && fits(request, &stored, leads, &mut variant) {
                    let ttl = stored.terms.freshness_left(worker.now());
                    let outcome = if leads { Outcome::Revalidated } else { Outcome::Collapsed };
                    let note =
                        Note { outcome, forward_status: Some(304), ttl: Some(ttl), stored: true, ..note };
                    return from_stored(place, request, Held::Shared(stored), note);
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

async fn wait_for_head(worker: &Rc<Worker>, place: &Place, fill: &Arc<Fill>, leads: bool) -> Option<Phase> {
    let head = crate::fill::head(worker, fill);
    if leads {
        return Some(head.await);
    }
    // The leader's own time-outs end its fetch; this is for a leader that is stuck behind all of them.
    let server = origin_server(place);
    let most = server.queue_timeout + server.connect_timeout + 2 * server.head_timeout;
    tokio::time::timeout(most, head).await.ok()
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
        OriginError::QueueFull | OriginError::QueueTimeout | OriginError::HeadTimeout => {
            may_serve_on_error(&stale.terms, now) || may_serve_disconnected(&stale.terms, now)
        }
        _ => may_serve_disconnected(&stale.terms, now) || may_serve_on_error(&stale.terms, now),
    });
    // A purge may have come while the origin was being asked.
    match usable.filter(|stale| verdict(worker, wanted, stale) != Verdict::Hard) {
        Some(stale) => {
            worker.report.borrow().origin_failed(error.as_str());
            let mut answer = from_stale(worker, place, request, Held::Shared(stale.clone()), error.as_str());
            answer.note.forward = Some(wanted.forward);
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
fn from_fill(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    wanted: &Wanted,
    fill: &Arc<Fill>,
    stored: Arc<StoredResponse>,
    note: Note,
    leads: bool,
    variant: &mut Vec<u8>,
) -> Option<Response> {
    if !is_live(worker, wanted, &stored) || !fits(request, &stored, leads, variant) {
        return None;
    }
    let note = Note {
        forward_status: Some(stored.status),
        stored: true,
        ttl: Some(stored.terms.freshness_left(worker.now())),
        ..note
    };
    let etag = stored.fields.get(Known::ETag);
    let modified = stored.last_modified;
    match evaluate(request.method, &request.fields, etag, modified, stored.status) {
        Precondition::Proceed => {}
        Precondition::NotModified => return Some(not_modified(place, Held::Shared(stored), note)),
        Precondition::Failed => {
            return Some(Response { note, ..Response::local(412, "precondition-failed") }.at(place));
        }
    }
    let length = fill.announced_length();
    let range = match (stored.status, length) {
        (200, Some(length)) => littoral_http_caching::range::resolve(
            &request.fields,
            etag,
            modified,
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
        head: Head::Stored(Held::Shared(stored), shape),
        body: Body::Fill(FillReader::new(fill.clone(), wanted_bytes)),
        length,
        note,
        place: Some(place.clone()),
        close: false,
        upgrade: None,
    })
}

fn verdict(worker: &Worker, wanted: &Wanted, stored: &StoredResponse) -> Verdict {
    let url = &wanted.key.bytes[wanted.url.clone()];
    worker.shared.fence.judge(&stored.subject, url, stored.effective)
}

fn is_live(worker: &Worker, wanted: &Wanted, stored: &StoredResponse) -> bool {
    verdict(worker, wanted, stored) == Verdict::Live
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
fn join(worker: &Rc<Worker>, request: &Request, wanted: &Wanted, variant: &[u8]) -> Joined {
    let mut key = Vec::with_capacity(wanted.key.bytes.len() + variant.len() + 16);
    key.extend_from_slice(&wanted.key.bytes);
    key.push(0);
    key.push(
        u8::from(request.fields.has(Known::Authorization)) | u8::from(request.fields.has(Known::Cookie)) << 1,
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
    worker.shared.fills.join(
        wanted.key.hash,
        &key,
        worker.now(),
        |fill| fill.is_usable_at(fence, wanted),
        |key| Fill::new(key, position, worker.thread),
    )
}

fn plan(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    wanted: Wanted,
    interim: Option<InterimSink>,
) -> Plan {
    let conditionals = match &wanted.stale {
        Some(stale) if matches!(stale.content, Content::Whole(_)) => {
            let (etag, modified) = littoral_http_caching::conditional_fields(&stale.fields);
            Conditionals::Stored(etag, modified)
        }
        _ => Conditionals::None,
    };
    let outgoing = OriginRequest {
        method: http::Method::GET,
        target: wanted.target.clone(),
        fields: for_origin(worker, place, request, conditionals, wanted.ranged, None),
        body: RequestBody::Empty,
        interim,
    };
    Plan {
        place: place.clone(),
        pool: pool(worker, place),
        outgoing,
        wanted,
        request_fields: request.fields.clone(),
    }
}

fn for_origin(
    worker: &Worker,
    place: &Place,
    request: &Request,
    conditionals: Conditionals<'_>,
    range: bool,
    upgrade: Option<&[u8]>,
) -> Fields {
    let behavior = place.behavior().expect("routed");
    let public_host = key::keyed_host(place, &behavior.key, request);
    let server = origin_server(place);
    let host: Vec<u8> = match &server.host_header {
        // Only HTTP/1.0 leaves it out.
        HostHeader::Canonical if public_host.is_empty() => server.authority.as_bytes().to_vec(),
        HostHeader::Canonical => public_host.to_vec(),
        HostHeader::Origin => server.authority.as_bytes().to_vec(),
        HostHeader::Fixed(name) => name.as_bytes().to_vec(),
    };
    ForOrigin {
        client: &request.fields,
        host: &host,
        public_host,
        scheme: request.scheme,
        client_address: request.client.ip(),
        name: &worker.shared.name,
        version: request.protocol.version(),
        conditionals,
        range,
        upgrade,
    }
    .build()
}

/// Sends the request and notes how long the head took.
pub(crate) async fn timed_fetch(
    worker: &Rc<Worker>,
    pool: &Rc<Pool>,
    outgoing: OriginRequest,
) -> Result<OriginResponse, OriginError> {
    let started = worker.shared.clock.monotonic_nanos();
    let result = fetch(worker, pool, outgoing).await;
    worker.report.borrow().origin_answered(worker.shared.clock.monotonic_nanos() - started);
    result
}

fn origin_server(place: &Place) -> &Arc<OriginServer> {
    &place.site().origins[place.behavior().expect("routed").origin]
}

fn pool(worker: &Rc<Worker>, place: &Place) -> Rc<Pool> {
    worker.pools.pool(&worker.shared.origins, origin_server(place), worker.thread)
}

fn http_method(request: &Request) -> http::Method {
    http::Method::from_bytes(&request.method_text).unwrap_or(http::Method::GET)
}
