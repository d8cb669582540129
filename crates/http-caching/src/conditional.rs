//! Conditional requests against a representation at hand (RFC 9110 §13, RFC 9111 §4.3.2).
//!
//! Deliberately not here: ranges and `If-Range`, which come after (see `range`), and the conditions that we send
//! ourselves (see `revalidate`).

use crate::date::{self, Seconds};
use crate::entity_tag::{self, EntityTag};
use crate::fields::Fields;
use crate::known::Known;
use crate::method::Method;

/// What a request's conditions come to.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Precondition {
    /// Answer as if there were none.
    Proceed,
    /// Answer 304.
    NotModified,
    /// Answer 412.
    Failed,
}

/// Evaluates the conditions of `request` in the order of RFC 9110 §13.2.2 against a representation with this entity
/// tag (as received), modification date and status. Conditions count only where the answer would be 2xx or 412. A cache
/// may also leave `If-Match` and `If-Unmodified-Since` to the origin, by forwarding what comes out as
/// [`Precondition::Failed`] (RFC 9110 §13.1.1).
///
/// For a stored response without `Last-Modified`, pass [`Terms::date`](crate::Terms::date) (RFC 9111 §4.3.2).
pub fn evaluate(
    method: Method,
    request: &Fields,
    etag: Option<&[u8]>,
    last_modified: Option<Seconds>,
    status: u16,
) -> Precondition {
    if !((200..300).contains(&status) || status == 412) {
        return Precondition::Proceed;
    }
    let tag = etag.and_then(EntityTag::read);
    if request.has(Known::IfMatch) {
        if !entity_tag::any(request, Known::IfMatch, tag, |a, b| a.strong_eq(b)) {
            return Precondition::Failed;
        }
    } else if let (Some(limit), Some(modified)) = (date_in(request, Known::IfUnmodifiedSince), last_modified)
        && modified > limit
    {
        return Precondition::Failed;
    }
    let safe = matches!(method, Method::Get | Method::Head);
    if request.has(Known::IfNoneMatch) {
        if !entity_tag::any(request, Known::IfNoneMatch, tag, |a, b| a.weak_eq(b)) {
            return Precondition::Proceed;
        }
        return if safe { Precondition::NotModified } else { Precondition::Failed };
    }
    match (date_in(request, Known::IfModifiedSince), last_modified) {
        (Some(since), Some(modified)) if safe && modified <= since => Precondition::NotModified,
        _ => Precondition::Proceed,
    }
}

/// A condition's date; an invalid or repeated one does not count (RFC 9110 §13.1.3).
fn date_in(request: &Fields, field: Known) -> Option<Seconds> {
    request.single(field).and_then(date::parse)
}
