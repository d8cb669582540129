//! Partial contents against a vector of optional bytes.

use littoral_cache::{Body, Content, PartialBody, RUNS_MAX};
use proptest::prelude::*;

/// The representation that all parts are of.
fn byte(at: u64) -> u8 {
    (at * 7 % 253) as u8
}

fn part(complete: u64, start: u64, len: u64) -> Content {
    let bytes: Vec<u8> = (start..start + len).map(byte).collect();
    Content::Partial(PartialBody::new(complete, start, Body::from_slice(&bytes)).expect("a run inside"))
}

fn collect(content: &Content, range: std::ops::Range<u64>) -> Vec<u8> {
    content.slices(range).flatten().copied().collect()
}

#[test]
fn a_run_is_neither_empty_nor_outside() {
    let body = || Body::from_slice(b"abc");
    assert!(PartialBody::new(10, 7, body()).is_some());
    assert!(PartialBody::new(10, 8, body()).is_none());
    assert!(PartialBody::new(10, u64::MAX, body()).is_none());
    assert!(PartialBody::new(10, 1, Body::empty()).is_none());
}

#[test]
fn halves_make_a_whole() {
    let whole = part(10, 0, 5).combine(&part(10, 5, 5)).expect("of one length");
    assert!(whole.whole().is_some());
    assert_eq!(collect(&whole, 0..10), (0..10).map(byte).collect::<Vec<u8>>());
    assert!(whole.covers(0..10) && whole.covers(3..3) && !whole.covers(3..11));
}

#[test]
fn contents_of_different_lengths_do_not_combine() {
    assert!(part(10, 0, 5).combine(&part(11, 5, 5)).is_none());
    assert!(part(10, 0, 5).combine(&Content::Whole(Body::from_slice(b"abc"))).is_none());
}

#[test]
fn a_whole_takes_in_any_part() {
    let whole = Content::Whole(Body::from_slice(b"0123456789"));
    assert_eq!(part(10, 2, 3).combine(&whole), Some(whole.clone()));
    assert_eq!(whole.combine(&part(10, 2, 3)), Some(whole));
}

#[test]
fn runs_kept_apart_are_bounded() {
    let complete = 4 * RUNS_MAX as u64;
    let spread = (0..2 * RUNS_MAX as u64)
        .map(|nth| part(complete, nth * 2, 1))
        .reduce(|all, next| all.combine(&next).expect("of one length"))
        .expect("not none");
    assert_eq!(spread.runs().count(), RUNS_MAX);
    let touching = (0..2 * RUNS_MAX as u64)
        .map(|nth| part(complete, nth, 1))
        .reduce(|all, next| all.combine(&next).expect("of one length"))
        .expect("not none");
    assert!(touching.runs().count() <= RUNS_MAX);
    assert!(touching.covers(0..2 * RUNS_MAX as u64));
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn combining_is_the_union(
        complete in 1..60u64,
        parts in prop::collection::vec((0..60u64, 1..30u64), 1..12),
    ) {
        let mut model = vec![false; complete as usize];
        let mut all: Option<Content> = None;
        for (start, len) in parts {
            let start = start % complete;
            let len = len.min(complete - start);
            model[start as usize..(start + len) as usize].fill(true);
            let next = part(complete, start, len);
            all = Some(match all {
                None => next,
                Some(before) => before.combine(&next).expect("of one length"),
            });
            let all = all.as_ref().expect("set above");
            prop_assert_eq!(all.whole().is_some() || len == complete, model.iter().all(|&here| here));
            for from in 0..=complete {
                for to in from..=complete {
                    let here = model[from as usize..to as usize].iter().all(|&here| here);
                    prop_assert_eq!(all.covers(from..to), here, "{}..{}", from, to);
                    if here {
                        prop_assert_eq!(collect(all, from..to), (from..to).map(byte).collect::<Vec<u8>>());
                    }
                }
            }
        }
    }
}
