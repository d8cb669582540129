//! Texts with a language of their own: conditions and templates, and where in the file their mistakes stand.

use super::Compiler;
use super::names::is_visible;
use littoral_model::Written;
use littoral_rules::{Filter, Reads, Template, TextMistake, Variables};

impl Compiler<'_> {
    /// A condition. `None` where it is wrong, `Some(None)` where there is none.
    pub(super) fn when(&mut self, what: &str, text: Option<&Written>) -> Option<Option<Filter>> {
        let Some(text) = text else { return Some(None) };
        let what = format!("`when` of {what}");
        let filter = match Filter::parse(text) {
            Ok(filter) => filter,
            Err(mistakes) => {
                self.all_inside(&what, text, &mistakes);
                return None;
            }
        };
        match filter.constant() {
            Some(false) => {
                self.error(
                    &text.span,
                    format!("{what} never holds"),
                    "no request meets it",
                    "change it, or leave the rule out",
                );
                return None;
            }
            Some(true) => {
                self.warning(
                    &text.span,
                    format!("{what} always holds"),
                    "every request meets it",
                    "leave it out",
                );
            }
            None => self.check_country(&what, text, filter.reads()),
        }
        Some(Some(filter))
    }

    /// The value of a field.
    pub(super) fn value(&mut self, what: &str, text: &Written, which: Variables) -> Option<Template> {
        let what = format!("`value` of {what}");
        let template = self.template(&what, text, Template::parse(text, which))?;
        let ends = text.starts_with(' ') || text.ends_with(' ');
        if ends || !is_visible(text) {
            self.unsendable(&what, text);
            return None;
        }
        Some(template)
    }

    fn template(
        &mut self,
        what: &str,
        text: &Written,
        parsed: Result<Template, Vec<TextMistake>>,
    ) -> Option<Template> {
        match parsed {
            Ok(template) => {
                self.check_country(what, text, template.reads());
                Some(template)
            }
            Err(mistakes) => {
                self.all_inside(what, text, &mistakes);
                None
            }
        }
    }

    /// Reports bytes that no field's value can have: control characters, letters outside ASCII, blanks at its ends.
    pub(super) fn unsendable(&mut self, what: &str, text: &Written) {
        let is_bad = |(_, c): &(usize, char)| !(c.is_ascii_graphic() || *c == ' ');
        let (message, hint) = match text.char_indices().find(is_bad) {
            Some((_, c)) if c.is_control() => ("has a control character", "one line of visible ASCII"),
            Some(_) => ("has letters outside ASCII", "percent-encoded, where whoever reads it decodes that"),
            None => ("begins or ends with a blank", "blanks at the ends of a value are not part of it"),
        };
        let span = text.char_indices().find(is_bad).and_then(|(at, c)| text.place(&(at..at + c.len_utf8())));
        let span = span.unwrap_or_else(|| text.span.clone());
        self.error(&span, format!("{what} {message}"), "cannot be sent", hint);
    }

    /// Where the client is cannot be told yet.
    pub(super) fn check_country(&mut self, what: &str, text: &Written, reads: &Reads) {
        if reads.country {
            let message = format!("{what} looks at the country, which is not known on this node yet");
            let hint =
                "it is absent for every request: comparisons with it fail, `${country}` writes nothing";
            self.warning(&text.span, message, "absent", hint);
        }
    }

    /// Reports the mistakes inside `text`, each at its place; the first alone where places cannot be told.
    fn all_inside(&mut self, what: &str, text: &Written, mistakes: &[TextMistake]) {
        let told = if text.place(&(0..0)).is_some() { mistakes.len() } else { 1 };
        mistakes.iter().take(told).for_each(|mistake| self.inside(what, text, mistake));
    }

    /// Reports a mistake inside `text`, at its place where that can be told.
    pub(super) fn inside(&mut self, what: &str, text: &Written, mistake: &TextMistake) {
        let message = match text.place(&mistake.span) {
            Some(_) => format!("{what}: {}", mistake.message),
            None => {
                let before = text.get(..mistake.span.start).unwrap_or_default().chars().count();
                format!("{what}: {}, at character {} of the text", mistake.message, before + 1)
            }
        };
        let span = text.place(&mistake.span).unwrap_or_else(|| text.span.clone());
        self.report(&span, message, mistake.label.clone()).hint.clone_from(&mistake.hint);
    }
}
