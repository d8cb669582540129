//! What the cache did for an answer: the source of `Cache-Status` (RFC 9211), of the log's fields and of the
//! metrics' labels, so that the three cannot disagree.

use littoral_http_caching::cache_status::{CacheStatus, Fwd};

/// How an answer came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// From the cache, fresh.
    Hit,
    /// From the cache, stale, within what the response or the operator allows.
    Stale,
    /// The origin said that the stored response is still good.
    Revalidated,
    /// Fetched, and stored or at least storable.
    Miss,
    /// Fetched by another request for the same thing.
    Collapsed,
    /// Passed to the origin without looking into the cache.
    Pass,
    /// Made here: an error or a refusal.
    Local,
}

impl Outcome {
    /// Metric label and log field.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Outcome::Hit => "hit",
            Outcome::Stale => "stale",
            Outcome::Revalidated => "revalidated",
            Outcome::Miss => "miss",
            Outcome::Collapsed => "collapsed",
            Outcome::Pass => "pass",
            Outcome::Local => "local",
        }
    }
}

/// Which origin server was asked, and how long its response head took.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// Its place among the site's.
    pub(crate) origin: u16,
    /// Members of the group that were asked, this one the last.
    pub(crate) tries: u8,
    /// Until the head was there, or the failure.
    pub(crate) micros: u32,
}

/// The cache's part in one answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Note {
    pub(crate) outcome: Outcome,
    /// Why the request went forward.
    pub(crate) forward: Option<Fwd>,
    /// The origin's status.
    pub(crate) forward_status: Option<u16>,
    /// Remaining freshness in seconds; negative when stale.
    pub(crate) ttl: Option<i64>,
    pub(crate) stored: bool,
    /// Why it was not stored, why it was stale, what went wrong: a stable name.
    pub(crate) detail: Option<&'static str>,
    /// The origin server that was asked last, where one was: by this request, or by the one whose fetch it shared.
    pub(crate) asked: Option<Asked>,
}

impl Note {
    pub(crate) fn hit(ttl: i64) -> Note {
        Note { ttl: Some(ttl), ..Note::new(Outcome::Hit) }
    }

    /// Made here, without cache or origin.
    pub(crate) fn local(detail: &'static str) -> Note {
        Note { detail: Some(detail), ..Note::new(Outcome::Local) }
    }

    pub(crate) fn forwarded(outcome: Outcome, why: Fwd) -> Note {
        Note { forward: Some(why), ..Note::new(outcome) }
    }

    fn new(outcome: Outcome) -> Note {
        Note {
            outcome,
            forward: None,
            forward_status: None,
            asked: None,
            ttl: None,
            stored: false,
            detail: None,
        }
    }

    /// Appends the member of this cache to `out`.
    pub(crate) fn write(&self, cache: &str, out: &mut Vec<u8>) {
        CacheStatus {
            cache,
            hit: matches!(self.outcome, Outcome::Hit | Outcome::Stale) && self.forward.is_none(),
            fwd: self.forward,
            fwd_status: self.forward_status,
            ttl: self.ttl,
            stored: self.stored,
            collapsed: self.outcome == Outcome::Collapsed,
            key: None,
            detail: self.detail,
        }
        .append(out);
    }
}
