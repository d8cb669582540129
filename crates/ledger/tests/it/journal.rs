//! The journal: whatever the disk kept of it, a node never takes what was torn for whole.

use littoral_ledger::{
    Cut, Entry, Fence, Kind, Limits, Logged, Lost, Position, Purge, Record, Replayed, Scope, SiteKey, Stand,
    Tie, Verdict, compact, decode_journal,
};
use proptest::prelude::*;

use crate::wire::{any_logged, any_position, any_purge, at};

const SITE: SiteKey = SiteKey(1);

fn journal_of(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    records.iter().for_each(|record| record.encode(&mut bytes).expect("within limits"));
    bytes
}

fn url(nth: u64) -> Purge {
    Purge { site: SITE, scope: Scope::Url(format!("h/{nth}").into()), kind: Kind::Hard }
}

fn applied(own: u64, control: u64) -> Record {
    let logged = Logged { at: at(1, control), entry: Entry::Purge(url(own)) };
    Record::Applied { own: at(1, own), logged }
}

fn some_records() -> Vec<Record> {
    let stand = Stand { control: at(1, 0), ..Stand::default() };
    vec![
        Record::Life(1),
        Record::Stand { own: at(1, 0), stand },
        applied(1, 1),
        applied(2, 2),
        Record::Local { own: at(1, 3), purge: url(3) },
        applied(4, 3),
        Record::Floor { own: at(1, 5) },
    ]
}

#[test]
fn a_journal_cut_off_at_any_byte_keeps_exactly_its_whole_records() {
    let records = some_records();
    let bytes = journal_of(&records);
    let mut ends = vec![0];
    records
        .iter()
        .for_each(|record| ends.push(ends.last().unwrap() + journal_of(std::slice::from_ref(record)).len()));
    for length in 0..=bytes.len() {
        let whole = ends.iter().filter(|&&end| end <= length).count() - 1;
        let cut = if ends.contains(&length) { Cut::Clean } else { Cut::Torn };
        assert_eq!(
            decode_journal(&bytes[..length]),
            (records[..whole].to_vec(), ends[whole], cut),
            "{length}"
        );
        // A file that was made longer before it was written.
        let mut padded = bytes[..length].to_vec();
        padded.resize(length + 64, 0);
        let (kept, at, cut) = decode_journal(&padded);
        // Zeros may be just what was missing.
        let is_there = |&&end: &&usize| padded.len() >= end && padded[..end] == bytes[..end];
        let whole = ends.iter().filter(is_there).count() - 1;
        assert_eq!((kept.len(), at), (whole, ends[whole]), "{length}");
        assert!(cut == Cut::Torn || matches!(cut, Cut::Damaged(_)) && length > ends[whole], "{length}");
    }
}

#[test]
fn a_rotten_byte_anywhere_is_damage_and_nothing_behind_it_is_read() {
    let records = some_records();
    let bytes = journal_of(&records);
    for rotten in 0..bytes.len() {
        let mut bytes = bytes.clone();
        bytes[rotten] ^= 0x10;
        let (kept, length, cut) = decode_journal(&bytes);
        assert!(matches!(cut, Cut::Damaged(_)), "{rotten}: {cut:?}");
        assert!(length <= rotten && kept == records[..kept.len()], "{rotten}");
    }
}

#[test]
fn a_fence_from_a_journal_judges_as_the_one_that_wrote_it() {
    let fence = Fence::starting_at(Limits::default(), at(1, 0));
    let effective = fence.position();
    for nth in 1..=3 {
        fence.apply(&url(nth));
    }
    let replayed = Replayed::of(some_records()[..5].to_vec(), Cut::Clean);
    assert_eq!(replayed.control(), at(1, 2));
    let again = Fence::of_journal(Limits::default(), &replayed);
    assert_eq!(again.position(), at(2, 0), "a new life");
    for nth in 1..=4u64 {
        let name = format!("h/{nth}");
        for number in 0..=3 {
            let judge = |fence: &Fence| {
                fence.judge(&fence.subject(SITE, name.as_bytes(), []), name.as_bytes(), at(1, number))
            };
            assert_eq!(judge(&again), judge(&fence), "{name} at {number}");
        }
        let subject = again.subject(SITE, name.as_bytes(), []);
        assert_eq!(again.judge(&subject, name.as_bytes(), effective) == Verdict::Hard, nth <= 3, "{name}");
    }
}

