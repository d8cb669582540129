//! `[log]`: where the access log goes, in which form, how long it is kept, and the digests of sampled requests.

use super::check_path;
use crate::section::Section;
use crate::{Bounds, Spanned, quoted};
use std::time::Duration;

/// The keys of `[log]`, for hints.
pub(super) const KEYS: &[&str] =
    &["access", "format", "rotate_bytes", "rotate_every", "keep", "digests", "digest_share"];

const ROTATE_BYTES: Bounds<u64> = Bounds::new(256 << 20, 0, 1 << 40);
const ROTATE_EVERY: Bounds<Duration> =
    Bounds::new(Duration::from_secs(86_400), Duration::from_secs(60), Duration::from_secs(366 * 86_400));
const KEEP: Bounds<u64> = Bounds::new(7, 0, 1000);
const DIGESTS: Bounds<u64> = Bounds::new(4 << 20, 0, 256 << 20);
const DIGEST_SHARE: Bounds<u64> = Bounds::new(1, 1, 100);

/// What a node writes down of its traffic.
///
/// # Reconfigure
/// It holds from the next start.
#[derive(Clone, PartialEq, Debug)]
pub struct LogSection {
    /// `access`: where the access log goes. Default standard output.
    pub access: AccessLog,
    /// The form of its lines. Default JSON.
    pub format: LogFormat,
    /// A log file begins anew before it would become larger. Default 256 MiB; up to 1 TiB; 0 B: never for its size.
    pub rotate_bytes: u64,
    /// And at multiples of this in UTC. Default never; 1 min to 366 d.
    pub rotate_every: Option<Duration>,
    /// Log files beside the one that is written. Default 7; 0 to 1000.
    pub keep: u32,
    /// `digests`: memory for digests of sampled requests. Default 4 MiB; up to 256 MiB; 0 B: none are taken.
    pub digest_bytes: u64,
    /// `digest_share`: the part of the paths that is sampled. Default 1 %; up to 100 %.
    pub digest_share_percent: u8,
}

/// Where the access log goes.
#[derive(Clone, PartialEq, Debug, Default)]
pub enum AccessLog {
    /// `"stdout"`. The default.
    #[default]
    Stdout,
    /// `"off"`: nowhere.
    Off,
    /// A path; it has a `/` or a `.`, so that no word is taken for one.
    File(Spanned<String>),
}

/// The form of the access log's lines.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum LogFormat {
    /// `"json"`: an object a line.
    #[default]
    Json,
    /// `"combined"`: as nginx and Apache write it.
    Combined,
}

impl Default for LogSection {
    fn default() -> LogSection {
        LogSection {
            access: AccessLog::default(),
            format: LogFormat::default(),
            rotate_bytes: ROTATE_BYTES.default,
            rotate_every: None,
            keep: KEEP.default as u32,
            digest_bytes: DIGESTS.default,
            digest_share_percent: DIGEST_SHARE.default as u8,
        }
    }
}

pub(super) fn read(node: &Section<'_>) -> LogSection {
    let Some(section) = node.section("log", "the log of the node") else { return LogSection::default() };
    let access = section.text("access").map(|access| read_access(&section, access)).unwrap_or_default();
    let formats = [("json", LogFormat::Json), ("combined", LogFormat::Combined)];
    let format = section.choice("format", &formats).map(|format| format.value).unwrap_or_default();
    let every = section.duration("rotate_every", ROTATE_EVERY);
    let log = LogSection {
        format,
        rotate_bytes: section.size("rotate_bytes", ROTATE_BYTES),
        rotate_every: section.place("rotate_every").map(|_| every),
        keep: section.count("keep", KEEP) as u32,
        digest_bytes: section.size("digests", DIGESTS),
        digest_share_percent: section
            .percent("digest_share", DIGEST_SHARE)
            .map_or(DIGEST_SHARE.default, |share| share.value) as u8,
        access,
    };
    if !matches!(log.access, AccessLog::File(_)) {
        report_rotation(&section);
    }
    section.finish(&[]);
    log
}

/// Only a file can begin anew.
fn report_rotation(section: &Section<'_>) {
    for key in ["rotate_bytes", "rotate_every", "keep"] {
        if let Some(span) = section.place(key) {
            let message = format!("`{key}` of {} is for a log file, and there is none", section.name());
            let mistake = section.reader().mistake(&span, message, "nothing to rotate");
            section.reader().report(mistake.hint("name a file: access = \"/var/log/littoral/access.log\""));
        }
    }
}

fn read_access(log: &Section<'_>, access: Spanned<String>) -> AccessLog {
    match access.as_str() {
        "stdout" => AccessLog::Stdout,
        "off" => AccessLog::Off,
        // A bare word is more likely a slip than a file's name.
        path if path.ends_with('/') => {
            let message = format!("`access` of {} is a folder: {}", log.name(), quoted(path));
            let mistake = log.reader().mistake(&access.span, message, "not a file");
            log.reader().report(mistake.hint(format!("\"{path}access.log\"")));
            AccessLog::default()
        }
        path if path.contains(['/', '.']) => {
            check_path(log, "access", &access);
            AccessLog::File(access)
        }
        word => {
            let message = format!("`access` of {} cannot be {}", log.name(), quoted(word));
            let mistake = log.reader().mistake(&access.span, message, "neither a word for it nor a path");
            log.reader().report(mistake.hint("it is \"stdout\", \"off\" or a path with a `/`"));
            AccessLog::default()
        }
    }
}
