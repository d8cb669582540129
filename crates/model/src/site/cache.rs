//! `[behaviors.cache]`: what is stored, and for how long it is fresh.

use crate::section::{Empty, MEMBERS_MAX, Section};
use crate::{Bounds, Span, Spanned, quoted};
use std::time::Duration;

/// The keys of the cache table, for hints.
pub(super) const KEYS: &[&str] = &[
    "mode",
    "lifetime",
    "lifetime_min",
    "lifetime_max",
    "lifetime_default",
    "lifetime_downstream",
    "origin_directives",
    "client_directives",
    "heuristic",
    "status_lifetimes",
    "stale_while_revalidate",
    "stale_if_error",
    "stale_if_disconnected",
    "set_cookie",
    "request_cookie",
    "close_delimited",
    "targeted_fields",
    "ranges",
    "response_bytes_max",
    "type_guard",
    "immutable",
    "bypass",
];

const fn days(default: u64, least: u64, most: u64) -> Bounds<Duration> {
    const DAY: u64 = 86_400;
    Bounds::new(
        Duration::from_secs(default * DAY),
        Duration::from_secs(least * DAY),
        Duration::from_secs(most * DAY),
    )
}

/// Freshness lifetimes and stale times: none to ten years.
const LIFETIME: Bounds<Duration> = days(0, 0, 3650);
const STALE_IF_DISCONNECTED: Bounds<Duration> = days(1, 0, 3650);
/// Bytes of a response's content.
const RESPONSE_BYTES_MAX: Bounds<u64> = Bounds::new(64 << 20, 1 << 10, 1 << 40);

/// What of the cache a behavior uses.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum CacheMode {
    /// RFC 9111 with the settings beside it.
    #[default]
    Standard,
    /// Nothing is looked up and nothing is stored.
    Bypass,
}

/// Whether the origin's caching fields count.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum OriginDirectives {
    /// They do.
    #[default]
    Honour,
    /// They do not, `private` and `no-store` included.
    Ignore,
}

/// Whether a client's caching fields count.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum ClientDirectives {
    /// They do not.
    #[default]
    Ignore,
    /// They do: a client can make the edge ask the origin.
    Honour,
}

/// What becomes of responses with `Set-Cookie`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum SetCookie {
    /// `"explicit"`: stored when the origin itself says that they may be.
    #[default]
    Explicit,
    /// Never stored.
    Never,
    /// Stored without the field, which nobody receives.
    Strip,
}

/// What becomes of answers to requests with `Cookie`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum RequestCookie {
    /// `"explicit"`: stored when the origin says that they are for all.
    #[default]
    Explicit,
    /// Stored like any other. Only for paths whose content no cookie changes.
    Ignore,
}

/// What the origin is asked for when a client asks for a range of what is not stored.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum Ranges {
    /// The range.
    #[default]
    Forward,
    /// The whole, which is stored; the client gets its range of it.
    Whole,
}

/// `404 = "10s"`
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StatusLifetime {
    /// 200 to 599.
    pub status: u16,
    /// Seconds; 0 to ten years.
    pub seconds: u32,
}

/// Requests that pass by the cache because something is in them, whatever its value.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct BypassSection {
    /// Names of cookies. Default none; at most 64.
    pub cookies: Vec<Spanned<String>>,
    /// Names of request fields. Default none; at most 64.
    pub headers: Vec<Spanned<String>>,
    /// Names of query parameters. Default none; at most 64.
    pub query: Vec<Spanned<String>>,
}

