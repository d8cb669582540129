//! One exchange: from a parsed head to the last byte of its answer. A hit is answered without waiting for
//! anything; what goes to an origin streams both ways at once.

use super::reader::{BodyEnd, Head, Reader};
use super::writer::{INLINE_BYTES_MAX, Writer};
use super::{After, Connection, tunnel};
use crate::origin::RequestBody;
use crate::origin::body::{REQUEST_BODY_PIECES_MAX, RequestBodyFailed};
use crate::protocol::socket::Transport;
use crate::report::{AccessRecord, NO_SITE};
use crate::request::{Protocol, Request, authority_and_host};
use crate::respond::{Body, Place, Response, write_fields};
use crate::route;
use crate::serve::{Begun, Journey, begin, finish};
use crate::target::Target;
use crate::worker::Worker;
use bytes::Bytes;
use hyper::body::Frame;
use littoral_h1::response::{self, ResponseFraming};
use littoral_h1::{BodyDecoder, RequestFraming, RequestHead, TargetForm, Version};
use littoral_http_caching::{Fields, Known, Method};
use std::rc::Rc;
use tokio::sync::mpsc;

/// Request bodies up to this size that have arrived whole with their head are sent on as one piece.
const BODY_WITH_HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Interim responses that may wait to be passed on; more are dropped.
const INTERIM_MAX: usize = 8;

/// How much of an answer went out.
struct Sent {
    body_bytes: u64,
    /// It broke off.
    cut: Option<&'static str>,
}

/// Facts about a request that outlive it, for the log.
struct Begin {
    time_millis: i64,
    nanos: u64,
}

impl<S: Transport> Connection<S> {
    pub(super) async fn exchange(&mut self, worker: &Rc<Worker>, head: &Head) -> After {
        let begin_at = Begin {
            time_millis: worker.shared.clock.now_millis(),
            nanos: worker.shared.clock.monotonic_nanos(),
        };
        let parsed = &head.parsed;
        let mut request = match self.request(worker, head) {
            Ok(request) => request,
            Err(reason) => return self.refuse_with(worker, 400, reason).await,
        };
        let mut decoder = BodyDecoder::new(parsed.framing, &worker.shared.limits.h1);
        let mut journey = match begin(worker, &mut request) {
            Begun::Ready(answer) => {
                return self.answer_without_origin(worker, parsed, &request, answer, &begin_at).await;
            }
            Begun::Journey(journey) => journey,
        };
        request.detach();
        journey.detach();

        let (body, feed) = match self.request_body(parsed, &mut decoder) {
            Ok(body) => body,
            Err(refusal) => return self.refuse_with(worker, refusal.status(), refusal.as_str()).await,
        };
        let (answer, sent) =
            match self.forward(worker, parsed, &request, journey, body, feed, &mut decoder).await {
                Forwarded::Sent(answer, sent) => (answer, sent),
                Forwarded::Upgraded(answer, upgrade) => {
                    return self.tunnel(worker, &request, answer, upgrade, &begin_at).await;
                }
                Forwarded::ClientGone => return After::Abort,
            };
        let keep = parsed.keep_alive && !answer.close && decoder.is_end() && !worker.is_draining();
        self.finish_exchange(worker, &request, &answer, &sent, keep, &begin_at).await
    }

