//! Bytes as a chunked body: however they are cut, the same data, trailers and end; and what was read, written and
//! read again, is the same.

use littoral_h1::{
    BodyDecoder, CHUNK_END, Limits, Refusal, RequestFraming, Trailer, chunk_head, is_field_name,
    is_field_value, is_forbidden_trailer, last_chunk,
};

use super::pieces;

/// All that was read of a body.
#[derive(PartialEq, Eq, Debug, Default)]
struct Body {
    data: Vec<u8>,
    trailers: Vec<Trailer>,
    ended: bool,
    consumed: usize,
    refusal: Option<Refusal>,
}

/// Runs one input.
pub fn run(input: &[u8]) {
    let whole = read([input]);
    let in_pieces = read(pieces(input));
    let octets = read(input.chunks(1));
    assert_eq!(whole.refusal, in_pieces.refusal);
    assert_eq!(whole, Body { consumed: whole.consumed, ..in_pieces });
    assert_eq!(whole, Body { consumed: whole.consumed, ..octets });
    if whole.ended {
        assert!(input[..whole.consumed].ends_with(b"\r\n"));
        write_and_read_again(&whole);
    } else if whole.refusal.is_none() {
        assert_eq!(whole.consumed, input.len());
    }
    for trailer in &whole.trailers {
        assert!(
            is_field_name(&trailer.name)
                && is_field_value(&trailer.value)
                && !is_forbidden_trailer(&trailer.name)
        );
    }
}

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Body {
    let mut decoder = BodyDecoder::new(RequestFraming::Chunked, &Limits::default());
    let mut body = Body::default();
    for mut piece in pieces {
        while !piece.is_empty() && !decoder.is_end() {
            match decoder.decode(piece) {
                Ok(decoded) => {
                    assert!(decoded.consumed > 0 && decoded.data.end <= decoded.consumed);
                    assert_eq!(decoded.end, decoder.is_end());
                    body.consumed += decoded.consumed;
                    body.data.extend_from_slice(&piece[decoded.data]);
                    piece = &piece[decoded.consumed..];
                }
                Err(refusal) => {
                    body.refusal = Some(refusal);
                    return body;
                }
            }
        }
    }
    body.ended = decoder.is_end();
    body.trailers = decoder.trailers().to_vec();
    body
}

fn write_and_read_again(body: &Body) {
    let mut written = Vec::new();
    for data in body.data.chunks(7) {
        written.extend_from_slice(&chunk_head(data.len()));
        written.extend_from_slice(data);
        written.extend_from_slice(CHUNK_END);
    }
    last_chunk(&mut written, &body.trailers);
    let again = read([&written[..]]);
    assert_eq!((&again.data, &again.trailers, again.ended), (&body.data, &body.trailers, true));
}
