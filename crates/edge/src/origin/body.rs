//! Bodies on their way to and from an origin server, both streamed: a request's body through a bounded channel
//! that the client's connection feeds, a response's body piece by piece with a time-out between pieces.

use super::OriginError;
use super::pool::Lease;
use super::stream::StreamBody;
use super::under_way::UnderWay;
use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use littoral_http_caching::Fields;
use std::cell::Cell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// Pieces of a request body that may wait between the client's connection and the origin's: at the limit the
/// client is read no further.
pub(crate) const REQUEST_BODY_PIECES_MAX: usize = 4;

/// Of a body that nobody gets, so much is read so that its connection can serve again.
const DISCARDED_BYTES_MAX: usize = 64 * 1024;
/// And for so long.
const DISCARD_TIME_MAX: Duration = Duration::from_secs(5);

/// The client's body broke off: the origin's connection is closed so that it cannot take the part for the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestBodyFailed {
    /// The client went away, or its framing broke.
    Broken,
    /// Nothing more of it came within `body_timeout`.
    TimedOut,
    /// It passed the behavior's limit.
    TooLarge,
}

impl std::fmt::Display for RequestBodyFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            RequestBodyFailed::Broken => "the client's request body broke off",
            RequestBodyFailed::TimedOut => "the client's request body stalled",
            RequestBodyFailed::TooLarge => "the client's request body passed its limit",
        })
    }
}

impl std::error::Error for RequestBodyFailed {}

/// A request's body as hyper takes it.
pub(crate) enum RequestBody {
    /// No body.
    Empty,
    /// Whole, in memory: can be sent again.
    Whole(Option<Bytes>),
    /// Fed by the client's connection.
    Streamed {
        pieces: mpsc::Receiver<BodyPiece>,
        /// Announced length; `None` when chunked.
        length: Option<u64>,
        /// The end has been said.
        ended: bool,
    },
}

/// A piece of a body, or its trailers; nothing: its end; or the news that it broke off. A channel that closes without
/// word of the end broke off, too: the part must not pass for the whole.
pub(crate) type BodyPiece = Result<Option<Frame<Bytes>>, RequestBodyFailed>;

impl RequestBody {
    /// A second copy for a retry, where that is possible.
    pub(crate) fn again(&self) -> Option<RequestBody> {
        match self {
            RequestBody::Empty => Some(RequestBody::Empty),
            RequestBody::Whole(bytes) => Some(RequestBody::Whole(bytes.clone())),
            RequestBody::Streamed { .. } => None,
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = RequestBodyFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyFailed>>> {
        match &mut *self {
            RequestBody::Empty => Poll::Ready(None),
            RequestBody::Whole(bytes) => Poll::Ready(bytes.take().map(|bytes| Ok(Frame::data(bytes)))),
            RequestBody::Streamed { ended: true, .. } => Poll::Ready(None),
            RequestBody::Streamed { pieces, ended, .. } => match ready!(pieces.poll_recv(context)) {
                Some(Ok(Some(frame))) => {
                    *ended = frame.is_trailers();
                    Poll::Ready(Some(Ok(frame)))
                }
                Some(Ok(None)) => {
                    *ended = true;
                    Poll::Ready(None)
                }
                Some(Err(failed)) => Poll::Ready(Some(Err(failed))),
                None => Poll::Ready(Some(Err(RequestBodyFailed::Broken))),
            },
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, RequestBody::Empty | RequestBody::Whole(None))
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            RequestBody::Empty | RequestBody::Whole(None) => SizeHint::with_exact(0),
            RequestBody::Whole(Some(bytes)) => SizeHint::with_exact(bytes.len() as u64),
            RequestBody::Streamed { length: Some(length), .. } => SizeHint::with_exact(*length),
            RequestBody::Streamed { length: None, .. } => SizeHint::default(),
        }
    }
}

/// How far a request's body has come, for who waits for the answer's head meanwhile.
pub(crate) struct BodyProgress {
    moved: Cell<Instant>,
    awaits_client: Cell<bool>,
}

/// A request's body on its way to the origin, which leaves word of its progress.
pub(crate) struct OutgoingBody {
    body: RequestBody,
    progress: Rc<BodyProgress>,
}

impl OutgoingBody {
    pub(crate) fn new(body: RequestBody) -> (OutgoingBody, Rc<BodyProgress>) {
        let progress =
            Rc::new(BodyProgress { moved: Cell::new(Instant::now()), awaits_client: Cell::new(false) });
        (OutgoingBody { body, progress: progress.clone() }, progress)
    }

