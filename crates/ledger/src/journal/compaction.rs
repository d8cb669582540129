//! What a journal's records come to: for a node that starts, and for a journal that became too long.

use super::record::{Cut, Record};
use crate::entry::Entry;
use crate::position::Position;
use crate::progress::{Order, Progress};
use crate::purge::Purge;

/// What a node knows from its journal.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Replayed {
    pub(crate) life: u32,
    pub(crate) own: Position,
    pub(crate) progress: Progress,
    pub(crate) kept: Vec<(Position, Kept)>,
    pub(crate) damaged: bool,
}

/// What the fence is to know again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Kept {
    Entry(Entry),
    Local(Purge),
    Floor,
}

impl Replayed {
    /// What `records` come to, in their order, and what was cut off behind them.
    pub fn of(records: Vec<Record>, cut: Cut) -> Replayed {
        let mut replayed = Replayed { damaged: matches!(cut, Cut::Damaged(_)), ..Replayed::default() };
        for record in records {
            replayed.take(record);
        }
        replayed
    }

    /// The last life that was begun; 0 for a node that never started.
    pub fn life(&self) -> u32 {
        self.life
    }

    /// Where the node stands in control's log.
    pub fn control(&self) -> Position {
        self.progress.stand.control
    }

    fn take(&mut self, record: Record) {
        let own = match &record {
            Record::Life(life) => Position { epoch: *life, number: 0 },
            Record::Applied { own, .. }
            | Record::Local { own, .. }
            | Record::Floor { own }
            | Record::Stand { own, .. } => *own,
            Record::Tie(tie) => tie.own,
        };
        self.own = self.own.max(own);
        self.life = self.life.max(own.epoch);
        match record {
            Record::Life(_) => {}
            Record::Applied { own, logged } => {
                if self.progress.order(&logged) == Order::Next {
                    self.progress.take(&logged, own);
                }
                self.kept.push((own, Kept::Entry(logged.entry)));
            }
            Record::Local { own, purge } => self.kept.push((own, Kept::Local(purge))),
            Record::Floor { own } => self.kept.push((own, Kept::Floor)),
            // A journal begins with it; one that came later could only lead back.
            Record::Stand { stand, .. } if stand.control >= self.progress.stand.control => {
                self.progress.stand = stand;
            }
            Record::Stand { .. } => {}
            Record::Tie(tie) => self.progress.ties.push(tie),
        }
    }
}

/// The records that say the same as `records` to a node of which nothing stored is older than `oldest_effective`
/// (an own position), with at most `entries_max` purges among them. What is beyond becomes one floor: everything
/// older than the last purge that was given up is to be fetched anew.
///
/// The caller takes `oldest_effective` as for [`Fence::forget_older_than`](crate::Fence::forget_older_than).
pub fn compact(records: &[Record], oldest_effective: Position, entries_max: usize) -> Vec<Record> {
    let replayed = Replayed::of(records.to_vec(), Cut::Clean);
    let mut out = vec![Record::Life(replayed.life)];
    out.extend(replayed.progress.ties.runs().map(Record::Tie));
    out.push(Record::Stand { own: replayed.own, stand: replayed.progress.stand });
    let head = out.len();
    let needed: Vec<&Record> = records.iter().filter(|record| is_needed(record, oldest_effective)).collect();
    let given_up = needed.len().saturating_sub(entries_max);
    if let Some(last) = given_up.checked_sub(1).and_then(|last| own_of_entry(needed[last])) {
        out.push(Record::Floor { own: last });
    }
    out.extend(needed[given_up..].iter().map(|&record| record.clone()));
    if Replayed::of(out.clone(), Cut::Clean).control() != replayed.control() {
        // Entries out of order, which no node writes: nothing older is to be trusted, and none of them is kept.
        out.truncate(head);
        out.push(Record::Floor { own: replayed.own });
    }
    out
}

fn is_needed(record: &Record, oldest_effective: Position) -> bool {
    let marks_only =
        matches!(record, Record::Applied { logged, .. } if matches!(logged.entry, Entry::Epoch { .. }));
    !marks_only && own_of_entry(record).is_some_and(|own| own > oldest_effective)
}

fn own_of_entry(record: &Record) -> Option<Position> {
    match record {
        Record::Applied { own, .. } | Record::Local { own, .. } | Record::Floor { own } => Some(*own),
        Record::Life(_) | Record::Stand { .. } | Record::Tie(_) => None,
    }
}
