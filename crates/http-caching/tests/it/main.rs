//! The rules of HTTP caching, in tables: one module for each topic, one row for each case.

#![allow(
    clippy::unwrap_used,
    clippy::type_complexity,
    clippy::single_range_in_vec_init,
    clippy::needless_pass_by_value,
    reason = "rows are written to be read: tuples of literals, compared by value, a wrong one panics"
)]

mod cache_status;
mod coding;
mod conditional;
mod conformance;
mod dates;
mod directives;
mod fields;
mod freshen;
mod freshness;
mod hop_by_hop;
mod invalidate;
mod media_type;
mod partial;
mod properties;
mod range;
mod reuse;
mod storing;
mod support;
mod targeted;
mod vary;
