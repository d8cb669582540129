//! What a node and control say to each other about purges. Any of it may be lost, doubled or late; how it becomes
//! bytes on a connection is the link's business.

use crate::entry::{EpochId, Logged};
use crate::position::Position;

/// A node's question: what comes after where I stand? Asked on each connection first, after a gap, and as the
/// heartbeat that renews the lease. It acknowledges nothing.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Ask {
    /// Comes back in the reply; another for each ask of a process.
    pub nonce: u64,
    /// Where the node stands.
    pub after: Position,
    /// Which history of that epoch.
    pub id: EpochId,
    /// What it knows of an earlier epoch and has not seen made good by [`Entry::Renew`](crate::Entry).
    pub lost: Option<Position>,
}

/// Control's answer, or, with nonce 0, entries sent as soon as they were committed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reply {
    /// The ask's.
    pub nonce: u64,
    /// The last position of the log when this was said.
    pub head: Position,
    /// Which history of the head's epoch.
    pub id: EpochId,
    /// What follows the node's stand.
    pub body: Body,
}

/// What a reply brings.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Body {
    /// Entries in order, not necessarily up to the head.
    Entries(Vec<Logged>),
    /// The log no longer has what the node misses: everything older is to be fetched anew, then go on from `base`.
    Reset {
        /// Where the node stands then.
        base: Position,
        /// Which history of the base's epoch.
        id: EpochId,
        /// The last position of the node's epoch, or an earlier one, that the log contains, if it has left that epoch.
        branch: Option<Position>,
        /// Entries behind the base.
        entries: Vec<Logged>,
    },
    /// Control will not lead this node.
    Refused(Refusal),
}

/// Why a control and a node do not go together. The node keeps its stand and its lease runs out.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Refusal {
    /// The node has seen a later epoch, or more of this one than control has. Such a control was left behind by
    /// another, which must take over; or it was restored without beginning an epoch.
    OlderControl,
    /// Both count the same epoch in different histories: one of two restored controls must begin a later epoch.
    OtherHistory,
}

impl Refusal {
    /// Its name in logs and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Refusal::OlderControl => "older-control",
            Refusal::OtherHistory => "other-history",
        }
    }
}