/// The cache settings of a behavior as written. Times are seconds, 0 to ten years, none by default.
#[derive(Clone, PartialEq, Debug)]
pub struct CacheSection {
    /// Default standard.
    pub mode: CacheMode,
    /// The first setting that makes sense only where something is stored, with its name.
    pub stores: Option<Spanned<&'static str>>,
    /// `lifetime`: freshness lifetime here, whatever the origin says of it.
    pub lifetime: Option<Spanned<u32>>,
    /// Lifetimes are at least this.
    pub lifetime_min: Option<Spanned<u32>>,
    /// Lifetimes are at most this.
    pub lifetime_max: Option<Spanned<u32>>,
    /// Lifetime where the origin says nothing.
    pub lifetime_default: Option<Spanned<u32>>,
    /// Lifetime that clients are told, in place of the origin's.
    pub lifetime_downstream: Option<Spanned<u32>>,
    /// Default honour.
    pub origin_directives: Option<Spanned<OriginDirectives>>,
    /// Default ignore.
    pub client_directives: ClientDirectives,
    /// Whether a lifetime is guessed from `Last-Modified` where nothing is said. Default true.
    pub heuristic: bool,
    /// Lifetimes by status where the origin says nothing. Default none; at most 64.
    pub status_lifetimes: Vec<Spanned<StatusLifetime>>,
    /// How long after its lifetime a response is served while it is being revalidated, where the origin says
    /// nothing.
    pub stale_while_revalidate: Option<Spanned<u32>>,
    /// How long after its lifetime a response is served when the origin fails, where the origin says nothing.
    pub stale_if_error: Option<Spanned<u32>>,
    /// How long after its lifetime a response is served when the origin cannot be reached. Default 1 day.
    pub stale_if_disconnected: u32,
    /// Default explicit.
    pub set_cookie: SetCookie,
    /// Default explicit.
    pub request_cookie: RequestCookie,
    /// Whether content that ended with its connection is stored. Default false.
    pub close_delimited: bool,
    /// Targeted fields (RFC 9213), the first that is there counts. Default `Littoral-CDN-Cache-Control`, then
    /// `CDN-Cache-Control`; an empty list: none.
    pub targeted_fields: Option<Vec<Spanned<String>>>,
    /// Default forward.
    pub ranges: Ranges,
    /// Most bytes of content that is stored; longer content passes through. Default 64 MiB; 1 KiB to 1 TiB.
    pub response_bytes_max: u64,
    /// Whether a response whose type contradicts the extension of its path stays unstored. Default true.
    pub type_guard: bool,
    /// Whether clients are told that what they have never changes (RFC 8246). Default false.
    pub immutable: bool,
    /// `bypass = { cookies = […], headers = […], query = […] }`
    pub bypass: BypassSection,
}

pub(super) fn read(behavior: &Section<'_>) -> CacheSection {
    let Some(section) = behavior.section("cache", format!("the cache of {}", behavior.name())) else {
        return CacheSection::default();
    };
    const MODES: &[(&str, CacheMode)] = &[("standard", CacheMode::Standard), ("bypass", CacheMode::Bypass)];
    const ORIGIN: &[(&str, OriginDirectives)] =
        &[("honour", OriginDirectives::Honour), ("ignore", OriginDirectives::Ignore)];
    const CLIENT: &[(&str, ClientDirectives)] =
        &[("ignore", ClientDirectives::Ignore), ("honour", ClientDirectives::Honour)];
    const SET_COOKIE: &[(&str, SetCookie)] =
        &[("explicit", SetCookie::Explicit), ("never", SetCookie::Never), ("strip", SetCookie::Strip)];
    const REQUEST_COOKIE: &[(&str, RequestCookie)] =
        &[("explicit", RequestCookie::Explicit), ("ignore", RequestCookie::Ignore)];
    const RANGES: &[(&str, Ranges)] = &[("forward", Ranges::Forward), ("whole", Ranges::Whole)];

    let disconnected = section.seconds("stale_if_disconnected", STALE_IF_DISCONNECTED);
    let cache = CacheSection {
        mode: value_of(section.choice("mode", MODES)),
        stores: first_that_stores(&section),
        lifetime: section.seconds("lifetime", LIFETIME),
        lifetime_min: section.seconds("lifetime_min", LIFETIME),
        lifetime_max: section.seconds("lifetime_max", LIFETIME),
        lifetime_default: section.seconds("lifetime_default", LIFETIME),
        lifetime_downstream: section.seconds("lifetime_downstream", LIFETIME),
        origin_directives: section.choice("origin_directives", ORIGIN),
        client_directives: value_of(section.choice("client_directives", CLIENT)),
        heuristic: section.flag("heuristic", true),
        status_lifetimes: read_status_lifetimes(&section),
        stale_while_revalidate: section.seconds("stale_while_revalidate", LIFETIME),
        stale_if_error: section.seconds("stale_if_error", LIFETIME),
        stale_if_disconnected: disconnected
            .map_or(CacheSection::default().stale_if_disconnected, |found| found.value),
        set_cookie: value_of(section.choice("set_cookie", SET_COOKIE)),
        request_cookie: value_of(section.choice("request_cookie", REQUEST_COOKIE)),
        close_delimited: section.flag("close_delimited", false),
        targeted_fields: section.texts("targeted_fields", MEMBERS_MAX, Empty::Allowed).map(|list| list.value),
        ranges: value_of(section.choice("ranges", RANGES)),
        response_bytes_max: section.size("response_bytes_max", RESPONSE_BYTES_MAX),
        type_guard: section.flag("type_guard", true),
        immutable: section.flag("immutable", false),
        bypass: read_bypass(&section),
    };
    section.finish(&[("[behaviors.key]", super::key::KEYS), ("[[behaviors]]", super::behavior::KEYS)]);
    cache
}

