//! `request_headers` and `response_headers` of a behavior: changes to fields, made in the file's order.

use crate::section::Section;
use crate::{Span, Spanned, Written};

/// The keys of a change, for hints.
const KEYS: &[&str] = &["set", "add", "default", "remove", "value", "when"];

/// Most changes in one list. 128.
const RULES_MAX: usize = 128;

/// What becomes of a field.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum FieldAction {
    /// It says the value, whatever it said before.
    Set,
    /// A further line.
    Add,
    /// It says the value where it is not there.
    Default,
    /// It goes.
    Remove,
}

/// A change as written.
#[derive(Clone, PartialEq, Debug)]
pub struct FieldRuleSection {
    /// Where it begins.
    pub span: Span,
    /// What becomes of the field.
    pub action: FieldAction,
    /// The field's name.
    pub name: Spanned<String>,
    /// A template. `None`: it is removed, or the value could not be read.
    pub value: Option<Written>,
    /// Only for requests that this matches.
    pub when: Option<Written>,
}

pub(super) fn read(behavior: &Section<'_>, key: &'static str, what: &str) -> Vec<FieldRuleSection> {
    const EXAMPLE: &str = "as in [{ set = \"X-A\", value = \"b\" }, { remove = \"X-C\" }]";
    let called = |place| format!("{what} rule {place} of {}", behavior.name());
    let sections = behavior.tables(key, RULES_MAX, EXAMPLE, called);
    sections.into_iter().filter_map(|section| read_rule(section)).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the section is finished")]
fn read_rule(section: Section<'_>) -> Option<FieldRuleSection> {
    let reader = section.reader();
    let actions = [
        ("set", FieldAction::Set),
        ("add", FieldAction::Add),
        ("default", FieldAction::Default),
        ("remove", FieldAction::Remove),
    ];
    let mut found: Vec<_> =
        actions.into_iter().filter_map(|(key, action)| Some((key, action, section.text(key)?))).collect();
    found.sort_by_key(|(_, _, name)| name.span.start);
    let value = section.written("value");
    let when = section.written("when");
    if let [(first, ..), (second, _, name), ..] = found.as_slice() {
        let message = format!("{} has both `{first}` and `{second}`", section.name());
        let hint = "one change each, in the order in which they are made";
        reader.report(reader.mistake(&name.span, message, "a second change").hint(hint));
    }
    let is_said = actions.iter().any(|(key, _)| section.place(key).is_some());
    if !is_said {
        let message = format!("{} changes nothing", section.name());
        let hint = "it has one of `set`, `add`, `default` and `remove`, as in { remove = \"X-B\" }";
        reader.report_absence(reader.mistake(section.span(), message, "").hint(hint));
    }
    let Some((key, action, name)) = found.into_iter().next() else {
        section.finish(&[("a change", KEYS)]);
        return None;
    };
    match (action, &value) {
        (FieldAction::Remove, Some(value)) => {
            let message = format!("{} removes a field, but has a `value`", section.name());
            reader.report(reader.mistake(&value.span, message, "of no use"));
        }
        (FieldAction::Set | FieldAction::Add | FieldAction::Default, None)
            if section.place("value").is_none() =>
        {
            section.missing("value", format!("as in {{ {key} = {:?}, value = \"…\" }}", name.value));
        }
        _ => {}
    }
    let span = section.span().clone();
    section.finish(&[("a change", KEYS)]);
    Some(FieldRuleSection { span, action, name, value, when })
}
