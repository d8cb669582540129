//! Sending an answer: its head and whatever kind of body it has, framed for the client's version.

use super::writer::{INLINE_BYTES_MAX, Writer};
use crate::head::write_fields;
use crate::protocol::socket::Transport;
use crate::request::Request;
use crate::respond::{Body, Response};
use crate::transform::Recoded;
use crate::worker::Worker;
use bytes::Bytes;
use littoral_h1::RequestHead;
use littoral_h1::response::{self, ResponseFraming};
use littoral_http_caching::coding::is_digest;
use littoral_http_caching::{Fields, Known, Method};
use std::rc::Rc;

/// How much of an answer went out.
#[derive(Default)]
pub(super) struct Sent {
    /// Of the body that were handed to the kernel, without chunk framing.
    pub(super) body_bytes: u64,
    /// It broke off.
    pub(super) cut: Option<&'static str>,
    pub(super) head_bytes: u64,
    /// When the head was ready to go, on the monotonic clock; zero if it never was.
    pub(super) head_nanos: u64,
}

impl Sent {
    pub(super) fn whole(body_bytes: u64) -> Sent {
        Sent { body_bytes, ..Sent::default() }
    }

    pub(super) fn cut(body_bytes: u64, reason: &'static str) -> Sent {
        Sent { body_bytes, cut: Some(reason), ..Sent::default() }
    }
}

/// Writes the head into the connection's buffer and sends it with its body. A small answer stays in the buffer, to
/// leave with others.
pub(super) async fn send<S: Transport>(
    worker: &Rc<Worker>,
    writer: &mut Writer<S>,
    parsed: &RequestHead,
    request: &Request,
    answer: &mut Response,
    keep: bool,
) -> Sent {
    let is_head = request.method == Method::Head;
    let framing = response::choose_framing(is_head, answer.status, parsed.version, answer.length);
    let keep = keep && framing != ResponseFraming::Close;
    answer.close |= !keep;
    let out = writer.buffer();
    let head_start = out.len();
    response::status_line(out, answer.status, None);
    write_fields(worker, request, answer, out);
    let length_of_absent =
        if (is_head && answer.status != 204) || answer.status == 304 { answer.length } else { None };
    // Zero may mean no more than that the origin's answer to HEAD did not say: then nothing is said.
    let is_known = |length: &u64| answer.status >= 200 && !(is_head && *length == 0);
    response::framing_fields(out, framing, length_of_absent.filter(is_known));
    response::connection_field(out, keep, parsed.version);
    if answer.status == 426 && answer.fields().has(Known::Upgrade) {
        out.extend_from_slice(b"connection: upgrade\r\n");
    }
    response::end_head(out);
    let head_bytes = (out.len() - head_start) as u64;
    let head_nanos = worker.shared.clock.monotonic_nanos();
    let body_start = writer.position();
    let mut sent = send_body(worker, writer, parsed, answer, framing, keep).await;
    if sent.cut.is_some() && framing != ResponseFraming::Chunked {
        // Where nothing stands between the body's bytes, those that went out can be counted.
        sent.body_bytes = writer.handed().saturating_sub(body_start);
    }
    Sent { head_bytes, head_nanos, ..sent }
}

