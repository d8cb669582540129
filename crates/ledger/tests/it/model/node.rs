//! One process of a node in the model: the real follower and journal between a table of one URL, threads, and one
//! stored response.

use std::collections::{BTreeMap, VecDeque};

use littoral_ledger::{
    Change, Cut, Effect, Entry, EpochId, Follower, FollowerSettings, Kind, Position, Purge, Record, Refusal,
    Replayed, Reply, Scope, Table, Verdict, decode_journal,
};

use super::bug::Bug;

/// The latest changes, of the one URL that there is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct OneUrl {
    pub(crate) position: Position,
    soft: Position,
    hard: Position,
    renew: Position,
    /// Fixture: a truncated log leaves what is stored alone.
    deaf: bool,
}

impl OneUrl {
    pub(crate) fn judge(&self, effective: Position) -> Verdict {
        if self.hard.max(self.renew) > effective {
            Verdict::Hard
        } else if self.soft > effective {
            Verdict::Soft
        } else {
            Verdict::Live
        }
    }

    pub(crate) fn lends_validators(&self, effective: Position) -> bool {
        self.hard.max(self.renew) <= effective
    }

    fn mark(&mut self, own: Position, change: Change<'_>) {
        match change {
            Change::Purge(Purge { scope: Scope::Tag(_), .. }) => {}
            Change::Purge(Purge { kind: Kind::Soft, .. }) => self.soft = own,
            Change::Purge(_) => self.hard = own,
            Change::Renew if self.deaf => {}
            Change::Renew => self.renew = own,
            Change::Nothing => {}
        }
        self.position = own;
    }

    fn of_journal(records: &[Record], life: u32) -> OneUrl {
        let mut table = OneUrl::default();
        for record in records {
            match record {
                Record::Applied { own, logged } => table.mark(*own, Change::of(&logged.entry)),
                Record::Local { own, purge } => table.mark(*own, Change::Purge(purge)),
                Record::Floor { own } => table.mark(*own, Change::Renew),
                Record::Life(_) | Record::Stand { .. } | Record::Tie(_) => {}
            }
        }
        table.position = Position { epoch: life, number: 0 };
        table
    }
}

impl Table for OneUrl {
    fn publish(&mut self, change: Change<'_>) -> Position {
        let own = self.position.next();
        self.mark(own, change);
        own
    }

    fn position(&self) -> Position {
        self.position
    }
}

/// A stored response: which of the origin's contents, under which validator.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Stored {
    pub(crate) content: u8,
    pub(crate) validator: u8,
    pub(crate) effective: Position,
}

/// What brings the next stored response.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Job {
    /// Its request has left.
    Asked { effective: Position, stale: Option<Stored> },
    /// The first slice is here.
    Half(Stored),
    /// The request for the second has left.
    HalfAsked { first: Stored, effective: Position },
    /// It is about to be stored.
    Here { stored: Stored, fetched: bool },
}

/// A thread within a turn of its loop.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) enum Turn {
    #[default]
    Idle,
    /// Has read the position, and is about to judge.
    Read(Position),
    /// Fixture: has judged, and is about to read the position that it remembers.
    JudgedFirst(Stored),
    /// About to queue the head of an answer with this content.
    Answering(u8),
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Thread {
    pub(crate) turn: Turn,
    /// The response last found live, and the position read before it was judged.
    pub(crate) hot: Option<(Stored, Position)>,
    /// A turn that was asked for.
    pub(crate) mail: Option<Position>,
}

/// What a control's log has, as the world knows it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Truth {
    pub(crate) id: EpochId,
    /// By position, all content before which a purge made too old.
    pub(crate) made_old: BTreeMap<Position, u8>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Node {
    pub(crate) follower: Follower,
    pub(crate) table: OneUrl,
    pub(crate) threads: Vec<Thread>,
    pub(crate) stored: Option<Stored>,
    pub(crate) job: Option<Job>,
    pub(crate) journal: Vec<Record>,
    pub(crate) unsynced: VecDeque<(u64, Record)>,
    /// What the entries that it applied made too old.
    pub(crate) known: BTreeMap<Position, u8>,
    /// The oldest content that it may still begin an answer with, by what it acknowledged.
    pub(crate) promised: u8,
    pub(crate) acknowledged: Position,
    pub(crate) refused: Option<Refusal>,
    /// An unsafe request that is answered when this record is durable, and the content that it made.
    pub(crate) invalidating: Option<(u64, u8)>,
    /// It has left journal and link to the next process.
    pub(crate) handed: bool,
}

static NONE: BTreeMap<Position, u8> = BTreeMap::new();

/// Seconds.
pub(crate) const LEASE: u8 = 2;

fn settings(threads: usize, predecessor: bool) -> FollowerSettings {
    FollowerSettings {
        threads,
        predecessor,
        lease: std::time::Duration::from_secs(LEASE as u64),
        buffer_entries_max: 2,
    }
}

impl Node {
    pub(crate) fn start(
        records: Vec<Record>,
        cut: Cut,
        threads: usize,
        predecessor: bool,
        bug: Option<Bug>,
    ) -> Node {
        let replayed = Replayed::of(records.clone(), cut);
        let last = records.iter().filter_map(own_of).max().unwrap_or_default();
        let mut table = OneUrl::of_journal(&records, replayed.life() + 1);
        if bug == Some(Bug::LifeGivenTwice) && last != Position::default() {
            table.position = last;
        }
        table.deaf = bug == Some(Bug::ResetKeepsStored);
        let (follower, effects) = Follower::open(replayed, settings(threads, predecessor), &mut table);
        let mut node = Node {
            follower,
            table,
            threads: vec![Thread::default(); threads],
            stored: None,
            job: None,
            journal: records,
            unsynced: VecDeque::new(),
            known: BTreeMap::new(),
            promised: 0,
            acknowledged: Position::default(),
            refused: None,
            invalidating: None,
            handed: false,
        };
        node.take(effects, &Truth::default(), bug);
        node
    }

