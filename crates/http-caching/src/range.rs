//! Byte ranges (RFC 9110 §14): what a client wants, resolved against what there is.
//!
//! Whatever is malformed, of another unit, or asks for too many pieces is answered with the whole representation, as
//! §14.2 allows; nothing here makes work for its sake. Deliberately not here: writing multipart bodies.

use std::ops::Range;

use smallvec::SmallVec;

use crate::date::{self, Seconds};
use crate::entity_tag::EntityTag;
use crate::fields::Fields;
use crate::known::Known;
use crate::list;

/// Most ranges in one request; a request for more gets the whole representation.
pub const RANGES_MAX: usize = 16;

/// What a request's `Range` comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RangeAnswer {
    /// 200 with everything: no range, one that does not count, or `If-Range` failed.
    Whole,
    /// 206 with these bytes (start inclusive, end exclusive); never empty.
    One(Range<u64>),
    /// 206 with these parts, in ascending order, neither overlapping nor touching; at least two.
    Many(SmallVec<[Range<u64>; 4]>),
    /// 416.
    Unsatisfiable,
}

/// One range as asked for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ByteSpec {
    /// From the first to the last position, both included.
    FromTo(u64, u64),
    /// From a position to the end.
    From(u64),
    /// The last so many bytes.
    Suffix(u64),
    /// More than one range.
    Many,
}

impl ByteSpec {
    /// The bytes of a representation of this length (start inclusive, end exclusive); `None` if it has none of them or
    /// the spec is [`ByteSpec::Many`].
    pub fn resolve(self, complete_length: u64) -> Option<Range<u64>> {
        let (start, end) = match self {
            ByteSpec::FromTo(first, last) => (first, last.saturating_add(1).min(complete_length)),
            ByteSpec::From(first) => (first, complete_length),
            ByteSpec::Suffix(count) => (complete_length.saturating_sub(count), complete_length),
            ByteSpec::Many => return None,
        };
        (start < end).then_some(start..end)
    }
}

/// Resolves the `Range` of a `GET` against a representation with these validators and this length. Handles `If-Range`,
/// which needs a strong match (RFC 9110 §13.1.5).
pub fn resolve(
    request: &Fields,
    etag: Option<&[u8]>,
    last_modified: Option<Seconds>,
    date: Option<Seconds>,
    complete_length: u64,
) -> RangeAnswer {
    let Some(specs) = specs(request) else { return RangeAnswer::Whole };
    if !if_range_holds(request, etag, last_modified, date) {
        return RangeAnswer::Whole;
    }
    let mut ranges: SmallVec<[Range<u64>; 4]> =
        specs.iter().filter_map(|spec| spec.resolve(complete_length)).collect();
    if ranges.is_empty() {
        // A suffix of an empty representation is satisfiable, and is all of it (§14.1.2).
        let suffix = specs.iter().any(|spec| matches!(spec, ByteSpec::Suffix(1..)));
        return if suffix { RangeAnswer::Whole } else { RangeAnswer::Unsatisfiable };
    }
    coalesce(&mut ranges);
    match &*ranges {
        [only] => RangeAnswer::One(only.clone()),
        _ => RangeAnswer::Many(ranges),
    }
}

/// The range that `request` asks for, before anything is known of the representation. `None` where there is none that
/// counts. `If-Range` is not looked at.
pub fn requested_range(request: &Fields) -> Option<ByteSpec> {
    match &*specs(request)? {
        [only] => Some(*only),
        _ => Some(ByteSpec::Many),
    }
}

