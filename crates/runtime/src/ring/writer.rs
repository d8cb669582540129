//! The thread that turns ring records into lines of a file or of standard output.
//!
//! It alone waits for disks and readers. While it waits, rings fill and producers count what they lose; what it cannot
//! write (a full disk) it counts and drops, says so once, and goes on by itself when there is room again. `output`
//! knows files and their rotation.

use std::fmt::{self, Display};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};

use super::Consumer;
use super::output::{Done, Output};
use crate::Clock;

/// Turns one record into what is written, line feed included, appending to the buffer.
pub type RecordFormat = fn(record: &[u8], out: &mut Vec<u8>);

/// Longest time for which a record waits in its ring before the writer looks.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// A write is begun when this much is formatted; it bounds the writer's memory.
const BATCH_BYTES: usize = 256 * 1024;

/// Takes what the operator should know, in a line.
pub type Tell = Arc<dyn Fn(&dyn Display) + Send + Sync>;

/// How records are written.
#[derive(Clone)]
pub struct LogOptions {
    /// What makes lines of them, on the writer's thread.
    pub format: RecordFormat,
    /// When a file begins anew.
    pub rotation: Rotation,
    /// What `rotation` goes by.
    pub clock: Clock,
    /// Takes what the operator should know, at most once a minute: that nothing can be written, that it can again,
    /// that rotation fails. Called on the writer's thread.
    pub tell: Tell,
}

/// When a log file is renamed to `NAME.1`, what was `NAME.1` to `NAME.2` and so on, and a new one begun. Records stand
/// in one file or the other, whole; none is lost.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Rotation {
    /// Before it would become larger than this; a record that is larger by itself has a file of its own. `None`: never
    /// for its size.
    pub bytes_max: Option<u64>,
    /// At whole multiples of this in UTC (one day: midnight), if there is anything in it. `None`: never for its age.
    pub every: Option<Duration>,
    /// Files beside the one that is written; older ones are removed.
    pub keep: u32,
}

impl LogOptions {
    /// Without rotation and messages.
    pub fn new(format: RecordFormat) -> LogOptions {
        LogOptions { format, rotation: Rotation::default(), clock: Clock::system(), tell: Arc::new(|_| {}) }
    }
}

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
    /// Records lost because writing failed, as on a full disk. A record of which only the beginning was written is
    /// counted when its end follows, or when the writer stops without.
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
    /// Opens the target and starts the thread.
    ///
    /// # Errors
    /// If the target cannot be opened, or the thread not be started.
    pub fn start(target: LogTarget, rings: Vec<Consumer>, options: LogOptions) -> io::Result<LogWriter> {
        let format = options.format;
        let output = Output::open(target, options)?;
        let shared = Arc::new(Shared::default());
        let mut work = Work { shared: shared.clone(), rings, format, output, batch: Batch::default() };
        let thread = thread::Builder::new().name("log-writer".to_owned()).spawn(move || work.run())?;
        let waker = thread.thread().clone();
        Ok(LogWriter { shared, thread: Some(thread), waker })
    }

    /// Opens the file anew under its name, after something renamed it. Should that fail, the old one is written on, and
    /// it is tried again. Other targets: nothing happens.
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
            let reopen = self.shared.reopen.swap(false, Ordering::SeqCst);
            let done = self.output.turn(reopen);
            self.count(done);
            self.drain();
            self.count_lost();
            self.acknowledge(asked);
            if self.shared.stop.load(Ordering::SeqCst) {
                // What is left of a record that was written in part will not follow.
                let torn = u64::from(self.output.is_torn());
                self.shared.lost_write_failed.fetch_add(torn, Ordering::Relaxed);
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
        let done = self.output.write(&self.batch.bytes, &self.batch.ends);
        self.count(done);
        self.batch.bytes.clear();
        self.batch.ends.clear();
    }

    fn count(&self, done: Done) {
        self.shared.written.fetch_add(done.written, Ordering::Relaxed);
        self.shared.lost_write_failed.fetch_add(done.lost, Ordering::Relaxed);
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
