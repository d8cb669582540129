//! May a stored response answer this request now? (RFC 9111 §4, RFC 5861, RFC 8246)
//!
//! The first of these functions runs on every hit; it reads [`Terms`] and nothing else unless the client's directives
//! are honoured. Deliberately not here: whether the stored response is the right one (key, `Vary`, method), and purge.

use crate::date::Seconds;
use crate::directives::{MaxStale, RequestDirectives};
use crate::terms::Terms;

/// What to do with a stored response.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Reuse {
    /// Serve it.
    Fresh,
    /// Serve it though stale, and validate it meanwhile.
    StaleWhileRevalidate,
    /// Validate it first.
    MustRevalidate(Revalidate),
}

/// Why a stored response must be validated before it is used.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Revalidate {
    /// It is stale.
    Stale,
    /// It says `no-cache`.
    NoCache,
    /// The client said `no-cache`.
    RequestNoCache,
    /// It is older than the client's `max-age`.
    RequestMaxAge,
    /// It will not stay fresh for the client's `min-fresh`.
    RequestMinFresh,
}

impl Revalidate {
    /// Metric label and `Cache-Status` detail.
    pub fn as_str(self) -> &'static str {
        match self {
            Revalidate::Stale => "stale",
            Revalidate::NoCache => "no-cache",
            Revalidate::RequestNoCache => "request-no-cache",
            Revalidate::RequestMaxAge => "request-max-age",
            Revalidate::RequestMinFresh => "request-min-fresh",
        }
    }
}

/// Judges a stored response with these terms at `now`. `request` is given only where clients' directives are honoured.
#[inline]
pub fn judge_reuse(terms: &Terms, request: Option<&RequestDirectives>, now: Seconds) -> Reuse {
    if terms.no_cache {
        return Reuse::MustRevalidate(Revalidate::NoCache);
    }
    if let Some(request) = request {
        return judge_for_client(terms, request, now);
    }
    let left = terms.freshness_left(now);
    if left > 0 {
        Reuse::Fresh
    } else if -left < i64::from(terms.stale_while_revalidate) {
        Reuse::StaleWhileRevalidate
    } else {
        Reuse::MustRevalidate(Revalidate::Stale)
    }
}

/// As [`judge_reuse`], within what the client asks (RFC 9111 §5.2.1). `max-stale` is answered with the stale response,
/// which is validated meanwhile.
fn judge_for_client(terms: &Terms, request: &RequestDirectives, now: Seconds) -> Reuse {
    if request.no_cache {
        return Reuse::MustRevalidate(Revalidate::RequestNoCache);
    }
    let left = terms.freshness_left(now);
    // A reload of what does not change asks nothing (RFC 8246 §2).
    let reload_of_immutable = terms.immutable && left > 0 && request.max_age == Some(0);
    if request.max_age.is_some_and(|most| terms.current_age(now) > most || most == 0) && !reload_of_immutable
    {
        return Reuse::MustRevalidate(Revalidate::RequestMaxAge);
    }
    if let Some(least) = request.min_fresh
        && left < i64::from(least)
    {
        return Reuse::MustRevalidate(Revalidate::RequestMinFresh);
    }
    if left > 0 {
        return Reuse::Fresh;
    }
    let client_takes = match request.max_stale {
        Some(MaxStale::Any) => !terms.must_revalidate,
        Some(MaxStale::Seconds(most)) => !terms.must_revalidate && -left <= i64::from(most),
        None => false,
    };
    if client_takes || -left < i64::from(terms.stale_while_revalidate) {
        Reuse::StaleWhileRevalidate
    } else {
        Reuse::MustRevalidate(Revalidate::Stale)
    }
}

/// Whether a stored response may stand in for an error that the origin answered with: 500, 502, 503 or 504
/// (RFC 5861 §4). True as well while it is still fresh.
pub fn may_serve_on_error(terms: &Terms, now: Seconds) -> bool {
    within(terms, terms.stale_if_error, now)
}

/// Whether a stored response may be used because the origin cannot be reached: no connection, none in time, or closed
/// before a response head (RFC 9111 §4.2.4, "disconnected").
pub fn may_serve_disconnected(terms: &Terms, now: Seconds) -> bool {
    within(terms, terms.stale_if_disconnected.max(terms.stale_if_error), now)
}

fn within(terms: &Terms, window: u32, now: Seconds) -> bool {
    let left = terms.freshness_left(now);
    !terms.no_cache && (left > 0 || -left < i64::from(window))
}
