//! What is known of an origin server's health, shared by all threads and kept while its settings are: from its answers
//! (passive) and from its probes (active). Beside it the counts that a scrape asks for. Choosing is `balance`'s.

use super::balance::{Standing, WHOLE_SHARE};
use littoral_policy::Ejection;
use parking_lot::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

/// Each ejection that follows upon another lasts twice as long, up to this many times the first.
const EJECTION_GROWTH_MAX: u64 = 10;

/// The smallest share, in thousandths, that a member has while it starts slowly: one that gets nothing would not
/// warm up.
const SHARE_MIN: u32 = WHOLE_SHARE / 10;

/// How one origin server does. Times are milliseconds of the edge's monotonic clock.
#[derive(Default)]
pub(crate) struct Health {
    /// Requests that are under way on all threads, until the end of their answers.
    pub(crate) under_way: AtomicU32,
    /// Out until then; zero: never was.
    ejected_until: AtomicU64,
    /// When its probes were good again; zero: never.
    probed_well_since: AtomicU64,
    probes_fail: AtomicBool,
    /// It was left out and has not answered since: one request at a time finds out.
    untried: AtomicBool,
    /// That request is under way.
    on_trial: AtomicBool,
    /// Whether `passive` has anything but its beginning in it, so that success costs no lock.
    troubled: AtomicBool,
    passive: Mutex<Passive>,
    pub(crate) counts: Counts,
}

/// What a scrape asks for. They begin anew when the origin's settings change.
#[derive(Default)]
pub(crate) struct Counts {
    pub(crate) ejections: AtomicU64,
    pub(crate) good_probes: AtomicU64,
    pub(crate) bad_probes: AtomicU64,
}

impl Health {
    pub(crate) fn standing(&self, now: u64) -> Standing {
        let fails = self.probes_fail.load(Ordering::Relaxed);
        let is_tried = self.untried.load(Ordering::Relaxed) && self.on_trial.load(Ordering::Relaxed);
        match (is_tried || self.is_ejected(now), fails) {
            (false, false) => Standing::Well,
            (true, false) => Standing::Ejected,
            (false, true) => Standing::ProbedBad,
            (true, true) => Standing::EjectedAndProbedBad,
        }
    }

    /// A request goes to it; whether that is the one which tries out a member that came back. While it waits for an
    /// answer the member counts as left out: one that hangs would else hold up everybody for as long as a head may
    /// take. Whoever gets `true` says [`Health::trial_ended`].
    pub(crate) fn begins_trial(&self) -> bool {
        self.untried.load(Ordering::Relaxed) && !self.on_trial.swap(true, Ordering::Relaxed)
    }

    /// The request that tried it has its answer, or was given up.
    pub(crate) fn trial_ended(&self) {
        self.on_trial.store(false, Ordering::Relaxed);
    }

    /// How much of its weight counts, in thousandths: it grows with the time since it came back.
    pub(crate) fn share(&self, now: u64, slow_start: Duration) -> u32 {
        let back = self.ejected_until.load(Ordering::Relaxed);
        let back = back.max(self.probed_well_since.load(Ordering::Relaxed));
        let slow_start = slow_start.as_millis() as u64;
        match now.checked_sub(back) {
            Some(elapsed) if back > 0 && elapsed < slow_start => {
                SHARE_MIN.max((elapsed * u64::from(WHOLE_SHARE) / slow_start) as u32)
            }
            _ => WHOLE_SHARE,
        }
    }

    /// Whether its answers have given no cause to remember anything.
    pub(crate) fn is_untroubled(&self) -> bool {
        !self.troubled.load(Ordering::Acquire)
    }

    /// A request that began at `began` was answered well.
    pub(crate) fn succeeded(&self, now: u64, began: u64, what: Phase) {
        if !self.is_untroubled() {
            let mut passive = self.passive.lock();
            passive.succeeded(now, began, what);
            self.publish(&passive);
        }
    }

