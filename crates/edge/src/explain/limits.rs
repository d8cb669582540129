//! The rate limits that a request would count under, and what they leave its client. Looking counts nothing.

use crate::access;
use crate::request::Request;
use crate::respond::Place;
use crate::worker::Shared;
use serde::{Deserialize, Serialize};

/// A rate limit as `explain` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ExplainedLimit {
    /// What metrics and logs call it.
    pub name: String,
    /// So many requests…
    pub requests: u32,
    /// …in this time, on average.
    pub per_seconds: f64,
    /// So many at once.
    pub burst: u32,
    /// So many more now.
    pub left: u64,
}

pub(super) fn limits(shared: &Shared, place: &Place, request: &Request) -> Vec<ExplainedLimit> {
    let left = access::left(shared, place, request);
    left.map(|(limit, left)| ExplainedLimit {
        name: limit.name.to_string(),
        requests: limit.requests,
        per_seconds: limit.per.as_secs_f64(),
        burst: limit.burst,
        left,
    })
    .collect()
}
