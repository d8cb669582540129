//! The PROXY header in front of a connection, read off the socket without a byte of what stands behind it, so that
//! TLS and HTTP find theirs as if it had not been there.

use crate::deadline::Deadline;
use crate::worker::Worker;
use littoral_forwarding::{HEADER_BYTES_MAX, Proxied, parse_header};
use std::rc::Rc;
use std::task::Poll;
use tokio::io::{AsyncReadExt, ReadBuf};
use tokio::net::TcpStream;

/// Why a named peer's connection does not begin.
pub(crate) enum NoHeader {
    /// It ended, or the node drains: nobody's fault. Load balancers look in like this.
    Closed,
    /// The reason's name.
    Refused(&'static str),
}

/// Reads the header that `stream` begins with. It has the time of a request's head.
pub(crate) async fn read_header(worker: &Rc<Worker>, stream: &mut TcpStream) -> Result<Proxied, NoHeader> {
    let deadline = worker.deadlines.register();
    deadline.set(worker.monotonic_millis() + worker.shared.limits.head_timeout.as_millis() as u64);
    let mut header = Vec::new();
    loop {
        let read = header.len();
        let arrived = peek(worker, stream, &deadline, &mut header).await?;
        let parsed = parse_header(&header).map_err(|mistake| NoHeader::Refused(mistake.as_str()))?;
        // Of a header that has not ended, all that is there belongs to it.
        let wanted = parsed.map_or(read + arrived, |parsed| parsed.len);
        header.truncate(read);
        take(stream, wanted - read, &mut header).await?;
        if let Some(parsed) = parsed {
            return Ok(parsed.proxied);
        }
    }
}

/// Appends what has arrived and leaves it where it is.
async fn peek(
    worker: &Worker,
    stream: &TcpStream,
    deadline: &Deadline,
    header: &mut Vec<u8>,
) -> Result<usize, NoHeader> {
    // A header that has come to its limit is refused by its parser before more is asked for.
    let mut room = vec![0; HEADER_BYTES_MAX + 1 - header.len()];
    let mut room = ReadBuf::new(&mut room);
    let count = std::future::poll_fn(|context| {
        if let Poll::Ready(done) = stream.poll_peek(context, &mut room) {
            return Poll::Ready(done.map_err(|_| NoHeader::Closed));
        }
        if deadline.poll_expired(context) {
            return Poll::Ready(Err(NoHeader::Refused("proxy-header-timeout")));
        }
        if worker.is_draining() {
            return Poll::Ready(Err(NoHeader::Closed));
        }
        Poll::Pending
    })
    .await?;
    header.extend_from_slice(room.filled());
    match count {
        0 => Err(NoHeader::Closed),
        count => Ok(count),
    }
}

/// Takes bytes that have been seen already: they are there.
async fn take(stream: &mut TcpStream, bytes: usize, header: &mut Vec<u8>) -> Result<(), NoHeader> {
    let start = header.len();
    header.resize(start + bytes, 0);
    stream.read_exact(&mut header[start..]).await.map(drop).map_err(|_| NoHeader::Closed)
}
