//! The open connections of a pool that have room: idle ones, and HTTP/2 connections with streams to spare.

use super::Pool;
use super::lease::{Connection, Stream};
use crate::origin::http2::Http2;
use std::rc::Rc;
use std::time::{Duration, Instant};

pub(super) struct Idle {
    connection: Connection,
    since: Instant,
}

impl Pool {
    /// The fullest connection first, so that the others can grow old and be closed.
    pub(super) fn take_stream(self: &Rc<Self>) -> Option<(Rc<Stream>, bool)> {
        let connection = {
            let multiplexed = self.multiplexed.borrow();
            let with_room = multiplexed.iter().filter(|connection| connection.room() > 0);
            with_room.max_by_key(|connection| connection.streams()).cloned()?
        };
        Some(self.enter(&connection))
    }

    fn enter(self: &Rc<Self>, connection: &Rc<Http2>) -> (Rc<Stream>, bool) {
        let reused = connection.enter();
        let stream = Stream::new(connection.clone(), self.clone());
        self.note_idle();
        (stream, reused)
    }

    /// Most recently used first, so that the others can grow old and be closed.
    pub(super) fn take_idle(&self) -> Option<Connection> {
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

    /// Closes one idle connection, if there is one.
    pub(super) fn give_up_idle(&self) -> bool {
        let connection = self.idle.borrow_mut().pop();
        if connection.is_some() {
            self.note_idle();
            return true;
        }
        let idle = self.multiplexed.borrow().iter().find(|connection| connection.is_idle()).cloned();
        if let Some(connection) = &idle {
            connection.retire();
            self.forget(connection);
        }
        idle.is_some()
    }

    pub(super) fn close_idle_since(&self, now: Instant) {
        let timeout: Duration = self.server().pool_idle_timeout;
        let is_old = |since: Instant| now.saturating_duration_since(since) >= timeout;
        let closed: Vec<Idle> = {
            let mut idle = self.idle.borrow_mut();
            let (close, keep) = idle
                .drain(..)
                .partition(|entry: &Idle| entry.connection.sender.is_closed() || is_old(entry.since));
            *idle = keep;
            close
        };
        let old: Vec<Rc<Http2>> = {
            let multiplexed = self.multiplexed.borrow();
            let old = multiplexed.iter().filter(|one| one.is_idle() && is_old(one.idle_since()));
            old.cloned().collect()
        };
        for connection in &old {
            connection.retire();
            self.forget(connection);
        }
        if !closed.is_empty() {
            self.note_idle();
        }
    }

    pub(super) fn forget(&self, connection: &Rc<Http2>) {
        self.multiplexed.borrow_mut().retain(|known| !Rc::ptr_eq(known, connection));
        connection.say_nothing_more();
        self.note_idle();
    }

    pub(super) fn park(&self, connection: Connection) {
        self.idle.borrow_mut().push(Idle { connection, since: Instant::now() });
        self.note_idle();
    }

    pub(super) fn note_idle(&self) {
        let multiplexed = self.multiplexed.borrow();
        let idle = multiplexed.iter().filter(|one| one.is_idle()).count();
        self.shared.note_shared_connections(self.thread, multiplexed.len());
        self.shared.note_idle(self.thread, self.idle.borrow().len() + idle);
    }
}
