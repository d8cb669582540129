//! The one source of time: the system's, or a test's.
//!
//! Cores take `now` as an argument; whoever calls them asks a [`Clock`]. It deliberately offers no timers:
//! those belong to the async runtime of the thread that waits.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::sys;

/// Wall and monotonic time. Clones of a manual clock share its hands.
#[derive(Clone)]
pub struct Clock(Source);

#[derive(Clone)]
enum Source {
    System,
    Manual(Arc<Hands>),
}

struct Hands {
    start_seconds: i64,
    elapsed_nanos: AtomicU64,
}

impl Clock {
    /// The machine's clock. Wall time has the resolution of the scheduler tick (at most 10 ms) and costs
    /// a few nanoseconds; monotonic time is exact.
    pub fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands at `start_seconds` since the epoch until [`Clock::advance`] moves it.
    pub fn manual(start_seconds: i64) -> Clock {
        Clock(Source::Manual(Arc::new(Hands { start_seconds, elapsed_nanos: AtomicU64::new(0) })))
    }

    /// Wall time in whole seconds since the epoch, rounded down.
    pub fn now(&self) -> i64 {
        self.now_millis().div_euclid(1000)
    }

    /// Wall time in milliseconds since the epoch, rounded down.
    pub fn now_millis(&self) -> i64 {
        match &self.0 {
            Source::System => millis(sys::realtime_coarse()),
            Source::Manual(hands) => {
                hands.start_seconds.saturating_mul(1000).saturating_add(millis(hands.elapsed()))
            }
        }
    }

    /// Nanoseconds since an arbitrary start; never goes back. For measuring how long something took.
    pub fn monotonic_nanos(&self) -> u64 {
        let since_start = match &self.0 {
            Source::System => sys::monotonic(),
            Source::Manual(hands) => hands.elapsed(),
        };
        u64::try_from(since_start.as_nanos()).unwrap_or(u64::MAX)
    }

    /// Moves a manual clock and all its clones forward.
    ///
    /// # Panics
    /// On the system clock, which only a fault in a test can try to move.
    pub fn advance(&self, by: Duration) {
        let Source::Manual(hands) = &self.0 else { panic!("the system clock cannot be moved") };
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        hands.elapsed_nanos.fetch_add(nanos, Ordering::SeqCst);
    }

    /// Whether this clock only moves when a test moves it.
    pub fn is_manual(&self) -> bool {
        matches!(self.0, Source::Manual(_))
    }
}

impl Default for Clock {
    fn default() -> Clock {
        Clock::system()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.is_manual() { "manual" } else { "system" };
        write!(f, "Clock({kind}, {})", self.now())
    }
}

impl Hands {
    fn elapsed(&self) -> Duration {
        Duration::from_nanos(self.elapsed_nanos.load(Ordering::SeqCst))
    }
}

fn millis(since_epoch: Duration) -> i64 {
    i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
}
