//! What was measured, as tables in Markdown: medians, and the least and the most beside them.

use std::fmt::{self, Write};
use std::fs;
use std::time::Duration;

use crate::load::Outcome;
use crate::rows::Row;
use crate::servers::{CACHE_MIB, KINDS, Kind};

/// One run's figures.
#[derive(Copy, Clone, Debug)]
pub struct Figures {
    cpu_micros: f64,
    rate: f64,
    latency: [f64; 3],
    server_core: f64,
    load_core: f64,
    reconnects: u64,
}

impl Figures {
    /// Those of an outcome.
    pub fn of(outcome: &Outcome) -> Self {
        Self {
            cpu_micros: outcome.cpu_micros,
            rate: outcome.rate(),
            latency: outcome.latency,
            server_core: outcome.server_core,
            load_core: outcome.load_core,
            reconnects: outcome.reconnects,
        }
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:>7.2} CPU-µs  {:>7.0}/s  p50 {:.0} p99 {:.0} p99.9 {:.0} µs  cores {:.0} % {:.0} %",
            self.cpu_micros,
            self.rate,
            self.latency[0],
            self.latency[1],
            self.latency[2],
            self.server_core,
            self.load_core
        )?;
        if self.reconnects > 0 { write!(f, "  {} reconnects", self.reconnects) } else { Ok(()) }
    }
}

/// All runs.
pub struct Report {
    versions: Vec<(Kind, String)>,
    rounds: usize,
    secs: f64,
    runs: Vec<(Row, Kind, Figures)>,
    /// Share of the machine's time that its host took meanwhile.
    pub steal_percent: f64,
    /// How long it all took.
    pub took: Duration,
}

impl Report {
    /// An empty one.
    pub fn new(versions: Vec<(Kind, String)>, rounds: usize, secs: f64) -> Self {
        Self { versions, rounds, secs, runs: Vec::new(), steal_percent: 0.0, took: Duration::ZERO }
    }

    /// Adds a run.
    pub fn add(&mut self, row: &Row, kind: Kind, figures: Figures) {
        self.runs.push((*row, kind, figures));
    }

    /// CPU time per request, then rate and latency.
    pub fn tables(&self) -> String {
        format!("{}\n{}", self.cpu_table(), self.latency_table())
    }

    fn cpu_table(&self) -> String {
        let kinds = self.kinds();
        let mut out = "CPU-µs per request: median (least–most).\n\n| row |".to_owned();
        for kind in &kinds {
            _ = write!(out, " {} |", kind.name());
        }
        _ = writeln!(out, " best peer ÷ littoral |\n|---|{}---|", "---|".repeat(kinds.len()));
        for row in self.rows() {
            _ = write!(out, "| {} |", row.name);
            for &kind in &kinds {
                match self.spread(&row, kind, |figures| figures.cpu_micros) {
                    Some([least, median, most]) => {
                        _ = write!(out, " {} ({}–{}) |", short(median), short(least), short(most));
                    }
                    None => out.push_str(" – |"),
                }
            }
            match self.ratio(&row) {
                Some((peer, ratio)) => _ = writeln!(out, " {ratio:.2} ({}) |", peer.name()),
                None => out.push_str(" – |\n"),
            }
        }
        out
    }

    fn latency_table(&self) -> String {
        let mut out =
            "Requests per second with 64 connections, and µs from request to last byte: medians. Where the \
                       load's core is above about 90 %, the load is the limit, not the server.\n\n\
                       | row | server | requests/s | p50 | p99 | p99.9 | server's core | load's core |\n\
                       |---|---|---|---|---|---|---|---|\n"
                .to_owned();
        for row in self.rows() {
            for kind in self.kinds() {
                let median =
                    |of: fn(&Figures) -> f64| self.spread(&row, kind, of).map(|[_, median, _]| median);
                let Some(rate) = median(|figures| figures.rate) else { continue };
                let cell = |of: fn(&Figures) -> f64| median(of).unwrap_or_default();
                _ = writeln!(
                    out,
                    "| {} | {} | {rate:.0} | {:.0} | {:.0} | {:.0} | {:.0} % | {:.0} % |",
                    row.name,
                    kind.name(),
                    cell(|figures| figures.latency[0]),
                    cell(|figures| figures.latency[1]),
                    cell(|figures| figures.latency[2]),
                    cell(|figures| figures.server_core),
                    cell(|figures| figures.load_core)
                );
            }
        }
        out
    }

