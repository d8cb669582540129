//! The fence against a naive reference, at its limits, and across threads.

#![allow(missing_docs, reason = "tests")]

mod fence;
mod reference;
mod threads;
