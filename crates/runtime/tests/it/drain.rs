//! Drain: beginning, guards, deadline.

use std::time::Duration;

use littoral_runtime::{Drain, DrainEnd};

const LONG: Duration = Duration::from_secs(30);

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn waiting_ends_when_drain_begins_and_at_once_afterwards() {
    block_on(async {
        let drain = Drain::new();
        assert!(!drain.is_draining());
        let waiter = tokio::spawn({
            let drain = drain.clone();
            async move { drain.wait().await }
        });
        tokio::task::yield_now().await;
        drain.begin();
        waiter.await.unwrap();
        drain.begin();
        drain.wait().await;
        assert!(drain.is_draining());
    });
}

#[test]
fn idle_is_reached_when_the_last_guard_of_all_lanes_is_dropped() {
    let drain = Drain::new();
    let guards: Vec<_> = (0..4).map(|_| drain.lane().guard()).collect();
    assert_eq!(drain.in_flight(), 4);
    drain.begin();
    let threads: Vec<_> = guards.into_iter().map(|guard| std::thread::spawn(move || drop(guard))).collect();
    assert_eq!(block_on(drain.wait_idle(LONG)), DrainEnd::Idle);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn what_is_still_in_flight_at_the_deadline_is_counted() {
    let drain = Drain::new();
    let lane = drain.lane();
    let (first, _second) = (lane.guard(), lane.guard());
    drain.begin();
    drop(first);
    assert_eq!(block_on(drain.wait_idle(Duration::from_millis(1))), DrainEnd::Deadline { in_flight: 1 });
}

#[test]
fn nothing_in_flight_is_idle_at_once() {
    let drain = Drain::new();
    drain.begin();
    assert_eq!(block_on(drain.wait_idle(Duration::ZERO)), DrainEnd::Idle);
}
