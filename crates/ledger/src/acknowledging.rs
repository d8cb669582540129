//! When a node may say that it has applied a position: not before every thread has passed a turn of its loop since
//! the table was published, the journal is durable that far, and an older process of this node, if one still
//! answers, has passed it, too.

use std::collections::VecDeque;

use crate::position::Position;

/// Applied positions that wait. Beyond, those in the middle are acknowledged with a later one.
const WAITING_MAX: usize = 1024;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Acknowledging {
    /// Own position that each thread has passed; `None` for one that has ended and answers nothing any more.
    threads: Vec<Option<Position>>,
    /// Records durable; `None` in a process that keeps no journal.
    durable: Option<u64>,
    predecessor: Option<Position>,
    waiting: VecDeque<Applied>,
}

#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
struct Applied {
    own: Position,
    control: Position,
    record: u64,
}

impl Acknowledging {
    pub(crate) fn new(threads: usize, own: Position, predecessor: Option<Position>) -> Acknowledging {
        Acknowledging {
            threads: vec![Some(own); threads],
            durable: Some(0),
            predecessor,
            waiting: VecDeque::new(),
        }
    }

    pub(crate) fn applied(&mut self, own: Position, control: Position, record: u64) {
        if self.waiting.len() == WAITING_MAX {
            self.waiting.pop_back();
        }
        self.waiting.push_back(Applied { own, control, record });
    }

    pub(crate) fn thread_passed(&mut self, thread: usize, own: Position) {
        if let Some(Some(passed)) = self.threads.get_mut(thread) {
            *passed = own.max(*passed);
        }
    }

    pub(crate) fn thread_ended(&mut self, thread: usize) {
        if let Some(passed) = self.threads.get_mut(thread) {
            *passed = None;
        }
    }

    pub(crate) fn durable(&mut self, record: u64) {
        self.durable = self.durable.map(|durable| durable.max(record));
    }

    pub(crate) fn is_durable(&self, record: u64) -> bool {
        self.durable.is_none_or(|durable| durable >= record)
    }

    pub(crate) fn give_up_journal(&mut self) {
        self.durable = None;
    }

    pub(crate) fn predecessor_passed(&mut self, control: Position) {
        self.predecessor = self.predecessor.map(|passed| passed.max(control));
    }

    pub(crate) fn predecessor_gone(&mut self) {
        self.predecessor = None;
    }

    /// The last position that may be acknowledged and was not.
    pub(crate) fn ready(&mut self) -> Option<Position> {
        let mut ready = None;
        while let Some(&next) = self.waiting.front().filter(|next| self.is_passed(next)) {
            ready = Some(next.control);
            self.waiting.pop_front();
        }
        ready
    }

    fn is_passed(&self, applied: &Applied) -> bool {
        self.threads.iter().flatten().all(|&passed| passed >= applied.own)
            && self.is_durable(applied.record)
            && self.predecessor.is_none_or(|passed| passed >= applied.control)
    }
}
