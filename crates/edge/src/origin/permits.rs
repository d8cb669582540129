//! The ceiling of connections to one origin server, shared by all threads of the node. A permit is one
//! connection, busy or idle. Threads never wait for each other here: a thread without a permit queues its own
//! requests (`pool`) and is nudged when a permit comes free; a nudge that was lost is made good by the sweep.

use super::health::Health;
use crate::worker::{Mailboxes, WorkerMessage};
use littoral_policy::{OriginProtocol, OriginServer};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

/// Identity of an origin server within a process: the address of its compiled form, which `OriginShared` keeps
/// alive. A changed origin is another one, with a pool of its own.
pub(crate) type OriginId = usize;

pub(crate) fn origin_id(server: &Arc<OriginServer>) -> OriginId {
    Arc::as_ptr(server) as usize
}

/// All origin servers that some thread has fetched from.
pub(crate) struct Origins {
    known: Mutex<HashMap<OriginId, Arc<OriginShared>>>,
    mailboxes: Arc<Mailboxes>,
}

/// What threads share about one origin server.
pub(crate) struct OriginShared {
    pub(crate) server: Arc<OriginServer>,
    free: AtomicU32,
    queued: AtomicU32,
    /// Requests that wait, by thread.
    waiting: Box<[AtomicU32]>,
    /// Idle connections, by thread.
    idle: Box<[AtomicU32]>,
    /// Connections that many requests share, by thread.
    shared_connections: Box<[AtomicU32]>,
    /// Its last connection turned out to serve one request at a time, although it might have been otherwise.
    unshared: AtomicBool,
    mailboxes: Arc<Mailboxes>,
    pub(crate) health: Health,
}

/// The right to one connection.
pub(crate) struct Permit {
    origin: Arc<OriginShared>,
}

impl Origins {
    pub(crate) fn new(mailboxes: Arc<Mailboxes>) -> Origins {
        Origins { known: Mutex::new(HashMap::new()), mailboxes }
    }

    pub(crate) fn shared(&self, server: &Arc<OriginServer>) -> Arc<OriginShared> {
        let mut known = self.known.lock();
        known
            .entry(origin_id(server))
            .or_insert_with(|| {
                let per_thread = || (0..self.mailboxes.len()).map(|_| AtomicU32::new(0)).collect();
                Arc::new(OriginShared {
                    server: server.clone(),
                    free: AtomicU32::new(server.connections_max),
                    queued: AtomicU32::new(0),
                    waiting: per_thread(),
                    idle: per_thread(),
                    shared_connections: per_thread(),
                    unshared: AtomicBool::new(false),
                    mailboxes: self.mailboxes.clone(),
                    health: Health::default(),
                })
            })
            .clone()
    }

    /// Forgets origins that the policy in force no longer names.
    pub(crate) fn retain(&self, in_force: impl Fn(OriginId) -> bool) {
        self.known.lock().retain(|id, _| in_force(*id));
    }

    /// Connections in use and requests queued, by origin server, for metrics.
    pub(crate) fn visit(&self, mut each: impl FnMut(&OriginServer, u32, u32)) {
        for origin in self.known.lock().values() {
            let free = origin.free.load(Ordering::Relaxed);
            let used = origin.server.connections_max.saturating_sub(free);
            each(&origin.server, used, origin.queued.load(Ordering::Relaxed));
        }
    }
}

impl OriginShared {
    pub(crate) fn id(&self) -> OriginId {
        origin_id(&self.server)
    }

    /// Whether a new connection may carry many requests at a time, as far as is known.
    pub(crate) fn may_share(&self) -> bool {
        match self.server.protocol {
            OriginProtocol::Http1 => false,
            OriginProtocol::Http2 => true,
            OriginProtocol::Auto => self.server.tls.is_some() && !self.unshared.load(Ordering::Relaxed),
        }
    }

    /// What a connection turned out to be.
    pub(crate) fn note_shared(&self, shared: bool) {
        if self.server.protocol == OriginProtocol::Auto {
            self.unshared.store(!shared, Ordering::Relaxed);
        }
    }

    pub(crate) fn try_permit(self: &Arc<Self>) -> Option<Permit> {
        self.free
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |free| free.checked_sub(1))
            .ok()
            .map(|_| Permit { origin: self.clone() })
    }

    /// Takes a place in the queue; `false` when it is full.
    pub(crate) fn enter_queue(&self, thread: usize) -> bool {
        let max = self.server.queue_max;
        let entered = self
            .queued
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |queued| (queued < max).then_some(queued + 1))
            .is_ok();
        if entered {
            self.waiting[thread].fetch_add(1, Ordering::AcqRel);
        }
        entered
    }

    /// Places for requests that have waited outside the queue, for a connection that served others: there is always
    /// room for them, since no more of them wait than one connection might have served.
    pub(crate) fn enter_queue_late(&self, thread: usize, count: u32) {
        self.queued.fetch_add(count, Ordering::AcqRel);
        self.waiting[thread].fetch_add(count, Ordering::AcqRel);
    }

    pub(crate) fn leave_queue(&self, thread: usize) {
        self.queued.fetch_sub(1, Ordering::AcqRel);
        self.waiting[thread].fetch_sub(1, Ordering::AcqRel);
    }

    pub(crate) fn note_idle(&self, thread: usize, count: usize) {
        self.idle[thread].store(count as u32, Ordering::Release);
    }

    /// Whether a thread other than `thread` has requests waiting.
    pub(crate) fn others_wait(&self, thread: usize) -> bool {
        self.waiting
            .iter()
            .enumerate()
            .any(|(other, waiting)| other != thread && waiting.load(Ordering::Acquire) > 0)
    }

    pub(crate) fn note_shared_connections(&self, thread: usize, count: usize) {
        self.shared_connections[thread].store(count as u32, Ordering::Release);
    }

    /// Whether a thread has requests waiting and so few shared connections that one of `thread`'s is better there.
    pub(crate) fn poorer_wait(&self, thread: usize) -> bool {
        let mine = self.shared_connections[thread].load(Ordering::Acquire);
        self.waiting.iter().zip(&self.shared_connections).any(|(waiting, connections)| {
            waiting.load(Ordering::Acquire) > 0 && connections.load(Ordering::Acquire) + 1 < mine
        })
    }

    /// Asks one other thread with an idle connection to close it, so that its permit comes free.
    pub(crate) fn reclaim_idle(&self, thread: usize) {
        for (other, idle) in self.idle.iter().enumerate() {
            if other != thread && idle.load(Ordering::Acquire) > 0 {
                self.mailboxes.send(other, WorkerMessage::OriginReclaim(self.id()));
                return;
            }
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let origin = &self.origin;
        origin.free.fetch_add(1, Ordering::AcqRel);
        // The thread with the longest line first.
        let longest =
            origin.waiting.iter().enumerate().max_by_key(|(_, waiting)| waiting.load(Ordering::Acquire));
        if let Some((thread, waiting)) = longest
            && waiting.load(Ordering::Acquire) > 0
        {
            origin.mailboxes.send(thread, WorkerMessage::OriginPermit(origin.id()));
        }
    }
}
