//! `rate_limits` of a behavior: how often each client may ask.

use super::origin::millis;
use crate::section::{Empty, Section};
use crate::{Bounds, Span, Spanned, Written};
use std::time::Duration;

/// The keys of a limit, for hints.
const KEYS: &[&str] = &["name", "requests", "per", "burst", "key", "status", "when"];

/// Most limits of one behavior. 16.
const LIMITS_MAX: usize = 16;
/// Most parts of a key. 8.
const KEY_PARTS_MAX: usize = 8;
const REQUESTS: Bounds<u64> = Bounds::new(1, 1, 1_000_000);
const PER: Bounds<Duration> = millis(1_000, 100, 86_400_000);
const STATUS: Bounds<u64> = Bounds::new(429, 400, 599);

/// A limit as written.
#[derive(Clone, PartialEq, Debug)]
pub struct RateLimitSection {
    /// Where it begins.
    pub span: Span,
    /// What metrics and logs call it. Default: the behavior's name, and the limit's place if there are several.
    pub name: Option<Spanned<String>>,
    /// So many requests, 1 to 1,000,000…
    pub requests: u32,
    /// …in this time. 100 ms to 1 d.
    pub per: Duration,
    /// So many at once, 1 to 1,000,000. Default: `requests`.
    pub burst: Option<Spanned<u32>>,
    /// `address`, `host`, `path`, `header:NAME`, `cookie:NAME`, `query:NAME`; 1 to 8.
    pub key: Vec<Spanned<String>>,
    /// What a request beyond is answered. Default 429; 400 to 599.
    pub status: u16,
    /// Only requests that this matches count.
    pub when: Option<Written>,
}

pub(super) fn read(behavior: &Section<'_>) -> Vec<RateLimitSection> {
    const EXAMPLE: &str =
        "as in rate_limits = [{ requests = 100, per = \"10s\", key = [\"address\", \"cookie:session\"] }]";
    let called = |place| format!("rate limit {place} of {}", behavior.name());
    let sections = behavior.tables("rate_limits", LIMITS_MAX, EXAMPLE, called);
    sections.into_iter().map(|section| read_limit(section)).collect()
}

#[allow(clippy::needless_pass_by_value, reason = "the section is finished")]
fn read_limit(section: Section<'_>) -> RateLimitSection {
    const KEY: &str = "what tells clients apart, as in key = [\"address\", \"cookie:session\"]";
    for (key, hint) in [("requests", "as in requests = 100"), ("per", "as in per = \"10s\""), ("key", KEY)] {
        if section.place(key).is_none() {
            section.missing(key, hint);
        }
    }
    let burst = section.place("burst");
    let count = |key| section.count(key, REQUESTS) as u32;
    let limit = RateLimitSection {
        span: section.span().clone(),
        name: section.text("name"),
        requests: count("requests"),
        per: section.duration("per", PER),
        burst: burst.map(|span| Spanned::new(count("burst"), span)),
        key: section
            .texts("key", KEY_PARTS_MAX, Empty::Refused(KEY))
            .map(|list| list.value)
            .unwrap_or_default(),
        status: section.count("status", STATUS) as u16,
        when: section.written("when"),
    };
    // Known also where the file does not have it.
    section.value("burst");
    section.finish(&[("`rate_limits`", KEYS)]);
    limit
}
