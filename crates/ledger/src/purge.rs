//! What an operator, or an unsafe method, asks to be made unusable.
//!
//! Who may ask, and how the words of a request become canonical URLs, is decided above.

/// A site's name as the fence knows it: a hash. Two sites with one hash share their purges, which purges
/// too much and never too little.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SiteKey(pub u64);

/// What becomes of the responses that a purge covers.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Stale: may be revalidated, and serve where stale responses may.
    Soft,
    /// Gone: not reused, and lends no validators.
    Hard,
}

/// Which responses of a site a purge covers. URLs are canonical, without scheme:
/// `host/path?query`, byte for byte as in [`Fence::subject`](crate::Fence::subject).
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scope {
    /// All of the site.
    Everything,
    /// All under one host, lower case, without port unless the canonical URL has one.
    Host(Box<str>),
    /// One URL with all its variants.
    Url(Box<str>),
    /// Every URL that begins with these bytes: `host/im` covers `host/im`, `host/img/x` and `host/im?q`.
    /// Cheap when it ends in `/`; others go into a short list, see
    /// [`Limits::odd_prefixes_max`](crate::Limits::odd_prefixes_max).
    Prefix(Box<str>),
    /// Every response that carries this surrogate key.
    Tag(Box<str>),
}

/// One purge.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Purge {
    /// The site whose responses it covers.
    pub site: SiteKey,
    /// Which of them.
    pub scope: Scope,
    /// What becomes of them.
    pub kind: Kind,
}
