//! A secret that a file gives, or says where to find.

use crate::{Span, Spanned};
use std::fmt;

/// Given in the file itself, or in another one.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    /// The secret.
    Given(Spanned<String>),
    /// A file that holds it; a line break at its end is not part of it.
    File(Spanned<String>),
}

impl Secret {
    /// Where it, or the file's name, stands.
    pub fn span(&self) -> &Span {
        match self {
            Secret::Given(text) | Secret::File(text) => &text.span,
        }
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Secret::Given(_) => f.write_str("Given(…)"),
            Secret::File(path) => f.debug_tuple("File").field(&path.value).finish(),
        }
    }
}
