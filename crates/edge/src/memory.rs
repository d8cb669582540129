//! Whether there is memory for new work. A thread looks four times a second; requests read one flag, which only
//! changes when the answer does. While memory is short, what needs an origin is answered 503, hits are served on.

use crate::config::{MemoryAdmission, Notices};
use littoral_model::{MemoryReserve, format_size};
use littoral_runtime::host::MemoryFacts;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(250);
/// The usual reserve, in percent, and its most.
const USUAL_PERCENT: u64 = 5;
const USUAL_BYTES_MAX: u64 = 512 << 20;
/// Percent of time that everybody stands still for want of memory from which on twice the reserve is wanted, and
/// below which it no longer is.
const STALLED_PERCENT: f32 = 10.0;
const MOVING_PERCENT: f32 = 5.0;

/// What clients that are turned away are told to wait. Seconds.
pub(crate) const RETRY_AFTER: &[u8] = b"5";

/// What all threads read.
#[derive(Default)]
pub(crate) struct Memory {
    is_short: AtomicBool,
    reserve_bytes: AtomicU64,
    shortages: AtomicU64,
}

impl Memory {
    /// Whether new work is turned away.
    #[inline]
    pub(crate) fn is_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    /// What is to stay available; 0 while unknown, or where nothing is.
    pub(crate) fn reserve_bytes(&self) -> u64 {
        self.reserve_bytes.load(Ordering::Relaxed)
    }

    /// How often it became short.
    pub(crate) fn shortages(&self) -> u64 {
        self.shortages.load(Ordering::Relaxed)
    }

    fn look(&self, judge: &mut Judge, facts: &MemoryFacts, notices: &Notices) {
        let before = judge.is_short;
        let is_short = judge.judge(facts);
        self.reserve_bytes.store(judge.reserve_bytes(facts).unwrap_or(0), Ordering::Relaxed);
        if is_short == before {
            return;
        }
        self.is_short.store(is_short, Ordering::Relaxed);
        let size = |bytes: Option<u64>| bytes.map_or_else(|| "?".to_owned(), |b| format_size(b >> 20 << 20));
        let (available, reserve) = (size(facts.available_bytes), size(judge.reserve_bytes(facts)));
        notices.tell(&if is_short {
            self.shortages.fetch_add(1, Ordering::Relaxed);
            format!(
                "memory is short: {available} available, {reserve} are to stay; what needs an origin is answered 503"
            )
        } else {
            format!("memory suffices again: {available} available, {reserve} are to stay")
        });
    }
}

/// Looks until told to stop, by a word or by the end of whoever could say one.
pub(crate) fn watch(memory: &Memory, admission: &MemoryAdmission, notices: &Notices, stopped: &Receiver<()>) {
    let mut judge = Judge { reserve: admission.reserve, is_short: false };
    loop {
        memory.look(&mut judge, &(admission.facts)(), notices);
        if stopped.recv_timeout(INTERVAL) != Err(RecvTimeoutError::Timeout) {
            return;
        }
    }
}

/// Whether there is anything to watch for.
pub(crate) fn is_on(admission: &MemoryAdmission) -> bool {
    !matches!(admission.reserve, MemoryReserve::Share(0) | MemoryReserve::Bytes(0))
}

/// Decides from one look to the next. What ends a shortage is more than what began it, so that it does not come and
/// go with each request.
struct Judge {
    reserve: MemoryReserve,
    is_short: bool,
}

impl Judge {
    fn reserve_bytes(&self, facts: &MemoryFacts) -> Option<u64> {
        let share = |percent: u64| facts.total_bytes.map(|total| total / 100 * percent);
        match self.reserve {
            MemoryReserve::Usual => share(USUAL_PERCENT).map(|bytes| bytes.min(USUAL_BYTES_MAX)),
            MemoryReserve::Share(percent) => share(percent.into()),
            MemoryReserve::Bytes(bytes) => Some(bytes),
        }
    }

    /// What is not known speaks for no shortage.
    fn judge(&mut self, facts: &MemoryFacts) -> bool {
        let (Some(reserve), Some(available)) = (self.reserve_bytes(facts), facts.available_bytes) else {
            self.is_short = false;
            return false;
        };
        let stalled = facts.stalled_percent.unwrap_or(0.0);
        let (wanted, stalls) = if self.is_short {
            // Where little more than the reserve exists at all, a part of the rest must do.
            let rest = facts.total_bytes.map_or(u64::MAX, |total| total.saturating_sub(reserve));
            (reserve.saturating_add((reserve / 4).min(rest / 2)), stalled >= MOVING_PERCENT)
        } else {
            (reserve, stalled >= STALLED_PERCENT)
        };
        self.is_short = available < wanted || (stalls && available < reserve.saturating_mul(2));
        self.is_short
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    fn facts(available: u64, stalled_percent: Option<f32>) -> MemoryFacts {
        MemoryFacts { total_bytes: Some(1000 * MB), available_bytes: Some(available * MB), stalled_percent }
    }

    #[test]
    fn a_shortage_ends_later_than_it_begins() {
        let mut judge = Judge { reserve: MemoryReserve::Bytes(100 * MB), is_short: false };
        let seen = [200, 100, 99, 100, 124, 125, 100].map(|available| judge.judge(&facts(available, None)));
        assert_eq!(seen, [false, false, true, true, true, false, false]);
    }

    #[test]
    fn standing_still_for_want_of_memory_doubles_the_reserve() {
        let mut judge = Judge { reserve: MemoryReserve::Share(10), is_short: false };
        let looks = [(150, 9.0), (150, 10.0), (150, 5.0), (150, 4.9), (200, 50.0), (199, 50.0)];
        let seen = looks.map(|(available, stalled)| judge.judge(&facts(available, Some(stalled))));
        assert_eq!(seen, [false, true, true, false, false, true]);
    }

    #[test]
    fn the_usual_reserve_is_a_share_with_a_most() {
        let judge = Judge { reserve: MemoryReserve::Usual, is_short: false };
        let reserve = |total: u64| {
            judge.reserve_bytes(&MemoryFacts { total_bytes: Some(total), ..MemoryFacts::default() })
        };
        assert_eq!(reserve(1000 * MB), Some(50 * MB));
        assert_eq!(reserve(1 << 40), Some(512 * MB));
    }

    #[test]
    fn what_is_not_known_is_no_shortage() {
        let mut judge = Judge { reserve: MemoryReserve::Usual, is_short: true };
        assert!(!judge.judge(&MemoryFacts::default()));
    }
}
