//! Fetching once for many: one fetch per key until its head is known, then one per variant. A
//! fill belongs to the thread that began it; it appends pieces that never change, and readers on any thread follow
//! it. Waiters receive nothing until the head is found storable and shareable, and each is then matched again
//! against `Vary` and its own `Authorization`. What cannot be shared is handed to the one that asked; the others
//! fetch for themselves at once, and a marker keeps the next ones from queueing.

mod derived;
mod follow;
mod lead;
mod reader;
mod state;
mod storing;
mod table;

pub(crate) use derived::derived;
pub(crate) use follow::Follows;
pub(crate) use lead::{Handoff, Plan, lead};
pub(crate) use reader::{FillReader, head};
pub(crate) use state::{Fill, Phase};
pub(crate) use storing::with_fields;
pub(crate) use table::{FillTable, Joined};
