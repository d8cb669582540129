//! Latencies in log-linear buckets: 32 to each power of two, so a quantile is off by 3 % at most.

/// Counts of durations, in tenths of a microsecond.
pub struct Histogram(Vec<u64>);

impl Histogram {
    /// An empty one.
    pub fn new() -> Self {
        Self(vec![0; 64 * 32])
    }

    /// Counts one duration.
    pub fn add_nanos(&mut self, nanos: u64) {
        self.0[bucket(nanos / 100)] += 1;
    }

    /// The quantile, in microseconds; 0 when nothing was counted.
    pub fn quantile_micros(&self, quantile: f64) -> f64 {
        let wanted = self.0.iter().sum::<u64>() as f64 * quantile;
        let mut seen = 0;
        for (index, count) in self.0.iter().enumerate() {
            seen += count;
            if seen > 0 && seen as f64 >= wanted {
                return lower_bound(index) / 10.0;
            }
        }
        0.0
    }
}

fn bucket(value: u64) -> usize {
    let value = value.max(1);
    let exponent = value.ilog2() as usize;
    if exponent < 5 {
        value as usize
    } else {
        (exponent - 4) * 32 + ((value >> (exponent - 5)) & 31) as usize
    }
}

fn lower_bound(index: usize) -> f64 {
    if index < 32 { index as f64 } else { ((32 + index % 32) as u64 * (1 << (index / 32 - 1))) as f64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_holds_its_value_within_3_percent() {
        for value in (1..100_000).chain([1 << 30, (1 << 40) + 12345]) {
            let low = lower_bound(bucket(value));
            assert!(low <= value as f64 && value as f64 <= low * 1.032 + 0.001, "{value}: {low}");
        }
    }
}
