//! One thread's connections to its origin servers. A request takes an idle connection, else a permit for a new
//! one, else a place in the thread's line; connections that come free go to the line first. Every thirty-second
//! one is given up for the benefit of threads that have none, so that no thread starves behind a busy one.

use super::OriginError;
use super::body::OutgoingBody;
use super::connect::connect;
use super::permits::{OriginId, OriginShared, Origins, Permit, origin_id};
use crate::worker::Worker;
use hyper::client::conn::http1::SendRequest;
use littoral_policy::OriginServer;
use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;

/// Of so many connections handed to the thread's own line, one is yielded to threads that wait elsewhere.
const HANDOFFS_BETWEEN_YIELDS: u32 = 32;

/// The pools of one thread.
#[derive(Default)]
pub(crate) struct Pools {
    pools: RefCell<HashMap<OriginId, Rc<Pool>>>,
}

/// One thread's pool for one origin server.
pub(crate) struct Pool {
    pub(crate) shared: Arc<OriginShared>,
    thread: usize,
    idle: RefCell<Vec<Idle>>,
    line: RefCell<VecDeque<oneshot::Sender<Granted>>>,
    handoffs: Cell<u32>,
}

struct Idle {
    connection: Connection,
    since: Instant,
}

/// An open connection with its permit.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<OutgoingBody>,
    /// Freed when the connection is dropped.
    _permit: Permit,
}

enum Granted {
    Connection(Connection),
    Permit(Permit),
}

/// A connection in use. Dropped, it is closed; `release` keeps it for the next request.
pub(crate) struct Lease {
    pub(crate) connection: Connection,
    /// It has carried a request before: it may turn out dead.
    pub(crate) reused: bool,
    pool: Rc<Pool>,
}

impl Pools {
    pub(crate) fn pool(&self, origins: &Origins, server: &Arc<OriginServer>, thread: usize) -> Rc<Pool> {
        let mut pools = self.pools.borrow_mut();
        pools
            .entry(origin_id(server))
            .or_insert_with(|| {
                Rc::new(Pool {
                    shared: origins.shared(server),
                    thread,
                    idle: RefCell::default(),
                    line: RefCell::default(),
                    handoffs: Cell::new(0),
                })
            })
            .clone()
    }

    /// A permit came free somewhere: serve this thread's line.
    pub(crate) fn grant(&self, id: OriginId) {
        let pool = self.pools.borrow().get(&id).cloned();
        if let Some(pool) = pool {
            pool.grant_permits();
        }
    }

    /// Another thread needs a permit that an idle connection here holds.
    pub(crate) fn reclaim(&self, id: OriginId) {
        let pool = self.pools.borrow().get(&id).cloned();
        if let Some(pool) = pool {
            let closed = pool.idle.borrow_mut().pop();
            pool.note_idle();
            drop(closed);
        }
    }

    /// Closes connections idle for too long and makes good for lost nudges.
    pub(crate) fn sweep(&self, now: Instant) {
        let pools: Vec<Rc<Pool>> = self.pools.borrow().values().cloned().collect();
        for pool in pools {
            pool.close_idle_since(now);
            pool.forget_who_left();
            pool.grant_permits();
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
            pool.idle.borrow_mut().clear();
        }
    }
}

impl Pool {
    pub(crate) fn server(&self) -> &OriginServer {
        &self.shared.server
    }

    /// An open connection: idle, new, or after waiting in line.
    /// Cancel safe: a place in the line is given up when the future is dropped.
    pub(crate) async fn lease(
        self: &Rc<Self>,
        worker: &Rc<Worker>,
        fresh: bool,
    ) -> Result<Lease, OriginError> {
        if !fresh && let Some(connection) = self.take_idle() {
            return Ok(self.lend(connection, true));
        }
        if let Some(permit) = self.shared.try_permit() {
            return self.open(worker, permit).await;
        }
        // A fresh connection was asked for, but idle ones hold the permits: give one up.
        if fresh && let Some(idle) = self.take_idle() {
            drop(idle);
            if let Some(permit) = self.shared.try_permit() {
                return self.open(worker, permit).await;
            }
        }
        match self.wait_in_line().await? {
            Granted::Connection(connection) => Ok(self.lend(connection, true)),
            Granted::Permit(permit) => self.open(worker, permit).await,
        }
    }

