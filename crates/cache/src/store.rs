//! What every tier of the cache does: look up, keep, replace, remove, and account for it.
//!
//! The tiers decide what they keep. Freshness, purges and who may have a response are decided by those who
//! look it up.

use std::fmt;
use std::sync::Arc;

use littoral_ledger::Position;

use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::response::StoredResponse;

/// A site's index: stable per name within the process, small.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct SiteIx(pub u32);

/// A place for stored responses. All methods may be called from any thread.
pub trait Store: Send + Sync {
    /// The variants under `key`.
    fn lookup(&self, key: KeyRef<'_>) -> Option<Arc<Entry>>;

    /// Keeps `response`, in place of the variant with the same `Vary` and selecting key if there is one.
    ///
    /// # Errors
    /// It was not kept, for this reason; what was there under the key stays.
    fn insert(&self, key: &Key, site: SiteIx, response: Arc<StoredResponse>) -> Result<(), NotKept>;

    /// Keeps `new` in the place of `old`, which it succeeds (freshened by 304 or HEAD, combined with more
    /// bytes, or answered anew under another `Vary`). False, and nothing done, when `old` is no longer there
    /// or `new` finds no room.
    fn replace(&self, key: &Key, old: &Arc<StoredResponse>, new: Arc<StoredResponse>) -> bool;

    /// Removes all variants under `key`. When it returns, no lookup that begins afterwards finds them.
    fn remove(&self, key: KeyRef<'_>) -> bool;

    /// Removes this one variant, if it is there.
    fn remove_response(&self, key: KeyRef<'_>, response: &Arc<StoredResponse>) -> bool;

    /// What is kept, in numbers.
    fn stat(&self) -> StoreStat;

    /// Shows every response, or every one of `site`, in no order. What comes or goes meanwhile may be missed.
    fn visit(&self, site: Option<SiteIx>, each: &mut dyn FnMut(&Key, &Arc<StoredResponse>));

    /// The earliest effective position of what is kept: purges at or before it can be forgotten, if no fetch
    /// in flight is earlier. Read the fence's position before asking. Walks over everything.
    fn oldest_effective(&self) -> Option<Position> {
        let mut oldest = None;
        self.visit(None, &mut |_, response| {
            oldest =
                Some(oldest.map_or(response.effective, |oldest: Position| oldest.min(response.effective)));
        });
        oldest
    }
}

/// Why a response was not kept.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum NotKept {
    /// It is larger than the largest response the tier takes.
    TooLarge,
    /// It is larger than the largest response its site's share takes.
    SiteShare,
    /// What is left of the budget is held by answers under way.
    Pinned,
    /// A store has it already.
    AlreadyStored,
}

impl NotKept {
    /// Label in metrics, detail in `Cache-Status`.
    pub fn as_str(self) -> &'static str {
        match self {
            NotKept::TooLarge => "too-large",
            NotKept::SiteShare => "site-share",
            NotKept::Pinned => "memory-pinned",
            NotKept::AlreadyStored => "already-stored",
        }
    }
}

impl fmt::Display for NotKept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What a tier keeps, in numbers.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct StoreStat {
    /// Bound for `bytes`.
    pub budget_bytes: u64,
    /// All bytes: responses, keys, containers, and what left but is still held.
    pub bytes: u64,
    /// Of these, the containers: maps, queues, ghosts.
    pub overhead_bytes: u64,
    /// Responses kept.
    pub responses: u64,
    /// Keys with a response.
    pub keys: u64,
    /// Responses taken since the start.
    pub insertions: u64,
    /// Responses evicted for room since the start.
    pub evictions: u64,
    /// Responses evicted because their key had too many variants.
    pub variant_evictions: u64,
    /// The sites that ever had a response.
    pub sites: Vec<SiteStat>,
}

/// One site's part.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct SiteStat {
    /// Which.
    pub site: SiteIx,
    /// Bytes charged to it, pinned ones included.
    pub bytes: u64,
    /// Its share, in bytes.
    pub share_bytes: u64,
    /// Responses kept.
    pub responses: u64,
    /// Responses evicted since the start.
    pub evictions: u64,
}