    /// The page under `docs/benchmarks`.
    pub fn page(&self) -> String {
        let mut rows = String::new();
        for row in self.rows() {
            _ = writeln!(rows, "- `{}`: {}", row.name, row.about);
        }
        let mut versions = String::new();
        for (kind, version) in self.versions.iter().filter(|(kind, _)| *kind != Kind::Floor) {
            _ = writeln!(versions, "- {}: {version}", kind.name());
        }
        format!(
            "# Benchmarks\n\n\
             Littoral beside nginx and haproxy on one core of one machine. `make bench` measures anew and writes this \
             page; `ROW=h1-1k`, `ROUNDS=3`, `SECS=2` and `SERVERS=littoral,haproxy` narrow a run, and a narrowed run \
             only prints. Figures of different machines, or of different days on one, do not compare: the ratio does.\n\
             \n{tables}\n\
             ## Rows\n\n{rows}\n\
             ## Servers\n\n{versions}\n\
             Peers are the versions that Debian 12 ships. nginx is measured in three tunings, of which the best in each \
             row is what counts: `nginx-a` with `sendfile` and `tcp_nopush`, `nginx-b` copying from two buffers of \
             256 KiB, `nginx-c` the same with a send buffer of 256 KiB. All have one worker, access logs off, upstream \
             connections kept, and stores in memory (nginx's files on tmpfs); what is passed through is configured so, \
             not found out. `floor` is the bench's own origin in the server's place: one receive and one send a \
             request, no parsing to speak of. `bench/src/servers.rs` has every configuration. Stores have {cache} MiB, and have been full before misses are timed.\n\n\
             ## Method\n\n\
             The server is pinned to core 0; origin and load are pinned to core 1. 64 keep-alive connections, one \
             request at a time on each, {secs} s a run behind 0.4 s of warm-up, {rounds} rounds in the order A B C … \
             A B C …. CPU time is what the server's whole process tree spent on a core \
             (`/proc/PID/task/*/schedstat`), divided by replies. Bodies are drained with `recv(MSG_TRUNC)`. Before a \
             row is timed, replies are compared byte by byte with what the origin serves; after each run, the origin's \
             own count tells hits from misses, and a run that was not what its row says is an error.\n\n\
             ## Machine\n\n{machine}- host's steal during the run: {steal:.1} %; the run took {took} s\n",
            tables = self.tables(),
            secs = self.secs,
            cache = CACHE_MIB,
            rounds = self.rounds,
            machine = machine(),
            steal = self.steal_percent,
            took = self.took.as_secs(),
        )
    }

    /// The best peer's median over Littoral's.
    fn ratio(&self, row: &Row) -> Option<(Kind, f64)> {
        let median = |kind| self.spread(row, kind, |figures| figures.cpu_micros).map(|[_, median, _]| median);
        let own = median(Kind::Littoral)?;
        let peers =
            KINDS.iter().filter(|kind| kind.is_peer()).filter_map(|&kind| Some((kind, median(kind)?)));
        let (peer, best) = peers.min_by(|(_, a), (_, b)| a.total_cmp(b))?;
        Some((peer, best / own))
    }

    /// Least, median and most.
    fn spread(&self, row: &Row, kind: Kind, of: impl Fn(&Figures) -> f64) -> Option<[f64; 3]> {
        let mine = self.runs.iter().filter(|(r, k, _)| r.name == row.name && *k == kind);
        let mut values: Vec<f64> = mine.map(|(_, _, figures)| of(figures)).collect();
        values.sort_by(f64::total_cmp);
        let median = *values.get(values.len() / 2)?;
        Some([*values.first()?, median, *values.last()?])
    }

    fn rows(&self) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for (row, ..) in &self.runs {
            if !rows.iter().any(|known| known.name == row.name) {
                rows.push(*row);
            }
        }
        rows
    }

    fn kinds(&self) -> Vec<Kind> {
        KINDS.iter().copied().filter(|kind| self.runs.iter().any(|(_, k, _)| k == kind)).collect()
    }
}

fn short(value: f64) -> String {
    if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") }
}

fn machine() -> String {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cpuinfo = read("/proc/cpuinfo");
    let model = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let cores = cpuinfo.lines().filter(|line| line.starts_with("processor")).count();
    let memory = read("/proc/meminfo");
    let kib = memory.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or_default();
    let system = read("/etc/os-release");
    let system = system.lines().find_map(|line| line.strip_prefix("PRETTY_NAME=")).unwrap_or_default();
    format!(
        "- {cores} cores of {}, {} GiB of memory\n- Linux {}, {}\n",
        model.map_or("unknown make", |(_, model)| model),
        kib.div_ceil(1 << 20),
        read("/proc/sys/kernel/osrelease").trim(),
        system.trim_matches('"')
    )
}
