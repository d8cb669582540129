//! Hashes of what was evicted from the small queue: who comes back soon goes to the main queue at once.
//!
//! Bounded twice: by the bytes that the ghosts once held, and by their number.

use std::collections::VecDeque;

use hashbrown::HashTable;

pub(super) struct Ghosts {
    /// Oldest first; what was taken back stays until its turn and is skipped.
    order: VecDeque<Ghost>,
    /// Last number of each hash in `order`.
    places: HashTable<(u64, u64)>,
    next: u64,
    bytes: u64,
    bytes_max: u64,
    count_max: usize,
}

struct Ghost {
    hash: u64,
    number: u64,
    bytes: u64,
}

impl Ghosts {
    pub(super) fn new(bytes_max: u64, count_max: usize) -> Ghosts {
        Ghosts { order: VecDeque::new(), places: HashTable::new(), next: 0, bytes: 0, bytes_max, count_max }
    }

    pub(super) fn memory_bytes(&self) -> usize {
        self.order.capacity() * size_of::<Ghost>() + self.places.allocation_size()
    }

    pub(super) fn remember(&mut self, hash: u64, bytes: u64) {
        let number = self.next;
        self.next += 1;
        self.order.push_back(Ghost { hash, number, bytes });
        self.bytes += bytes;
        match self.places.find_mut(hash, |place| place.0 == hash) {
            Some(place) => place.1 = number,
            None => drop(self.places.insert_unique(hash, (hash, number), |place| place.0)),
        }
        while self.bytes > self.bytes_max || self.order.len() > self.count_max {
            let Some(oldest) = self.order.pop_front() else { break };
            self.bytes -= oldest.bytes;
            if let Ok(place) =
                self.places.find_entry(oldest.hash, |place| *place == (oldest.hash, oldest.number))
            {
                place.remove();
            }
        }
    }

    /// Whether the hash is remembered; it is not any more afterwards.
    pub(super) fn take(&mut self, hash: u64) -> bool {
        match self.places.find_entry(hash, |place| place.0 == hash) {
            Ok(place) => {
                place.remove();
                true
            }
            Err(_) => false,
        }
    }
}
