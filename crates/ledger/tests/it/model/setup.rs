//! Scenarios: what may happen in them.

use std::time::Duration;

use littoral_ledger::{Kind, OnControlLoss, Purge, Scope, SiteKey};

use super::bug::Bug;
use super::world::{Action, World};

/// What the scheduler may do, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) bug: Option<Bug>,
    /// The second node, if there is one, fetches from the first.
    pub(crate) nodes: usize,
    /// Threads of each node, turn by turn; without any, an answer is one step and turns pass by themselves.
    pub(crate) threads: usize,
    /// What a purge may cover: any of these, or, `in_turn`, each in its turn.
    pub(crate) purges: &'static [Covers],
    pub(crate) in_turn: bool,
    pub(crate) purges_max: u8,
    pub(crate) jobs_max: u8,
    /// Requests with unsafe methods, answered when their invalidation is durable.
    pub(crate) unsafe_max: u8,
    pub(crate) slices: bool,
    pub(crate) asks_max: u8,
    /// Messages on their way at a time.
    pub(crate) net_max: usize,
    pub(crate) loses: bool,
    pub(crate) doubles: bool,
    /// Entries in one reply.
    pub(crate) reply_entries_max: usize,
    pub(crate) crashes_max: u8,
    pub(crate) restores_max: u8,
    /// A restored control stands beside the old one.
    pub(crate) split: bool,
    pub(crate) log_entries_max: usize,
    pub(crate) writers: usize,
    pub(crate) ticks_max: u8,
    pub(crate) upgrades: bool,
    /// What has happened before everything may happen.
    pub(crate) prelude: &'static [Action],
    pub(crate) states_max: usize,
}

pub(crate) const QUIET: Setup = Setup {
    bug: None,
    nodes: 1,
    threads: 0,
    purges: &[Covers::Hard],
    in_turn: false,
    purges_max: 1,
    jobs_max: 0,
    unsafe_max: 0,
    slices: false,
    asks_max: 2,
    net_max: 2,
    loses: true,
    doubles: false,
    reply_entries_max: 2,
    crashes_max: 0,
    restores_max: 0,
    split: false,
    log_entries_max: 8,
    writers: 0,
    ticks_max: 0,
    upgrades: false,
    prelude: &[],
    states_max: 400_000,
};

/// What a purge means for the one URL.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Covers {
    /// The content changed under its old validator.
    Hard,
    /// Content and validator changed.
    Soft,
    /// Another URL is purged.
    Other,
}

/// A purge of another URL.
pub(crate) fn nothing() -> Purge {
    Purge { site: SiteKey(1), scope: Scope::Tag("other".into()), kind: Kind::Soft }
}

impl Covers {
    pub(super) fn purge(self) -> Purge {
        let scope = || Scope::Url("h/a".into());
        match self {
            Covers::Hard => Purge { site: SiteKey(1), scope: scope(), kind: Kind::Hard },
            Covers::Soft => Purge { site: SiteKey(1), scope: scope(), kind: Kind::Soft },
            Covers::Other => nothing(),
        }
    }
}

impl Setup {
    pub(super) fn is(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }

    pub(super) fn next_purges(&self, world: &World) -> impl Iterator<Item = &Covers> {
        let (skip, take) = if self.in_turn {
            (usize::from(world.purges) % self.purges.len(), 1)
        } else {
            (0, self.purges.len())
        };
        self.purges.iter().skip(skip).take(take)
    }

    pub(super) fn on_loss(&self) -> OnControlLoss {
        if self.ticks_max > 0 { OnControlLoss::Revalidate } else { OnControlLoss::Serve }
    }

    pub(super) fn may_reuse(&self, world: &World, node: usize) -> bool {
        let now = Duration::from_secs(world.now.into());
        world.nodes[node].follower.standing(now).may_reuse(self.on_loss())
    }
}
