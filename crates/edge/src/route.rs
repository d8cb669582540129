//! From a request to the site and behavior that answer for it, and the refusals that need nothing more than that.

use crate::current::Snapshot;
use crate::request::Request;
use crate::respond::{Place, Response};
use crate::subject::subject;
use littoral_http_caching::{Known, Method};
use littoral_policy::Behavior;
use std::rc::Rc;

/// A request may pass this cache so many times before it counts as a loop (RFC 8586).
const LOOPS_MAX: usize = 3;

/// The answer of a request that has no place, or is refused at it.
pub(crate) struct Turned {
    pub(crate) answer: Box<Response>,
    /// It was a refusal, and counts as one.
    pub(crate) refused: bool,
}

/// Finds the place of a request under `policy` on the node called `node`, or the answer that it gets instead.
pub(crate) fn route(policy: Rc<Snapshot>, node: &str, request: &Request) -> Result<Place, Turned> {
    let turned = |answer, refused| Turned { answer: Box::new(answer), refused };
    let Some(site) = policy.site_position(&request.host) else {
        return Err(turned(Response::local(404, "no-site"), false));
    };
    let place = Place::new(policy, site);
    let Some(behavior) = place.site().behavior_position(&subject(request)) else {
        return Err(turned(Response::local(404, "no-behavior").at(&place), false));
    };
    let place = place.with_behavior(behavior);
    match refusal(node, request, &place) {
        Some(refused) => Err(turned(refused.at(&place), true)),
        None => Ok(place),
    }
}

fn refusal(node: &str, request: &Request, place: &Place) -> Option<Response> {
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
    let passed = request.fields.list(Known::CdnLoop).filter(|member| {
        let id = member.split(|&b| b == b';').next().unwrap_or(member);
        id.trim_ascii().eq_ignore_ascii_case(node.as_bytes())
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
