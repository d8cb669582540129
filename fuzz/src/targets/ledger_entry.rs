//! Bytes as an entry of the purge log: what is read is written as the same bytes.

use littoral_ledger::{Logged, Position, Purge};

/// Runs one input.
pub fn run(input: &[u8]) {
    if let Ok(logged) = Logged::decode(input) {
        assert_eq!(logged.encode().as_deref(), Ok(input));
    }
    if let Ok(purge) = Purge::decode(input) {
        assert_eq!(purge.encode().as_deref(), Ok(input));
    }
    if let Ok(position) = Position::decode(input) {
        assert_eq!(position.encode(), input);
    }
}
