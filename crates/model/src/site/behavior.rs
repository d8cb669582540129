//! `[[behaviors]]`: a match and what is done with what it matches.

use super::cache::{self, CacheSection};
use super::key::{self, KeySection};
use crate::section::{Empty, MEMBERS_MAX, Section};
use crate::{Bounds, Span, Spanned, quoted};
use toml::Spanned as Parsed;
use toml::de::DeValue;

/// The keys of a behavior, for hints.
pub(super) const KEYS: &[&str] = &[
    "name",
    "path",
    "methods",
    "hosts",
    "origin",
    "allow_methods",
    "cache",
    "key",
    "upgrade",
    "request_body_max",
    "last_modified_in_304",
];

/// Bytes of a request's content.
const REQUEST_BODY_MAX: Bounds<u64> = Bounds::new(1 << 30, 0, 1 << 40);

/// A behavior as written.
#[derive(Clone, PartialEq, Debug)]
pub struct BehaviorSection {
    /// Where the behavior begins in the file.
    pub span: Span,
    /// What logs, metrics and messages call it. Default: its first path, or `*`.
    pub name: Spanned<String>,
    /// Path patterns, any of which may match. Default: every path. At most 64.
    pub path: Option<Spanned<Vec<Spanned<String>>>>,
    /// Methods, any of which may match. Default: every method.
    pub methods: Option<Spanned<Vec<Spanned<String>>>>,
    /// Hosts or host patterns, any of which may match. Default: every host of the site.
    pub hosts: Option<Spanned<Vec<Spanned<String>>>>,
    /// The origin's name. May be left out where the site has one origin.
    pub origin: Option<Spanned<String>>,
    /// Methods that are let through; others that match are answered 405. Default: all but `TRACE` and `CONNECT`.
    pub allow_methods: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether `path`, `methods` and `hosts` are all that the file says of them; where one could not be read, the
    /// behavior matches something else than is known here.
    pub match_known: bool,
    /// `[behaviors.cache]`
    pub cache: CacheSection,
    /// `[behaviors.key]`
    pub key: KeySection,
    /// Protocols that a client may upgrade to. Default `websocket`; an empty list allows none.
    pub upgrade: Option<Vec<Spanned<String>>>,
    /// Most bytes of a request's content. Default 1 GiB; 0 B to 1 TiB. Beyond: 413.
    pub request_body_bytes_max: u64,
    /// Whether a 304 repeats `Last-Modified` even where there is an `ETag`. Default false.
    pub last_modified_in_304: bool,
}

pub(super) fn read(
    site: &Section<'_>,
    place: usize,
    value: &Parsed<DeValue<'_>>,
    several_origins: bool,
) -> Option<BehaviorSection> {
    let DeValue::Table(table) = value.get_ref() else {
        let called = format!("behaviors[{place}]");
        return site.wrong_kind(&called, value, "a table", Some("as in [[behaviors]] with path = \"/*\""));
    };
    let mut section = Section::new(site.reader(), table, format!("behavior {}", place + 1), value.span());
    let given = section.text("name");
    let path = section.texts("path", MEMBERS_MAX, Empty::Refused("leave it out to match every path"));
    let first = path.as_ref().and_then(|list| list.first().cloned());
    if let Some(given) = &given {
        check_label(&section, given);
    }
    let name = given.or(first).unwrap_or_else(|| Spanned::new("*".to_owned(), value.span()));
    section.rename(format!("behavior {}", quoted(&name)));

    let methods = section.texts("methods", MEMBERS_MAX, Empty::Refused("leave it out to match every method"));
    let hosts =
        section.texts("hosts", MEMBERS_MAX, Empty::Refused("leave it out to match every host of the site"));
    let match_known = [("path", &path), ("methods", &methods), ("hosts", &hosts)]
        .iter()
        .all(|(key, read)| read.is_some() || section.place(key).is_none());
    let origin = section.text("origin");
    if several_origins && section.value("origin").is_none() {
        section.missing("origin", "the site has several origins; say which one");
    }
    let allow_methods =
        section.texts("allow_methods", MEMBERS_MAX, Empty::Refused("leave it out to allow every method"));
    let behavior = BehaviorSection {
        span: value.span(),
        name,
        path,
        methods,
        hosts,
        origin,
        allow_methods,
        match_known,
        cache: cache::read(&section),
        key: key::read(&section),
        upgrade: section.texts("upgrade", MEMBERS_MAX, Empty::Allowed).map(|list| list.value),
        request_body_bytes_max: section.size("request_body_max", REQUEST_BODY_MAX),
        last_modified_in_304: section.flag("last_modified_in_304", false),
    };
    section.finish(&[("[behaviors.cache]", cache::KEYS), ("[behaviors.key]", key::KEYS)]);
    Some(behavior)
}

/// Names go into metrics and logs.
fn check_label(section: &Section<'_>, name: &Spanned<String>) {
    if name.is_empty() || name.len() > 256 || name.chars().any(char::is_control) {
        let message = format!("a behavior cannot be called {}", quoted(name));
        let hint = "1 to 256 bytes without control characters";
        section.reader().report(section.reader().mistake(&name.span, message, "not a name").hint(hint));
    }
}

impl Default for BehaviorSection {
    /// Everything, cached as the origin says.
    fn default() -> BehaviorSection {
        BehaviorSection {
            span: 0..0,
            name: Spanned::new("*".to_owned(), 0..0),
            path: None,
            methods: None,
            hosts: None,
            origin: None,
            allow_methods: None,
            match_known: true,
            cache: CacheSection::default(),
            key: KeySection::default(),
            upgrade: None,
            request_body_bytes_max: REQUEST_BODY_MAX.default,
            last_modified_in_304: false,
        }
    }
}
