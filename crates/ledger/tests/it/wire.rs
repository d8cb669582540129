//! Encoded forms: what is written is read again, everything else is refused.

use littoral_ledger::{DecodeError, Entry, EpochId, Kind, Logged, Position, Purge, Scope, SiteKey};
use proptest::prelude::*;

pub(crate) fn at(epoch: u32, number: u64) -> Position {
    Position { epoch, number }
}

fn purge(scope: Scope) -> Purge {
    Purge { site: SiteKey(0x0102_0304_0506_0708), scope, kind: Kind::Hard }
}

#[test]
fn encoded_positions_are_thirteen_bytes_for_ever() {
    let bytes = [1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 1, 3];
    assert_eq!(at(2, 259).encode(), bytes);
    assert_eq!(Position::decode(&bytes), Ok(at(2, 259)));
}

#[test]
fn an_encoded_purge_is_the_same_bytes_for_ever() {
    let expected = [1, 1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 0, 0, 0, 3, b'h', b'/', b'a'];
    assert_eq!(purge(Scope::Url("h/a".into())).encode().as_deref(), Ok(&expected[..]));
}

#[test]
fn positions_that_no_fence_takes_are_refused() {
    assert_eq!(
        Position::decode(&at(Position::EPOCH_MAX + 1, 0).encode()),
        Err(DecodeError::TooLarge("epoch"))
    );
    let beyond = at(0, Position::NUMBER_MAX + 1).encode();
    assert_eq!(Position::decode(&beyond), Err(DecodeError::TooLarge("number")));
    let last = at(Position::EPOCH_MAX, Position::NUMBER_MAX);
    assert_eq!(Position::decode(&last.encode()), Ok(last));
}

#[test]
fn names_at_their_limit_pass_and_one_byte_more_does_not() {
    let longest = purge(Scope::Url("x".repeat(Purge::NAME_BYTES_MAX).into()));
    assert_eq!(Purge::decode(&longest.encode().unwrap()), Ok(longest));
    let longer = purge(Scope::Tag("x".repeat(Purge::NAME_BYTES_MAX + 1).into()));
    assert_eq!(longer.encode(), Err(DecodeError::TooLarge("name")));
}

#[test]
fn what_is_not_exactly_a_purge_is_refused_by_name() {
    let good = purge(Scope::Url("h/a".into())).encode().unwrap();
    let changed = |at: usize, byte: u8| {
        let mut bytes = good.clone();
        bytes[at] = byte;
        Purge::decode(&bytes)
    };
    assert_eq!(changed(0, 2), Err(DecodeError::Version(2)));
    assert_eq!(changed(9, 2), Err(DecodeError::Unknown("kind")));
    assert_eq!(changed(10, 5), Err(DecodeError::Unknown("scope")));
    assert_eq!(changed(10, 0), Err(DecodeError::Contradiction("everything has no name")));
    assert_eq!(changed(11, 1), Err(DecodeError::TooLarge("name")));
    assert_eq!(changed(14, 4), Err(DecodeError::Short));
    assert_eq!(changed(14, 2), Err(DecodeError::Trailing));
    assert_eq!(changed(15, 0xff), Err(DecodeError::BadText("name")));
    assert_eq!(purge(Scope::Tag("".into())).encode(), Err(DecodeError::BadText("name")));
    assert!(purge(Scope::Prefix("".into())).encode().is_ok());
}

#[test]
fn an_epoch_begins_at_the_number_at_which_it_branches_off() {
    let mark = |begins, branch| Logged { at: begins, entry: Entry::Epoch { id: EpochId(9), branch } };
    let good = mark(at(2, 50), at(1, 50));
    assert_eq!(Logged::decode(&good.encode().unwrap()), Ok(good));
    for bad in [mark(at(2, 51), at(1, 50)), mark(at(1, 50), at(1, 50)), mark(at(1, 50), at(2, 50))] {
        assert!(Logged::decode(&bad.encode().unwrap()).is_err(), "{bad:?}");
    }
}

pub(crate) fn any_position() -> impl Strategy<Value = Position> {
    (0..=Position::EPOCH_MAX, 0..=Position::NUMBER_MAX).prop_map(|(epoch, number)| at(epoch, number))
}

pub(crate) fn any_purge() -> impl Strategy<Value = Purge> {
    let scope = prop_oneof![
        Just(Scope::Everything),
        ".{1,9}".prop_map(|name| Scope::Host(name.into())),
        ".{1,9}".prop_map(|name| Scope::Url(name.into())),
        ".{0,9}".prop_map(|name| Scope::Prefix(name.into())),
        ".{1,9}".prop_map(|name| Scope::Tag(name.into())),
    ];
    let kind = prop_oneof![Just(Kind::Soft), Just(Kind::Hard)];
    (any::<u64>(), scope, kind).prop_map(|(site, scope, kind)| Purge { site: SiteKey(site), scope, kind })
}

pub(crate) fn any_logged() -> impl Strategy<Value = Logged> {
    prop_oneof![
        (any_position(), any_purge()).prop_map(|(at, purge)| Logged { at, entry: Entry::Purge(purge) }),
        (any_position(), any_position()).prop_map(|(at, lost)| Logged { at, entry: Entry::Renew { lost } }),
        (1..=Position::EPOCH_MAX, 0..=Position::NUMBER_MAX, any::<u64>()).prop_map(|(epoch, number, id)| {
            let branch = at(epoch - 1, number);
            Logged { at: at(epoch, number), entry: Entry::Epoch { id: EpochId(id), branch } }
        }),
    ]
}

proptest! {
    #![proptest_config(crate::cases(200))]

    #[test]
    fn encoded_positions_sort_as_positions_do(a in any_position(), b in any_position()) {
        prop_assert_eq!(a.encode().cmp(&b.encode()), a.cmp(&b));
    }

    #[test]
    fn what_is_written_is_read_again_and_nothing_shorter_or_longer(logged in any_logged()) {
        let bytes = logged.encode().unwrap();
        for length in 0..bytes.len() {
            prop_assert_eq!(Logged::decode(&bytes[..length]), Err(DecodeError::Short));
        }
        let longer = [&bytes[..], &[0]].concat();
        prop_assert_eq!(Logged::decode(&longer), Err(DecodeError::Trailing));
        prop_assert_eq!(Logged::decode(&bytes), Ok(logged));
    }
}
