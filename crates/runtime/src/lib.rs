//! What every role receives from the process it runs in: a clock, listening sockets, the signal to
//! drain, counters, log rings and facts about the host.
//!
//! On the path this is the ground under the request, not a step of it. It deliberately knows no HTTP,
//! no configuration files and no roles; it starts no async runtime of its own.

mod clock;
pub mod count;
mod drain;
pub mod exposition;
pub mod host;
pub mod listener;
pub mod ring;
pub mod socket;
mod sys;

pub use clock::Clock;
pub use count::{Counter, Gauge, Histogram, HistogramSum, Padded};
pub use drain::{Drain, DrainEnd, DrainGuard, DrainLane};
pub use exposition::Exposition;
pub use listener::{BindCause, BindError, Listener};
