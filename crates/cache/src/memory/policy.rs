//! What goes when room is short: S3-FIFO by bytes, with shares for sites.
//!
//! Yang et al., "FIFO queues are all you need for cache eviction" (SOSP 2023): newcomers enter a small queue
//! (a tenth of the bytes); those used twice before their turn move to the main queue, the others leave a
//! ghost; who returns while its ghost is remembered enters the main queue; the main queue gives each use a
//! second round. Uses are counted up to three, on the response itself. Each response stands in the queues
//! of the store and in those of its site; when a site is over its share, its own queues are asked first.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use super::ghost::Ghosts;
use super::nodes::{Nodes, Queue, Queues, Scope};
use crate::charge::{Account, Pool};
use crate::response::StoredResponse;
use crate::store::{SiteIx, SiteStat};

/// The small queue's part of all bytes: one in so many.
const SMALL_PART: u64 = 10;
/// Uses that lift a response from the small queue to the main one.
const MAIN_AFTER_USES: u8 = 2;

pub(super) struct Policy {
    pub(super) nodes: Nodes,
    queues: Queues,
    ghosts: Ghosts,
    sites: HashMap<SiteIx, SiteState, ahash::RandomState>,
    shares: HashMap<SiteIx, f32, ahash::RandomState>,
    share_default: f32,
    /// Some site's share is less than everything.
    limited: bool,
    pool: Arc<Pool>,
    /// Bytes of the policy's containers as the pool knows them.
    counted_bytes: usize,
    pub(super) insertions: u64,
    pub(super) evictions: u64,
    pub(super) variant_evictions: u64,
}

struct SiteState {
    account: Arc<Account>,
    share_bytes: u64,
    queues: Queues,
    evictions: u64,
}

/// What the policy gave up; its owner takes it out of the map.
pub(super) struct Victim {
    pub(super) response: Arc<StoredResponse>,
    pub(super) key_hash: u64,
    pub(super) bytes: u64,
}

impl Policy {
    pub(super) fn new(pool: Arc<Pool>) -> Policy {
        let budget = pool.budget();
        // A ghost costs up to some 80 bytes: at most a twentieth of the budget.
        let ghosts = Ghosts::new(budget / 10 * 9, usize::try_from(budget / 1600).unwrap_or(usize::MAX));
        Policy {
            nodes: Nodes::new(),
            queues: Queues::default(),
            ghosts,
            sites: HashMap::default(),
            shares: HashMap::default(),
            share_default: 1.0,
            limited: false,
            pool,
            counted_bytes: 0,
            insertions: 0,
            evictions: 0,
            variant_evictions: 0,
        }
    }

    pub(super) fn set_shares(&mut self, default: f32, shares: &[(SiteIx, f32)]) {
        self.share_default = default;
        self.shares = shares.iter().copied().collect();
        self.limited = default < 1.0 || shares.iter().any(|&(_, share)| share < 1.0);
        let (shares, budget) = (&self.shares, self.pool.budget());
        for (site, state) in &mut self.sites {
            state.share_bytes = share_bytes(shares.get(site).copied().unwrap_or(default), budget);
        }
    }

    pub(super) fn share_bytes(&self, site: SiteIx) -> u64 {
        share_bytes(self.shares.get(&site).copied().unwrap_or(self.share_default), self.pool.budget())
    }

    pub(super) fn account(&mut self, site: SiteIx) -> &Arc<Account> {
        let share_bytes = self.share_bytes(site);
        let pool = &self.pool;
        &self
            .sites
            .entry(site)
            .or_insert_with(|| SiteState {
                account: Account::new(Arc::clone(pool)),
                share_bytes,
                queues: Queues::default(),
                evictions: 0,
            })
            .account
    }

    /// Tells the pool what the containers hold by now.
    pub(super) fn count_overhead(&mut self) {
        let bytes = self.memory_bytes();
        self.pool.grow_overhead(self.counted_bytes, bytes);
        self.counted_bytes = bytes;
    }

    fn memory_bytes(&self) -> usize {
        self.nodes.memory_bytes()
            + self.ghosts.memory_bytes()
            + self.sites.capacity() * size_of::<(SiteIx, SiteState)>()
            + self.sites.len() * size_of::<Account>()
    }

    pub(super) fn len(&self) -> u64 {
        self.queues.iter().map(|queue| queue.len).sum()
    }

    /// A newcomer of a site that has an account.
    pub(super) fn admit(&mut self, response: &Arc<StoredResponse>, key_hash: u64, site: SiteIx, bytes: u64) {
        let queue = if self.ghosts.take(ghost_hash(response, key_hash)) { Queue::Main } else { Queue::Small };
        let at = self.nodes.take(Arc::clone(response), key_hash, site);
        self.nodes.at_mut(at).bytes = bytes;
        response.node.store(at, Relaxed);
        self.link(at, queue);
        self.insertions += 1;
    }

