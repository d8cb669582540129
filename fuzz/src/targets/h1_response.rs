//! Responses made from arbitrary parts: what is written, httparse reads again as exactly those parts.
//!
//! The input is the recipe: two bytes of status, one of choices, then parts that each begin with their length; two
//! parts make a field, the rest are pieces of the body.

use littoral_h1::{
    BodyDecoder, CHUNK_END, Limits, RequestFraming, ResponseFraming, Version, choose_framing, chunk_head,
    connection_field, end_head, field, framing_fields, is_field_name, is_field_value, last_chunk,
    status_line,
};

/// Runs one input.
pub fn run(input: &[u8]) {
    let [high, low, choices, rest @ ..] = input else {
        return;
    };
    let status = 100 + u16::from_be_bytes([*high, *low]) % 900;
    let chosen = |bit: u8| choices & (1 << bit) != 0;
    let version = if chosen(0) { Version::Http10 } else { Version::Http11 };
    let mut parts = parts(rest);
    let body = parts.split_off(parts.len().min(2 * usize::from(choices >> 4)));
    // As the edge does: what is not fit to be written is left out, and so is whitespace, which is nobody's value.
    let fields: Vec<_> = parts
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1].trim_ascii()))
        .filter(|(name, value)| is_field_name(name) && is_field_value(value))
        .collect();
    let length = chosen(1).then(|| body.iter().map(|piece| piece.len() as u64).sum());
    let framing = choose_framing(chosen(2), status, version, length);
    let mut written = Vec::new();
    status_line(&mut written, status, None);
    fields.iter().for_each(|(name, value)| field(&mut written, name, value));
    framing_fields(&mut written, framing, None);
    connection_field(&mut written, chosen(3), version);
    end_head(&mut written);
    check_head(&written, status, &fields, framing, chosen(3), version);
    if framing == ResponseFraming::Chunked {
        check_chunks(&body);
    }
}

/// The parts of the recipe.
fn parts(mut rest: &[u8]) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while let [len, behind @ ..] = rest {
        let (part, behind) = behind.split_at(usize::from(*len).min(behind.len()));
        parts.push(part);
        rest = behind;
    }
    parts
}

fn check_head(
    written: &[u8],
    status: u16,
    fields: &[(&[u8], &[u8])],
    framing: ResponseFraming,
    keep_alive: bool,
    version: Version,
) {
    let mut room = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut room);
    assert_eq!(response.parse(written), Ok(httparse::Status::Complete(written.len())));
    assert_eq!((response.version, response.code), (Some(1), Some(status)));
    for ((name, value), read) in fields.iter().zip(response.headers.iter()) {
        assert_eq!((*name, *value), (read.name.as_bytes(), read.value));
    }
    let ours: Vec<_> = response.headers[fields.len()..].iter().map(|line| (line.name, line.value)).collect();
    let mut expected = Vec::new();
    let length =
        if let ResponseFraming::Length(length) = framing { length.to_string() } else { String::new() };
    match framing {
        ResponseFraming::Length(_) => expected.push(("Content-Length", length.as_bytes())),
        ResponseFraming::Chunked => expected.push(("Transfer-Encoding", &b"chunked"[..])),
        ResponseFraming::None | ResponseFraming::Close => {}
    }
    match (keep_alive, version) {
        (false, _) => expected.push(("Connection", &b"close"[..])),
        (true, Version::Http10) => expected.push(("Connection", &b"keep-alive"[..])),
        (true, Version::Http11) => {}
    }
    assert_eq!(ours, expected);
}

/// The body in chunks is read back by our own decoder, and chunk by chunk by httparse.
fn check_chunks(body: &[&[u8]]) {
    let mut written = Vec::new();
    for piece in body.iter().filter(|piece| !piece.is_empty()) {
        let head = chunk_head(piece.len());
        assert_eq!(
            httparse::parse_chunk_size(&head),
            Ok(httparse::Status::Complete((head.len(), piece.len() as u64)))
        );
        written.extend_from_slice(&head);
        written.extend_from_slice(piece);
        written.extend_from_slice(CHUNK_END);
    }
    last_chunk(&mut written, &[]);
    let mut decoder = BodyDecoder::new(RequestFraming::Chunked, &Limits::default());
    let (mut rest, mut data) = (&written[..], Vec::new());
    while !rest.is_empty() {
        let decoded = decoder.decode(rest).expect("our own chunks are taken");
        data.extend_from_slice(&rest[decoded.data]);
        rest = &rest[decoded.consumed..];
    }
    assert!(decoder.is_end());
    assert_eq!(data, body.concat());
}
