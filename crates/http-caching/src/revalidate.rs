//! The conditions under which a stored response is asked for again (RFC 9111 §4.3.1).

use crate::entity_tag;
use crate::fields::Fields;
use crate::known::Known;
use crate::storing;

/// Values for `If-None-Match` and `If-Modified-Since` that validate a stored response with these fields, exactly as the
/// origin wrote them: an origin that forgets quotation marks expects its own text back. Both `None`: it cannot be
/// validated.
pub fn conditional_fields(stored: &Fields) -> (Option<&[u8]>, Option<&[u8]>) {
    let tag = entity_tag::of(stored).and_then(|_| stored.get(Known::ETag));
    let modified = storing::last_modified(stored).and_then(|_| stored.get(Known::LastModified));
    (tag, modified)
}
