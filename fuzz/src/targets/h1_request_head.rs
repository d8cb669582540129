//! A connection's bytes as HTTP/1.1 requests: however they are cut, the same messages and the same refusal, and
//! nothing in them that would split a head when written again.

use littoral_h1::{
    Authority, Limits, Refusal, RequestFraming, RequestParser, TargetForm, Version, is_field_name,
    is_field_value,
};

use super::h1_drive::{Message, read};
use super::pieces;

/// Runs one input.
pub fn run(input: &[u8]) {
    let tight = Limits {
        head_bytes_max: 1024,
        target_bytes_max: 256,
        fields_max: 8,
        chunk_line_bytes_max: 32,
        trailer_bytes_max: 256,
    };
    for limits in [Limits::default(), tight] {
        let whole = read([input], &limits);
        assert_eq!(whole, read(pieces(input), &limits));
        assert_eq!(whole, read(input.chunks(1), &limits));
        assert_ne!(whole.refusal, Some(Refusal::ReadingsDiffer));
        whole.messages.iter().chain(&whole.unfinished).for_each(check);
    }
    check_spans(input);
}

fn check(message: &Message) {
    assert!(is_field_name(&message.method) && !message.method.eq_ignore_ascii_case(b"TRACE"));
    assert!(message.target.iter().all(|b| b.is_ascii_graphic() && *b != b'#'));
    match message.form {
        TargetForm::Origin => assert_eq!(message.target[0], b'/'),
        TargetForm::Asterisk => assert_eq!(message.target, b"*"),
        TargetForm::Absolute { .. } => assert!(message.target[..4].eq_ignore_ascii_case(b"http")),
    }
    if message.host.is_empty() {
        assert_eq!(message.version, Version::Http10);
    } else {
        let authority = Authority::parse(&message.host).expect("an accepted host is an authority");
        assert_eq!((authority.host, authority.port), (&message.host_name[..], message.port));
    }
    let count = |name: &str| {
        message.fields.iter().filter(|line| line.0.eq_ignore_ascii_case(name.as_bytes())).count()
    };
    assert!(count("host") <= 1);
    match message.framing {
        RequestFraming::None => assert_eq!(count("content-length") + count("transfer-encoding"), 0),
        RequestFraming::Length(_) => {
            assert_eq!((count("content-length"), count("transfer-encoding")), (1, 0))
        }
        RequestFraming::Chunked => assert_eq!((count("content-length"), count("transfer-encoding")), (0, 1)),
    }
    for (name, value) in message.fields.iter().chain(&message.trailers) {
        assert!(is_field_name(name) && is_field_value(value));
        assert!(
            !value.first().is_some_and(|b| b" \t".contains(b))
                && !value.last().is_some_and(|b| b" \t".contains(b))
        );
    }
}

/// The first head's offsets lie within it, in order.
fn check_spans(input: &[u8]) {
    let Ok(Some(head)) = RequestParser::new().parse(input, &Limits::default()) else {
        return;
    };
    assert!(head.head_len <= input.len() && input[..head.head_len].ends_with(b"\r\n\r\n"));
    let mut end = head.target.range().end;
    assert!(head.method.range().end < head.target.range().start);
    for line in &head.fields {
        assert!(line.name.range().start > end && line.value.range().start > line.name.range().end);
        end = line.value.range().end;
    }
    assert!(end <= head.head_len);
    let again = RequestParser::new().parse(&input[..head.head_len], &Limits::default());
    assert_eq!(again, Ok(Some(head)), "bytes behind a head do not matter");
}
