//! Bodies against plain vectors.

use bytes::Bytes;
use littoral_cache::{Body, BodyBuilder, CHUNK};
use proptest::prelude::*;

fn pattern(len: usize) -> Vec<u8> {
    (0..len).map(|nth| (nth % 251) as u8).collect()
}

fn collect(body: &Body, range: std::ops::Range<u64>) -> Vec<u8> {
    body.slices(range).inspect(|slice| assert!(!slice.is_empty())).flatten().copied().collect()
}

#[test]
fn slices_at_chunk_boundaries_are_the_bytes_of_the_range() {
    let len = 2 * CHUNK + 77;
    let bytes = pattern(len);
    let body = Body::from_slice(&bytes);
    let edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, 2 * CHUNK + 1, len - 1, len];
    for from in edges {
        for to in edges.into_iter().filter(|&to| to >= from) {
            assert_eq!(collect(&body, from as u64..to as u64), bytes[from..to], "{from}..{to}");
        }
    }
    assert_eq!(collect(&body, 5..u64::MAX), bytes[5..]);
    assert_eq!(collect(&body, u64::MAX - 1..u64::MAX), []);
}

#[test]
fn an_empty_body_has_no_slices() {
    for body in [Body::empty(), Body::from_slice(b""), Body::from_pieces(vec![Bytes::new()])] {
        assert!(body.is_empty());
        assert_eq!(body.slices(0..10).count(), 0);
        assert_eq!(body.as_slice(), Some(&b""[..]));
    }
}

#[test]
fn memory_is_the_bytes_and_little_more() {
    for len in [0, 1, 1000, CHUNK, CHUNK + 1, 10 * CHUNK] {
        let held = Body::from_slice(&pattern(len)).memory_bytes();
        assert!(held >= len && held <= len + 128 + 16 * len.div_ceil(CHUNK), "{len}: {held}");
    }
}

#[test]
fn a_clone_shares_its_bytes() {
    let body = Body::from_slice(&pattern(10));
    assert!(body.clone().is_same(&body));
    assert!(!Body::from_slice(&pattern(10)).is_same(&body));
    assert_eq!(Body::from_slice(&pattern(10)), body);
}

proptest! {
    #![proptest_config(crate::cases(48))]

    #[test]
    fn pieces_of_any_size_make_the_same_body(
        sizes in prop::collection::vec(prop_oneof![0..50usize, 0..3 * CHUNK], 0..6),
        expected in prop::option::of(0..(4 * CHUNK as u64)),
        range in any::<(prop::sample::Index, prop::sample::Index)>(),
    ) {
        let whole = pattern(sizes.iter().sum());
        let mut rest = &whole[..];
        let mut builder = BodyBuilder::new(expected);
        let mut pieces = Vec::new();
        for size in sizes {
            let (piece, later) = rest.split_at(size);
            builder.push(piece);
            pieces.push(Bytes::copy_from_slice(piece));
            rest = later;
        }
        let (built, joined) = (builder.finish(), Body::from_pieces(pieces));
        prop_assert_eq!(&built, &joined);
        prop_assert_eq!(built.memory_bytes(), joined.memory_bytes());
        prop_assert_eq!(built.len(), whole.len() as u64);
        let (a, b) = (range.0.index(whole.len() + 1), range.1.index(whole.len() + 1));
        let (from, to) = (a.min(b), a.max(b));
        prop_assert_eq!(collect(&built, from as u64..to as u64), &whole[from..to]);
    }
}
