//! Redirects and rewrites: another URL for the client, another path for the origin.

use littoral_rules::{Filter, Rewrite};

/// Sends clients elsewhere.
#[derive(Clone, Debug)]
pub struct Redirect {
    /// Which paths, and where to: a URL, or a path of the same host.
    pub rewrite: Rewrite,
    /// 301, 302, 303, 307 or 308.
    pub status: u16,
    /// Whether the request's query is carried along where the new URL has none of its own. Default true.
    pub keeps_query: bool,
    /// Only for requests that this matches.
    pub when: Option<Filter>,
}

/// Asks the origin for another path. What is stored is found under the client's.
#[derive(Clone, Debug)]
pub struct PathRewrite {
    /// Which paths, and what they become.
    pub rewrite: Rewrite,
    /// Only for requests that this matches.
    pub when: Option<Filter>,
}
