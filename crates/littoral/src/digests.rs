//! The forms in which digests of sampled requests are handed out: as they are kept, for spreadsheets, and for cache
//! simulators.

use littoral_records::digest::{DigestFile, FileMistake, write_csv, write_oracle};

/// A form of digests.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default, clap::ValueEnum)]
pub(crate) enum DigestFormat {
    /// As the node keeps them: docs/digests.md
    #[default]
    Binary,
    /// Comma-separated values, a line of names first
    Csv,
    /// libCacheSim's oracleGeneral
    Oracle,
}

impl DigestFormat {
    pub(crate) fn named(name: &str) -> Option<DigestFormat> {
        Some(match name {
            "binary" => DigestFormat::Binary,
            "csv" => DigestFormat::Csv,
            "oracle" => DigestFormat::Oracle,
            _ => return None,
        })
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            DigestFormat::Binary => "application/vnd.littoral.digests",
            DigestFormat::Csv => "text/csv; charset=utf-8; header=present",
            DigestFormat::Oracle => "application/octet-stream",
        }
    }

    /// Makes this form of the binary one.
    ///
    /// # Errors
    /// When that is no file of digests.
    pub(crate) fn export(self, binary: Vec<u8>) -> Result<Vec<u8>, FileMistake> {
        let file = DigestFile::read(&binary)?;
        let mut out = Vec::new();
        // Writing to memory does not fail.
        let _ = match self {
            DigestFormat::Binary => return Ok(binary),
            DigestFormat::Csv => write_csv(&file, &mut out),
            DigestFormat::Oracle => write_oracle(&file, &mut out),
        };
        Ok(out)
    }
}
