//! The fills under way, found by key, and the markers of keys whose answers could not be shared. Sharded, and
//! touched only by misses.

use super::state::Fill;
use littoral_cache::KeyRef;
use littoral_ledger::Position;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const SHARDS: usize = 64;

/// Markers for each shard; at the limit the whole shard's expired ones go, then any.
const MARKERS_PER_SHARD_MAX: usize = 1024;

/// Seconds for which requests for a key go to the origin without waiting for each other after its answer could not
/// be shared (hit-for-miss).
pub(crate) const UNSHARED_SECONDS: i64 = 10;

/// All fills of the node.
pub(crate) struct FillTable {
    shards: Box<[Mutex<Shard>]>,
    held_bytes: Arc<AtomicU64>,
}

#[derive(Default)]
struct Shard {
    fills: HashMap<Box<[u8]>, Arc<Fill>>,
    /// Fills that nobody joins any more and that are not over yet: what they bring counts as being fetched.
    overtaken: Vec<Arc<Fill>>,
    /// Hash of a key and the second until which it is not collapsed. A collision lets a request go alone.
    unshared: HashMap<u64, i64>,
}

impl Shard {
    /// All that are under way.
    fn all(&self) -> impl Iterator<Item = &Arc<Fill>> {
        self.fills.values().chain(&self.overtaken)
    }
}

/// What a request does about its miss.
pub(crate) enum Joined {
    /// Nobody fetches yet: this request begins.
    Lead(Arc<Fill>),
    /// Somebody does.
    Follow(Arc<Fill>),
    /// The last answer under this key could not be shared: fetch alone.
    Alone,
    /// What is wanted has been stored in the meantime.
    Stored,
}

impl FillTable {
    pub(crate) fn new() -> FillTable {
        FillTable { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), held_bytes: Arc::default() }
    }

    /// Joins the fill under `key`. One that `is_usable` refuses (a purge has overtaken it, or time) is replaced. Where
    /// there is none, `is_stored` is asked once more: a fill stores what it brought before it leaves the table.
    pub(crate) fn join(
        &self,
        hash: u64,
        key: &[u8],
        now: i64,
        is_usable: impl FnOnce(&Fill) -> bool,
        is_stored: impl FnOnce() -> bool,
        begin: impl FnOnce(Box<[u8]>, Arc<AtomicU64>) -> Fill,
    ) -> Joined {
        let mut shard = self.shard(hash).lock();
        if !shard.unshared.is_empty() {
            let marker = KeyRef::new(key).hash;
            match shard.unshared.get(&marker) {
                Some(until) if *until > now => return Joined::Alone,
                Some(_) => {
                    shard.unshared.remove(&marker);
                }
                None => {}
            }
        }
        if let Some(fill) = shard.fills.get(key)
            && is_usable(fill)
        {
            return Joined::Follow(fill.clone());
        }
        if is_stored() {
            return Joined::Stored;
        }
        let fill = Arc::new(begin(key.into(), self.held_bytes.clone()));
        let before = shard.fills.insert(key.into(), fill.clone());
        shard.overtaken.extend(before);
        Joined::Lead(fill)
    }

    /// Whether newcomers still join this fill: no later one has taken its place.
    pub(crate) fn is_current(&self, hash: u64, fill: &Arc<Fill>) -> bool {
        self.shard(hash).lock().fills.get(&fill.key).is_some_and(|known| Arc::ptr_eq(known, fill))
    }

    /// Takes a fill out that is over; newcomers find what it stored, or begin anew.
    pub(crate) fn finish(&self, hash: u64, fill: &Arc<Fill>) {
        let mut shard = self.shard(hash).lock();
        if shard.fills.get(&fill.key).is_some_and(|known| Arc::ptr_eq(known, fill)) {
            shard.fills.remove(&fill.key);
        } else {
            shard.overtaken.retain(|known| !Arc::ptr_eq(known, fill));
        }
    }

    /// Requests for this key do not wait for each other until `until`.
    pub(crate) fn mark_unshared(&self, hash: u64, key: &[u8], now: i64) {
        let mut shard = self.shard(hash).lock();
        if shard.unshared.len() >= MARKERS_PER_SHARD_MAX {
            shard.unshared.retain(|_, until| *until > now);
        }
        if shard.unshared.len() >= MARKERS_PER_SHARD_MAX {
            shard.unshared.clear();
        }
        shard.unshared.insert(KeyRef::new(key).hash, now + UNSHARED_SECONDS);
    }

    /// Bytes that fills hold in memory until they are stored or sent.
    pub(crate) fn held_bytes(&self) -> u64 {
        self.held_bytes.load(Ordering::Relaxed)
    }

    /// Fills under way.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().all().count()).sum()
    }

    /// The lowest purge position that a fill under way began at.
    pub(crate) fn oldest_effective(&self) -> Option<Position> {
        let oldest = |shard: &Mutex<Shard>| shard.lock().all().map(|fill| fill.effective).min();
        self.shards.iter().filter_map(oldest).min()
    }

    /// Whether a fill under a key that `matches` is under way.
    pub(crate) fn any(&self, mut matches: impl FnMut(&[u8]) -> bool) -> bool {
        self.shards.iter().any(|shard| shard.lock().all().any(|fill| matches(&fill.key)))
    }

    fn shard(&self, hash: u64) -> &Mutex<Shard> {
        &self.shards[(hash >> 58) as usize % SHARDS]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn join(table: &FillTable, is_usable: bool, effective: Position) -> Arc<Fill> {
        let begin = |key, held_bytes| Fill::new(key, effective, 0, held_bytes);
        match table.join(1, b"key", 0, |_| is_usable, || false, begin) {
            Joined::Lead(fill) | Joined::Follow(fill) => fill,
            Joined::Alone | Joined::Stored => panic!("nothing is stored, and nothing was marked"),
        }
    }

    #[test]
    fn an_overtaken_fill_counts_as_under_way_until_it_is_over() {
        let table = FillTable::new();
        let before = Position::default();
        let early = join(&table, true, before);
        let late = join(&table, false, before.next());
        assert!(!Arc::ptr_eq(&early, &late));
        assert!(!table.is_current(1, &early) && table.is_current(1, &late));
        assert_eq!(table.oldest_effective(), Some(before));
        table.finish(1, &late);
        assert!(table.any(|key| key == b"key"));
        assert_eq!(table.oldest_effective(), Some(before));
        table.finish(1, &early);
        assert_eq!((table.len(), table.oldest_effective()), (0, None));
    }

    #[test]
    fn a_marked_key_is_fetched_alone_until_its_time_is_over() {
        let table = FillTable::new();
        table.mark_unshared(1, b"key", 100);
        let begin = |key, held_bytes| Fill::new(key, Position::default(), 0, held_bytes);
        let at = |now| table.join(1, b"key", now, |_| true, || false, begin);
        assert!(matches!(at(100 + UNSHARED_SECONDS - 1), Joined::Alone));
        assert!(matches!(at(100 + UNSHARED_SECONDS), Joined::Lead(_)));
    }
}
