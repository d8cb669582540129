//! Shares are counted over thousands of choices; what must hold for any group is a property.

use super::*;
use proptest::prelude::*;

const REQUESTS: usize = 40_000;

fn member(weight: u32) -> Candidate {
    Candidate {
        weight,
        share: WHOLE_SHARE,
        backup: false,
        standing: Standing::Well,
        under_way: 0,
        seed: hash(&weight.to_le_bytes()),
        asked: false,
    }
}

fn members(weights: &[u32]) -> Vec<Candidate> {
    weights
        .iter()
        .enumerate()
        .map(|(place, weight)| Candidate { seed: hash(&[place as u8]), ..member(*weight) })
        .collect()
}

#[derive(Copy, Clone, Debug)]
enum Kind {
    First,
    Weighted,
    LeastRequests,
    Hash,
}

const KINDS: [Kind; 4] = [Kind::First, Kind::Weighted, Kind::LeastRequests, Kind::Hash];

fn ask(kind: Kind, candidates: &[Candidate], turns: &mut [i64], dice: [u64; 2]) -> Option<usize> {
    let rule = match kind {
        Kind::First => Rule::First,
        Kind::Weighted => Rule::Weighted(turns),
        Kind::LeastRequests => Rule::LeastRequests,
        Kind::Hash => Rule::Hash(dice[0]),
    };
    choose(rule, candidates, dice)
}

fn counts(kind: Kind, candidates: &[Candidate]) -> Vec<usize> {
    let mut dice = Dice::new(7);
    let mut turns = vec![0; candidates.len()];
    let mut counts = vec![0; candidates.len()];
    for _ in 0..REQUESTS {
        counts[ask(kind, candidates, &mut turns, [dice.roll(), dice.roll()]).unwrap()] += 1;
    }
    counts
}

/// Five standard deviations of a binomial share: a right choice fails once in two million runs, and the dice are
/// seeded.
fn is_share(count: usize, share: f64) -> bool {
    let expected = REQUESTS as f64 * share;
    (count as f64 - expected).abs() <= 5.0 * (expected * (1.0 - share)).sqrt()
}

#[test]
fn weights_are_shares_when_requests_go_in_turn() {
    assert_eq!(counts(Kind::Weighted, &members(&[5, 2, 1])), [25_000, 10_000, 5_000]);
}

#[test]
fn turns_are_spread_and_not_bunched() {
    let (candidates, mut turns) = (members(&[5, 1, 1]), vec![0; 3]);
    let order: Vec<usize> =
        (0..7).map(|_| ask(Kind::Weighted, &candidates, &mut turns, [0, 0]).unwrap()).collect();
    assert_eq!(order, [0, 0, 1, 0, 2, 0, 0], "nginx's own example");
}

#[test]
fn hashed_keys_fall_to_members_by_weight() {
    let counts = counts(Kind::Hash, &members(&[1, 2, 5]));
    for (count, weight) in counts.iter().zip([1.0, 2.0, 5.0]) {
        assert!(is_share(*count, weight / 8.0), "{counts:?}");
    }
}

#[test]
fn a_member_that_goes_takes_only_its_own_keys_with_it() {
    let all = members(&[3, 1, 4, 1, 5]);
    for gone in 0..all.len() {
        let mut rest = all.clone();
        rest[gone].standing = Standing::Ejected;
        for key in 0..5_000u64 {
            let before = choose(Rule::Hash(mix(key)), &all, [0; 2]).unwrap();
            let after = choose(Rule::Hash(mix(key)), &rest, [0; 2]).unwrap();
            assert!(before == gone || before == after, "key {key} moved from {before} to {after}");
            assert_ne!(after, gone);
        }
    }
}

#[test]
fn hashes_are_the_same_for_ever() {
    assert_eq!(hash(b""), 0xf52a_15e9_a9b5_e89b);
    assert_eq!(hash(b"site.test/a?b=c"), 0x1f82_298f_48af_2085);
    let three = members(&[1, 1, 1]);
    let chosen: Vec<usize> =
        (0..12u64).map(|key| choose(Rule::Hash(mix(key)), &three, [0; 2]).unwrap()).collect();
    assert_eq!(chosen, [0, 1, 2, 1, 2, 2, 1, 2, 0, 0, 1, 1]);
}

#[test]
fn idle_members_are_drawn_by_weight() {
    // Two different ones are drawn, and both are idle: the one drawn first whose weight carries it.
    let counts = counts(Kind::LeastRequests, &members(&[1, 1]));
    assert!(is_share(counts[0], 0.5), "{counts:?}");
}

