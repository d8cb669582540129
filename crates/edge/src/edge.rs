//! The edge as its owner sees it: started, told of new policies and purges, asked, drained.

mod start;

pub use start::StartError;

use crate::current::InForce;
use crate::report::{self, Reporter};
use crate::worker::{Shared, WorkerMessage};
use littoral_cache::{SiteIx, Store};
use littoral_policy::PolicySet;
use littoral_runtime::{DrainEnd, Listener};
use parking_lot::Mutex;
use serde::Serialize;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::watch;

/// How long the log writer may take for what is left when the edge ends.
const LOG_STOP_DEADLINE: Duration = Duration::from_secs(2);

/// A running edge.
pub struct Edge {
    pub(crate) shared: Arc<Shared>,
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
    /// Kept until the drain, so that they can be handed to a successor.
    listeners: Mutex<Vec<Listener>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
    stop: watch::Sender<bool>,
    /// One for each background thread.
    background_stops: Vec<SyncSender<()>>,
}

/// A few figures for people.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// The node's name.
    pub name: String,
    /// Threads that serve.
    pub workers: usize,
    /// Addresses for HTTP.
    pub http: Vec<String>,
    /// Addresses for HTTPS.
    pub https: Vec<String>,
    /// Names of the sites in force.
    pub sites: Vec<String>,
    /// Client connections open.
    pub connections: i64,
    /// Stored responses.
    pub responses: u64,
    /// Memory that they take.
    pub cache_bytes: u64,
    /// Memory that they may take.
    pub cache_budget_bytes: u64,
    /// Fetches under way that others may follow.
    pub fills: usize,
    /// Number of the last purge.
    pub purge_position: u64,
    /// Whether memory is short, so that what needs an origin is answered 503.
    pub memory_short: bool,
    /// Whether the node finishes what it has and takes nothing new.
    pub draining: bool,
}

/// How a drain ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrainReport {
    /// Connections that were not done at the deadline.
    pub in_flight: usize,
}

impl Edge {
    /// Addresses for plain HTTP, with the ports that were bound.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.http
    }

    /// Addresses for HTTPS, with the ports that were bound.
    pub fn https_addresses(&self) -> &[SocketAddr] {
        &self.https
    }

    /// The policy in force.
    pub fn policy(&self) -> Arc<PolicySet> {
        self.shared.current.load()
    }

    /// Puts a policy in force. Requests under way end with the one they began with; each thread lets go of the old
    /// one's origins at its next sweep.
    pub fn install(&self, policy: PolicySet) {
        note_names(&self.shared.reporter, &policy);
        self.shared.store.set_shares(1.0, &shares(&policy));
        self.shared.current.install(policy);
        let in_force = InForce::of(&self.shared.current.load());
        self.shared.origins.retain(|id| in_force.origins.contains(&id));
        self.shared.groups.retain(|id| in_force.groups.contains(&id));
    }

    /// The metrics page, in Prometheus' text format 0.0.4.
    pub fn metrics(&self) -> String {
        report::render(&self.shared)
    }

    /// A few figures for people.
    pub fn status(&self) -> Status {
        let stat = self.shared.store.stat();
        let text = |addresses: &[SocketAddr]| addresses.iter().map(ToString::to_string).collect();
        Status {
            name: self.shared.name.to_string(),
            workers: self.shared.mailboxes.len(),
            http: text(&self.http),
            https: text(&self.https),
            sites: self.policy().sites().iter().map(|site| site.name.to_string()).collect(),
            connections: self.shared.reporter.threads.iter().map(|t| t.tally.lock().connections_open).sum(),
            responses: stat.responses,
            cache_bytes: stat.bytes,
            cache_budget_bytes: stat.budget_bytes,
            fills: self.shared.fills.len(),
            purge_position: self.shared.fence.position().number,
            memory_short: self.shared.memory.is_short(),
            draining: self.shared.drain.is_draining(),
        }
    }

    /// The digests of sampled requests that are kept now, as one file in their binary form; `None` where none are taken.
    pub fn digests(&self) -> Option<Vec<u8>> {
        let rings = &self.shared.reporter.digests;
        (!rings.is_empty()).then(|| report::digest_file(rings.iter()))
    }

    /// Opens the log file anew, after something moved it away.
    pub fn reopen_logs(&self) {
        if let Some(log) = &*self.shared.reporter.log.lock() {
            log.reopen();
        }
    }

    /// Waits until every access record pushed so far is written, at most `deadline`.
    pub fn flush_logs(&self, deadline: Duration) -> bool {
        self.shared.reporter.log.lock().as_ref().is_none_or(|log| log.flush(deadline))
    }

    /// Takes nothing new and waits until what is in flight has finished, at most `deadline`. Purges and questions are
    /// still answered meanwhile; [`Edge::stop`] follows. Blocks: not to be called on a thread of the edge.
    pub fn drain(&self, deadline: Duration) -> DrainReport {
        DrainReport { in_flight: self.drain_connections(deadline) }
    }

    fn drain_connections(&self, deadline: Duration) -> usize {
        self.listeners.lock().clear();
        self.shared.drain.begin();
        for thread in 0..self.shared.mailboxes.len() {
            self.shared.mailboxes.send(thread, WorkerMessage::Drain);
        }
        let drain = self.shared.drain.clone();
        let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_time().build() else {
            return drain.in_flight();
        };
        match runtime.block_on(drain.wait_idle(deadline)) {
            DrainEnd::Idle => 0,
            DrainEnd::Deadline { in_flight } => in_flight,
        }
    }

    /// Ends the threads, cuts what is still in flight, and writes out the log. A second call changes nothing. Blocks.
    pub fn stop(&self) {
        let _ = self.stop.send(true);
        for stop in &self.background_stops {
            let _ = stop.try_send(());
        }
        self.shared.jobs.stop();
        for thread in self.threads.lock().drain(..) {
            let _ = thread.join();
        }
        let log = self.shared.reporter.log.lock().take();
        if let Some(log) = log {
            log.stop(LOG_STOP_DEADLINE);
        }
    }
}

impl Drop for Edge {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The part of the memory that each site may claim.
fn shares(policy: &PolicySet) -> Vec<(SiteIx, f32)> {
    policy.sites().iter().map(|site| (SiteIx(site.index), site.memory_share)).collect()
}

fn note_names(reporter: &Reporter, policy: &PolicySet) {
    let mut names = reporter.site_names.lock();
    for site in policy.sites() {
        names.insert(site.index, site.name.clone());
    }
}
