//! Positions and the purge fence: what makes "what was purged is never served again" checkable.
//!
//! Every purge takes the next [`Position`] of one sequence. A stored response carries its *effective
//! position*: the position that stood when the request which produced it began. The [`Fence`] remembers
//! purges and says of a stored response ([`Subject`], effective position) whether a later purge covers
//! it. The cache asks it before reuse; the edge and the administration write to it.
//!
//! Here is no socket, no clock and no disk: how purges reach a node, and when it may acknowledge them, is
//! decided above.
//!
//! # Why a reader cannot miss a purge
//!
//! ```text
//! Fence::apply                          a request on any thread
//! 1  write the purge into the table     a  read the site's position      (acquire)
//! 2  store the site's position (release)   equal to the one last checked at: reuse
//! 3  store the node's position (release) b  otherwise judge against the table, remember (a)'s value
//! 4  return: may be acknowledged        c  queue the head of the answer
//! ```
//!
//! - A request that begins after 4 happens after 2, so (a) reads that purge's position or a later one. It
//!   differs from what was checked before, so (b) runs; (a) synchronizes with 2, therefore (b) sees 1.
//! - (b) may see purges later than (a)'s value. That is harmless: it remembers the older value, and the
//!   next request judges again.
//! - A fetch reads the node's position before its request leaves, so a response with effective position
//!   *p* was produced after every purge up to *p*; all later purges count against it, whenever it is
//!   stored.
//! - A request between (a) and (c) when 4 happens is in flight; whoever acknowledges to an operator waits
//!   until each thread has passed a turn of its loop.

mod acknowledging;
mod entry;
mod fence;
mod follower;
mod generations;
mod journal;
mod lease;
mod log;
mod manifest;
mod odd;
mod position;
mod progress;
mod protocol;
mod purge;
mod shared;
mod subject;
mod table;
mod ties;
mod wire;

pub use entry::{Entry, EpochId, Logged};
pub use fence::{Change, Fence, Limits, Verdict};
pub use follower::{Effect, Follower, FollowerSettings, Table};
pub use generations::{Generations, Kept, NotTaken, PartEffect, PartRefusal};
pub use journal::{Cut, JournalFile, Record, Replayed, compact, decode_journal};
pub use lease::{OnControlLoss, Standing};
pub use log::{Log, Moved, Prepared};
pub use manifest::{ContentHash, Manifest, Part};
pub use position::Position;
pub use progress::{Lost, Stand};
pub use protocol::{Ask, Body, Refusal, Reply};
pub use purge::{Kind, Purge, Scope, SiteKey};
pub use subject::Subject;
pub use ties::Tie;
pub use wire::DecodeError;
