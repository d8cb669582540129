//! Files for sites to name: those of `tests/it/files`, and two that nobody has to keep.

use littoral_policy::Files;
use std::fs;
use std::path::{Path, PathBuf};

/// A folder that all sites of these tests stand in.
pub(crate) struct Folder;

impl Folder {
    pub(crate) fn path(name: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/files").join(name)
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match path {
            // As pages and examples call theirs.
            _ if path.ends_with("-ca.pem") => self.read("ca.pem"),
            _ if path.ends_with(".secret") => self.read("secret.txt"),
            "1MiB.html" => Ok(vec![b'x'; 1 << 20]),
            "2MiB.html" => Ok(vec![b'x'; 2 << 20]),
            _ => fs::read(Folder::path(path)).map_err(|_| "cannot be read: no such file".to_owned()),
        }
    }

    /// Of one certificate, the key is known.
    fn judge_identity(&self, certificates: &[u8], _key: &[u8]) -> Result<(), String> {
        let known = fs::read(Folder::path("client.pem")).unwrap();
        if certificates == known { Ok(()) } else { Err("does not go with its key".to_owned()) }
    }
}
