//! `[[behaviors]]`: a match and what is done with what it matches.

use super::cache::{self, CacheSection};
use super::compression::{self, CompressionSection};
use super::field_rule::{self, FieldRuleSection};
use super::key::{self, KeySection};
use super::rate::{self, RateLimitSection};
use super::redirect::{self, PathChangeSection, RedirectSection};
use crate::section::{Empty, MEMBERS_MAX, Section};
use crate::{Bounds, Span, Spanned, Written, quoted};
use toml::Spanned as Parsed;
use toml::de::DeValue;

/// The keys of a behavior, for hints.
pub(super) const KEYS: &[&str] = &[
    "name",
    "path",
    "methods",
    "hosts",
    "when",
    "origin",
    "allow_methods",
    "cache",
    "key",
    "redirects",
    "rewrites",
    "request_headers",
    "response_headers",
    "compression",
    "rate_limits",
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
    /// A condition in the filter language. Default: none.
    pub when: Option<Written>,
    /// The name of an origin or group. May be left out where the site has one origin, and where every request is
    /// redirected.
    pub origin: Option<Spanned<String>>,
    /// Methods that are let through; others that match are answered 405. Default: all but `TRACE` and `CONNECT`.
    pub allow_methods: Option<Spanned<Vec<Spanned<String>>>>,
    /// Whether `path`, `methods`, `hosts` and `when` are all that the file says of them; where one could not be read, the
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
    /// Where clients are sent instead; the first that fits. At most 256.
    pub redirects: Vec<RedirectSection>,
    /// What the origin is asked for instead; the first that fits. At most 256.
    pub rewrites: Vec<PathChangeSection>,
    /// Changes to what the origin receives. At most 128.
    pub request_headers: Vec<FieldRuleSection>,
    /// Changes to what clients receive. At most 128.
    pub response_headers: Vec<FieldRuleSection>,
    /// What is compressed on its way to clients.
    pub compression: CompressionSection,
    /// How often each client may ask. At most 16.
    pub rate_limits: Vec<RateLimitSection>,
}

pub(super) fn read(site: &Section<'_>, place: usize, value: &Parsed<DeValue<'_>>) -> Option<BehaviorSection> {
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
    let when = section.written("when");
    let read = [
        ("path", path.is_some()),
        ("methods", methods.is_some()),
        ("hosts", hosts.is_some()),
        ("when", when.is_some()),
    ];
    let match_known = read.iter().all(|(key, read)| *read || section.place(key).is_none());
    let origin = section.text("origin");
    let allow_methods =
        section.texts("allow_methods", MEMBERS_MAX, Empty::Refused("leave it out to allow every method"));
    let behavior = BehaviorSection {
        span: value.span(),
        name,
        path,
        methods,
        hosts,
        when,
        origin,
        allow_methods,
        match_known,
        cache: cache::read(&section),
        key: key::read(&section),
        upgrade: section.texts("upgrade", MEMBERS_MAX, Empty::Allowed).map(|list| list.value),
        request_body_bytes_max: section.size("request_body_max", REQUEST_BODY_MAX),
        last_modified_in_304: section.flag("last_modified_in_304", false),
        redirects: redirect::read_redirects(&section),
        rewrites: redirect::read_rewrites(&section),
        request_headers: field_rule::read(&section, "request_headers", "request"),
        response_headers: field_rule::read(&section, "response_headers", "response"),
        compression: compression::read(&section),
        rate_limits: rate::read(&section),
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
            when: None,
            origin: None,
            allow_methods: None,
            match_known: true,
            cache: CacheSection::default(),
            key: KeySection::default(),
            upgrade: None,
            request_body_bytes_max: REQUEST_BODY_MAX.default,
            last_modified_in_304: false,
            redirects: Vec::new(),
            rewrites: Vec::new(),
            request_headers: Vec::new(),
            response_headers: Vec::new(),
            compression: CompressionSection::default(),
            rate_limits: Vec::new(),
        }
    }
}
