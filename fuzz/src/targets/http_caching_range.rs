//! `Range`, `If-Range` and `Content-Range`. The input is a length in its first eight bytes, then the three values, one a
//! line.

use littoral_http_caching::range::{RANGES_MAX, resolve};
use littoral_http_caching::{ByteSpec, Fields, RangeAnswer, parse_content_range, requested_range};

/// Panics when a range leaves the representation, or several are out of order.
pub fn run(input: &[u8]) {
    let Some((length, text)) = input.split_first_chunk::<8>() else { return };
    let length = u64::from_le_bytes(*length);
    let mut lines = text.splitn(3, |&b| b == b'\n');
    let mut builder = Fields::builder();
    for name in ["Range", "If-Range", "Content-Range"] {
        if let Some(value) = lines.next() {
            builder.push(name, value);
        }
    }
    let request = builder.finish();
    match resolve(&request, Some(b"\"a\""), Some(784_111_777), Some(784_111_778), length) {
        RangeAnswer::One(range) => assert!(range.start < range.end && range.end <= length),
        RangeAnswer::Many(ranges) => {
            assert!((2..=RANGES_MAX).contains(&ranges.len()));
            assert!(ranges.iter().all(|range| range.start < range.end && range.end <= length));
            assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
        }
        RangeAnswer::Whole | RangeAnswer::Unsatisfiable => {}
    }
    match requested_range(&request) {
        None => assert_eq!(resolve(&request, None, None, None, length), RangeAnswer::Whole),
        Some(ByteSpec::Many) => {}
        Some(spec) => {
            if let Some(range) = spec.resolve(length) {
                assert!(range.start < range.end && range.end <= length);
            }
        }
    }
    for value in request.named(b"content-range") {
        if let Some(found) = parse_content_range(value) {
            assert!(found.first <= found.last && found.complete.is_none_or(|complete| found.last < complete));
            assert!(!found.range().is_empty());
        }
    }
}
