//! Offsets into the buffer that a head was read from: what a parsed head is made of, so that it borrows nothing.

use std::ops::Range;

/// A run of bytes in the buffer given to [`crate::RequestParser::parse`]. Sixteen bits suffice: a head is at most
/// [`crate::Limits::HEAD_BYTES_MOST`] bytes long.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u16,
    /// Number of bytes.
    pub len: u16,
}

impl Span {
    /// The bytes from `start` up to `end`, which both lie within a head.
    pub(crate) fn between(start: usize, end: usize) -> Span {
        debug_assert!(start <= end && end <= crate::Limits::HEAD_BYTES_MOST);
        Span { start: start as u16, len: (end - start) as u16 }
    }

    /// Where `part`, a subslice of `buf`, lies in it.
    #[inline]
    pub(crate) fn locate(buf: &[u8], part: &[u8]) -> Span {
        let start = part.as_ptr().addr() - buf.as_ptr().addr();
        debug_assert!(start + part.len() <= buf.len());
        Span { start: start as u16, len: part.len() as u16 }
    }

    /// The bytes themselves. `buf` is the buffer that the head was read from.
    ///
    /// # Panics
    /// When `buf` is shorter than the head was.
    #[inline]
    pub fn of(self, buf: &[u8]) -> &[u8] {
        &buf[self.range()]
    }

    /// The same as a range of offsets.
    #[inline]
    pub fn range(self) -> Range<usize> {
        let start = usize::from(self.start);
        start..start + usize::from(self.len)
    }

    /// Whether it holds no bytes.
    pub fn is_empty(self) -> bool {
        self.len == 0
    }
}

/// One field line (RFC 9110 §5).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct FieldSpan {
    /// The name, in the sender's case; a token.
    pub name: Span,
    /// The value without the optional whitespace around it; may be empty.
    pub value: Span,
}
