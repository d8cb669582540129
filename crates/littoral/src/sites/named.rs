//! Files that a site names, relative to its own: read, judged where that takes cryptography, and remembered, so that
//! a reload notices when one of them has changed.

use std::cell::RefCell;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use littoral_policy::{Files, NAMED_FILE_BYTES_MAX};
use rustls::RootCertStore;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

/// Of this process alone: nobody can make two contents that look the same to it.
static HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

/// Files beside a site's, each remembered as it was read.
pub(super) struct Beside<'a> {
    folder: &'a Path,
    seen: RefCell<Vec<NamedFile>>,
}

/// A file that a site named, and what it held.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct NamedFile {
    path: PathBuf,
    /// Hash of the content; `None`: it could not be read.
    content: Option<u64>,
}

impl<'a> Beside<'a> {
    /// Files relative to the folder of `file`.
    pub(super) fn new(file: &'a Path) -> Beside<'a> {
        Beside { folder: file.parent().unwrap_or(Path::new("")), seen: RefCell::default() }
    }

    /// What was read so far.
    pub(super) fn into_seen(self) -> Vec<NamedFile> {
        self.seen.into_inner()
    }
}

impl NamedFile {
    /// Whether it still is what it was.
    pub(super) fn is_unchanged(&self) -> bool {
        self.content == read(&self.path).ok().map(|content| HASHER.hash_one(content))
    }
}

impl Files for Beside<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let path = self.folder.join(path);
        let content = read(&path);
        let hash = content.as_ref().ok().map(|content| HASHER.hash_one(content));
        let seen = NamedFile { path: path.clone(), content: hash };
        self.seen.borrow_mut().push(seen);
        content.map_err(|why| format!("cannot be read from {}: {why}", path.display()))
    }

    fn judge_roots(&self, certificates: &[u8]) -> Result<(), String> {
        let mut store = RootCertStore::empty();
        for certificate in certificates_of(certificates) {
            store.add(certificate).map_err(|error| format!("has a certificate that is none: {error}"))?;
        }
        Ok(())
    }

    fn judge_identity(&self, certificates: &[u8], key: &[u8]) -> Result<(), String> {
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| format!("has no key: {error}"))?;
        match CertifiedKey::from_der(certificates_of(certificates), key, &default_provider()) {
            Ok(_) => Ok(()),
            Err(rustls::Error::InconsistentKeys(_)) => Err("does not go with its key".to_owned()),
            Err(error) => Err(format!("cannot be used: {error}")),
        }
    }
}

/// Those of sound PEM.
fn certificates_of(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    CertificateDer::pem_slice_iter(pem).filter_map(Result::ok).collect()
}

/// The content of a regular file that is no longer than a site's may be.
fn read(path: &Path) -> Result<Vec<u8>, String> {
    let found = fs::metadata(path).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    if found.len() > NAMED_FILE_BYTES_MAX as u64 {
        return Err(format!("it is longer than {NAMED_FILE_BYTES_MAX} bytes"));
    }
    fs::read(path).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["edge.example".to_owned()]).expect("a certificate");
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    #[test]
    fn a_certificate_goes_with_its_own_key_alone() {
        let files = Beside::new(Path::new("site.toml"));
        let ((certificate, key), (_, other)) = (identity(), identity());
        assert_eq!(files.judge_identity(certificate.as_bytes(), key.as_bytes()), Ok(()));
        let refused = files.judge_identity(certificate.as_bytes(), other.as_bytes());
        assert_eq!(refused, Err("does not go with its key".to_owned()));
        assert_eq!(files.judge_roots(certificate.as_bytes()), Ok(()));
        let nonsense = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(files.judge_roots(nonsense.as_bytes()).is_err());
        assert!(files.judge_identity(nonsense.as_bytes(), key.as_bytes()).is_err());
    }

    #[test]
    fn a_file_is_unchanged_until_its_content_is_another_or_gone() {
        let folder = tempfile::tempdir().expect("a folder");
        let site = folder.path().join("site.toml");
        fs::write(folder.path().join("page.html"), "one").expect("a file");
        let files = Beside::new(&site);
        assert_eq!(files.read("page.html"), Ok(b"one".to_vec()));
        assert!(files.read("none.html").is_err());
        let seen = files.into_seen();
        assert!(seen.iter().all(NamedFile::is_unchanged), "{seen:?}");
        fs::write(folder.path().join("page.html"), "two").expect("a file");
        fs::write(folder.path().join("none.html"), "").expect("a file");
        assert!(!seen.iter().any(NamedFile::is_unchanged), "{seen:?}");
        fs::remove_file(folder.path().join("page.html")).expect("removed");
        assert!(!seen[0].is_unchanged());
    }
}