/// Whether `If-Range` is absent or matches strongly (RFC 9110 §13.1.5). A date matches only as the very date of the
/// last modification, and that only if it was over when the response was made (§8.8.2.2).
pub fn if_range_holds(
    request: &Fields,
    etag: Option<&[u8]>,
    last_modified: Option<Seconds>,
    date: Option<Seconds>,
) -> bool {
    if !request.has(Known::IfRange) {
        return true;
    }
    let Some(condition) = request.single(Known::IfRange) else { return false };
    match (date::parse(condition), last_modified, date) {
        (Some(asked), Some(modified), Some(date)) => asked == modified && is_strong_date(modified, date),
        (Some(_), _, _) => false,
        (None, _, _) => match (EntityTag::read(condition), etag.and_then(EntityTag::read)) {
            (Some(asked), Some(tag)) => asked.strong_eq(&tag),
            _ => false,
        },
    }
}

/// Whether a modification date tells versions apart: it lies at least a second before the date of the response
/// (RFC 9110 §8.8.2.2).
pub fn is_strong_date(modified: Seconds, date: Seconds) -> bool {
    modified < date
}

/// A `Content-Range` of bytes that holds some (RFC 9110 §14.4).
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct ContentRange {
    /// First position.
    pub first: u64,
    /// Last position, included; not below `first`, below `complete`.
    pub last: u64,
    /// Length of the whole representation, if known.
    pub complete: Option<u64>,
}

impl ContentRange {
    /// The positions, end exclusive.
    pub fn range(&self) -> Range<u64> {
        self.first..self.last + 1
    }
}

/// Parses `bytes 0-4/10` or `bytes 0-4/*`; `None` for anything else, `bytes */10` included.
pub fn parse_content_range(value: &[u8]) -> Option<ContentRange> {
    let value = list::trim(value);
    let (unit, rest) = value.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes ") {
        return None;
    }
    let slash = memchr::memchr(b'/', rest)?;
    let (positions, complete) = (&rest[..slash], &rest[slash + 1..]);
    let dash = memchr::memchr(b'-', positions)?;
    let (first, last) = (exact(&positions[..dash])?, exact(&positions[dash + 1..])?);
    let complete = if complete == b"*" { None } else { Some(exact(complete)?) };
    let sound = first <= last && last < u64::MAX && complete.is_none_or(|length| last < length);
    sound.then_some(ContentRange { first, last, complete })
}

/// The ranges of the one `Range` line; `None` if it is malformed, of another unit, repeated, or asks for too many.
fn specs(request: &Fields) -> Option<SmallVec<[ByteSpec; 4]>> {
    let value = request.single(Known::Range)?;
    let (unit, set) = value.split_at_checked(6)?;
    if !unit.eq_ignore_ascii_case(b"bytes=") {
        return None;
    }
    let mut specs = SmallVec::new();
    for member in set.split(|&b| b == b',').map(list::trim).filter(|member| !member.is_empty()) {
        if specs.len() == RANGES_MAX {
            return None;
        }
        specs.push(spec(member)?);
    }
    (!specs.is_empty()).then_some(specs)
}

fn spec(member: &[u8]) -> Option<ByteSpec> {
    let dash = memchr::memchr(b'-', member)?;
    match (&member[..dash], &member[dash + 1..]) {
        (b"", count) => Some(ByteSpec::Suffix(saturating(count)?)),
        (first, b"") => Some(ByteSpec::From(saturating(first)?)),
        (first, last) => {
            let (first, last) = (saturating(first)?, saturating(last)?);
            (first <= last).then_some(ByteSpec::FromTo(first, last))
        }
    }
}

/// Sorts, and makes one of what overlaps or touches.
fn coalesce(ranges: &mut SmallVec<[Range<u64>; 4]>) {
    ranges.sort_unstable_by_key(|range| (range.start, range.end));
    ranges.dedup_by(|next, kept| {
        let joined = next.start <= kept.end;
        if joined {
            kept.end = kept.end.max(next.end);
        }
        joined
    });
}

/// Digits as a number; beyond the largest, the largest.
fn saturating(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, b| {
        b.is_ascii_digit().then(|| sum.saturating_mul(10).saturating_add(u64::from(b - b'0')))
    })
}

/// Digits as a number that fits.
pub(crate) fn exact(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, b| {
        let digit = b.is_ascii_digit().then(|| u64::from(b - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}
