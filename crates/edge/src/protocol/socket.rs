//! A client's connection as the protocols use it: reads go through the thread's buffer, so that an idle
//! connection holds none; each read and write has a deadline that costs no timer.

use crate::deadline::Deadline;
use crate::worker::Worker;
use bytes::BytesMut;
use std::cell::RefCell;
use std::future::Future;
use std::io::{self, IoSlice};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

/// Size of the thread's read buffer.
const READ_BUFFER_BYTES: usize = 64 * 1024;
/// Room below which a fresh buffer is taken.
const READ_ROOM_MIN: usize = 8 * 1024;

/// What a client's connection runs over.
pub(crate) trait Transport: AsyncRead + AsyncWrite + Unpin + 'static {
    /// Bytes that the kernel has taken from us and the client has not acknowledged.
    fn queued_bytes(&self) -> u64;

    /// Version of TLS, where there is TLS: `1.3`.
    fn tls_version(&self) -> Option<&'static str> {
        None
    }

    /// The connection's smoothed round-trip time in microseconds, where the kernel knows it. A system call.
    fn round_trip_micros(&self) -> Option<u32> {
        None
    }

    /// Makes the coming close a visible break: a reset in plain TCP; in TLS the missing `close_notify` says it, too.
    fn break_off(&self);
}

impl Transport for TcpStream {
    fn queued_bytes(&self) -> u64 {
        littoral_runtime::socket::unacknowledged_bytes(self)
    }

    fn round_trip_micros(&self) -> Option<u32> {
        littoral_runtime::socket::round_trip_micros(self)
    }

    fn break_off(&self) {
        let _ = socket2::SockRef::from(self).set_linger(Some(Duration::ZERO));
    }
}

impl Transport for TlsStream<TcpStream> {
    fn queued_bytes(&self) -> u64 {
        self.get_ref().0.queued_bytes()
    }

    fn tls_version(&self) -> Option<&'static str> {
        Some(match self.get_ref().1.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_3 => "1.3",
            rustls::ProtocolVersion::TLSv1_2 => "1.2",
            _ => "other",
        })
    }

    fn round_trip_micros(&self) -> Option<u32> {
        self.get_ref().0.round_trip_micros()
    }

    fn break_off(&self) {
        self.get_ref().0.break_off();
    }
}

/// A byte stream with its own ends for reading and writing, both usable at once from one task.
pub(crate) struct Socket<S> {
    stream: RefCell<S>,
    worker: Rc<Worker>,
}

impl<S: Transport> Socket<S> {
    pub(crate) fn new(stream: S, worker: Rc<Worker>) -> Socket<S> {
        Socket { stream: RefCell::new(stream), worker }
    }

    pub(crate) fn worker(&self) -> &Rc<Worker> {
        &self.worker
    }

    /// Appends what arrives to `inbox`; zero at the end of the stream.
    /// Cancel safe.
    pub(crate) async fn read(&self, inbox: &mut BytesMut, deadline: &Deadline) -> io::Result<usize> {
        std::future::poll_fn(|context| {
            if let Poll::Ready(done) = self.poll_read(context, inbox) {
                return Poll::Ready(done);
            }
            if deadline.poll_expired(context) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            Poll::Pending
        })
        .await
    }

    pub(crate) fn poll_read(
        &self,
        context: &mut Context<'_>,
        inbox: &mut BytesMut,
    ) -> Poll<io::Result<usize>> {
        let mut buffer = self.worker.buffers.read.borrow_mut();
        if buffer.capacity() < READ_ROOM_MIN {
            buffer.reserve(READ_BUFFER_BYTES);
        }
        let mut stream = self.stream.borrow_mut();
        let read = {
            let future = pin!(stream.read_buf(&mut *buffer));
            future.poll(context)
        };
        let Poll::Ready(count) = read else { return Poll::Pending };
        let count = count?;
        let arrived = buffer.split();
        if inbox.is_empty() {
            *inbox = arrived;
        } else {
            inbox.extend_from_slice(&arrived);
        }
        Poll::Ready(Ok(count))
    }

    pub(crate) fn poll_write(
        &self,
        context: &mut Context<'_>,
        bytes: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut stream = self.stream.borrow_mut();
        match bytes {
            [one] => Pin::new(&mut *stream).poll_write(context, one),
            many => Pin::new(&mut *stream).poll_write_vectored(context, many),
        }
    }

    pub(crate) fn tls_version(&self) -> Option<&'static str> {
        self.stream.borrow().tls_version()
    }

    pub(crate) fn round_trip_micros(&self) -> Option<u32> {
        self.stream.borrow().round_trip_micros()
    }

    pub(crate) fn queued_bytes(&self) -> u64 {
        self.stream.borrow().queued_bytes()
    }

    pub(crate) fn break_off(&self) {
        self.stream.borrow().break_off();
    }

    pub(crate) fn poll_flush(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_flush(context)
    }

    pub(crate) fn poll_shutdown(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream.borrow_mut()).poll_shutdown(context)
    }
}
