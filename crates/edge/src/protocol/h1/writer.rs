//! The writing end of an HTTP/1.1 connection. Heads and small bodies are gathered in the thread's buffer and leave
//! in one send; larger bodies leave with their head by `writev`, straight from where they are stored.

use crate::deadline::Deadline;
use crate::head::write_request_id;
use crate::protocol::socket::{Socket, Transport};
use crate::request_id::RequestId;
use crate::worker::Worker;
use littoral_h1::response;
use std::io::{self, IoSlice};
use std::rc::Rc;
use std::task::{Context, Poll};

/// Bodies up to this size are copied behind their head.
pub(crate) const INLINE_BYTES_MAX: usize = 4096;
/// Gathered output that is sent even while more pipelined requests wait.
const GATHER_BYTES_MAX: usize = 64 * 1024;
/// Slices in one send; the rest goes with the next.
const SLICES_MAX: usize = 16;
/// Buffers larger than this are not kept.
const BUFFER_KEPT_BYTES_MAX: usize = 256 * 1024;

pub(crate) struct Writer<S> {
    socket: Rc<Socket<S>>,
    deadline: Deadline,
    /// To be sent; its first `sent` bytes have been.
    out: Vec<u8>,
    sent: usize,
    /// Bytes that the transport has taken since the connection began.
    handed: u64,
    pace: Pace,
}

/// How fast the client takes what it is sent: what the kernel got from us less what it still holds, looked at
/// whenever a write has had to wait for `write_timeout`. The kernel takes megabytes ahead, so that the time between
/// two successful writes says nothing.
#[derive(Default)]
struct Pace {
    written: u64,
    taken_at_start: u64,
    watched: bool,
}

impl<S: Transport> Writer<S> {
    pub(crate) fn new(socket: Rc<Socket<S>>, deadline: Deadline) -> Writer<S> {
        Writer { socket, deadline, out: Vec::new(), sent: 0, handed: 0, pace: Pace::default() }
    }

    /// The buffer to append heads and small bodies to.
    pub(crate) fn buffer(&mut self) -> &mut Vec<u8> {
        if self.out.capacity() == 0 {
            self.out = self.socket.worker().buffers.write.take();
        }
        &mut self.out
    }

    /// Where in the connection's bytes the next one to be gathered or sent stands.
    pub(crate) fn position(&self) -> u64 {
        self.handed + (self.out.len() - self.sent) as u64
    }

    /// How many of the connection's bytes have gone out.
    pub(crate) fn handed(&self) -> u64 {
        self.handed
    }

    /// Returns the thread's buffer once everything is sent.
    pub(crate) fn give_buffer_back(&mut self) {
        if self.out.is_empty() && self.out.capacity() > 0 {
            let buffer = std::mem::take(&mut self.out);
            if buffer.capacity() <= BUFFER_KEPT_BYTES_MAX {
                self.socket.worker().buffers.write.set(buffer);
            }
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        self.out.len() >= GATHER_BYTES_MAX
    }

    /// Sends all that was gathered.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        self.send_with(&[]).await
    }

    /// Sends what was gathered and `body` behind it.
    pub(crate) async fn send_with(&mut self, body: &[&[u8]]) -> io::Result<()> {
        if self.out.is_empty() && body.iter().all(|slice| slice.is_empty()) {
            return Ok(());
        }
        // What is left of the body: whole slices, and how much of their first one is gone.
        let (mut body, mut gone) = (body, 0);
        loop {
            while body.first().is_some_and(|first| gone == first.len()) {
                (body, gone) = (&body[1..], 0);
            }
            if self.sent == self.out.len() && body.is_empty() {
                break;
            }
            let mut slices = [IoSlice::new(&[]); SLICES_MAX];
            let head = (self.sent < self.out.len()).then(|| &self.out[self.sent..]);
            let rest = body.iter().enumerate().map(|(nth, slice)| &slice[if nth == 0 { gone } else { 0 }..]);
            let mut count = 0;
            for (slot, slice) in slices.iter_mut().zip(head.into_iter().chain(rest)) {
                *slot = IoSlice::new(slice);
                count += 1;
            }
            let written = send_some(&self.socket, &self.deadline, &mut self.pace, &slices[..count]).await?;
            self.handed += written as u64;
            let of_out = written.min(self.out.len() - self.sent);
            self.sent += of_out;
            let mut of_body = written - of_out;
            while let Some(first) = body.first()
                && of_body >= first.len() - gone
            {
                of_body -= first.len() - gone;
                (body, gone) = (&body[1..], 0);
            }
            gone += of_body;
        }
        self.out.clear();
        self.sent = 0;
        // TLS keeps back what the socket had no room for; nothing else would send it.
        let done = flush_transport(&self.socket, &self.deadline, &mut self.pace).await;
        self.stop_watching();
        done
    }

