//! Encoders and decoders against each other, against damage and against bombs.

#![allow(clippy::unwrap_used, reason = "a test that fails says so by panicking")]

mod bombs;
mod memory;
mod round;
mod support;
