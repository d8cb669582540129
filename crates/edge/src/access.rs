//! Whether a client may have what it asks for now: the rates that behaviors set. (How many connections an address
//! may have is decided where they are accepted, with the counts in `addresses`.)
//!
//! A behavior without rates costs one look at an empty list; one with a rate costs a hash of the parts of its key and
//! one lock of a part of a table.

pub(crate) mod addresses;
pub(crate) mod histories;
pub(crate) mod rate;

use crate::pairs;
use crate::request::Request;
use crate::respond::{Place, Response};
use crate::subject::subject;
use crate::worker::{Shared, Worker};
use addresses::ClientNetwork;
use littoral_http_caching::Known;
use littoral_policy::{RateKey, RateLimit};
use rate::{Decision, Rate};
use std::hash::{BuildHasher, Hash, Hasher};

/// Why a request is answered with a limit's status.
pub(crate) const RATE_LIMITED: &str = "rate-limited";

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A request that comes too early under one of its behavior's limits.
pub(crate) struct Limited<'a> {
    pub(crate) limit: &'a RateLimit,
    /// How long until it would be let through.
    pub(crate) wait_nanos: u64,
}

impl Limited<'_> {
    /// For `Retry-After`: whole seconds, at least one.
    pub(crate) fn wait_seconds(&self) -> u64 {
        self.wait_nanos.div_ceil(NANOS_PER_SECOND).max(1)
    }
}

/// Counts the request under its behavior's limits; the answer that it gets if one of them is used up. Then it counts
/// under none.
pub(crate) fn admit(worker: &Worker, place: &Place, request: &Request) -> Option<Response> {
    let limits = &*place.behavior()?.rate_limits;
    if limits.is_empty() {
        return None;
    }
    let limited = match limits {
        [only] => judge(&worker.shared, place, request, only, true),
        // One that is used up must not use up the others.
        several => first(&worker.shared, place, request, several, false)
            .or_else(|| first(&worker.shared, place, request, several, true)),
    }?;
    let report = worker.report.borrow();
    report.refused(RATE_LIMITED);
    report.rate_limited(place.site().index, &limited.limit.name);
    let wait = limited.wait_seconds().to_string();
    let answer =
        Response::local(limited.limit.status, RATE_LIMITED).with_field(Known::RetryAfter, wait.as_bytes());
    Some(answer.at(place))
}

/// What [`admit`] would find, without counting the request.
pub(crate) fn explain<'a>(shared: &Shared, place: &'a Place, request: &Request) -> Option<Limited<'a>> {
    first(shared, place, request, &place.behavior()?.rate_limits, false)
}

/// The limits that the request would count under, and how many more requests they let its client make now.
pub(crate) fn left<'a>(
    shared: &'a Shared,
    place: &'a Place,
    request: &'a Request,
) -> impl Iterator<Item = (&'a RateLimit, u64)> {
    let limits = place.behavior().map_or(&[][..], |behavior| &behavior.rate_limits);
    let counts = |limit: &&RateLimit| limit.when.as_ref().is_none_or(|when| when.matches(&subject(request)));
    limits.iter().filter(counts).map(|limit| {
        let client = client(shared.histories.hasher(), place.site().key, limit, request);
        let now = shared.clock.monotonic_nanos();
        (limit, shared.histories.left(client, Rate::of(limit), now))
    })
}

fn first<'a>(
    shared: &Shared,
    place: &Place,
    request: &Request,
    limits: &'a [RateLimit],
    count: bool,
) -> Option<Limited<'a>> {
    limits.iter().find_map(|limit| judge(shared, place, request, limit, count))
}

fn judge<'a>(
    shared: &Shared,
    place: &Place,
    request: &Request,
    limit: &'a RateLimit,
    count: bool,
) -> Option<Limited<'a>> {
    if limit.when.as_ref().is_some_and(|when| !when.matches(&subject(request))) {
        return None;
    }
    let client = client(shared.histories.hasher(), place.site().key, limit, request);
    let (rate, now) = (Rate::of(limit), shared.clock.monotonic_nanos());
    let decision = match count {
        true => shared.histories.take(client, rate, now),
        false => shared.histories.look(client, rate, now),
    };
    match decision {
        Decision::Within { .. } => None,
        Decision::Beyond { wait_nanos } => Some(Limited { limit, wait_nanos }),
    }
}

/// Who this is under `limit`, as a number: requests that agree in all parts of its key are one client's. Names of
/// limits are unique within a site, so that a changed site file does not start anew.
fn client(hasher: &ahash::RandomState, site: u64, limit: &RateLimit, request: &Request) -> u64 {
    let mut state = hasher.build_hasher();
    (site, &limit.name).hash(&mut state);
    for part in &limit.key {
        match part {
            RateKey::Address => ClientNetwork::of(request.client.ip()).hash(&mut state),
            RateKey::Header(name) => {
                for value in request.fields.named(name.as_bytes()) {
                    value.hash(&mut state);
                }
            }
            RateKey::Cookie(name) => {
                for value in pairs::cookie(&request.fields, name) {
                    value.hash(&mut state);
                }
            }
            RateKey::Parameter(name) => {
                for value in pairs::parameter(request.target.query(), name) {
                    value.hash(&mut state);
                }
            }
            RateKey::Host => request.host.hash(&mut state),
            RateKey::Path => request.target.path().hash(&mut state),
        }
        // So that the end of one part is not the beginning of the next.
        state.write_u8(0xff);
    }
    state.finish()
}
