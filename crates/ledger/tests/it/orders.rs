//! The step from publishing a purge to acknowledging it, under every order that memory may give it (`--cfg loom`).

use std::sync::atomic::Ordering::{Acquire, Release};

use littoral_ledger::{Change, Fence, Kind, Limits, Position, Purge, Scope, SiteKey, Verdict};
use loom::sync::Arc;
use loom::sync::atomic::AtomicBool;
use loom::thread;

const SITE: SiteKey = SiteKey(1);

fn purge(name: &str) -> Purge {
    Purge { site: SITE, scope: Scope::Url(name.into()), kind: Kind::Hard }
}

/// What a thread and whoever acknowledges share beside the fence.
#[derive(Default)]
struct Turns {
    asked: AtomicBool,
    passed: AtomicBool,
    acknowledged: AtomicBool,
}

/// One turn of a thread that answers with what is stored, if it may; remembers in `checked` at which position it was
/// found live, as the hot table does.
fn turn(fence: &Fence, turns: &Turns, checked: &mut Option<Position>) {
    let subject = fence.subject(SITE, b"h/a", []);
    let position = fence.site_position(SITE);
    let live =
        *checked == Some(position) || fence.judge(&subject, b"h/a", Position::default()) == Verdict::Live;
    if live {
        *checked = Some(position);
        // The head is queued here.
        assert!(!turns.acknowledged.load(Acquire), "an answer begins after the purge was acknowledged");
    }
    if turns.asked.load(Acquire) {
        turns.passed.store(true, Release);
    }
}

/// Publishes, asks for a turn, acknowledges if it was passed by the time that it looks.
fn acknowledge(fence: &Fence, turns: &Turns, change: Change<'_>) {
    fence.publish(change);
    turns.asked.store(true, Release);
    thread::yield_now();
    if turns.passed.load(Acquire) {
        turns.acknowledged.store(true, Release);
    }
}

fn explore(before: &'static [&'static str], change: Change<'static>) {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = Some(3);
    model.check(move || {
        let fence = Arc::new(Fence::new(Limits { entries_max: 16, odd_prefixes_max: 1 }));
        before.iter().for_each(|name| drop(fence.apply(&purge(name)).to_string()));
        let turns = Arc::new(Turns::default());
        let reader = {
            let (fence, turns) = (fence.clone(), turns.clone());
            thread::spawn(move || {
                let mut checked = None;
                (0..3).for_each(|_| turn(&fence, &turns, &mut checked));
            })
        };
        acknowledge(&fence, &turns, change);
        reader.join().expect("no promise was broken");
    });
}

#[test]
fn no_order_of_memory_lets_an_answer_begin_after_its_purge_was_acknowledged() {
    let purge: &'static Purge = Box::leak(Box::new(purge("h/a")));
    explore(&[], Change::Purge(purge));
}

#[test]
fn no_order_of_memory_lets_one_begin_while_the_table_grows() {
    let purge: &'static Purge = Box::leak(Box::new(purge("h/a")));
    explore(&["h/x", "h/y"], Change::Purge(purge));
}

#[test]
fn no_order_of_memory_lets_one_begin_after_everything_was_to_be_fetched_anew() {
    explore(&[], Change::Renew);
}

#[test]
fn a_thread_that_reads_a_position_reads_the_table_that_belongs_to_it() {
    loom::model(|| {
        let fence = Arc::new(Fence::new(Limits { entries_max: 16, odd_prefixes_max: 1 }));
        let writer = {
            let fence = fence.clone();
            thread::spawn(move || fence.apply(&purge("h/a")))
        };
        let subject = fence.subject(SITE, b"h/a", []);
        let (node, site) = (fence.position(), fence.site_position(SITE));
        let judged = fence.judge(&subject, b"h/a", Position::default());
        if node.max(site).number > 0 {
            assert_eq!(judged, Verdict::Hard, "announced, not yet published");
        }
        writer.join().expect("applied");
    });
}
