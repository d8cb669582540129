//! The system's clock and a test's.

use std::time::Duration;

use littoral_runtime::Clock;

#[test]
fn a_manual_clock_stands_still_until_it_is_moved_and_its_clones_move_with_it() {
    let clock = Clock::manual(1_700_000_000);
    let other = clock.clone();
    assert_eq!((clock.now(), clock.monotonic_nanos()), (1_700_000_000, 0));
    clock.advance(Duration::from_millis(2500));
    assert_eq!(other.now(), 1_700_000_002);
    assert_eq!(other.now_millis(), 1_700_000_002_500);
    assert_eq!(other.monotonic_nanos(), 2_500_000_000);
}

#[test]
fn seconds_before_the_epoch_round_down() {
    let clock = Clock::manual(-2);
    clock.advance(Duration::from_millis(500));
    assert_eq!(clock.now(), -2);
    assert_eq!(clock.now_millis(), -1500);
}

#[test]
fn the_system_clock_agrees_with_the_system_and_never_goes_back() {
    let clock = Clock::system();
    #[allow(clippy::disallowed_methods, reason = "the one place that checks our clock against the system's")]
    let system = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    assert!((clock.now_millis() - i64::try_from(system.as_millis()).unwrap()).abs() < 2000);
    let first = clock.monotonic_nanos();
    assert!(clock.monotonic_nanos() >= first);
}
