//! Bytes as a line of an access log: whatever is read, its stable form is one line that says the same.

use littoral_records::access::Entry;

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(entry) = Entry::parse(input) else { return };
    assert!(entry.time_millis().is_some() || input.first() != Some(&b'{'));
    let mut stable = Vec::new();
    entry.write_json(&mut stable);
    assert_eq!(stable.iter().filter(|&&b| b == b'\n').count(), 1);
    let again = Entry::parse(&stable).expect("what was written is a line");
    assert_eq!(again, entry);
}
