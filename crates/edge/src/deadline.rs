//! Deadlines of connections without timers: each connection owns a cell, one sweep per thread looks at
//! all of them a few times a second. Setting a deadline is a store into thread-local memory, which is why the
//! hit path can afford one for each read and each write. Resolution is the sweep's interval; it is meant for
//! limits of seconds, not for precise timing.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

/// Time between two sweeps: how late a deadline may fire.
pub(crate) const SWEEP_INTERVAL: Duration = Duration::from_millis(100);

/// All deadlines of one thread.
#[derive(Default)]
pub(crate) struct Deadlines {
    cells: RefCell<Vec<Option<Rc<Timer>>>>,
    free: RefCell<Vec<usize>>,
}

struct Timer {
    /// Milliseconds of the monotonic clock; `u64::MAX` means none.
    at_millis: Cell<u64>,
    expired: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

/// One connection's deadline; gone from the sweep when dropped.
pub(crate) struct Deadline {
    cell: Rc<Timer>,
    index: usize,
    owner: Rc<Deadlines>,
}

impl Deadlines {
    /// A new deadline that is not set.
    pub(crate) fn register(self: &Rc<Self>) -> Deadline {
        let cell = Rc::new(Timer {
            at_millis: Cell::new(u64::MAX),
            expired: Cell::new(false),
            waker: RefCell::new(None),
        });
        let mut cells = self.cells.borrow_mut();
        let index = match self.free.borrow_mut().pop() {
            Some(index) => {
                cells[index] = Some(cell.clone());
                index
            }
            None => {
                cells.push(Some(cell.clone()));
                cells.len() - 1
            }
        };
        Deadline { cell, index, owner: self.clone() }
    }

    /// Wakes every connection whose deadline has passed.
    pub(crate) fn sweep(&self, now_millis: u64) {
        for cell in self.cells.borrow().iter().flatten() {
            if cell.at_millis.get() <= now_millis
                && !cell.expired.replace(true)
                && let Some(waker) = cell.waker.borrow_mut().take()
            {
                waker.wake();
            }
        }
    }
}

impl Deadlines {
    /// Wakes every connection, so that each sees for itself that the thread drains, or that memory is short.
    pub(crate) fn wake_all(&self) {
        for cell in self.cells.borrow().iter().flatten() {
            if let Some(waker) = cell.waker.borrow_mut().take() {
                waker.wake();
            }
        }
    }
}

impl Deadline {
    /// Moves the deadline to `at_millis` of the monotonic clock and forgets that an earlier one had passed.
    pub(crate) fn set(&self, at_millis: u64) {
        self.cell.at_millis.set(at_millis);
        self.cell.expired.set(false);
    }

    /// Moves the deadline forward to `at_millis` if it is later.
    pub(crate) fn bring_forward(&self, at_millis: u64) {
        if at_millis < self.cell.at_millis.get() {
            self.set(at_millis);
        }
    }

    /// No deadline from now on.
    pub(crate) fn clear(&self) {
        self.set(u64::MAX);
    }

    /// Whether it has passed; when it has not, the task is woken once it does.
    pub(crate) fn poll_expired(&self, context: &mut Context<'_>) -> bool {
        if self.cell.expired.get() {
            return true;
        }
        let mut waker = self.cell.waker.borrow_mut();
        match &mut *waker {
            Some(known) if known.will_wake(context.waker()) => {}
            slot => *slot = Some(context.waker().clone()),
        }
        false
    }
}

impl Drop for Deadline {
    fn drop(&mut self) {
        self.owner.cells.borrow_mut()[self.index] = None;
        self.owner.free.borrow_mut().push(self.index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passed_deadline_expires_once_swept_and_a_moved_one_does_not() {
        let deadlines = Rc::new(Deadlines::default());
        let (early, late) = (deadlines.register(), deadlines.register());
        early.set(100);
        late.set(300);
        deadlines.sweep(200);
        let mut context = Context::from_waker(Waker::noop());
        assert!(early.poll_expired(&mut context));
        assert!(!late.poll_expired(&mut context));
        early.set(400);
        assert!(!early.poll_expired(&mut context));
        early.bring_forward(500);
        late.bring_forward(250);
        deadlines.sweep(450);
        assert!(early.poll_expired(&mut context) && late.poll_expired(&mut context));
    }

    #[test]
    fn a_dropped_deadline_gives_its_place_to_the_next() {
        let deadlines = Rc::new(Deadlines::default());
        drop(deadlines.register());
        let _next = deadlines.register();
        assert_eq!(deadlines.cells.borrow().len(), 1);
    }
}
