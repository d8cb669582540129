//! Opening a connection to an origin server: name, TCP, TLS, HTTP/1.1, all within the origin's
//! `connect_timeout`. Certificates are verified against the system's roots or the origin's own CA file; there is
//! no setting that turns verification off.

use super::OriginError;
use super::body::OutgoingBody;
use crate::worker::Worker;
use hyper::client::conn::http1::{Builder, SendRequest};
use hyper_util::rt::TokioIo;
use littoral_policy::{Address, OriginServer};
use parking_lot::Mutex;
use rustls::pki_types::{CertificateDer, ServerName, pem::PemObject};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Largest response head that an origin may send; more is a malformed answer.
const RESPONSE_HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most header fields in an origin's response head.
const RESPONSE_FIELDS_MAX: usize = 256;

/// TLS client configurations, one for each set of trusted roots, made on first use.
#[derive(Default)]
pub(crate) struct Trust {
    connectors: Mutex<HashMap<Option<Arc<[u8]>>, TlsConnector>>,
}

impl Trust {
    fn connector(&self, own_roots: Option<&Arc<[u8]>>) -> Result<TlsConnector, OriginError> {
        let key = own_roots.cloned();
        let mut connectors = self.connectors.lock();
        if let Some(connector) = connectors.get(&key) {
            return Ok(connector.clone());
        }
        let mut config = rustls::ClientConfig::builder()
            .with_root_certificates(roots(own_roots).ok_or(OriginError::Tls)?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        let connector = TlsConnector::from(Arc::new(config));
        connectors.insert(key, connector.clone());
        Ok(connector)
    }
}

fn roots(own: Option<&Arc<[u8]>>) -> Option<rustls::RootCertStore> {
    let mut store = rustls::RootCertStore::empty();
    match own {
        Some(pem) => {
            let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
            store.add_parsable_certificates(certificates);
        }
        None => {
            store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
            if store.is_empty() {
                store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
            }
        }
    }
    (!store.is_empty()).then_some(store)
}

/// Opens a connection and starts its driver on this thread.
pub(crate) async fn connect(
    worker: &Rc<Worker>,
    server: &OriginServer,
) -> Result<SendRequest<OutgoingBody>, OriginError> {
    tokio::time::timeout(server.connect_timeout, connect_in_time(worker, server))
        .await
        .unwrap_or(Err(OriginError::ConnectTimeout))
}

async fn connect_in_time(
    worker: &Rc<Worker>,
    server: &OriginServer,
) -> Result<SendRequest<OutgoingBody>, OriginError> {
    let stream = connect_tcp(server).await?;
    match &server.tls {
        None => speak(stream).await,
        Some(tls) => {
            let connector = worker.shared.trust.connector(tls.roots.as_ref())?;
            let name = ServerName::try_from(tls.server_name.to_string()).map_err(|_| OriginError::Tls)?;
            let stream = connector.connect(name, stream).await.map_err(|_| OriginError::Tls)?;
            speak(stream).await
        }
    }
}

async fn connect_tcp(server: &OriginServer) -> Result<TcpStream, OriginError> {
    let mut last = OriginError::Resolve;
    for address in addresses(server).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => {
                // Without it a small request waits for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                return Ok(stream);
            }
            Err(_) => last = OriginError::Connect,
        }
    }
    Err(last)
}

async fn addresses(server: &OriginServer) -> Result<Vec<SocketAddr>, OriginError> {
    let Address::Tcp { host, port } = &server.address else { return Err(OriginError::Resolve) };
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, *port)]);
    }
    let found = tokio::net::lookup_host((&**host, *port)).await.map_err(|_| OriginError::Resolve)?;
    Ok(found.collect())
}

async fn speak(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<OutgoingBody>, OriginError> {
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
    Ok(sender)
}
