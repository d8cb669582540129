//! Sending an answer: its head and whatever kind of body it has, framed for the client's version.

use super::coming::Coming;
use super::writer::{INLINE_BYTES_MAX, Writer};
use crate::head::write_fields;
use crate::protocol::socket::Transport;
use crate::request::Request;
use crate::respond::{Body, Response};
use crate::worker::Worker;
use littoral_h1::RequestHead;
use littoral_h1::response::{self, ResponseFraming};
use littoral_http_caching::{Known, Method};
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
        Body::Fill(reader) => Coming::Fill(reader).send(worker, writer, parsed, framing, answer.length).await,
        Body::Origin(body) => Coming::Origin(body).send(worker, writer, parsed, framing, answer.length).await,
        Body::Recoded(body) => {
            Coming::Recoded(body).send(worker, writer, parsed, framing, answer.length).await
        }
    }
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
