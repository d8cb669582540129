//! What is remembered of clients that have a rate: one number each, in a table that all threads share. It is in parts
//! with a lock each, and of a fixed size: the client that asked longest ago is forgotten for a new one, which lets that
//! one through once more than it should be. A flood of made-up clients so costs memory's bound and no more.

use super::rate::{Decision, Rate};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

/// Clients that are remembered.
pub(crate) const CLIENTS_MAX: usize = 1 << 18;
/// Parts of the table.
const SHARDS: usize = 64;
/// Neither older nor newer.
const NONE: u32 = u32::MAX;

/// The table.
pub(crate) struct Histories {
    shards: Box<[Mutex<Shard>]>,
    clients_per_shard_max: usize,
    forgotten: AtomicU64,
    /// Of what tells clients apart: seeded, so that nobody can be made out to be somebody else.
    hasher: ahash::RandomState,
}

#[derive(Default)]
struct Shard {
    places: HashMap<u64, u32, ahash::RandomState>,
    slots: Vec<Slot>,
    ends: Ends,
}

/// The slots in the order of their last use.
struct Ends {
    oldest: u32,
    newest: u32,
}

impl Default for Ends {
    fn default() -> Ends {
        Ends { oldest: NONE, newest: NONE }
    }
}

struct Slot {
    client: u64,
    history: u64,
    older: u32,
    newer: u32,
}

impl Histories {
    pub(crate) fn new(clients_max: usize) -> Histories {
        Histories {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            clients_per_shard_max: (clients_max / SHARDS).max(1),
            forgotten: AtomicU64::new(0),
            hasher: ahash::RandomState::new(),
        }
    }

    /// Makes clients' numbers.
    pub(crate) fn hasher(&self) -> &ahash::RandomState {
        &self.hasher
    }

    /// Decides on a request of `client`, a hash, at `now`, and remembers it if it is let through.
    pub(crate) fn take(&self, client: u64, rate: Rate, now: u64) -> Decision {
        let mut shard = self.shard(client).lock();
        let place = shard.places.get(&client).copied();
        let history = place.map_or(0, |place| shard.slots[place as usize].history);
        let decision = rate.decide(history, now);
        match (decision, place) {
            (Decision::Within { history }, Some(place)) => {
                shard.slots[place as usize].history = history;
                shard.touch(place);
            }
            (Decision::Within { history }, None) => {
                if shard.remember(client, history, self.clients_per_shard_max) > now {
                    self.forgotten.fetch_add(1, Ordering::Relaxed);
                }
            }
            // Who is refused goes on asking, and must not be forgotten for it.
            (Decision::Beyond { .. }, Some(place)) => shard.touch(place),
            (Decision::Beyond { .. }, None) => {}
        }
        decision
    }

    /// What [`Histories::take`] would decide.
    pub(crate) fn look(&self, client: u64, rate: Rate, now: u64) -> Decision {
        let shard = self.shard(client).lock();
        let history = shard.places.get(&client).map_or(0, |place| shard.slots[*place as usize].history);
        rate.decide(history, now)
    }

    /// How many more requests of `client` would be let through now.
    pub(crate) fn left(&self, client: u64, rate: Rate, now: u64) -> u64 {
        let shard = self.shard(client).lock();
        let history = shard.places.get(&client).map_or(0, |place| shard.slots[*place as usize].history);
        rate.left(history, now)
    }

    fn shard(&self, client: u64) -> &Mutex<Shard> {
        &self.shards[(client >> 58) as usize % SHARDS]
    }

    /// Clients that are remembered now.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().slots.len()).sum()
    }

    /// Clients that were forgotten although they had used up some of what they may.
    pub(crate) fn forgotten(&self) -> u64 {
        self.forgotten.load(Ordering::Relaxed)
    }
}

impl Shard {
    /// Remembers a client that is new here. Returns the history that had to go for it; 0 where none had.
    fn remember(&mut self, client: u64, history: u64, clients_max: usize) -> u64 {
        let slot = Slot { client, history, older: NONE, newer: NONE };
        if self.slots.len() < clients_max {
            let place = self.slots.len() as u32;
            self.slots.push(slot);
            self.places.insert(client, place);
            self.append(place);
            return 0;
        }
        let place = self.ends.oldest;
        self.unlink(place);
        let gone = std::mem::replace(&mut self.slots[place as usize], slot);
        self.places.remove(&gone.client);
        self.places.insert(client, place);
        self.append(place);
        gone.history
    }

    fn touch(&mut self, place: u32) {
        if self.ends.newest != place {
            self.unlink(place);
            self.append(place);
        }
    }

    fn unlink(&mut self, place: u32) {
        let Slot { older, newer, .. } = self.slots[place as usize];
        match older {
            NONE => self.ends.oldest = newer,
            older => self.slots[older as usize].newer = newer,
        }
        match newer {
            NONE => self.ends.newest = older,
            newer => self.slots[newer as usize].older = older,
        }
    }

    fn append(&mut self, place: u32) {
        let last = std::mem::replace(&mut self.ends.newest, place);
        let slot = &mut self.slots[place as usize];
        (slot.older, slot.newer) = (last, NONE);
        match last {
            NONE => self.ends.oldest = place,
            last => self.slots[last as usize].newer = place,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use littoral_policy::RateLimit;
    use std::time::Duration;

    const SECOND: u64 = 1_000_000_000;

    fn rate(requests: u32) -> Rate {
        let per = Duration::from_secs(10);
        let key = Box::default();
        Rate::of(&RateLimit {
            name: "t".into(),
            requests,
            per,
            burst: requests,
            key,
            status: 429,
            when: None,
        })
    }

    fn allows(histories: &Histories, client: u64, now: u64) -> bool {
        matches!(histories.take(client, rate(1), now), Decision::Within { .. })
    }

    #[test]
    fn each_client_has_a_rate_of_its_own_and_looking_takes_nothing() {
        let histories = Histories::new(1000);
        for _ in 0..3 {
            assert!(matches!(histories.look(1, rate(1), SECOND), Decision::Within { .. }));
        }
        assert!(allows(&histories, 1, SECOND));
        assert!(!allows(&histories, 1, SECOND));
        assert!(matches!(histories.look(1, rate(1), SECOND), Decision::Beyond { .. }));
        assert!(allows(&histories, 2, SECOND));
        assert!(allows(&histories, 1, 11 * SECOND));
        assert_eq!((histories.len(), histories.forgotten()), (2, 0));
    }

    #[test]
    fn a_full_table_forgets_who_asked_longest_ago_and_says_so() {
        // One shard's worth: these differ in their low bits only.
        let histories = Histories::new(3 * SHARDS);
        for client in 1..=3 {
            assert!(allows(&histories, client, SECOND));
        }
        // The first one asks again, in vain, which keeps it in mind.
        assert!(!allows(&histories, 1, SECOND));
        assert!(allows(&histories, 4, SECOND));
        assert_eq!((histories.len(), histories.forgotten()), (3, 1));
        assert!(!allows(&histories, 1, SECOND), "it asked a moment ago");
        assert!(allows(&histories, 2, SECOND), "it was forgotten");
        assert_eq!(histories.forgotten(), 2);
        // Whoever has earned everything back is no loss.
        for client in 10..20 {
            assert!(allows(&histories, client, 100 * SECOND));
        }
        assert_eq!(histories.len(), 3);
        assert_eq!(histories.forgotten(), 2 + 7);
    }
}
