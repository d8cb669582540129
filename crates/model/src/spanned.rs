//! A value and where it stood in its file.

use std::ops::{Deref, Range};

/// Bytes of a file, from its beginning.
pub type Span = Range<usize>;

/// A value with the place it was read from. Equality is the value's alone: moving a line changes nothing.
#[derive(Clone, Debug, Default)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it stands; empty at 0 when it comes from no file.
    pub span: Span,
}

impl<T> Spanned<T> {
    /// A value read from `span`.
    pub fn new(value: T, span: Span) -> Spanned<T> {
        Spanned { value, span }
    }

    /// Another value from the same place.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Spanned<U> {
        Spanned { value: change(self.value), span: self.span }
    }
}

impl<T> Deref for Spanned<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: PartialEq> PartialEq for Spanned<T> {
    fn eq(&self, other: &Spanned<T>) -> bool {
        self.value == other.value
    }
}

impl<T: Eq> Eq for Spanned<T> {}
