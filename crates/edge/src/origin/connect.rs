//! Opening a connection to an origin server: name, TCP or Unix socket, TLS, protocol, all within the origin's
//! `connect_timeout`. The connection's driver runs on this thread.

use super::OriginError;
use super::body::OutgoingBody;
use super::dial::dial;
use super::http2::{self, Handshake};
use super::trust::Offer;
use crate::worker::Worker;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use littoral_policy::{Address, OriginProtocol, OriginServer};
use littoral_resolver::ResolveError;
use rustls::pki_types::ServerName;
use std::net::IpAddr;
use std::rc::Rc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::UnixStream;
use tokio::time::{Instant, timeout_at};

/// Largest response head that an origin may send; more is a malformed answer.
pub(crate) const RESPONSE_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most header fields in an origin's response head.
pub(crate) const RESPONSE_FIELDS_MAX: usize = 256;

/// An open connection, by the protocol that is spoken on it.
pub(crate) enum Opened {
    Http1(SendRequest<OutgoingBody>),
    Http2(Handshake),
}

/// Opens a connection. With `upgradable` it speaks HTTP/1.1 whatever else the origin could.
pub(crate) async fn connect(
    worker: &Rc<Worker>,
    server: &OriginServer,
    upgradable: bool,
) -> Result<Opened, OriginError> {
    let deadline = Instant::now() + server.connect_timeout;
    let offer = match server.protocol {
        _ if upgradable => Offer::Http1,
        OriginProtocol::Http1 => Offer::Http1,
        OriginProtocol::Http2 => Offer::Http2,
        OriginProtocol::Auto if server.tls.is_some() => Offer::Both,
        OriginProtocol::Auto => Offer::Http1,
    };
    match &server.address {
        Address::Tcp { host, port } => {
            let resolving = timeout_at(deadline, addresses(worker, host)).await;
            let addresses = resolving.unwrap_or(Err(OriginError::ResolveTimeout))?;
            let opening = async {
                let stream = dial(addresses, *port).await?;
                secure(worker, server, stream, offer).await
            };
            timeout_at(deadline, opening).await.unwrap_or(Err(OriginError::ConnectTimeout))
        }
        Address::Unix(path) => {
            let opening = async {
                let stream = UnixStream::connect(path).await.map_err(|_| OriginError::Connect)?;
                secure(worker, server, stream, offer).await
            };
            timeout_at(deadline, opening).await.unwrap_or(Err(OriginError::ConnectTimeout))
        }
    }
}

async fn addresses(worker: &Worker, host: &str) -> Result<Vec<IpAddr>, OriginError> {
    worker.shared.resolver.addresses(host).await.map_err(|error| match error {
        ResolveError::NoSuchName | ResolveError::NoAddress => OriginError::Resolve,
        ResolveError::TimedOut => OriginError::ResolveTimeout,
        ResolveError::Failed | ResolveError::TooManyNames => OriginError::ResolveFailed,
    })
}

async fn secure(
    worker: &Worker,
    server: &OriginServer,
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    offer: Offer,
) -> Result<Opened, OriginError> {
    let Some(tls) = &server.tls else { return speak(stream, offer == Offer::Http2).await };
    let connector = worker.shared.trust.connector(tls, offer)?;
    let name = ServerName::try_from(tls.server_name.to_string()).map_err(|_| OriginError::Tls)?;
    let stream = connector.connect(name, stream).await.map_err(|error| {
        worker.shared.trust.tell(
            &worker.shared.notices,
            &server.name,
            tls,
            &error,
            worker.monotonic_millis(),
        );
        OriginError::Tls
    })?;
    let chosen = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    if offer == Offer::Http2 && !chosen {
        return Err(OriginError::Protocol);
    }
    speak(stream, chosen).await
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    http2: bool,
) -> Result<Opened, OriginError> {
    if http2 {
        return http2::begin(stream).await.map(Opened::Http2);
    }
    let (sender, connection) = Builder::new()
        .max_buf_size(RESPONSE_HEAD_BYTES_MAX)
        .max_headers(RESPONSE_FIELDS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| OriginError::Connect)?;
    tokio::task::spawn_local(async move {
        // How it ended is told to the request that was under way, if there was one.
        let _ = connection.with_upgrades().await;
    });
    Ok(Opened::Http1(sender))
}
