//! Where a node stands in control's log, and which entry comes next. The same for a node that follows and for one
//! that reads its journal.

use crate::entry::{Entry, EpochId, Logged};
use crate::position::Position;
use crate::ties::Ties;

/// Where a node stands in control's log.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Stand {
    /// The last position that it has; all before is applied.
    pub control: Position,
    /// Which history of that epoch.
    pub id: EpochId,
    /// What it knows and control's log lacks.
    pub lost: Option<Lost>,
}

/// Purges of an earlier epoch that a node applied and control's log lacks. Until control has entered
/// [`Entry::Renew`] for them, parents may not know them whatever position they report.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lost {
    /// The last of them.
    pub known: Position,
    /// Own position before the first of them.
    pub back: Position,
}

/// How an entry relates to where a node stands.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// It is the next.
    Next,
    /// The node has it, or is past it.
    Old,
    /// Something is missing before it.
    Later,
}

/// Where the node stands, and the ties to its own positions.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Progress {
    pub(crate) stand: Stand,
    pub(crate) ties: Ties,
}

impl Progress {
    pub(crate) fn order(&self, logged: &Logged) -> Order {
        let control = self.stand.control;
        if logged.at <= control {
            return Order::Old;
        }
        let next = match logged.entry {
            // From where it branches off; or from beyond, having seen what is lost.
            Entry::Epoch { branch, .. } => control >= branch,
            _ => logged.at.epoch == control.epoch && logged.at.number == control.number + 1,
        };
        if next { Order::Next } else { Order::Later }
    }

    /// The entry, which is the next, took the own position `own`.
    pub(crate) fn take(&mut self, logged: &Logged, own: Position) {
        match logged.entry {
            Entry::Epoch { id, branch } => {
                if self.stand.control > branch {
                    self.lose(self.stand.control, branch);
                }
                self.stand.id = id;
            }
            Entry::Renew { lost } => {
                if let Some(mine) = self.stand.lost.filter(|mine| mine.known <= lost) {
                    self.stand.lost = None;
                    self.stand.control = logged.at;
                    self.ties.note(own, logged.at, mine.back);
                    return;
                }
            }
            Entry::Purge(_) => {}
        }
        self.stand.control = logged.at;
        if self.stand.lost.is_none() {
            self.ties.note(own, logged.at, before(own));
        }
    }

    /// Control begins anew at `base`, having thrown away what comes before; everything older than `own` is to be
    /// fetched anew. `branch` is where the log left the epoch in which the node stands, if it did.
    pub(crate) fn jump(&mut self, base: Position, id: EpochId, branch: Option<Position>, own: Position) {
        if let Some(branch) = branch.filter(|&branch| self.stand.control > branch) {
            self.lose(self.stand.control, branch);
        }
        self.stand = Stand { control: base, id, lost: self.stand.lost };
        if self.stand.lost.is_none() {
            self.ties.note(own, base, before(own));
        }
    }

    fn lose(&mut self, known: Position, branch: Position) {
        let back = self.own_of(branch).unwrap_or_default();
        self.stand.lost = Some(match self.stand.lost {
            Some(mine) => Lost { known: mine.known.max(known), back: mine.back.min(back) },
            None => Lost { known, back },
        });
    }

    /// From which own position on purges count against an answer whose maker has seen `control`; `None`: it has seen
    /// all that this node has.
    pub(crate) fn own_of(&self, control: Position) -> Option<Position> {
        match self.stand.lost {
            // Its maker is in an epoch that this node has yet to take over: where that branches off is not known here.
            _ if control.epoch > self.stand.control.epoch => Some(Position::default()),
            Some(lost) if control > lost.known => Some(lost.back),
            // Of the new epoch nothing is tied yet: after all that is, its first purge comes.
            Some(lost) => Some(self.ties.own_of(control).unwrap_or(lost.back)),
            None => self.ties.own_of(control),
        }
    }
}

/// Own positions in use have numbers from 1 on: a life itself has 0.
pub(crate) fn before(own: Position) -> Position {
    Position { number: own.number.saturating_sub(1), ..own }
}