    /// A request that began at `began` was not. `may_eject` says whether the group can spare it. How long it is left out
    /// for that, if it is.
    pub(crate) fn failed(
        &self,
        now: u64,
        began: u64,
        what: Phase,
        rules: &Ejection,
        may_eject: impl FnOnce() -> bool,
    ) -> Option<Duration> {
        let mut passive = self.passive.lock();
        let ejected = passive.failed(now, began, what, rules, may_eject);
        if ejected {
            self.counts.ejections.fetch_add(1, Ordering::Relaxed);
        }
        self.publish(&passive);
        ejected.then(|| Duration::from_millis(passive.until.saturating_sub(now)))
    }

    fn publish(&self, passive: &Passive) {
        self.ejected_until.store(passive.until, Ordering::Relaxed);
        self.untried.store(passive.untried, Ordering::Relaxed);
        self.troubled.store(*passive != Passive::default(), Ordering::Release);
    }

    pub(crate) fn is_ejected(&self, now: u64) -> bool {
        now < self.ejected_until.load(Ordering::Relaxed)
    }

    /// Enough probes in a row said so. Whether it was known otherwise before.
    pub(crate) fn probed(&self, now: u64, well: bool) -> bool {
        let failed = self.probes_fail.swap(!well, Ordering::Relaxed);
        if failed && well {
            self.probed_well_since.store(now.max(1), Ordering::Relaxed);
        }
        failed == well
    }
}

/// The part of an answer that did well or not. They are counted apart: an origin all of whose bodies break off would
/// otherwise be forgiven with each head.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    Head,
    Body,
}

/// Passive health: failures in a row, and what followed from them.
#[derive(Default, Debug, PartialEq, Eq)]
struct Passive {
    heads_failed: u32,
    bodies_failed: u32,
    /// It came back from an ejection and has not given a whole answer since: one failure is enough.
    on_probation: bool,
    /// No head came since.
    untried: bool,
    /// Ejections that followed upon each other.
    rounds: u32,
    /// The last ejection: from …
    since: u64,
    /// … to.
    until: u64,
}

impl Passive {
    fn succeeded(&mut self, now: u64, began: u64, what: Phase) {
        if began < self.since {
            return;
        }
        self.heads_failed = 0;
        self.untried = false;
        if what == Phase::Head {
            return;
        }
        self.bodies_failed = 0;
        self.on_probation = false;
        // It was asked because nobody better was left, and answered.
        self.until = self.until.min(now.max(self.since));
        if now >= self.until + (self.until - self.since).max(1) {
            self.rounds = 0;
        }
    }

