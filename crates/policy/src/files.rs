//! What a site file points to: certificates, pages, secrets. Read by whoever has files; seen here as bytes.

/// Gives the content of files that a site names.
pub trait Files {
    /// The content of the file at `path`, as the site file writes it (relative to the site file's folder), or why
    /// there is none, in words that follow the path: `cannot be read: no such file`.
    fn read(&self, path: &str) -> Result<Vec<u8>, String>;
}

/// No files at all: each one is a mistake.
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, _: &str) -> Result<Vec<u8>, String> {
        Err("cannot be read here".to_owned())
    }
}
