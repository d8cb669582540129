//! A certificate for HTTPS that this node makes for itself, when the operator gives none.
//!
//! It encrypts and vouches for nothing. Kept in the data folder, so that a browser that was told to
//! trust it once still does after a restart.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::data;

/// Certificate chain and key, PEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct CertificateFiles {
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// Why there is no certificate.
#[derive(Debug)]
pub(crate) enum CertificateError {
    Io(PathBuf, io::Error),
    Make(rcgen::Error),
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CertificateError::Io(path, error) => {
                write!(f, "cannot keep the self-made certificate in {}: {error}", path.display())
            }
            CertificateError::Make(error) => write!(f, "cannot make a certificate: {error}"),
        }
    }
}

/// The self-made certificate kept in `folder`, made if there is none.
pub(crate) fn self_made(folder: &Path) -> Result<CertificateFiles, CertificateError> {
    let files = CertificateFiles {
        certificate: folder.join("self-made-certificate.pem"),
        key: folder.join("self-made-key.pem"),
    };
    if files.certificate.is_file() && files.key.is_file() {
        return Ok(files);
    }
    let made = rcgen::generate_simple_self_signed(names()).map_err(CertificateError::Make)?;
    for (path, pem) in [(&files.key, made.signing_key.serialize_pem()), (&files.certificate, made.cert.pem())]
    {
        data::write_secret(path, &pem).map_err(|error| CertificateError::Io(path.clone(), error))?;
    }
    Ok(files)
}

/// Under which names this machine is likely to be reached while it has no real certificate.
fn names() -> Vec<String> {
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let host = host.trim();
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).to_vec();
    let is_dns_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'))
    };
    if is_dns_name(host) && host != "localhost" {
        names.push(host.to_owned());
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_self_made_certificate_is_kept_and_its_key_is_nobody_elses_to_read() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let files = self_made(folder.path()).expect("a certificate");
        let read = |path: &Path| fs::read_to_string(path).expect("a PEM file");
        let first = read(&files.certificate);
        assert!(first.starts_with("-----BEGIN CERTIFICATE-----"));
        assert!(read(&files.key).starts_with("-----BEGIN PRIVATE KEY-----"));
        assert_eq!(fs::metadata(&files.key).expect("the key's file").permissions().mode() & 0o777, 0o600);
        assert_eq!(self_made(folder.path()).expect("the same"), files);
        assert_eq!(read(&files.certificate), first);
    }
}
