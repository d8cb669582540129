//! Lists of names: fields, cookies, query parameters.

use super::Compiler;
use littoral_model::{Spanned, quoted};

impl Compiler<'_> {
    /// Field names in lower case. What is none is reported and left out.
    pub(super) fn field_names(&mut self, what: &str, names: &[Spanned<String>]) -> Vec<String> {
        let mut good: Vec<String> = Vec::new();
        for (place, name) in names.iter().enumerate() {
            let lower = name.to_ascii_lowercase();
            if !is_token(name) {
                let message = format!("{what} has {}, which is not a field name", quoted(name));
                let hint = "letters, digits and `-`, as in \"Accept-Language\"; no colon";
                self.error(&name.span, message, "not a field name", hint);
            } else if good.contains(&lower) {
                // The same text twice was reported when it was read.
                if !names[..place].contains(name) {
                    let message = format!("{what} names {} twice", quoted(&lower));
                    self.error(
                        &name.span,
                        message,
                        "named before",
                        "case makes no difference in field names",
                    );
                }
            } else {
                good.push(lower);
            }
        }
        good
    }

    pub(super) fn cookie_names(&mut self, what: &str, names: &[Spanned<String>]) -> Box<[Box<str>]> {
        let mut good = Vec::new();
        for name in names {
            if is_token(name) {
                good.push(name.as_str().into());
            } else {
                let message = format!("{what} has {}, which is not a cookie's name", quoted(name));
                self.error(&name.span, message, "not a cookie's name", "the name alone, as in \"session\"");
            }
        }
        good.into()
    }

    pub(super) fn parameter_names(&mut self, what: &str, names: &[Spanned<String>]) -> Box<[Box<str>]> {
        let mut good = Vec::new();
        for name in names {
            if is_parameter(name) {
                good.push(name.as_str().into());
            } else {
                let message = format!("{what} has {}, which is not a query parameter's name", quoted(name));
                let hint =
                    "the name as it is sent: no `?`, `&`, `=` or `*`, and other characters percent-encoded";
                self.error(&name.span, message, "not a parameter's name", hint);
            }
        }
        good.into()
    }
}

/// RFC 9110 §5.6.2.
pub(super) fn is_token(text: &str) -> bool {
    littoral_http_caching::list::is_token(text.as_bytes())
}

/// The name of a query parameter, as it is sent.
pub(super) fn is_parameter(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic() && !b"&=#?*".contains(&b))
}

/// Whether a field can carry it: visible ASCII and blanks (RFC 9110 §5.5).
pub(super) fn is_visible(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_graphic() || b == b' ')
}