    /// Whether it is ejected for that.
    fn failed(
        &mut self,
        now: u64,
        began: u64,
        what: Phase,
        rules: &Ejection,
        may_eject: impl FnOnce() -> bool,
    ) -> bool {
        // Known before, or asked although it was out.
        if began < self.until {
            return false;
        }
        let failures = match what {
            Phase::Head => &mut self.heads_failed,
            Phase::Body => &mut self.bodies_failed,
        };
        *failures += 1;
        if !(self.on_probation || *failures >= rules.failures) || !may_eject() {
            return false;
        }
        let time = rules.time.as_millis() as u64;
        let growth = (1u64 << self.rounds.min(10)).min(EJECTION_GROWTH_MAX);
        *self = Passive {
            on_probation: true,
            untried: true,
            rounds: self.rounds.saturating_add(1),
            since: now,
            until: now + time * growth,
            ..Passive::default()
        };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Ejection = Ejection { failures: 3, time: Duration::from_millis(100), share_max_percent: 50 };

    fn fails(health: &Health, now: u64) {
        health.failed(now, now, Phase::Head, &RULES, || true);
    }

    fn succeeds(health: &Health, now: u64) {
        health.succeeded(now, now, Phase::Head);
        health.succeeded(now, now, Phase::Body);
    }

    fn out_for(health: &Health, now: u64) -> u64 {
        (0..).find(|later| !health.is_ejected(now + later)).unwrap()
    }

    #[test]
    fn failures_in_a_row_eject_and_a_success_between_does_not() {
        let health = Health::default();
        for now in 1..=2 {
            fails(&health, now);
        }
        succeeds(&health, 3);
        for now in 4..=5 {
            fails(&health, now);
        }
        assert_eq!(health.standing(5), Standing::Well);
        fails(&health, 6);
        assert_eq!(health.standing(6), Standing::Ejected);
        assert_eq!(health.standing(106), Standing::Well);
        assert_eq!(health.counts.ejections.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn one_that_fails_again_at_once_stays_away_twice_as_long_up_to_ten_times() {
        let health = Health::default();
        let mut now = 1000;
        (0..3).for_each(|_| fails(&health, now));
        let mut times = Vec::new();
        for _ in 0..6 {
            let out = out_for(&health, now);
            times.push(out);
            now += out;
            fails(&health, now);
        }
        assert_eq!(times, [100, 200, 400, 800, 1000, 1000]);
        now += out_for(&health, now);
        succeeds(&health, now + 1);
        succeeds(&health, now + 1001);
        (0..3).for_each(|_| fails(&health, now + 1002));
        assert_eq!(out_for(&health, now + 1002), 100, "it did well for as long as it was out");
    }

    #[test]
    fn what_was_under_way_when_it_was_ejected_changes_nothing() {
        let health = Health::default();
        (0..3).for_each(|_| fails(&health, 1000));
        for now in 1001..1050 {
            health.failed(now, 990, Phase::Head, &RULES, || true);
            health.succeeded(now, 990, Phase::Body);
        }
        assert_eq!(out_for(&health, 1000), 100);
        assert_eq!(health.counts.ejections.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn one_that_is_asked_as_a_last_resort_and_answers_is_back() {
        let health = Health::default();
        (0..3).for_each(|_| fails(&health, 1000));
        succeeds(&health, 1010);
        assert_eq!(health.standing(1010), Standing::Well);
    }

    #[test]
    fn a_group_that_cannot_spare_it_keeps_it() {
        let health = Health::default();
        for now in 1..20 {
            health.failed(now, now, Phase::Head, &RULES, || false);
        }
        assert_eq!(health.standing(20), Standing::Well);
    }

    #[test]
    fn bodies_that_break_off_are_not_forgiven_with_the_next_head() {
        let health = Health::default();
        for now in 1..=3 {
            health.succeeded(now, now, Phase::Head);
            health.failed(now, now, Phase::Body, &RULES, || true);
        }
        assert_eq!(health.standing(3), Standing::Ejected);
    }

    #[test]
    fn one_that_came_back_is_tried_by_one_request_at_a_time_until_a_head_came() {
        let health = Health::default();
        assert!(!health.begins_trial(), "it was never away");
        (0..3).for_each(|_| fails(&health, 1000));
        assert_eq!(health.standing(1100), Standing::Well);
        assert!(health.begins_trial());
        assert_eq!(health.standing(1101), Standing::Ejected);
        assert!(!health.begins_trial(), "another one that goes there all the same");
        health.trial_ended();
        assert_eq!(health.standing(1102), Standing::Well, "who tried it left before there was an answer");
        assert!(health.begins_trial());
        health.succeeded(1103, 1101, Phase::Head);
        assert_eq!(health.standing(1104), Standing::Well, "open to all, whoever still reads that answer");
        health.trial_ended();
        assert!(!health.begins_trial());
    }

    #[test]
    fn a_share_grows_from_a_tenth_to_the_whole() {
        let slow = Duration::from_secs(10);
        let health = Health::default();
        assert_eq!(health.share(5, slow), WHOLE_SHARE, "it did not come back: it was never away");
        health.probed(1000, false);
        assert_eq!(health.standing(1000), Standing::ProbedBad);
        health.probed(2000, true);
        let shares = [2000, 2500, 4000, 7000, 11_999, 12_000].map(|now| health.share(now, slow));
        assert_eq!(shares, [100, 100, 200, 500, 999, 1000]);
        assert_eq!(health.share(2000, Duration::ZERO), WHOLE_SHARE);
        (0..3).for_each(|_| fails(&health, 20_000));
        assert_eq!(health.share(25_100, slow), 500, "from the end of the ejection on");
    }
}
