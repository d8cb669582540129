//! Reading one table key by key: each read says what it wants, reports what it finds instead, and is remembered,
//! so that in the end every key that nobody asked for is a mistake.

mod meant;
mod numbers;
mod parts;

use self::meant::{UNVERIFIED, VALUES_ELSEWHERE, list_example, table_example};
use crate::near::nearest;
use crate::reader::Reader;
use crate::{Mistake, Span, Spanned, quoted};
use std::cell::RefCell;
use std::fmt::Display;
use toml::Spanned as Parsed;
use toml::de::{DeTable, DeValue};

/// Longest text that a file may hold. Bytes.
const TEXT_BYTES_MAX: usize = 4096;
/// Most members of a list or table, unless it says otherwise.
pub(crate) const MEMBERS_MAX: usize = 64;

/// Words of other houses for what is called differently here.
const WORDS_ELSEWHERE: [(&str, &str); 49] = [
    ("ttl", "lifetime"),
    ("max_age", "lifetime"),
    ("min_ttl", "lifetime_min"),
    ("max_ttl", "lifetime_max"),
    ("default_ttl", "lifetime_default"),
    ("ttl_by_status", "status_lifetimes"),
    ("grace", "stale_if_error"),
    ("swr", "stale_while_revalidate"),
    ("backend", "origin"),
    ("upstream", "origin"),
    ("proxy_pass", "origin"),
    ("backends", "origins"),
    ("upstreams", "origins"),
    ("domains", "hosts"),
    ("server_name", "hosts"),
    ("hostnames", "hosts"),
    ("routes", "behaviors"),
    ("locations", "behaviors"),
    ("rules", "behaviors"),
    ("pattern", "path"),
    ("match", "path"),
    ("address", "url"),
    ("port", "url"),
    ("query_string", "query"),
    ("origin_groups", "groups"),
    ("pools", "groups"),
    ("clusters", "groups"),
    ("condition", "when"),
    ("if", "when"),
    ("expression", "when"),
    ("health_check", "probe"),
    ("gzip", "compression"),
    ("compress", "compression"),
    ("rate_limit", "rate_limits"),
    ("redirect", "redirects"),
    ("rewrite", "rewrites"),
    ("unset", "remove"),
    ("delete", "remove"),
    ("append", "add"),
    ("overwrite", "set"),
    ("code", "status"),
    ("location", "to"),
    ("target", "to"),
    ("enabled", "mode"),
    ("enable", "mode"),
    ("ignore_query", "query"),
    ("ignore_query_string", "query"),
    ("healthcheck", "probe"),
    ("health_checks", "probe"),
];

/// A table of the file.
pub(crate) struct Section<'a> {
    reader: &'a Reader<'a>,
    table: &'a DeTable<'a>,
    /// As messages call it: ``origin `app` ``.
    name: String,
    /// Where it begins.
    span: Span,
    known: RefCell<Vec<&'static str>>,
}

/// Whether an empty list says something.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(crate) enum Empty {
    Allowed,
    /// It is a mistake, and this is what to do instead.
    Refused(&'static str),
}

