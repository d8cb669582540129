//! A node's side: follows control's log without gaps, tells the table and the journal, and acknowledges.
//!
//! ```text
//!        Reply (any order, lost, doubled)                       thread_passed(own)    durable(record)
//!                   |                                                   |                  |
//!                   v                                                   v                  v
//!  buffer --> next in order? --> Table::publish --> own position --> waiting --> all three there:
//!    ^              |                 |                  |                       Effect::Acknowledge
//!    '---- no ------'          threads see it      Effect::Append, Effect::Turns
//!         Effect::AskAgain
//! ```
//!
//! - It never goes back: an older control, another history of its epoch, and entries that it has are refused or
//!   passed over. Its own positions go on through everything.
//! - What control no longer has becomes "everything older is to be fetched anew" ([`Body::Reset`]).
//! - What it knows and a new epoch lacks stays in force here; parents' answers count as of the branch until control
//!   has made it good.
//!
//! Here is no clock (`now` is given, on any scale that does not go back) and no I/O. One lock around it is
//! enough: nothing of a hit asks it.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::acknowledging::Acknowledging;
use crate::entry::{EpochId, Logged};
use crate::fence::{Change, Fence};
use crate::journal::{Record, Replayed};
use crate::lease::{Lease, Standing};
use crate::position::Position;
use crate::progress::{Order, Progress, Stand, before};
use crate::protocol::{Ask, Body, Refusal, Reply};
use crate::purge::Purge;
use crate::ties::Tie;

/// Where changes become visible to threads: the fence.
pub trait Table {
    /// Gives the change the next own position; every judgement that begins after it returns counts it.
    fn publish(&mut self, change: Change<'_>) -> Position;
    /// The last own position given.
    fn position(&self) -> Position;
}

impl Table for &Fence {
    fn publish(&mut self, change: Change<'_>) -> Position {
        Fence::publish(self, change)
    }

    fn position(&self) -> Position {
        Fence::position(self)
    }
}

/// What whoever drives a follower has to do. In order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Append the record to the journal; when it and all before are durable, tell [`Follower::durable`] its number.
    Append {
        /// Counts records of this process, from 1.
        number: u64,
        /// What to append.
        record: Record,
    },
    /// Have every thread pass a turn of its loop, then tell [`Follower::thread_passed`] this own position.
    Turns(Position),
    /// Tell control that this position of its log, and all before, is in force on this node.
    Acknowledge(Position),
    /// Something is missing: send [`Follower::ask`] soon. Not more often than replies come.
    AskAgain,
    /// Control and this node do not go together; say it loudly.
    Refused(Refusal),
}

/// Bounds of a follower.
#[derive(Copy, Clone, Debug)]
pub struct FollowerSettings {
    /// Threads that answer requests.
    pub threads: usize,
    /// How long control's word holds, counted from when it was asked for. Default 10 s.
    pub lease: Duration,
    /// Entries kept that came before their turn; beyond, the latest is dropped and asked for again. Default 1024.
    pub buffer_entries_max: usize,
    /// An older process of this node still answers requests.
    pub predecessor: bool,
}

impl Default for FollowerSettings {
    fn default() -> Self {
        Self { threads: 1, lease: Duration::from_secs(10), buffer_entries_max: 1024, predecessor: false }
    }
}

/// A node's place in control's log, and what it owes.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Follower {
    progress: Progress,
    acknowledging: Acknowledging,
    lease: Lease,
    /// Entries before their turn, with epoch and history of the log that sent them.
    buffer: BTreeMap<Position, (Logged, u32, EpochId)>,
    buffer_entries_max: usize,
    nonce: u64,
    records: u64,
    keeps_journal: bool,
}

