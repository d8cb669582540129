//! One thread's connections to its origin servers. A request takes an idle connection or a free stream, else a permit
//! for a new connection, else a place in the thread's line; what comes free goes to the line first. Every
//! thirty-second connection is given up for the benefit of threads that have none, so that no thread starves behind
//! a busy one.
//!
//! A connection that may turn out to be shared (HTTP/2) is opened for the whole line: nobody opens another one before
//! it is known how many requests the first takes.

mod lease;
mod line;
mod open;
mod pools;

pub(crate) use lease::{Lease, Link, Stream, Wish};
pub(crate) use pools::Pools;

use super::OriginError;
use super::connect::{Opened, connect};
use super::http2::{Handshake, Http2, Owner, STREAMS_MAX};
use super::permits::{OriginShared, Permit};
use crate::worker::Worker;
use lease::Connection;
use line::{Line, Place};
use littoral_policy::OriginServer;
use open::Idle;
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

/// Of so many connections handed to the thread's own line, one is yielded to threads that wait elsewhere.
const HANDOFFS_BETWEEN_YIELDS: u32 = 32;

/// One thread's pool for one origin server.
pub(crate) struct Pool {
    pub(crate) shared: Arc<OriginShared>,
    thread: usize,
    idle: RefCell<Vec<Idle>>,
    /// HTTP/2 connections, busy or idle.
    multiplexed: RefCell<Vec<Rc<Http2>>>,
    line: Line,
    /// Connections being opened for the line, or of which it is not known yet how many requests they take.
    opening: Cell<u32>,
    handoffs: Cell<u32>,
}

/// What a request in line gets.
enum Granted {
    Connection(Connection, bool),
    Stream(Rc<Stream>, bool),
    /// With word for the others that a connection is being opened, where it may be for them, too.
    Permit(Permit, Option<Opening>),
    Failed(OriginError),
}

/// A connection is being opened for the line, until dropped.
struct Opening {
    pool: Rc<Pool>,
}

impl Pool {
    fn new(shared: Arc<OriginShared>, thread: usize) -> Rc<Pool> {
        Rc::new(Pool {
            shared,
            thread,
            idle: RefCell::default(),
            multiplexed: RefCell::default(),
            line: Line::default(),
            opening: Cell::new(0),
            handoffs: Cell::new(0),
        })
    }

    pub(crate) fn server(&self) -> &OriginServer {
        &self.shared.server
    }

    /// An open connection or stream: idle, new, or after waiting in line.
    /// Cancel safe: a place in the line is given up when the future is dropped.
    pub(crate) async fn lease(
        self: &Rc<Self>,
        worker: &Rc<Worker>,
        wish: Wish,
    ) -> Result<Lease, OriginError> {
        if !wish.upgradable
            && let Some((stream, reused)) = self.take_stream()
        {
            return Ok(self.lend(Link::Http2(stream), reused));
        }
        if !wish.fresh
            && let Some(connection) = self.take_idle()
        {
            return Ok(self.lend(Link::Http1(connection), true));
        }
        let shareable = !wish.upgradable && self.shared.may_share();
        if shareable && self.line.is_covered(self.opening.get() * STREAMS_MAX) {
            return self.wait(worker, wish, true).await;
        }
        let mut permit = self.shared.try_permit();
        // A connection of another kind is wanted, but idle ones hold the permits: give one up.
        if permit.is_none() && (wish.fresh || wish.upgradable) && self.give_up_idle() {
            permit = self.shared.try_permit();
        }
        match permit {
            Some(permit) if shareable => {
                self.open_for_line(worker, permit, self.begin_opening());
                self.wait(worker, wish, true).await
            }
            Some(permit) => self.open(worker, permit, wish).await,
            None => self.wait(worker, wish, false).await,
        }
    }

    /// Waits in line: covered by a connection that is being opened, or counted in the queue.
    async fn wait(
        self: &Rc<Self>,
        worker: &Rc<Worker>,
        wish: Wish,
        mut covered: bool,
    ) -> Result<Lease, OriginError> {
        loop {
            match self.wait_in_line(wish, covered).await? {
                Granted::Connection(connection, reused) => {
                    return Ok(self.lend(Link::Http1(connection), reused));
                }
                Granted::Stream(stream, reused) => return Ok(self.lend(Link::Http2(stream), reused)),
                Granted::Permit(permit, None) => return self.open(worker, permit, wish).await,
                Granted::Permit(permit, Some(opening)) => {
                    self.open_for_line(worker, permit, opening);
                    covered = true;
                }
                Granted::Failed(error) => return Err(error),
            }
        }
    }

    async fn wait_in_line(self: &Rc<Self>, wish: Wish, covered: bool) -> Result<Granted, OriginError> {
        let server = self.server();
        let patience =
            if covered { server.connect_timeout + server.queue_timeout } else { server.queue_timeout };
        let place = Place::take(self, covered).ok_or(OriginError::QueueFull)?;
        if !covered {
            self.shared.reclaim_idle(self.thread);
        }
        let granted = self.line.join(wish.upgradable, place.covered.clone());
        match tokio::time::timeout(patience, granted).await {
            Ok(Ok(granted)) => Ok(granted),
            Ok(Err(_)) => Err(OriginError::Abandoned),
            Err(_) => Err(OriginError::QueueTimeout),
        }
    }

