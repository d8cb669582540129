//! Drain: accept nothing new, finish what is in flight, within a deadline.
//!
//! One [`Drain`] is shared by all that serve. It deliberately closes nothing itself: whoever holds a
//! connection listens for the beginning and decides how to end politely.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Padded;

/// The process-wide signal to drain, and the count of what is still in flight. Clones are the same drain.
#[derive(Clone, Default)]
pub struct Drain(Arc<Shared>);

#[derive(Default)]
struct Shared {
    draining: AtomicBool,
    begun: Notify,
    /// Notified by a guard that is dropped while draining.
    finished_one: Notify,
    lanes: Mutex<Vec<Arc<Padded<AtomicUsize>>>>,
}

/// How [`Drain::wait_idle`] ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum DrainEnd {
    /// Everything in flight has finished.
    Idle,
    /// The deadline passed first.
    Deadline {
        /// What was still in flight then.
        in_flight: usize,
    },
}

impl Drain {
    /// A drain that has not begun.
    pub fn new() -> Drain {
        Drain::default()
    }

    /// Begins draining; a second call changes nothing.
    pub fn begin(&self) {
        if !self.0.draining.swap(true, Ordering::SeqCst) {
            self.0.begun.notify_waiters();
        }
    }

    /// Whether draining has begun. A load of a line that is written once in the life of the process.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// Waits until draining begins; at once if it has. Cancel safe.
    pub async fn wait(&self) {
        let begun = self.0.begun.notified();
        if !self.is_draining() {
            begun.await;
        }
    }

    /// A counter of what is in flight, for one thread: guards of different lanes share no cache line.
    /// Lanes live as long as the drain; make one per thread, not one per connection.
    pub fn lane(&self) -> DrainLane {
        let in_flight = Arc::new(Padded(AtomicUsize::new(0)));
        self.0.lanes.lock().push(in_flight.clone());
        DrainLane { drain: self.clone(), in_flight }
    }

    /// How many guards are held, over all lanes.
    pub fn in_flight(&self) -> usize {
        self.0.lanes.lock().iter().map(|lane| lane.load(Ordering::SeqCst)).sum()
    }

    /// Waits until no guard is held, or until `deadline` has passed. Cancel safe. Does not begin
    /// the drain: without [`Drain::begin`], guards that are dropped wake nobody.
    pub async fn wait_idle(&self, deadline: Duration) -> DrainEnd {
        match tokio::time::timeout(deadline, self.idle()).await {
            Ok(()) => DrainEnd::Idle,
            Err(_) => match self.in_flight() {
                0 => DrainEnd::Idle,
                in_flight => DrainEnd::Deadline { in_flight },
            },
        }
    }

    async fn idle(&self) {
        loop {
            // Registered before counting: a guard dropped in between is not missed.
            let mut finished_one = std::pin::pin!(self.0.finished_one.notified());
            finished_one.as_mut().enable();
            if self.in_flight() == 0 {
                return;
            }
            finished_one.await;
        }
    }
}

impl std::fmt::Debug for Drain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Drain(draining: {}, in flight: {})", self.is_draining(), self.in_flight())
    }
}

/// One thread's share of what is in flight.
#[derive(Clone, Debug)]
pub struct DrainLane {
    drain: Drain,
    in_flight: Arc<Padded<AtomicUsize>>,
}

impl DrainLane {
    /// Counts one thing (a connection, a request) as in flight until the guard is dropped.
    pub fn guard(&self) -> DrainGuard {
        self.in_flight.fetch_add(1, Ordering::SeqCst);
        DrainGuard(self.clone())
    }

    /// The drain that this lane belongs to.
    pub fn drain(&self) -> &Drain {
        &self.drain
    }
}

/// Something in flight; dropping it says that it has finished.
#[derive(Debug)]
pub struct DrainGuard(DrainLane);

impl Drop for DrainGuard {
    fn drop(&mut self) {
        // Sequentially consistent with `begin`: either this sees the drain and wakes it, or the drain's
        // first count already sees this guard gone.
        self.0.in_flight.fetch_sub(1, Ordering::SeqCst);
        if self.0.drain.is_draining() {
            self.0.drain.0.finished_one.notify_waiters();
        }
    }
}
