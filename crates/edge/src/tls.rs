//! The one seam to TLS: everything the edge knows of rustls on the client's side is here.

use crate::config::TlsFiles;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use tokio_rustls::TlsAcceptor;

/// Why TLS cannot be offered.
#[derive(Debug)]
pub enum TlsError {
    /// The certificate file cannot be read as PEM certificates.
    Certificate(PathBuf, String),
    /// The key file cannot be read as a PEM private key.
    Key(PathBuf, String),
    /// Certificate and key do not go together.
    Mismatch(PathBuf, PathBuf, String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TlsError::Certificate(path, why) => {
                write!(f, "{}: expected PEM certificates, found: {why}", path.display())
            }
            TlsError::Key(path, why) => {
                write!(f, "{}: expected a PEM private key, found: {why}", path.display())
            }
            TlsError::Mismatch(certificate, key, why) => {
                write!(f, "{} and {} do not go together: {why}", certificate.display(), key.display())
            }
        }
    }
}

impl std::error::Error for TlsError {}

/// An acceptor for the certificate in `files`.
pub(crate) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, TlsError> {
    let bad_certificate = |why: String| TlsError::Certificate(files.certificate.clone(), why);
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect)
        .map_err(|error| bad_certificate(error.to_string()))?;
    if chain.is_empty() {
        return Err(bad_certificate("no certificate".to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(&files.key)
        .map_err(|error| TlsError::Key(files.key.clone(), error.to_string()))?;
    let mut config =
        rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(
            |error| TlsError::Mismatch(files.certificate.clone(), files.key.clone(), error.to_string()),
        )?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
