//! TLS to origin servers: whom to trust, what to show, which protocols to offer. One configuration for each set of
//! settings, whichever origins share them, so that sessions are resumed and roots are kept once. There is no setting
//! that turns verification off.

use super::OriginError;
use littoral_policy::{ClientIdentity, OriginTls};
use parking_lot::Mutex;
use rustls::client::WantsClientCert;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore};
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsConnector;

/// Configurations kept; beyond, all are made anew when they are next needed.
const CONFIGURATIONS_MAX: usize = 1024;

/// Protocols offered in the handshake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Offer {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
    /// Both; the origin chooses.
    Both,
}

/// What makes configurations differ.
#[derive(PartialEq, Eq, Hash)]
struct Settings {
    roots: Option<Arc<[u8]>>,
    identity: Option<[Arc<[u8]>; 2]>,
    offer: Offer,
}

/// All configurations in use.
#[derive(Default)]
pub(crate) struct Trust {
    system: OnceLock<Arc<RootCertStore>>,
    connectors: Mutex<HashMap<Settings, TlsConnector>>,
}

impl Offer {
    fn protocols(self) -> Vec<Vec<u8>> {
        let names: &[&[u8]] = match self {
            Offer::Http1 => &[b"http/1.1"],
            Offer::Http2 => &[b"h2"],
            Offer::Both => &[b"h2", b"http/1.1"],
        };
        names.iter().map(|name| name.to_vec()).collect()
    }
}

impl Trust {
    pub(crate) fn connector(&self, tls: &OriginTls, offer: Offer) -> Result<TlsConnector, OriginError> {
        let settings = Settings {
            roots: tls.roots.clone(),
            identity: tls.identity.as_ref().map(|shown| [shown.certificate.clone(), shown.key.clone()]),
            offer,
        };
        let mut connectors = self.connectors.lock();
        if let Some(connector) = connectors.get(&settings) {
            return Ok(connector.clone());
        }
        let roots = match &tls.roots {
            Some(pem) => Arc::new(roots(pem).ok_or(OriginError::Tls)?),
            None => self.system.get_or_init(|| Arc::new(system_roots())).clone(),
        };
        let builder = ClientConfig::builder().with_root_certificates(roots);
        let mut config = shown(builder, tls.identity.as_ref()).ok_or(OriginError::Tls)?;
        config.alpn_protocols = offer.protocols();
        let connector = TlsConnector::from(Arc::new(config));
        if connectors.len() >= CONFIGURATIONS_MAX {
            connectors.clear();
        }
        connectors.insert(settings, connector.clone());
        Ok(connector)
    }
}

fn shown(
    builder: ConfigBuilder<ClientConfig, WantsClientCert>,
    identity: Option<&ClientIdentity>,
) -> Option<ClientConfig> {
    let Some(identity) = identity else { return Some(builder.with_no_client_auth()) };
    let chain: Vec<_> =
        CertificateDer::pem_slice_iter(&identity.certificate).collect::<Result<_, _>>().ok()?;
    let key = PrivateKeyDer::from_pem_slice(&identity.key).ok()?;
    builder.with_client_auth_cert(chain, key).ok()
}

fn roots(pem: &[u8]) -> Option<RootCertStore> {
    let mut store = RootCertStore::empty();
    let certificates: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
    store.add_parsable_certificates(certificates);
    (!store.is_empty()).then_some(store)
}

fn system_roots() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    store
}
