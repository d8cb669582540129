//! The fence against a naive reference, at its limits, and across threads.

#![allow(missing_docs, reason = "tests")]

mod fence;
mod follower;
mod generations;
mod journal;
mod model;
mod reference;
mod threads;
mod wire;

/// How many cases a property gets: `PROPTEST_CASES`, or so many.
fn cases(usual: u32) -> proptest::prelude::ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
