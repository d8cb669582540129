//! The body decoder by itself: what it consumes, and when it ends.

use littoral_h1::{BodyDecoder, Decoded, Limits, Refusal, RequestFraming};

fn decoder(framing: RequestFraming) -> BodyDecoder {
    BodyDecoder::new(framing, &Limits::default())
}

#[test]
fn a_request_without_a_body_ends_at_once_and_consumes_nothing() {
    let mut body = decoder(RequestFraming::None);
    assert!(body.is_end());
    assert_eq!(body.decode(b"GET /"), Ok(Decoded { consumed: 0, data: 0..0, end: true }));
}

#[test]
fn a_length_takes_that_many_bytes_and_leaves_the_next_request() {
    let mut body = decoder(RequestFraming::Length(5));
    assert_eq!(body.decode(b"he"), Ok(Decoded { consumed: 2, data: 0..2, end: false }));
    assert_eq!(body.remaining(), Some(3));
    assert_eq!(body.decode(b"lloGET"), Ok(Decoded { consumed: 3, data: 0..3, end: true }));
    assert_eq!(body.decode(b"GET"), Ok(Decoded { consumed: 0, data: 0..0, end: true }));
}

#[test]
fn a_length_beyond_memory_does_not_overflow() {
    let mut body = decoder(RequestFraming::Length(i64::MAX as u64));
    assert_eq!(body.decode(b"abc"), Ok(Decoded { consumed: 3, data: 0..3, end: false }));
}

#[test]
fn chunk_lines_are_consumed_even_when_they_are_incomplete() {
    let mut body = decoder(RequestFraming::Chunked);
    assert_eq!(body.decode(b"5;a"), Ok(Decoded { consumed: 3, data: 3..3, end: false }));
    assert_eq!(body.decode(b"=b\r\nhel"), Ok(Decoded { consumed: 7, data: 4..7, end: false }));
    assert_eq!(body.decode(b"lo\r\n0\r\n\r\nGET"), Ok(Decoded { consumed: 2, data: 0..2, end: false }));
    assert_eq!(body.decode(b"\r\n0\r\n\r\nGET"), Ok(Decoded { consumed: 7, data: 7..7, end: true }));
    assert!(body.is_end());
    assert_eq!(body.decode(b"GET"), Ok(Decoded { consumed: 0, data: 0..0, end: true }));
}

#[test]
fn the_largest_chunk_size_does_not_overflow() {
    let mut body = decoder(RequestFraming::Chunked);
    let decoded = body.decode(b"7fffffffffffffff\r\nabc").expect("2^63 - 1 is a size");
    assert_eq!(decoded, Decoded { consumed: 21, data: 18..21, end: false });
}

#[test]
fn a_client_that_sends_single_bytes_is_not_taken_for_one_that_sends_extensions() {
    let mut body = decoder(RequestFraming::Chunked);
    for _ in 0..100_000 {
        let mut rest: &[u8] = b"1\r\na\r\n";
        while !rest.is_empty() {
            let decoded = body.decode(rest).expect("small chunks are chunks");
            rest = &rest[decoded.consumed..];
        }
    }
}

#[test]
fn an_upload_of_large_chunks_may_carry_a_signature_on_each() {
    let mut body = decoder(RequestFraming::Chunked);
    let line = format!("10000;chunk-signature={}\r\n", "a".repeat(64));
    for _ in 0..1000 {
        body.decode(line.as_bytes()).expect("a line with an extension");
        body.decode(&vec![0; 0x10000]).expect("data");
        body.decode(b"\r\n").expect("its end");
    }
}

#[test]
fn trailers_are_there_at_the_end_and_not_before() {
    let mut body = decoder(RequestFraming::Chunked);
    body.decode(b"0\r\nDigest: abc\r\nHost: evil\r\n").expect("valid so far");
    assert!(body.trailers().is_empty());
    assert!(body.decode(b"\r\n").expect("the end").end);
    assert_eq!(body.trailers().len(), 1);
    assert_eq!((&*body.trailers()[0].name, &*body.trailers()[0].value), (&b"Digest"[..], &b"abc"[..]));
}

#[test]
fn limits_of_lines_and_trailers_are_those_given() {
    let limits = Limits { chunk_line_bytes_max: 32, trailer_bytes_max: 256, ..Limits::default() };
    let decode = |text: &str| {
        let mut body = BodyDecoder::new(RequestFraming::Chunked, &limits);
        body.decode(text.as_bytes()).map(|decoded| decoded.end)
    };
    assert_eq!(decode(&format!("0;{}\r\n\r\n", "a".repeat(28))), Ok(true));
    assert_eq!(decode(&format!("0;{}\r\n\r\n", "a".repeat(29))), Err(Refusal::ChunkExtensionTooLong));
    assert_eq!(decode(&format!("0\r\nA:{}\r\n\r\n", "b".repeat(250))), Ok(true));
    assert_eq!(decode(&format!("0\r\nA:{}\r\n\r\n", "b".repeat(251))), Err(Refusal::TrailerTooLarge));
}