async fn send_body<S: Transport>(
    worker: &Rc<Worker>,
    writer: &mut Writer<S>,
    parsed: &RequestHead,
    answer: &mut Response,
    framing: ResponseFraming,
    keep: bool,
) -> Sent {
    if framing == ResponseFraming::None {
        return after_send(writer, 0, keep).await;
    }
    let body = std::mem::replace(&mut answer.body, Body::Empty);
    match body {
        Body::Empty => after_send(writer, 0, keep).await,
        Body::Bytes(bytes) => send_slices(writer, &[&bytes], bytes.len() as u64, keep).await,
        Body::Stored(stored, coding, range) => {
            let length = range.end - range.start;
            let slices = stored.slices(coding, range);
            send_slices(writer, &slices, length, keep).await
        }
        Body::Multipart(stored, coding, multipart) => {
            let mut slices: Vec<&[u8]> = Vec::new();
            for (head, range) in &multipart.parts {
                slices.push(head);
                slices.extend(stored.slices(coding, range.clone()));
            }
            slices.push(&multipart.end);
            let length = slices.iter().map(|slice| slice.len() as u64).sum();
            send_slices(writer, &slices, length, keep).await
        }
        Body::Fill(mut reader) => {
            let mut stream = Stream::new(framing, answer.length);
            // What is there already goes out with the head.
            loop {
                let piece = match reader.try_next() {
                    Some(piece) => Some(Ok(piece)),
                    None => flush_unless_ready(writer, reader.next(worker)).await,
                };
                match piece {
                    None => return stream.end(writer, &[]).await,
                    Some(Ok(piece)) => {
                        if let Err(cut) = stream.piece(writer, &piece).await {
                            return cut;
                        }
                    }
                    Some(Err(error)) => return stream.cut(writer, error.as_str()).await,
                }
            }
        }
        Body::Origin(mut origin) => {
            let mut stream = Stream::new(framing, answer.length);
            loop {
                match flush_unless_ready(writer, origin.next()).await {
                    None => {
                        let trailers =
                            if parsed.te_trailers { trailers(origin.trailers()) } else { Vec::new() };
                        return stream.end(writer, &trailers).await;
                    }
                    Some(Ok(piece)) => {
                        if let Some(place) = &answer.place {
                            worker.report.borrow().received_from_origin(
                                place,
                                answer.note.asked,
                                piece.len(),
                            );
                        }
                        if let Err(cut) = stream.piece(writer, &piece).await {
                            return cut;
                        }
                    }
                    Some(Err(error)) => {
                        worker.report.borrow().origin_failed(error.as_str());
                        return stream.cut(writer, error.as_str()).await;
                    }
                }
            }
        }
        Body::Recoded(mut recoded) => {
            let mut stream = Stream::new(framing, answer.length);
            loop {
                match flush_unless_ready(writer, recoded.next(worker)).await {
                    None => {
                        let trailers =
                            if parsed.te_trailers { recoded_trailers(&recoded) } else { Vec::new() };
                        return stream.end(writer, &trailers).await;
                    }
                    Some(Ok(piece)) => {
                        if let Err(cut) = stream.piece(writer, &piece).await {
                            return cut;
                        }
                    }
                    Some(Err(error)) => {
                        worker.report.borrow().origin_failed(error.as_str());
                        return stream.cut(writer, error.as_str()).await;
                    }
                }
            }
        }
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

fn trailers(fields: Option<&Fields>) -> Vec<littoral_h1::Trailer> {
    let Some(fields) = fields else { return Vec::new() };
    fields
        .iter()
        .filter(|line| !littoral_h1::is_forbidden_trailer(line.name))
        .map(|line| littoral_h1::Trailer { name: line.name.into(), value: line.value.into() })
        .collect()
}

/// Those that do not speak of the bytes that the origin sent.
fn recoded_trailers(recoded: &Recoded) -> Vec<littoral_h1::Trailer> {
    let mut all = trailers(recoded.trailers());
    all.retain(|trailer| !is_digest(Known::of(&trailer.name), &trailer.name));
    all
}

/// Small answers to a connection that goes on wait for the next request or for the flush before it.
async fn after_send<S: Transport>(writer: &mut Writer<S>, body_bytes: u64, keep: bool) -> Sent {
    if (!keep || writer.is_full()) && writer.flush().await.is_err() {
        return Sent::cut(0, "client-gone");
    }
    Sent::whole(body_bytes)
}

async fn send_slices<S: Transport>(
    writer: &mut Writer<S>,
    slices: &[&[u8]],
    length: u64,
    keep: bool,
) -> Sent {
    if length <= INLINE_BYTES_MAX as u64 {
        let out = writer.buffer();
        for slice in slices {
            out.extend_from_slice(slice);
        }
        return after_send(writer, length, keep).await;
    }
    match writer.send_with(slices).await {
        Ok(()) => Sent::whole(length),
        Err(_) => Sent::cut(0, "client-gone"),
    }
}

/// A body that is sent as it comes.
struct Stream {
    framing: ResponseFraming,
    length: Option<u64>,
    sent: u64,
}

impl Stream {
    fn new(framing: ResponseFraming, length: Option<u64>) -> Stream {
        Stream { framing, length, sent: 0 }
    }

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

    async fn end<S: Transport>(&mut self, writer: &mut Writer<S>, trailers: &[littoral_h1::Trailer]) -> Sent {
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
