//! What a site file points to: certificates, pages, secrets. Read by whoever has files; seen here as bytes.

/// Longest file that a site may name. 1 MiB.
pub const NAMED_FILE_BYTES_MAX: usize = 1 << 20;

/// Gives the content of files that a site names, and judges what only cryptography can.
pub trait Files {
    /// The content of the file at `path`, as the site file writes it (relative to the site file's folder), or why
    /// there is none, in words that follow the path: `cannot be read: no such file`. No more than
    /// [`NAMED_FILE_BYTES_MAX`].
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;

    /// Whether certificates (sound PEM) can be trusted as authorities, or why not: `is not a certificate`.
    fn judge_roots(&self, _certificates: &[u8]) -> Result<(), String> {
        Ok(())
    }

    /// Whether the private key is that of the first certificate (both sound PEM), or why not: `does not go with its
    /// key`.
    fn judge_identity(&self, _certificates: &[u8], _key: &[u8]) -> Result<(), String> {
        Ok(())
    }
}

/// No files at all: each one is a mistake.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("cannot be read here".to_owned())
    }
}
