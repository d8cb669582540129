//! The memory tier, its parts, its promises across threads, and measurements (ignored by default).

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, reason = "tests and measurements")]

mod body;
mod content;
mod hot;
mod make;
mod measure;
mod model;
mod store;
mod threads;
mod variants;
