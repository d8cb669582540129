//! Where the log is: asked of the running node, read in a node file, or given; and the rotated files beside it.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use hyper::Method;
use littoral_model::AccessLog;

use crate::cli::Logs;
use crate::client::{self, AskError};
use crate::console;
use crate::sites;

/// Why there is no log to read.
pub(super) enum NoLog {
    /// The node could not be asked.
    Asked(AskError),
    Refused {
        what: String,
        hint: Option<&'static str>,
    },
}

impl NoLog {
    pub(super) fn unreadable(path: &Path, error: &io::Error) -> NoLog {
        NoLog::Refused { what: format!("cannot read {}: {error}", path.display()), hint: None }
    }
}

/// Log files in the order in which they were written.
pub(super) struct LogFiles {
    paths: Vec<PathBuf>,
    /// They are one log and its rotated files, any of which may be gone when it is opened.
    rotated: bool,
}

impl LogFiles {
    /// `since_millis`: files that were last written before are not needed.
    pub(super) fn find(arguments: &Logs, since_millis: Option<i64>) -> Result<LogFiles, NoLog> {
        if !arguments.files.is_empty() {
            return Ok(LogFiles { paths: arguments.files.clone(), rotated: false });
        }
        let current = match &arguments.config {
            Some(file) => of_node_file(file)?,
            None => of_node(arguments)?,
        };
        let (mut paths, compressed) =
            rotated_files(&current).map_err(|error| NoLog::unreadable(&current, &error))?;
        if compressed > 0 {
            let files = console::count(compressed, "compressed file");
            console::tell(format_args!(
                "{files} left out: zcat {}.*.gz | littoral logs -",
                current.display()
            ));
        }
        if let Some(since) = since_millis {
            let written = |path: &PathBuf| fs::metadata(path).map_or(i64::MAX, |found| found.mtime());
            paths.retain(|path| written(path) >= since.div_euclid(1000));
        }
        paths.push(current);
        Ok(LogFiles { paths, rotated: true })
    }

    /// The one that is written now.
    pub(super) fn current(&self) -> &Path {
        self.paths.last().map_or(Path::new(""), |path| path)
    }

    /// Opens all of them, the newest first, so that a rotation meanwhile takes none of them away.
    pub(super) fn open(&self) -> Result<Vec<(PathBuf, File)>, NoLog> {
        let mut seen = HashSet::new();
        let mut opened = Vec::new();
        for (at, path) in self.paths.iter().enumerate().rev() {
            let is_current = at + 1 == self.paths.len();
            match open(path) {
                Ok((file, identity)) => {
                    if !self.rotated || seen.insert(identity) {
                        opened.push((path.clone(), file));
                    }
                }
                Err(error) if self.rotated && !is_current && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(NoLog::unreadable(path, &error)),
            }
        }
        opened.reverse();
        Ok(opened)
    }
}

/// Opens a file for reading; which file that is, whatever it is called later.
pub(super) fn open(path: &Path) -> io::Result<(File, (u64, u64))> {
    let file = File::open(path)?;
    let found = file.metadata()?;
    if found.is_dir() {
        return Err(io::Error::other("it is a folder"));
    }
    Ok((file, (found.dev(), found.ino())))
}

fn of_node(arguments: &Logs) -> Result<PathBuf, NoLog> {
    let body = client::ask(&arguments.target, &Method::GET, "/v1/status", None).map_err(NoLog::Asked)?;
    let status: serde_json::Value = serde_json::from_slice(&body).unwrap_or_default();
    let log = &status["access_log"];
    match (log["to"].as_str(), log["file"].as_str()) {
        (Some("file"), Some(file)) => Ok(PathBuf::from(file)),
        (Some("stdout"), _) => Err(on_stdout()),
        (Some("off"), _) => Err(off()),
        _ => Err(NoLog::Refused { what: "the node does not say where its log is".to_owned(), hint: None }),
    }
}

fn of_node_file(file: &Path) -> Result<PathBuf, NoLog> {
    let (node, base) = sites::read_node(file).map_err(|what| NoLog::Refused { what, hint: None })?;
    match node.log.access {
        AccessLog::File(path) => Ok(base.join(path.value)),
        AccessLog::Stdout => Err(on_stdout()),
        AccessLog::Off => Err(off()),
    }
}

fn on_stdout() -> NoLog {
    NoLog::Refused {
        what: "the node writes its log to standard output".to_owned(),
        hint: Some("pipe it in: journalctl -u littoral -o cat | littoral logs -"),
    }
}

fn off() -> NoLog {
    NoLog::Refused {
        what: "the node keeps no access log".to_owned(),
        hint: Some("[log] access = \"/var/log/littoral/access.log\" turns it on"),
    }
}

/// `access.log.2`, `access.log.1`: the oldest first; and how many are compressed.
pub(super) fn rotated_files(current: &Path) -> io::Result<(Vec<PathBuf>, usize)> {
    let folder = match current.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let Some(name) = current.file_name().and_then(|name| name.to_str()) else { return Ok((Vec::new(), 0)) };
    let (mut numbered, mut compressed) = (Vec::new(), 0);
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let found = entry.file_name();
        let Some(suffix) = found.to_str().and_then(|found| found.strip_prefix(name)?.strip_prefix('.'))
        else {
            continue;
        };
        match suffix.parse::<u32>() {
            Ok(number) => numbered.push((number, entry.path())),
            Err(_) if suffix.ends_with("gz") || suffix.ends_with("zst") || suffix.ends_with("xz") => {
                compressed += 1;
            }
            Err(_) => {}
        }
    }
    numbered.sort_by_key(|(number, _)| std::cmp::Reverse(*number));
    Ok((numbered.into_iter().map(|(_, path)| path).collect(), compressed))
}