    /// Opens a connection for the request that holds the permit.
    async fn open(
        self: &Rc<Self>,
        worker: &Rc<Worker>,
        permit: Permit,
        wish: Wish,
    ) -> Result<Lease, OriginError> {
        match connect(worker, self.server(), wish.upgradable).await? {
            Opened::Http1(sender) => {
                if !wish.upgradable {
                    self.shared.note_shared(false);
                }
                Ok(self.lend(Link::Http1(Connection::new(sender, permit)), false))
            }
            Opened::Http2(handshake) => {
                self.add(handshake, permit, self.begin_opening());
                let (stream, reused) = self.take_stream().ok_or(OriginError::Closed)?;
                Ok(self.lend(Link::Http2(stream), reused))
            }
        }
    }

    fn begin_opening(self: &Rc<Self>) -> Opening {
        self.opening.set(self.opening.get() + 1);
        Opening { pool: self.clone() }
    }

    /// Opens a connection for all who wait, in a task of its own: it does not end with who began it.
    fn open_for_line(self: &Rc<Self>, worker: &Rc<Worker>, permit: Permit, opening: Opening) {
        let (pool, worker) = (self.clone(), worker.clone());
        tokio::task::spawn_local(async move {
            match connect(&worker, pool.server(), false).await {
                Ok(Opened::Http2(handshake)) => pool.add(handshake, permit, opening),
                Ok(Opened::Http1(sender)) => {
                    drop(opening);
                    pool.shared.note_shared(false);
                    pool.take_in(Connection::new(sender, permit), false);
                }
                Err(error) => {
                    drop((opening, permit));
                    if pool.opening.get() == 0 {
                        pool.line.fail_covered(error);
                    }
                }
            }
            pool.serve_line();
        });
    }

    /// A connection that many share. Until the origin has said how many, it counts as being opened.
    fn add(self: &Rc<Self>, handshake: Handshake, permit: Permit, opening: Opening) {
        self.shared.note_shared(true);
        let connection = handshake.start(permit, self);
        connection.while_unsaid(Box::new(opening));
        self.multiplexed.borrow_mut().push(connection);
    }

    fn lend(self: &Rc<Self>, link: Link, reused: bool) -> Lease {
        Lease::new(link, reused, self)
    }

    /// Gives those in line what there is.
    fn serve_line(self: &Rc<Self>) {
        while let Some(granted) = self.for_line() {
            // Nobody waits any more: a connection goes back; a stream or permit is freed by its drop.
            if let Err(Granted::Connection(connection, _)) = self.line.give(granted) {
                self.park(connection);
            }
        }
        if self.opening.get() == 0 {
            let count = self.line.uncover_all();
            if count > 0 {
                self.shared.enter_queue_late(self.thread, count);
                self.shared.reclaim_idle(self.thread);
            }
        }
    }

    fn for_line(self: &Rc<Self>) -> Option<Granted> {
        let first = self.line.first()?;
        if self.line.wants(false)
            && let Some((stream, reused)) = self.take_stream()
        {
            return Some(Granted::Stream(stream, reused));
        }
        if let Some(connection) = self.take_idle() {
            return Some(Granted::Connection(connection, true));
        }
        // What is being opened may be enough for all who count on it.
        if first.covered && self.opening.get() > 0 {
            return None;
        }
        let shareable = !first.upgradable && self.shared.may_share();
        let permit = self.shared.try_permit()?;
        Some(Granted::Permit(permit, shareable.then(|| self.begin_opening())))
    }

    /// A connection that came free, or new.
    fn take_in(self: &Rc<Self>, connection: Connection, reused: bool) {
        if connection.sender.is_closed() {
            return;
        }
        if self.yields() && self.shared.others_wait(self.thread) {
            return;
        }
        if let Err(Granted::Connection(connection, _)) =
            self.line.give(Granted::Connection(connection, reused))
        {
            if self.shared.others_wait(self.thread) {
                return;
            }
            self.park(connection);
        }
    }

    fn yields(&self) -> bool {
        let handoffs = self.handoffs.get().wrapping_add(1);
        self.handoffs.set(handoffs);
        handoffs.is_multiple_of(HANDOFFS_BETWEEN_YIELDS)
    }

    /// A stream came free.
    fn stream_ended(self: &Rc<Self>, connection: &Rc<Http2>) {
        connection.leave();
        let wanted = self.shared.poorer_wait(self.thread) || self.line.wants(true);
        if wanted && (self.yields() || connection.is_idle() && !self.line.wants(false)) {
            connection.retire();
        }
        if connection.is_retired() {
            self.forget(connection);
        }
        self.note_idle();
        self.serve_line();
    }
}

impl Owner for Pool {
    fn has_room(self: Rc<Self>) {
        self.serve_line();
    }

    fn is_over(self: Rc<Self>, connection: &Rc<Http2>) {
        self.forget(connection);
        self.serve_line();
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.pool.opening.set(self.pool.opening.get().saturating_sub(1));
    }
}