    async fn wait_in_line(self: &Rc<Self>) -> Result<Granted, OriginError> {
        if !self.shared.enter_queue(self.thread) {
            return Err(OriginError::QueueFull);
        }
        let _place = Place { pool: self };
        self.shared.reclaim_idle(self.thread);
        let (sender, receiver) = oneshot::channel();
        self.line.borrow_mut().push_back(sender);
        match tokio::time::timeout(self.server().queue_timeout, receiver).await {
            Ok(Ok(granted)) => Ok(granted),
            Ok(Err(_)) => Err(OriginError::Abandoned),
            Err(_) => Err(OriginError::QueueTimeout),
        }
    }

    async fn open(self: &Rc<Self>, worker: &Rc<Worker>, permit: Permit) -> Result<Lease, OriginError> {
        let sender = connect(worker, self.server()).await?;
        Ok(self.lend(Connection { sender, _permit: permit }, false))
    }

    fn lend(self: &Rc<Self>, connection: Connection, reused: bool) -> Lease {
        Lease { connection, reused, pool: self.clone() }
    }

    /// Most recently used first, so that the others can grow old and be closed.
    fn take_idle(&self) -> Option<Connection> {
        let mut idle = self.idle.borrow_mut();
        let mut found = None;
        while let Some(Idle { connection, .. }) = idle.pop() {
            if !connection.sender.is_closed() {
                found = Some(connection);
                break;
            }
        }
        drop(idle);
        self.note_idle();
        found
    }

    fn close_idle_since(&self, now: Instant) {
        let timeout: Duration = self.server().pool_idle_timeout;
        let closed: Vec<Idle> = {
            let mut idle = self.idle.borrow_mut();
            let (keep, close) = idle.drain(..).partition(|entry: &Idle| {
                !entry.connection.sender.is_closed() && now.duration_since(entry.since) < timeout
            });
            *idle = keep;
            close
        };
        if !closed.is_empty() {
            self.note_idle();
        }
    }

    /// Takes those out of the line who waited too long or whose client left: where connections are held for hours,
    /// nobody else would.
    fn forget_who_left(&self) {
        self.line.borrow_mut().retain(|waiter| !waiter.is_closed());
    }

    fn grant_permits(&self) {
        loop {
            if self.line.borrow().is_empty() {
                return;
            }
            let granted = match self.take_idle() {
                Some(connection) => Granted::Connection(connection),
                None => match self.shared.try_permit() {
                    Some(permit) => Granted::Permit(permit),
                    None => return,
                },
            };
            if let Err(unwanted) = self.give_to_line(granted) {
                // Nobody waits any more: an idle connection goes back, a permit is freed by its drop.
                if let Granted::Connection(connection) = unwanted {
                    self.park(connection);
                }
                return;
            }
        }
    }

    fn give_to_line(&self, granted: Granted) -> Result<(), Granted> {
        let mut granted = granted;
        loop {
            let Some(waiter) = self.line.borrow_mut().pop_front() else { return Err(granted) };
            match waiter.send(granted) {
                Ok(()) => return Ok(()),
                Err(back) => granted = back,
            }
        }
    }

    fn take_back(&self, connection: Connection) {
        if connection.sender.is_closed() {
            return;
        }
        let handoffs = self.handoffs.get().wrapping_add(1);
        self.handoffs.set(handoffs);
        if handoffs.is_multiple_of(HANDOFFS_BETWEEN_YIELDS) && self.shared.others_wait(self.thread) {
            return;
        }
        if let Err(Granted::Connection(connection)) = self.give_to_line(Granted::Connection(connection)) {
            if self.shared.others_wait(self.thread) {
                return;
            }
            self.park(connection);
        }
    }

    fn park(&self, connection: Connection) {
        self.idle.borrow_mut().push(Idle { connection, since: Instant::now() });
        self.note_idle();
    }

    fn note_idle(&self) {
        self.shared.note_idle(self.thread, self.idle.borrow().len());
    }
}

impl Lease {
    /// The exchange ended cleanly: the connection serves the next request.
    pub(crate) fn release(self) {
        self.pool.take_back(self.connection);
    }
}

/// A place in the line, counted until dropped.
struct Place<'a> {
    pool: &'a Pool,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.pool.shared.leave_queue(self.pool.thread);
    }
}
