//! Facts about the host and this process, read from `/proc` when asked.
//!
//! Reading costs system calls: for scrapes and for background judgement, never for a request. Nothing
//! here decides what the facts mean. A fact that the kernel does not tell is `None`, never a guess.

mod memory;

pub use memory::MemoryFacts;

use std::fs;
use std::io;

use crate::sys;

/// What the host looks like now.
#[derive(Clone, Debug, Default)]
pub struct HostFacts {
    /// Bytes of memory, bounded by this process's control group.
    pub memory_total_bytes: Option<u64>,
    /// Bytes that can be used without swapping (`MemAvailable`), bounded by the control group.
    pub memory_available_bytes: Option<u64>,
    /// Runnable tasks averaged over one minute.
    pub load_1m: Option<f64>,
    /// Processor time of all cores since boot.
    pub cpu: Option<CpuTimes>,
}

impl HostFacts {
    /// Reads all facts.
    pub fn read() -> HostFacts {
        let memory = MemoryFacts::read();
        HostFacts {
            memory_total_bytes: memory.total_bytes,
            memory_available_bytes: memory.available_bytes,
            load_1m: fs::read_to_string("/proc/loadavg").ok().and_then(|text| load_1m(&text)),
            cpu: fs::read_to_string("/proc/stat").ok().and_then(|text| CpuTimes::parse(&text)),
        }
    }
}

/// Processor time of all cores since boot, in kernel ticks.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct CpuTimes {
    /// All time, idle included.
    pub total: u64,
    /// Time without work, waiting for disks included.
    pub idle: u64,
    /// Time in which the hypervisor ran others although this machine had work.
    pub steal: u64,
}

impl CpuTimes {
    /// From the text of `/proc/stat`.
    pub fn parse(stat: &str) -> Option<CpuTimes> {
        let line = stat.lines().find(|line| line.starts_with("cpu "))?;
        let ticks: Vec<u64> = line.split_ascii_whitespace().skip(1).map_while(|n| n.parse().ok()).collect();
        // user nice system idle iowait irq softirq steal; guest time is already within user.
        let [_, _, _, idle, iowait, _, _, steal, ..] = ticks[..] else { return None };
        Some(CpuTimes { total: ticks[..8].iter().sum(), idle: idle + iowait, steal })
    }

    /// Share of processor time (0 to 1) that was stolen between `earlier` and this reading.
    pub fn steal_since(&self, earlier: &CpuTimes) -> f64 {
        self.share_since(earlier, |times| times.steal)
    }

    /// Share of processor time (0 to 1) that was busy between `earlier` and this reading.
    pub fn busy_since(&self, earlier: &CpuTimes) -> f64 {
        1.0 - self.share_since(earlier, |times| times.idle)
    }

    fn share_since(&self, earlier: &CpuTimes, part: impl Fn(&CpuTimes) -> u64) -> f64 {
        let all = self.total.saturating_sub(earlier.total).max(1);
        (part(self).saturating_sub(part(earlier)) as f64 / all as f64).min(1.0)
    }
}

/// What this process uses now.
#[derive(Clone, Debug, Default)]
pub struct ProcessFacts {
    /// Resident bytes.
    pub resident_bytes: Option<u64>,
    /// Processor seconds, user and system.
    pub cpu_seconds: Option<f64>,
    /// Open descriptors.
    pub descriptors_open: Option<u64>,
    /// Most descriptors that may be open.
    pub descriptors_max: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

impl ProcessFacts {
    /// Reads all facts.
    pub fn read() -> ProcessFacts {
        let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
        // The command name may hold blanks and brackets: fields are counted from behind it.
        let fields: Vec<&str> = stat
            .rsplit_once(')')
            .map(|(_, rest)| rest.split_ascii_whitespace().collect())
            .unwrap_or_default();
        let field = |at: usize| fields.get(at - 3).and_then(|text| text.parse::<u64>().ok());
        let ticks = field(14).zip(field(15)).map(|(user, system)| user + system);
        ProcessFacts {
            resident_bytes: field(24).map(|pages| pages * sys::page_bytes()),
            cpu_seconds: ticks.map(|ticks| ticks as f64 / sys::ticks_per_second() as f64),
            descriptors_open: fs::read_dir("/proc/self/fd").ok().map(|entries| entries.count() as u64),
            descriptors_max: descriptor_limit().ok().map(|(soft, _)| soft),
            threads: field(20),
        }
    }
}

/// Soft and hard limit of open descriptors.
pub fn descriptor_limit() -> io::Result<(u64, u64)> {
    sys::descriptor_limit()
}

/// Raises the soft limit of open descriptors to the hard one, which needs no privilege; the limit in
/// force afterwards.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let (soft, hard) = sys::descriptor_limit()?;
    if soft < hard {
        sys::set_descriptor_limit(hard, hard)?;
    }
    Ok(hard)
}

/// Makes the calling thread give way to all others: for work that nobody waits for. Where the system does not let it, the
/// thread goes on as it is.
pub fn yield_to_all_others() {
    let _ = sys::be_nice();
}

/// Whether IPv6 sockets can be made here.
pub fn has_ipv6() -> bool {
    socket2::Socket::new(socket2::Domain::IPV6, socket2::Type::STREAM, None)
        .and_then(|socket| {
            socket.bind(&socket2::SockAddr::from(std::net::SocketAddr::from((
                std::net::Ipv6Addr::LOCALHOST,
                0,
            ))))
        })
        .is_ok()
}

/// Processors that this process may run on.
pub fn processors() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn load_1m(loadavg: &str) -> Option<f64> {
    loadavg.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steal_is_the_eighth_field_and_counts_against_all_time() {
        let earlier = CpuTimes::parse("cpu  10 0 10 80 0 0 0 0 0 0\ncpu0 1 1 1 1\n").expect("eight fields");
        let later = CpuTimes::parse("cpu  20 0 20 150 10 0 0 20 0 0\n").expect("eight fields");
        assert!((later.steal_since(&earlier) - 20.0 / 120.0).abs() < 1e-9);
        assert!((later.busy_since(&earlier) - 40.0 / 120.0).abs() < 1e-9);
        assert_eq!(CpuTimes::parse("cpu  1 2 3\n"), None);
    }

    #[test]
    fn this_host_and_process_tell_their_facts() {
        let host = HostFacts::read();
        assert!(host.memory_available_bytes <= host.memory_total_bytes);
        assert!(host.cpu.is_some_and(|cpu| cpu.total > 0));
        let process = ProcessFacts::read();
        assert!(process.resident_bytes.is_some_and(|bytes| bytes > 100_000));
        assert!(process.threads.is_some_and(|threads| threads >= 1));
        assert!(process.descriptors_open <= process.descriptors_max);
    }
}
