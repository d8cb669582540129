//! A behavior's changes to header fields, worked out for one message: which lines go, and which come.

use crate::origin::fields::is_read_as;
use littoral_policy::{FieldChange, FieldRule};
use littoral_rules::{Scope, Template};
use smallvec::SmallVec;

/// What becomes of the fields of one message.
#[derive(Default)]
pub(crate) struct Changes<'a> {
    fields: SmallVec<[Changed<'a>; 4]>,
}

struct Changed<'a> {
    /// In lower case.
    name: &'a [u8],
    /// The lines that the message came with stay.
    keeps: bool,
    values: SmallVec<[Vec<u8>; 1]>,
}

impl<'a> Changes<'a> {
    /// What `rules`, in their order, make of a message that has the fields for which `has` says so.
    pub(crate) fn of(rules: &'a [FieldRule], scope: &Scope<'_>, has: impl Fn(&[u8]) -> bool) -> Changes<'a> {
        let mut changes = Changes::default();
        for rule in rules {
            if rule.when.as_ref().is_some_and(|when| !when.matches(&scope.subject)) {
                continue;
            }
            let changed = changes.field(rule.name.as_bytes());
            match &rule.change {
                FieldChange::Set(template) => {
                    changed.keeps = false;
                    changed.values.clear();
                    changed.push(template, scope);
                }
                FieldChange::Add(template) => changed.push(template, scope),
                FieldChange::Default(template) => {
                    if changed.values.is_empty() && !(changed.keeps && has(changed.name)) {
                        changed.push(template, scope);
                    }
                }
                FieldChange::Remove => {
                    changed.keeps = false;
                    changed.values.clear();
                }
            }
        }
        changes
    }

    fn field(&mut self, name: &'a [u8]) -> &mut Changed<'a> {
        let at = match self.fields.iter().position(|changed| changed.name == name) {
            Some(at) => at,
            None => {
                self.fields.push(Changed { name, keeps: true, values: SmallVec::new() });
                self.fields.len() - 1
            }
        };
        &mut self.fields[at]
    }

    /// Whether a line that the message came with stays.
    pub(crate) fn keep(&self, name: &[u8]) -> bool {
        self.fields.iter().all(|changed| changed.keeps || !changed.name.eq_ignore_ascii_case(name))
    }

    /// The same, of a name that the receiver may take for another.
    pub(crate) fn keep_as_read(&self, name: &[u8]) -> bool {
        self.fields.iter().all(|changed| changed.keeps || !is_read_as(name, changed.name))
    }

    /// The lines that come, in the order in which their names were first named.
    pub(crate) fn lines(&self) -> impl Iterator<Item = (&[u8], &[u8])> {
        self.fields
            .iter()
            .flat_map(|changed| changed.values.iter().map(|value| (changed.name, value.as_slice())))
    }

    /// Names of fields of which all lines go and none comes.
    pub(crate) fn removed(&self) -> impl Iterator<Item = &[u8]> {
        let gone = self.fields.iter().filter(|changed| !changed.keeps && changed.values.is_empty());
        gone.map(|changed| changed.name)
    }
}

impl Changed<'_> {
    /// An empty value is no line.
    fn push(&mut self, template: &Template, scope: &Scope<'_>) {
        let mut value = Vec::new();
        template.render(scope, &mut value);
        let value = value.trim_ascii();
        if !value.is_empty() {
            self.values.push(value.to_vec());
        }
    }
}

/// Whether these rules make the same of every answer: no conditions, no variables.
pub(crate) fn are_static(rules: &[FieldRule]) -> bool {
    rules.iter().all(|rule| {
        rule.when.is_none()
            && match &rule.change {
                FieldChange::Set(template) | FieldChange::Add(template) | FieldChange::Default(template) => {
                    template.as_literal().is_some()
                }
                FieldChange::Remove => true,
            }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use littoral_rules::{Filter, Subject, Variables};

    fn rule(name: &str, change: &str, value: &str, when: Option<&str>) -> FieldRule {
        let template = || Template::parse(value, Variables::REQUEST).unwrap();
        FieldRule {
            name: name.into(),
            change: match change {
                "set" => FieldChange::Set(template()),
                "add" => FieldChange::Add(template()),
                "default" => FieldChange::Default(template()),
                _ => FieldChange::Remove,
            },
            when: when.map(|when| Filter::parse(when).unwrap()),
        }
    }

    /// What the rules make of a message with these fields, as `name=value` lines.
    fn made(rules: &[FieldRule], before: &[(&str, &str)]) -> Vec<String> {
        let scope = Scope { node: b"n1", ..Scope::new(Subject::new(b"a.test", b"/p", b"GET")) };
        let changes = Changes::of(rules, &scope, |name| before.iter().any(|line| line.0.as_bytes() == name));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let kept = before.iter().filter(|line| changes.keep(line.0.as_bytes()));
        let kept = kept.map(|(name, value)| format!("{name}={value}"));
        kept.chain(changes.lines().map(|(name, value)| format!("{}={}", text(name), text(value)))).collect()
    }

    #[test]
    fn rules_apply_in_their_order() {
        let before = [("x-a", "1"), ("x-a", "2"), ("x-b", "3")];
        let check = |rules: &[FieldRule], expected: &[&str]| assert_eq!(made(rules, &before), expected);
        check(&[], &["x-a=1", "x-a=2", "x-b=3"]);
        check(&[rule("x-a", "set", "9", None)], &["x-b=3", "x-a=9"]);
        check(&[rule("x-a", "add", "9", None)], &["x-a=1", "x-a=2", "x-b=3", "x-a=9"]);
        check(&[rule("x-a", "remove", "", None)], &["x-b=3"]);
        check(&[rule("x-a", "default", "9", None)], &["x-a=1", "x-a=2", "x-b=3"]);
        check(&[rule("x-c", "default", "9", None)], &["x-a=1", "x-a=2", "x-b=3", "x-c=9"]);
        check(&[rule("x-a", "remove", "", None), rule("x-a", "default", "9", None)], &["x-b=3", "x-a=9"]);
        check(&[rule("x-a", "set", "9", None), rule("x-a", "remove", "", None)], &["x-b=3"]);
        check(&[rule("x-a", "set", "8", None), rule("x-a", "add", "9", None)], &["x-b=3", "x-a=8", "x-a=9"]);
    }

    #[test]
    fn rules_that_are_not_met_change_nothing_and_empty_values_are_no_lines() {
        let before = [("x-a", "1")];
        assert_eq!(made(&[rule("x-a", "set", "9", Some("path == \"/q\""))], &before), ["x-a=1"]);
        assert_eq!(
            made(&[rule("x-a", "set", "${host}${node}", Some("path == \"/p\""))], &before),
            ["x-a=a.testn1"]
        );
        assert_eq!(made(&[rule("x-a", "set", "${header.x-none}", None)], &before), Vec::<String>::new());
    }
}
