//! A gate: origin answers wait before it until the test opens it.
//!
//! It takes the place of sleeping: a test lets requests pile up, waits until as many as it wants stand before the
//! gate, and opens it. A gate stays open. It knows nothing of HTTP.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Longest wait of any kind in the testbed, so that a test that would hang fails instead. 20 s.
pub const WAIT_MAX: Duration = Duration::from_secs(20);

/// A gate that is closed when made; clones are the same gate.
#[derive(Clone, Default)]
pub struct Gate(Arc<Inner>);

#[derive(Default)]
struct Inner {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    open: bool,
    arrived: usize,
}

/// What ended a wait before a gate.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Passed {
    /// The gate was open, or was opened.
    Opened,
    /// It stayed closed for as long as the wait may last.
    GaveUp,
}

impl Gate {
    /// A closed gate.
    #[must_use]
    pub fn closed() -> Self {
        Self::default()
    }

    /// Lets through all who wait and all who come.
    pub fn open(&self) {
        self.state().open = true;
        self.0.changed.notify_all();
    }

    /// How many have come to the gate so far, whether it let them through or not.
    #[must_use]
    pub fn arrived(&self) -> usize {
        self.state().arrived
    }

    /// Waits until `count` have come to the gate.
    ///
    /// # Panics
    /// When they have not come within [`WAIT_MAX`].
    pub fn wait_for_arrivals(&self, count: usize) {
        let (state, timeout) = self
            .0
            .changed
            .wait_timeout_while(self.state(), WAIT_MAX, |state| state.arrived < count)
            .unwrap_or_else(PoisonError::into_inner);
        assert!(!timeout.timed_out(), "{} of {count} came to the gate", state.arrived);
    }

    /// Comes to the gate and waits until it is open.
    pub fn pass(&self) -> Passed {
        self.pass_within(WAIT_MAX)
    }

    /// Comes to the gate and waits until it is open, but no longer than `wait_max`.
    pub fn pass_within(&self, wait_max: Duration) -> Passed {
        let mut state = self.state();
        state.arrived += 1;
        self.0.changed.notify_all();
        let (state, timeout) = self
            .0
            .changed
            .wait_timeout_while(state, wait_max, |state| !state.open)
            .unwrap_or_else(PoisonError::into_inner);
        drop(state);
        if timeout.timed_out() { Passed::GaveUp } else { Passed::Opened }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "Gate {{ open: {}, arrived: {} }}", state.open, state.arrived)
    }
}