fn value_of<T: Default>(found: Option<Spanned<T>>) -> T {
    found.map(|found| found.value).unwrap_or_default()
}

/// Settings without meaning where nothing is stored.
fn first_that_stores(section: &Section<'_>) -> Option<Spanned<&'static str>> {
    let storing = KEYS.iter().filter(|key| **key != "mode");
    let found = storing.filter_map(|key| section.place(key).map(|span| Spanned::new(*key, span)));
    found.min_by_key(|key| key.span.start)
}

fn read_status_lifetimes(section: &Section<'_>) -> Vec<Spanned<StatusLifetime>> {
    const KEY: &str = "status_lifetimes";
    let Some(members) = section.named(KEY, "as in { 404 = \"10s\" }") else { return Vec::new() };
    let reader = section.reader();
    if let Some((_, span, _)) = members.get(MEMBERS_MAX) {
        let message = format!("`{KEY}` of {} has more than {MEMBERS_MAX} members", section.name());
        reader.report(reader.mistake(span, message, "one too many"));
    }
    let mut lifetimes = Vec::new();
    for (name, span, value) in members.into_iter().take(MEMBERS_MAX) {
        let lifetime = section.as_seconds(&format!("{KEY}.{name}"), value, LIFETIME);
        match read_status(&name) {
            None => {
                let message =
                    format!("`{KEY}` of {} names {}, which is no status", section.name(), quoted(&name));
                let hint = "the status of a response: 200 to 599, without 206 and 304";
                reader.report(reader.mistake(&span, message, "not a status").hint(hint));
            }
            Some(status) => lifetimes.extend(
                lifetime.map(|lifetime| Spanned::new(StatusLifetime { status, seconds: *lifetime }, span)),
            ),
        }
    }
    lifetimes
}

/// A status that a whole answer may have.
fn read_status(text: &str) -> Option<u16> {
    let plain = text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit());
    let status = text.parse().ok().filter(|_| plain)?;
    ((200..600).contains(&status) && !matches!(status, 206 | 304)).then_some(status)
}

fn read_bypass(cache: &Section<'_>) -> BypassSection {
    let Some(section) = cache.section("bypass", format!("`bypass` in {}", cache.name())) else {
        return BypassSection::default();
    };
    let names =
        |key| section.texts(key, MEMBERS_MAX, Empty::Allowed).map(|list| list.value).unwrap_or_default();
    let bypass =
        BypassSection { cookies: names("cookies"), headers: names("headers"), query: names("query") };
    section.finish(&[]);
    bypass
}

impl Default for CacheSection {
    fn default() -> CacheSection {
        CacheSection {
            mode: CacheMode::Standard,
            stores: None,
            lifetime: None,
            lifetime_min: None,
            lifetime_max: None,
            lifetime_default: None,
            lifetime_downstream: None,
            origin_directives: None,
            client_directives: ClientDirectives::Ignore,
            heuristic: true,
            status_lifetimes: Vec::new(),
            stale_while_revalidate: None,
            stale_if_error: None,
            stale_if_disconnected: STALE_IF_DISCONNECTED.default.as_secs() as u32,
            set_cookie: SetCookie::Explicit,
            request_cookie: RequestCookie::Explicit,
            close_delimited: false,
            targeted_fields: None,
            ranges: Ranges::Forward,
            response_bytes_max: RESPONSE_BYTES_MAX.default,
            type_guard: true,
            immutable: false,
            bypass: BypassSection::default(),
        }
    }
}

/// Where a key stands, for checks that name it.
impl CacheSection {
    /// The places of the settings that give a lifetime at this edge, with their names, in the file's order.
    pub fn lifetimes(&self) -> Vec<(&'static str, Span)> {
        let named = [
            ("lifetime", &self.lifetime),
            ("lifetime_min", &self.lifetime_min),
            ("lifetime_max", &self.lifetime_max),
            ("lifetime_default", &self.lifetime_default),
        ];
        let mut found: Vec<_> = named
            .into_iter()
            .filter_map(|(name, value)| Some((name, value.as_ref()?.span.clone())))
            .collect();
        found.sort_by_key(|(_, span)| span.start);
        found
    }
}
