//! How a node's own positions and control's positions belong together.
//!
//! ```text
//! own      (7,1)   (7,2)   (7,3)   (7,4)   (7,5)   (7,6)
//! what     (1,41)  (1,42)  local   (1,43)  local   local
//! ties     |------run-----|        |-run-|
//! ```
//!
//! - [`Follower::told_for`](crate::Follower::told_for): what a node may say of something with own effective position
//!   (7,5) to those who fetch from it: it has seen control's purges up to (1,43).
//! - [`Follower::effective_of`](crate::Follower::effective_of): from which own position on the purges count against an
//!   answer of a parent that has seen control's up to (1,42): from (7,4) on. The local one at (7,3) is no concern of
//!   a parent.
//!
//! Runs are kept, a bounded number of them; what is older than the oldest counts as before everything.

use std::collections::VecDeque;

use crate::position::Position;

/// Own positions `own`, and `run` more, are control's `control`, and `run` more.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tie {
    /// First own position of the run.
    pub own: Position,
    /// Control's position there.
    pub control: Position,
    /// How many more follow, one by one on both sides.
    pub run: u64,
    /// The own position that an answer stands at which has seen less than `control`, but all before this tie.
    pub back: Position,
}

/// The runs, oldest first.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Ties {
    runs: VecDeque<Tie>,
    /// Whether runs older than the first were dropped or never known.
    cut: bool,
}

/// Runs kept. A run ends where a local invalidation, a start or an epoch comes between two purges. 56 bytes each.
pub(crate) const TIES_MAX: usize = 4096;

impl Ties {
    /// Control's `control` took the own position `own`; answers that have seen less stand at `back`.
    pub(crate) fn note(&mut self, own: Position, control: Position, back: Position) {
        if let Some(last) = self.runs.back_mut()
            && later_by(last.own, own) == Some(last.run + 1)
            && later_by(last.control, control) == Some(last.run + 1)
            && later_by(back, own) == Some(1)
        {
            last.run += 1;
        } else {
            self.push(Tie { own, control, run: 0, back });
        }
    }

    /// Puts back a run that a journal kept.
    pub(crate) fn push(&mut self, tie: Tie) {
        if self.runs.len() == TIES_MAX {
            self.runs.pop_front();
            self.cut = true;
        }
        self.runs.push_back(tie);
    }

    pub(crate) fn runs(&self) -> impl Iterator<Item = Tie> {
        self.runs.iter().copied()
    }

    /// The last of control's positions that took an own position at or before `own`.
    pub(crate) fn control_of(&self, own: Position) -> Position {
        let after = self.runs.partition_point(|tie| tie.own <= own);
        let Some(tie) = after.checked_sub(1).map(|nth| self.runs[nth]) else { return Position::default() };
        let steps = later_by(tie.own, own).map_or(tie.run, |steps| steps.min(tie.run));
        Position { number: tie.control.number + steps, ..tie.control }
    }

    /// The own position before which all has been seen by whom control's position is `control`; `None` when that is
    /// everything that was noted.
    pub(crate) fn own_of(&self, control: Position) -> Option<Position> {
        let nth = self.runs.partition_point(|tie| last_control(tie) <= control);
        let tie = self.runs.get(nth)?;
        if control >= tie.control {
            let steps = control.number - tie.control.number;
            return Some(Position { number: tie.own.number + steps, ..tie.own });
        }
        let known = nth > 0 || !self.cut || later_by(control, tie.control) == Some(1);
        Some(if known { tie.back } else { Position::default() })
    }
}

fn last_control(tie: &Tie) -> Position {
    Position { number: tie.control.number + tie.run, ..tie.control }
}

/// How many steps `to` is behind `from` within one epoch.
fn later_by(from: Position, to: Position) -> Option<u64> {
    (from.epoch == to.epoch).then(|| to.number.checked_sub(from.number)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(epoch: u32, number: u64) -> Position {
        Position { epoch, number }
    }

    /// (7,1) and (7,2) are (1,41) and (1,42); (7,4) is (1,43).
    fn ties() -> Ties {
        let mut ties = Ties::default();
        for (own, control) in [(1, 41), (2, 42), (4, 43)] {
            ties.note(at(7, own), at(1, control), at(7, own - 1));
        }
        ties
    }

    #[test]
    fn local_invalidations_lie_between_runs() {
        let ties = ties();
        assert_eq!(ties.runs().count(), 2);
        let control: Vec<u64> = (1..7).map(|own| ties.control_of(at(7, own)).number).collect();
        assert_eq!(control, [41, 42, 42, 43, 43, 43]);
        assert_eq!(ties.control_of(at(6, 99)), Position::default());
        assert_eq!(ties.control_of(at(8, 0)), at(1, 43));
    }

    #[test]
    fn an_answer_stands_before_the_first_purge_that_its_maker_had_not_seen() {
        let ties = ties();
        assert_eq!(ties.own_of(at(1, 40)), Some(at(7, 0)));
        assert_eq!(ties.own_of(at(1, 41)), Some(at(7, 1)));
        assert_eq!(
            ties.own_of(at(1, 42)),
            Some(at(7, 3)),
            "the local one at (7,3) is no concern of a parent"
        );
        assert_eq!(ties.own_of(at(1, 43)), None);
        assert_eq!(ties.own_of(at(2, 0)), None);
    }

    #[test]
    fn what_was_dropped_counts_as_before_everything() {
        let mut ties = Ties::default();
        for nth in 0..TIES_MAX as u64 + 1 {
            ties.note(at(1, 2 * nth + 1), at(1, nth + 1), at(1, 2 * nth));
        }
        assert_eq!(ties.runs().count(), TIES_MAX);
        assert_eq!(ties.control_of(at(1, 1)), Position::default());
        assert_eq!(ties.own_of(at(1, 0)), Some(Position::default()));
        assert_eq!(ties.own_of(at(1, 1)), Some(at(1, 2)), "next to the oldest that is kept");
    }

    use proptest::prelude::*;

    proptest! {
        #[test]
        fn ties_say_what_a_list_of_everything_says(events in prop::collection::vec(0..4u8, 0..60)) {
            let (mut ties, mut all) = (Ties::default(), Vec::new());
            let (mut own, mut control) = (at(1, 0), at(1, 0));
            for event in events {
                match event {
                    // A local invalidation, a new life, then purges.
                    0 => own = own.next(),
                    1 => own = at(own.epoch + 1, 0),
                    _ => {
                        (own, control) = (own.next(), control.next());
                        ties.note(own, control, Position { number: own.number - 1, ..own });
                        all.push((own, control));
                    }
                }
            }
            for epoch in 0..=own.epoch {
                for number in 0..70 {
                    let asked = at(epoch, number);
                    let told = all.iter().rev().find(|(own, _)| *own <= asked).map(|&(_, control)| control);
                    prop_assert_eq!(ties.control_of(asked), told.unwrap_or_default());
                }
            }
            for number in 0..70 {
                let first_unseen = all.iter().find(|&&(_, control)| control > at(1, number));
                match (ties.own_of(at(1, number)), first_unseen) {
                    (None, None) => {}
                    // Somewhere from the last that was seen to before the first that was not.
                    (Some(back), Some(&(unseen, _))) => {
                        prop_assert!(back < unseen);
                        let seen = all.iter().rev().find(|&&(_, control)| control <= at(1, number));
                        prop_assert!(seen.is_none_or(|&(seen, _)| back >= seen));
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
            }
        }
    }
}