impl<'a> Section<'a> {
    pub(crate) fn new(
        reader: &'a Reader<'a>,
        table: &'a DeTable<'a>,
        name: impl Into<String>,
        span: Span,
    ) -> Section<'a> {
        Section { reader, table, name: name.into(), span, known: RefCell::default() }
    }

    pub(crate) fn reader(&self) -> &'a Reader<'a> {
        self.reader
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the table has no keys.
    pub(crate) fn is_empty(&self) -> bool {
        self.table.is_empty()
    }

    /// Names it better, once its own name has been read.
    pub(crate) fn rename(&mut self, name: impl Into<String>) {
        self.name = name.into();
    }

    pub(crate) fn span(&self) -> &Span {
        &self.span
    }

    /// The value of `key`, which from now on is known.
    pub(crate) fn value(&self, key: &'static str) -> Option<&'a Parsed<DeValue<'a>>> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Where the value of `key` stands, if there is one. Asks for nothing: the key is not known by it.
    pub(crate) fn place(&self, key: &str) -> Option<Span> {
        self.table.iter().find(|(found, _)| found.get_ref() == key).map(|(_, value)| value.span())
    }

    fn entry(&self, key: &'static str) -> Option<(Span, &'a Parsed<DeValue<'a>>)> {
        if !self.known.borrow().contains(&key) {
            self.known.borrow_mut().push(key);
        }
        let (key, value) = self.table.iter().find(|(found, _)| found.get_ref() == key)?;
        Some((key.span(), value))
    }

    pub(crate) fn text(&self, key: &'static str) -> Option<Spanned<String>> {
        self.as_text(key, self.value(key)?)
    }

    pub(crate) fn flag(&self, key: &'static str, default: bool) -> bool {
        let Some(value) = self.value(key) else { return default };
        match value.get_ref() {
            DeValue::Boolean(flag) => *flag,
            _ => self.wrong_kind(key, value, "`true` or `false`", None).unwrap_or(default),
        }
    }

    /// One of a few words.
    pub(crate) fn choice<T: Copy>(
        &self,
        key: &'static str,
        choices: &[(&'static str, T)],
    ) -> Option<Spanned<T>> {
        let text = self.text(key)?;
        if let Some((_, choice)) = choices.iter().find(|(word, _)| *word == text.value) {
            return Some(Spanned::new(*choice, text.span));
        }
        let words: Vec<&str> = choices.iter().map(|(word, _)| *word).collect();
        let message = format!("`{key}` of {} cannot be {}", self.name, quoted(&text));
        let elsewhere = VALUES_ELSEWHERE.iter().find(|(word, _)| word.eq_ignore_ascii_case(&text));
        let ours = elsewhere.map(|(_, ours)| *ours).filter(|ours| words.contains(ours));
        let hint = match ours.or_else(|| nearest(&text, words.iter().copied())) {
            Some(word) => format!("did you mean \"{word}\"?"),
            None => format!("it is {}", any_of(words.iter().map(|word| format!("\"{word}\"")))),
        };
        self.reader.report(self.reader.mistake(&text.span, message, "not one of its values").hint(hint));
        None
    }

    /// A list of texts without repetition; one text alone counts as a list of one.
    pub(crate) fn texts(
        &self,
        key: &'static str,
        members_max: usize,
        empty: Empty,
    ) -> Option<Spanned<Vec<Spanned<String>>>> {
        let value = self.value(key)?;
        self.as_texts(key, value, members_max, empty)
    }

    pub(crate) fn as_texts(
        &self,
        key: &str,
        value: &Parsed<DeValue<'_>>,
        members_max: usize,
        empty: Empty,
    ) -> Option<Spanned<Vec<Spanned<String>>>> {
        let members = match value.get_ref() {
            DeValue::String(_) => vec![self.as_text(key, value)?],
            DeValue::Array(array) => {
                array.iter().filter_map(|member| self.as_text(key, member)).collect::<Vec<_>>()
            }
            other => {
                let example = list_example(key, other);
                return self.wrong_kind(key, value, "a list of texts", Some(&example));
            }
        };
        let is_empty = matches!(value.get_ref(), DeValue::Array(array) if array.is_empty());
        if let (true, Empty::Refused(hint)) = (is_empty, empty) {
            let message = format!("`{key}` of {} is empty", self.name);
            self.reader.report(self.reader.mistake(&value.span(), message, "names nothing").hint(hint));
            return None;
        }
        if members.len() > members_max {
            let message = format!("`{key}` of {} has more than {members_max} members", self.name);
            let label = format!("member {}", members_max + 1);
            self.reader.report(self.reader.mistake(&members[members_max].span, message, label));
            return None;
        }
        for (place, member) in members.iter().enumerate() {
            if members[..place].contains(member) {
                let message = format!("`{key}` of {} names {} twice", self.name, quoted(member));
                self.reader.report(self.reader.mistake(&member.span, message, "named before"));
            }
        }
        Some(Spanned::new(members, value.span()))
    }

    /// The table under `key`.
    pub(crate) fn section(&self, key: &'static str, name: impl Into<String>) -> Option<Section<'a>> {
        let (key_span, value) = self.entry(key)?;
        match value.get_ref() {
            DeValue::Table(table) => Some(Section::new(self.reader, table, name, key_span)),
            _ => self.wrong_kind(key, value, "a table", table_example(key)),
        }
    }

    /// The members of the table under `key`, by name, with the places of the names.
    pub(crate) fn named(&self, key: &'static str, example: &str) -> Option<Vec<Named<'a>>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Table(table) => {
                let members = table.iter();
                Some(members.map(|(name, value)| (name.get_ref().to_string(), name.span(), value)).collect())
            }
            _ => self.wrong_kind(key, value, "a table with a name for each member", Some(example)),
        }
    }

    /// The members of the array of tables under `key`.
    pub(crate) fn list(&self, key: &'static str, example: &str) -> Option<Vec<&'a Parsed<DeValue<'a>>>> {
        let value = self.value(key)?;
        match value.get_ref() {
            DeValue::Array(array) => Some(array.iter().collect()),
            _ => self.wrong_kind(key, value, "a list of tables", Some(example)),
        }
    }

    /// Reports every key that nobody asked for. `elsewhere`: keys of tables below or above this one, with the
    /// name of that table, for whoever put one in the wrong place.
    pub(crate) fn finish(self, elsewhere: &[(&str, &[&str])]) {
        let known = self.known.borrow();
        for (key, _) in self.table {
            let name: &str = key.get_ref();
            if known.contains(&name) {
                continue;
            }
            let message = format!("unknown key {} in {}", quoted(name), self.name);
            // Looking for what was meant takes time; not for what will not be told.
            let hint =
                if self.reader.is_full() { String::new() } else { self.hint_for(name, &known, elsewhere) };
            self.reader.report(self.reader.mistake(&key.span(), message, "not known here").hint(hint));
        }
    }

    fn hint_for(&self, name: &str, known: &[&'static str], elsewhere: &[(&str, &[&str])]) -> String {
        let place_of =
            |key: &str| elsewhere.iter().find(|(_, keys)| keys.contains(&key)).map(|(place, _)| *place);
        if known.contains(&"ca_file") && UNVERIFIED.iter().any(|word| word.eq_ignore_ascii_case(name)) {
            return "certificates are always verified; one of your own making is trusted by `ca_file`"
                .to_owned();
        }
        let near = nearest(name, known.iter().copied());
        // `host` for `hosts`, although elsewhere there is a `host`.
        let close = near.filter(|near| near.starts_with(name) || name.starts_with(near));
        if let (None, Some(place)) = (close, place_of(name)) {
            return format!("it belongs in {place}");
        }
        let word = WORDS_ELSEWHERE.iter().find(|(word, _)| word.eq_ignore_ascii_case(name));
        if let Some((_, ours)) = word {
            if known.contains(ours) {
                return format!("did you mean `{ours}`?");
            }
            if let Some(place) = place_of(ours) {
                return format!("did you mean `{ours}` in {place}?");
            }
        }
        if let Some(near) = near {
            return format!("did you mean `{near}`?");
        }
        for (place, keys) in elsewhere {
            if let Some(near) = nearest(name, keys.iter().copied()) {
                return format!("did you mean `{near}` in {place}?");
            }
        }
        format!("known here: {}", known.iter().map(|key| format!("`{key}`")).collect::<Vec<_>>().join(", "))
    }

    pub(crate) fn as_text(&self, key: &str, value: &Parsed<DeValue<'_>>) -> Option<Spanned<String>> {
        let DeValue::String(text) = value.get_ref() else {
            return self.wrong_kind(key, value, "a text in quotes", None);
        };
        if text.len() > TEXT_BYTES_MAX {
            let message = format!("`{key}` of {} is longer than {TEXT_BYTES_MAX} bytes", self.name);
            self.reader.report(self.reader.mistake(&value.span(), message, "too long"));
            return None;
        }
        Some(Spanned::new(text.to_string(), value.span()))
    }

    /// Reports a value of the wrong kind; always `None`.
    pub(crate) fn wrong_kind<T>(
        &self,
        key: &str,
        value: &Parsed<DeValue<'_>>,
        wanted: &str,
        hint: Option<&str>,
    ) -> Option<T> {
        let message = format!("`{key}` of {} must be {wanted}", self.name);
        let mistake =
            self.reader.mistake(&value.span(), message, format!("this is {}", kind(value.get_ref())));
        self.reader.report(match hint {
            Some(hint) => mistake.hint(hint),
            None => mistake,
        });
        None
    }

    /// Reports that `key` is not there.
    pub(crate) fn missing(&self, key: &str, hint: impl Into<String>) {
        let message = format!("{} lacks `{key}`", self.name);
        let mistake = self.reader.mistake(&self.span, message, "").hint(hint);
        self.reader.report_absence(mistake);
    }
}

/// A member of a table: its name, where the name stands, its value.
pub(crate) type Named<'a> = (String, Span, &'a Parsed<DeValue<'a>>);

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a fraction",
        DeValue::Boolean(_) => "a truth value",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// `a, b or c`
pub(crate) fn any_of(words: impl IntoIterator<Item = impl Display>) -> String {
    let words: Vec<String> = words.into_iter().map(|word| word.to_string()).collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} or {last}", rest.join(", ")),
        _ => words.concat(),
    }
}

/// A name as it appears in labels, logs and on the command line: letters, digits, `.`, `-`, `_`; at most 64.
pub(crate) fn is_name(name: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b".-_".contains(&b);
    !name.is_empty() && name.len() <= 64 && name.bytes().all(fits)
}

impl Section<'_> {
    /// Reports a name that is none.
    pub(crate) fn check_name(&self, what: &str, name: &str, span: &Span) {
        if !is_name(name) {
            let message = format!("{what} cannot be called {}", quoted(name));
            let hint = "letters, digits, `.`, `-` and `_`, at most 64";
            let mistake: Mistake = self.reader.mistake(span, message, "not a name").hint(hint);
            self.reader.report(mistake);
        }
    }
}