    /// `new` takes the place and the uses of `old`.
    pub(super) fn succeed(&mut self, old: &StoredResponse, new: &Arc<StoredResponse>, bytes: u64) {
        let at = node_of(old);
        let (site, queue) = (self.nodes.at(at).site, self.nodes.at(at).queue);
        let node = self.nodes.at_mut(at);
        let before = std::mem::replace(&mut node.bytes, bytes);
        node.response = Some(Arc::clone(new));
        new.set_frequency(old.frequency().max(new.frequency()));
        new.node.store(at, Relaxed);
        let site = self.sites.get_mut(&site).expect("a node's site has an account");
        for list in [&mut self.queues[queue as usize], &mut site.queues[queue as usize]] {
            list.bytes = list.bytes - before + bytes;
        }
        self.insertions += 1;
    }

    /// Forgets a response that leaves for another reason than room.
    pub(super) fn forget(&mut self, response: &StoredResponse) -> Option<Arc<StoredResponse>> {
        let at = node_of(response);
        self.unlink(at);
        self.nodes.give(at)
    }

    /// The next one to go; `None` when nothing is kept.
    pub(super) fn evict(&mut self) -> Option<Victim> {
        let site = self.site_over_share();
        loop {
            let queues = match site {
                Some(site) => &self.sites[&site].queues,
                None => &self.queues,
            };
            let [small, main] = queues;
            let from_small = small.bytes > (small.bytes + main.bytes) / SMALL_PART || main.len == 0;
            let at = if from_small { small.oldest() } else { main.oldest() }?;
            let response = self.nodes.response(at);
            let uses = response.frequency();
            if from_small && uses >= MAIN_AFTER_USES {
                response.set_frequency(0);
                self.unlink(at);
                self.link(at, Queue::Main);
            } else if !from_small && uses > 0 {
                response.set_frequency(uses - 1);
                self.unlink(at);
                self.link(at, Queue::Main);
            } else {
                return Some(self.give_up(at, from_small));
            }
        }
    }

    pub(super) fn site_stats(&self) -> Vec<SiteStat> {
        let stat = |(&site, state): (&SiteIx, &SiteState)| SiteStat {
            site,
            bytes: state.account.charged(),
            share_bytes: state.share_bytes,
            responses: state.queues.iter().map(|queue| queue.len).sum(),
            evictions: state.evictions,
        };
        let mut stats: Vec<SiteStat> = self.sites.iter().map(stat).collect();
        stats.sort_by_key(|stat| stat.site);
        stats
    }

    fn give_up(&mut self, at: u32, leaves_ghost: bool) -> Victim {
        let (key_hash, bytes, site) = {
            let node = self.nodes.at(at);
            (node.key_hash, node.bytes, node.site)
        };
        self.unlink(at);
        let response = self.nodes.give(at).expect("the node was in a list");
        if leaves_ghost {
            self.ghosts.remember(ghost_hash(&response, key_hash), bytes);
        }
        self.evictions += 1;
        self.sites.get_mut(&site).expect("a node's site has an account").evictions += 1;
        Victim { response, key_hash, bytes }
    }

    /// The site that is furthest over its share and has something to give.
    fn site_over_share(&self) -> Option<SiteIx> {
        if !self.limited {
            return None;
        }
        let over = |state: &SiteState| state.account.charged() as f64 / state.share_bytes.max(1) as f64;
        self.sites
            .iter()
            .filter(|(_, state)| state.queues.iter().any(|queue| queue.len > 0))
            .map(|(site, state)| (*site, over(state)))
            .filter(|&(_, over)| over > 1.0)
            .max_by(|a, b| a.1.total_cmp(&b.1))
            .map(|(site, _)| site)
    }

    fn link(&mut self, at: u32, queue: Queue) {
        self.nodes.at_mut(at).queue = queue;
        let site = self.nodes.at(at).site;
        let site = self.sites.get_mut(&site).expect("a node's site has an account");
        self.nodes.push(&mut self.queues[queue as usize], Scope::Store, at);
        self.nodes.push(&mut site.queues[queue as usize], Scope::Site, at);
    }

    fn unlink(&mut self, at: u32) {
        let (site, queue) = (self.nodes.at(at).site, self.nodes.at(at).queue);
        let site = self.sites.get_mut(&site).expect("a node's site has an account");
        self.nodes.unlink(&mut self.queues[queue as usize], Scope::Store, at);
        self.nodes.unlink(&mut site.queues[queue as usize], Scope::Site, at);
    }
}

fn node_of(response: &StoredResponse) -> u32 {
    response.node.load(Relaxed)
}

fn share_bytes(share: f32, budget: u64) -> u64 {
    (f64::from(share.clamp(0.0, 1.0)) * budget as f64) as u64
}

/// Variants have ghosts of their own.
fn ghost_hash(response: &StoredResponse, key_hash: u64) -> u64 {
    let selecting = response.selecting.as_bytes();
    if selecting.is_empty() { key_hash } else { key_hash ^ crate::key::hash(selecting).rotate_left(1) }
}
