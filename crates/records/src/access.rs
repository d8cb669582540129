//! The access log: a record of one answer as it travels to the log's writer, the two forms of its line, and the
//! reading of such lines.

mod combined;
mod entry;
mod json;
mod record;
mod time;

pub use entry::{BrokenLine, Entry};
pub use record::{AccessRecord, TEXT_BYTES_MAX};
pub use time::{parse_time, write_time};

/// The form of the access log's lines.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum LineFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// NCSA combined, as nginx and Apache write it by default.
    Combined,
}

impl LineFormat {
    /// As the node file calls it.
    pub fn as_str(self) -> &'static str {
        match self {
            LineFormat::Json => "json",
            LineFormat::Combined => "combined",
        }
    }
}

/// Appends the line of JSON that says `record`.
pub fn write_json(record: &AccessRecord<'_>, out: &mut Vec<u8>) {
    json::write(record, out);
}

/// Appends the line in the combined format that says `record`.
pub fn write_combined(record: &AccessRecord<'_>, out: &mut Vec<u8>) {
    combined::write(record, out);
}
