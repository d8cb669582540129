//! Going on with a log: what is appended, and what follows in the next file when this one is rotated.

use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Reading;
use super::files::{NoLog, open, rotated_files};

/// Between two looks at a file to which nothing was added.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Read at once.
const BLOCK_BYTES: usize = 64 * 1024;

/// Prints what is written to the log from `position` of `file` on, which was opened as `path`, until nobody reads what
/// is printed.
pub(super) fn follow(reading: &mut Reading, path: PathBuf, file: File, position: u64) -> Result<(), NoLog> {
    let mut tail = Tail { path, file, position, partial: Vec::new() };
    loop {
        tail.read(reading).map_err(|error| NoLog::unreadable(&tail.path, &error))?;
        reading.show.flush();
        if reading.show.is_over() {
            return Ok(());
        }
        // Whoever has rotated writes to the new file only: now this one is read to its end.
        if let Some(next) = tail.next_file() {
            tail.read(reading).map_err(|error| NoLog::unreadable(&tail.path, &error))?;
            tail.finish(reading);
            (tail.file, tail.position) = (next, 0);
            continue;
        }
        std::thread::park_timeout(LOOK_EVERY);
    }
}

struct Tail {
    path: PathBuf,
    file: File,
    position: u64,
    /// A line of which the end is not there yet.
    partial: Vec<u8>,
}

impl Tail {
    fn read(&mut self, reading: &mut Reading) -> std::io::Result<()> {
        // Cut off by `copytruncate`: it begins anew.
        if self.file.metadata()?.len() < self.position {
            self.position = 0;
            self.partial.clear();
        }
        let mut block = vec![0; BLOCK_BYTES];
        loop {
            let count = self.file.read_at(&mut block, self.position)?;
            if count == 0 {
                return Ok(());
            }
            self.position += count as u64;
            let mut rest = &block[..count];
            while let Some(end) = rest.iter().position(|&b| b == b'\n') {
                self.partial.extend_from_slice(&rest[..end]);
                reading.line(&self.partial);
                self.partial.clear();
                rest = &rest[end + 1..];
            }
            self.partial.extend_from_slice(rest);
        }
    }

    /// The end of a file that is written no more.
    fn finish(&mut self, reading: &mut Reading) {
        if !self.partial.is_empty() {
            reading.line(&self.partial);
            self.partial.clear();
        }
    }

    /// The file that was begun when this one was rotated; `None` as long as it was not.
    fn next_file(&self) -> Option<File> {
        let own = identity(&self.file)?;
        let (current, current_identity) = open(&self.path).ok()?;
        if current_identity == own {
            return None;
        }
        // It may have been rotated more than once since: then the one before this one, which has a lower number.
        let (rotated, _) = rotated_files(&self.path).ok()?;
        let mut newer: Option<File> = Some(current);
        for path in rotated.iter().rev() {
            match open(Path::new(path)) {
                Ok((_, identity)) if identity == own => return newer,
                Ok((file, _)) => newer = Some(file),
                Err(_) => {}
            }
        }
        // Moved out of sight: the newest is all that is known.
        open(&self.path).ok().map(|(file, _)| file)
    }
}

fn identity(file: &File) -> Option<(u64, u64)> {
    file.metadata().ok().map(|found| (found.dev(), found.ino()))
}
