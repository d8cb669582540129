//! Matching: tables, and the compiled forms against plain ones.

#![allow(clippy::unwrap_used, reason = "what cannot go on, fails the test")]

mod conditions;
mod filters;
mod hosts;
mod matching;
mod paths;
mod properties;
mod request;
mod speed;
mod templates;
mod texts;
