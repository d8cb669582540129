//! Entity tags (RFC 9110 §8.8.3) and their two comparisons.
//!
//! Tags of content that was encoded here are the origin's with a mark: `"abc"` becomes `"abc~br"`, or `W/"abc~br"`
//! where the bytes depend on how they arrived. Marks come off again before an origin sees the tag.
//!
//! Tags that origins forget to quote are understood too, compared by their text. Deliberately absent: dates as
//! validators, see `conditional` and `partial`.

use crate::coding::Coding;
use crate::fields::Fields;
use crate::known::Known;
use crate::list;

/// An entity tag taken apart.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct EntityTag<'a> {
    /// Marked with `W/`.
    pub weak: bool,
    /// Written with its quotation marks, as it must be.
    pub quoted: bool,
    /// The text between the quotation marks, or all of it where they are missing.
    pub opaque: &'a [u8],
}

impl<'a> EntityTag<'a> {
    /// Reads one tag. `None` only for what is empty; a tag without quotation marks, or with a malformed mark of
    /// weakness, is taken as unquoted text.
    pub fn read(value: &'a [u8]) -> Option<EntityTag<'a>> {
        let value = list::trim(value);
        if value.is_empty() {
            return None;
        }
        let (weak, rest) = match value {
            [b'W' | b'w', b'/', rest @ ..] if rest.starts_with(b"\"") => (true, rest),
            rest => (false, rest),
        };
        match rest {
            [b'"', opaque @ .., b'"'] if !opaque.contains(&b'"') => {
                Some(EntityTag { weak, quoted: true, opaque })
            }
            _ => Some(EntityTag { weak: false, quoted: false, opaque: value }),
        }
    }

    /// Both strong and the same (RFC 9110 §8.8.3.2). What is not quoted properly is never strongly equal to what is.
    pub fn strong_eq(&self, other: &EntityTag<'_>) -> bool {
        !self.weak && !other.weak && self.quoted == other.quoted && self.opaque == other.opaque
    }

    /// The same, weak or not.
    pub fn weak_eq(&self, other: &EntityTag<'_>) -> bool {
        self.opaque == other.opaque
    }

    /// Whether it may prove that two responses are the same byte for byte.
    pub fn is_strong(&self) -> bool {
        !self.weak && self.quoted
    }
}

/// The tag of a response, if it has exactly one.
pub fn of(fields: &Fields) -> Option<EntityTag<'_>> {
    fields.single(Known::ETag).and_then(EntityTag::read)
}

/// Whether a field of conditions (`If-Match`, `If-None-Match`) lists a tag for which `same` holds. `*` is one whatever
/// the tag, as long as something exists, which the caller knows.
pub fn any(
    request: &Fields,
    field: Known,
    tag: Option<EntityTag<'_>>,
    same: impl Fn(&EntityTag<'_>, &EntityTag<'_>) -> bool,
) -> bool {
    request.all(field).any(|line| {
        list::trim(line) == b"*"
            || tag.is_some_and(|tag| {
                list::entity_tags(line).filter_map(EntityTag::read).any(|listed| same(&listed, &tag))
            })
    })
}

/// Stands before a mark.
const MARK: u8 = b'~';
const IDENTITY: &[u8] = b"identity";

/// Appends the tag of a response's content in another coding (`None`: its coding taken off). A weak tag stays weak, a
/// strong one becomes so where `weak` says that the bytes may differ from one time to the next.
pub fn write_marked(tag: &[u8], coding: Option<Coding>, weak: bool, out: &mut Vec<u8>) {
    let Some(tag) = EntityTag::read(tag) else { return };
    let mark = coding.map_or(IDENTITY, |coding| coding.as_str().as_bytes());
    if tag.quoted {
        out.extend_from_slice(if tag.weak || weak { b"W/\"" } else { b"\"" });
    }
    out.extend_from_slice(tag.opaque);
    out.push(MARK);
    out.extend_from_slice(mark);
    if tag.quoted {
        out.push(b'"');
    }
}

/// The tag without its mark, and the coding that the mark names (`None`: identity). `None` for a tag that has none.
pub fn unmarked(tag: EntityTag<'_>) -> Option<(EntityTag<'_>, Option<Coding>)> {
    let place = tag.opaque.iter().rposition(|&byte| byte == MARK)?;
    let mark = &tag.opaque[place + 1..];
    let coding = match Coding::ALL.into_iter().find(|coding| coding.as_str().as_bytes() == mark) {
        Some(coding) => Some(coding),
        None if mark == IDENTITY => None,
        None => return None,
    };
    Some((EntityTag { opaque: &tag.opaque[..place], ..tag }, coding))
}

/// The value of `If-None-Match` or `If-Match` as an origin is to see it: marks taken off, all else as it was. `None`
/// where there is no mark.
///
/// For `If-Match`, which compares strongly, let `strong` be true: what was encoded here stands for the very bytes that
/// the origin tagged, so the tag is as strong as the origin's.
pub fn without_marks(value: &[u8], strong: bool) -> Option<Vec<u8>> {
    let marked = |member: &[u8]| EntityTag::read(member).is_some_and(|tag| unmarked(tag).is_some());
    if !list::entity_tags(value).any(marked) {
        return None;
    }
    let mut out = Vec::with_capacity(value.len());
    for member in list::entity_tags(value) {
        if !out.is_empty() {
            out.extend_from_slice(b", ");
        }
        match EntityTag::read(member).and_then(unmarked) {
            Some((tag, _)) => tag.write(strong, &mut out),
            None => out.extend_from_slice(member),
        }
    }
    Some(out)
}

impl EntityTag<'_> {
    fn write(&self, strong: bool, out: &mut Vec<u8>) {
        if !self.quoted {
            return out.extend_from_slice(self.opaque);
        }
        out.extend_from_slice(if self.weak && !strong { b"W/\"" } else { b"\"" });
        out.extend_from_slice(self.opaque);
        out.push(b'"');
    }
}

/// The first tag in a field of conditions that is `tag` itself or, with its mark taken off, would be; by a weak
/// comparison. With it, what its mark says: nothing, or a coding.
pub fn listed<'a>(
    request: &'a Fields,
    field: Known,
    tag: EntityTag<'_>,
) -> Option<(&'a [u8], Option<Option<Coding>>)> {
    request.all(field).flat_map(list::entity_tags).find_map(|member| {
        let read = EntityTag::read(member)?;
        if read.weak_eq(&tag) {
            return Some((member, None));
        }
        let (origins, coding) = unmarked(read)?;
        origins.weak_eq(&tag).then_some((member, Some(coding)))
    })
}
