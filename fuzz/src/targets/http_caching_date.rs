//! HTTP dates. The input is a present in its first eight bytes, then the text of a date.

use littoral_http_caching::date::{format, parse, parse_at};

/// Panics when a date that was read is not written and read again as the same time.
pub fn run(input: &[u8]) {
    let Some((now, text)) = input.split_first_chunk::<8>() else { return };
    let now = i64::from_le_bytes(*now);
    for time in [parse(text), parse_at(text, now.clamp(0, 253_402_300_799))].into_iter().flatten() {
        // Two-digit years of a far present may leave the four digits that are written.
        if (-62_167_219_200..253_402_300_800).contains(&time) {
            assert_eq!(parse(&format(time)), Some(time));
        }
    }
    let _ = parse_at(text, now);
    assert!(parse(&format(now)).is_some());
}
