//! Responses: what is written, to the byte.

use littoral_h1::response::registered_reason;
use littoral_h1::{
    CHUNK_END, ResponseFraming, Trailer, Version, choose_framing, chunk_head, connection_field, end_head,
    field, framing_fields, is_field_name, is_field_value, last_chunk, status_line,
};

fn written(write: impl FnOnce(&mut Vec<u8>)) -> String {
    let mut out = Vec::new();
    write(&mut out);
    String::from_utf8(out).expect("these tests write ASCII")
}

#[test]
fn a_head_is_written_line_by_line() {
    let head = written(|out| {
        status_line(out, 200, None);
        field(out, b"Content-Type", b"text/html");
        framing_fields(out, ResponseFraming::Length(5), None);
        connection_field(out, true, Version::Http11);
        end_head(out);
    });
    assert_eq!(head, "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\n");
}

#[test]
fn reasons_are_given_registered_or_empty() {
    assert_eq!(written(|out| status_line(out, 404, None)), "HTTP/1.1 404 Not Found\r\n");
    assert_eq!(written(|out| status_line(out, 404, Some("Gone fishing"))), "HTTP/1.1 404 Gone fishing\r\n");
    assert_eq!(written(|out| status_line(out, 599, None)), "HTTP/1.1 599 \r\n");
    assert_eq!(registered_reason(431), "Request Header Fields Too Large");
}

#[test]
fn framing_follows_method_status_version_and_length() {
    use ResponseFraming::{Chunked, Close, Length, None as NoBody};
    use Version::{Http10, Http11};
    let cases = [
        (false, 200, Http11, Some(5), Length(5)),
        (false, 200, Http11, None, Chunked),
        (false, 200, Http10, None, Close),
        (false, 200, Http10, Some(0), Length(0)),
        (true, 200, Http11, Some(5), NoBody),
        (true, 200, Http11, None, NoBody),
        (false, 204, Http11, Some(5), NoBody),
        (false, 304, Http11, Some(5), NoBody),
        (false, 103, Http11, None, NoBody),
        (false, 404, Http11, Some(9), Length(9)),
    ];
    for (is_head, status, version, length, expected) in cases {
        assert_eq!(
            choose_framing(is_head, status, version, length),
            expected,
            "{is_head} {status} {length:?}"
        );
    }
}

#[test]
fn framing_fields_say_what_the_framing_is() {
    let fields = |framing, for_head| written(|out| framing_fields(out, framing, for_head));
    assert_eq!(fields(ResponseFraming::Chunked, None), "Transfer-Encoding: chunked\r\n");
    assert_eq!(fields(ResponseFraming::Close, None), "");
    assert_eq!(fields(ResponseFraming::None, None), "");
    assert_eq!(fields(ResponseFraming::None, Some(12)), "Content-Length: 12\r\n");
    assert_eq!(fields(ResponseFraming::Length(u64::MAX), None), "Content-Length: 18446744073709551615\r\n");
}

#[test]
fn connection_is_written_where_the_default_is_another() {
    let written = |keep, version| written(|out| connection_field(out, keep, version));
    assert_eq!(written(true, Version::Http11), "");
    assert_eq!(written(false, Version::Http11), "Connection: close\r\n");
    assert_eq!(written(true, Version::Http10), "Connection: keep-alive\r\n");
    assert_eq!(written(false, Version::Http10), "Connection: close\r\n");
}

#[test]
fn chunk_heads_are_hexadecimal_without_zeros_in_front() {
    for (len, expected) in [
        (1, "1\r\n"),
        (15, "f\r\n"),
        (16, "10\r\n"),
        (0x1_0000, "10000\r\n"),
        (usize::MAX, "ffffffffffffffff\r\n"),
    ] {
        assert_eq!(&*chunk_head(len), expected.as_bytes());
    }
    assert_eq!(CHUNK_END, b"\r\n");
}

#[test]
#[should_panic(expected = "an empty chunk ends the body")]
fn an_empty_chunk_is_not_written() {
    chunk_head(0);
}

#[test]
fn the_last_chunk_carries_trailers() {
    let trailer = Trailer { name: (*b"Digest").into(), value: (*b"abc").into() };
    assert_eq!(written(|out| last_chunk(out, &[])), "0\r\n\r\n");
    assert_eq!(written(|out| last_chunk(out, &[trailer])), "0\r\nDigest: abc\r\n\r\n");
}

#[test]
fn names_and_values_from_elsewhere_are_checked_for_what_splits_a_head() {
    assert!(is_field_name(b"X-Odd!"));
    assert!(
        !is_field_name(b"") && !is_field_name(b"a b") && !is_field_name(b"a:") && !is_field_name(b"a\r\n")
    );
    assert!(is_field_value(b"") && is_field_value(b"a\tb \xff"));
    assert!(
        !is_field_value(b"a\r\nb")
            && !is_field_value(b"a\nb")
            && !is_field_value(b"a\0b")
            && !is_field_value(b"\x7f")
    );
}
