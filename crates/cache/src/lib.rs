//! Stored responses: keys, bodies, variants, and the memory tier.
//!
//! On the path this is the step between route and fill: a thread asks its own [`HotTable`], then the
//! [`Store`], and hands what a fetch brought to the store. All decisions about *use* are made outside: whether
//! a response may be stored or reused (`http-caching`), whether it was purged (`ledger`). Here is what is kept
//! and for how long there is room. No sockets, no clock, no disk yet: a disk tier will implement the same
//! [`Store`].
//!
//! # A hit that shares nothing
//!
//! A hit in a thread's [`HotTable`] reads lines that other cores only read too: the entry's dead flag, the
//! fence's position for the site, the response. It writes only to memory of its own thread. A lookup in the
//! store takes a shard's lock for reading and bumps the count of one entry.
//!
//! # A response that left is not found again
//!
//! Removal, replacement and eviction take the entry out of its shard's map and set its dead flag (release)
//! before they return. [`HotTable::get`] reads the flag (acquire) on each use. A `get` that begins after the
//! removal returned happens after the store to the flag, and the flag never turns back: it reads true.
//! Whoever puts a dead entry into a hot table afterwards finds it dead at the next `get`.

mod body;
mod charge;
mod content;
mod encoded;
mod entry;
mod hot;
mod key;
mod memory;
mod response;
mod store;

pub use body::{Body, BodyBuilder, CHUNK, WeakBody};
pub use content::{Content, PartialBody, RUNS_MAX};
pub use encoded::{ASK_AGAIN_SECONDS, EncodedBody};
pub use entry::Entry;
pub use hot::{HOT_AFTER_USES, HotEntry, HotTable};
pub use key::{Key, KeyRef};
pub use memory::{MemoryStore, VARIANTS_MAX};
pub use response::{FREQUENCY_MAX, ResponseParts, StoredResponse};
pub use store::{NotKept, SiteIx, SiteStat, Store, StoreStat};