    /// The body itself, of a request that never left.
    pub(crate) fn into_body(self) -> RequestBody {
        self.body
    }
}

impl Body for OutgoingBody {
    type Data = Bytes;
    type Error = RequestBodyFailed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, RequestBodyFailed>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        self.progress.awaits_client.set(polled.is_pending());
        self.progress.moved.set(Instant::now());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl BodyProgress {
    /// Waits for `answer`, at most `patience` from when the origin last took something of the body. While it is the
    /// client who sends nothing, the client's own `body_timeout` runs instead. `None`: the origin let it pass.
    pub(crate) async fn wait_for<T>(&self, patience: Duration, answer: impl Future<Output = T>) -> Option<T> {
        let mut answer = std::pin::pin!(answer);
        loop {
            let since = self.moved.get();
            match tokio::time::timeout_at(since + patience, &mut answer).await {
                Ok(answer) => return Some(answer),
                Err(_) if self.awaits_client.get() => self.moved.set(Instant::now()),
                Err(_) if self.moved.get() == since => return None,
                Err(_) => {}
            }
        }
    }
}

/// A response's body as it comes from the origin. Dropped before its end, its connection is closed, or its stream
/// reset where it is one of several.
pub(crate) struct OriginBody {
    source: Source,
    lease: Option<Lease>,
    idle_timeout: Duration,
    trailers: Option<Fields>,
    /// Who is told how it ends.
    watched: Option<UnderWay>,
}

/// Where the pieces come from.
enum Source {
    Http1(Incoming),
    Http2(Box<StreamBody>),
}

impl OriginBody {
    pub(crate) fn http1(incoming: Incoming, lease: Lease, idle_timeout: Duration) -> OriginBody {
        OriginBody::new(Source::Http1(incoming), lease, idle_timeout)
    }

    pub(crate) fn http2(stream: StreamBody, lease: Lease, idle_timeout: Duration) -> OriginBody {
        OriginBody::new(Source::Http2(Box::new(stream)), lease, idle_timeout)
    }

    fn new(source: Source, lease: Lease, idle_timeout: Duration) -> OriginBody {
        OriginBody { source, lease: Some(lease), idle_timeout, trailers: None, watched: None }
    }

    /// The next piece; `None` at the end, which also gives the connection back to its pool.
    /// Cancel safe: nothing is lost when the future is dropped.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, OriginError>> {
        loop {
            let piece = tokio::time::timeout(self.idle_timeout, self.source.next(&mut self.trailers)).await;
            match piece {
                Err(_) => return Some(Err(self.broken(OriginError::BodyTimeout))),
                Ok(Some(Ok(data))) if data.is_empty() => {}
                Ok(Some(Ok(data))) => {
                    if let Some(watched) = &self.watched {
                        watched.received(data.len());
                    }
                    return Some(Ok(data));
                }
                Ok(Some(Err(error))) => return Some(Err(self.broken(error))),
                Ok(None) => {
                    self.finish();
                    return None;
                }
            }
        }
    }

    /// Trailer fields, once the end has been reached.
    pub(crate) fn trailers(&self) -> Option<&Fields> {
        self.trailers.as_ref()
    }

    /// Whether nothing follows; true from the start for answers without a body.
    pub(crate) fn is_end(&self) -> bool {
        match &self.source {
            Source::Http1(incoming) => incoming.is_end_stream(),
            Source::Http2(stream) => stream.is_end_stream(),
        }
    }

    /// Gives the connection back; only at the end.
    pub(crate) fn finish(&mut self) {
        if let Some(lease) = self.lease.take() {
            lease.release();
        }
        if let Some(watched) = self.watched.take() {
            watched.ended();
        }
    }

    /// Reads past a body that nobody gets, so that its connection can serve again; a long one is not worth it.
    pub(crate) fn discard(mut self) {
        tokio::task::spawn_local(async move {
            let mut left = DISCARDED_BYTES_MAX;
            let reading = async {
                while let Some(Ok(piece)) = self.next().await {
                    match left.checked_sub(piece.len()) {
                        Some(less) => left = less,
                        None => return,
                    }
                }
            };
            // What is left of it then goes with its connection.
            let _ = tokio::time::timeout(DISCARD_TIME_MAX, reading).await;
        });
    }

    /// Tells `under_way` how it ends.
    pub(crate) fn watch(&mut self, under_way: UnderWay) {
        match self.lease {
            Some(_) => self.watched = Some(under_way),
            None => under_way.ended(),
        }
    }

    fn broken(&mut self, error: OriginError) -> OriginError {
        if let Some(watched) = self.watched.take() {
            watched.broke();
        }
        error
    }
}

impl Source {
    /// The next piece, maybe empty; `None` at the end, behind which trailers are in their place.
    async fn next(&mut self, trailers: &mut Option<Fields>) -> Option<Result<Bytes, OriginError>> {
        match self {
            Source::Http1(incoming) => match incoming.frame().await? {
                Err(_) => Some(Err(OriginError::BodyCut)),
                Ok(frame) => Some(Ok(frame.into_data().unwrap_or_else(|other| {
                    if let Ok(received) = other.into_trailers() {
                        *trailers = Some(super::fields::from_header_map(&received));
                    }
                    Bytes::new()
                }))),
            },
            Source::Http2(stream) => match stream.data().await {
                Some(piece) => Some(piece),
                None => match stream.trailers().await {
                    Ok(received) => {
                        *trailers = received.as_ref().map(super::fields::from_header_map);
                        None
                    }
                    Err(error) => Some(Err(error)),
                },
            },
        }
    }
}
