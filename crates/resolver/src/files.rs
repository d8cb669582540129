//! A file that is read again when it has changed.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Bytes read of such a file; what stands behind is ignored.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// Watches one file by its metadata.
pub(crate) struct Watched {
    path: PathBuf,
    seen: Option<(SystemTime, u64)>,
    looked: bool,
}

impl Watched {
    pub(crate) fn new(path: &Path) -> Watched {
        Watched { path: path.to_owned(), seen: None, looked: false }
    }

    /// The text, when it is another one than at the last look; that of a file that cannot be read is empty.
    pub(crate) fn changed(&mut self) -> Option<String> {
        let now = fs::metadata(&self.path)
            .ok()
            .and_then(|metadata| metadata.modified().ok().map(|modified| (modified, metadata.len())));
        if self.looked && now == self.seen {
            return None;
        }
        self.looked = true;
        self.seen = now;
        Some(self.read())
    }

    fn read(&self) -> String {
        let mut bytes = Vec::new();
        if let Ok(file) = fs::File::open(&self.path) {
            let _ = file.take(FILE_BYTES_MAX).read_to_end(&mut bytes);
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
