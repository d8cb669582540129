//! The reading end of an HTTP/1.1 connection: heads within their time-outs, then bodies piece by piece.

use crate::deadline::Deadline;
use crate::protocol::socket::{Socket, Transport};
use bytes::{Bytes, BytesMut};
use littoral_h1::{BodyDecoder, Refusal, RequestHead, RequestParser};
use std::io;
use std::rc::Rc;

/// After a close that the client may not have seen coming: how long and how much is read and thrown away.
const DISCARD_MILLIS: u64 = 1_000;
const DISCARD_BYTES_MAX: usize = 1024 * 1024;

/// How long an idle connection is kept while memory is short.
const IDLE_WHILE_SHORT_MILLIS: u64 = 1_000;

/// Pipelined requests that are read while one is answered by an origin; further ones wait in the kernel.
const READ_AHEAD_BYTES_MAX: usize = 64 * 1024;

pub(crate) struct Reader<S> {
    socket: Rc<Socket<S>>,
    deadline: Deadline,
    parser: RequestParser,
    /// Received and not yet dealt with.
    pub(crate) inbox: BytesMut,
    /// No request has been read yet: the first head has its own time-out from the start.
    first: bool,
    /// How long the body that is being read may still be waited for.
    patience_millis: u64,
    /// Of the body of the request that is being answered, as far as it has been read.
    body_bytes: u64,
}

/// The outcome of waiting for a head.
pub(crate) enum HeadRead {
    /// A head and the bytes it lies in.
    Head(Box<Head>),
    Refused(Refusal),
    /// Part of a head came, the rest not in time.
    TimedOut,
    /// The client closed, was idle for too long, or the node drains.
    Closed,
}

/// A parsed head with its bytes.
pub(crate) struct Head {
    pub(crate) bytes: Bytes,
    pub(crate) parsed: RequestHead,
}

impl<S: Transport> Reader<S> {
    pub(crate) fn new(socket: Rc<Socket<S>>, deadline: Deadline) -> Reader<S> {
        let (parser, inbox) = (RequestParser::new(), BytesMut::new());
        Reader { socket, deadline, parser, inbox, first: true, patience_millis: 0, body_bytes: 0 }
    }

    /// A head out of what has already been received.
    pub(crate) fn parse_head(&mut self) -> Option<HeadRead> {
        if self.inbox.is_empty() {
            return None;
        }
        let limits = &self.socket.worker().shared.limits.h1;
        match self.parser.parse(&self.inbox, limits) {
            Ok(None) => None,
            Ok(Some(parsed)) => {
                self.first = false;
                let bytes = self.inbox.split_to(parsed.head_len).freeze();
                self.release_empty_inbox();
                Some(HeadRead::Head(Box::new(Head { bytes, parsed })))
            }
            Err(refusal) => Some(HeadRead::Refused(refusal)),
        }
    }

    /// Waits for a head. An idle connection may wait `keep_alive_timeout`; from its first byte on, a head has
    /// `head_timeout` for all of it.
    pub(crate) async fn read_head(&mut self) -> HeadRead {
        let worker = self.socket.worker().clone();
        let limits = &worker.shared.limits;
        let started = worker.monotonic_millis();
        let head_millis = limits.head_timeout.as_millis() as u64;
        let idle_millis = limits.keep_alive_timeout.as_millis() as u64;
        let mut in_head = !self.inbox.is_empty();
        let mut owned = false;
        self.deadline.set(started + if in_head || self.first { head_millis } else { idle_millis });
        loop {
            if !in_head && worker.is_draining() {
                return HeadRead::Closed;
            }
            match self.read_or_drain(in_head, started).await {
                Ok(0) | Err(ReadEnd::Drain | ReadEnd::Failed) => return HeadRead::Closed,
                Err(ReadEnd::TimedOut) if in_head => return HeadRead::TimedOut,
                Err(ReadEnd::TimedOut) => return HeadRead::Closed,
                Ok(_) => {}
            }
            if !in_head {
                in_head = true;
                self.deadline.set(worker.monotonic_millis() + head_millis);
            }
            if let Some(read) = self.parse_head() {
                self.deadline.clear();
                return read;
            }
            // Part of a head stays for an unknown time: it gets memory of its own, so that it does not hold the
            // thread's buffer.
            if !std::mem::replace(&mut owned, true) {
                self.inbox = BytesMut::from(&self.inbox[..]);
            }
        }
    }

