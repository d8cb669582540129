//! Bytes as a generation's manifest: what is read is written as the same bytes, and a node can take it.

use littoral_ledger::{Generations, Manifest};

/// Runs one input.
pub fn run(input: &[u8]) {
    let Ok(manifest) = Manifest::decode(input) else { return };
    assert_eq!(manifest.encode(), input);
    for part in manifest.parts() {
        assert_eq!(manifest.part(&part.name), Some(part));
    }
    let mut node = Generations::default();
    let at = manifest.at();
    assert!(node.commit(manifest.clone()).is_ok());
    assert_eq!(node.committed(), Some(at));
    assert!(node.commit(manifest).is_err(), "not twice");
}
