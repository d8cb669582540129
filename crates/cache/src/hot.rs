//! One thread's hot keys: a hit here writes nothing that another core reads.
//!
//! Entries are held by `Rc`, so that an answer under way keeps its response alive without touching a shared
//! count. Each remembers the site's purge position at which all its variants were last found live; while
//! that stands, a hit costs the fence one comparison. What the table holds alive counts in the store's budget
//! as long as it is held; so the table is small, and [`HotTable::sweep`] lets go of what has left the store.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;

use littoral_ledger::{Fence, Position, SiteKey, Verdict};

use crate::entry::Entry;
use crate::key::KeyRef;

/// Uses after which a variant makes its entry hot; fewer and the shared count would be touched for one-hit
/// wonders.
pub const HOT_AFTER_USES: u8 = 2;

const WAYS: usize = 4;

/// One thread's table. Not shared between threads.
pub struct HotTable {
    /// Sets of four places; an entry may stand in any place of its hash's set.
    places: Box<[Option<Place>]>,
    bytes: usize,
    bytes_max: usize,
    hand: usize,
    len: usize,
}

struct Place {
    hot: Rc<HotEntry>,
    hash: u64,
    bytes: usize,
    used: bool,
}

/// An entry in a thread's table.
pub struct HotEntry {
    entry: Arc<Entry>,
    site: SiteKey,
    checked: Cell<Position>,
}

impl HotEntry {
    /// The entry; clone its `Arc` only to hand it to another thread.
    pub fn entry(&self) -> &Arc<Entry> {
        &self.entry
    }

    /// The site's purge position at which all variants were live.
    pub fn checked_at(&self) -> Position {
        self.checked.get()
    }

    /// Whether no variant is purged. The position is read before the table, so that a purge between the two
    /// is at worst seen twice.
    #[inline]
    fn is_live(&self, fence: &Fence) -> bool {
        let position = fence.site_position(self.site);
        if position == self.checked.get() {
            return true;
        }
        let live = all_live(&self.entry, fence);
        if live {
            self.checked.set(position);
        }
        live
    }
}

impl HotTable {
    /// A table of at most `entries_max` entries (rounded up to a power of two, at least 16) and `bytes_max`
    /// bytes held alive. A good size: 1,024 entries, and an eighth of the store's budget over all threads.
    pub fn new(entries_max: usize, bytes_max: usize) -> HotTable {
        let places = entries_max.max(16).next_power_of_two();
        HotTable { places: (0..places).map(|_| None).collect(), bytes: 0, bytes_max, hand: 0, len: 0 }
    }

    /// The entry under `key`, if it is here, is still the store's, and no variant of it is purged: soft or
    /// hard, the slow path sees to those.
    #[inline]
    pub fn get(&mut self, key: KeyRef<'_>, fence: &Fence) -> Option<&Rc<HotEntry>> {
        let first = self.set_of(key.hash);
        let nth = (first..first + WAYS).find(|&nth| {
            self.places[nth]
                .as_ref()
                .is_some_and(|place| place.hash == key.hash && *place.hot.entry.key().bytes == *key.bytes)
        })?;
        let place = self.places[nth].as_mut().expect("found just now");
        if place.hot.entry.is_dead() || !place.hot.is_live(fence) {
            self.clear(nth);
            return None;
        }
        place.used = true;
        self.places[nth].as_ref().map(|place| &place.hot)
    }

    /// Takes an entry that the store gave, if it is in use enough, live, unpurged, and not larger than a
    /// quarter of the table.
    pub fn put(&mut self, entry: &Arc<Entry>, fence: &Fence) -> Option<&Rc<HotEntry>> {
        let hot_enough = entry.variants().iter().any(|variant| variant.frequency() >= HOT_AFTER_USES);
        let bytes = held_bytes(entry);
        if !hot_enough || bytes > self.bytes_max / 4 {
            return None;
        }
        let site = entry.variants().first()?.subject.site();
        let position = fence.site_position(site);
        if entry.is_dead() || !all_live(entry, fence) {
            return None;
        }
        let nth = self.place_for(entry.key().as_key_ref());
        self.clear(nth);
        while self.bytes + bytes > self.bytes_max {
            self.advance_hand();
        }
        let hot = Rc::new(HotEntry { entry: Arc::clone(entry), site, checked: Cell::new(position) });
        self.bytes += bytes;
        self.len += 1;
        self.places[nth] = Some(Place { hot, hash: entry.key().hash, bytes, used: false });
        self.places[nth].as_ref().map(|place| &place.hot)
    }

    /// Lets go of what has left the store, so that its bytes return to the budget. One load for each place;
    /// call it every second or so, and when memory is short.
    pub fn sweep(&mut self) -> usize {
        let before = self.len;
        for nth in 0..self.places.len() {
            if self.places[nth].as_ref().is_some_and(|place| place.hot.entry.is_dead()) {
                self.clear(nth);
            }
        }
        before - self.len
    }

    /// Lets go of everything.
    pub fn clear_all(&mut self) {
        (0..self.places.len()).for_each(|nth| self.clear(nth));
    }

    /// Entries.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes held alive, as of when each entry was put.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    fn set_of(&self, hash: u64) -> usize {
        let sets = self.places.len() / WAYS;
        // The high bits: the store's shards and maps use the low ones and the top seven.
        ((hash >> 20) as usize & (sets - 1)) * WAYS
    }

    /// The key's own place, an empty or dead one, or one not used since it was last looked at.
    fn place_for(&mut self, key: KeyRef<'_>) -> usize {
        let set = self.set_of(key.hash)..self.set_of(key.hash) + WAYS;
        let own = |place: &Place| place.hash == key.hash && *place.hot.entry.key().bytes == *key.bytes;
        let free = |place: &Option<Place>| place.as_ref().is_none_or(|place| place.hot.entry.is_dead());
        if let Some(nth) = set.clone().find(|&nth| self.places[nth].as_ref().is_some_and(own)) {
            return nth;
        }
        if let Some(nth) = set.clone().find(|&nth| free(&self.places[nth])) {
            return nth;
        }
        let unused = set.clone().find(|&nth| self.places[nth].as_ref().is_some_and(|place| !place.used));
        self.places[set.clone()].iter_mut().flatten().for_each(|place| place.used = false);
        unused.unwrap_or(set.start + (self.hand % WAYS))
    }

    /// One step of a second-chance clock over all places.
    fn advance_hand(&mut self) {
        self.hand = (self.hand + 1) % self.places.len();
        match &mut self.places[self.hand] {
            Some(place) if place.used => place.used = false,
            _ => self.clear(self.hand),
        }
    }

    fn clear(&mut self, nth: usize) {
        if let Some(place) = self.places[nth].take() {
            self.bytes -= place.bytes;
            self.len -= 1;
        }
    }
}

fn all_live(entry: &Entry, fence: &Fence) -> bool {
    entry
        .variants()
        .iter()
        .all(|variant| fence.judge(&variant.subject, &variant.url, variant.effective) == Verdict::Live)
}

fn held_bytes(entry: &Entry) -> usize {
    let variants = entry.variants();
    Entry::bytes(entry.key().bytes.len(), variants.len())
        + variants.iter().map(|variant| variant.memory_bytes()).sum::<usize>()
}
