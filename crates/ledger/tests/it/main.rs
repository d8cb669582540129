//! The fence against a naive reference, at its limits, and across threads.

#![allow(missing_docs, reason = "tests")]

#[cfg(not(loom))]
mod fence;
#[cfg(not(loom))]
mod follower;
#[cfg(not(loom))]
mod generations;
#[cfg(not(loom))]
mod journal;
#[cfg(not(loom))]
mod model;
#[cfg(loom)]
mod orders;
#[cfg(not(loom))]
mod reference;
#[cfg(not(loom))]
mod threads;
#[cfg(not(loom))]
mod wire;

/// How many cases a property gets: `PROPTEST_CASES`, or so many.
#[cfg(not(loom))]
fn cases(usual: u32) -> proptest::prelude::ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
