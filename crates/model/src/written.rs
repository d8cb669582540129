//! A text that has a language of its own (a condition, a template, a pattern), with what it takes to point into it.

use crate::Span;
use std::fmt;
use std::ops::{Deref, Range};

/// A text as the file has it. Equality is the text's alone.
#[derive(Clone, Default)]
pub struct Written {
    /// The text, without quotes and with its escapes resolved.
    pub text: String,
    /// Where it stands, quotes included.
    pub span: Span,
    /// Where its first byte stands, if it stands in the file as it is: without escapes.
    inside: Option<usize>,
}

impl Written {
    /// A text whose first byte stands at `inside`; `None` where escapes moved what follows them.
    pub fn new(text: impl Into<String>, span: Span, inside: Option<usize>) -> Written {
        Written { text: text.into(), span, inside }
    }

    /// Finds out where `text` begins in `source`, which holds it in quotes at `span`.
    pub(crate) fn in_source(text: String, span: Span, source: &str) -> Written {
        let inside = source.get(span.clone()).and_then(|quoted| {
            let long = ["\"\"\"", "'''"].iter().any(|quotes| quoted.starts_with(quotes) && quoted.len() >= 6);
            let opening = if long { 3 } else { 1 };
            // A line break right behind long quotes is not part of the text.
            let broken =
                if long { quoted[opening..].find(|c| c != '\r' && c != '\n').unwrap_or(0) } else { 0 };
            let starts =
                [0, 1, 2].into_iter().filter(|skipped| *skipped <= broken).map(|skipped| opening + skipped);
            let mut fits = starts.filter(|start| {
                quoted
                    .get(*start..)
                    .is_some_and(|rest| rest.strip_prefix(text.as_str()).is_some_and(is_closing))
            });
            fits.next().map(|start| span.start + start)
        });
        Written { text, span, inside }
    }

    /// Where the bytes `within` the text stand in the file. `None` where escapes hide it.
    pub fn place(&self, within: &Range<usize>) -> Option<Span> {
        let inside = self.inside?;
        Some(inside + within.start..inside + within.end)
    }
}

/// Whether nothing but the quotes that end a text is left of it.
fn is_closing(rest: &str) -> bool {
    matches!(rest, "\"" | "'" | "\"\"\"" | "'''")
}

impl Deref for Written {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Written {
    fn eq(&self, other: &Written) -> bool {
        self.text == other.text
    }
}

impl Eq for Written {}

impl fmt::Debug for Written {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Written").field(&self.text).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(source: &str, text: &str, within: Range<usize>) -> Option<Span> {
        Written::in_source(text.to_owned(), 2..source.len(), source).place(&within)
    }

    #[test]
    fn what_stands_in_the_file_as_it_is_can_be_pointed_into() {
        for (source, text, expected) in [
            ("x=\"host\"", "host", Some(4..6)),
            ("x='a\\b'", "a\\b", Some(4..6)),
            ("x='''host'''", "host", Some(6..8)),
            ("x=\"\"\"\nhost\"\"\"", "host", Some(7..9)),
            ("x=\"\"\"\r\nhost\"\"\"", "host", Some(8..10)),
            ("x='''\n\nost'''", "\nost", Some(7..9)),
            ("x=\"a\\\"b\"", "a\"b", None),
            ("x=\"\\u0061bc\"", "abc", None),
            ("x=\"\"", "", Some(4..6)),
        ] {
            assert_eq!(place(source, text, 1..3), expected, "{source}");
        }
    }
}
