//! What a request is lent: a connection for itself, or a stream among others'.

use super::Pool;
use crate::origin::body::OutgoingBody;
use crate::origin::http2::Http2;
use crate::origin::permits::Permit;
use hyper::client::conn::http1::SendRequest;
use std::rc::Rc;

/// What a request needs.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Wish {
    /// No connection that was idle: one of them has just turned out dead.
    pub(crate) fresh: bool,
    /// A connection of its own that speaks HTTP/1.1, for an upgrade.
    pub(crate) upgradable: bool,
}

/// A connection or stream in use. Dropped, it is closed; `release` keeps it for the next request.
pub(crate) struct Lease {
    pub(crate) link: Link,
    /// It has carried a request before: it may turn out dead.
    pub(crate) reused: bool,
    pool: Rc<Pool>,
}

/// What a request goes over.
pub(crate) enum Link {
    Http1(Connection),
    Http2(Rc<Stream>),
}

/// An open connection for one request at a time, with its permit.
pub(crate) struct Connection {
    pub(crate) sender: SendRequest<OutgoingBody>,
    /// Freed when the connection is dropped.
    _permit: Permit,
}

/// A place among the streams of an HTTP/2 connection, until dropped.
pub(crate) struct Stream {
    pub(crate) connection: Rc<Http2>,
    pool: Rc<Pool>,
}

impl Connection {
    pub(super) fn new(sender: SendRequest<OutgoingBody>, permit: Permit) -> Connection {
        Connection { sender, _permit: permit }
    }
}

impl Stream {
    pub(super) fn new(connection: Rc<Http2>, pool: Rc<Pool>) -> Rc<Stream> {
        Rc::new(Stream { connection, pool })
    }
}

impl Lease {
    pub(super) fn new(link: Link, reused: bool, pool: &Rc<Pool>) -> Lease {
        Lease { link, reused, pool: pool.clone() }
    }

    /// The exchange ended cleanly: the connection serves the next request.
    pub(crate) fn release(self) {
        match self.link {
            Link::Http1(connection) => self.pool.take_in(connection, true),
            Link::Http2(stream) => drop(stream),
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.pool.stream_ended(&self.connection);
    }
}
