//! The memory tier: sharded maps for those who look up, one policy for those who store.
//!
//! Lookups take one shard's lock for reading. Everything that changes takes the policy's lock, then the
//! shard's for writing, never the other way round; what leaves is dropped after both are free.
//!
//! The budget counts responses, bodies (once, however many responses share one), keys, entries, derived
//! heads and containers, by what was asked of the allocator, until the last holder drops them. Insertions
//! reserve before they take and stop at 63/64 of it; the rest is for derived heads, which are not kept without
//! room. Two things may pass it, each by a step: a container that grows (one shard's map, a block of nodes,
//! the ghosts), and the entry left behind when one of several variants is evicted.

mod ghost;
mod nodes;
mod policy;

use std::sync::Arc;

use hashbrown::HashTable;
use parking_lot::{Mutex, RwLock};

use crate::body::Body;
use crate::charge::{Charge, Pool};
use crate::entry::Entry;
use crate::key::{Key, KeyRef};
use crate::response::StoredResponse;
use crate::store::{NotKept, SiteIx, Store, StoreStat};
use policy::Policy;

/// Variants kept under one key; one more and the last stored longest ago goes.
pub const VARIANTS_MAX: usize = 32;

const SHARDS: usize = 64;
/// A response larger than this part of the budget is not kept.
const LARGEST_PART: u64 = 4;
/// A response larger than this part of its site's share is not kept.
const LARGEST_SHARE_PART: u64 = 2;

/// Stored responses in memory, within a budget.
pub struct MemoryStore {
    pool: Arc<Pool>,
    shards: Box<[Shard]>,
    policy: Mutex<Policy>,
    variants_max: usize,
}

/// On lines of its own, so that readers of one shard do not disturb those of another.
#[repr(align(128))]
struct Shard {
    map: RwLock<HashTable<Arc<Entry>>>,
}

/// What left, held until the locks are free.
#[derive(Default)]
struct Departed {
    entries: Vec<Arc<Entry>>,
    responses: Vec<Arc<StoredResponse>>,
}

impl MemoryStore {
    /// A store of at most `budget_bytes`, in which `shares` of sites are parts of the budget (0 to 1); a site
    /// that is not named may have all of it. Room that others leave idle may be used beyond a share, until
    /// it is wanted.
    pub fn new(budget_bytes: u64, shares: &[(SiteIx, f32)]) -> MemoryStore {
        let pool = Pool::new(budget_bytes);
        let mut policy = Policy::new(Arc::clone(&pool));
        policy.set_shares(1.0, shares);
        pool.grow_overhead(0, SHARDS * size_of::<Shard>());
        MemoryStore {
            pool,
            shards: (0..SHARDS).map(|_| Shard { map: RwLock::new(HashTable::new()) }).collect(),
            policy: Mutex::new(policy),
            variants_max: VARIANTS_MAX,
        }
    }

    /// The same store with another cap on the variants of a key, at least 1.
    #[must_use]
    pub fn with_variants_max(self, variants_max: usize) -> MemoryStore {
        MemoryStore { variants_max: variants_max.max(1), ..self }
    }

    /// Gives the sites other shares; `default` is for those not named.
    ///
    /// # Reconfigure
    /// Nothing is evicted at once; the next response that finds the store full asks the sites that are over
    /// their shares then.
    pub fn set_shares(&self, default: f32, shares: &[(SiteIx, f32)]) {
        self.policy.lock().set_shares(default, shares);
    }

    /// Bytes of what is kept and of the containers, by walking over all of it: what [`StoreStat::bytes`] is
    /// but for what left the store and is still held. For tests and for people; takes its time.
    pub fn recount(&self) -> u64 {
        let _policy = self.policy.lock();
        let mut bodies: Vec<Body> = Vec::new();
        let mut bytes = self.pool.overhead();
        for shard in &self.shards {
            for entry in shard.map.read().iter() {
                bytes += Entry::bytes(entry.key().bytes.len(), entry.variants().len()) as u64;
                for variant in entry.variants() {
                    bytes += (variant.own_bytes() + variant.derived_bytes()) as u64;
                    bodies.extend(variant.bodies().cloned());
                }
            }
        }
        bodies.sort_by_key(Body::address);
        bodies.dedup_by(|a, b| a.is_same(b));
        bytes + bodies.iter().map(|body| body.memory_bytes() as u64).sum::<u64>()
    }

    fn shard(&self, hash: u64) -> &Shard {
        // The map takes its place from the low bits and its tag from the top ones.
        &self.shards[(hash >> 48) as usize % SHARDS]
    }