    /// Says that nothing more comes.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        self.flush().await?;
        let socket = &self.socket;
        let done = while_client_takes(socket, &self.deadline, &mut self.pace, |context, _| {
            socket.poll_shutdown(context)
        })
        .await;
        self.stop_watching();
        done
    }

    fn stop_watching(&mut self) {
        if self.pace.watched {
            self.pace.watched = false;
            self.deadline.clear();
        }
    }

    /// Gathers an answer to something that could not be read as a request.
    pub(crate) fn push_refusal(
        &mut self,
        worker: &Rc<Worker>,
        status: u16,
        reason: &'static str,
        id: &RequestId,
    ) {
        let now = worker.now();
        let date = worker.date(now);
        let name = worker.shared.name.clone();
        let out = self.buffer();
        response::status_line(out, status, None);
        response::field(out, b"Date", &date);
        response::field(out, b"Content-Type", b"text/plain; charset=utf-8");
        let body = format!("{status} {}: {reason}\n", response::registered_reason(status));
        response::framing_fields(out, response::ResponseFraming::Length(body.len() as u64), None);
        out.extend_from_slice(b"Cache-Status: ");
        crate::note::Note::local(reason).write(&name, out);
        out.extend_from_slice(b"\r\n");
        write_request_id(worker, id, out);
        out.extend_from_slice(b"Connection: close\r\n\r\n");
        out.extend_from_slice(body.as_bytes());
    }
}

/// Sends as much as the socket takes.
async fn send_some<S: Transport>(
    socket: &Socket<S>,
    deadline: &Deadline,
    pace: &mut Pace,
    slices: &[IoSlice<'_>],
) -> io::Result<usize> {
    let written =
        while_client_takes(socket, deadline, pace, |context, _| socket.poll_write(context, slices)).await?;
    if written == 0 {
        return Err(io::ErrorKind::WriteZero.into());
    }
    pace.written += written as u64;
    Ok(written)
}

/// Sends what the transport has taken and not yet sent.
async fn flush_transport<S: Transport>(
    socket: &Socket<S>,
    deadline: &Deadline,
    pace: &mut Pace,
) -> io::Result<()> {
    while_client_takes(socket, deadline, pace, |context, pace| {
        if !pace.watched {
            return socket.poll_flush(context);
        }
        // What moves into the kernel's queue now was counted as written before.
        let queued = socket.queued_bytes();
        let flushed = socket.poll_flush(context);
        pace.written += socket.queued_bytes().saturating_sub(queued);
        flushed
    })
    .await
}

/// Repeats `step` until it is ready, for as long as the client takes what it was sent.
async fn while_client_takes<S: Transport, T>(
    socket: &Socket<S>,
    deadline: &Deadline,
    pace: &mut Pace,
    mut step: impl FnMut(&mut Context<'_>, &mut Pace) -> Poll<io::Result<T>>,
) -> io::Result<T> {
    std::future::poll_fn(|context| {
        if let Poll::Ready(done) = step(context, pace) {
            return Poll::Ready(done);
        }
        let worker = socket.worker();
        if !pace.watched {
            pace.watch(socket);
            deadline.set(worker.monotonic_millis() + worker.shared.limits.write_timeout.as_millis() as u64);
        }
        while deadline.poll_expired(context) {
            if !pace.is_enough(socket) {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            deadline.set(worker.monotonic_millis() + worker.shared.limits.write_timeout.as_millis() as u64);
        }
        Poll::Pending
    })
    .await
}

impl Pace {
    fn watch<S: Transport>(&mut self, socket: &Socket<S>) {
        self.watched = true;
        self.taken_at_start = self.taken(socket);
    }

    /// Judged at the end of a window, which the next one follows.
    fn is_enough<S: Transport>(&mut self, socket: &Socket<S>) -> bool {
        let limits = &socket.worker().shared.limits;
        let taken = self.taken(socket);
        let least = limits.client_rate_min * limits.write_timeout.as_secs().max(1);
        let enough = taken.saturating_sub(self.taken_at_start) >= least;
        self.taken_at_start = taken;
        enough
    }

    /// Bytes that have left the kernel's queue.
    fn taken<S: Transport>(&self, socket: &Socket<S>) -> u64 {
        self.written.saturating_sub(socket.queued_bytes())
    }
}
