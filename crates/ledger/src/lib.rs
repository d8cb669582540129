//! Purges and generations as protocols, pure: what makes "what was purged is never served again, and no change is
//! lost or half applied" checkable.
//!
//! ```text
//!           control                             node                                         threads
//!  writers -> log::Log -- Reply --> follower::Follower -- Change --> Fence <-- judge -- answers
//!                 ^                   |     |      ^                   ^
//!                 '------- Ask -------'     |      '- thread_passed    '---- own invalidations
//!                 ^                         '- Record -> journal -> durable
//!                 '--- Acknowledge ---------------------'
//!
//!  planner -> manifest::Manifest ------> generations::Generations -- Apply, Remove --> parts in force
//! ```
//!
//! Three sequences have positions of one kind, [`Position`] (epoch, number):
//!
//! - **control's log** of purges ([`log`], [`entry`]): numbers in commit order without gaps; a restored store begins a
//!   new epoch;
//! - **the node's own**: every purge that the [`Fence`] applies, control's or its own, takes the next one. Its epoch is
//!   the *life*, a start of the process. A stored response carries its *effective position* in this sequence: the
//!   one that stood when the request which produced it began, or an earlier one, see below;
//! - **generations** ([`generations`], [`manifest`]).
//!
//! How a node follows, acknowledges, and gets over loss is in [`follower`]; how own positions and control's belong
//! together in [`ties`]; until when control's word holds in [`lease`]; what a restart knows in [`journal`].
//!
//! Here is no socket, no clock and no disk. `tests/it/model` explores all of this with an adversary for a scheduler.
//!
//! # Effective positions
//!
//! | what is stored | its effective position |
//! |---|---|
//! | a fill | [`Fence::position`] before the request left |
//! | one freshened by a 304 or by an answer to HEAD | the same, of that request |
//! | one put together of slices | the earliest of theirs |
//! | a derived variant | its source's |
//! | an answer of a parent | [`Follower::effective_of`] the position before the request left and what the parent said |
//!
//! What a node says to a child is [`Follower::told_for`] the effective position of what it answers with.
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
pub mod entry;
mod fence;
pub mod follower;
pub mod generations;
pub mod journal;
pub mod lease;
pub mod log;
pub mod manifest;
mod odd;
mod position;
mod progress;
pub mod protocol;
mod purge;
mod shared;
mod subject;
mod table;
pub mod ties;
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
