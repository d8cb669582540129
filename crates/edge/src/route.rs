//! From a request to the site and behavior that answer for it, and the refusals that need nothing more than that.

use crate::request::Request;
use crate::respond::{Place, Response};
use crate::worker::Worker;
use littoral_http_caching::{Known, Method};
use littoral_policy::Behavior;
use littoral_rules::Subject;

/// A request may pass this cache so many times before it counts as a loop (RFC 8586).
const LOOPS_MAX: usize = 3;

/// Finds the place of a request, or the answer that it gets instead.
pub(crate) fn route(worker: &Worker, request: &Request) -> Result<Place, Box<Response>> {
    let policy = worker.policy();
    let Some(site) = policy.site_position(&request.host) else {
        return Err(Box::new(Response::local(404, "no-site")));
    };
    let place = Place::new(policy, site);
    let subject = Subject::new(&request.host, request.target.path(), &request.method_text);
    let Some(behavior) = place.site().behavior_position(&subject) else {
        return Err(Box::new(Response::local(404, "no-behavior").at(&place)));
    };
    let place = place.with_behavior(behavior);
    match refusal(worker, request, &place) {
        Some(refused) => {
            worker.report.borrow().refused(refused.note.detail.unwrap_or("refused"));
            Err(Box::new(refused.at(&place)))
        }
        None => Ok(place),
    }
}

fn refusal(worker: &Worker, request: &Request, place: &Place) -> Option<Response> {
    let behavior = place.behavior().expect("routed");
    if !behavior.methods.allows(&request.method_text) {
        let allow = behavior.methods.names().collect::<Vec<_>>().join(", ");
        return Some(Response::local(405, "method-not-allowed").with_field(Known::Allow, allow.as_bytes()));
    }
    // RFC 9110 §7.6.2: the last recipient answers.
    if request.method_text == "OPTIONS" && request.fields.single(Known::MaxForwards) == Some(b"0") {
        let allow = behavior.methods.names().collect::<Vec<_>>().join(", ");
        return Some(Response::local(204, "max-forwards").with_field(Known::Allow, allow.as_bytes()));
    }
    if request.body_length.is_some_and(|length| length > behavior.request_body_bytes_max) {
        return Some(Response::local(413, "request-body-too-large").closing());
    }
    let name = worker.shared.name.as_bytes();
    let passed = request.fields.list(Known::CdnLoop).filter(|member| {
        let id = member.split(|&b| b == b';').next().unwrap_or(member);
        id.trim_ascii().eq_ignore_ascii_case(name)
    });
    (passed.count() >= LOOPS_MAX).then(|| Response::local(508, "loop"))
}

/// The tokens of the client's `Upgrade` that the behavior lets through; `None` when there are none.
pub(crate) fn allowed_upgrade(request: &Request, behavior: &Behavior) -> Option<Vec<u8>> {
    if request.method != Method::Get || request.has_body {
        return None;
    }
    let offered = request.upgrade.as_deref()?;
    let mut tokens = Vec::new();
    for token in offered.split(|&b| b == b',').map(<[u8]>::trim_ascii) {
        let protocol = token.split(|&b| b == b'/').next().unwrap_or(token);
        if behavior.upgrade_tokens.iter().any(|allowed| protocol.eq_ignore_ascii_case(allowed.as_bytes())) {
            if !tokens.is_empty() {
                tokens.extend_from_slice(b", ");
            }
            tokens.extend_from_slice(token);
        }
    }
    (!tokens.is_empty()).then_some(tokens)
}
