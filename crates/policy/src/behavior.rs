//! A compiled behavior: a matcher and what is done with what it matches.

use crate::{Compression, FieldRule, PathRewrite, RateLimit, Redirect};
use littoral_http_caching::CacheRules;
use littoral_rules::{Matcher, MethodSet};

/// Request fields by which frameworks let themselves be steered although no cache keys them: path, method, scheme
/// and address in other words. They never come from a client, and so are not for keys. Lower case.
pub const STEERING_FIELDS: &[&str] = &[
    "forwarded",
    "front-end-https",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-forwarded-uri",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-override-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-wap-profile",
];

/// A behavior in the form that serves.
#[derive(Clone, Debug)]
pub struct Behavior {
    /// Its place among the site's behaviors.
    pub index: u32,
    /// What logs, metrics and messages call it; unique within the site.
    pub name: Box<str>,
    /// The requests that it serves, unless an earlier one does.
    pub matcher: Matcher,
    /// Its origin group's place among the site's; of no meaning where every request is redirected.
    pub group: usize,
    /// Methods that are let through; others are answered 405.
    pub methods: MethodSet,
    /// Whether the cache is used.
    pub cache: CacheMode,
    /// What is stored, and for how long it is fresh.
    pub rules: CacheRules,
    /// Seconds of freshness that clients are told in place of the origin's. Default none: the origin's.
    pub lifetime_downstream: Option<u32>,
    /// What tells one stored response from another.
    pub key: KeyPolicy,
    /// Requests that pass by the cache.
    pub bypass: BypassConditions,
    /// What the origin is asked for when a client asks for a range of what is not stored.
    pub ranges: RangeForward,
    /// Protocols that a client may upgrade to, in lower case. Default `websocket`. Never `h2c`.
    pub upgrade_tokens: Box<[Box<str>]>,
    /// Whether a 304 repeats `Last-Modified` even where there is an `ETag`.
    pub last_modified_in_304: bool,
    /// Most bytes of a request's content; beyond: 413. Default 1 GiB.
    pub request_body_bytes_max: u64,
    /// Most bytes of a response's content that is stored; longer content passes through. Default 64 MiB.
    pub response_stored_bytes_max: u64,
    /// Whether a response whose type contradicts the extension of its path stays unstored (cache deception). Default
    /// true.
    pub type_guard: bool,
    /// Whether clients are told that what they have never changes (RFC 8246). Default false.
    pub immutable: bool,
    /// What is compressed on its way to clients; `None`: nothing, and nothing is unpacked for them.
    pub compression: Option<Compression>,
    /// How often each client may ask.
    pub rate_limits: Box<[RateLimit]>,
    /// Where clients are sent instead; the first that fits.
    pub redirects: Box<[Redirect]>,
    /// What the origin is asked for instead; the first that fits.
    pub rewrites: Box<[PathRewrite]>,
    /// Changes to what the origin receives.
    pub request_fields: Box<[FieldRule]>,
    /// Changes to what clients receive.
    pub response_fields: Box<[FieldRule]>,
}

/// Whether the cache is used.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum CacheMode {
    /// As RFC 9111 and the rules say.
    Standard,
    /// Not at all.
    Bypass,
}

/// What is in a cache key beside site and path. What is not in the key does not reach the origin.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KeyPolicy {
    /// Which query parameters are in it.
    pub query: QueryKey,
    /// Whether parameters are sorted by name, stably, in the key and for the origin.
    pub sort_query: bool,
    /// Request fields, in lower case.
    pub headers: Box<[Box<[u8]>]>,
    /// Cookies; where there are some, a fetch for the cache carries no others. Names are case-sensitive.
    pub cookies: Box<[Box<str>]>,
    /// Which host is in it.
    pub host: HostKey,
    /// Says whose it is, where the behavior's match looks at more than path, method and what the key holds anyway:
    /// the same URL may then belong to another behavior, whose answer is another one. `None` elsewhere.
    pub owner: Option<Box<str>>,
}

/// Which query parameters are in a key. Names are compared as they are sent, without decoding.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QueryKey {
    /// The query as it is.
    All,
    /// None of it.
    None,
    /// These. Never empty.
    Only(Box<[Box<str>]>),
    /// All but these. Never empty.
    Except(Box<[Box<str>]>),
}

/// Which host is in a key.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum HostKey {
    /// The site's canonical one.
    Canonical,
    /// The one that the client named; the origin gets to see it.
    Client,
}

/// Requests that pass by the cache because one of these is in them, whatever its value.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct BypassConditions {
    /// Names of cookies.
    pub cookies: Box<[Box<str>]>,
    /// Names of request fields, in lower case.
    pub headers: Box<[Box<[u8]>]>,
    /// Names of query parameters.
    pub query: Box<[Box<str>]>,
}

/// What the origin is asked for when a client asks for a range of what is not stored.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RangeForward {
    /// The range.
    Forward,
    /// The whole.
    Whole,
}
