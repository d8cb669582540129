//! The protocols explored: every order in which threads, messages, disks, failures and restores can meet, within small
//! bounds, over the real code. And the other way round: mistakes made on purpose, each of which must be found.
//!
//! Counts are printed (`cargo test -p littoral-ledger model -- --nocapture`); `LITTORAL_SOAK=1` widens the bounds.

#![allow(clippy::print_stdout, reason = "counts and counterexamples are what a run is read for")]

mod bug;
mod explorer;
mod node;
mod overflow;
mod rollout;
mod setup;
mod steps;
mod world;

use bug::Bug;
use explorer::{Model, explore, wander};
use overflow::AtTheLimit;
use rollout::{Mistake, Rollout};
use setup::{Covers, QUIET, Setup};
use world::Action;

/// The usual bound, or the one of a long run.
fn bound(usual: usize, soak: usize) -> usize {
    if std::env::var_os("LITTORAL_SOAK").is_some() { soak } else { usual }
}

fn holds(name: &str, setup: &Setup) {
    holds_for(name, setup, setup.states_max);
}

fn holds_for(name: &str, model: &impl Model, states_max: usize) {
    let explored = explore(model, states_max);
    println!("{}", explored.summary(name));
    assert!(explored.broken.is_none(), "{name}: {}", explored.counterexample());
    assert!(explored.states > 100, "{name} explores next to nothing");
}

/// The mistake is found, and without it the same scenario holds.
fn finds(bug: Bug, setup: &Setup) {
    let setup = Setup { bug: Some(bug), ..setup.clone() };
    finds_in(bug, &setup, setup.states_max);
}

fn finds_in(bug: impl std::fmt::Debug, model: &impl Model, states_max: usize) {
    let explored = explore(model, states_max);
    println!("{}\n{}\n", explored.summary(&format!("{bug:?}")), explored.counterexample());
    assert!(explored.broken.is_some(), "{bug:?} was not found");
}

