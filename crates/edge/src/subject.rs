//! A request, and an answer, as the rules of a site look at them.
//!
//! There are two views of a request. What chooses a behavior, a redirect or a field for the client sees what the
//! client sent. What decides what the origin gets to see is shown the canonical host and the query that the key
//! keeps: whatever it makes of them is the same for all who share the key.

use crate::key;
use crate::note::Note;
use crate::request::Request;
use crate::respond::Place;
use crate::target::Target;
use littoral_http_caching::Fields;
use littoral_rules::{Headers, ResponseScope, Scope, Subject};

impl Headers for Request {
    fn any(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.fields.named(name).any(visit)
    }
}

/// The fields of an answer.
pub(crate) struct AnswerFields<'a>(pub(crate) &'a Fields);

impl Headers for AnswerFields<'_> {
    fn any(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.0.named(name).any(visit)
    }
}

/// The request as its client sent it.
#[inline]
pub(crate) fn subject(request: &Request) -> Subject<'_> {
    Subject {
        host: &request.host,
        path: request.target.path(),
        query: request.target.query(),
        method: &request.method_text,
        scheme: request.scheme.as_bytes(),
        protocol: request.protocol.version().as_bytes(),
        client: request.client.ip().to_canonical(),
        country: None,
        headers: request,
    }
}

/// The request as its key holds it; `target` is the key's.
pub(crate) fn keyed_subject<'a>(place: &'a Place, request: &'a Request, target: &'a Target) -> Subject<'a> {
    let behavior = place.behavior().expect("routed");
    Subject {
        host: key::keyed_host(place, &behavior.key, request),
        path: target.path(),
        query: target.query(),
        ..subject(request)
    }
}

/// What templates may name beside the request.
pub(crate) fn scope<'a>(place: &'a Place, node: &'a str, subject: Subject<'a>, id: &'a [u8]) -> Scope<'a> {
    Scope {
        node: node.as_bytes(),
        site: place.site().name.as_bytes(),
        behavior: place.behavior().map_or(&b""[..], |behavior| behavior.name.as_bytes()),
        request_id: id,
        ..Scope::new(subject)
    }
}

/// What templates for answers may name of the answer.
pub(crate) fn response_scope<'a>(
    status: u16,
    note: &Note,
    fields: &'a AnswerFields<'a>,
) -> ResponseScope<'a> {
    ResponseScope { status, cache: note.outcome.as_str().as_bytes(), headers: fields }
}