impl Follower {
    /// Goes on from what the journal says, in a new life. `table` is [`Fence::of_journal`] of the same.
    pub fn open(
        replayed: Replayed,
        settings: FollowerSettings,
        table: &mut impl Table,
    ) -> (Follower, Vec<Effect>) {
        let own = table.position();
        let control = replayed.progress.stand.control;
        let predecessor = settings.predecessor.then_some(Position::default());
        let mut follower = Follower {
            progress: replayed.progress,
            acknowledging: Acknowledging::new(settings.threads, own, predecessor),
            lease: Lease::new(settings.lease),
            buffer: BTreeMap::new(),
            buffer_entries_max: settings.buffer_entries_max.max(1),
            nonce: 0,
            records: 0,
            keeps_journal: true,
        };
        let mut effects = Vec::new();
        follower.append(Record::Life(own.epoch), &mut effects);
        if replayed.damaged {
            let own = table.publish(Change::Renew);
            follower.append(Record::Floor { own }, &mut effects);
            effects.push(Effect::Turns(own));
        }
        if control != Position::default() {
            follower.acknowledging.applied(table.position(), control, follower.records);
        }
        (follower, effects)
    }

    /// The next question to control.
    pub fn ask(&mut self, now: Duration) -> Ask {
        self.nonce += 1;
        self.lease.asked(self.nonce, now);
        let Stand { control, id, lost } = self.progress.stand;
        Ask { nonce: self.nonce, after: control, id, lost: lost.map(|lost| lost.known) }
    }

