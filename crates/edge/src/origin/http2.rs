//! An HTTP/2 connection to an origin server (RFC 9113), shared by the requests of one thread: how many streams it
//! takes, when it takes no more, and the task that drives it. What goes over one stream is `stream`'s.

use super::OriginError;
use super::connect::RESPONSE_HEAD_BYTES_MAX;
use super::permits::Permit;
use bytes::Bytes;
use h2::client::{Connection, SendRequest};
use h2::{Ping, PingPong};
use http::Request;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::{Rc, Weak};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::Sleep;

/// Requests on one connection at a time, where the origin takes as many.
pub(crate) const STREAMS_MAX: u32 = 100;
/// What the origin may send on one stream ahead of its reader.
const STREAM_WINDOW_BYTES: u32 = 256 * 1024;
/// The same for all streams together: no slow reader stops the others.
const CONNECTION_WINDOW_BYTES: u32 = STREAM_WINDOW_BYTES * STREAMS_MAX;
/// A connection with open streams is asked so often whether it lives.
const PING_INTERVAL: Duration = Duration::from_secs(15);
/// Without an answer for so long it is dead.
const PING_TIMEOUT: Duration = Duration::from_secs(10);
/// What the library reports until the origin's SETTINGS have arrived; no origin can say it.
const NOT_SAID: usize = usize::MAX - 1;

/// A connection that nobody drives yet.
pub(crate) struct Handshake {
    sender: SendRequest<Bytes>,
    driver: Pin<Box<dyn Driven>>,
    ping: Option<PingPong>,
}

/// A connection as its requests see it.
pub(crate) struct Http2 {
    sender: RefCell<SendRequest<Bytes>>,
    /// Streams in use.
    streams: Cell<u32>,
    /// How many the origin takes; `None` until it has said so.
    streams_max: Cell<Option<u32>>,
    /// Dropped when the origin has said so.
    unsaid: Cell<Option<Box<dyn Any>>>,
    /// No further streams.
    retired: Cell<bool>,
    /// It has carried a request before.
    used: Cell<bool>,
    idle_since: Cell<Instant>,
    /// Freed when the connection is dropped.
    _permit: Permit,
}

/// Who is told about a connection.
pub(crate) trait Owner {
    /// It takes more streams than before.
    fn has_room(self: Rc<Self>);
    /// It takes no more streams.
    fn is_over(self: Rc<Self>, connection: &Rc<Http2>);
}

/// A connection of whatever transport.
trait Driven {
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()>;
    fn streams_max(&self) -> usize;
}

impl<T: AsyncRead + AsyncWrite + Unpin> Driven for Connection<T, Bytes> {
    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        // How it ended is told to each stream.
        Future::poll(self, context).map(drop)
    }

    fn streams_max(&self) -> usize {
        self.max_concurrent_send_streams()
    }
}

/// Sends the connection's preface.
pub(crate) async fn begin(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<Handshake, OriginError> {
    let (sender, mut connection) = h2::client::Builder::new()
        .enable_push(false)
        .initial_max_send_streams(NOT_SAID)
        .initial_window_size(STREAM_WINDOW_BYTES)
        .initial_connection_window_size(CONNECTION_WINDOW_BYTES)
        // Late frames of requests that were given up are no offence.
        .max_concurrent_reset_streams(STREAMS_MAX as usize)
        .max_header_list_size(RESPONSE_HEAD_BYTES_MAX as u32)
        .handshake(stream)
        .await
        .map_err(|_| OriginError::Connect)?;
    let ping = connection.ping_pong();
    Ok(Handshake { sender, driver: Box::pin(connection), ping })
}

impl Handshake {
    /// One request without content on a connection that is closed behind it; the status of the answer.
    pub(crate) async fn ask_once(mut self, request: Request<()>) -> Option<u16> {
        let (mut response, _) = self.sender.send_request(request, true).ok()?;
        let answered = tokio::select! {
            biased;
            answered = &mut response => answered,
            () = poll_fn(|context| self.driver.as_mut().poll(context)) => response.await,
        };
        Some(answered.ok()?.status().as_u16())
    }

    /// Starts the driver on this thread. `owner` is told what becomes of the connection.
    pub(crate) fn start<O: Owner + 'static>(self, permit: Permit, owner: &Rc<O>) -> Rc<Http2> {
        let connection = Rc::new(Http2 {
            sender: RefCell::new(self.sender),
            streams: Cell::new(0),
            streams_max: Cell::new(None),
            unsaid: Cell::new(None),
            retired: Cell::new(false),
            used: Cell::new(false),
            idle_since: Cell::new(Instant::now()),
            _permit: permit,
        });
        let mut driver = Driver {
            connection: Rc::downgrade(&connection),
            owner: Rc::downgrade(owner),
            driven: self.driver,
            ping: self.ping,
            timer: Box::pin(tokio::time::sleep(PING_INTERVAL)),
            awaits_pong: false,
        };
        tokio::task::spawn_local(async move { poll_fn(|context| driver.poll(context)).await });
        connection
    }
}