/// Fills, revalidations, slices and derived variants while purges come, threads turn by turn.
fn threads() -> Setup {
    Setup {
        threads: 2,
        purges: &[Covers::Hard, Covers::Soft],
        purges_max: bound(1, 2) as u8,
        jobs_max: 1,
        slices: true,
        asks_max: 0,
        net_max: 1,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// Messages lost, doubled and out of order; power fails; the log is short.
fn link() -> Setup {
    Setup {
        purges: &[Covers::Hard, Covers::Other],
        purges_max: bound(2, 3) as u8,
        asks_max: bound(2, 3) as u8,
        doubles: true,
        crashes_max: 1,
        log_entries_max: 1,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// Power fails under a node that has stored what its journal does not know of, and the log is short.
fn power() -> Setup {
    Setup {
        purges_max: 3,
        jobs_max: 1,
        asks_max: bound(1, 3) as u8,
        net_max: 1,
        crashes_max: bound(1, 2) as u8,
        log_entries_max: 1,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// Unsafe methods invalidate beside control's purges, and power fails.
fn unsafe_methods() -> Setup {
    Setup {
        purges: &[Covers::Hard, Covers::Other],
        purges_max: bound(1, 2) as u8,
        jobs_max: bound(1, 2) as u8,
        unsafe_max: bound(1, 2) as u8,
        asks_max: 1,
        net_max: 1,
        crashes_max: bound(1, 2) as u8,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// A parent and its child, and power that fails under both.
fn parent() -> Setup {
    Setup {
        nodes: 2,
        purges: &[Covers::Hard],
        purges_max: bound(1, 2) as u8,
        jobs_max: 2,
        asks_max: 1,
        net_max: 2,
        crashes_max: bound(0, 1) as u8,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// Control restored from an old backup, the old one still there: one node, three purges.
fn restored() -> Setup {
    Setup {
        purges: &[Covers::Other, Covers::Hard, Covers::Other],
        in_turn: true,
        purges_max: 3,
        asks_max: bound(2, 4) as u8,
        net_max: 1,
        crashes_max: bound(0, 1) as u8,
        restores_max: bound(1, 2) as u8,
        split: true,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

const PARENT: usize = 0;

/// The parent of a node has gone over to the restored control and fetched, and then comes a purge from the old one.
fn branched() -> Setup {
    Setup {
        nodes: 2,
        purges_max: bound(1, 2) as u8,
        jobs_max: bound(2, 3) as u8,
        asks_max: bound(3, 4) as u8,
        net_max: 2,
        loses: false,
        restores_max: 1,
        split: true,
        prelude: &[
            Action::Restore,
            Action::Ask { node: PARENT, control: 1 },
            Action::Deliver { message: 0 },
            Action::Fetch { node: PARENT },
            Action::Received { node: PARENT },
            Action::Store { node: PARENT },
        ],
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// The parent of a node stays in the old epoch, at a number that the new one reaches with another purge.
fn left_behind() -> Setup {
    Setup {
        nodes: 2,
        purges: &[Covers::Other, Covers::Hard],
        in_turn: true,
        purges_max: 2,
        jobs_max: bound(2, 3) as u8,
        asks_max: bound(2, 4) as u8,
        net_max: 2,
        loses: false,
        restores_max: 1,
        split: true,
        prelude: &[
            Action::Purge { control: 0, covers: Covers::Other },
            Action::Deliver { message: 0 },
            Action::Deliver { message: 0 },
            Action::Fetch { node: PARENT },
            Action::Received { node: PARENT },
            Action::Store { node: PARENT },
            Action::Sync { node: PARENT },
        ],
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

fn writers() -> Setup {
    Setup {
        purges: &[Covers::Hard, Covers::Other],
        purges_max: bound(2, 4) as u8,
        writers: 2,
        asks_max: 2,
        net_max: 1,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// Control away, and a site that is never to be behind.
fn leases() -> Setup {
    Setup {
        purges: &[Covers::Hard, Covers::Other],
        purges_max: bound(2, 3) as u8,
        asks_max: bound(3, 4) as u8,
        net_max: 1,
        ticks_max: bound(4, 6) as u8,
        reply_entries_max: 1,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// The same, with a thread that holds something hot.
fn hot_leases() -> Setup {
    Setup {
        threads: 1,
        purges_max: bound(1, 2) as u8,
        asks_max: bound(1, 3) as u8,
        net_max: 1,
        ticks_max: bound(2, 4) as u8,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

/// A new process takes over while the old one still answers.
fn upgrades() -> Setup {
    Setup {
        threads: 1,
        purges: &[Covers::Hard],
        purges_max: bound(1, 2) as u8,
        asks_max: bound(1, 2) as u8,
        net_max: 1,
        upgrades: true,
        states_max: bound(400_000, 1_500_000),
        ..QUIET
    }
}

#[test]
fn no_acknowledged_purge_is_undone_by_fills_and_threads() {
    holds("threads", &threads());
}

#[test]
fn no_acknowledged_purge_is_lost_by_messages_or_power() {
    holds("link", &link());
    holds("power", &power());
    holds("unsafe methods", &unsafe_methods());
}

#[test]
fn no_parent_brings_back_what_its_child_has_purged() {
    holds("parent", &parent());
}

#[test]
fn no_restored_control_brings_back_what_a_node_has_purged() {
    holds("restored", &restored());
    holds("branched", &branched());
    holds("left behind", &left_behind());
}

#[test]
fn writers_leave_no_gap_and_lose_nothing() {
    holds("writers", &writers());
}

#[test]
fn nothing_purged_is_served_when_control_says_that_the_lease_ran_out() {
    holds("leases", &leases());
    holds("hot leases", &hot_leases());
}

#[test]
fn no_purge_is_acknowledged_for_a_process_that_still_answers() {
    holds("upgrades", &upgrades());
}

#[test]
fn every_mistake_of_threads_and_fills_is_found() {
    for bug in [
        Bug::FillTakesPositionWhenStored,
        Bug::PositionReadAfterJudging,
        Bug::AcknowledgedBeforeTurn,
        Bug::AnsweredInALaterTurn,
        Bug::RevalidationTakesPositionWhenStored,
        Bug::SlicesTakeTheLastPosition,
        Bug::DerivedTakesItsOwnPosition,
        Bug::HardPurgedLendsValidators,
    ] {
        finds(bug, &threads());
    }
}

#[test]
fn every_mistake_of_messages_and_disks_is_found() {
    for bug in
        [Bug::GapSkipped, Bug::AcknowledgedBeforeJournal, Bug::TornTailTakenWhole, Bug::ResetKeepsStored]
    {
        finds(bug, &link());
    }
    finds(Bug::LifeGivenTwice, &power());
    finds(Bug::InvalidationNotWaitedFor, &unsafe_methods());
}

#[test]
fn every_mistake_of_epochs_and_parents_is_found() {
    finds(Bug::ParentTrusted, &parent());
    finds(Bug::RestoreWithoutEpoch, &restored());
    finds(Bug::BranchTrusted, &branched());
    finds(Bug::EpochComparedByNumber, &left_behind());
}

#[test]
fn every_mistake_of_writers_leases_and_upgrades_is_found() {
    finds(Bug::WritersTakeOneNumber, &writers());
    finds(Bug::NumberBeforeCommit, &writers());
    finds(Bug::LeaseFromReply, &leases());
    finds(Bug::LeaseWithoutCatchingUp, &leases());
    finds(Bug::LeaseReadAfterPosition, &hot_leases());
    finds(Bug::OlderProcessForgotten, &upgrades());
    finds(Bug::JournalReadBeforeHandOver, &upgrades());
}

#[test]
fn a_full_table_forgets_no_purge() {
    let model = |bug| AtTheLimit { bug, steps_max: bound(4, 6) };
    holds_for("at the limit", &model(None), usize::MAX);
    finds_in(Bug::OverflowForgets, &model(Some(Bug::OverflowForgets)), usize::MAX);
}

#[test]
fn generations_never_go_back_and_candidates_end_by_themselves() {
    let model = |mistake| Rollout { mistake, generations_max: 3, restarts_max: 1 };
    holds_for("generations", &model(None), bound(400_000, 1_500_000));
    for mistake in [
        Mistake::CandidateNeverExpires,
        Mistake::RestartKeepsCandidate,
        Mistake::LateOfferRevives,
        Mistake::OlderCommitTaken,
        Mistake::BadPartTakesSiteAway,
        Mistake::RestoredVersionsGoBack,
    ] {
        finds_in(mistake, &model(Some(mistake)), usize::MAX);
    }
}

/// Everything at once: a parent and its child with threads, three controls one after the other or side by side, short
/// logs, crashes, leases that run out.
fn everything() -> Setup {
    Setup {
        nodes: 2,
        threads: 2,
        purges: &[Covers::Hard, Covers::Soft, Covers::Other],
        purges_max: 12,
        jobs_max: 20,
        slices: true,
        asks_max: 30,
        net_max: 4,
        doubles: true,
        crashes_max: 4,
        restores_max: 2,
        split: true,
        log_entries_max: 4,
        ..QUIET
    }
}

#[test]
fn long_random_walks_break_no_promise_either() {
    let walks = bound(2_000, 200_000) as u64;
    for (name, setup) in [
        ("walks", everything()),
        ("walks without threads", Setup { threads: 0, unsafe_max: 4, nodes: 1, ..everything() }),
        ("walks of parent and child", Setup { threads: 0, ..everything() }),
        ("walks of one control", Setup { threads: 0, restores_max: 0, log_entries_max: 2, ..everything() }),
        (
            "walks with leases",
            Setup { nodes: 1, restores_max: 0, crashes_max: 1, ticks_max: 9, ..everything() },
        ),
        (
            "walks over upgrades",
            Setup { nodes: 1, restores_max: 0, crashes_max: 0, upgrades: true, ..everything() },
        ),
    ] {
        let explored = wander(&setup, walks, 150);
        println!("{}", explored.summary(name));
        assert!(explored.broken.is_none(), "{name}: {}", explored.counterexample());
        assert!(explored.depth >= 100, "{name}: short walks");
    }
    let model = Rollout { mistake: None, generations_max: 12, restarts_max: 4 };
    let explored = wander(&model, walks, 60);
    assert!(explored.broken.is_none(), "{}", explored.counterexample());
}
