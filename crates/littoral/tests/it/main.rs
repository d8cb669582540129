//! The real binary, started as an operator starts it: every port 0, every folder temporary.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod check;
mod commands;
mod day;
mod demo;
mod drain;
mod examples;
mod harness;
mod reload;
mod seeing;
mod start;
