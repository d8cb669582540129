//! The terms under which a stored response may be reused: what RFC 9111 §4.2 needs, computed once when it is stored.
//!
//! Small and `Copy`; on the hit path only these numbers are read, never the fields. Deliberately not here: the
//! judgement itself, which also depends on the request; see `reuse`.

use crate::SECONDS_MAX;
use crate::date::Seconds;

/// What reuse needs to know of a stored response. Times are seconds, ages and lifetimes at most
/// [`SECONDS_MAX`].
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Terms {
    /// When the response (or the one that last validated it) was received.
    pub received: Seconds,
    /// Its `Date`, or `received` where that was missing or invalid.
    pub date: Seconds,
    /// Its age on arrival (RFC 9111 §4.2.3).
    pub corrected_initial_age: u32,
    /// The age up to which it is fresh (RFC 9111 §4.2.1). A lifetime given by the operator counts from arrival: the age
    /// on arrival is in it.
    pub freshness_lifetime: u32,
    /// How long after that it may be used while it is revalidated; 0 where that is forbidden.
    pub stale_while_revalidate: u32,
    /// How long after that it may be used when the origin answers with an error; 0 where that is forbidden.
    pub stale_if_error: u32,
    /// How long after that it may be used when the origin cannot be reached; 0 where that is forbidden.
    pub stale_if_disconnected: u32,
    /// Not to be used without validation, however fresh.
    pub no_cache: bool,
    /// Not to be used stale on the cache's own account: `must-revalidate`, `proxy-revalidate` or `s-maxage`.
    pub must_revalidate: bool,
    /// May be used for requests that carry `Authorization` other than the one that brought it (RFC 9111 §3.5).
    pub authorization_shared: bool,
    /// There is an entity tag or a modification date to validate with.
    pub has_validator: bool,
    /// The lifetime is a guess from `Last-Modified` (RFC 9111 §4.2.2).
    pub heuristic: bool,
    /// Does not change while fresh (RFC 8246).
    pub immutable: bool,
}

impl Terms {
    /// The age at `now` (RFC 9111 §4.2.3), as sent in `Age`. Never negative; a clock that went back counts as no time.
    #[inline]
    pub fn current_age(&self, now: Seconds) -> u32 {
        let resident = now.saturating_sub(self.received).clamp(0, i64::from(SECONDS_MAX)) as u32;
        self.corrected_initial_age.saturating_add(resident).min(SECONDS_MAX)
    }

    /// How many seconds of freshness are left at `now`; zero or below once stale (the `ttl` of `Cache-Status`).
    #[inline]
    pub fn freshness_left(&self, now: Seconds) -> i64 {
        i64::from(self.freshness_lifetime) - i64::from(self.current_age(now))
    }

    /// Whether the response is fresh at `now`: its lifetime exceeds its age.
    #[inline]
    pub fn is_fresh(&self, now: Seconds) -> bool {
        self.freshness_lifetime > self.current_age(now)
    }
}
