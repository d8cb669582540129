//! Compiling sites: every mistake with its message, the examples, and what a good file becomes.

#![allow(clippy::unwrap_used, reason = "what cannot go on, fails the test")]

mod compiled;
mod examples;
mod fixtures;
mod hosts;
mod mistakes;
mod owners;
mod properties;
mod settings;
