//! The table of purges: probe to the last soft and the last hard purge of it.
//!
//! Open addressing over atomics with one writer and any number of readers that take no lock. A slot is
//! written before its probe is published and never moves; growing, and forgetting, build another table.
//! Only the two latest positions of a probe matter: whatever is older than the last hard purge is gone by
//! that one, whatever is older than the last soft purge is at least stale.

use std::collections::HashMap;
use std::sync::atomic::{Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

use crate::purge::{Kind, SiteKey};
use crate::shared::AtomicU64;

/// Packed positions of the last purges of one thing; zero is none.
#[derive(Copy, Clone, Default, Debug)]
pub(crate) struct Marks {
    pub(crate) soft: u64,
    pub(crate) hard: u64,
}

impl Marks {
    pub(crate) fn of(kind: Kind, at: u64) -> Marks {
        match kind {
            Kind::Soft => Marks { soft: at, hard: 0 },
            Kind::Hard => Marks { soft: 0, hard: at },
        }
    }

    pub(crate) fn join(self, other: Marks) -> Marks {
        Marks { soft: self.soft.max(other.soft), hard: self.hard.max(other.hard) }
    }

    pub(crate) fn latest(self) -> u64 {
        self.soft.max(self.hard)
    }
}

#[derive(Default)]
struct Slot {
    probe: AtomicU64,
    site: AtomicU64,
    soft: AtomicU64,
    hard: AtomicU64,
}

/// Slots, at most half of them taken. Writers are serialized by the fence.
pub(crate) struct Table {
    slots: Box<[Slot]>,
}

/// One taken slot, as a rebuild sees it.
#[derive(Copy, Clone)]
pub(crate) struct Taken {
    pub(crate) probe: u64,
    pub(crate) site: SiteKey,
    pub(crate) marks: Marks,
}

const SLOTS_MIN: usize = if cfg!(loom) { 4 } else { 256 };

impl Table {
    /// A table that takes `entries` and as many again before it must be rebuilt.
    pub(crate) fn for_entries(entries: usize) -> Table {
        let slots = (entries * 4).next_power_of_two().max(SLOTS_MIN);
        Table { slots: (0..slots).map(|_| Slot::default()).collect() }
    }

    /// Entries it takes; one more, and [`mark`](Self::mark) may not be called for a new probe.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.len() / 2
    }

    pub(crate) fn memory_bytes(&self) -> usize {
        self.slots.len() * size_of::<Slot>()
    }

    /// The marks of `probe`, at least those that were made before the reader's last acquiring load of a
    /// position.
    pub(crate) fn marks(&self, probe: u64) -> Marks {
        match self.find(probe) {
            Ok(slot) => Marks { soft: slot.soft.load(Relaxed), hard: slot.hard.load(Relaxed) },
            Err(_) => Marks::default(),
        }
    }

    pub(crate) fn contains(&self, probe: u64) -> bool {
        self.find(probe).is_ok()
    }

    /// Joins `marks` to those of `probe`. True when the probe is new.
    pub(crate) fn mark(&self, probe: u64, site: SiteKey, marks: Marks) -> bool {
        let (slot, new) = match self.find(probe) {
            Ok(slot) => (slot, false),
            Err(slot) => (slot, true),
        };
        slot.soft.fetch_max(marks.soft, Relaxed);
        slot.hard.fetch_max(marks.hard, Relaxed);
        if new {
            slot.site.store(site.0, Relaxed);
            slot.probe.store(probe, Release);
        }
        new
    }

    pub(crate) fn taken(&self) -> impl Iterator<Item = Taken> {
        self.slots.iter().filter(|slot| slot.probe.load(Relaxed) != 0).map(|slot| Taken {
            probe: slot.probe.load(Relaxed),
            site: SiteKey(slot.site.load(Relaxed)),
            marks: Marks { soft: slot.soft.load(Relaxed), hard: slot.hard.load(Relaxed) },
        })
    }

    /// The site with the most entries.
    pub(crate) fn largest_site(&self) -> Option<(SiteKey, usize)> {
        let mut counts: HashMap<SiteKey, usize> = HashMap::new();
        for taken in self.taken() {
            *counts.entry(taken.site).or_default() += 1;
        }
        counts.into_iter().max_by_key(|&(site, count)| (count, site))
    }

    /// The probe's slot, or the empty one where it would go.
    fn find(&self, probe: u64) -> Result<&Slot, &Slot> {
        let mask = self.slots.len() - 1;
        let mut at = usize::try_from(probe & mask as u64).expect("masked to an index");
        loop {
            let slot = &self.slots[at];
            match slot.probe.load(Acquire) {
                0 => return Err(slot),
                found if found == probe => return Ok(slot),
                _ => at = (at + 1) & mask,
            }
        }
    }
}
