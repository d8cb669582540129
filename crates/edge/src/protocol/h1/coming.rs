//! Bodies that are sent as they come, framed piece by piece; one that breaks off is cut off where it can be seen.

use super::send::Sent;
use super::writer::Writer;
use crate::fill::FillReader;
use crate::origin::{OriginBody, OriginError};
use crate::protocol::socket::Transport;
use crate::transform::Recoded;
use crate::worker::Worker;
use bytes::Bytes;
use littoral_h1::response::{self, ResponseFraming};
use littoral_h1::{RequestHead, Trailer};
use littoral_http_caching::coding::is_digest;
use littoral_http_caching::{Fields, Known};
use std::rc::Rc;

/// A body that is not all there.
pub(super) enum Coming {
    Fill(FillReader),
    Origin(Box<OriginBody>),
    Recoded(Box<Recoded>),
}

impl Coming {
    pub(super) async fn send<S: Transport>(
        mut self,
        worker: &Rc<Worker>,
        writer: &mut Writer<S>,
        parsed: &RequestHead,
        framing: ResponseFraming,
        length: Option<u64>,
    ) -> Sent {
        let mut stream = Stream { framing, length, sent: 0 };
        loop {
            // What is there already goes out with the head.
            let piece = match self.try_next() {
                Some(piece) => Some(Ok(piece)),
                None => flush_unless_ready(writer, self.next(worker)).await,
            };
            match piece {
                None => {
                    let trailers = if parsed.te_trailers { self.trailers() } else { Vec::new() };
                    return stream.end(writer, &trailers).await;
                }
                Some(Ok(piece)) => {
                    if let Err(cut) = stream.piece(writer, &piece).await {
                        return cut;
                    }
                }
                Some(Err(error)) => {
                    // A fill's failure is its leader's to count.
                    if !matches!(self, Coming::Fill(_)) {
                        worker.report.borrow().origin_failed(error.as_str());
                    }
                    return stream.cut(writer, error.as_str()).await;
                }
            }
        }
    }

    fn try_next(&mut self) -> Option<Bytes> {
        match self {
            Coming::Fill(reader) => reader.try_next(),
            Coming::Origin(_) | Coming::Recoded(_) => None,
        }
    }

    async fn next(&mut self, worker: &Rc<Worker>) -> Option<Result<Bytes, OriginError>> {
        match self {
            Coming::Fill(reader) => reader.next(worker).await,
            Coming::Origin(body) => body.next().await,
            Coming::Recoded(body) => body.next(worker).await,
        }
    }

    /// Of a recoded body, those that do not speak of the bytes that the origin sent.
    fn trailers(&self) -> Vec<Trailer> {
        let keeps_digests = matches!(self, Coming::Origin(_));
        let fields = match self {
            Coming::Fill(_) => None,
            Coming::Origin(body) => body.trailers(),
            Coming::Recoded(body) => body.trailers(),
        };
        fields
            .into_iter()
            .flat_map(Fields::iter)
            .filter(|line| !littoral_h1::is_forbidden_trailer(line.name))
            .filter(|line| keeps_digests || !is_digest(Known::of(line.name), line.name))
            .map(|line| Trailer { name: line.name.into(), value: line.value.into() })
            .collect()
    }
}

/// Waits for the next piece of a body; what was gathered before does not wait with it.
async fn flush_unless_ready<S: Transport, T>(writer: &mut Writer<S>, next: impl Future<Output = T>) -> T {
    let mut next = std::pin::pin!(next);
    tokio::select! {
        biased;
        piece = &mut next => return piece,
        () = std::future::ready(()) => {}
    }
    // A client that is gone shows itself at the next piece.
    let _ = writer.flush().await;
    writer.give_buffer_back();
    next.await
}

/// How far it has been sent.
struct Stream {
    framing: ResponseFraming,
    length: Option<u64>,
    sent: u64,
}

impl Stream {
    async fn piece<S: Transport>(&mut self, writer: &mut Writer<S>, piece: &Bytes) -> Result<(), Sent> {
        if self.length.is_some_and(|length| self.sent + piece.len() as u64 > length) {
            return Err(self.cut(writer, "body-too-long").await);
        }
        let mut start = writer.position();
        let done = if self.framing == ResponseFraming::Chunked {
            let head = response::chunk_head(piece.len());
            start += head.len() as u64;
            writer.send_with(&[&head, piece, response::CHUNK_END]).await
        } else {
            writer.send_with(&[piece]).await
        };
        match done {
            Ok(()) => {
                self.sent += piece.len() as u64;
                Ok(())
            }
            Err(_) => {
                let part = writer.handed().saturating_sub(start).min(piece.len() as u64);
                Err(Sent::cut(self.sent + part, "client-gone"))
            }
        }
    }

    async fn end<S: Transport>(&mut self, writer: &mut Writer<S>, trailers: &[Trailer]) -> Sent {
        if self.length.is_some_and(|length| self.sent != length) {
            return self.cut(writer, "body-too-short").await;
        }
        if self.framing == ResponseFraming::Chunked {
            response::last_chunk(writer.buffer(), trailers);
        }
        match writer.flush().await {
            Ok(()) => Sent::whole(self.sent),
            Err(_) => Sent::cut(self.sent, "client-gone"),
        }
    }

    /// What was sent so far reaches the client; then the connection breaks off where it can be seen.
    async fn cut<S: Transport>(&mut self, writer: &mut Writer<S>, reason: &'static str) -> Sent {
        let _ = writer.flush().await;
        Sent::cut(self.sent, reason)
    }
}
