//! A mistake of whoever wrote a file: what is wrong, where, and what to do.

use crate::Span;
use std::cmp::Reverse;

/// Characters of a value that a message repeats; the rest becomes `…`.
const QUOTED_CHARS_MAX: usize = 60;

/// How bad it is.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Surely not what was meant, but it can be served.
    Warning,
    /// The file is refused.
    Error,
}

/// One mistake. [`render`](crate::render) turns it into text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Mistake {
    /// The file's name, as it was given to the parser.
    pub file: Box<str>,
    /// Where it stands. `None`: it concerns the file as a whole, for instance something that it lacks.
    pub span: Option<Span>,
    /// Whether the file is refused.
    pub severity: Severity,
    /// One line: what is wrong, with the names involved.
    pub message: String,
    /// A few words beside the carets; may be empty.
    pub label: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// Places of the file that are not shown, whatever line they stand on: secrets.
    pub hidden: Vec<Span>,
}

impl Mistake {
    /// An error at `span`.
    pub fn at(file: &str, span: &Span, message: impl Into<String>, label: impl Into<String>) -> Mistake {
        Mistake {
            file: file.into(),
            span: Some(span.clone()),
            severity: Severity::Error,
            message: message.into(),
            label: label.into(),
            hint: None,
            hidden: Vec::new(),
        }
    }

    /// An error of the file as a whole.
    pub fn of_file(file: &str, message: impl Into<String>) -> Mistake {
        Mistake { span: None, ..Mistake::at(file, &(0..0), message, "") }
    }

    /// With something to do about it.
    #[must_use]
    pub fn hint(self, hint: impl Into<String>) -> Mistake {
        Mistake { hint: Some(hint.into()), ..self }
    }

    /// As a warning: it does not keep the file from being used.
    #[must_use]
    pub fn warning(self) -> Mistake {
        Mistake { severity: Severity::Warning, ..self }
    }

    /// Whether the file is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }

    /// Sorts mistakes of one file as a reader meets them: errors before warnings, then by place, those without a
    /// place last.
    pub fn sort(mistakes: &mut [Mistake]) {
        mistakes.sort_by_key(|mistake| {
            (Reverse(mistake.severity), mistake.span.is_none(), mistake.span.as_ref().map(|span| span.start))
        });
    }
}

/// A value in backticks, fit for one line of a message: control characters escaped, long ones cut.
pub fn quoted(value: &str) -> String {
    if value.is_empty() {
        return "\"\"".to_owned();
    }
    let mut out = String::from("`");
    let mut chars = value.chars();
    for c in chars.by_ref().take(QUOTED_CHARS_MAX) {
        if c.is_control() || is_reordering(c) { out.extend(c.escape_default()) } else { out.push(c) }
    }
    if chars.next().is_some() {
        out.push('…');
    }
    out.push('`');
    out
}

/// Characters that change the direction or the visibility of text around them.
pub(crate) fn is_reordering(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
