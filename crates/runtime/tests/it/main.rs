//! Everything that a role receives from its process, tested through the public interface.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking, in its helpers too")]

mod clock;
mod drain;
mod exposition;
mod folder;
mod listener;
mod log_rotation;
mod log_writer;
mod priority;
mod ring;
