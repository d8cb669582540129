//! The pools of one thread, one for each origin server that it has asked.

use super::Pool;
use crate::origin::permits::{OriginId, Origins, origin_id};
use littoral_policy::OriginServer;
use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

/// The pools of one thread.
#[derive(Default)]
pub(crate) struct Pools {
    pools: RefCell<HashMap<OriginId, Rc<Pool>>>,
}

impl Pools {
    pub(crate) fn pool(&self, origins: &Origins, server: &Arc<OriginServer>, thread: usize) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        pools.entry(origin_id(server)).or_insert_with(|| Pool::new(origins.shared(server), thread)).clone()
    }

    /// A permit came free somewhere: serve this thread's line.
    pub(crate) fn grant(&self, id: OriginId) {
        let pool = self.pools.borrow().get(&id).cloned();
        if let Some(pool) = pool {
            pool.serve_line();
        }
    }

    /// Another thread needs a permit that an idle connection here holds.
    pub(crate) fn reclaim(&self, id: OriginId) {
        let pool = self.pools.borrow().get(&id).cloned();
        if let Some(pool) = pool {
            pool.give_up_idle();
        }
    }

    /// Closes connections idle for too long and makes good for lost nudges.
    pub(crate) fn sweep(&self, now: Instant) {
        let pools: Vec<Rc<Pool>> = self.pools.borrow().values().cloned().collect();
        for pool in pools {
            pool.close_idle_since(now);
            pool.line.forget_who_left();
            pool.serve_line();
        }
    }

    /// Forgets the pools of origins that are no longer in force; what they lent out ends with its request.
    pub(crate) fn retain(&self, in_force: impl Fn(OriginId) -> bool) {
        let gone: Vec<Rc<Pool>> = {
            let mut pools = self.pools.borrow_mut();
            let ids: Vec<OriginId> = pools.keys().copied().filter(|id| !in_force(*id)).collect();
            ids.iter().filter_map(|id| pools.remove(id)).collect()
        };
        for pool in gone {
            let (idle, multiplexed) = (pool.idle.take(), pool.multiplexed.take());
            multiplexed.iter().for_each(|connection| connection.retire());
            drop((idle, multiplexed));
        }
    }
}
