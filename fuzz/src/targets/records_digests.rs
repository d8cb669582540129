//! Bytes as a file of request digests: what is read, is the same when it is written and read again, and can be
//! exported.

use littoral_records::digest::{Digest, DigestFile, write_csv, write_file, write_oracle};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(file) = DigestFile::read(input) else { return };
    let records: Vec<Digest> = file.records().collect();
    let texts: Vec<&str> = (0..=u16::MAX).map(|number| file.text(number)).collect();
    let written = write_file(file.share, file.dropped, &texts, records.iter());
    let again = DigestFile::read(&written).expect("what was written is a file");
    assert_eq!((again.share, again.dropped), (file.share, file.dropped));
    assert!(again.records().eq(records.iter().copied()));
    assert_eq!(again.text(1), file.text(1));
    let (mut csv, mut oracle) = (Vec::new(), Vec::new());
    write_csv(&file, &mut csv).expect("memory takes all");
    write_oracle(&file, &mut oracle).expect("memory takes all");
    assert!(oracle.len() % 24 == 0 && oracle.len() <= records.len() * 24);
    assert!(csv.starts_with(b"time,"));
}