    /// Gets the answer from the request path while the request's body is fed to it, and sends it.
    #[expect(clippy::too_many_arguments, reason = "the two ends of one exchange")]
    async fn forward(
        &mut self,
        worker: &Rc<Worker>,
        parsed: &RequestHead,
        request: &Request,
        journey: Journey,
        body: RequestBody,
        feed: Option<Feed>,
        decoder: &mut BodyDecoder,
    ) -> Forwarded {
        let Connection { reader, writer, .. } = self;
        if parsed.expect_continue && feed.is_some() {
            writer.buffer().extend_from_slice(response::CONTINUE_100);
            if writer.flush().await.is_err() {
                return Forwarded::ClientGone;
            }
        }
        let (interim_sink, mut interim) = mpsc::channel(INTERIM_MAX);
        let interim_sink = (request.protocol == Protocol::Http11).then_some(interim_sink);
        let mut answer = std::pin::pin!(finish(worker, journey, request, body, interim_sink));
        let mut pumping = feed.is_some();
        let mut pump = std::pin::pin!(pump(reader, decoder, feed, route::body_bytes_max(worker, request)));
        let mut answer = loop {
            tokio::select! {
                biased;
                Some((status, fields)) = interim.recv() => {
                    push_interim(writer.buffer(), status, &fields);
                    if writer.flush().await.is_err() {
                        return Forwarded::ClientGone;
                    }
                }
                answer = &mut answer => break answer,
                end = &mut pump, if pumping => {
                    pumping = false;
                    if let Err(BodyEnd::Closed) = end {
                        return Forwarded::ClientGone;
                    }
                }
            }
        };
        if let Some(upgrade) = answer.upgrade.take() {
            return Forwarded::Upgraded(answer, upgrade);
        }
        let keep = !pumping && parsed.keep_alive && !answer.close && !worker.is_draining();
        let sent = {
            let mut sending = std::pin::pin!(send(worker, writer, parsed, request, &mut answer, keep));
            // An answer may begin before the request has ended: then both go on until the answer is out.
            loop {
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent,
                    _ = &mut pump, if pumping => pumping = false,
                }
            }
        };
        Forwarded::Sent(answer, sent)
    }

    /// A hit, or an answer made here.
    async fn answer_without_origin(
        &mut self,
        worker: &Rc<Worker>,
        parsed: &RequestHead,
        request: &Request,
        mut answer: Response,
        begin_at: &Begin,
    ) -> After {
        let keep = parsed.keep_alive && !answer.close && !request.has_body && !worker.is_draining();
        let sent = send(worker, &mut self.writer, parsed, request, &mut answer, keep).await;
        self.finish_exchange(worker, request, &answer, &sent, keep, begin_at).await
    }

    async fn finish_exchange(
        &mut self,
        worker: &Rc<Worker>,
        request: &Request,
        answer: &Response,
        sent: &Sent,
        keep: bool,
        begin_at: &Begin,
    ) -> After {
        log(worker, request, answer, sent, begin_at);
        if let Some(reason) = sent.cut {
            worker.report.borrow().refused(reason);
            // What was announced will not come: only an abort can say so.
            return After::Abort;
        }
        if keep { After::KeepAlive } else { After::Close }
    }

    fn request(&self, worker: &Rc<Worker>, head: &Head) -> Result<Request, &'static str> {
        let Head { bytes, parsed } = head;
        let span = |span: littoral_h1::Span| bytes.slice(span.range());
        let (authority, host) = authority_and_host(&span(parsed.host));
        let target = match parsed.form {
            TargetForm::Origin => Target::normalize(span(parsed.target)),
            TargetForm::Asterisk => Ok(Target::asterisk()),
            TargetForm::Absolute { path_and_query, .. } => {
                let text = span(path_and_query);
                if text.is_empty() && parsed.method.of(bytes) == b"OPTIONS" {
                    Ok(Target::asterisk())
                } else if text.first() == Some(&b'/') {
                    Target::normalize(text)
                } else {
                    Target::normalize(Bytes::from([b"/", &text[..]].concat()))
                }
            }
        }
        .map_err(crate::target::TargetMistake::as_str)?;
        let method_text = span(parsed.method);
        let spans = parsed.fields.iter().map(|field| (field.name.range(), field.value.range()));
        Ok(Request {
            protocol: match parsed.version {
                Version::Http10 => Protocol::Http10,
                Version::Http11 => Protocol::Http11,
            },
            method: Method::of(&method_text),
            fields: Fields::from_spans(bytes.clone(), spans),
            method_text,
            host,
            authority,
            target,
            scheme: self.scheme,
            client: self.client,
            body_length: match parsed.framing {
                RequestFraming::Length(length) => Some(length),
                RequestFraming::None | RequestFraming::Chunked => None,
            },
            has_body: !matches!(parsed.framing, RequestFraming::None | RequestFraming::Length(0)),
            upgrade: parsed.upgrade.map(span),
            id: worker.next_request_id(),
        })
    }

    /// The body for the origin, and where the rest of it is to be fed.
    fn request_body(
        &mut self,
        parsed: &RequestHead,
        decoder: &mut BodyDecoder,
    ) -> Result<(RequestBody, Option<Feed>), littoral_h1::Refusal> {
        let length = match parsed.framing {
            RequestFraming::None | RequestFraming::Length(0) => return Ok((RequestBody::Empty, None)),
            RequestFraming::Length(length) => Some(length),
            RequestFraming::Chunked => None,
        };
        if let Some(length) = length
            && length <= BODY_WITH_HEAD_BYTES_MAX
            && self.reader.inbox.len() as u64 >= length
        {
            let whole = match self.reader.decode(decoder) {
                Ok(piece) => piece.unwrap_or_default(),
                Err(BodyEnd::Refused(refusal)) => return Err(refusal),
                Err(BodyEnd::Closed | BodyEnd::TimedOut) => Bytes::new(),
            };
            return Ok((RequestBody::Whole(Some(Bytes::copy_from_slice(&whole))), None));
        }
        let (feed, pieces) = mpsc::channel(REQUEST_BODY_PIECES_MAX);
        Ok((RequestBody::Streamed { pieces, length }, Some(feed)))
    }

    async fn tunnel(
        &mut self,
        worker: &Rc<Worker>,
        request: &Request,
        mut answer: Response,
        upgrade: hyper::upgrade::OnUpgrade,
        begin_at: &Begin,
    ) -> After {
        let out = self.writer.buffer();
        response::status_line(out, 101, None);
        write_fields(worker, request, &answer, out);
        out.extend_from_slice(b"connection: upgrade\r\n");
        response::end_head(out);
        let sent = match (self.writer.flush().await, upgrade.await) {
            (Ok(()), Ok(upgraded)) => {
                let early = std::mem::take(&mut self.reader.inbox);
                let bytes =
                    tunnel::run(&self.socket, early, upgraded, worker.shared.limits.tunnel_timeout).await;
                Sent { body_bytes: bytes, cut: None }
            }
            _ => Sent { body_bytes: 0, cut: Some("upgrade-failed") },
        };
        answer.close = true;
        log(worker, request, &answer, &sent, begin_at);
        After::Abort
    }

    pub(super) fn log_refusal(&self, worker: &Rc<Worker>, status: u16, reason: &'static str) {
        let record = AccessRecord {
            time_millis: worker.shared.clock.now_millis(),
            duration_micros: 0,
            request_id: worker.next_request_id(),
            body_bytes: 0,
            generation: 0,
            ttl: None,
            status,
            origin_status: 0,
            cut: false,
            client: self.client.ip(),
            node: worker.shared.name.as_bytes(),
            protocol: b"1.1",
            scheme: self.scheme.as_bytes(),
            method: b"",
            host: b"",
            target: b"",
            site: b"",
            behavior: b"",
            cache: b"local",
            forward: b"",
            detail: reason.as_bytes(),
            referer: b"",
            user_agent: b"",
        };
        worker.report.borrow_mut().answered(NO_SITE, crate::note::Outcome::Local, &record);
    }
}

