//! The request path behind the protocols: route, look into the cache, answer. `begin` is what can be done without
//! waiting, which for a hit is all of it; `finish` is the rest, which `pass` and `shared` do.

use crate::access;
use crate::answer::{from_stale, from_stored};
use crate::error_page;
use crate::fill::{Joined, lead};
use crate::key::{self, KeyText};
use crate::lookup::{self, Found};
use crate::memory;
use crate::note::Note;
use crate::origin::RequestBody;
use crate::origin::fetch::InterimSink;
use crate::pass::{Pass, pass_through};
use crate::redirect;
use crate::request::Request;
use crate::respond::{Held, Place, Response};
use crate::rewrite;
use crate::route;
use crate::shared::{fetch_shared, join, plan};
use crate::target::TargetMistake;
use crate::transform::compress;
use crate::worker::Worker;
use bytes::Bytes;
use littoral_cache::{Content, Key, KeyRef, StoredResponse};
use littoral_http_caching::{
    Fwd, Known, Method, may_serve_disconnected, may_serve_on_error, requested_range,
};
use littoral_ledger::SiteKey;
use littoral_policy::{CacheMode, RangeForward};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

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
    /// The limit for the request's body, announced or not.
    pub(crate) fn body_bytes_max(&self) -> u64 {
        self.place.behavior().expect("routed").request_body_bytes_max
    }

    /// Whether nobody but this client has anything of it.
    pub(crate) fn is_for_client_alone(&self) -> bool {
        matches!(self.way, Way::Pass { .. })
    }

    /// Lets go of the connection's buffer.
    pub(crate) fn detach(&mut self) {
        if let Way::Fetch(wanted) = &mut self.way {
            wanted.target = Bytes::copy_from_slice(&wanted.target);
        }
    }
}

