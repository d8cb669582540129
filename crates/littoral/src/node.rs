//! A running node: the edge and the site files in force, as administration and signals see them.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use hyper::StatusCode;
use littoral_edge::{Edge, ExplainRequest, PurgeRequest};
use littoral_runtime::exposition::FamilyKind;
use littoral_runtime::host::{HostFacts, ProcessFacts};
use littoral_runtime::{Clock, Exposition};
use serde::Serialize;
use serde_json::{Value, json};

use crate::admin::{Operations, Problem};
use crate::shards::{self, ShardRequest, Sharded};
use crate::sites::{ReloadReport, SiteBook};

/// The edge with its sites.
pub(crate) struct Node {
    edge: Edge,
    /// Held for the whole of a reload: two at once are done one after the other.
    book: Mutex<SiteBook>,
    clock: Clock,
    started_nanos: u64,
    log: LogPlace,
}

/// Where the access log goes.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogPlace {
    /// `off`, `stdout` or `file`.
    pub(crate) to: &'static str,
    /// The file's absolute path.
    pub(crate) file: Option<PathBuf>,
    /// `json` or `combined`.
    pub(crate) format: &'static str,
}

impl Node {
    pub(crate) fn new(edge: Edge, book: SiteBook, clock: Clock, log: LogPlace) -> Node {
        let started_nanos = clock.monotonic_nanos();
        Node { edge, book: Mutex::new(book), clock, started_nanos, log }
    }

    /// Addresses for HTTP and HTTPS.
    pub(crate) fn addresses(&self) -> (Vec<SocketAddr>, Vec<SocketAddr>) {
        (self.edge.addresses().to_vec(), self.edge.https_addresses().to_vec())
    }

    /// Reads the site files anew and puts in force what is sound.
    pub(crate) fn reload_sites(&self) -> ReloadReport {
        // A panic while judging a file leaves the book as it was before that reload.
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        let (set, report) = book.reload();
        if let Some(set) = set {
            self.edge.install(set);
        }
        report
    }

    /// Opens the access log anew.
    pub(crate) fn reopen_logs(&self) {
        self.edge.reopen_logs();
    }

    /// Finishes what is in flight; how many connections were cut at the deadline. Blocks.
    pub(crate) fn drain(&self, deadline: Duration) -> usize {
        let cut = self.edge.drain(deadline).in_flight;
        self.edge.stop();
        cut
    }

    fn uptime(&self) -> Duration {
        Duration::from_nanos(self.clock.monotonic_nanos().saturating_sub(self.started_nanos))
    }
}

impl Operations for Node {
    fn metrics(&self) -> String {
        self.edge.metrics() + &own_metrics(self.uptime())
    }

    fn status(&self) -> Value {
        let mut status = json!({
            "version": env!("CARGO_PKG_VERSION"),
            "pid": std::process::id(),
            "uptime_seconds": self.uptime().as_secs(),
        });
        if let Ok(Value::Object(edge)) = serde_json::to_value(self.edge.status()) {
            edge.into_iter().for_each(|(name, value)| status[name] = value);
        }
        let host = HostFacts::read();
        let process = ProcessFacts::read();
        status["access_log"] = serde_json::to_value(&self.log).unwrap_or_default();
        status["process"] = json!({
            "resident_bytes": process.resident_bytes,
            "threads": process.threads,
            "descriptors_open": process.descriptors_open,
            "descriptors_max": process.descriptors_max,
        });
        status["host"] = json!({
            "memory_available_bytes": host.memory_available_bytes,
            "memory_total_bytes": host.memory_total_bytes,
            "load_1m": host.load_1m,
        });
        status
    }

    fn readiness(&self) -> Result<(), String> {
        if self.edge.status().draining {
            return Err("the node is draining".to_owned());
        }
        if self.edge.policy().sites().is_empty() {
            return Err("no site is in force".to_owned());
        }
        Ok(())
    }

    fn reload(&self) -> Value {
        let report = self.reload_sites();
        crate::up::report_sites(&report);
        serde_json::to_value(report).unwrap_or_default()
    }

    fn purge(&self, request: &[u8]) -> Result<Value, Problem> {
        let request: PurgeRequest =
            serde_json::from_slice(request).map_err(|error| Problem::malformed(&error))?;
        let receipt = self.edge.purge(&request).map_err(|error| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "the purge was refused", error.to_string())
        })?;
        Ok(serde_json::to_value(receipt).unwrap_or_default())
    }

    fn digests(&self) -> Option<Vec<u8>> {
        self.edge.digests()
    }

    fn shard(&self, request: &[u8]) -> Result<Value, Problem> {
        let request: ShardRequest =
            serde_json::from_slice(request).map_err(|error| Problem::malformed(&error))?;
        let policy = self.edge.policy();
        let shards: Result<Vec<Sharded>, String> =
            request.urls.iter().map(|url| shards::of_policy(&policy, url)).collect();
        let shards = shards.map_err(|why| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "there is no shard for this", why)
        })?;
        Ok(json!({ "shards": shards }))
    }

    fn explain(&self, request: &[u8]) -> Result<Value, Problem> {
        let request: ExplainRequest =
            serde_json::from_slice(request).map_err(|error| Problem::malformed(&error))?;
        let explanation = self.edge.explain(&request).map_err(|error| {
            Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "this cannot be explained", error.to_string())
        })?;
        Ok(serde_json::to_value(explanation).unwrap_or_default())
    }
}

/// What the process and its host tell about themselves.
fn own_metrics(uptime: Duration) -> String {
    let mut page = Exposition::new();
    let (process, host) = (ProcessFacts::read(), HostFacts::read());
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.family("littoral_build_info", FamilyKind::Gauge, "The version that runs; always 1.")
        .sample(&version, 1);
    page.family("littoral_uptime_seconds", FamilyKind::Gauge, "Time since the node was up.")
        .sample(&[], uptime.as_secs());
    if let Some(seconds) = process.cpu_seconds {
        page.family("process_cpu_seconds_total", FamilyKind::Counter, "Processor time of the process.")
            .sample_f64(&[], seconds);
    }
    let gauges = [
        ("process_resident_memory_bytes", "Resident memory of the process.", process.resident_bytes),
        ("process_open_fds", "Open descriptors.", process.descriptors_open),
        ("process_max_fds", "Most descriptors that may be open.", process.descriptors_max),
        ("process_threads", "Threads of the process.", process.threads),
        (
            "littoral_host_memory_available_bytes",
            "Memory usable without swapping.",
            host.memory_available_bytes,
        ),
        ("littoral_host_memory_bytes", "Memory of the host or the control group.", host.memory_total_bytes),
    ];
    for (name, help, value) in gauges {
        if let Some(value) = value {
            page.family(name, FamilyKind::Gauge, help).sample(&[], value);
        }
    }
    if let Some(cpu) = host.cpu {
        page.family(
            "littoral_host_steal_ticks_total",
            FamilyKind::Counter,
            "Processor time that the hypervisor gave to others, in kernel ticks.",
        )
        .sample(&[], cpu.steal);
        page.family(
            "littoral_host_cpu_ticks_total",
            FamilyKind::Counter,
            "Processor time of all cores, idle included, in kernel ticks.",
        )
        .sample(&[], cpu.total);
    }
    page.finish()
}
