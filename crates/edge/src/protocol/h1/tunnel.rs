//! After a 101: bytes both ways until one side ends, or nothing has moved for too long.

use crate::protocol::socket::{Socket, Transport};
use bytes::{Buf, BytesMut};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use std::cell::Cell;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Copies until both directions have ended; returns the bytes sent to the client. `early` is what the client sent
/// before the origin had agreed.
pub(crate) async fn run<S: Transport>(
    socket: &Rc<Socket<S>>,
    early: BytesMut,
    upgraded: Upgraded,
    idle_timeout: Duration,
) -> u64 {
    let moved = Rc::new(Cell::new(true));
    let mut client = Client { socket: socket.clone(), early, moved: moved.clone(), to_client: 0 };
    let mut origin = TokioIo::new(upgraded);
    {
        let copying = tokio::io::copy_bidirectional(&mut client, &mut origin);
        let mut copying = std::pin::pin!(copying);
        let mut checks = tokio::time::interval(idle_timeout);
        checks.tick().await;
        loop {
            tokio::select! {
                _ = &mut copying => break,
                _ = checks.tick() => if !moved.replace(false) { break },
            }
        }
    }
    client.to_client
}

/// The client's side as tokio's copy wants it.
struct Client<S> {
    socket: Rc<Socket<S>>,
    early: BytesMut,
    moved: Rc<Cell<bool>>,
    to_client: u64,
}

impl<S: Transport> AsyncRead for Client<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        out: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.early.is_empty() {
            let this = &mut *self;
            ready!(this.socket.poll_read(context, &mut this.early))?;
        }
        let count = self.early.len().min(out.remaining());
        out.put_slice(&self.early[..count]);
        self.early.advance(count);
        self.moved.set(true);
        Poll::Ready(Ok(()))
    }
}

impl<S: Transport> AsyncWrite for Client<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(self.socket.poll_write(context, &[IoSlice::new(bytes)]))?;
        self.moved.set(true);
        self.to_client += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.poll_shutdown(context)
    }
}
