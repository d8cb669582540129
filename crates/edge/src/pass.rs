//! Past the cache: one request to the origin and its answer back, both streamed. Also what every fetch needs: the
//! fields that the origin gets, its pool, and the answer when it fails.

use crate::note::{Note, Outcome};
use crate::origin::fetch::InterimSink;
use crate::origin::fields::{Conditionals, ForOrigin};
use crate::origin::pool::Pool;
use crate::origin::{OriginError, OriginRequest, OriginResponse, RequestBody, fetch};
use crate::request::Request;
use crate::respond::{Body, Head, Place, Response};
use crate::worker::Worker;
use crate::{invalidate, key, rewrite};
use littoral_http_caching::{Fields, Fwd, Known, Times, hop_by_hop::end_to_end};
use littoral_policy::{HostHeader, OriginServer};
use std::rc::Rc;
use std::sync::Arc;

/// Why and how a request goes past the cache.
pub(crate) struct Pass {
    pub(crate) forward: Fwd,
    pub(crate) detail: Option<&'static str>,
    pub(crate) upgrade: Option<Vec<u8>>,
}

/// Sends the request on and makes an answer of what comes back.
pub(crate) async fn pass_through(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    pass: Pass,
    body: RequestBody,
    interim: Option<InterimSink>,
) -> Response {
    let keyed = key::build(place, request, Vec::new()).target;
    let target = match rewrite::origin_target(place, &worker.shared.name, request, &keyed) {
        Ok(target) => target,
        Err(mistake) => return rewrite::unusable(mistake).at(place),
    };
    let outgoing = OriginRequest {
        method: http_method(request),
        target: target.as_bytes().clone(),
        fields: for_origin(worker, place, request, Conditionals::Client, true, pass.upgrade.as_deref()),
        body,
        interim,
    };
    let note = Note { detail: pass.detail, ..Note::forwarded(Outcome::Pass, pass.forward) };
    let requested = worker.now();
    match timed_fetch(worker, &pool(worker, place), outgoing).await {
        Ok(response) => {
            let times = Times { requested, received: worker.now() };
            invalidate::after(worker, place, request, response.status, &response.fields, times);
            unshared(place, response, note)
        }
        Err(error) => failed(worker, place, note, error),
    }
}

/// An origin's response for one client alone.
pub(crate) fn unshared(place: &Place, mut response: OriginResponse, note: Note) -> Response {
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
        // A tunnel goes on as its origin's connection, and counts as one until it ends.
        body: if ended && upgrade.is_none() { Body::Empty } else { Body::Origin(Box::new(response.body)) },
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

/// The answer when nothing came back.
pub(crate) fn failed(worker: &Worker, place: &Place, note: Note, error: OriginError) -> Response {
    worker.report.borrow().origin_failed(error.as_str());
    let note = Note { detail: Some(error.as_str()), ..note };
    let answer = Response { note, ..Response::local(error.status(), error.as_str()) }.at(place);
    if matches!(error, OriginError::RequestBody(_)) { answer.closing() } else { answer }
}

/// The fields for the origin.
pub(crate) fn for_origin(
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
        // What a fetch for the cache carries is part of the key.
        cookies: (!behavior.key.cookies.is_empty() && !matches!(conditionals, Conditionals::Client))
            .then_some(&behavior.key.cookies),
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

pub(crate) fn origin_server(place: &Place) -> &Arc<OriginServer> {
    let site = place.site();
    site.origin_of(&site.group_of(place.behavior().expect("routed")).members[0])
}

pub(crate) fn pool(worker: &Rc<Worker>, place: &Place) -> Rc<Pool> {
    worker.pools.pool(&worker.shared.origins, origin_server(place), worker.thread)
}

fn http_method(request: &Request) -> http::Method {
    http::Method::from_bytes(&request.method_text).unwrap_or(http::Method::GET)
}
