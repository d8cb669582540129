//! One exchange with an origin server: lease a connection or stream, send the request, wait for the head. A request
//! that met a dead kept connection is sent once more on a new one, if it is idempotent and its body can be repeated,
//! or if the origin cannot have seen it.

use super::OriginError;
use super::body::{OriginBody, OutgoingBody, RequestBody, RequestBodyFailed};
use super::connect::RESPONSE_FIELDS_MAX;
use super::fields::{from_header_map, to_header_map};
use super::pool::{Lease, Link, Pool, Stream, Wish};
use super::stream::{self, Sent, StreamFailed};
use crate::worker::Worker;
use bytes::Bytes;
use h2::RecvStream;
use http::{HeaderMap, Method, Request, Response, Uri};
use hyper::body::Incoming;
use littoral_http_caching::{Fields, Known};
use std::rc::Rc;
use std::time::Duration;

/// What is sent.
pub(crate) struct OriginRequest {
    pub(crate) method: Method,
    /// Origin form, normalized.
    pub(crate) target: Bytes,
    /// All fields, `Host` and `Via` included; framing is added by the client library.
    pub(crate) fields: Fields,
    pub(crate) body: RequestBody,
    /// Where interim responses (1xx) of the origin go.
    pub(crate) interim: Option<InterimSink>,
}

/// A bounded channel for interim responses: at its limit they are dropped, which RFC 9110 §15.2 allows.
pub(crate) type InterimSink = tokio::sync::mpsc::Sender<(u16, Fields)>;

/// What came back. The body has not been read.
pub(crate) struct OriginResponse {
    pub(crate) status: u16,
    /// All fields as received, connection fields included.
    pub(crate) fields: Fields,
    pub(crate) body: OriginBody,
    /// Announced length of the body.
    pub(crate) length: Option<u64>,
    /// The body ends where the connection does: nobody can tell whether it is whole.
    pub(crate) close_delimited: bool,
    /// After a 101: the connection itself.
    pub(crate) upgrade: Option<hyper::upgrade::OnUpgrade>,
}

/// Fetches from the pool's origin server.
pub(crate) async fn fetch(
    worker: &Rc<Worker>,
    pool: &Rc<Pool>,
    request: OriginRequest,
) -> Result<OriginResponse, Failed> {
    let OriginRequest { method, target, fields, body, interim } = request;
    let response = fetch_any(worker, pool, (&method, &target, &fields), body, interim.as_ref()).await?;
    if response.status == 101 && !is_upgrade_asked_for(&fields, &response.fields) {
        return Err(Failed::sent(OriginError::Malformed, Again::Never));
    }
    Ok(response)
}

/// A 101 must name protocols that the request offered (RFC 9110 §7.8).
fn is_upgrade_asked_for(request: &Fields, response: &Fields) -> bool {
    let mut chosen = response.list(Known::Upgrade).peekable();
    chosen.peek().is_some()
        && chosen.all(|token| request.list(Known::Upgrade).any(|offered| offered.eq_ignore_ascii_case(token)))
}

