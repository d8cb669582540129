//! How long a response is fresh, and how old it is when it arrives (RFC 9111 §4.2).
//!
//! Deliberately not here: what is then done with it; see `terms` and `reuse`.

use crate::SECONDS_MAX;
use crate::date::{self, Seconds};
use crate::fields::Fields;
use crate::known::Known;
use crate::list;
use crate::origin::OriginSays;
use crate::rules::CacheRules;
use crate::storing::{NotStored, ResponseView, Times, is_heuristically_cacheable};

pub(crate) struct Lifetime {
    pub(crate) seconds: u32,
    pub(crate) source: Source,
}

#[derive(PartialEq, Eq)]
pub(crate) enum Source {
    Forced,
    Explicit,
    Operator,
    Heuristic,
    Nothing,
}

/// The freshness lifetime (RFC 9111 §4.2.1) under the operator's rules. Fails for a status that may not be stored
/// without being told so (RFC 9111 §3, last point).
pub(crate) fn lifetime(
    response: &ResponseView<'_>,
    origin: &OriginSays,
    date: Seconds,
    initial_age: u32,
    times: Times,
    rules: &CacheRules,
) -> Result<Lifetime, NotStored> {
    let status = response.status;
    // The operator's own lifetimes count from arrival here.
    let from_arrival = |seconds: u32| seconds.min(SECONDS_MAX).saturating_add(initial_age).min(SECONDS_MAX);
    if let Some(seconds) = rules.lifetime_forced.filter(|_| status < 400) {
        return Ok(Lifetime { seconds: from_arrival(seconds), source: Source::Forced });
    }
    let bounded = |seconds: u32| {
        seconds
            .max(rules.lifetime_min.unwrap_or(0))
            .min(rules.lifetime_max.unwrap_or(u32::MAX))
            .min(SECONDS_MAX)
    };
    if let Some(seconds) = explicit_lifetime(response.fields, origin, times.received) {
        return Ok(Lifetime { seconds: bounded(seconds), source: Source::Explicit });
    }
    if let Some((_, seconds)) = rules.status_lifetimes.iter().find(|(of, _)| *of == status) {
        return Ok(Lifetime { seconds: from_arrival(*seconds), source: Source::Operator });
    }
    let by_default = is_heuristically_cacheable(status);
    if let Some(seconds) = rules.lifetime_default.filter(|_| by_default && status < 400) {
        return Ok(Lifetime { seconds: from_arrival(seconds), source: Source::Operator });
    }
    if !by_default && !origin.directives.public {
        return Err(NotStored::NoFreshness);
    }
    match heuristic_lifetime(response.fields, date).filter(|_| rules.heuristic) {
        Some(seconds) => Ok(Lifetime { seconds: bounded(seconds), source: Source::Heuristic }),
        None => Ok(Lifetime { seconds: 0, source: Source::Nothing }),
    }
}

/// The lifetime that the origin names: `s-maxage`, `max-age`, `Expires` (RFC 9111 §4.2.1).
pub(crate) fn explicit_lifetime(fields: &Fields, origin: &OriginSays, received: Seconds) -> Option<u32> {
    if origin.ignored {
        return None;
    }
    let said = &origin.directives;
    said.s_maxage.or(said.max_age).or_else(|| {
        let expires = if origin.targeted { None } else { Some(fields.all(Known::Expires)) };
        // Several `Expires`: the earliest. An invalid one, such as `0`, is in the past (RFC 9111 §5.3).
        let date = date_of(fields, received);
        expires?
            .map(|value| date::parse_at(value, received).map_or(0, |expires| expires.saturating_sub(date)))
            .min()
            .map(|seconds| seconds.clamp(0, i64::from(SECONDS_MAX)) as u32)
    })
}

/// A tenth of the time since the last modification, at most a day (RFC 9111 §4.2.2). Not where the origin speaks
/// HTTP/1.0's `Pragma: no-cache` and nothing newer.
fn heuristic_lifetime(fields: &Fields, date: Seconds) -> Option<u32> {
    const MOST: i64 = 86_400;
    let old_no_cache = !fields.has(Known::CacheControl)
        && fields.list(Known::Pragma).any(|member| member.eq_ignore_ascii_case(b"no-cache"));
    if old_no_cache {
        return None;
    }
    let since = date.saturating_sub(last_modified(fields)?);
    Some((since / 10).clamp(0, MOST) as u32)
}

/// RFC 9111 §4.2.3
pub(crate) fn corrected_initial_age(fields: &Fields, date: Seconds, times: Times) -> u32 {
    let apparent = times.received.saturating_sub(date).clamp(0, i64::from(SECONDS_MAX));
    let delay = times.received.saturating_sub(times.requested).clamp(0, i64::from(SECONDS_MAX));
    let corrected = i64::from(age_value(fields)) + delay;
    apparent.max(corrected).min(i64::from(SECONDS_MAX)) as u32
}

/// The first member of `Age`; anything but digits counts as absent (RFC 9111 §5.1).
fn age_value(fields: &Fields) -> u32 {
    let first = fields.get(Known::Age).and_then(|value| list::members(value).next());
    first.and_then(list::delta_seconds).unwrap_or(0)
}

/// `Date`, if there is a valid one; otherwise the time of arrival counts (RFC 9110 §6.6.1).
pub(crate) fn date_of(fields: &Fields, received: Seconds) -> Seconds {
    fields.get(Known::Date).and_then(|value| date::parse_at(value, received)).unwrap_or(received)
}

/// The response's `Last-Modified`, if there is exactly one and it is a date.
pub fn last_modified(fields: &Fields) -> Option<Seconds> {
    fields.single(Known::LastModified).and_then(date::parse)
}
