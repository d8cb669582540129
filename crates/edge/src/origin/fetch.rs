//! One exchange with an origin server: lease a connection, send the request, wait for the head. A request that
//! met a dead kept connection is sent once more on a new one, if it is idempotent and its body can be repeated,
//! or if the origin cannot have seen it.

use super::OriginError;
use super::body::{OriginBody, OutgoingBody, RequestBody, RequestBodyFailed};
use super::fields::{from_header_map, to_header_map};
use super::pool::{Lease, Pool};
use crate::worker::Worker;
use bytes::Bytes;
use http::{Method, Request, Response, Uri};
use hyper::body::Incoming;
use littoral_http_caching::{Fields, Known};
use std::rc::Rc;

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
        return Err(Failed::sent(OriginError::Malformed));
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
    body: RequestBody,
    interim: Option<&InterimSink>,
) -> Result<OriginResponse, Failed> {
    let spare = body.again();
    let lease = match pool.lease(worker, false).await {
        Ok(lease) => lease,
        Err(error) => return Err(Failed { error, unsent: Some(body) }),
    };
    let reused = lease.reused;
    let first = assemble(method, target, fields, interim)?;
    match exchange(pool, lease, first, body).await {
        Ok(response) => Ok(response),
        Err(Failed { error: OriginError::Closed, unsent }) if reused => {
            let body = match (unsent, spare) {
                (Some(body), _) => body,
                (None, Some(body)) if method.is_idempotent() => body,
                _ => return Err(Failed::sent(OriginError::Closed)),
            };
            let second = assemble(method, target, fields, interim)?;
            match pool.lease(worker, true).await {
                Ok(lease) => exchange(pool, lease, second, body).await,
                Err(error) => Err(Failed { error, unsent: Some(body) }),
            }
        }
        Err(failed) => Err(failed),
    }
}

/// An exchange that brought no response head.
pub(crate) struct Failed {
    pub(crate) error: OriginError,
    /// The body, when the request never left: it may be sent elsewhere, whatever its method.
    pub(crate) unsent: Option<RequestBody>,
}

impl Failed {
    /// The origin may have seen the request.
    fn sent(error: OriginError) -> Failed {
        Failed { error, unsent: None }
    }
}

fn assemble(
    method: &Method,
    target: &Bytes,
    fields: &Fields,
    interim: Option<&InterimSink>,
) -> Result<Request<()>, Failed> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() =
        Uri::from_maybe_shared(target.clone()).map_err(|_| Failed::sent(OriginError::Malformed))?;
    *request.headers_mut() = to_header_map(fields);
    if let Some(sink) = interim {
        let sink = sink.clone();
        hyper::ext::on_informational(&mut request, move |response| {
            let _ = sink.try_send((response.status().as_u16(), from_header_map(response.headers())));
        });
    }
    Ok(request)
}

async fn exchange(
    pool: &Rc<Pool>,
    mut lease: Lease,
    request: Request<()>,
    body: RequestBody,
) -> Result<OriginResponse, Failed> {
    let head_timeout = pool.server().head_timeout;
    // An answer can end before its request's body has: the connection is busy until that has ended, too.
    match tokio::time::timeout(head_timeout, lease.connection.sender.ready()).await {
        Ok(Ok(())) => {}
        Ok(Err(_)) | Err(_) => return Err(Failed { error: OriginError::Closed, unsent: Some(body) }),
    }
    let (body, progress) = OutgoingBody::new(body);
    let sent = lease.connection.sender.try_send_request(request.map(|()| body));
    match progress.wait_for(head_timeout, sent).await {
        None => Err(Failed { error: OriginError::HeadTimeout, unsent: None }),
        Some(Ok(response)) => Ok(receive(pool, lease, response)),
        Some(Err(mut failed)) => {
            let unsent = failed.take_message().map(|request| request.into_body().into_body());
            let error = failed.into_error();
            Err(Failed { error: kind_of(&error), unsent })
        }
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
    let length =
        head.headers.get(http::header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    let chunked = head.headers.contains_key(http::header::TRANSFER_ENCODING);
    let mut body = OriginBody::new(incoming, lease, pool.server().idle_timeout);
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
