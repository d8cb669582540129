//! Control's side: the log of purges, as a value that a store keeps in its transactions.
//!
//! ```text
//! writer A: prepare (head 41) ------------------ commit: head is 42, not 41 -> Moved, prepare again -> 43
//! writer B:        prepare (head 41) -- commit: 42
//! ```
//!
//! - **Numbers** are allotted in the commit, compared against the head that was expected: commit order is number
//!   order, and what is not committed takes no number.
//! - **Bounds**: at most [`Log::entries_max`](Log::new) entries; a node that stands before the oldest is told to
//!   fetch everything older anew.
//! - **Restore**: a log from a backup begins a new epoch before it answers anybody. What nodes know beyond the
//!   branch is made good when they ask ([`Log::unknown_to_log`], then [`Log::make_good`]).

use std::collections::{BTreeMap, VecDeque};
use std::fmt;

use crate::entry::{Entry, EpochId, Logged};
use crate::position::Position;
use crate::protocol::{Ask, Body, Refusal, Reply};
use crate::purge::Purge;

/// The log, with everything that an answer needs.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Log {
    entries: VecDeque<Logged>,
    entries_max: usize,
    /// The last position that was dropped, and its history.
    base: (Position, EpochId),
    head: Position,
    /// The epochs of this history, oldest first.
    marks: Vec<Mark>,
    /// Of each epoch, the last position beyond its branch that was made good.
    made_good: BTreeMap<u32, u64>,
}

#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
struct Mark {
    at: Position,
    id: EpochId,
    branch: Position,
}

/// Purges ready to be committed behind the head that their writer saw.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Prepared {
    expected: Position,
    purges: Vec<Purge>,
}

/// Another writer committed first; nothing was written. Prepare again.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Moved {
    /// The head now.
    pub head: Position,
}

impl fmt::Display for Moved {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "another writer committed up to {}", self.head)
    }
}

impl std::error::Error for Moved {}

impl Log {
    /// A log that begins its first epoch. It keeps `entries_max` entries, at least one.
    pub fn new(id: EpochId, entries_max: usize) -> Log {
        let mut log = Log {
            entries: VecDeque::new(),
            entries_max: entries_max.max(1),
            base: (Position::default(), EpochId::default()),
            head: Position::default(),
            marks: Vec::new(),
            made_good: BTreeMap::new(),
        };
        log.begin_epoch(0, id);
        log
    }

    /// Begins an epoch later than this log's and than `above`. For a log that comes from a backup or was promoted
    /// with possible loss, before it answers; and for one that met a node of a later epoch, or of another history
    /// of its own ([`Refusal`]), after being told that it is the one to go on. `id` is drawn at random.
    pub fn begin_epoch(&mut self, above: u32, id: EpochId) {
        let branch = self.head;
        let at = Position { epoch: self.head.epoch.max(above) + 1, number: branch.number };
        self.marks.push(Mark { at, id, branch });
        self.push(Logged { at, entry: Entry::Epoch { id, branch } });
    }

    /// The last position.
    pub fn head(&self) -> Position {
        self.head
    }

    /// Which history of the head's epoch.
    pub fn id(&self) -> EpochId {
        self.marks.last().expect("a log begins with an epoch").id
    }

    /// Entries that are kept.
    pub fn entries(&self) -> impl Iterator<Item = &Logged> {
        self.entries.iter()
    }

    /// Makes purges ready to be committed behind what stands here now.
    pub fn prepare(&self, purges: Vec<Purge>) -> Prepared {
        Prepared { expected: self.head, purges }
    }

    /// Commits, all or nothing; returns the position of the last. To be called inside the store's transaction, on
    /// the log as that transaction sees it.
    ///
    /// # Errors
    /// When the head is not the one that was expected.
    pub fn commit(&mut self, prepared: Prepared) -> Result<Position, Moved> {
        if prepared.expected != self.head {
            return Err(Moved { head: self.head });
        }
        for purge in prepared.purges {
            let at = self.head.next();
            self.push(Logged { at, entry: Entry::Purge(purge) });
        }
        Ok(self.head)
    }

