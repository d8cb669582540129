//! Time that the host took from this machine: figures taken under much of it say little.

use std::fs;

/// Ticks stolen, and ticks in all, since the machine started.
#[derive(Copy, Clone)]
pub struct Steal {
    stolen: u64,
    total: u64,
}

impl Steal {
    /// As it stands now.
    pub fn now() -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().next().unwrap_or_default();
        let ticks: Vec<u64> =
            line.split_whitespace().skip(1).take(8).filter_map(|f| f.parse().ok()).collect();
        Self { stolen: ticks.get(7).copied().unwrap_or_default(), total: ticks.iter().sum() }
    }

    /// Percent stolen since `before`.
    pub fn percent_since(self, before: Self) -> f64 {
        let total = self.total.saturating_sub(before.total).max(1);
        self.stolen.saturating_sub(before.stolen) as f64 * 100.0 / total as f64
    }
}
