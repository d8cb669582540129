//! Header sections: ordered field lines over one shared buffer.
//!
//! The one representation of a head's fields everywhere: as parsed from a request, as stored, as forwarded. Building
//! one from parsed spans copies nothing and, up to 16 lines, allocates nothing. Names keep their case.
//! Deliberately absent: editing in place; a changed section is built anew with [`FieldsBuilder`].

use std::fmt;
use std::ops::Range;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::known::Known;
use crate::list;

/// Lines held without allocation.
const INLINE_LINES: usize = 16;

/// An ordered header section, cheap to clone. Its buffer is shared, its lines are offsets.
#[derive(Clone, Default)]
pub struct Fields {
    bytes: Bytes,
    /// One bit for each [`Known`] that occurs.
    present: u128,
    lines: SmallVec<[Line; INLINE_LINES]>,
}

#[derive(Copy, Clone)]
struct Line {
    name_start: u32,
    value_start: u32,
    value_len: u32,
    name_len: u16,
    known: Known,
}

/// One field line, borrowed from its section.
#[derive(Copy, Clone, PartialEq, Eq)]
pub struct FieldLine<'a> {
    /// The name's number.
    pub known: Known,
    /// The name, in the case in which it came.
    pub name: &'a [u8],
    /// The value, without surrounding whitespace.
    pub value: &'a [u8],
}

impl Fields {
    /// The section whose lines are `spans` (name, value) of `bytes`. Copies nothing.
    ///
    /// # Panics
    /// When a span leaves `bytes`, a name is longer than 65,535 bytes or `bytes` longer than 4 GiB: the parser that
    /// made the spans is wrong.
    pub fn from_spans(bytes: Bytes, spans: impl Iterator<Item = (Range<usize>, Range<usize>)>) -> Fields {
        let text = &*bytes;
        assert!(u32::try_from(text.len()).is_ok(), "a header section is below 4 GiB");
        let mut present = 0;
        let lines = spans
            .map(|(name, value)| {
                let known = Known::of(&text[name.clone()]);
                assert!(
                    value.start <= value.end && value.end <= text.len(),
                    "a value's span lies in the buffer"
                );
                present |= known.bit();
                Line {
                    name_start: name.start as u32,
                    value_start: value.start as u32,
                    value_len: (value.end - value.start) as u32,
                    name_len: u16::try_from(name.len()).expect("a field name is below 64 KiB"),
                    known,
                }
            })
            .collect();
        Fields { present, lines, bytes }
    }

    /// An empty builder.
    pub fn builder() -> FieldsBuilder {
        FieldsBuilder::default()
    }

    /// How many lines there are.
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    /// Whether there is no line.
    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// All lines, in order.
    pub fn iter(&self) -> impl Iterator<Item = FieldLine<'_>> + Clone {
        self.lines.iter().map(|line| self.view(line))
    }

    /// The value of the first line of this field. `None` for [`Known::Other`], which is no field.
    #[inline]
    pub fn get(&self, known: Known) -> Option<&[u8]> {
        self.all(known).next()
    }

    /// The value of this field if it has exactly one line.
    pub fn single(&self, known: Known) -> Option<&[u8]> {
        let mut values = self.all(known);
        match (values.next(), values.next()) {
            (Some(value), None) => Some(value),
            _ => None,
        }
    }

    /// The values of all lines of this field, in order. Nothing for [`Known::Other`].
    #[inline]
    pub fn all(&self, known: Known) -> impl Iterator<Item = &[u8]> + Clone {
        let lines: &[Line] = if self.has(known) { &self.lines } else { &[] };
        lines.iter().filter(move |line| line.known == known).map(|line| self.value_of(line))
    }

    /// Whether this field occurs. Constant time; false for [`Known::Other`].
    #[inline]
    pub fn has(&self, known: Known) -> bool {
        known != Known::Other && self.present & known.bit() != 0
    }

    /// The values of all lines with this name, known or not; the name's case does not matter.
    pub fn named<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = &'a [u8]> + Clone {
        let known = Known::of(name);
        let lines: &[Line] = if known == Known::Other || self.has(known) { &self.lines } else { &[] };
        lines
            .iter()
            .filter(move |line| {
                line.known == known
                    && (known != Known::Other || self.name_of(line).eq_ignore_ascii_case(name))
            })
            .map(|line| self.value_of(line))
    }

    /// The members of this field as a list over all its lines: quoted strings respected, whitespace trimmed, empty
    /// members left out (RFC 9110 §5.6.1).
    pub fn list(&self, known: Known) -> impl Iterator<Item = &[u8]> + Clone {
        self.all(known).flat_map(list::members)
    }

    /// Bytes on the heap that this section holds: its whole buffer (shared or not) and lines beyond the inline ones.
    /// `size_of::<Fields>()` is not in it.
    pub fn memory_bytes(&self) -> usize {
        let spilled = if self.lines.spilled() { self.lines.capacity() * size_of::<Line>() } else { 0 };
        self.bytes.len() + spilled
    }

    /// Bytes of names and values alone.
    pub fn text_bytes(&self) -> usize {
        self.lines.iter().map(|line| usize::from(line.name_len) + line.value_len as usize).sum()
    }

    #[inline]
    fn view(&self, line: &Line) -> FieldLine<'_> {
        FieldLine { known: line.known, name: self.name_of(line), value: self.value_of(line) }
    }

    #[inline]
    fn name_of(&self, line: &Line) -> &[u8] {
        &self.bytes[line.name_start as usize..][..usize::from(line.name_len)]
    }

    #[inline]
    fn value_of(&self, line: &Line) -> &[u8] {
        &self.bytes[line.value_start as usize..][..line.value_len as usize]
    }
}