/// How forwarding ended.
enum Forwarded {
    Sent(Response, Sent),
    Upgraded(Response, hyper::upgrade::OnUpgrade),
    /// Nobody is left to answer.
    ClientGone,
}

type Feed = mpsc::Sender<Result<Frame<Bytes>, RequestBodyFailed>>;

/// Feeds the rest of a request's body to whoever fetches, as fast as that takes it.
async fn pump<S: Transport>(
    reader: &mut Reader<S>,
    decoder: &mut BodyDecoder,
    feed: Option<Feed>,
    bytes_max: u64,
) -> Result<(), BodyEnd> {
    let Some(feed) = feed else { return Ok(()) };
    let mut bytes = 0;
    loop {
        let Ok(place) = feed.reserve().await else {
            // The origin wants no more of it. What the client still sends is for the close to throw away.
            return Ok(());
        };
        match reader.read_body(decoder).await {
            Ok(Some(piece)) => {
                bytes += piece.len() as u64;
                if bytes > bytes_max {
                    place.send(Err(RequestBodyFailed::TooLarge));
                    return Ok(());
                }
                place.send(Ok(Frame::data(piece)));
            }
            Ok(None) => {
                if let Some(trailers) = trailer_map(decoder) {
                    place.send(Ok(Frame::trailers(trailers)));
                }
                return Ok(());
            }
            Err(end) => {
                place.send(Err(match end {
                    BodyEnd::TimedOut => RequestBodyFailed::TimedOut,
                    BodyEnd::Closed | BodyEnd::Refused(_) => RequestBodyFailed::Broken,
                }));
                return Err(end);
            }
        }
    }
}

fn trailer_map(decoder: &BodyDecoder) -> Option<http::HeaderMap> {
    let trailers = decoder.trailers();
    if trailers.is_empty() {
        return None;
    }
    let mut map = http::HeaderMap::new();
    for trailer in trailers {
        if let (Ok(name), Ok(value)) =
            (http::HeaderName::from_bytes(&trailer.name), http::HeaderValue::from_bytes(&trailer.value))
        {
            map.append(name, value);
        }
    }
    Some(map)
}

fn push_interim(out: &mut Vec<u8>, status: u16, fields: &Fields) {
    response::status_line(out, status, None);
    for line in fields.iter() {
        response::field(out, line.name, line.value);
    }
    response::end_head(out);
}

