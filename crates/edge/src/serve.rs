//! The request path behind the protocols: route, look into the cache, answer. `begin` is what can be done without
//! waiting, which for a hit is all of it; `finish` is the rest, which `pass` and `shared` do.

use crate::access;
use crate::answer::{from_stale, from_stored};
use crate::error_page;
use crate::fill::{Joined, lead};
use crate::journey::{Journey, Miss, Way};
use crate::key;
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
use crate::transform::compress;
use crate::worker::Worker;
use littoral_cache::{Content, KeyRef, StoredResponse};
use littoral_http_caching::{Fwd, Known, Method, may_serve_disconnected, may_serve_on_error};
use littoral_policy::CacheMode;
use std::rc::Rc;
use tokio::sync::oneshot;

/// How far a request came without waiting.
pub(crate) enum Begun {
    Ready(Response),
    Journey(Journey),
}

/// Where a request goes from its place.
pub(crate) enum Course {
    /// To the origin and back, without the cache: why, and what it offers to upgrade to.
    Pass(Fwd, Option<&'static str>, Option<Vec<u8>>),
    /// To the cache.
    Cache,
}

/// What can be done at once. Answers that are made here leave as they are, a site's pages too: a refusal must cost next to
/// nothing, so they are not encoded.
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
        && may_stand_in(&stale, worker.now())
    {
        return from_stale(worker, &place, request, Held::Shared(stale), REASON);
    }
    Response::local(503, REASON).with_field(Known::RetryAfter, memory::RETRY_AFTER).at(&place).closing()
}

/// Whether a stale response may be used where its origin cannot be reached.
pub(crate) fn may_stand_in(stale: &StoredResponse, now: i64) -> bool {
    may_serve_disconnected(&stale.terms, now) || may_serve_on_error(&stale.terms, now)
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
            if matches!(held.content, Content::Whole(_)) && !worker.shared.memory.is_short() {
                let stale = Some(held.to_shared());
                let miss = Miss { key: &key, hash, stale, forward: Fwd::Stale, detail: None };
                revalidate_behind(worker, place, request, miss);
            }
            Begun::Ready(from_stale(worker, place, request, held, "stale-while-revalidate"))
        }
        Found::Validate(..) | Found::Nothing(..)
            if directives.is_some_and(|directives| directives.only_if_cached) =>
        {
            Begun::Ready(Response::local(504, "only-if-cached").at(place))
        }
        Found::Validate(held, forward, detail) => {
            let stale = Some(held.to_shared());
            set_out(worker, place, request, Miss { key: &key, hash, stale, forward, detail: Some(detail) })
        }
        Found::Nothing(forward, detail) => {
            set_out(worker, place, request, Miss { key: &key, hash, stale: None, forward, detail })
        }
    };
    worker.buffers.key.set(key.bytes);
    begun
}

fn set_out(worker: &Worker, place: &Place, request: &Request, miss: Miss<'_>) -> Begun {
    match miss.way(worker, place, request) {
        Ok(way) => Begun::Journey(Journey { place: place.clone(), way }),
        Err(mistake) => Begun::Ready(rewrite::unusable(mistake).at(place)),
    }
}

/// `OPTIONS *` asks about the server, not about a site.
fn server_options() -> Response {
    Response::local(204, "server-options")
        .with_field(Known::Allow, b"GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")
}

/// Validates a stale response that has just been served, unless somebody is at it.
fn revalidate_behind(worker: &Rc<Worker>, place: &Place, request: &Request, miss: Miss<'_>) {
    let Ok(wanted) = miss.wanted(worker, place, request) else { return };
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
