//! What goes in comes out, whatever the pieces.

use littoral_compression::{DecodeError, Decoder, Encoder, Format, Level};
use proptest::prelude::*;

use crate::support::{decode, encode, text};

const LEVELS: [Level; 2] = [Level::Quick, Level::Best];

#[test]
fn bodies_of_all_sizes_come_back_as_they_were() {
    for format in Format::ALL {
        for level in LEVELS {
            for length in [0, 1, 100, 1023, 65_536, 65_537, 300_000] {
                let body = text(length);
                let encoded = encode(format, level, &body, 64 * 1024);
                assert!(length < 1000 || encoded.len() < length / 2, "{format:?} {level:?} {length}");
                let decoded = decode(format, &encoded, 64 * 1024, 64 * 1024);
                assert!(decoded.as_deref() == Ok(&body), "{format:?} {level:?} {length}");
            }
        }
    }
}

#[test]
fn what_was_encoded_before_a_flush_can_be_decoded() {
    for format in Format::ALL {
        for level in LEVELS {
            let mut encoder = Encoder::new(format, level, None).unwrap();
            let mut decoder = Decoder::new(format, Default::default()).unwrap();
            let (mut sent, mut received) = (Vec::new(), Vec::new());
            for n in 0..20 {
                let event = format!("data: event {n}\n\n");
                let mut wire = Vec::new();
                encoder.encode(event.as_bytes(), &mut wire).unwrap();
                encoder.flush(&mut wire).unwrap();
                sent.extend_from_slice(event.as_bytes());
                decoder.decode(&wire, &mut received, 4096).unwrap();
                assert_eq!(received, sent, "{format:?} {level:?}");
            }
            assert_eq!(decoder.finish(), Err(DecodeError::Truncated), "{format:?}");
            let mut wire = Vec::new();
            encoder.finish(&mut wire).unwrap();
            decoder.decode(&wire, &mut received, 4096).unwrap();
            assert_eq!((decoder.finish(), received), (Ok(()), sent), "{format:?} {level:?}");
        }
    }
}

#[test]
fn the_best_is_the_same_however_the_input_is_cut() {
    let body = text(400_000);
    for format in Format::ALL {
        let whole = encode(format, Level::Best, &body, usize::MAX);
        for piece in [1_000, 4_096, 65_536, 262_144] {
            assert!(encode(format, Level::Best, &body, piece) == whole, "{format:?} in pieces of {piece}");
        }
    }
}

/// The strong entity tags of what is kept promise the same bytes on every node. When this fails because a library
/// or a level changed, the marks that tags are given (`http-caching`, `entity_tag`) must change with it.
#[test]
fn the_best_is_what_it_was_in_earlier_versions() {
    let body = text(50_000);
    let sums = Format::ALL.map(|format| {
        let encoded = encode(format, Level::Best, &body, 65_536);
        let sum = encoded.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
            (sum ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (encoded.len(), sum)
    });
    assert_eq!(
        sums,
        [
            (10422, 475_751_908_583_984_353),
            (9524, 17_522_934_964_292_558_366),
            (9638, 15_909_722_627_763_454_220)
        ]
    );
}

#[test]
fn several_members_are_one_body_and_padding_is_passed_over() {
    let (one, two) = (text(3000), text(70_000));
    let both = [&one[..], &two].concat();
    for format in [Format::Gzip, Format::Zstd] {
        let mut encoded = encode(format, Level::Quick, &one, 1 << 20);
        encoded.extend(encode(format, Level::Quick, &two, 1 << 20));
        for piece in [1, 7, 1 << 20] {
            assert!(decode(format, &encoded, piece, 1000).as_deref() == Ok(&both), "{format:?}");
        }
    }
    for format in [Format::Gzip, Format::Brotli] {
        let mut encoded = encode(format, Level::Quick, &one, 1 << 20);
        encoded.extend_from_slice(&[0; 512]);
        assert!(decode(format, &encoded, 100, 1000).as_deref() == Ok(&one), "{format:?}");
    }
}

#[test]
fn damage_and_missing_ends_are_named() {
    let body = text(20_000);
    for format in Format::ALL {
        let encoded = encode(format, Level::Best, &body, 1 << 20);
        for cut in [0, 1, encoded.len() / 2, encoded.len() - 1] {
            assert_eq!(
                decode(format, &encoded[..cut], 1000, 1000),
                Err(DecodeError::Truncated),
                "{format:?} cut at {cut}"
            );
        }
        assert!(decode(format, &body, 1000, 1000).is_err(), "{format:?} of plain text");
        for other in Format::ALL.into_iter().filter(|other| *other != format) {
            let found = decode(other, &encoded, 1000, 1000);
            assert!(found.is_err(), "{format:?} passes for {other:?}");
        }
    }
    let mut damaged = encode(Format::Gzip, Level::Best, &body, 1 << 20);
    let middle = damaged.len() / 2;
    damaged[middle] ^= 0x55;
    assert!(decode(Format::Gzip, &damaged, 1000, 1000).is_err(), "the sum at the end finds it");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_bytes_in_any_pieces_come_back(
        body in prop::collection::vec(any::<u8>(), 0..5000),
        repeat in 1..20_usize,
        in_piece in 1..3000_usize,
        out_piece in 1..3000_usize,
        room in 1..5000_usize,
    ) {
        let body = body.repeat(repeat);
        for format in Format::ALL {
            for level in LEVELS {
                let encoded = encode(format, level, &body, in_piece);
                prop_assert!(decode(format, &encoded, out_piece, room).as_deref() == Ok(&body));
            }
        }
    }

    #[test]
    fn damage_neither_panics_nor_stands_still(
        at in prop::collection::vec((any::<prop::sample::Index>(), 1..=255_u8), 1..6),
        piece in 1..3000_usize,
        room in 1..5000_usize,
    ) {
        for format in Format::ALL {
            let mut encoded = encode(format, Level::Quick, &text(5000), 1 << 20);
            for (at, change) in &at {
                let at = at.index(encoded.len());
                encoded[at] ^= change;
            }
            let _ = decode(format, &encoded, piece, room);
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), piece in 1..500_usize) {
        for format in Format::ALL {
            let _ = decode(format, &bytes, piece, 1000);
        }
    }
}
