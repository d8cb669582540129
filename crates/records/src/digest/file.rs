//! A file of digests: header, table of texts, records.
//!
//! ```text
//! "LITDGST\0"  version u16  bytes of a record u16  share in ten-thousandths u16  number of texts u16
//! records u64  dropped u64
//! texts: length u16, bytes; the texts' numbers are their places, beginning with 0, which is empty
//! records
//! ```

use super::{Digest, RECORD_BYTES};
use std::fmt;

const MAGIC: &[u8; 8] = b"LITDGST\0";
/// Version of the form. A reader of version 1 reads every file whose version is 1; longer records are read as far as
/// they are known.
const VERSION: u16 = 1;
const HEADER_BYTES: usize = 32;
/// Most texts of a file.
pub(super) const TEXTS_MAX: usize = u16::MAX as usize;

/// Writes a file. `share` is the part of the requests that was sampled, in ten-thousandths; `dropped` counts sampled
/// requests that could not be kept while they were wanted. Texts beyond what can be numbered are left out: there are
/// at most 65,535.
pub fn write_file<'a>(
    share: u16,
    dropped: u64,
    texts: &[impl AsRef<str>],
    records: impl ExactSizeIterator<Item = &'a Digest>,
) -> Vec<u8> {
    let texts = &texts[..texts.len().min(TEXTS_MAX)];
    let mut out = Vec::with_capacity(HEADER_BYTES + texts.len() * 16 + records.len() * RECORD_BYTES);
    out.extend_from_slice(MAGIC);
    for short in [VERSION, RECORD_BYTES as u16, share, texts.len() as u16] {
        out.extend_from_slice(&short.to_le_bytes());
    }
    out.extend_from_slice(&(records.len() as u64).to_le_bytes());
    out.extend_from_slice(&dropped.to_le_bytes());
    for text in texts {
        let text = text.as_ref().as_bytes();
        let text = &text[..text.len().min(usize::from(u16::MAX))];
        out.extend_from_slice(&(text.len() as u16).to_le_bytes());
        out.extend_from_slice(text);
    }
    for record in records {
        out.extend_from_slice(&record.to_bytes());
    }
    out
}

/// A file of digests, read where it lies.
#[derive(Clone, Debug)]
pub struct DigestFile<'a> {
    /// The part of the requests that was sampled, in ten-thousandths.
    pub share: u16,
    /// Sampled requests that were not kept.
    pub dropped: u64,
    texts: Vec<&'a str>,
    record_bytes: usize,
    records: &'a [u8],
}

/// Why bytes are no file of digests.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum FileMistake {
    /// It begins otherwise.
    NotDigests,
    /// Of a version that is not known here.
    Version(u16),
    /// Less is there than the header says.
    CutOff,
    /// The header says what cannot be, or a text is not UTF-8.
    Malformed,
}

impl fmt::Display for FileMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FileMistake::NotDigests => f.write_str("these are no digests of requests"),
            FileMistake::Version(version) => {
                write!(f, "the digests are of version {version}; version {VERSION} is known here")
            }
            FileMistake::CutOff => f.write_str("the digests are cut off"),
            FileMistake::Malformed => f.write_str("the digests are damaged"),
        }
    }
}

impl std::error::Error for FileMistake {}

impl<'a> DigestFile<'a> {
    /// Reads header and texts; records are read as they are asked for.
    ///
    /// # Errors
    /// When the bytes are not a whole file of a known version.
    pub fn read(bytes: &'a [u8]) -> Result<DigestFile<'a>, FileMistake> {
        let rest = bytes.strip_prefix(MAGIC).ok_or(FileMistake::NotDigests)?;
        let mut reader = Reader(rest);
        let version = reader.short()?;
        if version != VERSION {
            return Err(FileMistake::Version(version));
        }
        let (record_bytes, share, count) = (usize::from(reader.short()?), reader.short()?, reader.short()?);
        if record_bytes < RECORD_BYTES || share > 10_000 {
            return Err(FileMistake::Malformed);
        }
        let (records, dropped) = (reader.long()?, reader.long()?);
        let mut texts = Vec::new();
        for _ in 0..count {
            let length = usize::from(reader.short()?);
            let text = std::str::from_utf8(reader.take(length)?).map_err(|_| FileMistake::Malformed)?;
            texts.push(text);
        }
        let length = usize::try_from(records).ok().and_then(|records| records.checked_mul(record_bytes));
        let length = length.ok_or(FileMistake::Malformed)?;
        let records = reader.take(length)?;
        Ok(DigestFile { share, dropped, texts, record_bytes, records })
    }

    /// The records, oldest first.
    pub fn records(&self) -> impl ExactSizeIterator<Item = Digest> + '_ {
        self.records.chunks_exact(self.record_bytes).map(|record| {
            let known = record.first_chunk().expect("a record is at least as long as those of this version");
            Digest::from_bytes(known)
        })
    }

    /// A text by its number; empty if there is none of this number.
    pub fn text(&self, number: u16) -> &'a str {
        self.texts.get(usize::from(number)).copied().unwrap_or_default()
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Result<&'a [u8], FileMistake> {
        let (head, tail) = self.0.split_at_checked(bytes).ok_or(FileMistake::CutOff)?;
        self.0 = tail;
        Ok(head)
    }

    fn short(&mut self) -> Result<u16, FileMistake> {
        self.take(2).map(|two| u16::from_le_bytes([two[0], two[1]]))
    }

    fn long(&mut self) -> Result<u64, FileMistake> {
        self.take(8).map(|eight| u64::from_le_bytes(eight.try_into().expect("took eight bytes")))
    }
}
