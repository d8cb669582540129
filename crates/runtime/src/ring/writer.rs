//! The thread that turns ring records into lines of a file or of standard output.
//!
//! It alone waits for disks and readers. While it waits, rings fill and producers count what they lose;
//! what it cannot write (a full disk) it counts and drops, and goes on.

use std::fmt;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Consumer;

/// Turns one record into what is written, line feed included, appending to the buffer.
pub type RecordFormat = fn(record: &[u8], out: &mut Vec<u8>);

/// Longest time for which a record waits in its ring before the writer looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A write is begun when this much is formatted; it bounds the writer's memory.
const BATCH_BYTES: usize = 256 * 1024;

/// Where lines go.
pub enum LogTarget {
    /// Standard output.
    Stdout,
    /// Appended to the file, which is created if need be.
    File(PathBuf),
    /// Anything else; it cannot be reopened.
    Other(Box<dyn Write + Send>),
}

impl fmt::Debug for LogTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogTarget::Stdout => f.write_str("Stdout"),
            LogTarget::File(path) => f.debug_tuple("File").field(path).finish(),
            LogTarget::Other(_) => f.write_str("Other"),
        }
    }
}

/// What has become of the records so far.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct LogStat {
    /// Records written whole.
    pub written: u64,
    /// Records lost because their ring was full: the writer was too slow, or its reader was.
    pub lost_ring_full: u64,
    /// Records lost because writing failed, as on a full disk.
    pub lost_write_failed: u64,
}

/// How [`LogWriter::stop`] ended.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum StopEnd {
    /// Everything was written or counted as lost.
    Flushed,
    /// The writer hung in a write until the deadline; it is left behind.
    Stuck,
}

/// A running writer thread. Dropped without [`LogWriter::stop`], the thread ends by itself, unflushed
/// records and all, after its next look.
pub struct LogWriter {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    waker: Thread,
}

#[derive(Default)]
struct Shared {
    written: AtomicU64,
    lost_ring_full: AtomicU64,
    lost_write_failed: AtomicU64,
    reopen: AtomicBool,
    stop: AtomicBool,
    /// How many flushes were asked for, and how many of them are done.
    flushes: Mutex<(u64, u64)>,
    flushed: Condvar,
}

impl LogWriter {
    /// Opens the target and starts the thread. `format` runs on the writer's thread.
    pub fn start(target: LogTarget, rings: Vec<Consumer>, format: RecordFormat) -> io::Result<LogWriter> {
        let output = Output::open(target)?;
        let shared = Arc::new(Shared::default());
        let mut work = Work { shared: shared.clone(), rings, format, output, batch: Batch::default() };
        let thread = thread::Builder::new().name("log-writer".to_owned()).spawn(move || work.run())?;
        let waker = thread.thread().clone();
        Ok(LogWriter { shared, thread: Some(thread), waker })
    }

    /// Opens the file anew under its name, after something renamed it. Should that fail, the old one is
    /// written on. Other targets: nothing happens.
    pub fn reopen(&self) {
        self.shared.reopen.store(true, Ordering::SeqCst);
        self.waker.unpark();
    }

    /// Wakes the writer before its time: for a producer that sees its ring half full. A system call if
    /// the writer sleeps.
    pub fn waker(&self) -> Thread {
        self.waker.clone()
    }

    /// Waits until all records pushed before the call were written or counted as lost; `false` if that
    /// took longer than `deadline`. Blocks the thread.
    pub fn flush(&self, deadline: Duration) -> bool {
        let until = Instant::now() + deadline;
        let mut flushes = self.shared.flushes.lock();
        flushes.0 += 1;
        let mine = flushes.0;
        self.waker.unpark();
        while flushes.1 < mine {
            if self.shared.flushed.wait_until(&mut flushes, until).timed_out() {
                return flushes.1 >= mine;
            }
        }
        true
    }

    /// What has become of the records so far.
    pub fn stat(&self) -> LogStat {
        LogStat {
            written: self.shared.written.load(Ordering::Relaxed),
            lost_ring_full: self.shared.lost_ring_full.load(Ordering::Relaxed),
            lost_write_failed: self.shared.lost_write_failed.load(Ordering::Relaxed),
        }
    }

