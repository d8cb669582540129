//! Entity tags (RFC 9110 §8.8.3) and their two comparisons.
//!
//! Tags that origins forget to quote are understood too, compared by their text. Deliberately absent: dates as
//! validators, see `conditional` and `partial`.

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
