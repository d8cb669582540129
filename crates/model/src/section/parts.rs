//! Kinds of values that several tables have: lists of tables, texts in a language of their own, secrets, statuses.

use super::{Empty, MEMBERS_MAX, Section};
use crate::{Mistake, Secret, Spanned, Written};
use toml::Spanned as Parsed;
use toml::de::DeValue;

impl<'a> Section<'a> {
    /// A text with a language of its own.
    pub(crate) fn written(&self, key: &'static str) -> Option<Written> {
        let text = self.text(key)?;
        Some(Written::in_source(text.value, text.span, self.reader().source()))
    }

    /// The tables of the list under `key`; one table alone counts as a list of one. `name` says what messages call
    /// the one at a place, from 1.
    pub(crate) fn tables(
        &self,
        key: &'static str,
        most: usize,
        example: &str,
        name: impl Fn(usize) -> String,
    ) -> Vec<Section<'a>> {
        let Some(value) = self.value(key) else { return Vec::new() };
        let members: Vec<&'a Parsed<DeValue<'a>>> = match value.get_ref() {
            DeValue::Array(array) => array.iter().collect(),
            DeValue::Table(_) => vec![value],
            _ => {
                self.wrong_kind::<()>(key, value, "a list of tables", Some(example));
                Vec::new()
            }
        };
        if let Some(one_too_many) = members.get(most) {
            let message = format!("`{key}` of {} has more than {most} members", self.name());
            let label = format!("member {}", most + 1);
            self.reader().report(self.reader().mistake(&one_too_many.span(), message, label));
        }
        let members = members.into_iter().take(most).enumerate();
        members
            .filter_map(|(place, member)| match member.get_ref() {
                DeValue::Table(table) => {
                    Some(Section::new(self.reader(), table, name(place + 1), member.span()))
                }
                _ => self.wrong_kind(&format!("{key}[{place}]"), member, "a table", Some(example)),
            })
            .collect()
    }

    /// What is secret: under `key`, or in the file that `key_file` names. Both is a mistake.
    pub(crate) fn secret(&self, key: &'static str, key_file: &'static str) -> Option<Secret> {
        let (given, file) = (self.text(key), self.text(key_file));
        if let (Some(_), Some(file)) = (&given, &file) {
            let message = format!("{} has both `{key}` and `{key_file}`", self.name());
            let mistake = self.reader().mistake(&file.span, message, "one of the two");
            self.reader()
                .report(mistake.hint("a file keeps it out of the site's own, which many get to see"));
        }
        file.map(Secret::File).or(given.map(Secret::Given))
    }

    /// As [`Section::secret`], where there has to be one.
    pub(crate) fn needed_secret(&self, key: &'static str, key_file: &'static str) -> Option<Secret> {
        let found = self.secret(key, key_file);
        if found.is_none() && self.value(key).is_none() && self.value(key_file).is_none() {
            self.missing(key, format!("say it, or name a file that holds it: {key_file} = \"…\""));
        }
        found
    }

    /// A text that has to be there.
    pub(crate) fn needed_text(&self, key: &'static str, hint: &str) -> Option<Spanned<String>> {
        let found = self.text(key);
        if found.is_none() && self.value(key).is_none() {
            self.missing(key, hint);
        }
        found
    }

    /// Statuses and classes of them, as texts: `"404"`, `"5xx"`. Bare numbers are as good.
    pub(crate) fn statuses(&self, key: &'static str, empty: Empty) -> Option<Vec<Spanned<String>>> {
        let value = self.value(key)?;
        let as_number = |member: &Parsed<DeValue<'_>>| match member.get_ref() {
            DeValue::Integer(integer) if integer.radix() == 10 => {
                Some(Spanned::new(integer.as_str().to_owned(), member.span()))
            }
            _ => None,
        };
        if let Some(one) = as_number(value) {
            return Some(vec![one]);
        }
        match value.get_ref() {
            DeValue::Array(array) if array.iter().any(|member| as_number(member).is_some()) => {
                let read = |member| as_number(member).or_else(|| self.as_text(key, member));
                let members: Vec<_> = array.iter().filter_map(read).take(MEMBERS_MAX).collect();
                self.check_repeated(key, &members);
                Some(members)
            }
            _ => self.as_texts(key, value, MEMBERS_MAX, empty).map(|list| list.value),
        }
    }

    fn check_repeated(&self, key: &str, members: &[Spanned<String>]) {
        for (place, member) in members.iter().enumerate() {
            if members[..place].contains(member) {
                let message = format!("`{key}` of {} names {} twice", self.name(), crate::quoted(member));
                let mistake: Mistake = self.reader().mistake(&member.span, message, "named before");
                self.reader().report(mistake);
            }
        }
    }
}