async fn fetch_any(
    worker: &Rc<Worker>,
    pool: &Rc<Pool>,
    (method, target, fields): (&Method, &Bytes, &Fields),
    mut body: RequestBody,
    interim: Option<&InterimSink>,
) -> Result<OriginResponse, Failed> {
    let mut wish = Wish { fresh: false, upgradable: fields.all(Known::Upgrade).next().is_some() };
    let mut attempt = 0;
    loop {
        attempt += 1;
        let spare = body.again();
        let request = assemble(method, target, fields)?;
        let lease = match pool.lease(worker, wish).await {
            Ok(lease) => lease,
            Err(error) => return Err(Failed { error, again: Again::Never, unsent: Some(body) }),
        };
        let reused = lease.reused;
        let failed = match exchange(pool, lease, request, body, interim).await {
            Ok(response) => return Ok(response),
            Err(failed) => failed,
        };
        let (attempts_max, allowed) = match failed.again {
            Again::Never => (0, false),
            Again::Idempotent => {
                (ATTEMPTS_MAX, reused && (failed.unsent.is_some() || method.is_idempotent()))
            }
            Again::Unprocessed => (ATTEMPTS_UNPROCESSED_MAX, true),
            Again::OverHttp1 => (ATTEMPTS_MAX, !wish.upgradable),
        };
        if !allowed || attempt >= attempts_max {
            // What this origin has not looked at may go elsewhere.
            let unprocessed = failed.again == Again::Unprocessed;
            let unsent = failed.unsent.or(spare.filter(|_| unprocessed));
            return Err(Failed { unsent, ..failed });
        }
        wish.fresh = true;
        wish.upgradable |= failed.again == Again::OverHttp1;
        let Failed { error, again, unsent } = failed;
        body = match unsent.or(spare) {
            Some(body) => body,
            None => return Err(Failed { error, again, unsent: None }),
        };
    }
}

/// Times that a request is sent at most, where a kept connection turned out dead.
const ATTEMPTS_MAX: u32 = 2;
/// The same where the origin says each time that it has not looked at it.
const ATTEMPTS_UNPROCESSED_MAX: u32 = 4;

/// An exchange that brought no response head.
pub(crate) struct Failed {
    pub(crate) error: OriginError,
    again: Again,
    /// The body, when the request never left: it may be sent elsewhere, whatever its method.
    pub(crate) unsent: Option<RequestBody>,
}

/// Whether a failed request may be sent to the same origin once more.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Again {
    Never,
    /// If it met a kept connection, and does no harm twice or never left.
    Idempotent,
    /// The origin has not looked at it.
    Unprocessed,
    /// On a connection of its own.
    OverHttp1,
}

impl Failed {
    fn unsent(body: RequestBody) -> Failed {
        Failed { error: OriginError::Closed, again: Again::Idempotent, unsent: Some(body) }
    }

    /// The origin may have seen the request.
    fn sent(error: OriginError, again: Again) -> Failed {
        Failed { error, again, unsent: None }
    }
}

fn assemble(method: &Method, target: &Bytes, fields: &Fields) -> Result<Request<()>, Failed> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = Uri::from_maybe_shared(target.clone())
        .map_err(|_| Failed::sent(OriginError::Malformed, Again::Never))?;
    *request.headers_mut() = to_header_map(fields);
    Ok(request)
}

async fn exchange(
    pool: &Rc<Pool>,
    lease: Lease,
    request: Request<()>,
    body: RequestBody,
    interim: Option<&InterimSink>,
) -> Result<OriginResponse, Failed> {
    match &lease.link {
        Link::Http1(_) => over_http1(pool, lease, request, body, interim).await,
        Link::Http2(stream) => {
            let stream = stream.clone();
            over_http2(pool, lease, &stream, request, body, interim).await
        }
    }
}

async fn over_http1(
    pool: &Rc<Pool>,
    mut lease: Lease,
    mut request: Request<()>,
    body: RequestBody,
    interim: Option<&InterimSink>,
) -> Result<OriginResponse, Failed> {
    let Link::Http1(connection) = &mut lease.link else { return Err(Failed::unsent(body)) };
    if let Some(sink) = interim {
        let sink = sink.clone();
        hyper::ext::on_informational(&mut request, move |response| {
            let _ = sink.try_send((response.status().as_u16(), from_header_map(response.headers())));
        });
    }
    let head_timeout = pool.server().head_timeout;
    // An answer can end before its request's body has: the connection is busy until that has ended, too.
    match tokio::time::timeout(head_timeout, connection.sender.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return Err(Failed::unsent(body)),
    }
    let (body, progress) = OutgoingBody::new(body);
    let sent = connection.sender.try_send_request(request.map(|()| body));
    match progress.wait_for(head_timeout, sent).await {
        None => Err(Failed::sent(OriginError::HeadTimeout, Again::Never)),
        Some(Ok(response)) => Ok(receive(pool, lease, response)),
        Some(Err(mut failed)) => {
            let unsent = failed.take_message().map(|request| request.into_body().into_body());
            let error = kind_of(&failed.into_error());
            let again = if error == OriginError::Closed { Again::Idempotent } else { Again::Never };
            Err(Failed { error, again, unsent })
        }
    }
}

