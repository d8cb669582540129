//! How long a node may trust that it has missed nothing, and what it may do afterwards.
//!
//! ```text
//! node     ask(t=10) ----------.                .----> has all up to the head: lease until 10 + length
//! control                       `--> reply(head)
//!                                    counts from here: when length is over, the node has stopped by itself
//! ```
//!
//! The node counts from when it asked, control from when it answered, which is later: so when control says that a
//! lease has run out, it has. Clocks are compared nowhere; they must only run alike, and control adds a margin
//! for what they do not and for the turn of a thread's loop.
//!
//! **A thread reads whether the lease holds before it reads the position** of what it is about to reuse, and whoever
//! publishes a lease does so after the purges that it stands for. The other way round, a thread could read an old
//! position, see a lease that was granted after a catch-up, and reuse what that has purged.

use std::collections::VecDeque;
use std::time::Duration;

use crate::position::Position;

/// What a site wants of its nodes while control is away longer than the lease (`on_control_loss`).
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum OnControlLoss {
    /// Stay available: answer from the cache.
    Serve,
    /// Never be behind: validate everything before it is used.
    Revalidate,
}

/// What a node can say of itself.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Standing {
    /// Its start is not on its disk yet: nothing may be stored or answered from the cache.
    Opening,
    /// It holds the lease.
    Current,
    /// Control is there and ahead of it: nothing is answered from the cache until it has caught up.
    CatchingUp,
    /// Control is away and the lease has run out: each site's [`OnControlLoss`] decides.
    Lost,
}

impl Standing {
    /// Whether what is stored may be used without asking its origin.
    pub fn may_reuse(self, on_loss: OnControlLoss) -> bool {
        match self {
            Standing::Current => true,
            Standing::Lost => on_loss == OnControlLoss::Serve,
            Standing::Opening | Standing::CatchingUp => false,
        }
    }
}

/// Asks that are waited for; older ones are given up.
const ASKS_MAX: usize = 8;

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Lease {
    length: Duration,
    until: Option<Duration>,
    asked: VecDeque<(u64, Duration)>,
    /// Replies that hold as soon as their head is reached.
    told: VecDeque<(Duration, Position)>,
    behind: bool,
}

impl Lease {
    pub(crate) fn new(length: Duration) -> Lease {
        Lease { length, until: None, asked: VecDeque::new(), told: VecDeque::new(), behind: false }
    }

    pub(crate) fn asked(&mut self, nonce: u64, now: Duration) {
        if self.asked.len() == ASKS_MAX {
            self.asked.pop_front();
        }
        self.asked.push_back((nonce, now));
    }

    /// Control told its head in reply to `nonce`. A reply to something never asked, or asked long ago, counts nothing.
    pub(crate) fn told(&mut self, nonce: u64, head: Position) {
        let Some(nth) = self.asked.iter().position(|&(asked, _)| asked == nonce) else { return };
        let (_, sent) = self.asked.drain(..=nth).next_back().expect("found");
        if self.told.len() == ASKS_MAX {
            self.told.pop_front();
        }
        self.told.push_back((sent, head));
    }

    /// The node stands at `control`.
    pub(crate) fn reached(&mut self, control: Position) {
        let length = self.length;
        let granted = self.told.iter().filter(|&&(_, head)| head <= control).map(|&(sent, _)| sent + length);
        self.until = granted.chain(self.until).max();
        self.told.retain(|&(_, head)| head > control);
        self.behind = !self.told.is_empty();
    }

    /// Takes over a lease that another process of this node holds.
    pub(crate) fn grant(&mut self, until: Duration) {
        self.until = self.until.max(Some(until));
    }

    pub(crate) fn disconnected(&mut self) {
        self.asked.clear();
        self.told.clear();
        self.behind = false;
    }

    pub(crate) fn until(&self) -> Option<Duration> {
        self.until
    }

    pub(crate) fn standing(&self, now: Duration) -> Standing {
        match self.until {
            Some(until) if now < until => Standing::Current,
            _ if self.behind => Standing::CatchingUp,
            _ => Standing::Lost,
        }
    }
}
