//! One line of an access log, read back: JSON as we write it, or the combined format of anybody.

use super::combined;
use super::time::parse_time;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// Longest line that is read, in bytes: every text of a record at its longest, each byte escaped.
const LINE_BYTES_MAX: usize = 256 * 1024;

/// What a line says. Its serialized form is the stable one, whatever the line's format was: members without a value
/// are left out, members of later versions are passed over when read.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "its members are those of `AccessRecord`, which says what they mean")]
pub struct Entry<'a> {
    #[serde(borrow)]
    pub time: Cow<'a, str>,
    #[serde(rename = "duration_us", skip_serializing_if = "Option::is_none")]
    pub duration_micros: Option<u64>,
    #[serde(rename = "first_byte_us", skip_serializing_if = "Option::is_none")]
    pub first_byte_micros: Option<u64>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub request_id: Cow<'a, str>,
    pub status: u16,
    pub bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub head_bytes: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub cut: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ttl: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_status: Option<u16>,
    #[serde(rename = "origin_us", skip_serializing_if = "Option::is_none")]
    pub origin_micros: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin_tries: Option<u8>,
    #[serde(borrow)]
    pub client: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub node: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub protocol: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub tls: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub scheme: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub method: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub host: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub target: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub range: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub site: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub behavior: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub cache: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub forward: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub detail: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub origin: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub referer: Cow<'a, str>,
    #[serde(borrow, skip_serializing_if = "str::is_empty")]
    pub user_agent: Cow<'a, str>,
}

/// The line is neither JSON of an access record nor of the combined format: torn, or of something else.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct BrokenLine;

impl<'a> Entry<'a> {
    /// Reads a line, with or without its line feed.
    ///
    /// # Errors
    /// When it is of neither format.
    pub fn parse(line: &'a [u8]) -> Result<Entry<'a>, BrokenLine> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() > LINE_BYTES_MAX {
            return Err(BrokenLine);
        }
        if line.first() != Some(&b'{') {
            return combined::parse(line).ok_or(BrokenLine);
        }
        let entry: Entry<'a> = serde_json::from_slice(line).map_err(|_| BrokenLine)?;
        if entry.time_millis().is_none() { Err(BrokenLine) } else { Ok(entry) }
    }

    /// Milliseconds since 1970.
    pub fn time_millis(&self) -> Option<i64> {
        parse_time(self.time.as_bytes())
    }

    /// Appends the stable form, with a line feed.
    pub fn write_json(&self, out: &mut Vec<u8>) {
        // Neither texts nor numbers of an entry can fail to be written to memory.
        let _ = serde_json::to_writer(&mut *out, self);
        out.push(b'\n');
    }
}
