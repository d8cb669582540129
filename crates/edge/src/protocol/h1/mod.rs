//! HTTP/1.1 over a socket: reads heads with the `h1` codec, hands each request to the request path, writes the
//! answers in order. One task per connection; requests that were pipelined are answered one after the other, and
//! their small answers leave together.

mod coming;
mod exchange;
mod log;
mod reader;
mod received;
mod send;
mod tunnel;
mod writer;

use crate::peer::Peer;
use crate::protocol::socket::{Socket, Transport};
use crate::worker::Worker;
use littoral_h1::Refusal;
use reader::{HeadRead, Reader};
pub(crate) use received::received;
use std::rc::Rc;
use writer::Writer;

/// One client connection.
pub(crate) struct Connection<S> {
    socket: Rc<Socket<S>>,
    reader: Reader<S>,
    writer: Writer<S>,
    peer: Peer,
}

/// What becomes of the connection after an exchange.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum After {
    /// It waits for the next request.
    KeepAlive,
    /// It is closed; what the client still sends is read and thrown away for a moment, so that it gets our answer.
    Close,
    /// It is gone, or must be cut off visibly.
    Abort,
}

/// Serves a connection to its end.
pub(crate) async fn serve<S: Transport>(worker: Rc<Worker>, stream: S, peer: Peer) {
    let socket = Rc::new(Socket::new(stream, worker.clone()));
    let mut connection = Connection {
        reader: Reader::new(socket.clone(), worker.deadlines.register()),
        writer: Writer::new(socket.clone(), worker.deadlines.register()),
        socket,
        peer,
    };
    connection.run().await;
}

impl<S: Transport> Connection<S> {
    /// Whether a further request may come behind this one, as far as the node is concerned.
    fn goes_on(&self, worker: &Worker) -> bool {
        !self.peer.once && !worker.is_draining()
    }

    async fn run(&mut self) {
        let worker = self.socket.worker().clone();
        loop {
            let after = match self.next_head().await {
                // Boxed: a connection spends most of its life waiting, and would keep room for an exchange all the time.
                HeadRead::Head(head) => Box::pin(self.exchange(&worker, head)).await,
                HeadRead::Refused(refusal) => self.refuse(&worker, refusal).await,
                HeadRead::TimedOut => self.refuse_slow(&worker).await,
                HeadRead::Closed => {
                    let _ = self.writer.flush().await;
                    return;
                }
            };
            match after {
                After::KeepAlive => {}
                After::Close => return self.close_politely().await,
                After::Abort => return,
            }
        }
    }

    /// The next request's head. What was answered before goes out first, unless the next head is there already.
    async fn next_head(&mut self) -> HeadRead {
        if let Some(read) = self.reader.parse_head() {
            return read;
        }
        if self.writer.flush().await.is_err() {
            return HeadRead::Closed;
        }
        self.writer.give_buffer_back();
        self.reader.read_head().await
    }

    async fn refuse(&mut self, worker: &Rc<Worker>, refusal: Refusal) -> After {
        self.refuse_with(worker, refusal.status(), refusal.as_str()).await
    }

    async fn refuse_slow(&mut self, worker: &Rc<Worker>) -> After {
        self.refuse_with(worker, 408, "head-timeout").await
    }

    async fn refuse_with(&mut self, worker: &Rc<Worker>, status: u16, reason: &'static str) -> After {
        worker.report.borrow().refused(reason);
        let id = worker.request_ids.make();
        self.writer.push_refusal(worker, status, reason, &id);
        self.log_refusal(worker, status, reason, &id);
        match self.writer.flush().await {
            Ok(()) => After::Close,
            Err(_) => After::Abort,
        }
    }

    /// Says that nothing more comes, then reads on for a moment: a close with unread bytes in the kernel would
    /// reset the connection and destroy the answer on its way (RFC 9112 §9.6).
    async fn close_politely(&mut self) {
        if self.writer.shutdown().await.is_ok() {
            self.reader.discard_for_a_moment().await;
        }
    }
}