#[test]
fn compaction_beyond_its_bound_gives_up_precision_and_forgets_nothing() {
    let mut records = some_records()[..2].to_vec();
    records.extend((1..=40).map(|nth| applied(nth, nth)));
    let compacted = compact(&records, at(1, 10), 8);
    assert!(compacted.len() <= 8 + 4, "{}", compacted.len());
    let replayed = Replayed::of(compacted.clone(), Cut::Clean);
    assert_eq!(replayed.control(), at(1, 40));
    let fence = Fence::of_journal(Limits::default(), &replayed);
    for nth in 11..=40 {
        let name = format!("h/{nth}");
        let subject = fence.subject(SITE, name.as_bytes(), []);
        let before = fence.judge(&subject, name.as_bytes(), at(1, nth - 1));
        assert_eq!(before, Verdict::Hard, "{nth}");
        let other = fence.subject(SITE, b"h/other", []);
        let other = fence.judge(&other, b"h/other", at(1, nth - 1));
        assert_eq!(
            other == Verdict::Hard,
            nth <= 32,
            "{nth}: what was given up covers all, what was kept is exact"
        );
    }
    assert_eq!(compact(&compacted, at(1, 10), 8), compacted, "compacting again changes nothing");
}

fn any_record() -> impl Strategy<Value = Record> {
    let lost =
        prop::option::of((any_position(), any_position()).prop_map(|(known, back)| Lost { known, back }));
    let stand = (any_position(), any::<u64>(), lost).prop_map(|(control, id, lost)| Stand {
        control,
        id: littoral_ledger::EpochId(id),
        lost,
    });
    let half = |position: Position| Position { number: position.number / 2, ..position };
    prop_oneof![
        (0..=Position::EPOCH_MAX).prop_map(Record::Life),
        (any_position(), any_logged()).prop_map(|(own, logged)| Record::Applied { own, logged }),
        (any_position(), any_purge()).prop_map(|(own, purge)| Record::Local { own, purge }),
        any_position().prop_map(|own| Record::Floor { own }),
        (any_position(), stand).prop_map(|(own, stand)| Record::Stand { own, stand }),
        (any_position(), any_position(), 0..1000u64, any_position()).prop_map(
            move |(own, control, run, back)| Record::Tie(Tie {
                own: half(own),
                control: half(control),
                run,
                back
            })
        ),
    ]
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn records_are_read_as_they_were_written(records in prop::collection::vec(any_record(), 0..8)) {
        let bytes = journal_of(&records);
        prop_assert_eq!(decode_journal(&bytes), (records, bytes.len(), Cut::Clean));
    }

    #[test]
    fn a_compacted_journal_comes_to_the_same(
        locals in prop::collection::vec(any::<bool>(), 1..40), forgotten in 0..40u64
    ) {
        let mut records = some_records()[..2].to_vec();
        let mut control = 0;
        for (nth, &local) in locals.iter().enumerate() {
            let own = nth as u64 + 1;
            control += u64::from(!local);
            records.push(match local {
                true => Record::Local { own: at(1, own), purge: url(own) },
                false => applied(own, control),
            });
        }
        let (all, some) = (
            Replayed::of(records.clone(), Cut::Clean),
            Replayed::of(compact(&records, at(1, forgotten), 1000), Cut::Clean),
        );
        prop_assert_eq!(some.control(), all.control());
        let (all, some) = (Fence::of_journal(Limits::default(), &all), Fence::of_journal(Limits::default(), &some));
        for nth in 1..=locals.len() as u64 {
            let name = format!("h/{nth}");
            for effective in forgotten..=locals.len() as u64 {
                let judge = |fence: &Fence| {
                    fence.judge(&fence.subject(SITE, name.as_bytes(), []), name.as_bytes(), at(1, effective))
                };
                prop_assert_eq!(judge(&some), judge(&all), "{} at {}", nth, effective);
            }
        }
    }
}
