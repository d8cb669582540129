//! CPU time of a process and all its descendants, from `/proc/PID/task/*/schedstat`: nanoseconds on a core.

use std::fs;

/// The process and its descendants as they are now.
pub fn process_tree(pid: u32) -> Vec<u32> {
    let mut found = vec![pid];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        next += 1;
        for task in tasks(parent) {
            let children = fs::read_to_string(format!("{task}/children")).unwrap_or_default();
            found.extend(children.split_whitespace().filter_map(|child| child.parse::<u32>().ok()));
        }
    }
    found
}

/// Nanoseconds that these processes have been on a core.
pub fn nanos_on_core(processes: &[u32]) -> u64 {
    let read = |task: String| fs::read_to_string(format!("{task}/schedstat")).ok();
    let first = |text: String| text.split_whitespace().next().and_then(|field| field.parse::<u64>().ok());
    processes.iter().flat_map(|&process| tasks(process)).filter_map(|task| read(task).and_then(first)).sum()
}

/// Share of its time that a core was busy between two looks, in percent.
#[derive(Copy, Clone)]
pub struct CoreTimes {
    busy: u64,
    total: u64,
}

impl CoreTimes {
    /// The core's times since the machine started.
    pub fn of(core: usize) -> Self {
        let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
        let line = stat.lines().find(|line| line.split(' ').next() == Some(&format!("cpu{core}")));
        let fields = line.unwrap_or_default().split_whitespace().skip(1).take(8);
        let ticks: Vec<u64> = fields.filter_map(|field| field.parse().ok()).collect();
        let total = ticks.iter().sum();
        let idle: u64 = ticks.iter().skip(3).take(2).sum();
        Self { busy: total - idle, total }
    }

    /// Percent busy since `before`.
    pub fn busy_percent_since(self, before: Self) -> f64 {
        let total = self.total.saturating_sub(before.total).max(1);
        self.busy.saturating_sub(before.busy) as f64 * 100.0 / total as f64
    }
}

fn tasks(process: u32) -> Vec<String> {
    let entries = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    entries.map(|entry| entry.path().display().to_string()).collect()
}
