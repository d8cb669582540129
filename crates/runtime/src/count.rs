//! Counters that one thread writes and any thread reads: per core while serving, summed when scraped.
//!
//! A write is a plain load and store, with no locked instruction and no line shared with another core.
//! Two writers on one counter lose counts; they corrupt nothing.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Puts a thread's counters on cache lines of their own (128 bytes: processors fetch lines in pairs).
#[derive(Debug, Default)]
#[repr(align(128))]
pub struct Padded<T>(pub T);

impl<T> std::ops::Deref for Padded<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

/// A number that only grows. One writer.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// A counter at zero.
    pub const fn new() -> Counter {
        Counter(AtomicU64::new(0))
    }

    /// Adds one.
    pub fn increment(&self) {
        self.add(1);
    }

    /// Adds `n`; wraps at 2^64 as Prometheus counters may.
    pub fn add(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// The count so far; any thread.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A number that goes up and down. One writer.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    /// A gauge at zero.
    pub const fn new() -> Gauge {
        Gauge(AtomicI64::new(0))
    }

    /// Adds `n`, which may be negative.
    pub fn add(&self, n: i64) {
        self.set(self.value().wrapping_add(n));
    }

    /// Sets the value.
    pub fn set(&self, value: i64) {
        self.0.store(value, Ordering::Relaxed);
    }

    /// The value now; any thread.
    pub fn value(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Smallest upper bound that a histogram tells apart: 10 µs, in nanoseconds.
const FIRST_BOUND_NANOS: u64 = 10_000;
/// Powers of ten covered: 10 µs to 100 s.
const DECADES: usize = 7;
/// Nine linear steps in each decade, the first bound, and one bucket for all that is longer than 100 s.
const BUCKETS: usize = DECADES * 9 + 2;

/// How long things took: log-linear buckets, nine to a decade, from 10 µs to 100 s, so an estimate of a
/// quantile is at most a factor of two off at a decade's start and 12 % at its end. One writer. 536 bytes.
#[derive(Debug)]
pub struct Histogram {
    buckets: [Counter; BUCKETS],
    nanos: Counter,
}

impl Default for Histogram {
    fn default() -> Histogram {
        Histogram::new()
    }
}

impl Histogram {
    /// An empty histogram.
    pub const fn new() -> Histogram {
        Histogram { buckets: [const { Counter::new() }; BUCKETS], nanos: Counter::new() }
    }

    /// Counts one duration.
    pub fn observe(&self, took: Duration) {
        self.observe_nanos(u64::try_from(took.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts one duration given in nanoseconds, as [`crate::Clock::monotonic_nanos`] differences are.
    pub fn observe_nanos(&self, nanos: u64) {
        self.buckets[bucket_of(nanos)].increment();
        self.nanos.add(nanos);
    }
}

/// Histograms of several threads, added up.
#[derive(Clone, Debug)]
pub struct HistogramSum {
    buckets: [u64; BUCKETS],
    nanos: u64,
}

impl Default for HistogramSum {
    fn default() -> HistogramSum {
        HistogramSum { buckets: [0; BUCKETS], nanos: 0 }
    }
}

impl HistogramSum {
    /// Adds what `histogram` has counted so far.
    pub fn add(&mut self, histogram: &Histogram) {
        for (sum, counter) in self.buckets.iter_mut().zip(&histogram.buckets) {
            *sum = sum.wrapping_add(counter.value());
        }
        self.nanos = self.nanos.wrapping_add(histogram.nanos.value());
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }

    /// All durations together, in seconds.
    pub fn sum_seconds(&self) -> f64 {
        self.nanos as f64 / 1e9
    }

    /// The upper bound of the bucket in which the quantile `q` (0 to 1) lies, in seconds; `None` when
    /// nothing was counted or it lies above 100 s.
    pub fn quantile_seconds(&self, q: f64) -> Option<f64> {
        let rank = (self.count() as f64 * q).ceil().max(1.0) as u64;
        let mut seen = 0;
        let at = self.buckets.iter().position(|&n| {
            seen += n;
            seen >= rank
        })?;
        (at + 1 < BUCKETS).then(|| bound_nanos(at) as f64 / 1e9)
    }

    /// Cumulative counts at the bounds 1, 2 and 5 of each decade: (upper bound in nanoseconds, count of
    /// all durations up to and including it). What is longer than the last bound is only in the count.
    pub fn cumulative(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        let mut seen = 0;
        self.buckets[..BUCKETS - 1].iter().enumerate().filter_map(move |(at, &n)| {
            seen += n;
            matches!(leading_digit(at), 1 | 2 | 5).then(|| (bound_nanos(at), seen))
        })
    }
}

/// The bucket whose bounds hold `nanos`: above the bucket before, up to and including its own bound.
fn bucket_of(nanos: u64) -> usize {
    if nanos <= FIRST_BOUND_NANOS {
        return 0;
    }
    // Bounds are inclusive: one less, so that a bound itself falls below its step.
    let below = nanos - 1;
    let power = below.ilog10();
    let digit = below / 10_u64.pow(power);
    let decade = (power - FIRST_BOUND_NANOS.ilog10()) as usize;
    (decade * 9 + digit as usize).min(BUCKETS - 1)
}

fn bound_nanos(bucket: usize) -> u64 {
    let decade = u32::try_from(bucket / 9).expect("there are fewer than 100 buckets");
    leading_digit(bucket) * FIRST_BOUND_NANOS * 10_u64.pow(decade)
}

fn leading_digit(bucket: usize) -> u64 {
    (bucket % 9 + 1) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_belongs_to_its_own_bucket_and_one_more_to_the_next() {
        for bucket in 0..BUCKETS - 1 {
            let bound = bound_nanos(bucket);
            assert_eq!(bucket_of(bound), bucket, "{bound} ns");
            assert_eq!(bucket_of(bound + 1), bucket + 1, "{bound} ns and one");
        }
        assert_eq!(bucket_of(0), 0);
        assert_eq!(bucket_of(u64::MAX), BUCKETS - 1);
    }

    #[test]
    fn a_histogram_is_half_a_kibibyte() {
        assert!(size_of::<Histogram>() <= 544);
    }
}
