//! Ranges of stored responses: one as it lies in the store, several as `multipart/byteranges` (RFC 9110 §14.6).

use crate::respond::Multipart;
use littoral_http_caching::Fields;
use littoral_http_caching::Known;
use std::ops::Range;

/// `Content-Range` for these bytes of a representation.
pub(crate) fn content_range(range: &Range<u64>, complete_length: u64) -> Box<str> {
    format!("bytes {}-{}/{complete_length}", range.start, range.end - 1).into()
}

/// `Content-Range` of a 416.
pub(crate) fn unsatisfied_range(complete_length: u64) -> String {
    format!("bytes */{complete_length}")
}

/// The parts of a multipart body, its boundary, and its length.
pub(crate) fn multipart(
    fields: &Fields,
    ranges: &[Range<u64>],
    complete_length: u64,
    request_id: u64,
) -> (Multipart, Box<str>, u64) {
    let boundary: Box<str> = format!("littoral-{request_id:016x}").into();
    let content_type = fields.get(Known::ContentType);
    let mut parts = Vec::with_capacity(ranges.len());
    for (index, range) in ranges.iter().enumerate() {
        let mut head = Vec::with_capacity(128);
        if index > 0 {
            head.extend_from_slice(b"\r\n");
        }
        head.extend_from_slice(b"--");
        head.extend_from_slice(boundary.as_bytes());
        if let Some(content_type) = content_type {
            head.extend_from_slice(b"\r\nContent-Type: ");
            head.extend_from_slice(content_type);
        }
        head.extend_from_slice(b"\r\nContent-Range: ");
        head.extend_from_slice(content_range(range, complete_length).as_bytes());
        head.extend_from_slice(b"\r\n\r\n");
        parts.push((head, range.clone()));
    }
    let end = format!("\r\n--{boundary}--\r\n").into_bytes();
    let length = parts.iter().map(|(head, range)| head.len() as u64 + (range.end - range.start)).sum::<u64>()
        + end.len() as u64;
    (Multipart { parts, end }, boundary, length)
}
