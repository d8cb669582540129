//! One request and its response over a stream of an HTTP/2 connection (RFC 9113 §8): what a request's head becomes,
//! its body as the origin takes it, the response's body as it comes. A response is whole only where its end was
//! said; a stream that is reset before was cut.

use super::OriginError;
use super::body::{OutgoingBody, RequestBodyFailed};
use super::fetch::InterimSink;
use super::fields::from_header_map;
use super::pool::Stream;
use bytes::Bytes;
use h2::client::{ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONNECTION, CONTENT_LENGTH, HOST, HeaderValue, TE, TRANSFER_ENCODING, UPGRADE};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, Method, Request, Response, StatusCode, Uri, Version};
use http_body_util::BodyExt;
use hyper::body::Body;
use std::cell::Cell;
use std::future::poll_fn;
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;
use tokio::task::JoinHandle;

/// How an exchange over a stream failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum StreamFailed {
    /// The origin has not looked at the request (RFC 9113 §8.7): any request may be sent again.
    Unprocessed,
    /// The connection ended: a request that does no harm twice may be sent again.
    ConnectionLost,
    /// The origin wants HTTP/1.1 for this.
    WantsHttp1,
    /// Nothing to be repeated.
    Failed(OriginError),
}

/// The request's head as this protocol has it: `Host` in `:authority`, no fields that concern a connection.
pub(crate) fn head_for_stream(mut request: Request<()>, secure: bool) -> Result<Request<()>, OriginError> {
    const CONNECTION_FIELDS: [HeaderName; 5] = [
        CONNECTION,
        TRANSFER_ENCODING,
        UPGRADE,
        HeaderName::from_static("keep-alive"),
        HeaderName::from_static("proxy-connection"),
    ];
    let headers = request.headers_mut();
    let host = headers.remove(HOST).ok_or(OriginError::Malformed)?;
    for name in CONNECTION_FIELDS {
        headers.remove(name);
    }
    if headers.get(TE).is_some_and(|te| te != "trailers") {
        headers.remove(TE);
    }
    let path = request.uri().path_and_query().cloned().unwrap_or(PathAndQuery::from_static("/"));
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(if secure { Scheme::HTTPS } else { Scheme::HTTP });
    parts.authority = Some(Authority::try_from(host.as_bytes()).map_err(|_| OriginError::Malformed)?);
    parts.path_and_query = Some(path);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| OriginError::Malformed)?;
    *request.version_mut() = Version::HTTP_2;
    Ok(request)
}

/// A request on its way.
pub(crate) struct Sent {
    response: ResponseFuture,
    upload: Option<Upload>,
    interim: Option<InterimSink>,
}

/// A request's body on its way, in a task of its own.
struct Upload {
    state: Rc<UploadState>,
    task: JoinHandle<()>,
    /// Goes on when this is dropped.
    detached: bool,
}

#[derive(Default)]
struct UploadState {
    done: Cell<bool>,
    failed: Cell<Option<RequestBodyFailed>>,
}

/// Sends the head, and begins with the body. The body comes back when nothing was sent.
pub(crate) fn send(
    mut sender: SendRequest<Bytes>,
    mut request: Request<()>,
    body: OutgoingBody,
    interim: Option<&InterimSink>,
    stream: &Rc<Stream>,
) -> Result<Sent, OutgoingBody> {
    let ended = body.is_end_stream();
    if !ended && let Some(length) = body.size_hint().exact() {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(length));
    } else if ended && matches!(*request.method(), Method::POST | Method::PUT | Method::PATCH) {
        request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(0));
    }
    let Ok((response, outgoing)) = sender.send_request(request, ended) else { return Err(body) };
    let upload = (!ended).then(|| {
        let state = Rc::new(UploadState::default());
        let (told, stream) = (state.clone(), stream.clone());
        let task = tokio::task::spawn_local(async move {
            let failed = upload(outgoing, body).await.err();
            told.failed.set(failed);
            told.done.set(failed.is_none());
            // The stream is in use until here.
            drop(stream);
        });
        Upload { state, task, detached: false }
    });
    Ok(Sent { response, upload, interim: interim.cloned() })
}

/// Sends the body as the origin takes it; ends early when the origin wants no more.
async fn upload(mut outgoing: SendStream<Bytes>, mut body: OutgoingBody) -> Result<(), RequestBodyFailed> {
    loop {
        let frame = tokio::select! {
            frame = body.frame() => frame,
            _ = poll_fn(|context| outgoing.poll_reset(context)) => return Ok(()),
        };
        match frame {
            None => {
                let _ = outgoing.send_data(Bytes::new(), true);
                return Ok(());
            }
            Some(Err(failed)) => {
                // The part must not pass for the whole.
                outgoing.send_reset(Reason::CANCEL);
                return Err(failed);
            }
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => {
                    let last = body.is_end_stream();
                    if !send_data(&mut outgoing, data, last).await || last {
                        return Ok(());
                    }
                }
                Err(frame) => {
                    if let Ok(trailers) = frame.into_trailers() {
                        let _ = outgoing.send_trailers(trailers);
                    }
                    return Ok(());
                }
            },
        }
    }
}