impl Http2 {
    pub(crate) fn sender(&self) -> SendRequest<Bytes> {
        self.sender.borrow().clone()
    }

    /// Until the origin has said how many streams it takes, one.
    pub(crate) fn room(&self) -> u32 {
        if self.retired.get() {
            return 0;
        }
        self.streams_max.get().unwrap_or(1).saturating_sub(self.streams.get())
    }

    /// Keeps something until the origin has said how many streams it takes.
    pub(crate) fn while_unsaid(&self, kept: Box<dyn Any>) {
        self.unsaid.set(Some(kept));
    }

    /// It is not waited for any longer.
    pub(crate) fn say_nothing_more(&self) {
        self.unsaid.take();
    }

    pub(crate) fn streams(&self) -> u32 {
        self.streams.get()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.streams.get() == 0
    }

    pub(crate) fn idle_since(&self) -> Instant {
        self.idle_since.get()
    }

    pub(crate) fn is_retired(&self) -> bool {
        self.retired.get()
    }

    /// Streams under way go on, and none follows.
    pub(crate) fn retire(&self) {
        self.retired.set(true);
    }

    /// Counts a stream; says whether the connection has carried one before.
    pub(crate) fn enter(&self) -> bool {
        self.streams.set(self.streams.get() + 1);
        self.used.replace(true)
    }

    pub(crate) fn leave(&self) {
        self.streams.set(self.streams.get().saturating_sub(1));
        self.idle_since.set(Instant::now());
    }
}

/// Drives a connection until it ends, whoever uses it.
struct Driver<O> {
    connection: Weak<Http2>,
    owner: Weak<O>,
    driven: Pin<Box<dyn Driven>>,
    ping: Option<PingPong>,
    timer: Pin<Box<Sleep>>,
    awaits_pong: bool,
}

impl<O: Owner> Driver<O> {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let ended = self.driven.as_mut().poll(context).is_ready() || self.is_dead(context);
        let Some(connection) = self.connection.upgrade() else {
            // Nobody wants new streams of it; those under way still need the driver.
            return if ended { Poll::Ready(()) } else { Poll::Pending };
        };
        // After a GOAWAY, or with all stream numbers used.
        let closing = matches!(connection.sender.borrow_mut().poll_ready(context), Poll::Ready(Err(_)));
        let over = ended || closing;
        if over && !connection.is_retired() {
            connection.retire();
            if let Some(owner) = self.owner.upgrade() {
                owner.is_over(&connection);
            }
        } else if !over {
            self.note_limit(&connection);
        }
        if ended { Poll::Ready(()) } else { Poll::Pending }
    }

    fn note_limit(&self, connection: &Rc<Http2>) {
        let said = self.driven.streams_max();
        if said == NOT_SAID {
            return;
        }
        let most = u32::try_from(said).unwrap_or(u32::MAX).min(STREAMS_MAX);
        let before = connection.streams_max.replace(Some(most));
        if before.is_none_or(|before| before < most)
            && let Some(owner) = self.owner.upgrade()
        {
            connection.unsaid.take();
            owner.has_room();
        }
    }

    /// Whether a ping was not answered in time. Idle connections are left in peace: some origins take pings without
    /// streams for an attack.
    fn is_dead(&mut self, context: &mut Context<'_>) -> bool {
        let Some(ping) = &mut self.ping else { return false };
        if self.awaits_pong && matches!(ping.poll_pong(context), Poll::Ready(Ok(_))) {
            self.awaits_pong = false;
            self.timer.as_mut().reset(tokio::time::Instant::now() + PING_INTERVAL);
        }
        while self.timer.as_mut().poll(context).is_ready() {
            if self.awaits_pong {
                return true;
            }
            // Let go of by all, it has had time enough to say goodbye.
            let Some(connection) = self.connection.upgrade() else { return true };
            let busy = !connection.is_idle();
            self.awaits_pong = busy && ping.send_ping(Ping::opaque()).is_ok();
            let next = if self.awaits_pong { PING_TIMEOUT } else { PING_INTERVAL };
            self.timer.as_mut().reset(tokio::time::Instant::now() + next);
            if self.awaits_pong {
                let _ = ping.poll_pong(context);
            }
        }
        false
    }
}
