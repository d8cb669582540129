//! Past the cache: one request to the origin and its answer back, both streamed. Also what every fetch needs: the
//! fields that the origin gets, and the answer when it fails.

use crate::field_rules::Changes;
use crate::note::{Note, Outcome};
use crate::origin::fetch::InterimSink;
use crate::origin::fields::{Conditionals, ForOrigin};
use crate::origin::finish::speaks_to_s3;
use crate::origin::group::{hash_of, is_s3_alone};
use crate::origin::{Fetched, OriginError, OriginResponse, Outgoing, RequestBody, fetch_from_group};
use crate::request::Request;
use crate::respond::{Body, Head, Place, Response};
use crate::subject::{keyed_subject, scope};
use crate::transform::compress;
use crate::worker::Worker;
use crate::{invalidate, key, rewrite};
use littoral_http_caching::{Fields, Fwd, Known, Times, hop_by_hop::end_to_end};
use std::rc::Rc;

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
    let key = key::build(place, request, Vec::new());
    let target = match rewrite::origin_target(place, &worker.shared.name, request, &key.target) {
        Ok(target) => target,
        Err(mistake) => return rewrite::unusable(mistake).at(place),
    };
    let outgoing = Outgoing {
        method: http_method(request),
        target: target.as_bytes().clone(),
        hash: hash_of(place, request, &key.bytes[key.url]),
        fields: for_origin(worker, place, request, Conditionals::Client, true, pass.upgrade.as_deref()),
        body,
        interim,
    };
    let note = Note { detail: pass.detail, ..Note::forwarded(Outcome::Pass, pass.forward) };
    let requested = worker.now();
    let Fetched { asked, result } = fetch_from_group(worker, place, outgoing).await;
    let note = Note { asked, ..note };
    match result {
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
    // A 426 says what to upgrade to.
    let fields = if upgrade.is_some() || response.status == 426 {
        with_upgrade(&fields, &response.fields)
    } else {
        fields
    };
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

/// The same, of an answer whose body failed before its head was sent.
pub(crate) fn failed_at(worker: &Worker, answer: Response, error: OriginError) -> Response {
    match &answer.place {
        Some(place) => failed(worker, place, answer.note, error),
        None => answer,
    }
}

/// The fields for the origin, but for what is one origin server's own.
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
    let fields = ForOrigin {
        client: &compress::for_origin(place, &request.fields),
        host: public_host,
        public_host,
        scheme: request.scheme,
        client_address: request.client.ip(),
        hops: &request.hops,
        request_id: request.id.as_bytes(),
        method: &request.method_text,
        name: &worker.shared.name,
        version: request.protocol.version(),
        // What a fetch for the cache carries is part of the key.
        cookies: (!behavior.key.cookies.is_empty() && !matches!(conditionals, Conditionals::Client))
            .then_some(&behavior.key.cookies),
        conditionals,
        range,
        keyed: &behavior.key.headers,
        upgrade,
    }
    .build();
    let fields = with_rules(worker, place, request, fields);
    if is_s3_alone(place) { without_s3_fields(fields) } else { fields }
}

/// As the behavior's rules for requests change them.
fn with_rules(worker: &Worker, place: &Place, request: &Request, fields: Fields) -> Fields {
    let behavior = place.behavior().expect("routed");
    let rules = &behavior.request_fields;
    if rules.is_empty() {
        return fields;
    }
    let id = request.id.as_bytes();
    let target = key::keyed_target(&behavior.key, &request.target);
    let scope = scope(place, &worker.shared.name, keyed_subject(place, request, &target), id);
    let changes = Changes::of(rules, &scope, |name| fields.named(name).next().is_some());
    let mut out = Fields::builder();
    out.extend_from(&fields, |_, name| changes.keep_as_read(name));
    for (name, value) in changes.lines() {
        out.push(name, value);
    }
    out.finish()
}

/// S3 gets none of the client's credentials, so what it answers does not depend on them.
fn without_s3_fields(fields: Fields) -> Fields {
    if !fields.iter().any(|line| speaks_to_s3(line.known, line.name)) {
        return fields;
    }
    let mut out = Fields::builder();
    out.extend_from(&fields, |known, name| !speaks_to_s3(known, name));
    out.finish()
}

fn http_method(request: &Request) -> http::Method {
    http::Method::from_bytes(&request.method_text).unwrap_or(http::Method::GET)
}
