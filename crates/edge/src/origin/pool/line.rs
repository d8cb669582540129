//! Those of one thread who wait for a connection to one origin server, first come, first served.

use super::{Granted, Pool};
use crate::origin::OriginError;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use tokio::sync::oneshot;

/// The line.
#[derive(Default)]
pub(super) struct Line {
    waiting: RefCell<VecDeque<Waiting>>,
    /// Those who wait for a connection that is being opened, and so do not count in the queue.
    covered: Cell<u32>,
}

struct Waiting {
    upgradable: bool,
    covered: Rc<Cell<bool>>,
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
    pub(super) fn join(&self, upgradable: bool, covered: Rc<Cell<bool>>) -> oneshot::Receiver<Granted> {
        let (sender, receiver) = oneshot::channel();
        self.waiting.borrow_mut().push_back(Waiting { upgradable, covered, sender });
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

    /// Nothing is being opened any more: those who counted on it wait like the others. Returns how many they are.
    pub(super) fn uncover_all(&self) -> u32 {
        if self.covered.get() == 0 {
            return 0;
        }
        let waiting = self.waiting.borrow();
        let left = waiting.iter().filter(|one| !one.sender.is_closed() && one.covered.replace(false));
        let count = left.count() as u32;
        self.covered.set(self.covered.get().saturating_sub(count));
        count
    }

    /// The first who still waits.
    pub(super) fn first(&self) -> Option<Waiter> {
        let mut waiting = self.waiting.borrow_mut();
        while waiting.front().is_some_and(|first| first.sender.is_closed()) {
            waiting.pop_front();
        }
        waiting.front().map(|first| Waiter { upgradable: first.upgradable, covered: first.covered.get() })
    }

    /// Gives it to the first whom it serves; back if there is none.
    pub(super) fn give(&self, mut granted: Granted) -> Result<(), Granted> {
        loop {
            let shared = matches!(granted, Granted::Stream(..));
            let first = {
                let mut waiting = self.waiting.borrow_mut();
                let place = waiting.iter().position(|one| !(shared && one.upgradable));
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
            let (failed, left): (VecDeque<Waiting>, _) = waiting.drain(..).partition(|one| one.covered.get());
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
        waiting.iter().any(|one| one.upgradable == upgradable && !one.sender.is_closed())
    }

    /// Takes those out who waited too long or whose client left: where connections are held for hours, nobody else
    /// would.
    pub(super) fn forget_who_left(&self) {
        self.waiting.borrow_mut().retain(|one| !one.sender.is_closed());
    }
}

/// A place in the line, counted until dropped.
pub(super) struct Place<'a> {
    pool: &'a Pool,
    pub(super) covered: Rc<Cell<bool>>,
}

impl Place<'_> {
    pub(super) fn take(pool: &Pool, covered: bool) -> Option<Place<'_>> {
        if covered {
            pool.line.cover();
        } else if !pool.shared.enter_queue(pool.thread) {
            return None;
        }
        Some(Place { pool, covered: Rc::new(Cell::new(covered)) })
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if self.covered.get() {
            self.pool.line.uncover();
        } else {
            self.pool.shared.leave_queue(self.pool.thread);
        }
    }
}
