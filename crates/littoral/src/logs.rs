//! `littoral logs`: reads an access log, of a node with its rotated files, of files, of standard input.
//!
//! A line at a time, whatever the log's length: only `--lines` keeps any, as many as asked. A line of neither format is
//! counted and told at the end. `files` finds, `lines` reads, `follow` goes on, `filter` chooses, `show` prints.

mod files;
mod filter;
mod follow;
mod lines;
mod show;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::process::ExitCode;

use littoral_records::access::Entry;
use littoral_runtime::Clock;

use crate::cli::Logs;
use crate::console;
use crate::exit;
use files::{LogFiles, NoLog};
use filter::Filter;
pub(crate) use filter::{Moment, StatusPattern};
use lines::{Lines, backwards};
use show::Show;

/// Lines before those to come, unless --lines says otherwise.
const FOLLOWED_LINES: u32 = 10;

/// Prints what the log says.
pub(crate) fn logs(arguments: &Logs) -> ExitCode {
    let filter = Filter::new(arguments, Clock::system().now_millis());
    let mut reading = Reading { filter, show: Show::new(arguments.json), read: 0, broken: 0 };
    let done = read(arguments, &mut reading);
    reading.show.finish();
    reading.tell_broken();
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(NoLog::Asked(error)) => crate::commands::failed(&error),
        Err(NoLog::Refused { what, hint }) => {
            console::fail(what, hint);
            exit::REFUSED.into()
        }
    }
}

fn read(arguments: &Logs, reading: &mut Reading) -> Result<(), NoLog> {
    if arguments.files.iter().any(|file| file == Path::new("-")) {
        return read_stdin(arguments, reading);
    }
    let files = LogFiles::find(arguments, reading.filter.since_millis())?;
    let lines = arguments.lines.or(arguments.follow.then_some(FOLLOWED_LINES));
    let mut opened = files.open()?;
    // Fixed before anything is read: what comes meanwhile is for following.
    let end = opened.last().map_or(Ok(0), |(_, file)| lines::whole_lines_end(file, arguments.follow));
    let end = end.map_err(|error| NoLog::unreadable(files.current(), &error))?;
    match lines {
        Some(count) => reading.last(&mut opened, count as usize, end)?,
        None => reading.all(&mut opened, end)?,
    }
    if arguments.follow
        && let Some((path, file)) = opened.pop()
    {
        follow::follow(reading, path, file, end)?;
    }
    Ok(())
}

fn read_stdin(arguments: &Logs, reading: &mut Reading) -> Result<(), NoLog> {
    if arguments.files.len() > 1 {
        let what = "standard input is read alone, without files".to_owned();
        return Err(NoLog::Refused { what, hint: None });
    }
    // Following is all that can be done with it: it has no end that is known.
    let broken_off = |error: io::Error| NoLog::unreadable(Path::new("standard input"), &error);
    match arguments.lines {
        None => reading.forward(io::stdin().lock(), true).map_err(broken_off),
        Some(count) => {
            let mut kept = VecDeque::new();
            let mut lines = Lines::new(io::stdin().lock());
            while let Some(line) = lines.next().map_err(broken_off)? {
                if reading.fits(line) {
                    if kept.len() == count as usize {
                        kept.pop_front();
                    }
                    if count > 0 {
                        kept.push_back(line.to_vec());
                    }
                }
            }
            kept.iter().for_each(|line| reading.show(line));
            Ok(())
        }
    }
}

/// The state of a reading.
pub(super) struct Reading {
    filter: Filter,
    show: Show,
    read: u64,
    broken: u64,
}

impl Reading {
    /// All lines of the files, of the last one up to `end`.
    fn all(&mut self, files: &mut [(std::path::PathBuf, File)], end: u64) -> Result<(), NoLog> {
        let last = files.len().saturating_sub(1);
        for (at, (path, file)) in files.iter_mut().enumerate() {
            let most = if at == last { end } else { u64::MAX };
            self.forward((&*file).take(most), false).map_err(|error| NoLog::unreadable(path, &error))?;
            if self.show.is_over() {
                break;
            }
        }
        Ok(())
    }

    /// The last `count` lines that fit, in their order.
    fn last(
        &mut self,
        files: &mut [(std::path::PathBuf, File)],
        count: usize,
        end: u64,
    ) -> Result<(), NoLog> {
        let mut kept: Vec<Vec<u8>> = Vec::new();
        let newest = files.len().saturating_sub(1);
        for (at, (path, file)) in files.iter_mut().enumerate().rev() {
            if kept.len() >= count {
                break;
            }
            let end = if at == newest { Some(end) } else { None };
            backwards(file, end, |line| {
                if kept.len() < count && self.fits(line) {
                    kept.push(line.to_vec());
                }
                kept.len() < count
            })
            .map_err(|error| NoLog::unreadable(path, &error))?;
        }
        kept.iter().rev().for_each(|line| self.show(line));
        Ok(())
    }

    /// Lines as they come; `at_once`: none waits for others to be printed with it.
    fn forward(&mut self, from: impl Read, at_once: bool) -> io::Result<()> {
        let mut lines = Lines::new(from);
        while let Some(line) = lines.next()? {
            self.line(line);
            if at_once {
                self.show.flush();
            }
            if self.show.is_over() {
                break;
            }
        }
        Ok(())
    }

    /// Prints the line if it fits.
    fn line(&mut self, line: &[u8]) {
        self.read += 1;
        match Entry::parse(line) {
            Ok(entry) if self.filter.fits(&entry) => self.show.entry(&entry),
            Ok(_) => {}
            Err(_) => self.broken += 1,
        }
    }

    fn fits(&mut self, line: &[u8]) -> bool {
        self.read += 1;
        match Entry::parse(line) {
            Ok(entry) => self.filter.fits(&entry),
            Err(_) => {
                self.broken += 1;
                false
            }
        }
    }

    /// Prints a line that is known to fit.
    fn show(&mut self, line: &[u8]) {
        if let Ok(entry) = Entry::parse(line) {
            self.show.entry(&entry);
        }
    }

    fn tell_broken(&self) {
        if self.broken > 0 {
            console::tell(format_args!(
                "{} of {} lines were not understood: torn, or of another format",
                self.broken, self.read
            ));
        }
    }
}
