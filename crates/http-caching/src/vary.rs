//! Which request fields selected a stored response, and how they are compared (RFC 9111 §4.1).
//!
//! A variant is found by comparing bytes: the canonical values of the selecting fields, written the same way when the
//! response was stored and when a request comes. Deliberately not here: the table of variants, and its bound.

use smallvec::SmallVec;

use crate::fields::Fields;
use crate::known::Known;
use crate::{list, negotiation};

/// Most fields that a response may vary by; more count as `*`.
pub const NAMES_MAX: usize = 16;

/// The names in `Vary`, lower case, sorted, each once.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct Vary {
    names: SmallVec<[Box<[u8]>; 2]>,
}

/// The response varies by something that cannot be compared: `*`, an invalid name, or more than [`NAMES_MAX`] names.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct VaryStar;

impl Vary {
    /// The names that `response` varies by.
    pub fn of(response: &Fields) -> Result<Vary, VaryStar> {
        let mut names: SmallVec<[Box<[u8]>; 2]> = SmallVec::new();
        for name in response.list(Known::Vary) {
            if name == b"*" || !list::is_token(name) {
                return Err(VaryStar);
            }
            let name = name.to_ascii_lowercase().into_boxed_slice();
            if let Err(place) = names.binary_search(&name) {
                if names.len() == NAMES_MAX {
                    return Err(VaryStar);
                }
                names.insert(place, name);
            }
        }
        Ok(Vary { names })
    }

    /// Whether the response varies by nothing.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// The names, lower case and sorted.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.names.iter().map(|name| &**name)
    }

    /// Whether the response varies by this field.
    pub fn names(&self, known: Known) -> bool {
        known != Known::Other && self.iter().any(|name| name == known.as_str().as_bytes())
    }

    /// Bytes on the heap.
    pub fn memory_bytes(&self) -> usize {
        let spilled = if self.names.spilled() { self.names.capacity() * size_of::<Box<[u8]>>() } else { 0 };
        spilled + self.names.iter().map(|name| name.len()).sum::<usize>()
    }
}

/// The canonical values of a request's selecting fields; two requests with equal keys select the same variant. Empty
/// where nothing is varied by.
#[derive(Clone, Default, PartialEq, Eq, Hash, Debug)]
pub struct SelectingKey(Box<[u8]>);

impl SelectingKey {
    /// The key of `request` for a response that varies so.
    pub fn of(vary: &Vary, request: &Fields) -> SelectingKey {
        let mut bytes = Vec::new();
        selecting_key(vary, request, &mut bytes);
        SelectingKey(bytes.into_boxed_slice())
    }

    /// As written by [`selecting_key`].
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for SelectingKey {
    fn from(bytes: Vec<u8>) -> SelectingKey {
        SelectingKey(bytes.into_boxed_slice())
    }
}

/// Appends the canonical bytes of the request's selecting fields: for each name in order, whether it is there, the
/// length of its canonical value and that value. An absent field differs from an empty one.
pub fn selecting_key(vary: &Vary, request: &Fields, out: &mut Vec<u8>) {
    for name in vary.iter() {
        selecting_field(name, request, out);
    }
}

/// Whether a stored response is what `request` would select although their keys differ: all fields but
/// `Accept-Language` agree, and the response is in the one language that the request prefers.
pub fn selects_by_language(vary: &Vary, key: &SelectingKey, stored: &Fields, request: &Fields) -> bool {
    if !vary.names(Known::AcceptLanguage) {
        return false;
    }
    let Some(language) = stored.single(Known::ContentLanguage) else { return false };
    let mut rest = key.as_bytes();
    let mut presented = Vec::new();
    for name in vary.iter() {
        let Some((stored_field, after)) = split_field(rest) else { return false };
        rest = after;
        presented.clear();
        selecting_field(name, request, &mut presented);
        let is_language = name == Known::AcceptLanguage.as_str().as_bytes();
        if presented != stored_field && !is_language {
            return false;
        }
    }
    negotiation::prefers_language(request, language)
}

/// Bytes before each value: 1 for presence, 4 for length.
const PREFIX: usize = 5;

fn selecting_field(name: &[u8], request: &Fields, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(&[0; PREFIX]);
    let present = match Known::of(name) {
        Known::AcceptEncoding => negotiation::accept_encoding(request, out),
        Known::AcceptLanguage => negotiation::accept_language(request, out),
        _ => negotiation::plain(request, name, out),
    };
    let length = u32::try_from(out.len() - start - PREFIX).expect("a header section is below 4 GiB");
    out[start] = u8::from(present);
    out[start + 1..start + PREFIX].copy_from_slice(&length.to_le_bytes());
}

/// The first field's bytes of a key, and the rest.
fn split_field(key: &[u8]) -> Option<(&[u8], &[u8])> {
    let length = key.get(1..PREFIX)?;
    let length = u32::from_le_bytes(length.try_into().ok()?) as usize;
    key.split_at_checked(PREFIX + length)
}
