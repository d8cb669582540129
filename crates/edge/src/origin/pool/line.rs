//! Those of one thread who wait for a connection to one origin server, first come, first served.

use super::Granted;
use crate::origin::OriginError;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use tokio::sync::oneshot;

/// The line.
#[derive(Default)]
pub(super) struct Line {
    waiting: RefCell<VecDeque<Waiting>>,
    /// Those who wait for a connection that is being opened, and so do not count in the queue.
    covered: Cell<u32>,
}

struct Waiting {
    waiter: Waiter,
    sender: oneshot::Sender<Granted>,
}

/// What one who waits needs.
#[derive(Clone, Copy)]
pub(super) struct Waiter {
    /// A connection of its own.
    pub(super) upgradable: bool,
    /// A connection is being opened that may be enough.
    pub(super) covered: bool,
}

impl Line {
    pub(super) fn join(&self, upgradable: bool, covered: bool) -> oneshot::Receiver<Granted> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push_back(Waiting { waiter: Waiter { upgradable, covered }, sender });
        receiver
    }

    /// Whether so many streams in sight are enough for one more.
    pub(super) fn is_covered(&self, streams: u32) -> bool {
        self.covered.get() < streams
    }

    pub(super) fn cover(&self) {
        self.covered.set(self.covered.get() + 1);
    }

    pub(super) fn uncover(&self) {
        self.covered.set(self.covered.get().saturating_sub(1));
    }

    /// The first who still waits.
    pub(super) fn first(&self) -> Option<Waiter> {
        let mut waiting = self.waiting.borrow_mut();
        while waiting.front().is_some_and(|first| first.sender.is_closed()) {
            waiting.pop_front();
        }
        waiting.front().map(|first| first.waiter)
    }

    /// Gives it to the first whom it serves; back if there is none.
    pub(super) fn give(&self, mut granted: Granted) -> Result<(), Granted> {
        loop {
            let shared = matches!(granted, Granted::Stream(..));
            let first = {
                let mut waiting = self.waiting.borrow_mut();
                let place = waiting.iter().position(|one| !(shared && one.waiter.upgradable));
                place.and_then(|place| waiting.remove(place))
            };
            let Some(first) = first else { return Err(granted) };
            match first.sender.send(granted) {
                Ok(()) => return Ok(()),
                Err(back) => granted = back,
            }
        }
    }

    /// The connection that they waited for cannot be opened.
    pub(super) fn fail_covered(&self, error: OriginError) {
        let failed = {
            let mut waiting = self.waiting.borrow_mut();
            let (failed, left): (VecDeque<Waiting>, _) =
                waiting.drain(..).partition(|one| one.waiter.covered);
            *waiting = left;
            failed
        };
        for one in failed {
            let _ = one.sender.send(Granted::Failed(error));
        }
    }

    /// Whether somebody waits for a connection of its own (`upgradable`), or for whatever comes.
    pub(super) fn wants(&self, upgradable: bool) -> bool {
        let waiting = self.waiting.borrow();
        waiting.iter().any(|one| one.waiter.upgradable == upgradable && !one.sender.is_closed())
    }

    /// Takes those out who waited too long or whose client left: where connections are held for hours, nobody else
    /// would.
    pub(super) fn forget_who_left(&self) {
        self.waiting.borrow_mut().retain(|one| !one.sender.is_closed());
    }
}