async fn over_http2(
    pool: &Rc<Pool>,
    lease: Lease,
    stream: &Rc<Stream>,
    request: Request<()>,
    body: RequestBody,
    interim: Option<&InterimSink>,
) -> Result<OriginResponse, Failed> {
    let server = pool.server();
    let request = stream::head_for_stream(request, server.tls.is_some())
        .map_err(|error| Failed::sent(error, Again::Never))?;
    let (body, progress) = OutgoingBody::new(body);
    let sent = stream::send(stream.connection.sender(), request, body, interim, stream);
    let mut sent = match sent {
        Ok(sent) => sent,
        Err(body) => {
            stream.connection.retire();
            return Err(Failed { again: Again::Unprocessed, ..Failed::unsent(body.into_body()) });
        }
    };
    match progress.wait_for(server.head_timeout, sent.head()).await {
        None => Err(Failed::sent(OriginError::HeadTimeout, Again::Never)),
        Some(Err(failed)) => Err(match failed {
            StreamFailed::Unprocessed => Failed::sent(OriginError::Closed, Again::Unprocessed),
            StreamFailed::ConnectionLost => Failed::sent(OriginError::Closed, Again::Idempotent),
            StreamFailed::WantsHttp1 => Failed::sent(OriginError::Protocol, Again::OverHttp1),
            StreamFailed::Failed(error) => Failed::sent(error, Again::Never),
        }),
        Some(Ok(response)) => receive_stream(lease, sent, response, server.idle_timeout)
            .map_err(|error| Failed::sent(error, Again::Never)),
    }
}

fn kind_of(error: &hyper::Error) -> OriginError {
    let source =
        std::error::Error::source(error).and_then(|source| source.downcast_ref::<RequestBodyFailed>());
    match source {
        Some(failed) => OriginError::RequestBody(*failed),
        None if error.is_parse() => OriginError::Malformed,
        None => OriginError::Closed,
    }
}

fn receive(pool: &Rc<Pool>, lease: Lease, mut response: Response<Incoming>) -> OriginResponse {
    let upgrade = (response.status().as_u16() == 101).then(|| hyper::upgrade::on(&mut response));
    let (head, incoming) = response.into_parts();
    let length = announced(&head.headers);
    let chunked = head.headers.contains_key(http::header::TRANSFER_ENCODING);
    let mut body = OriginBody::http1(incoming, lease, pool.server().idle_timeout);
    let bodiless = body.is_end();
    if bodiless && upgrade.is_none() {
        body.finish();
    }
    OriginResponse {
        status: head.status.as_u16(),
        fields: from_header_map(&head.headers),
        body,
        length,
        close_delimited: !bodiless && length.is_none() && !chunked,
        upgrade,
    }
}

fn receive_stream(
    lease: Lease,
    sent: Sent,
    response: Response<RecvStream>,
    idle_timeout: Duration,
) -> Result<OriginResponse, OriginError> {
    let (head, incoming) = response.into_parts();
    // There is no 101 here (RFC 9113 §8.6).
    if head.status.is_informational() || head.headers.len() > RESPONSE_FIELDS_MAX {
        return Err(OriginError::Malformed);
    }
    let length = announced(&head.headers);
    let mut body = OriginBody::http2(sent.body(incoming, length), lease, idle_timeout);
    if body.is_end() {
        body.finish();
    }
    Ok(OriginResponse {
        status: head.status.as_u16(),
        fields: from_header_map(&head.headers),
        body,
        length,
        close_delimited: false,
        upgrade: None,
    })
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}
