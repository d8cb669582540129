//! A few bytes that stand for many end in an error with a name, long before the memory does.

use littoral_compression::{DecodeError, DecodeLimits, Decoder, Encoder, Format, Level};

use crate::support::{decode_within, encode, text};

/// So many zeros, encoded.
fn bomb(format: Format, bytes: u64) -> Vec<u8> {
    let mut encoder = Encoder::new(format, Level::Quick, None).unwrap();
    let zeros = vec![0; 1 << 20];
    let mut out = Vec::new();
    for _ in 0..bytes >> 20 {
        encoder.encode(&zeros, &mut out).unwrap();
    }
    encoder.finish(&mut out).unwrap();
    out
}

#[test]
fn a_bomb_ends_at_the_ratio() {
    for format in [Format::Brotli, Format::Zstd] {
        let encoded = bomb(format, 64 << 20);
        let found = decode_within(format, DecodeLimits::default(), &encoded, 4096, 64 * 1024);
        assert_eq!(found, Err(DecodeError::Ratio), "{format:?} of {} bytes", encoded.len());
    }
    // The format itself goes no further than 1,032.
    let encoded = bomb(Format::Gzip, 8 << 20);
    let found = decode_within(Format::Gzip, DecodeLimits::default(), &encoded, 4096, 64 * 1024);
    assert_eq!(found.map(|out| out.len()), Ok(8 << 20));
    let strict = DecodeLimits { ratio_max: 100, ..DecodeLimits::default() };
    let found = decode_within(Format::Gzip, strict, &encoded, 4096, 64 * 1024);
    assert_eq!(found, Err(DecodeError::Ratio));
}

#[test]
fn a_few_blanks_are_no_bomb() {
    for format in Format::ALL {
        let body = vec![b' '; 1 << 20];
        let encoded = encode(format, Level::Best, &body, 1 << 20);
        let found = decode_within(format, DecodeLimits::default(), &encoded, 4096, 64 * 1024);
        assert!(found.as_deref() == Ok(&body), "{format:?}");
    }
}

#[test]
fn output_is_limited_to_the_byte() {
    let body = text(100_000);
    for format in Format::ALL {
        let encoded = encode(format, Level::Quick, &body, 1 << 20);
        let within = |bytes| {
            let limits = DecodeLimits { output_bytes_max: bytes, ..DecodeLimits::default() };
            decode_within(format, limits, &encoded, 4096, 10_000).map(|out| out.len())
        };
        assert_eq!(within(100_000), Ok(100_000), "{format:?}");
        assert_eq!(within(99_999), Err(DecodeError::Length), "{format:?}");
    }
}

#[test]
fn one_call_gives_no_more_than_its_room() {
    for format in Format::ALL {
        let encoded = bomb(format, 4 << 20);
        let mut decoder = Decoder::new(format, DecodeLimits::default()).unwrap();
        let mut out = Vec::new();
        let step = decoder.decode(&encoded, &mut out, 1000).unwrap();
        assert_eq!((out.len(), step.full), (1000, true), "{format:?}");
    }
}

#[test]
fn windows_that_are_too_large_are_refused() {
    let body = text(2 << 20);
    for format in [Format::Brotli, Format::Zstd] {
        let encoded = encode(format, Level::Best, &body, 1 << 20);
        let narrow = DecodeLimits { window_bytes_max: 1 << 20, ..DecodeLimits::default() };
        let found = decode_within(format, narrow, &encoded, 4096, 64 * 1024);
        assert_eq!(found, Err(DecodeError::Window), "{format:?}");
        let wide = DecodeLimits { window_bytes_max: 2 << 20, ..DecodeLimits::default() };
        assert!(decode_within(format, wide, &encoded, 4096, 64 * 1024).is_ok(), "{format:?}");
    }
    // A Zstandard frame that wants 16 MiB, empty; and a Brotli stream with the large windows of no RFC.
    let frame = [0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x70, 0x01, 0x00, 0x00];
    let found = decode_within(Format::Zstd, DecodeLimits::default(), &frame, 100, 100);
    assert_eq!(found, Err(DecodeError::Window));
    let found = decode_within(Format::Brotli, DecodeLimits::default(), &[0x11, 0x1e, 0x03], 100, 100);
    assert!(found.is_err());
}
