//! Decoders of gzip, Brotli and Zstandard. The first byte chooses the format, the second how the rest is cut.

use littoral_compression::{DecodeLimits, Decoder, Encoder, Format, Level};

const ROOM: usize = 4096;
const LIMITS: DecodeLimits =
    DecodeLimits { output_bytes_max: 1 << 20, ratio_max: 2000, window_bytes_max: 1 << 22 };

/// Panics when a decoder gives more than its room or its limits, goes on after it has said that it is done, or does not
/// give back what was encoded.
pub fn run(input: &[u8]) {
    let [choice, cut, bytes @ ..] = input else { return };
    let format = Format::ALL[usize::from(*choice) % Format::ALL.len()];
    let piece = usize::from(*cut) + 1;
    decode(format, bytes, piece);
    if choice & 0x80 != 0 && bytes.len() <= 1 << 16 {
        let mut encoder = Encoder::new(format, Level::Quick, None).expect("there is memory");
        let mut encoded = Vec::new();
        for piece in bytes.chunks(piece * 16) {
            encoder.encode(piece, &mut encoded).expect("it encodes");
            encoder.flush(&mut encoded).expect("it flushes");
        }
        encoder.finish(&mut encoded).expect("it ends");
        assert!(decode(format, &encoded, piece).as_deref() == Some(bytes));
    }
}

/// What comes out, if it is a whole.
fn decode(format: Format, bytes: &[u8], piece: usize) -> Option<Vec<u8>> {
    let mut decoder = Decoder::new(format, LIMITS).expect("there is memory");
    let mut all = Vec::new();
    for mut piece in bytes.chunks(piece) {
        loop {
            let before = all.len();
            let step = decoder.decode(piece, &mut all, ROOM).ok()?;
            assert!(all.len() - before <= ROOM && all.len() as u64 <= LIMITS.output_bytes_max);
            assert!(step.consumed <= piece.len());
            assert!(step.full || step.consumed > 0 || piece.is_empty(), "it stands still");
            piece = &piece[step.consumed..];
            if piece.is_empty() && !step.full {
                break;
            }
        }
    }
    decoder.finish().ok()?;
    Some(all)
}
