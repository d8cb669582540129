//! Bytes as a node's journal: what is kept is written as the same bytes, comes to the same after it was compacted,
//! and a node can start from it.

use littoral_ledger::{Cut, Fence, Limits, Replayed, compact, decode_journal};

/// Runs one input.
pub fn run(input: &[u8]) {
    let (records, length, cut) = decode_journal(input);
    let mut again = Vec::new();
    for record in &records {
        record.encode(&mut again).expect("what was read can be written");
    }
    assert_eq!(again, input[..length]);
    assert_eq!(cut == Cut::Clean, length == input.len());
    let replayed = Replayed::of(records.clone(), cut);
    let compacted = Replayed::of(compact(&records, Default::default(), 64), Cut::Clean);
    assert_eq!((compacted.life(), compacted.control()), (replayed.life(), replayed.control()));
    if replayed.life() < littoral_ledger::Position::EPOCH_MAX {
        assert_eq!(Fence::of_journal(Limits::default(), &replayed).position().epoch, replayed.life() + 1);
    }
}