/// Requests that each last as long as their member is slow, in a loop closed over so many at a time.
fn served_under_load(slowness: &[usize], weights: &[u32], at_a_time: usize) -> Vec<usize> {
    let mut candidates = members(weights);
    let mut dice = Dice::new(11);
    let mut served = vec![0; slowness.len()];
    let mut under_way: Vec<(usize, usize)> = Vec::new();
    for now in 0..REQUESTS {
        under_way.retain(|(end, place)| {
            let ended = *end <= now;
            candidates[*place].under_way -= u32::from(ended);
            served[*place] += usize::from(ended);
            !ended
        });
        while under_way.len() < at_a_time {
            let place = choose(Rule::LeastRequests, &candidates, [dice.roll(), dice.roll()]).unwrap();
            candidates[place].under_way += 1;
            under_way.push((now + slowness[place], place));
        }
    }
    served
}

#[test]
fn the_slower_member_gets_as_much_less_as_it_is_slower() {
    let served = served_under_load(&[10, 40], &[1, 1], 64);
    let ratio = served[0] as f64 / served[1] as f64;
    assert!((3.6..4.4).contains(&ratio), "{served:?}: equal queues mean four times the requests");
}

#[test]
fn weights_carry_more_requests_at_a_time() {
    let served = served_under_load(&[20, 20], &[3, 1], 64);
    let ratio = served[0] as f64 / served[1] as f64;
    assert!((2.7..3.3).contains(&ratio), "{served:?}");
}

#[test]
fn a_member_that_starts_slowly_gets_its_share_of_its_weight() {
    for share in [100, 500, 900] {
        let mut candidates = members(&[1, 1]);
        candidates[0].share = share;
        let part = f64::from(share) / 1000.0;
        for kind in [Kind::Weighted, Kind::Hash] {
            let counts = counts(kind, &candidates);
            assert!(is_share(counts[0], part / (1.0 + part)), "{kind:?} {share}: {counts:?}");
        }
    }
}

#[test]
fn least_requests_holds_back_a_member_that_starts_slowly() {
    let mut candidates = members(&[1, 1]);
    candidates[0].share = 100;
    candidates[1].under_way = 9;
    candidates[0].under_way = 1;
    let counts = counts(Kind::LeastRequests, &candidates);
    assert_eq!(counts[0], 0, "2 for a tenth is more than 10 for one");
}

#[test]
fn the_order_of_last_resorts() {
    let with = |standing, backup| Candidate { standing, backup, ..member(1) };
    let mut candidates = vec![
        with(Standing::EjectedAndProbedBad, false),
        with(Standing::ProbedBad, true),
        with(Standing::ProbedBad, false),
        with(Standing::Ejected, true),
        with(Standing::Ejected, false),
        with(Standing::Well, true),
        with(Standing::Well, false),
    ];
    for kind in KINDS {
        let mut order = Vec::new();
        let mut turns = vec![0; candidates.len()];
        while let Some(place) = ask(kind, &candidates, &mut turns, [1, 2]) {
            candidates[place].asked = true;
            order.push(place);
        }
        assert_eq!(order, [6, 5, 4, 3, 2, 1, 0], "{kind:?}");
        candidates.iter_mut().for_each(|candidate| candidate.asked = false);
    }
}

fn any_candidate() -> impl Strategy<Value = Candidate> {
    let standing = prop_oneof![
        Just(Standing::Well),
        Just(Standing::Ejected),
        Just(Standing::ProbedBad),
        Just(Standing::EjectedAndProbedBad)
    ];
    (1u32..=1000, 1u32..=1000, any::<bool>(), standing, 0u32..100_000, any::<u64>(), any::<bool>()).prop_map(
        |(weight, share, backup, standing, under_way, seed, asked)| Candidate {
            weight,
            share,
            backup,
            standing,
            under_way,
            seed,
            asked,
        },
    )
}

proptest! {
    #[test]
    fn whoever_is_left_is_asked_the_best_first_and_nobody_twice(
        candidates in prop::collection::vec(any_candidate(), 1..12),
        dice in any::<[u64; 2]>(),
        turns in prop::collection::vec(-2_000_000i64..2_000_000, 12),
    ) {
        for kind in KINDS {
            let chosen = ask(kind, &candidates, &mut turns.clone(), dice);
            let left: Vec<_> = candidates.iter().filter(|candidate| !candidate.asked).collect();
            prop_assert_eq!(chosen.is_some(), !left.is_empty());
            if let Some(place) = chosen {
                prop_assert!(!candidates[place].asked);
                let best = left.iter().map(|candidate| candidate.rank()).min().unwrap();
                prop_assert_eq!(candidates[place].rank(), best);
            }
        }
    }

    #[test]
    fn after_each_round_everyone_has_had_its_weight_and_nobody_is_owed_anything(
        weights in prop::collection::vec(1u32..=20, 1..12),
    ) {
        let candidates = members(&weights);
        let mut turns = vec![0; weights.len()];
        let mut counts = vec![0; weights.len()];
        for _ in 0..weights.iter().sum() {
            counts[ask(Kind::Weighted, &candidates, &mut turns, [0, 0]).unwrap()] += 1;
        }
        prop_assert_eq!(counts, weights);
        prop_assert!(turns.iter().all(|turn| *turn == 0), "{:?}", turns);
    }
}
