//! What a stored response may vary by. Variants are told apart by what clients sent; a field that the edge writes
//! anew for each request cannot tell them apart, so a response that varies by one is for its request alone.

use crate::respond::Place;
use littoral_http_caching::{Fields, NotStored, Vary};
use littoral_policy::{FieldChange, FieldRule};

/// What the edge says of each request, whatever the client said. Scheme and host, which it also says, are part of
/// the key.
const OURS: [&[u8]; 3] = [b"forwarded", b"x-forwarded-for", b"x-request-id"];

/// What a response with these fields varies by.
///
/// # Errors
/// It varies by something that does not tell its variants apart.
pub(crate) fn followed(place: &Place, fields: &Fields) -> Result<Vary, NotStored> {
    let vary = Vary::of(fields).map_err(|_| NotStored::VaryStar)?;
    let rules = &place.behavior().expect("routed").request_fields;
    let is_ours = |name: &[u8]| OURS.contains(&name) || rules.iter().any(|rule| writes_anew(rule, name));
    if vary.iter().any(is_ours) { Err(NotStored::VaryStar) } else { Ok(vary) }
}

/// Whether the rule gives the field of that name a value that no key holds: all others are in the key, or the same for
/// all.
fn writes_anew(rule: &FieldRule, name: &[u8]) -> bool {
    let (FieldChange::Set(template) | FieldChange::Add(template) | FieldChange::Default(template)) =
        &rule.change
    else {
        return false;
    };
    rule.name.as_bytes() == name && (template.reads().client || template.as_str().contains("request.id"))
}
