//! The memory tier, its parts, its promises across threads, and measurements (ignored by default).

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests and measurements")]

mod body;
mod content;
mod encoded;
mod hot;
mod make;
mod measure;
mod model;
mod store;
mod threads;
mod variants;

/// How many cases a property gets: `PROPTEST_CASES`, or so many.
fn cases(usual: u32) -> proptest::prelude::ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(usual);
    proptest::prelude::ProptestConfig { cases, failure_persistence: None, ..Default::default() }
}
