//! Rewrites: the path that the origin is asked for in place of the client's. What is stored stays under the client's
//! own URL, so that a purge names what people see and two URLs never share an answer by accident.

use crate::origin::group::has_s3;
use crate::request::Request;
use crate::respond::{Place, Response};
use crate::subject::{keyed_subject, scope};
use crate::target::{Target, TargetMistake, push_encoded};

/// What the origin is asked for; `keyed` is the target that the key holds.
///
/// # Errors
/// What a rewrite makes of this request is no target, or none for an origin of its group.
pub(crate) fn origin_target(
    place: &Place,
    node: &str,
    request: &Request,
    keyed: &Target,
) -> Result<Target, TargetMistake> {
    let target = rewritten(place, node, request, keyed)?;
    let has_encoded_slash = target.path().windows(3).any(|escape| escape.eq_ignore_ascii_case(b"%2f"));
    if has_encoded_slash && has_s3(place) { Err(TargetMistake::EncodedSlash) } else { Ok(target) }
}

fn rewritten(place: &Place, node: &str, request: &Request, keyed: &Target) -> Result<Target, TargetMistake> {
    let behavior = place.behavior().expect("routed");
    for rule in &behavior.rewrites {
        let subject = keyed_subject(place, request, keyed);
        if rule.when.as_ref().is_some_and(|when| !when.matches(&subject)) {
            continue;
        }
        let mut out = Vec::new();
        if rule.rewrite.apply(&scope(place, node, subject, b""), &mut out) {
            if out.first() != Some(&b'/') {
                out.insert(0, b'/');
            }
            if !out.contains(&b'?')
                && let Some(query) = keyed.query()
            {
                out.push(b'?');
                out.extend_from_slice(query);
            }
            return Target::normalize(escaped(&out).into());
        }
    }
    Ok(keyed.clone())
}

/// The answer to a request that there is no target for: a rewrite's is the site's mistake, not the client's.
pub(crate) fn unusable(mistake: TargetMistake) -> Response {
    match mistake {
        TargetMistake::EncodedSlash => Response::local(400, mistake.as_str()),
        TargetMistake::BrokenEscape | TargetMistake::EncodedNul => Response::local(500, "rewrite-unusable"),
    }
}

/// What no target holds bare is encoded; the rest is for [`Target::normalize`].
fn escaped(rendered: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(rendered.len());
    for &byte in rendered {
        if byte.is_ascii_graphic() && byte != b'#' {
            out.push(byte);
        } else {
            push_encoded(byte, &mut out);
        }
    }
    out
}