    /// Writes what is left and ends the thread. A reader that has stopped reading cannot hold the process
    /// beyond `deadline`.
    pub fn stop(mut self, deadline: Duration) -> StopEnd {
        let flushed = self.flush(deadline);
        self.shared.stop.store(true, Ordering::SeqCst);
        self.waker.unpark();
        match (flushed, self.thread.take()) {
            (true, Some(thread)) => {
                // It has just flushed and sees `stop` next; a panic there has nothing left to lose.
                let _ = thread.join();
                StopEnd::Flushed
            }
            _ => StopEnd::Stuck,
        }
    }
}

impl Drop for LogWriter {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        self.waker.unpark();
    }
}

struct Work {
    shared: Arc<Shared>,
    rings: Vec<Consumer>,
    format: RecordFormat,
    output: Output,
    batch: Batch,
}

/// Formatted records not yet written.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Where each record ends in `bytes`.
    ends: Vec<usize>,
}

impl Work {
    fn run(&mut self) {
        loop {
            let asked = self.shared.flushes.lock().0;
            if self.shared.reopen.swap(false, Ordering::SeqCst) {
                self.output.reopen();
            }
            self.drain();
            self.count_lost();
            self.acknowledge(asked);
            if self.shared.stop.load(Ordering::SeqCst) {
                return;
            }
            if self.shared.flushes.lock().0 == asked {
                thread::park_timeout(LOOK_EVERY);
            }
        }
    }

    /// Writes all that the rings hold now. What is pushed meanwhile waits for the next turn, so that one
    /// busy ring holds up neither the others nor a flush.
    fn drain(&mut self) {
        let mut record = Vec::new();
        self.rings.iter_mut().for_each(Consumer::look);
        for at in 0..self.rings.len() {
            while self.rings[at].pop_seen(&mut record) {
                (self.format)(&record, &mut self.batch.bytes);
                self.batch.ends.push(self.batch.bytes.len());
                if self.batch.bytes.len() >= BATCH_BYTES {
                    self.write();
                }
            }
        }
        self.write();
    }

    fn write(&mut self) {
        let accepted = self.output.write(&self.batch.bytes);
        let written = self.batch.ends.iter().take_while(|&&end| end <= accepted).count();
        self.shared.written.fetch_add(written as u64, Ordering::Relaxed);
        let lost = self.batch.ends.len() - written;
        self.shared.lost_write_failed.fetch_add(lost as u64, Ordering::Relaxed);
        self.batch.bytes.clear();
        self.batch.ends.clear();
    }

    fn count_lost(&self) {
        let lost = self.rings.iter().map(Consumer::lost).sum();
        self.shared.lost_ring_full.store(lost, Ordering::Relaxed);
    }

    fn acknowledge(&self, asked: u64) {
        self.shared.flushes.lock().1 = asked;
        self.shared.flushed.notify_all();
    }
}

struct Output {
    to: Box<dyn Write + Send>,
    file: Option<PathBuf>,
    /// The last write stopped within a line; the next begins with a line feed.
    torn: bool,
}

impl Output {
    fn open(target: LogTarget) -> io::Result<Output> {
        let (to, file): (Box<dyn Write + Send>, _) = match target {
            LogTarget::Stdout => (Box::new(stdout()?), None),
            LogTarget::File(path) => (Box::new(append_to(&path)?), Some(path)),
            LogTarget::Other(to) => (to, None),
        };
        Ok(Output { to, file, torn: false })
    }

    fn reopen(&mut self) {
        if let Some(Ok(file)) = self.file.as_deref().map(append_to) {
            self.to = Box::new(file);
            self.torn = false;
        }
    }

    /// Writes as much of `bytes` as the target takes before it fails; how much that was.
    fn write(&mut self, bytes: &[u8]) -> usize {
        if bytes.is_empty() {
            return 0;
        }
        if self.torn {
            if self.to.write_all(b"\n").is_err() {
                return 0;
            }
            self.torn = false;
        }
        let mut accepted = 0;
        while accepted < bytes.len() {
            match self.to.write(&bytes[accepted..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(n @ 1..) => accepted += n,
                Ok(0) | Err(_) => break,
            }
        }
        self.torn = accepted > 0 && bytes[accepted - 1] != b'\n';
        accepted
    }
}

/// A handle of our own on standard output: unbuffered, and without the lock that others may hold.
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn append_to(path: &std::path::Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
