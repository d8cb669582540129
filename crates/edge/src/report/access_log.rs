//! The access log: the request's thread copies a record's bytes into its ring and goes on; making lines of them is the
//! writer thread's work.

use littoral_records::access::{AccessRecord, LineFormat, write_combined, write_json};
use littoral_runtime::ring::{Producer, RecordFormat};
use std::thread::Thread;

/// One thread's end of the log.
pub(crate) struct LogEnd {
    ring: Producer,
    writer: Option<Thread>,
    /// The writer has been woken since the ring was last less than half full.
    woken: bool,
}

impl LogEnd {
    pub(crate) fn new(ring: Producer) -> LogEnd {
        LogEnd { ring, writer: None, woken: false }
    }

    /// Whom to wake when the ring fills faster than the writer looks.
    pub(crate) fn set_writer(&mut self, writer: Thread) {
        self.writer = Some(writer);
    }

    /// Hands a record over. The records lost so far, when this one is.
    pub(crate) fn push(&mut self, record: &AccessRecord<'_>) -> Result<(), u64> {
        let accepted = record.encode(|parts| self.ring.push(parts));
        let half_full = self.ring.is_half_full();
        if half_full && !self.woken {
            // Once for each filling: it is a system call.
            self.writer.iter().for_each(Thread::unpark);
        }
        self.woken = half_full;
        if accepted { Ok(()) } else { Err(self.ring.lost()) }
    }
}

/// What makes lines of records.
pub(crate) fn line_format(format: LineFormat) -> RecordFormat {
    match format {
        LineFormat::Json => |record, out| with(record, out, write_json),
        LineFormat::Combined => |record, out| with(record, out, write_combined),
    }
}

fn with(record: &[u8], out: &mut Vec<u8>, write: fn(&AccessRecord<'_>, &mut Vec<u8>)) {
    // The ring takes a record whole or not at all.
    if let Some(record) = AccessRecord::decode(record) {
        write(&record, out);
    }
}
