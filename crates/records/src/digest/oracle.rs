//! Digests in libCacheSim's `oracleGeneral` form, which cache simulators read: 24 bytes for each request,
//! little-endian: time in seconds u32, id u64, size in bytes u32, number of the next request for the same id i64
//! (counted from 1; -1: none).
//!
//! Written are requests that a cache could answer: `GET` and `HEAD` that were not sent past the cache and not
//! answered here.

use super::{CACHE_RESULTS, Digest, DigestFile, METHODS};
use std::collections::HashMap;
use std::io::{self, Write};

/// Writes the records that concern a cache. The id is the key's hash, the size that of the whole body, at least 1.
///
/// # Errors
/// What the target says.
pub fn write_oracle(file: &DigestFile<'_>, out: &mut impl Write) -> io::Result<()> {
    let wanted = || file.records().filter(is_for_a_cache);
    // Looked at from the end, each request sees the next one for its key.
    let keys: Vec<u64> = wanted().map(|record| record.key).collect();
    let mut next = vec![-1_i64; keys.len()];
    let mut seen: HashMap<u64, usize> = HashMap::new();
    for (at, key) in keys.iter().enumerate().rev() {
        if let Some(later) = seen.insert(*key, at) {
            next[at] = later as i64 + 1;
        }
    }
    for (record, next) in wanted().zip(next) {
        let seconds = u32::try_from(record.time_millis.div_euclid(1000)).unwrap_or(0);
        let size = u32::try_from(record.length.max(1)).unwrap_or(u32::MAX);
        out.write_all(&seconds.to_le_bytes())?;
        out.write_all(&record.key.to_le_bytes())?;
        out.write_all(&size.to_le_bytes())?;
        out.write_all(&next.to_le_bytes())?;
    }
    Ok(())
}

fn is_for_a_cache(record: &Digest) -> bool {
    let name = |list: &[&'static str], number: u8| list.get(usize::from(number)).copied().unwrap_or("other");
    matches!(name(&METHODS, record.method), "GET" | "HEAD")
        && matches!(
            name(&CACHE_RESULTS, record.cache),
            "hit" | "stale" | "revalidated" | "miss" | "collapsed"
        )
}
