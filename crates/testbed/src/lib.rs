//! A testbed: origins that misbehave, an edge in front of them, and a strict client, in one process on port 0, with a
//! clock that the test moves.
//!
//! Everything blocks and nothing sleeps: tests are plain functions, waits are for events and have a limit. What the
//! edge is asked goes over real sockets; only its clock, its policy and its purges are reached from inside.

pub mod answer;
pub mod bed;
pub mod client;
pub mod gate;
pub mod http2;
pub mod origin;
pub mod reply;
pub mod request;

pub use answer::{Answer, hang, not_modified, ok, raw, reset, status, switch_to_echo};
pub use bed::{Ask, Builder, HOST, Purge, Testbed};
pub use client::{Client, NoReply};
pub use gate::{Gate, Passed, WAIT_MAX};
pub use http2::{Http2Origin, Http2Request, Http2Step, http2_ok, http2_origin};
pub use origin::{Handler, Origin, Script, dynamic, in_turn, origin};
pub use reply::{CacheStatus, Reply};
pub use request::Request;

use std::time::Duration;

/// That many seconds.
#[must_use]
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}
