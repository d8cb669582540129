//! What an operator may decide about caching, per behavior, as the rules of this crate see it.
//!
//! [`CacheRules::default`] is a plain shared cache of RFC 9111 with safe choices about cookies. All times are seconds.
//! Deliberately absent: keys, matching, and anything that names a path.

use smallvec::SmallVec;

use crate::targeted::TARGETED_FIELDS;

/// One behavior's caching policy.
#[derive(Clone, Debug)]
pub struct CacheRules {
    /// Freshness lifetime at this edge whatever the origin says, for responses below status 400. `private` and
    /// `no-store` still hold unless `origin_directives` is `Ignore`. Default none.
    pub lifetime_forced: Option<u32>,
    /// Lifetimes that the origin names, or that are guessed, are at least this. Default none.
    pub lifetime_min: Option<u32>,
    /// Lifetimes that the origin names, or that are guessed, are at most this. Default none.
    pub lifetime_max: Option<u32>,
    /// Lifetime where the origin names none, for heuristically cacheable responses below status 400. Comes before the
    /// heuristic. Default none.
    pub lifetime_default: Option<u32>,
    /// Whether `Cache-Control`, `Expires` and targeted fields of the origin count. Default they do.
    pub origin_directives: OriginDirectives,
    /// Whether `Cache-Control` of clients counts. Default it does not.
    pub client_directives: ClientDirectives,
    /// Whether 10 % of the time since `Last-Modified`, at most a day, is taken as lifetime where nothing else is known
    /// (RFC 9111 §4.2.2). Default true.
    pub heuristic: bool,
    /// Lifetimes by status where the origin names none (negative caching). Default none.
    pub status_lifetimes: SmallVec<[(u16, u32); 4]>,
    /// Used where the origin names none (RFC 5861 §3). Default none.
    pub stale_while_revalidate: Option<u32>,
    /// Used where the origin names none (RFC 5861 §4). Default none.
    pub stale_if_error: Option<u32>,
    /// How long a stale response may be used while the origin cannot be reached at all, where neither the origin nor
    /// `stale_if_error` says anything (RFC 9111 §4.2.4, "disconnected"). Default one day; 0 never.
    pub stale_if_disconnected: u32,
    /// What becomes of responses with `Set-Cookie`. Default stored only under explicit freshness.
    pub set_cookie: SetCookie,
    /// What becomes of answers to requests that carried `Cookie`. Default stored only when said to be shareable.
    pub request_cookie: RequestCookie,
    /// What a qualified `no-cache="f"` or `private="f"` means. Default the same as without the list.
    pub qualified_forms: QualifiedForms,
    /// Whether content that ended with its connection, and so perhaps too early, is stored. Default false.
    pub close_delimited: bool,
    /// Targeted fields (RFC 9213) in order of precedence, lower case. Default `Littoral-CDN-Cache-Control`, then
    /// `CDN-Cache-Control`.
    pub targeted_fields: Box<[Box<str>]>,
}

impl Default for CacheRules {
    fn default() -> CacheRules {
        CacheRules {
            lifetime_forced: None,
            lifetime_min: None,
            lifetime_max: None,
            lifetime_default: None,
            origin_directives: OriginDirectives::Honour,
            client_directives: ClientDirectives::Ignore,
            heuristic: true,
            status_lifetimes: SmallVec::new(),
            stale_while_revalidate: None,
            stale_if_error: None,
            stale_if_disconnected: 86_400,
            set_cookie: SetCookie::ExplicitOnly,
            request_cookie: RequestCookie::ExplicitOnly,
            qualified_forms: QualifiedForms::Whole,
            close_delimited: false,
            targeted_fields: TARGETED_FIELDS.iter().map(|&name| name.into()).collect(),
        }
    }
}

/// Whether the origin's caching fields count.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum OriginDirectives {
    /// They do.
    #[default]
    Honour,
    /// They do not; only this policy decides.
    Ignore,
}

/// Whether a client's caching fields count.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum ClientDirectives {
    /// They do not: a client cannot make the edge ask the origin.
    #[default]
    Ignore,
    /// They do.
    Honour,
}

/// What becomes of responses with `Set-Cookie`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum SetCookie {
    /// Stored when the origin itself gives them a lifetime (`s-maxage`, `max-age`, `Expires`, a targeted field) or
    /// calls them `public`, and does not demand validation.
    #[default]
    ExplicitOnly,
    /// Never stored.
    Never,
    /// Stored without the field.
    Strip,
}

/// What becomes of answers to requests that carried `Cookie`.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum RequestCookie {
    /// Stored when the origin says `public` or `s-maxage`, uses a targeted field, or varies by `Cookie`.
    #[default]
    ExplicitOnly,
    /// Stored like any other.
    Ignore,
}

/// What the qualified forms of `no-cache` and `private` mean (RFC 9111 §5.2.2.4, §5.2.2.7).
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum QualifiedForms {
    /// The same as the unqualified ones, as RFC 9111 permits.
    #[default]
    Whole,
    /// The listed fields are withheld, the rest is stored. Only for callers that store
    /// [`stored_fields`](crate::stored_fields).
    Withhold,
}
