//! One exchange: from a parsed head to the last byte of its answer. A hit is answered without waiting for
//! anything; what goes to an origin streams both ways at once.

use super::log::Begin;
use super::reader::{BodyEnd, Head, Reader};
use super::send::{Sent, send};
use super::{After, Connection, received, tunnel};
use crate::head::write_fields;
use crate::journey::Journey;
use crate::origin::RequestBody;
use crate::origin::body::{BodyPiece, REQUEST_BODY_PIECES_MAX, RequestBodyFailed};
use crate::origin::finish::may_trail;
use crate::protocol::socket::Transport;
use crate::request::{Protocol, Request};
use crate::respond::Response;
use crate::serve::{Begun, begin, finish};
use crate::worker::Worker;
use bytes::Bytes;
use hyper::body::Frame;
use littoral_h1::response;
use littoral_h1::{BodyDecoder, RequestFraming, RequestHead};
use littoral_http_caching::hop_by_hop::end_to_end;
use littoral_http_caching::{Fields, Known};
use std::cell::Cell;
use std::rc::Rc;
use tokio::sync::mpsc;

/// Request bodies up to this size that have arrived whole with their head are sent on as one piece.
const BODY_WITH_HEAD_BYTES_MAX: u64 = 64 * 1024;
/// Interim responses that may wait to be passed on; more are dropped.
const INTERIM_MAX: usize = 8;

impl<S: Transport> Connection<S> {
    pub(super) async fn exchange(&mut self, worker: &Rc<Worker>, head: Box<Head>) -> After {
        let begin_at = Begin {
            time_millis: worker.shared.clock.now_millis(),
            nanos: worker.shared.clock.monotonic_nanos(),
        };
        let originate = |fields: &Fields| self.peer.origination(&worker.shared.clients, fields);
        let name = || worker.request_ids.make();
        let received = received(&head.bytes, &head.parsed, originate, name, worker.next_request_number());
        let mut request = match received {
            Ok(request) => request,
            Err(reason) => return self.refuse_with(worker, 400, reason).await,
        };
        // From here on only the request holds on to the head's bytes, until it is detached.
        let Head { parsed, .. } = *head;
        let parsed = &parsed;
        let mut decoder = BodyDecoder::new(parsed.framing, &worker.shared.limits.h1);
        let mut journey = match begin(worker, &request) {
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
        // Boxed, so that the many connections that wait or hit do not carry room for it.
        let forwarded =
            Box::pin(self.forward(worker, parsed, &request, journey, body, feed, &mut decoder)).await;
        let (answer, sent) = match forwarded {
            Forwarded::Sent(answer, sent) => (answer, sent),
            Forwarded::Upgraded(answer, upgrade) => {
                return Box::pin(self.tunnel(worker, &request, answer, upgrade, &begin_at)).await;
            }
            Forwarded::ClientGone => {
                // Nobody gets this; it is for the log.
                let gone = Response::local(499, "client-gone");
                self.log(worker, &request, &gone, &Sent::cut(0, "client-gone"), &begin_at);
                return After::Abort;
            }
        };
        let keep = parsed.keep_alive && !answer.close && decoder.is_end() && self.goes_on(worker);
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
        let goes_on = self.goes_on(worker);
        let Connection { reader, writer, .. } = self;
        if parsed.expect_continue && feed.is_some() {
            writer.buffer().extend_from_slice(response::CONTINUE_100);
        }
        // Answers to requests that came before do not wait for the origin.
        if writer.flush().await.is_err() {
            return Forwarded::ClientGone;
        }
        writer.give_buffer_back();
        let (interim_sink, mut interim) = mpsc::channel(INTERIM_MAX);
        let interim_sink = (request.protocol == Protocol::Http11).then_some(interim_sink);
        let (for_client_alone, body_bytes_max) = (journey.is_for_client_alone(), journey.body_bytes_max());
        let place = journey.place.clone();
        let mut answer = std::pin::pin!(finish(worker, journey, request, body, interim_sink));
        // Whether the request has been read to its end.
        let read_whole = Cell::new(false);
        let mut reading = true;
        let mut client = std::pin::pin!(async {
            pump(reader, decoder, feed, body_bytes_max, |name| may_trail(&place, name)).await?;
            read_whole.set(decoder.is_end());
            reader.until_closed(for_client_alone).await;
            Err::<(), BodyEnd>(BodyEnd::Closed)
        });
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
                end = &mut client, if reading => {
                    reading = false;
                    if let Err(BodyEnd::Closed) = end {
                        return Forwarded::ClientGone;
                    }
                }
            }
        };
        if let Some(upgrade) = answer.upgrade.take() {
            return Forwarded::Upgraded(answer, upgrade);
        }
        let keep = read_whole.get() && parsed.keep_alive && !answer.close && goes_on && !worker.is_draining();
        let sent = {
            let mut sending = std::pin::pin!(send(worker, writer, parsed, request, &mut answer, keep));
            // An answer may begin before the request has ended: then both go on until the answer is out.
            loop {
                tokio::select! {
                    biased;
                    sent = &mut sending => break sent,
                    _ = &mut client, if reading && !read_whole.get() => reading = false,
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
        let keep = parsed.keep_alive && !answer.close && !request.has_body && self.goes_on(worker);
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
        self.log(worker, request, answer, sent, begin_at);
        if let Some(reason) = sent.cut {
            worker.report.borrow().refused(reason);
            // What was announced will not come: only a break can say so.
            self.socket.break_off();
            return After::Abort;
        }
        if keep { After::KeepAlive } else { After::Close }
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
        self.reader.expect_body();
        let (feed, pieces) = mpsc::channel(REQUEST_BODY_PIECES_MAX);
        Ok((RequestBody::Streamed { pieces, length, ended: false }, Some(feed)))
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
                Sent::whole(bytes)
            }
            _ => Sent::cut(0, "upgrade-failed"),
        };
        answer.close = true;
        self.log(worker, request, &answer, &sent, begin_at);
        After::Abort
    }
}

/// How forwarding ended.
enum Forwarded {
    Sent(Response, Sent),
    Upgraded(Response, hyper::upgrade::OnUpgrade),
    /// Nobody is left to answer.
    ClientGone,
}

type Feed = mpsc::Sender<BodyPiece>;

/// Feeds the rest of a request's body to whoever fetches, as fast as that takes it.
async fn pump<S: Transport>(
    reader: &mut Reader<S>,
    decoder: &mut BodyDecoder,
    feed: Option<Feed>,
    bytes_max: u64,
    may_trail: impl Fn(&[u8]) -> bool + Copy,
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
                place.send(Ok(Some(Frame::data(piece))));
            }
            Ok(None) => {
                place.send(Ok(trailer_map(decoder, may_trail).map(Frame::trailers)));
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

fn trailer_map(decoder: &BodyDecoder, may_trail: impl Fn(&[u8]) -> bool) -> Option<http::HeaderMap> {
    let trailers = decoder.trailers();
    if trailers.is_empty() {
        return None;
    }
    let mut map = http::HeaderMap::new();
    for trailer in trailers.iter().filter(|trailer| may_trail(&trailer.name)) {
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
    for line in end_to_end(fields).iter().filter(|line| line.known != Known::ContentLength) {
        response::field(out, line.name, line.value);
    }
    response::end_head(out);
}
