//! Whether one more request is within a rate: the generic cell rate algorithm (ITU-T I.371, annex A). Pure.
//!
//! A client's whole history is one number: the time at which its next request would come if all came evenly. It is
//! the token bucket in other words: an empty history is a full bucket of `burst` tokens, one of which comes back each
//! `interval`.

use littoral_policy::RateLimit;

/// A limit in nanoseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Rate {
    /// Time in which one request is earned.
    interval: u64,
    /// How far ahead of even spacing a client may be.
    tolerance: u64,
}

/// What becomes of one request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Decision {
    /// It is let through; the history becomes this.
    Within { history: u64 },
    /// It comes too early by so much. The history stays: requests that are refused cost nothing.
    Beyond { wait_nanos: u64 },
}

impl Rate {
    pub(crate) fn of(limit: &RateLimit) -> Rate {
        let per = u64::try_from(limit.per.as_nanos()).unwrap_or(u64::MAX);
        let interval = (per / u64::from(limit.requests.max(1))).max(1);
        Rate { interval, tolerance: interval.saturating_mul(u64::from(limit.burst.max(1) - 1)) }
    }

    /// How many requests at `now` would be let through, one after the other.
    pub(crate) fn left(self, history: u64, now: u64) -> u64 {
        let ahead = history.max(now) - now;
        self.tolerance.checked_sub(ahead).map_or(0, |room| room / self.interval + 1)
    }

    /// Decides on a request at `now` from a client with that history.
    pub(crate) fn decide(self, history: u64, now: u64) -> Decision {
        let expected = history.max(now);
        match (expected - now).checked_sub(self.tolerance) {
            None | Some(0) => Decision::Within { history: expected.saturating_add(self.interval) },
            Some(wait_nanos) => Decision::Beyond { wait_nanos },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::Duration;

    proptest! {
        #[test]
        fn what_is_left_is_what_would_be_let_through(
            requests in 1_u32..50, burst in 1_u32..20, ahead in 0_u64..40_000_000_000, now in 0_u64..1 << 40,
        ) {
            let rate = Rate::of(&limit(requests, Duration::from_secs(10), burst));
            let (mut history, mut through) = (now + ahead, 0);
            while let Decision::Within { history: next } = rate.decide(history, now) {
                (history, through) = (next, through + 1);
            }
            prop_assert_eq!(rate.left(now + ahead, now), through);
        }
    }

    fn limit(requests: u32, per: Duration, burst: u32) -> RateLimit {
        let key = Box::default();
        RateLimit { name: "test".into(), requests, per, burst, key, status: 429, when: None }
    }

    /// The naive form: a bucket that is filled with time and pays for requests.
    struct Bucket {
        filled: u64,
        at: u64,
    }

    impl Bucket {
        fn allows(&mut self, rate: Rate, now: u64) -> bool {
            let full = rate.tolerance + rate.interval;
            self.filled = full.min(self.filled + (now - self.at));
            self.at = now;
            let pays = self.filled >= rate.interval;
            self.filled -= if pays { rate.interval } else { 0 };
            pays
        }
    }

    proptest! {
        #[test]
        fn it_decides_as_a_token_bucket_does(
            requests in 1u32..50,
            per_millis in 100u64..100_000,
            burst in 1u32..20,
            gaps in proptest::collection::vec(0u64..3_000_000_000, 1..200),
        ) {
            let rate = Rate::of(&limit(requests, Duration::from_millis(per_millis), burst));
            let mut bucket = Bucket { filled: rate.tolerance + rate.interval, at: 0 };
            let (mut now, mut history) = (0, 0);
            let mut admitted: Vec<u64> = Vec::new();
            for gap in gaps {
                now += gap;
                let expected = bucket.allows(rate, now);
                match rate.decide(history, now) {
                    Decision::Within { history: next } => {
                        prop_assert!(expected);
                        history = next;
                        admitted.push(now);
                    }
                    Decision::Beyond { wait_nanos } => {
                        prop_assert!(!expected && wait_nanos > 0);
                        // After the wait it is let through, and not a nanosecond before.
                        let after = rate.decide(history, now + wait_nanos);
                        prop_assert!(matches!(after, Decision::Within { .. }), "after the wait");
                        let before = rate.decide(history, now + wait_nanos - 1);
                        prop_assert!(matches!(before, Decision::Beyond { .. }), "before its end");
                    }
                }
            }
            // In no stretch of time are there more than the burst and what was earned in it.
            for (first, start) in admitted.iter().enumerate() {
                for (count, end) in admitted[first..].iter().enumerate() {
                    prop_assert!((count as u64) < u64::from(burst) + (end - start) / rate.interval);
                }
            }
        }
    }

    #[test]
    fn a_burst_is_let_through_and_then_the_rate_holds() {
        let rate = Rate::of(&limit(10, Duration::from_secs(1), 3));
        let mut history = 0;
        let mut at = |millis: u64| match rate.decide(history, millis * 1_000_000) {
            Decision::Within { history: next } => {
                history = next;
                None
            }
            Decision::Beyond { wait_nanos } => Some(wait_nanos / 1_000_000),
        };
        assert_eq!([at(1000), at(1000), at(1000), at(1000)], [None, None, None, Some(100)]);
        assert_eq!([at(1099), at(1100), at(1100)], [Some(1), None, Some(100)]);
        assert_eq!([at(5000), at(5000), at(5000), at(5000)], [None, None, None, Some(100)]);
    }
}
