//! What the node writes down of its traffic, from `[log]` of the node file and the defaults.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use littoral_edge::{AccessLog, DigestConfig, LineFormat, Rotation};
use littoral_model::{LogFormat, LogSection};

use super::NotStarted;
use crate::data;
use crate::node::LogPlace;

/// The file of the secret that digests are hashed with, in the data folder.
const DIGEST_KEY_FILE: &str = "digest.key";

/// What is written down, and where.
pub(super) struct LogSettings {
    pub(super) access: AccessLog,
    pub(super) digests: Option<DigestConfig>,
    section: LogSection,
}

/// Where a node file sends the log, its path resolved.
pub(super) fn resolved(access: &littoral_model::AccessLog, base: &Path) -> AccessLog {
    match access {
        littoral_model::AccessLog::Off => AccessLog::Off,
        littoral_model::AccessLog::Stdout => AccessLog::Stdout,
        littoral_model::AccessLog::File(path) => AccessLog::File(base.join(&path.value)),
    }
}

impl LogSettings {
    /// As the node file says, or else with the log going to `otherwise`. Makes the log's folder and the digests' secret
    /// if need be; the edge opens the file.
    pub(super) fn new(
        file: Option<(LogSection, AccessLog)>,
        otherwise: AccessLog,
        folder: &Path,
    ) -> Result<LogSettings, NotStarted> {
        let (section, access) = file.unwrap_or_else(|| (LogSection::default(), otherwise));
        if let AccessLog::File(path) = &access {
            make_log_folder(path)?;
        }
        let digests = match section.digest_bytes {
            0 => None,
            bytes => Some(DigestConfig {
                bytes,
                share_percent: section.digest_share_percent,
                secret: digest_secret(&folder.join(DIGEST_KEY_FILE))?,
            }),
        };
        Ok(LogSettings { access, digests, section })
    }

    pub(super) fn format(&self) -> LineFormat {
        match self.section.format {
            LogFormat::Json => LineFormat::Json,
            LogFormat::Combined => LineFormat::Combined,
        }
    }

    pub(super) fn rotation(&self) -> Rotation {
        Rotation {
            bytes_max: (self.section.rotate_bytes > 0).then_some(self.section.rotate_bytes),
            every: self.section.rotate_every,
            keep: self.section.keep,
        }
    }

    pub(super) fn file(&self) -> Option<&Path> {
        match &self.access {
            AccessLog::File(path) => Some(path),
            _ => None,
        }
    }

    /// For the announcement.
    pub(super) fn told(&self) -> String {
        match &self.access {
            AccessLog::Off => "off".to_owned(),
            AccessLog::Stdout => "on standard output".to_owned(),
            AccessLog::File(path) => path.display().to_string(),
        }
    }

    pub(super) fn place(&self) -> LogPlace {
        let format = self.format().as_str();
        match &self.access {
            AccessLog::Off => LogPlace { to: "off", file: None, format },
            AccessLog::Stdout => LogPlace { to: "stdout", file: None, format },
            // Whoever asks has another current directory.
            AccessLog::File(path) => LogPlace {
                to: "file",
                file: Some(std::path::absolute(path).unwrap_or_else(|_| path.clone())),
                format,
            },
        }
    }
}

fn make_log_folder(log: &Path) -> Result<(), NotStarted> {
    let made = match log.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => data::make(folder),
        _ => Ok(()),
    };
    made.map_err(|error| {
        NotStarted::new(format_args!("cannot make the folder of the access log {}: {error}", log.display()))
            .hint("name another file in [log] access, or \"stdout\"")
    })
}

/// Kept, so that digests of several runs belong together; readable by the node's own user only.
fn digest_secret(file: &Path) -> Result<[u8; 16], NotStarted> {
    kept_secret(file).map_err(|error| {
        NotStarted::new(format_args!("the key of the request digests, {}: {error}", file.display()))
            .hint("remove the file to get a new one, or take no digests: [log] digests = \"0B\"")
    })
}

fn kept_secret(file: &Path) -> io::Result<[u8; 16]> {
    match fs::read_to_string(file) {
        Ok(text) => secret_of(text.trim()).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "it does not hold 32 hexadecimal digits")
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let mut secret = [0; 16];
            File::open("/dev/urandom")?.read_exact(&mut secret)?;
            let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            data::write_secret(file, &format!("{text}\n"))?;
            Ok(secret)
        }
        Err(error) => Err(error),
    }
}

fn secret_of(text: &str) -> Option<[u8; 16]> {
    let mut secret = [0; 16];
    if text.len() != 32 || !text.is_ascii() {
        return None;
    }
    for (at, byte) in secret.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_a_damaged_one_is_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("digest.key");
        let made = kept_secret(&file).expect("made");
        assert_eq!(kept_secret(&file).expect("kept"), made);
        assert_ne!(made, [0; 16]);
        fs::write(&file, "0123").expect("written");
        assert!(kept_secret(&file).is_err());
    }
}
