//! TLS to origin servers: whom to trust, what to show, which protocols to offer. One configuration for each set of
//! settings, whichever origins share them, so that sessions are resumed and roots are kept once. There is no setting
//! that turns verification off. A certificate that is named itself (`ca_file` is the origin's own, self-made one) is
//! verified like any other, but for the question who vouches for it: the operator does.

use super::OriginError;
use crate::config::Notices;
use littoral_policy::{ClientIdentity, OriginTls};
use parking_lot::Mutex;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WantsClientCert, WebPkiServerVerifier, verify_server_name};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime, pem::PemObject};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, ConfigBuilder, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use std::collections::HashMap;
use std::io;
use std::sync::{Arc, OnceLock};
use tokio_rustls::TlsConnector;

/// Configurations kept; beyond, all are made anew when they are next needed.
const CONFIGURATIONS_MAX: usize = 1024;

/// A failure of one origin server is told again after so many milliseconds.
const TOLD_AGAIN_AFTER: u64 = 60_000;

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
    /// When a failure was last told, by origin server and name. Milliseconds of the monotonic clock.
    told: Mutex<HashMap<String, u64>>,
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
        let builder = ClientConfig::builder();
        let builder = match &tls.roots {
            Some(pem) => {
                let named = Named::new(pem).ok_or(OriginError::Tls)?;
                builder.dangerous().with_custom_certificate_verifier(Arc::new(named))
            }
            None => {
                let roots = self.system.get_or_init(|| Arc::new(system_roots())).clone();
                builder.with_root_certificates(roots)
            }
        };
        let mut config = shown(builder, tls.identity.as_ref()).ok_or(OriginError::Tls)?;
        config.alpn_protocols = offer.protocols();
        let connector = TlsConnector::from(Arc::new(config));
        if connectors.len() >= CONFIGURATIONS_MAX {
            connectors.clear();
        }
        connectors.insert(settings, connector.clone());
        Ok(connector)
    }

    /// Says why a handshake failed, now and then: `origin-tls` alone does not tell an expired certificate from one
    /// for another name.
    pub(crate) fn tell(&self, notices: &Notices, origin: &str, tls: &OriginTls, error: &io::Error, now: u64) {
        let mut told = self.told.lock();
        let which = format!("{origin} {}", tls.server_name);
        let again = told.get(&which).is_none_or(|last| now.saturating_sub(*last) >= TOLD_AGAIN_AFTER);
        if !again {
            return;
        }
        if told.len() >= CONFIGURATIONS_MAX {
            told.clear();
        }
        told.insert(which, now);
        notices.tell_aside(format!(
            "TLS to origin server `{origin}` as `{}` fails: {}",
            tls.server_name,
            in_words(error)
        ));
    }
}

/// What is usual in words that say what to do, the rest as it is.
fn in_words(error: &io::Error) -> String {
    let refused = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    match refused {
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
            "its certificate leads to no authority that is trusted (`ca_file` names others)".to_owned()
        }
        Some(Error::InvalidCertificate(CertificateError::Other(other))) if is_authority(other) => {
            "its certificate is self-made (name it in `ca_file` to trust it)".to_owned()
        }
        _ => error.to_string(),
    }
}

/// Whether the certificate was refused because it says of itself that it is an authority.
fn is_authority(other: &OtherError) -> bool {
    other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity)
}

/// Verifies against the certificates that `ca_file` names.
#[derive(Debug)]
struct Named {
    chains: Arc<WebPkiServerVerifier>,
    named: Vec<CertificateDer<'static>>,
}

impl Named {
    fn new(pem: &[u8]) -> Option<Named> {
        let named: Vec<_> = CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().ok()?;
        let mut store = RootCertStore::empty();
        store.add_parsable_certificates(named.iter().cloned());
        let chains = WebPkiServerVerifier::builder(Arc::new(store)).build().ok()?;
        Some(Named { chains, named })
    }
}

impl ServerCertVerifier for Named {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified =
            self.chains.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match verified {
            // What `openssl req -x509` makes says of itself that it is an authority, and is shown by the server
            // itself. Its validity has been looked at before this; its name has not.
            Err(Error::InvalidCertificate(CertificateError::Other(other)))
                if is_authority(&other) && self.named.iter().any(|named| named == end_entity) =>
            {
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.chains.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.chains.supported_verify_schemes()
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

fn system_roots() -> RootCertStore {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if store.is_empty() {
        store.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    store
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn why_a_certificate_is_refused_is_said_in_words() {
        let said = |error: CertificateError| in_words(&io::Error::other(Error::InvalidCertificate(error)));
        let own = CertificateError::Other(OtherError(Arc::new(webpki::Error::CaUsedAsEndEntity)));
        assert!(said(own).contains("self-made"));
        assert!(said(CertificateError::UnknownIssuer).contains("`ca_file`"));
        assert!(said(CertificateError::Expired).contains("xpired"), "{}", said(CertificateError::Expired));
        assert_eq!(in_words(&io::Error::other("eof")), "eof");
    }
}
