//! The node's durable record of what it applied: bytes to records and back, pure.
//!
//! The journal is what a node knows of purges after a restart. Whoever owns the file appends what
//! [`Effect::Append`](crate::Effect::Append) says, groups many appends into one `fdatasync`
//! ([`JournalFile`]), and reports how far it is durable; only then is a position acknowledged.
//!
//! ```text
//! frame:   | length u32 | its complement u32 | CRC-32C u32 | version u8 | kind u8 | … |
//!                                            of the length and |<------ all this ---->|
//! file:    | Life 7 | Stand | Applied | Applied | Local | Applied | Life 8 | Applied | torn…
//!                                                                            ^ cut off here
//! ```
//!
//! - **Torn tail**: a frame that the file ends in, or nothing but zeros: what was never durable, cut off.
//! - **Damage**: a whole frame that does not add up. It and all behind it are cut off, too, and since they may
//!   have been acknowledged, the node begins with "fetch everything older anew".
//! - **Lives**: each start of a process takes the next life, the epoch of its own positions, before anything is
//!   stored under them. So no own position is given twice, even if the end of the last life was never durable.
//! - **Compaction** ([`compact`]) writes what is still needed as a new file: one stand, the applied entries that
//!   something stored may be older than. Beyond its limit they become one "fetch everything older anew".

mod checksum;
mod compaction;
mod record;

pub(crate) use compaction::Kept;
pub use compaction::{Replayed, compact};
pub use record::{Cut, Record, decode_journal};

use std::io;

/// The file behind a journal; kept by whoever owns disks.
///
/// One writer for each node: during an upgrade the file is handed from process to process, and a process that
/// does not hold it never acknowledges.
pub trait JournalFile {
    /// Queues the bytes of records behind all that was queued before.
    ///
    /// # Errors
    /// When the disk refuses. Nothing may be acknowledged any more until [`replace`](Self::replace) succeeded.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;

    /// Makes all that was appended durable: one `fdatasync` for however many appends.
    ///
    /// # Errors
    /// As for `append`. What a failed sync has lost is unknown (the kernel may have dropped the pages): a second
    /// sync that succeeds proves nothing, only `replace` does.
    fn sync(&mut self) -> io::Result<()>;

    /// Puts a compacted journal in place of this one: written aside, synced, renamed, the folder synced.
    ///
    /// # Errors
    /// When it could not be done; the old journal stands.
    fn replace(&mut self, bytes: &[u8]) -> io::Result<()>;
}
