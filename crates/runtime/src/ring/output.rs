//! Where the writer's lines end up: a stream, or a file that is rotated.
//!
//! A line is never torn: of a record that was written in part, as on a full disk, the rest is kept and written first
//! when there is room again. Rotation happens between records. It is ours alone: whoever moves the file away
//! (logrotate) says so with `reopen`, and should a rotation of ours come before that is said, it sees that the name is
//! no longer this file's and only opens it anew.

use std::fmt::Display;
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::writer::{LogOptions, LogTarget, Rotation};

/// Between two messages about the same trouble.
const TELL_EVERY: Duration = Duration::from_secs(60);
/// After a rotation that failed, before the next try; the file is written on.
const ROTATE_AGAIN_AFTER: Duration = Duration::from_secs(10);
/// A target that is not to be waited for (somebody has set it so) is asked again after this.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
/// And so often, before its records are lost.
const BUSY_TRIES_MAX: u32 = 100;

/// What became of a batch.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Done {
    pub(super) written: u64,
    pub(super) lost: u64,
}

pub(super) struct Output {
    to: Target,
    /// The rest of a record whose beginning was written.
    rest: Vec<u8>,
    options: LogOptions,
    trouble: Trouble,
}

enum Target {
    Stream(Box<dyn Write + Send>),
    File(LogFile),
}

/// What the operator has been told, and what not yet.
#[derive(Default)]
struct Trouble {
    /// While nothing can be written: whether that was told, and how many records were lost since.
    failing: Option<(bool, u64)>,
    told_nanos: Option<u64>,
}

impl Output {
    pub(super) fn open(target: LogTarget, options: LogOptions) -> io::Result<Output> {
        let to = match target {
            LogTarget::Stdout => Target::Stream(Box::new(stdout()?)),
            LogTarget::File(path) => Target::File(LogFile::open(path, &options)?),
            LogTarget::Other(to) => Target::Stream(to),
        };
        Ok(Output { to, rest: Vec::new(), options, trouble: Trouble::default() })
    }

    pub(super) fn is_torn(&self) -> bool {
        !self.rest.is_empty()
    }

    /// What is due before records are written: the file opened anew, the rotation of a new day.
    pub(super) fn turn(&mut self, reopen: bool) -> Done {
        let mut done = Done::default();
        let now = self.options.clock.monotonic_nanos();
        let Target::File(log) = &mut self.to else { return done };
        if reopen || log.reopen_due {
            // A record that was begun belongs into the file that has its beginning.
            let begun = !self.rest.is_empty();
            let (accepted, _) = write_all(&mut log.file, &self.rest);
            self.rest.drain(..accepted);
            done.written = u64::from(begun && self.rest.is_empty());
            match log.open_again() {
                Ok(true) => {
                    done.lost = u64::from(!self.rest.is_empty());
                    self.rest.clear();
                }
                Ok(false) => {}
                Err(error) => {
                    self.trouble.tell(&self.options, now, &what(Some(&log.path), "opened anew", &error));
                }
            }
        }
        if self.rest.is_empty() && log.is_of_the_past(&self.options) {
            rotate(log, &mut self.trouble, &self.options, now);
        }
        done
    }

    /// Writes records, which end in `bytes` at `ends`.
    pub(super) fn write(&mut self, bytes: &[u8], ends: &[usize]) -> Done {
        let mut done = Done::default();
        if bytes.is_empty() && self.rest.is_empty() {
            return done;
        }
        if !self.rest.is_empty() {
            let (accepted, error) = write_all(self.to.writer(), &self.rest);
            self.rest.drain(..accepted);
            if let Some(error) = error {
                done.lost = ends.len() as u64;
                self.note_failure(&error, done.lost);
                return done;
            }
            done.written += 1;
        }
        let (mut from, mut first) = (0, 0);
        while first < ends.len() {
            let count = self.fitting(from, &ends[first..]);
            let part = &ends[first..first + count];
            let end = part.last().copied().unwrap_or(from);
            let (accepted, error) = write_all(self.to.writer(), &bytes[from..end]);
            let whole = part.iter().take_while(|&&end| end <= from + accepted).count();
            done.written += whole as u64;
            if let Some(error) = error {
                let mut lost = (ends.len() - first - whole) as u64;
                // The record in which it stopped is not lost: its end follows.
                let at = from + accepted;
                let begun = if whole == 0 { from } else { part[whole - 1] };
                if at > begun
                    && let Some(&end) = part.get(whole)
                {
                    self.rest.extend_from_slice(&bytes[at..end]);
                    lost -= 1;
                }
                done.lost += lost;
                self.note_failure(&error, lost);
                return done;
            }
            (from, first) = (end, first + count);
        }
        self.note_success();
        done
    }