async fn send_data(outgoing: &mut SendStream<Bytes>, mut data: Bytes, last: bool) -> bool {
    while !data.is_empty() {
        outgoing.reserve_capacity(data.len());
        match poll_fn(|context| outgoing.poll_capacity(context)).await {
            Some(Ok(room)) => {
                let part = data.split_to(room.min(data.len()));
                if outgoing.send_data(part, last && data.is_empty()).is_err() {
                    return false;
                }
            }
            _ => return false,
        }
    }
    true
}

impl Sent {
    /// The response's head. Dropped before it comes, the stream is reset.
    pub(crate) async fn head(&mut self) -> Result<Response<RecvStream>, StreamFailed> {
        let (response, interim) = (&mut self.response, &self.interim);
        let head = poll_fn(|context| {
            while let Poll::Ready(Some(Ok(head))) = response.poll_informational(context) {
                // There is no 101 here (RFC 9113 §8.6), and a client would believe one.
                if head.status() == StatusCode::SWITCHING_PROTOCOLS {
                    return Poll::Ready(None);
                }
                if let Some(sink) = interim {
                    let _ = sink.try_send((head.status().as_u16(), from_header_map(head.headers())));
                }
            }
            Pin::new(&mut *response).poll(context).map(Some)
        });
        match head.await {
            Some(Ok(head)) => Ok(head),
            Some(Err(error)) => Err(self.failed(&error)),
            None => Err(StreamFailed::Failed(OriginError::Malformed)),
        }
    }

    fn failed(&self, error: &h2::Error) -> StreamFailed {
        let body_failed = self.upload.as_ref().and_then(|upload| upload.state.failed.get());
        if let Some(failed) = body_failed {
            return StreamFailed::Failed(OriginError::RequestBody(failed));
        }
        match error.reason() {
            Some(Reason::REFUSED_STREAM) if error.is_reset() => StreamFailed::Unprocessed,
            Some(Reason::HTTP_1_1_REQUIRED) => StreamFailed::WantsHttp1,
            // Streams that a GOAWAY names as seen are left to end by themselves.
            _ if error.is_go_away() && error.is_remote() => StreamFailed::Unprocessed,
            _ if error.is_library() => StreamFailed::Failed(OriginError::Malformed),
            _ if error.is_reset() => StreamFailed::Failed(OriginError::Closed),
            _ => StreamFailed::ConnectionLost,
        }
    }

    /// The body behind a head.
    pub(crate) fn body(self, incoming: RecvStream, length: Option<u64>) -> StreamBody {
        let mut body = StreamBody { incoming, upload: self.upload, left: length };
        if body.incoming.is_end_stream() {
            body.end();
        }
        body
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.detached {
            self.task.abort();
        }
    }
}

/// A response's body on a stream. Dropped before its end, the stream is reset.
pub(crate) struct StreamBody {
    incoming: RecvStream,
    upload: Option<Upload>,
    /// Bytes still announced.
    left: Option<u64>,
}

impl StreamBody {
    /// The next piece; `None` at the end.
    pub(crate) async fn data(&mut self) -> Option<Result<Bytes, OriginError>> {
        match self.incoming.data().await {
            Some(Ok(data)) => {
                // Who asks for a piece has room for it.
                let _ = self.incoming.flow_control().release_capacity(data.len());
                self.left = self.left.map(|left| left.saturating_sub(data.len() as u64));
                Some(Ok(data))
            }
            Some(Err(error)) if self.is_end(&error) => self.end(),
            Some(Err(_)) => Some(Err(OriginError::BodyCut)),
            None => self.end(),
        }
    }

    /// Trailer fields, behind the end.
    pub(crate) async fn trailers(&mut self) -> Result<Option<HeaderMap>, OriginError> {
        match self.incoming.trailers().await {
            Ok(trailers) => Ok(trailers),
            Err(error) if error.reason() == Some(Reason::NO_ERROR) => Ok(None),
            Err(_) => Err(OriginError::BodyCut),
        }
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    /// A reset without error follows a whole response of which the rest of the request was not needed (RFC 9113
    /// §8.1). Where the request had been sent, or bytes are missing, it can only be a cut.
    fn is_end(&self, error: &h2::Error) -> bool {
        let unfinished = self.upload.as_ref().is_some_and(|upload| !upload.state.done.get());
        error.reason() == Some(Reason::NO_ERROR)
            && error.is_reset()
            && match self.left {
                Some(left) => left == 0,
                None => unfinished,
            }
    }

    fn end(&mut self) -> Option<Result<Bytes, OriginError>> {
        // The answer is whole; what the client still sends goes on as long as the origin takes it.
        if let Some(upload) = &mut self.upload {
            upload.detached = true;
        }
        None
    }
}