/// Same lines: same names (case apart) and values, in the same order.
impl PartialEq for Fields {
    fn eq(&self, other: &Fields) -> bool {
        self.len() == other.len()
            && self
                .iter()
                .zip(other.iter())
                .all(|(a, b)| a.known == b.known && a.value == b.value && a.name.eq_ignore_ascii_case(b.name))
    }
}

impl Eq for Fields {}

impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl fmt::Debug for FieldLine<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name.escape_ascii(), self.value.escape_ascii())
    }
}

/// Builds a [`Fields`] whose buffer is exactly as large as its text.
#[derive(Default)]
pub struct FieldsBuilder {
    bytes: Vec<u8>,
    present: u128,
    lines: SmallVec<[Line; INLINE_LINES]>,
}

impl FieldsBuilder {
    /// Appends a line; the value's surrounding whitespace is dropped. Neither is checked for characters that may not
    /// stand in a head: the codec that writes it does that.
    ///
    /// # Panics
    /// When the name is longer than 65,535 bytes or the section grows over 4 GiB.
    pub fn push(&mut self, name: impl AsRef<[u8]>, value: impl AsRef<[u8]>) -> &mut FieldsBuilder {
        let name = name.as_ref();
        self.append(Known::of(name), name, value.as_ref())
    }

    /// Appends a line of a known field, its name in lower case.
    ///
    /// # Panics
    /// When `known` is [`Known::Other`], which has no name.
    pub fn push_known(&mut self, known: Known, value: impl AsRef<[u8]>) -> &mut FieldsBuilder {
        assert!(known != Known::Other, "only a named field can be written by number");
        self.append(known, known.as_str().as_bytes(), value.as_ref())
    }

    /// Appends those lines of `fields` for which `keep(known, name)` holds.
    pub fn extend_from(
        &mut self,
        fields: &Fields,
        keep: impl Fn(Known, &[u8]) -> bool,
    ) -> &mut FieldsBuilder {
        for line in fields.iter().filter(|line| keep(line.known, line.name)) {
            self.append(line.known, line.name, line.value);
        }
        self
    }

    /// Makes room for this many more bytes of names and values.
    pub fn reserve(&mut self, text_bytes: usize) -> &mut FieldsBuilder {
        self.bytes.reserve(text_bytes);
        self
    }

    /// The section; the builder is empty afterwards.
    pub fn finish(&mut self) -> Fields {
        let built = std::mem::take(self);
        let mut lines = built.lines;
        lines.shrink_to_fit();
        Fields { bytes: Bytes::from(built.bytes.into_boxed_slice()), present: built.present, lines }
    }

    fn append(&mut self, known: Known, name: &[u8], value: &[u8]) -> &mut FieldsBuilder {
        let value = list::trim(value);
        let name_start = u32::try_from(self.bytes.len()).expect("a header section is below 4 GiB");
        self.bytes.extend_from_slice(name);
        let value_start = u32::try_from(self.bytes.len()).expect("a header section is below 4 GiB");
        self.bytes.extend_from_slice(value);
        self.present |= known.bit();
        self.lines.push(Line {
            name_start,
            value_start,
            value_len: u32::try_from(value.len()).expect("a header section is below 4 GiB"),
            name_len: u16::try_from(name.len()).expect("a field name is below 64 KiB"),
            known,
        });
        self
    }
}

impl<N: AsRef<[u8]>, V: AsRef<[u8]>> FromIterator<(N, V)> for Fields {
    fn from_iter<I: IntoIterator<Item = (N, V)>>(lines: I) -> Fields {
        let mut builder = Fields::builder();
        for (name, value) in lines {
            builder.push(name, value);
        }
        builder.finish()
    }
}