    /// How many of the records that end at `ends` and begin at `from` go into the file as it is; rotates it if not even
    /// the first does. At least one.
    fn fitting(&mut self, from: usize, ends: &[usize]) -> usize {
        let now = self.options.clock.monotonic_nanos();
        let (Target::File(log), Some(bytes_max)) = (&mut self.to, self.options.rotation.bytes_max) else {
            return ends.len();
        };
        let fits = |length: u64| {
            let room = bytes_max.saturating_sub(length);
            ends.iter().take_while(|&&end| (end - from) as u64 <= room).count()
        };
        let length = log.length();
        if fits(length) == 0 && length > 0 {
            rotate(log, &mut self.trouble, &self.options, now);
        }
        match (log.length(), log.may_rotate(now)) {
            // Where it cannot be rotated, it is written on.
            (1.., false) => ends.len(),
            (length, _) => fits(length).max(1),
        }
    }

    fn note_failure(&mut self, error: &io::Error, lost: u64) {
        let now = self.options.clock.monotonic_nanos();
        let path = match &self.to {
            Target::File(log) => Some(log.path.as_path()),
            Target::Stream(_) => None,
        };
        let (told, before) = self.trouble.failing.unwrap_or_default();
        let told = told || {
            let message = format!("{}; records are lost until it can", what(path, "written", error));
            self.trouble.tell(&self.options, now, &message)
        };
        self.trouble.failing = Some((told, before + lost));
    }

    fn note_success(&mut self) {
        if let Some((true, lost)) = self.trouble.failing.take() {
            (self.options.tell)(&format_args!(
                "the access log is written again; records lost meanwhile: {lost}"
            ));
        }
    }
}

impl Trouble {
    /// Tells the operator, unless something was told not long ago; whether it did.
    fn tell(&mut self, options: &LogOptions, now_nanos: u64, message: &dyn Display) -> bool {
        let pause = TELL_EVERY.as_nanos() as u64;
        if self.told_nanos.is_some_and(|told| now_nanos.saturating_sub(told) < pause) {
            return false;
        }
        self.told_nanos = Some(now_nanos);
        (options.tell)(message);
        true
    }
}

fn what(path: Option<&Path>, done: &str, error: &io::Error) -> String {
    match path {
        Some(path) => format!("the access log {} cannot be {done}: {error}", path.display()),
        None => format!("the access log cannot be {done}: {error}"),
    }
}

impl Target {
    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Target::Stream(to) => to,
            Target::File(log) => &mut log.file,
        }
    }
}

/// Writes as much as the target takes: how much that was, and why no more.
fn write_all(to: &mut (impl Write + ?Sized), bytes: &[u8]) -> (usize, Option<io::Error>) {
    let (mut accepted, mut busy) = (0, 0);
    while accepted < bytes.len() {
        match to.write(&bytes[accepted..]) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock && busy < BUSY_TRIES_MAX => {
                busy += 1;
                std::thread::park_timeout(BUSY_PAUSE);
            }
            Ok(n @ 1..) => (accepted, busy) = (accepted + n, 0),
            Ok(0) => return (accepted, Some(ErrorKind::WriteZero.into())),
            Err(error) => return (accepted, Some(error)),
        }
    }
    (accepted, None)
}

struct LogFile {
    path: PathBuf,
    file: File,
    /// Devices and pipes are not rotated.
    is_regular: bool,
    /// Which multiple of the rotation's time the file belongs to.
    period: i64,
    /// The file under the name is another one, which could not be opened yet.
    reopen_due: bool,
    rotate_from_nanos: u64,
}