    /// Takes what control said.
    pub fn receive(&mut self, reply: Reply, table: &mut impl Table) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Reply { nonce, head, id, body } = reply;
        if let Some(refusal) = self.refuses(head, id) {
            return vec![Effect::Refused(refusal)];
        }
        let entries = match body {
            Body::Entries(entries) => entries,
            Body::Reset { base, id, branch, entries } => {
                self.reset(base, id, branch, table, &mut effects);
                entries
            }
            Body::Refused(refusal) => return vec![Effect::Refused(refusal)],
        };
        for logged in entries {
            self.take(logged, head.epoch, id, table, &mut effects);
        }
        self.drain_buffer(table, &mut effects);
        self.lease.told(nonce, head);
        self.lease.reached(self.progress.stand.control);
        if self.progress.stand.control < head && nonce != 0 || !self.buffer.is_empty() {
            effects.push(Effect::AskAgain);
        }
        effects
    }

    /// An unsafe method was invalidated at `own` by a thread of this process. Its number among the records, which
    /// [`is_durable`](Self::is_durable) takes, is in the effect.
    pub fn invalidated(&mut self, own: Position, purge: Purge) -> Vec<Effect> {
        let mut effects = Vec::new();
        self.append(Record::Local { own, purge }, &mut effects);
        effects
    }

    /// A thread passed a turn of its loop after this own position was published.
    pub fn thread_passed(&mut self, thread: usize, own: Position) -> Vec<Effect> {
        self.acknowledging.thread_passed(thread, own);
        self.acknowledge()
    }

    /// A thread has ended and begins no answer any more.
    pub fn thread_ended(&mut self, thread: usize) -> Vec<Effect> {
        self.acknowledging.thread_ended(thread);
        self.acknowledge()
    }

    /// The journal is durable up to the record of this number.
    pub fn durable(&mut self, number: u64) -> Vec<Effect> {
        self.acknowledging.durable(number);
        self.acknowledge()
    }

    /// Whether the record of this number is durable.
    pub fn is_durable(&self, number: u64) -> bool {
        self.acknowledging.is_durable(number)
    }

    /// The older process of this node has acknowledged to this one; see [`hand_over`](Self::hand_over).
    pub fn predecessor_passed(&mut self, control: Position) -> Vec<Effect> {
        self.acknowledging.predecessor_passed(control);
        self.acknowledge()
    }

    /// The older process answers nothing any more.
    pub fn predecessor_gone(&mut self) -> Vec<Effect> {
        self.acknowledging.predecessor_gone();
        self.acknowledge()
    }

    /// Leaves journal and link to the next process of this node, which reads the journal only after this. From now
    /// on this one receives what the next one relays to it, in order and whole, and its acknowledgements go there. If
    /// that connection breaks, it must end.
    pub fn hand_over(&mut self) -> Vec<Effect> {
        self.keeps_journal = false;
        self.acknowledging.give_up_journal();
        self.lease.disconnected();
        self.acknowledge()
    }

    /// The lease of the process that holds the link, for one that does not.
    pub fn relay_lease(&mut self, until: Duration) {
        self.lease.grant(until);
    }

    /// Until when the lease holds, if it was ever granted.
    pub fn lease_until(&self) -> Option<Duration> {
        self.lease.until()
    }

    /// The connection to control is gone: replies to what was asked on it are not waited for.
    pub fn disconnected(&mut self) {
        self.lease.disconnected();
    }

    /// What the node may say of itself.
    pub fn standing(&self, now: Duration) -> Standing {
        if self.acknowledging.is_durable(1) { self.lease.standing(now) } else { Standing::Opening }
    }

    /// Where the node stands in control's log: what it requires of those it fetches from.
    pub fn stand(&self) -> Stand {
        self.progress.stand
    }

    /// Control's position that something with own effective position `own` has for those who fetch from this node.
    pub fn told_for(&self, own: Position) -> Position {
        self.progress.ties.control_of(own)
    }

    /// Own effective position of an answer that was asked for at `asked` and that its parent says is effective at
    /// `parent` in control's log.
    pub fn effective_of(&self, asked: Position, parent: Position) -> Position {
        self.progress.own_of(parent).map_or(asked, |own| own.min(asked))
    }

    fn refuses(&self, head: Position, id: EpochId) -> Option<Refusal> {
        let stand = self.progress.stand;
        if head.epoch < stand.control.epoch {
            return Some(Refusal::OlderControl);
        }
        (head.epoch == stand.control.epoch && id != stand.id).then_some(Refusal::OtherHistory)
    }

    fn reset(
        &mut self,
        base: Position,
        id: EpochId,
        branch: Option<Position>,
        table: &mut impl Table,
        effects: &mut Vec<Effect>,
    ) {
        if base <= self.progress.stand.control {
            return;
        }
        let own = table.publish(Change::Renew);
        self.progress.jump(base, id, branch, own);
        self.append(Record::Floor { own }, effects);
        if self.progress.stand.lost.is_none() {
            self.append(Record::Tie(Tie { own, control: base, run: 0, back: before(own) }), effects);
        }
        self.append(Record::Stand { own, stand: self.progress.stand }, effects);
        self.applied(own, effects);
    }

    /// Applies an entry if it is the next, keeps it if something is missing before it.
    fn take(
        &mut self,
        logged: Logged,
        head_epoch: u32,
        id: EpochId,
        table: &mut impl Table,
        effects: &mut Vec<Effect>,
    ) {
        match self.progress.order(&logged) {
            Order::Old => {}
            Order::Next if !self.is_of_history(&logged, head_epoch, id) => {}
            Order::Next => {
                let own = table.publish(Change::of(&logged.entry));
                self.progress.take(&logged, own);
                self.append(Record::Applied { own, logged }, effects);
                self.applied(own, effects);
            }
            Order::Later => {
                self.buffer.insert(logged.at, (logged, head_epoch, id));
                if self.buffer.len() > self.buffer_entries_max {
                    self.buffer.pop_last();
                }
            }
        }
    }

    /// An entry of its sender's last epoch must be of the history that this node follows, or begin it.
    fn is_of_history(&self, logged: &Logged, head_epoch: u32, id: EpochId) -> bool {
        let stand = self.progress.stand;
        logged.at.epoch != stand.control.epoch || logged.at.epoch != head_epoch || id == stand.id
    }

    fn drain_buffer(&mut self, table: &mut impl Table, effects: &mut Vec<Effect>) {
        while let Some(first) = self.buffer.first_entry() {
            if self.progress.order(&first.get().0) == Order::Later {
                break;
            }
            let (logged, head_epoch, id) = first.remove();
            self.take(logged, head_epoch, id, table, effects);
        }
    }

    fn applied(&mut self, own: Position, effects: &mut Vec<Effect>) {
        self.acknowledging.applied(own, self.progress.stand.control, self.records);
        effects.push(Effect::Turns(own));
    }

    fn append(&mut self, record: Record, effects: &mut Vec<Effect>) {
        if self.keeps_journal {
            self.records += 1;
            effects.push(Effect::Append { number: self.records, record });
        }
    }

    fn acknowledge(&mut self) -> Vec<Effect> {
        self.acknowledging.ready().map(Effect::Acknowledge).into_iter().collect()
    }
}
