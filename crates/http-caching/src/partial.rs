//! Partial responses: which can be stored, which belong together, and what they make together (RFC 9111 §3.3, §3.4).
//!
//! Bytes of two responses are joined only if both carry the same strong validator. Deliberately not here: the bytes.

use crate::date;
use crate::entity_tag;
use crate::fields::Fields;
use crate::known::Known;
use crate::range::{self, ContentRange};
use crate::storing;

/// The range that a 206 holds, if it is a single one that can be stored: one `Content-Range` of bytes, not a multipart
/// message, and a `Content-Length` (where there is one) that agrees.
pub fn content_range(response: &Fields) -> Option<ContentRange> {
    let multipart = response.get(Known::ContentType).is_some_and(|kind| {
        kind.get(..20).is_some_and(|start| start.eq_ignore_ascii_case(b"multipart/byteranges"))
    });
    if multipart {
        return None;
    }
    let found = range::parse_content_range(response.single(Known::ContentRange)?)?;
    let length = found.last - found.first + 1;
    match response.get(Known::ContentLength) {
        Some(value) => (range::exact(value) == Some(length)).then_some(found),
        None => Some(found),
    }
}

/// Whether two responses of one resource are of the same representation byte for byte: the same strong entity tag or,
/// where neither has a tag, the same strong modification date.
pub fn combinable(stored: &Fields, new: &Fields) -> bool {
    match (entity_tag::of(stored), entity_tag::of(new)) {
        (Some(a), Some(b)) => a.is_strong() && a.strong_eq(&b),
        (None, None) => match (strong_modified(stored), strong_modified(new)) {
            (Some(a), Some(b)) => a == b && same_coding(stored, new),
            _ => false,
        },
        _ => false,
    }
}

/// The validator to send in `If-Range` when the missing part of a stored partial response is fetched: its strong entity
/// tag or strong modification date. `None`: it cannot be completed.
pub fn if_range(stored: &Fields) -> Option<&[u8]> {
    match entity_tag::of(stored) {
        Some(tag) if tag.is_strong() => stored.get(Known::ETag),
        Some(_) => None,
        None => strong_modified(stored).and_then(|_| stored.get(Known::LastModified)),
    }
}

/// The fields of what two combinable responses make: the new one's replace the stored one's of the same name
/// (RFC 9111 §3.4); `Content-Range` and `Content-Length` are left out, since they follow from what is held.
pub fn combine_fields(stored: &Fields, new: &Fields) -> Fields {
    let describes_part = |known| matches!(known, Known::ContentRange | Known::ContentLength);
    let mut builder = Fields::builder();
    builder.reserve(stored.text_bytes() + new.text_bytes());
    builder.extend_from(stored, |known, name| !describes_part(known) && new.named(name).next().is_none());
    builder.extend_from(new, |known, _| !describes_part(known));
    builder.finish()
}

fn strong_modified(fields: &Fields) -> Option<date::Seconds> {
    let modified = storing::last_modified(fields)?;
    let date = fields.single(Known::Date).and_then(date::parse)?;
    range::is_strong_date(modified, date).then_some(modified)
}

/// A date does not tell codings of one resource apart; a tag does.
fn same_coding(a: &Fields, b: &Fields) -> bool {
    a.get(Known::ContentEncoding) == b.get(Known::ContentEncoding)
}