    /// A position that the asking node knows and this log lacks, if that was not made good yet. To be followed by
    /// [`make_good`](Self::make_good) before the node is answered.
    pub fn unknown_to_log(&self, ask: &Ask) -> Option<Position> {
        let beyond = self.branch_after(ask.after.epoch).is_some_and(|mark| {
            ask.after > mark.branch || (ask.after != Position::default() && !self.is_ours(ask))
        });
        let unknown = ask.lost.into_iter().chain(beyond.then_some(ask.after));
        unknown
            .filter(|lost| self.made_good.get(&lost.epoch).is_none_or(|&number| number < lost.number))
            .max()
    }

    /// Enters that everything older is to be fetched anew by everybody: purges up to `lost` are in no log.
    pub fn make_good(&mut self, lost: Position) -> Position {
        let number = self.made_good.entry(lost.epoch).or_default();
        *number = lost.number.max(*number);
        self.push(Logged { at: self.head.next(), entry: Entry::Renew { lost } });
        self.head
    }

    /// Answers a node, with at most `entries_max` entries.
    pub fn answer(&self, ask: &Ask, entries_max: usize) -> Reply {
        let reply = |body| Reply { nonce: ask.nonce, head: self.head, id: self.id(), body };
        let after = ask.after;
        let (base, base_id) = self.base;
        if after > self.head {
            return reply(Body::Refused(Refusal::OlderControl));
        }
        let ours = self.is_ours(ask);
        if after.epoch == self.head.epoch && !ours {
            return reply(Body::Refused(Refusal::OtherHistory));
        }
        let left = self.branch_after(after.epoch);
        if let Some(mark) = left.filter(|mark| !ours || after > mark.branch) {
            // It has seen what this log lacks. Where it also lacks what this log has, precision ends.
            let goes_on = after > mark.branch && mark.at > base;
            if goes_on {
                return reply(Body::Entries(self.from(mark.at, entries_max)));
            }
            let (base, id) = if mark.at > base { (mark.at, mark.id) } else { (base, base_id) };
            let branch = Some(if ours { mark.branch } else { Position::default() });
            return reply(Body::Reset { base, id, branch, entries: self.behind(base, entries_max) });
        }
        if after < base {
            let branch = left.map(|mark| mark.branch);
            return reply(Body::Reset { base, id: base_id, branch, entries: self.behind(base, entries_max) });
        }
        reply(Body::Entries(self.behind(after, entries_max)))
    }

    /// Whether the asking node stands in an epoch of this history.
    fn is_ours(&self, ask: &Ask) -> bool {
        ask.after == Position::default()
            || self.marks.iter().any(|mark| mark.at.epoch == ask.after.epoch && mark.id == ask.id)
    }

    /// The first epoch of this history after `epoch`.
    fn branch_after(&self, epoch: u32) -> Option<&Mark> {
        self.marks.iter().find(|mark| mark.at.epoch > epoch)
    }

    fn behind(&self, after: Position, entries_max: usize) -> Vec<Logged> {
        let first = self.entries.partition_point(|logged| logged.at <= after);
        self.entries.range(first..).take(entries_max).cloned().collect()
    }

    fn from(&self, at: Position, entries_max: usize) -> Vec<Logged> {
        let first = self.entries.partition_point(|logged| logged.at < at);
        self.entries.range(first..).take(entries_max).cloned().collect()
    }

    fn push(&mut self, logged: Logged) {
        self.head = logged.at;
        self.entries.push_back(logged);
        while self.entries.len() > self.entries_max {
            let dropped = self.entries.pop_front().expect("more than one");
            let id = self.marks.iter().rfind(|mark| mark.at <= dropped.at).map_or(EpochId(0), |mark| mark.id);
            self.base = (dropped.at, id);
        }
    }
}
