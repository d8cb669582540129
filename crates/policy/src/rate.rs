//! How often each client may ask.

use littoral_rules::Filter;
use std::time::Duration;

/// A limit on the requests of each client, whatever a client is: an address, a session, both.
#[derive(Clone, Debug)]
pub struct RateLimit {
    /// What metrics and logs call it; unique within the site.
    pub name: Box<str>,
    /// So many requests…
    pub requests: u32,
    /// …in this time, on average. 100 ms to 1 d.
    pub per: Duration,
    /// So many at once, beyond the average. 1 or more. Default: `requests`.
    pub burst: u32,
    /// Requests that agree in all of these are one client's. Never empty.
    pub key: Box<[RateKey]>,
    /// What a request beyond is answered. Default 429; 400 to 599.
    pub status: u16,
    /// Only requests that this matches count, and are limited.
    pub when: Option<Filter>,
}

/// One part of what tells clients apart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum RateKey {
    /// The client's address; of IPv6, the first 64 bits.
    Address,
    /// A request field's value, its name in lower case. Requests without it are one client.
    Header(Box<str>),
    /// A cookie's value. Requests without it are one client.
    Cookie(Box<str>),
    /// A query parameter's value, as it is sent.
    Parameter(Box<str>),
    /// The host that the request named.
    Host,
    /// The path.
    Path,
}
