//! Generations, case by case; the model explores how such cases meet.

use std::time::Duration;

use littoral_ledger::{
    ContentHash, DecodeError, EpochId, Generations, Kept, Manifest, NotTaken, Part, PartEffect, PartRefusal,
    Position,
};
use proptest::prelude::*;

use crate::wire::{any_position, at};

const BAD: u8 = 66;

fn part(name: &str, version: u64, content: u8) -> Part {
    Part { name: name.into(), version: at(1, version), content: Some(ContentHash([content; 32])) }
}

fn generation(number: u64, parts: &[(&str, u64, u8)]) -> Manifest {
    let parts = parts.iter().map(|&(name, version, content)| part(name, version, content)).collect();
    Manifest::new(at(1, number), EpochId(1), parts).expect("a good manifest")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Applies at once; contents are good, but one.
fn drive(generations: &mut Generations, effects: Vec<PartEffect>) -> Vec<PartRefusal> {
    let mut refusals = Vec::new();
    for effect in effects {
        let more = match effect {
            PartEffect::Apply(part) if part.content == Some(ContentHash([BAD; 32])) => {
                generations.refused(part)
            }
            PartEffect::Apply(part) => generations.applied(part),
            PartEffect::Refused(_, refusal) => {
                refusals.push(refusal);
                Vec::new()
            }
            PartEffect::Keep | PartEffect::Remove(_) => Vec::new(),
        };
        refusals.extend(drive(generations, more));
    }
    refusals
}

fn commit(generations: &mut Generations, manifest: Manifest) -> Vec<PartRefusal> {
    let effects = generations.commit(manifest).expect("later");
    drive(generations, effects)
}

/// Names and contents served.
fn serves(generations: &Generations) -> String {
    let parts =
        generations.serving().map(|part| format!("{}={}", part.name, part.content.map_or(0, |c| c.0[0])));
    parts.collect::<Vec<_>>().join(" ")
}

fn two_sites() -> Generations {
    let mut generations = Generations::default();
    commit(&mut generations, generation(1, &[("a", 1, 1), ("b", 1, 2)]));
    generations
}

#[test]
fn a_bad_part_keeps_its_old_form_and_holds_up_no_other() {
    let mut generations = two_sites();
    let refusals = commit(&mut generations, generation(2, &[("a", 2, BAD), ("b", 2, 3)]));
    assert_eq!((refusals, serves(&generations).as_str()), (vec![PartRefusal::Bad], "a=1 b=3"));
    let (again, _) = Generations::open(generations.kept());
    assert_eq!(serves(&again), "a=1 b=3", "after a restart, too");
    commit(&mut generations, generation(3, &[("a", 3, 4), ("b", 2, 3)]));
    assert_eq!(serves(&generations), "a=4 b=3");
}

#[test]
fn a_part_that_goes_back_or_contradicts_its_version_is_refused() {
    let mut generations = two_sites();
    commit(&mut generations, generation(3, &[("a", 3, 3), ("b", 1, 2)]));
    let refusals = commit(&mut generations, generation(4, &[("a", 2, 9), ("b", 1, 8)]));
    assert_eq!(refusals, [PartRefusal::Backwards, PartRefusal::OtherContent]);
    assert_eq!(serves(&generations), "a=3 b=2");
}

#[test]
fn no_generation_is_taken_twice_or_from_another_history() {
    let mut generations = two_sites();
    let same = generation(1, &[("a", 1, 1)]);
    assert_eq!(generations.commit(same), Err(NotTaken::Older));
    let other = Manifest::new(at(1, 2), EpochId(9), Vec::new()).expect("empty");
    assert_eq!(generations.commit(other), Err(NotTaken::OtherHistory));
    let restored = generation(1, &[("a", 1, 7)]).begin_epoch(at(2, 1), EpochId(2));
    commit(&mut generations, restored);
    assert_eq!(serves(&generations), "a=7");
    assert_eq!(generations.commit(generation(9, &[])), Err(NotTaken::Older), "an older control");
}

#[test]
fn a_candidate_expires_and_a_late_offer_revives_nothing() {
    let mut generations = two_sites();
    let candidate = generation(2, &[("a", 2, 5), ("b", 1, 2)]);
    let effects = generations.offer(candidate.clone(), 1, seconds(10), seconds(0)).expect("new");
    drive(&mut generations, effects);
    assert_eq!(serves(&generations), "a=5 b=2");
    let effects = generations.tick(seconds(9));
    assert_eq!(effects, []);
    let effects = generations.tick(seconds(10));
    drive(&mut generations, effects);
    assert_eq!((serves(&generations).as_str(), generations.candidate()), ("a=1 b=2", None));
    let late = generations.offer(candidate.clone(), 1, seconds(20), seconds(11));
    assert_eq!(late, Err(NotTaken::Outlived));
    let effects = generations.offer(candidate.clone(), 2, seconds(20), seconds(11)).expect("offered again");
    drive(&mut generations, effects);
    assert_eq!(serves(&generations), "a=5 b=2");
    let effects = generations.withdraw(at(1, 2));
    drive(&mut generations, effects);
    assert_eq!(serves(&generations), "a=1 b=2");
    assert_eq!(generations.offer(candidate, 3, seconds(20), seconds(11)), Err(NotTaken::Outlived));
}

#[test]
fn what_is_urgent_does_not_wait_behind_a_canary() {
    let mut generations = two_sites();
    let effects = generations.offer(generation(2, &[("a", 2, 5)]), 1, seconds(10), seconds(0)).expect("new");
    drive(&mut generations, effects);
    commit(&mut generations, generation(3, &[("a", 1, 1), ("b", 3, 6)]));
    assert_eq!(serves(&generations), "a=5 b=6");
    let effects = generations.tick(seconds(10));
    drive(&mut generations, effects);
    assert_eq!(serves(&generations), "a=1 b=6");
}

#[test]
fn a_restart_drops_the_candidate_and_keeps_what_is_committed() {
    let mut generations = two_sites();
    let effects = generations.offer(generation(2, &[("a", 2, 5)]), 1, seconds(10), seconds(0)).expect("new");
    drive(&mut generations, effects);
    let (mut again, effects) = Generations::open(generations.kept());
    drive(&mut again, effects);
    assert_eq!((serves(&again).as_str(), again.candidate()), ("a=1 b=2", None));
    commit(&mut again, generation(2, &[("a", 2, 5)]));
    assert_eq!(serves(&again), "a=5", "what a committed generation does not list is gone");
    assert_eq!(
        again.kept(),
        Kept { committed: Some(generation(2, &[("a", 2, 5)])), good: vec![part("a", 2, 5)] }
    );
}

#[test]
fn manifests_that_contradict_themselves_are_refused() {
    let twice = vec![part("a", 1, 1), part("a", 1, 2)];
    let refused = |parts| Manifest::new(at(1, 1), EpochId(1), parts).err();
    assert!(matches!(refused(twice), Some(DecodeError::Contradiction(_))));
    assert!(matches!(refused(vec![part("a", 2, 1)]), Some(DecodeError::Contradiction(_))));
    assert_eq!(refused(vec![part("", 1, 1)]), Some(DecodeError::BadText("name of a part")));
    let long = "x".repeat(Manifest::NAME_BYTES_MAX + 1);
    assert_eq!(refused(vec![part(&long, 1, 1)]), Some(DecodeError::TooLarge("name of a part")));
    assert_eq!(refused(vec![part(&long[1..], 1, 1)]), None);
}

fn any_manifest() -> impl Strategy<Value = Manifest> {
    let parts = prop::collection::btree_map("[a-z/.]{1,9}", (any::<bool>(), any::<[u8; 32]>()), 0..5);
    (any_position(), any::<u64>(), parts).prop_map(|(at, id, parts)| {
        let part = |(name, (there, hash)): (String, (bool, [u8; 32]))| Part {
            name: name.into(),
            version: Position { number: at.number / 2, ..at },
            content: there.then_some(ContentHash(hash)),
        };
        Manifest::new(at, EpochId(id), parts.into_iter().map(part).collect()).expect("sorted")
    })
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn manifests_are_read_as_they_were_written_and_in_no_other_form(manifest in any_manifest()) {
        let bytes = manifest.encode();
        for length in 0..bytes.len() {
            prop_assert!(Manifest::decode(&bytes[..length]).is_err());
        }
        prop_assert_eq!(Manifest::decode(&bytes), Ok(manifest));
    }
}