impl LogFile {
    fn open(path: PathBuf, options: &LogOptions) -> io::Result<LogFile> {
        let file = append_to(&path)?;
        let found = file.metadata()?;
        let now = options.clock.now();
        // A file of an earlier run belongs to the time of its last line.
        let written = if found.len() > 0 { found.mtime() } else { now };
        Ok(LogFile {
            is_regular: found.is_file(),
            period: period(options.rotation, written),
            path,
            file,
            reopen_due: false,
            rotate_from_nanos: 0,
        })
    }

    fn length(&self) -> u64 {
        // Asked anew each time: somebody may have cut the file off (`copytruncate`).
        self.file.metadata().map_or(0, |found| found.len())
    }

    fn may_rotate(&self, now_nanos: u64) -> bool {
        self.is_regular && now_nanos >= self.rotate_from_nanos
    }

    /// Whether its lines are of an earlier period. An empty file belongs to any.
    fn is_of_the_past(&mut self, options: &LogOptions) -> bool {
        let now = period(options.rotation, options.clock.now());
        if now != self.period && self.length() == 0 {
            self.period = now;
        }
        now != self.period
    }

    /// Opens the file under its name, unless that is this one. Whether another one is written from now on.
    fn open_again(&mut self) -> io::Result<bool> {
        self.reopen_due = false;
        if self.is_at_its_path() {
            return Ok(false);
        }
        match append_to(&self.path) {
            Ok(file) => {
                self.is_regular = file.metadata().is_ok_and(|found| found.is_file());
                self.file = file;
                self.rotate_from_nanos = 0;
                Ok(true)
            }
            Err(error) => {
                self.reopen_due = true;
                Err(error)
            }
        }
    }

    fn is_at_its_path(&self) -> bool {
        let identity = |found: fs::Metadata| (found.dev(), found.ino());
        match (fs::metadata(&self.path), self.file.metadata()) {
            (Ok(named), Ok(own)) => identity(named) == identity(own),
            _ => false,
        }
    }

    /// Moves the files on by one and begins a new one.
    fn rotate(&mut self, keep: u32) -> io::Result<()> {
        if !self.is_at_its_path() {
            return self.open_again().map(drop);
        }
        let mode = self.file.metadata()?.permissions();
        let numbered = |number: u32| {
            let mut name = self.path.as_os_str().to_owned();
            name.push(format!(".{number}"));
            PathBuf::from(name)
        };
        // Only up to the first gap: a rotation that failed half way moves nothing twice.
        let gap = (1..keep).find(|&number| !numbered(number).exists()).unwrap_or(keep);
        for number in (1..gap).rev() {
            fs::rename(numbered(number), numbered(number + 1))?;
        }
        if keep == 0 {
            fs::remove_file(&self.path)?;
        } else {
            match fs::rename(&self.path, numbered(1)) {
                // Somebody was quicker.
                Err(error) if error.kind() == ErrorKind::NotFound => {}
                moved => moved?,
            }
        }
        // What an earlier, larger `keep` has left.
        (keep + 1..).take_while(|&number| fs::remove_file(numbered(number)).is_ok()).for_each(drop);
        self.open_again()?;
        self.file.set_permissions(mode)
    }
}

fn rotate(log: &mut LogFile, trouble: &mut Trouble, options: &LogOptions, now_nanos: u64) {
    if !log.may_rotate(now_nanos) {
        return;
    }
    match log.rotate(options.rotation.keep) {
        Ok(()) => log.period = period(options.rotation, options.clock.now()),
        Err(error) => {
            log.rotate_from_nanos = now_nanos.saturating_add(ROTATE_AGAIN_AFTER.as_nanos() as u64);
            trouble.tell(options, now_nanos, &what(Some(&log.path), "rotated", &error));
        }
    }
}

fn period(rotation: Rotation, seconds: i64) -> i64 {
    match rotation.every.map(|every| i64::try_from(every.as_secs()).unwrap_or(i64::MAX)) {
        Some(every @ 1..) => seconds.div_euclid(every),
        _ => 0,
    }
}

/// A handle of our own on standard output: unbuffered, and without the lock that others may hold.
fn stdout() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().create(true).append(true).open(path)
}