    /// Reserves and stores. `successor_of` must then be in the store.
    fn take(
        &self,
        key: &Key,
        site: SiteIx,
        response: &Arc<StoredResponse>,
        successor_of: Option<&Arc<StoredResponse>>,
    ) -> Result<bool, NotKept> {
        if response.is_charged() {
            return Err(NotKept::AlreadyStored);
        }
        let bytes = response.memory_bytes() as u64;
        if bytes > self.pool.budget() / LARGEST_PART {
            return Err(NotKept::TooLarge);
        }
        loop {
            let mut departed = Departed::default();
            let mut policy = self.policy.lock();
            if bytes > policy.share_bytes(site) / LARGEST_SHARE_PART {
                return Err(NotKept::SiteShare);
            }
            let existing = self.lookup(key.as_key_ref());
            if successor_of.is_some_and(|old| !contains(existing.as_deref(), old)) {
                return Ok(false);
            }
            let site = existing.as_ref().map_or(site, |entry| entry.site());
            let kept = existing.as_ref().map_or(0, |entry| entry.variants().len());
            let entry_bytes = Entry::bytes(key.bytes.len(), kept + 1) as u64;
            let need = response.uncharged_bytes() as u64 + entry_bytes;
            if let Some(mut charge) = policy.account(site).for_insertion(need) {
                let entry_charge = charge.split(entry_bytes);
                response.charge(charge);
                self.place(
                    &mut policy,
                    key,
                    site,
                    existing,
                    response,
                    successor_of,
                    entry_charge,
                    &mut departed,
                );
                return Ok(true);
            }
            drop(existing);
            if !self.make_room(&mut policy, need, &mut departed) {
                return Err(NotKept::Pinned);
            }
            drop(policy);
            // Dropping what departed, here, is what frees its bytes; then try again.
        }
    }

    /// Puts a charged response into a new snapshot of its entry.
    #[allow(clippy::too_many_arguments, reason = "one step of `take`, which holds all of these")]
    fn place(
        &self,
        policy: &mut Policy,
        key: &Key,
        site: SiteIx,
        existing: Option<Arc<Entry>>,
        response: &Arc<StoredResponse>,
        successor_of: Option<&Arc<StoredResponse>>,
        mut charge: Charge,
        departed: &mut Departed,
    ) {
        let mut variants = vec![Arc::clone(response)];
        let mut superseded = Vec::new();
        for variant in existing.iter().flat_map(|entry| entry.variants()) {
            let same = variant.selecting == response.selecting && variant.vary == response.vary;
            if same || successor_of.is_some_and(|old| Arc::ptr_eq(old, variant)) {
                superseded.push(Arc::clone(variant));
            } else if variants.len() < self.variants_max {
                variants.push(Arc::clone(variant));
            } else {
                policy.variant_evictions += 1;
                superseded.push(Arc::clone(variant));
            }
        }
        let unneeded = charge.bytes() - Entry::bytes(key.bytes.len(), variants.len()) as u64;
        drop(charge.split(unneeded));
        let entry = Arc::new(Entry::new(key.clone(), site, variants.into_boxed_slice(), charge));
        self.swap(key.as_key_ref(), Some(entry), departed);
        let heir_of = successor_of.or_else(|| {
            superseded.iter().find(|old| old.selecting == response.selecting && old.vary == response.vary)
        });
        let bytes = response.memory_bytes() as u64;
        match heir_of {
            Some(old) => policy.succeed(old, response, bytes),
            None => policy.admit(response, key.hash, site, bytes),
        }
        for old in &superseded {
            old.set_dead();
            if heir_of.is_none_or(|heir_of| !Arc::ptr_eq(heir_of, old)) {
                departed.responses.extend(policy.forget(old));
            }
        }
        departed.responses.append(&mut superseded);
        departed.entries.extend(existing);
        policy.count_overhead();
    }

    /// Evicts until `need` bytes would fit if all that was evicted were dropped. False when nothing is left
    /// to evict.
    fn make_room(&self, policy: &mut Policy, need: u64, departed: &mut Departed) -> bool {
        let over = (self.pool.used() + need).saturating_sub(self.pool.insertion_limit());
        let mut freed = 0;
        while freed < over.max(1) {
            let Some(victim) = policy.evict() else { break };
            freed += victim.bytes;
            self.drop_variant(policy, victim.key_hash, &victim.response, departed);
            departed.responses.push(victim.response);
        }
        policy.count_overhead();
        freed > 0
    }