    /// Does what the follower says. `truth` is of the control that this comes from, or goes to.
    pub(crate) fn take(&mut self, effects: Vec<Effect>, truth: &Truth, bug: Option<Bug>) {
        for effect in effects {
            match effect {
                Effect::Append { number, record } => {
                    self.note(&record, truth);
                    self.unsynced.push_back((number, record));
                    if bug == Some(Bug::AcknowledgedBeforeJournal) {
                        let more = self.follower.durable(number);
                        self.take(more, truth, bug);
                    }
                }
                Effect::Turns(own) => {
                    for nth in 0..self.threads.len() {
                        self.threads[nth].mail = Some(own);
                        if bug == Some(Bug::AcknowledgedBeforeTurn) {
                            let more = self.follower.thread_passed(nth, own);
                            self.take(more, truth, bug);
                        }
                    }
                }
                Effect::Acknowledge(position) => {
                    self.acknowledged = position;
                    if self.handed {
                        continue;
                    }
                    let ours = truth.id == self.follower.stand().id;
                    let all =
                        if ours { truth.made_old.range(..=position) } else { BTreeMap::range(&NONE, ..) };
                    let promised = self.known.range(..=position).chain(all).map(|(_, &content)| content);
                    self.promised = promised.chain([self.promised]).max().unwrap_or(0);
                }
                Effect::Refused(refusal) => self.refused = Some(refusal),
                Effect::AskAgain => {}
            }
        }
    }

    fn note(&mut self, record: &Record, truth: &Truth) {
        match record {
            Record::Applied { logged, .. } if matches!(logged.entry, Entry::Purge(_)) => {
                let content = truth.made_old.get(&logged.at).copied().unwrap_or(0);
                self.known.insert(logged.at, content);
            }
            // Whoever begins at a base has, by that, acknowledged what comes before.
            Record::Stand { stand, .. } => {
                self.known
                    .extend(truth.made_old.range(..=stand.control).map(|(&at, &content)| (at, content)));
            }
            _ => {}
        }
    }

    pub(crate) fn receive(&mut self, reply: Reply, truth: &Truth, bug: Option<Bug>) {
        let effects = self.follower.receive(reply, &mut self.table);
        self.take(effects, truth, bug);
    }

    pub(crate) fn sync(&mut self, truth: &Truth, bug: Option<Bug>) {
        let Some(&(number, _)) = self.unsynced.back() else { return };
        self.journal.extend(self.unsynced.drain(..).map(|(_, record)| record));
        let effects = self.follower.durable(number);
        self.take(effects, truth, bug);
        if let Some((_, content)) = self.invalidating.take_if(|(record, _)| self.follower.is_durable(*record))
        {
            self.promised = self.promised.max(content);
        }
    }

    /// An unsafe request changed the origin to `content`.
    pub(crate) fn invalidate(&mut self, content: u8, purge: Purge, bug: Option<Bug>) {
        let own = self.table.publish(Change::Purge(&purge));
        let effects = self.follower.invalidated(own, purge);
        self.take(effects, &Truth::default(), bug);
        let record = self.unsynced.back().map_or(0, |&(number, _)| number);
        self.invalidating = Some((record, content));
        if bug == Some(Bug::InvalidationNotWaitedFor) {
            self.promised = self.promised.max(content);
        }
    }

    /// Power fails: of what was not synced, `kept` records reached the disk, and half of the next. What is stored
    /// is on disk.
    pub(crate) fn crash(&self, kept: usize, bug: Option<Bug>) -> Node {
        let mut bytes = Vec::new();
        let all = self.journal.iter().chain(self.unsynced.iter().map(|(_, record)| record).take(kept));
        all.for_each(|record| record.encode(&mut bytes).expect("within limits"));
        let mut torn = Vec::new();
        let next = self.unsynced.get(kept).map(|(_, record)| record);
        next.iter().for_each(|record| record.encode(&mut torn).expect("within limits"));
        bytes.extend(&torn[..torn.len() / 2]);
        let (mut records, _, cut) = decode_journal(&bytes);
        if let (Some(Bug::TornTailTakenWhole), Some(Record::Applied { own, logged })) = (bug, next) {
            // Position and kind are there, the name is not.
            let mut logged = logged.clone();
            if let Entry::Purge(_) = logged.entry {
                logged.entry = Entry::Purge(super::setup::nothing());
            }
            records.push(Record::Applied { own: *own, logged });
        }
        let mut node = Node::start(records, cut, self.threads.len(), false, bug);
        node.stored = self.stored;
        node.promised = self.promised;
        let has = |at: Position| {
            node.journal.iter().any(|record| match record {
                Record::Applied { logged, .. } => logged.at == at,
                Record::Stand { stand, .. } => stand.control >= at && stand.control.epoch == at.epoch,
                _ => false,
            })
        };
        node.known = self.known.iter().filter(|&(&at, _)| has(at)).map(|(&at, &old)| (at, old)).collect();
        node
    }

    pub(crate) fn verdict(&self, stored: Stored) -> Verdict {
        self.table.judge(stored.effective)
    }
}

fn own_of(record: &Record) -> Option<Position> {
    match record {
        Record::Applied { own, .. } | Record::Local { own, .. } | Record::Floor { own } => Some(*own),
        _ => None,
    }
}
