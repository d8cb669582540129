//! `[behaviors.key]`: what tells one stored response from another, beside the path.

use crate::section::{Empty, MEMBERS_MAX, Section};
use crate::{Span, Spanned, quoted};
use toml::de::DeValue;

/// The keys of the key table, for hints.
pub(super) const KEYS: &[&str] = &["query", "sort_query", "headers", "cookies", "host"];

const QUERY_EXAMPLE: &str = "it is \"all\", \"none\", { only = [\"page\"] } or { except = [\"utm_source\"] }";

/// Which query parameters are in the key. Those that are not are not forwarded either.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum QueryKey {
    /// The query as it is.
    #[default]
    All,
    /// None of it.
    None,
    /// These parameters. 1 to 64.
    Only(Vec<Spanned<String>>),
    /// All but these. 1 to 64.
    Except(Vec<Spanned<String>>),
}

/// Which host is in the key.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum HostKey {
    /// The site's canonical one: its hosts share what is stored.
    #[default]
    Canonical,
    /// The one that the client named, which the origin then gets to see.
    Client,
}

/// The key settings of a behavior as written.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct KeySection {
    /// Default all.
    pub query: QueryKey,
    /// Where `query` stands.
    pub query_span: Option<Span>,
    /// Whether parameters are sorted by name, in the key and for the origin. Default false.
    pub sort_query: Option<Spanned<bool>>,
    /// Request fields whose values are in the key. Default none; at most 64.
    pub headers: Vec<Spanned<String>>,
    /// Cookies whose values are in the key; a fetch for the cache carries no others. Default none; at most 64.
    pub cookies: Vec<Spanned<String>>,
    /// Default canonical.
    pub host: HostKey,
    /// Where the table begins, if the file has one.
    pub span: Option<Span>,
}

pub(super) fn read(behavior: &Section<'_>) -> KeySection {
    let Some(section) = behavior.section("key", format!("the key of {}", behavior.name())) else {
        return KeySection::default();
    };
    const HOSTS: &[(&str, HostKey)] = &[("canonical", HostKey::Canonical), ("client", HostKey::Client)];
    let names =
        |key| section.texts(key, MEMBERS_MAX, Empty::Allowed).map(|list| list.value).unwrap_or_default();
    let sort_query = section.place("sort_query");
    let key = KeySection {
        query: read_query(&section).unwrap_or_default(),
        query_span: section.place("query"),
        sort_query: sort_query.map(|span| Spanned::new(section.flag("sort_query", false), span)),
        headers: names("headers"),
        cookies: names("cookies"),
        host: section.choice("host", HOSTS).map(|host| host.value).unwrap_or_default(),
        span: Some(section.span().clone()),
    };
    // Known even where the file does not have it.
    section.flag("sort_query", false);
    section.finish(&[("[behaviors.cache]", super::cache::KEYS), ("[[behaviors]]", super::behavior::KEYS)]);
    key
}

fn read_query(section: &Section<'_>) -> Option<QueryKey> {
    let value = section.value("query")?;
    match value.get_ref() {
        DeValue::String(text) if text == "all" => Some(QueryKey::All),
        DeValue::String(text) if text == "none" => Some(QueryKey::None),
        DeValue::String(text) => {
            let message = format!("`query` of {} cannot be {}", section.name(), quoted(text));
            let mistake = section.reader().mistake(&value.span(), message, "not one of its values");
            section.reader().report(mistake.hint(QUERY_EXAMPLE));
            None
        }
        DeValue::Table(table) => {
            let called = format!("`query` in {}", section.name());
            let choice = Section::new(section.reader(), table, called, value.span());
            let query = read_choice(section, &choice);
            choice.finish(&[]);
            query
        }
        _ => section.wrong_kind("query", value, "a text or a table", Some(QUERY_EXAMPLE)),
    }
}

fn read_choice(section: &Section<'_>, choice: &Section<'_>) -> Option<QueryKey> {
    let only =
        choice.texts("only", MEMBERS_MAX, Empty::Refused("to keep no parameter, say query = \"none\""));
    let except = choice.texts("except", MEMBERS_MAX, Empty::Refused("to keep all, say query = \"all\""));
    match (only, except) {
        (Some(only), None) => Some(QueryKey::Only(only.value)),
        (None, Some(except)) => Some(QueryKey::Except(except.value)),
        (Some(_), Some(except)) => {
            let message = format!("`query` of {} has both `only` and `except`", section.name());
            let mistake = section.reader().mistake(&except.span, message, "one of the two");
            section.reader().report(mistake.hint("`only` names what counts, `except` what does not"));
            None
        }
        (None, None) => {
            if choice.is_empty() {
                let message = format!("`query` of {} names neither `only` nor `except`", section.name());
                let mistake = section.reader().mistake(choice.span(), message, "");
                section.reader().report_absence(mistake.hint(QUERY_EXAMPLE));
            }
            None
        }
    }
}