    /// `idle_since` is when the wait for a head began.
    async fn read_or_drain(&mut self, in_head: bool, idle_since: u64) -> Result<usize, ReadEnd> {
        let socket = self.socket.clone();
        std::future::poll_fn(|context| {
            if let std::task::Poll::Ready(read) = socket.poll_read(context, &mut self.inbox) {
                return std::task::Poll::Ready(read.map_err(|_| ReadEnd::Failed));
            }
            if !in_head && socket.worker().shared.memory.is_short() {
                self.deadline.bring_forward(idle_since + IDLE_WHILE_SHORT_MILLIS);
            }
            if self.deadline.poll_expired(context) {
                return std::task::Poll::Ready(Err(ReadEnd::TimedOut));
            }
            if !in_head && socket.worker().is_draining() {
                return std::task::Poll::Ready(Err(ReadEnd::Drain));
            }
            std::task::Poll::Pending
        })
        .await
    }

    pub(crate) fn release_empty_inbox(&mut self) {
        if self.inbox.is_empty() {
            self.inbox = BytesMut::new();
        }
    }

    /// A body is going to be read: it may be waited for `body_timeout`, and longer as far as its bytes earn it.
    pub(crate) fn expect_body(&mut self) {
        self.patience_millis = self.socket.worker().shared.limits.body_timeout.as_millis() as u64;
    }

    /// The next piece of a request's body; `None` at its end. Time spent waiting uses patience up, bytes that come
    /// restore it, at `client_rate_min`: a client that drips cannot hold an origin's connection for long.
    /// Cancel safe.
    pub(crate) async fn read_body(&mut self, decoder: &mut BodyDecoder) -> Result<Option<Bytes>, BodyEnd> {
        let worker = self.socket.worker().clone();
        loop {
            if let Some(piece) = self.decode(decoder)? {
                return Ok(Some(piece));
            }
            if decoder.is_end() {
                return Ok(None);
            }
            let started = worker.monotonic_millis();
            self.deadline.set(started + self.patience_millis);
            match self.socket.read(&mut self.inbox, &self.deadline).await {
                Ok(0) => return Err(BodyEnd::Closed),
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return Err(BodyEnd::TimedOut),
                Err(_) => return Err(BodyEnd::Closed),
                Ok(count) => self.earn_patience(count, worker.monotonic_millis() - started),
            }
        }
    }

    fn earn_patience(&mut self, bytes: usize, waited_millis: u64) {
        let limits = &self.socket.worker().shared.limits;
        let earned = (bytes as u64 * 1000).checked_div(limits.client_rate_min).unwrap_or(u64::MAX);
        let left = self.patience_millis.saturating_sub(waited_millis).saturating_add(earned);
        self.patience_millis = left.min(limits.body_timeout.as_millis() as u64);
    }

    /// Bytes of the last request's body that were read; the next one's are counted from zero.
    pub(crate) fn take_body_bytes(&mut self) -> u64 {
        std::mem::take(&mut self.body_bytes)
    }

    /// Data out of what has already been received.
    pub(crate) fn decode(&mut self, decoder: &mut BodyDecoder) -> Result<Option<Bytes>, BodyEnd> {
        while !self.inbox.is_empty() && !decoder.is_end() {
            let decoded = decoder.decode(&self.inbox).map_err(BodyEnd::Refused)?;
            if decoded.consumed == 0 {
                break;
            }
            let taken = self.inbox.split_to(decoded.consumed).freeze();
            if !decoded.data.is_empty() {
                self.body_bytes += decoded.data.len() as u64;
                return Ok(Some(taken.slice(decoded.data)));
            }
        }
        self.release_empty_inbox();
        Ok(None)
    }

    /// Waits until the client is gone: until it resets, or closes its side, if `close_counts`. Requests that it
    /// pipelines meanwhile are kept, up to a limit.
    pub(crate) async fn until_closed(&mut self, close_counts: bool) {
        self.deadline.clear();
        let mut owned = false;
        while self.inbox.len() < READ_AHEAD_BYTES_MAX {
            match self.socket.read(&mut self.inbox, &self.deadline).await {
                Ok(0) if close_counts => return,
                Ok(0) => break,
                // As part of a head does, they wait in memory of their own.
                Ok(_) if !std::mem::replace(&mut owned, true) => {
                    self.inbox = BytesMut::from(&self.inbox[..]);
                }
                Ok(_) => {}
                Err(_) => return,
            }
        }
        std::future::pending::<()>().await;
    }

    /// Reads and throws away, within limits, until the client closes.
    pub(crate) async fn discard_for_a_moment(&mut self) {
        let worker = self.socket.worker().clone();
        self.deadline.set(worker.monotonic_millis() + DISCARD_MILLIS);
        let mut discarded = 0;
        while discarded < DISCARD_BYTES_MAX {
            self.inbox = BytesMut::new();
            match self.socket.read(&mut self.inbox, &self.deadline).await {
                Ok(0) | Err(_) => return,
                Ok(count) => discarded += count,
            }
        }
    }
}

enum ReadEnd {
    TimedOut,
    Failed,
    Drain,
}

/// Why a request's body ended early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    Closed,
    TimedOut,
    Refused(Refusal),
}
