//! Text that compresses as text does, and whole bodies in one call.

use littoral_compression::{DecodeError, DecodeLimits, Decoder, Encoder, Format, Level};

/// Words in an order that repeats itself only now and then.
pub(crate) fn text(length: usize) -> Vec<u8> {
    const WORDS: [&str; 16] = [
        "the ",
        "shore ",
        "<div class=\"tide\">",
        "where ",
        "network ",
        "</div>\n",
        "meets ",
        "its ",
        "users ",
        "{\"id\": ",
        "}, ",
        "function ",
        "return ",
        "margin: 0; ",
        "0123 ",
        "= ",
    ];
    let mut state: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut out = Vec::with_capacity(length + 32);
    while out.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        out.extend_from_slice(WORDS[(state >> 59) as usize & 15].as_bytes());
        if state & 0xf00 == 0 {
            out.extend_from_slice(&state.to_le_bytes().map(|byte| byte & 0x3f | 0x40));
        }
    }
    out.truncate(length);
    out
}

pub(crate) fn encode(format: Format, level: Level, body: &[u8], piece: usize) -> Vec<u8> {
    let mut encoder = Encoder::new(format, level, Some(body.len() as u64)).unwrap();
    let mut out = Vec::new();
    for piece in body.chunks(piece.max(1)) {
        encoder.encode(piece, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    out
}

pub(crate) fn decode(
    format: Format,
    bytes: &[u8],
    piece: usize,
    room: usize,
) -> Result<Vec<u8>, DecodeError> {
    decode_within(format, DecodeLimits::default(), bytes, piece, room)
}

pub(crate) fn decode_within(
    format: Format,
    limits: DecodeLimits,
    bytes: &[u8],
    piece: usize,
    room: usize,
) -> Result<Vec<u8>, DecodeError> {
    let mut decoder = Decoder::new(format, limits)?;
    let mut out = Vec::new();
    for mut piece in bytes.chunks(piece.max(1)) {
        loop {
            let before = out.len();
            let step = decoder.decode(piece, &mut out, room)?;
            assert!(out.len() - before <= room, "{format:?} keeps to its room");
            piece = &piece[step.consumed..];
            if piece.is_empty() && !step.full {
                break;
            }
        }
    }
    decoder.finish()?;
    Ok(out)
}