/// Writes the head into the connection's buffer and sends it with its body. A small answer stays in the buffer, to
/// leave with others.
async fn send<S: Transport>(
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
    response::status_line(out, answer.status, None);
    write_fields(worker, request, answer, out);
    let length_of_absent =
        if (is_head && answer.status != 204) || answer.status == 304 { answer.length } else { None };
    response::framing_fields(out, framing, length_of_absent.filter(|_| answer.status >= 200));
    response::connection_field(out, keep, parsed.version);
    response::end_head(out);
    if framing == ResponseFraming::None {
        return after_send(writer, 0, keep).await;
    }
    let body = std::mem::replace(&mut answer.body, Body::Empty);
    match body {
        Body::Empty => after_send(writer, 0, keep).await,
        Body::Bytes(bytes) => send_slices(writer, &[&bytes], bytes.len() as u64, keep).await,
        Body::Stored(stored, range) => {
            let length = range.end - range.start;
            let slices: smallvec::SmallVec<[&[u8]; 8]> = stored.content.slices(range).collect();
            send_slices(writer, &slices, length, keep).await
        }
        Body::Multipart(stored, multipart) => {
            let mut slices: Vec<&[u8]> = Vec::new();
            for (head, range) in &multipart.parts {
                slices.push(head);
                slices.extend(stored.content.slices(range.clone()));
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

/// Small answers to a connection that goes on wait for the next request or for the flush before it.
async fn after_send<S: Transport>(writer: &mut Writer<S>, body_bytes: u64, keep: bool) -> Sent {
    if (!keep || writer.is_full()) && writer.flush().await.is_err() {
        return Sent { body_bytes: 0, cut: Some("client-gone") };
    }
    Sent { body_bytes, cut: None }
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
        Ok(()) => Sent { body_bytes: length, cut: None },
        Err(_) => Sent { body_bytes: 0, cut: Some("client-gone") },
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
        let done = if self.framing == ResponseFraming::Chunked {
            let head = response::chunk_head(piece.len());
            writer.send_with(&[&head, piece, response::CHUNK_END]).await
        } else {
            writer.send_with(&[piece]).await
        };
        match done {
            Ok(()) => {
                self.sent += piece.len() as u64;
                Ok(())
            }
            Err(_) => Err(Sent { body_bytes: self.sent, cut: Some("client-gone") }),
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
            Ok(()) => Sent { body_bytes: self.sent, cut: None },
            Err(_) => Sent { body_bytes: self.sent, cut: Some("client-gone") },
        }
    }

    /// What was sent so far reaches the client; then the connection breaks off where it can be seen.
    async fn cut<S: Transport>(&mut self, writer: &mut Writer<S>, reason: &'static str) -> Sent {
        let _ = writer.flush().await;
        Sent { body_bytes: self.sent, cut: Some(reason) }
    }
}

fn log(worker: &Rc<Worker>, request: &Request, answer: &Response, sent: &Sent, begin_at: &Begin) {
    let place = answer.place.as_ref();
    let site = place.map(Place::site);
    let note = &answer.note;
    let nanos = worker.shared.clock.monotonic_nanos().saturating_sub(begin_at.nanos);
    let record = AccessRecord {
        time_millis: begin_at.time_millis,
        duration_micros: nanos / 1000,
        request_id: request.id,
        body_bytes: sent.body_bytes,
        generation: site.map_or(0, |site| site.version),
        ttl: note.ttl,
        status: answer.status,
        origin_status: note.forward_status.unwrap_or(0),
        cut: sent.cut.is_some(),
        client: request.client.ip(),
        node: worker.shared.name.as_bytes(),
        protocol: request.protocol.version().as_bytes(),
        scheme: request.scheme.as_bytes(),
        method: &request.method_text,
        host: &request.authority,
        target: request.target.as_bytes(),
        site: site.map_or(b"", |site| site.name.as_bytes()),
        behavior: place.and_then(Place::behavior).map_or(b"", |behavior| behavior.name.as_bytes()),
        cache: note.outcome.as_str().as_bytes(),
        forward: note.forward.map_or(b"", |fwd| fwd.as_str().as_bytes()),
        detail: sent.cut.or(note.detail).unwrap_or("").as_bytes(),
        referer: request.fields.get(Known::Referer).unwrap_or(b""),
        user_agent: request.fields.get(Known::UserAgent).unwrap_or(b""),
    };
    let index = site.map_or(NO_SITE, |site| site.index);
    worker.report.borrow_mut().answered(index, note.outcome, &record);
}
