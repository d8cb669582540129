//! Whose memory it is: bytes charged to a site's account until the value that holds them is dropped.
//!
//! A stored response may leave the store while a slow client still reads it. Its bytes are not free before
//! the last holder lets go, so it is the drop, not the removal, that pays them back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Acquire, Ordering::Relaxed, Ordering::Release};

/// All bytes of one store.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Hard bound for what is reserved.
    budget: u64,
    charged: AtomicU64,
    /// Containers: maps, queues, ghosts.
    overhead: AtomicU64,
}

/// One site's part of a pool.
#[derive(Debug)]
pub(crate) struct Account {
    pool: Arc<Pool>,
    charged: AtomicU64,
}

/// Bytes charged; paid back when it is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    account: Arc<Account>,
    bytes: u64,
}

impl Pool {
    pub(crate) fn new(budget: u64) -> Arc<Pool> {
        Arc::new(Pool { budget, charged: AtomicU64::new(0), overhead: AtomicU64::new(0) })
    }

    pub(crate) fn budget(&self) -> u64 {
        self.budget
    }

    /// What an insertion may fill; the rest is left to derived heads and containers that grow.
    pub(crate) fn insertion_limit(&self) -> u64 {
        self.budget - self.budget / 64
    }

    pub(crate) fn used(&self) -> u64 {
        self.charged.load(Acquire) + self.overhead.load(Relaxed)
    }

    pub(crate) fn overhead(&self) -> u64 {
        self.overhead.load(Relaxed)
    }

    pub(crate) fn grow_overhead(&self, before: usize, after: usize) {
        if after >= before {
            self.overhead.fetch_add((after - before) as u64, Relaxed);
        } else {
            self.overhead.fetch_sub((before - after) as u64, Relaxed);
        }
    }

    /// Reserves `bytes` if all then stays within `limit`.
    fn reserve(&self, bytes: u64, limit: u64) -> bool {
        let limit = limit.saturating_sub(self.overhead());
        self.charged
            .fetch_update(Acquire, Relaxed, |charged| {
                charged.checked_add(bytes).filter(|&total| total <= limit)
            })
            .is_ok()
    }
}

impl Account {
    pub(crate) fn new(pool: Arc<Pool>) -> Arc<Account> {
        Arc::new(Account { pool, charged: AtomicU64::new(0) })
    }

    pub(crate) fn charged(&self) -> u64 {
        self.charged.load(Relaxed)
    }

    /// Charges `bytes` if an insertion may take so many.
    pub(crate) fn for_insertion(self: &Arc<Self>, bytes: u64) -> Option<Charge> {
        self.pool.reserve(bytes, self.pool.insertion_limit()).then(|| self.hold(bytes))
    }

    /// Charges `bytes` whatever the budget: for the entry that is left when one of its variants goes, which
    /// is followed by more being freed.
    pub(crate) fn regardless(self: &Arc<Self>, bytes: u64) -> Charge {
        self.pool.charged.fetch_add(bytes, Relaxed);
        self.hold(bytes)
    }

    fn hold(self: &Arc<Self>, bytes: u64) -> Charge {
        self.charged.fetch_add(bytes, Relaxed);
        Charge { account: Arc::clone(self), bytes }
    }
}

impl Charge {
    /// Charges `bytes` more to the same account if the whole budget has room.
    pub(crate) fn more(&self, bytes: u64) -> Option<Charge> {
        let pool = &self.account.pool;
        pool.reserve(bytes, pool.budget).then(|| self.account.hold(bytes))
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Takes `bytes` out of this charge into one of its own.
    pub(crate) fn split(&mut self, bytes: u64) -> Charge {
        self.bytes = self.bytes.checked_sub(bytes).expect("parts of a charge are computed from its sum");
        Charge { account: Arc::clone(&self.account), bytes }
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.account.charged.fetch_sub(self.bytes, Relaxed);
        self.account.pool.charged.fetch_sub(self.bytes, Release);
    }
}