    /// Takes a response that left the policy out of its entry.
    fn drop_variant(
        &self,
        policy: &mut Policy,
        key_hash: u64,
        response: &Arc<StoredResponse>,
        departed: &mut Departed,
    ) {
        let holds = |entry: &Arc<Entry>| entry.key().hash == key_hash && contains(Some(entry), response);
        let entry = self.shard(key_hash).map.read().find(key_hash, holds).cloned();
        let entry = entry.expect("what the policy keeps is in the map");
        let rest: Box<[_]> =
            entry.variants().iter().filter(|variant| !Arc::ptr_eq(variant, response)).cloned().collect();
        let heir = (!rest.is_empty()).then(|| {
            let bytes = Entry::bytes(entry.key().bytes.len(), rest.len()) as u64;
            let charge = policy.account(entry.site()).regardless(bytes);
            Arc::new(Entry::new(entry.key().clone(), entry.site(), rest, charge))
        });
        self.swap(entry.key().as_key_ref(), heir, departed);
        response.set_dead();
        departed.entries.push(entry);
    }

    /// Puts another snapshot, or none, in the place of what is under `key`, which is dead when this returns.
    /// Only under the policy's lock.
    fn swap(&self, key: KeyRef<'_>, new: Option<Arc<Entry>>, departed: &mut Departed) {
        let mut map = self.shard(key.hash).map.write();
        let before = map.allocation_size();
        let old = match (map.find_entry(key.hash, |entry| *entry.key().bytes == *key.bytes), new) {
            (Ok(mut place), Some(new)) => Some(std::mem::replace(place.get_mut(), new)),
            (Ok(place), None) => Some(place.remove().0),
            (Err(_), Some(new)) => {
                map.insert_unique(key.hash, new, |entry| entry.key().hash);
                None
            }
            (Err(_), None) => None,
        };
        if let Some(old) = &old {
            old.set_dead();
        }
        self.pool.grow_overhead(before, map.allocation_size());
        departed.entries.extend(old);
    }

    fn remove_entry(&self, policy: &mut Policy, entry: &Arc<Entry>, departed: &mut Departed) {
        self.swap(entry.key().as_key_ref(), None, departed);
        for variant in entry.variants() {
            variant.set_dead();
            departed.responses.extend(policy.forget(variant));
        }
    }
}

impl Store for MemoryStore {
    fn lookup(&self, key: KeyRef<'_>) -> Option<Arc<Entry>> {
        let map = self.shard(key.hash).map.read();
        map.find(key.hash, |entry| *entry.key().bytes == *key.bytes).cloned()
    }

    fn insert(&self, key: &Key, site: SiteIx, response: Arc<StoredResponse>) -> Result<(), NotKept> {
        self.take(key, site, &response, None).map(|_| ())
    }

    fn replace(&self, key: &Key, old: &Arc<StoredResponse>, new: Arc<StoredResponse>) -> bool {
        let Some(entry) = self.lookup(key.as_key_ref()) else { return false };
        self.take(key, entry.site(), &new, Some(old)).unwrap_or(false)
    }

    fn remove(&self, key: KeyRef<'_>) -> bool {
        let mut departed = Departed::default();
        let mut policy = self.policy.lock();
        let Some(entry) = self.lookup(key) else { return false };
        self.remove_entry(&mut policy, &entry, &mut departed);
        drop(policy);
        true
    }

    fn remove_response(&self, key: KeyRef<'_>, response: &Arc<StoredResponse>) -> bool {
        let mut departed = Departed::default();
        let mut policy = self.policy.lock();
        if !contains(self.lookup(key).as_deref(), response) {
            return false;
        }
        self.drop_variant(&mut policy, key.hash, response, &mut departed);
        departed.responses.extend(policy.forget(response));
        drop(policy);
        true
    }

    fn stat(&self) -> StoreStat {
        let keys = self.shards.iter().map(|shard| shard.map.read().len() as u64).sum();
        let policy = self.policy.lock();
        StoreStat {
            budget_bytes: self.pool.budget(),
            bytes: self.pool.used(),
            overhead_bytes: self.pool.overhead(),
            responses: policy.len(),
            keys,
            insertions: policy.insertions,
            evictions: policy.evictions,
            variant_evictions: policy.variant_evictions,
            sites: policy.site_stats(),
        }
    }

    fn visit(&self, site: Option<SiteIx>, each: &mut dyn FnMut(&Key, &Arc<StoredResponse>)) {
        for shard in &self.shards {
            let entries: Vec<Arc<Entry>> = shard.map.read().iter().cloned().collect();
            for entry in entries.iter().filter(|entry| site.is_none_or(|site| site == entry.site())) {
                entry.variants().iter().for_each(|variant| each(entry.key(), variant));
            }
        }
    }
}

fn contains(entry: Option<&Entry>, response: &Arc<StoredResponse>) -> bool {
    entry.is_some_and(|entry| entry.variants().iter().any(|variant| Arc::ptr_eq(variant, response)))
}