/// Where a request goes from its place.
pub(crate) enum Course {
    /// To the origin and back, without the cache: why, and what it offers to upgrade to.
    Pass(Fwd, Option<&'static str>, Option<Vec<u8>>),
    /// To the cache.
    Cache,
}

/// What can be done at once.
pub(crate) fn begin(worker: &Rc<Worker>, request: &Request) -> Begun {
    if request.target.is_asterisk() {
        return Begun::Ready(server_options());
    }
    let node = &worker.shared.name;
    let place = match route::route(worker.policy(), node, request) {
        Ok(place) => place,
        Err(turned) => {
            if turned.refused {
                worker.report.borrow().refused(turned.answer.note.detail.unwrap_or("refused"));
            }
            return Begun::Ready(dressed(request, *turned.answer));
        }
    };
    if let Some(answer) = access::admit(worker, &place, request) {
        return Begun::Ready(dressed(request, answer));
    }
    if let Some(answer) = redirect::redirect(&place, node, request) {
        return Begun::Ready(answer);
    }
    let begun = match course(&place, request) {
        Course::Pass(forward, detail, upgrade) => {
            Begun::Journey(Journey { place, way: Way::Pass { forward, detail, upgrade } })
        }
        Course::Cache => from_cache(worker, &place, request),
    };
    match begun {
        Begun::Journey(journey) if worker.shared.memory.is_short() => {
            Begun::Ready(dressed(request, without_origin(worker, request, journey)))
        }
        Begun::Journey(journey) => Begun::Journey(journey),
        Begun::Ready(answer) => Begun::Ready(dressed(request, answer)),
    }
}

/// The answer while there is no memory for a fetch: what is stored, where it may stand in for an origin that cannot
/// be reached, else 503.
fn without_origin(worker: &Rc<Worker>, request: &Request, journey: Journey) -> Response {
    const REASON: &str = "memory-short";
    worker.report.borrow().refused(REASON);
    let Journey { place, way } = journey;
    if let Way::Fetch(wanted) = way
        && let Some(stale) = wanted.stale
        && (may_serve_disconnected(&stale.terms, worker.now())
            || may_serve_on_error(&stale.terms, worker.now()))
    {
        return from_stale(worker, &place, request, Held::Shared(stale), REASON);
    }
    Response::local(503, REASON).with_field(Known::RetryAfter, memory::RETRY_AFTER).at(&place).closing()
}

/// The answer as its site shows it.
fn dressed(request: &Request, answer: Response) -> Response {
    if answer.status < 400 {
        return answer;
    }
    match answer.place.clone() {
        Some(place) => error_page::dress(&place, request, answer),
        None => answer,
    }
}

/// Whether a request concerns the cache, and if not, why.
pub(crate) fn course(place: &Place, request: &Request) -> Course {
    let behavior = place.behavior().expect("routed");
    if let Some(tokens) = route::allowed_upgrade(request, behavior) {
        return Course::Pass(Fwd::Bypass, Some("upgrade"), Some(tokens));
    }
    if !matches!(request.method, Method::Get | Method::Head) {
        return Course::Pass(Fwd::Method, None, None);
    }
    if behavior.cache == CacheMode::Bypass {
        return Course::Pass(Fwd::Bypass, None, None);
    }
    if request.has_body {
        return Course::Pass(Fwd::Bypass, Some("request-body"), None);
    }
    if key::bypasses(place, request) {
        return Course::Pass(Fwd::Bypass, Some("bypass-condition"), None);
    }
    Course::Cache
}

fn from_cache(worker: &Rc<Worker>, place: &Place, request: &Request) -> Begun {
    let key = key::build(place, request, worker.buffers.key.take());
    let key_ref = KeyRef::new(&key.bytes);
    let hash = key_ref.hash;
    let found = lookup::look(worker, place, request, key_ref);
    let directives = lookup::directives(place, request);
    let begun = match found {
        Found::Fresh(held) => {
            let note = Note::hit(held.terms.freshness_left(worker.now()));
            Begun::Ready(from_stored(worker, place, request, held, note))
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
            journey(worker, place, request, &key, hash, Some(held.to_shared()), forward, Some(detail))
        }
        Found::Nothing(forward, detail) => journey(worker, place, request, &key, hash, None, forward, detail),
    };
    worker.buffers.key.set(key.bytes);
    begun
}

#[expect(clippy::too_many_arguments, reason = "the facts of one decision, all of different kinds")]
fn journey(
    worker: &Worker,
    place: &Place,
    request: &Request,
    key: &KeyText,
    hash: u64,
    stale: Option<Arc<StoredResponse>>,
    forward: Fwd,
    detail: Option<&'static str>,
) -> Begun {
    let way = if request.method == Method::Head {
        Way::Pass { forward, detail, upgrade: None }
    } else {
        match wanted(worker, place, request, key, hash, stale, forward, detail) {
            Ok(wanted) => Way::Fetch(Box::new(wanted)),
            Err(mistake) => return Begun::Ready(rewrite::unusable(mistake).at(place)),
        }
    };
    Begun::Journey(Journey { place: place.clone(), way })
}

#[expect(clippy::too_many_arguments, reason = "the facts of one decision, all of different kinds")]
fn wanted(
    worker: &Worker,
    place: &Place,
    request: &Request,
    key: &KeyText,
    hash: u64,
    stale: Option<Arc<StoredResponse>>,
    forward: Fwd,
    detail: Option<&'static str>,
) -> Result<Wanted, TargetMistake> {
    let behavior = place.behavior().expect("routed");
    let target = rewrite::origin_target(place, &worker.shared.name, request, &key.target)?;
    let ranged = behavior.ranges == RangeForward::Forward
        && requested_range(&request.fields).is_some()
        && !stale.as_ref().is_some_and(|stale| matches!(stale.content, Content::Whole(_)));
    Ok(Wanted {
        key: Key { hash, bytes: key.bytes.as_slice().into() },
        site: SiteKey(place.site().key),
        url: key.url.clone(),
        target: target.as_bytes().clone(),
        stale,
        forward,
        detail,
        ranged,
    })
}

/// `OPTIONS *` asks about the server, not about a site.
fn server_options() -> Response {
    Response::local(204, "server-options")
        .with_field(Known::Allow, b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
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
    if !matches!(held.content, Content::Whole(_)) || worker.shared.memory.is_short() {
        return;
    }
    let Ok(wanted) = wanted(worker, place, request, key, hash, Some(held.to_shared()), Fwd::Stale, None)
    else {
        return;
    };
    if let Joined::Lead(fill) = join(worker, place, request, &wanted, &[]) {
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
    let answer = match way {
        Way::Pass { forward, detail, upgrade } => {
            let pass = Pass { forward, detail, upgrade };
            pass_through(worker, &place, request, pass, body, interim).await
        }
        Way::Fetch(wanted) => fetch_shared(worker, &place, request, *wanted, interim).await,
    };
    let answer = dressed(request, answer);
    compress::for_one(worker, request, answer).await
}
