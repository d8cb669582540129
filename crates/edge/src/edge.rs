//! The edge as its owner sees it: started, told of new policies and purges, asked, drained.

use crate::accept::accept;
use crate::access::histories::{self, Histories};
use crate::clients::Clients;
use crate::config::{AccessLog, EdgeConfig};
use crate::current::Current;
use crate::fill::FillTable;
use crate::memory::{self, Memory};
use crate::origin::Origins;
use crate::origin::probe::{PROBING_THREAD, keep_probing};
use crate::origin::roster::{Groups, group_id};
use crate::origin::trust::Trust;
use crate::report::{self, Reporter, WorkerReport};
use crate::tls::{self, TlsError};
use crate::transform::{CoderMemory, Jobs};
use crate::worker::{Mailboxes, Shared, Worker, WorkerMessage};
use littoral_cache::{MemoryStore, SiteIx, Store};
use littoral_ledger::{Fence, Limits as FenceLimits};
use littoral_policy::PolicySet;
use littoral_resolver::Resolver;
use littoral_runtime::ring::{LogOptions, LogTarget, LogWriter};
use littoral_runtime::{BindError, Drain, DrainEnd, Listener};
use parking_lot::Mutex;
use serde::Serialize;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::LocalSet;
use tokio_rustls::TlsAcceptor;

/// How often the purge table is looked after.
const TIDY_INTERVAL: Duration = Duration::from_secs(5);
/// Purges remembered above which entries that nothing stored can need any more are dropped.
const TIDY_ABOVE: usize = 10_000;
/// The part of the cache's memory that coders of bodies on their way may take beside it.
const CODER_MEMORY_PART: u64 = 8;
/// And what they may take at least.
const CODER_MEMORY_BYTES_MIN: u64 = 64 << 20;
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

/// Why the edge did not start.
#[derive(Debug)]
pub enum StartError {
    /// An address cannot be listened on.
    Bind(BindError),
    /// TLS cannot be offered.
    Tls(TlsError),
    /// HTTPS addresses without a certificate.
    NoCertificate,
    /// The access log cannot be opened.
    Log(io::Error),
    /// A thread cannot be started.
    Thread(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::Bind(error) => error.fmt(f),
            StartError::Tls(error) => error.fmt(f),
            StartError::NoCertificate => f.write_str("an HTTPS address needs a certificate and its key"),
            StartError::Log(_) => f.write_str("the access log cannot be opened"),
            StartError::Thread(_) => f.write_str("a thread cannot be started"),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StartError::Bind(_) | StartError::NoCertificate => None,
            StartError::Tls(error) => error.source(),
            StartError::Log(error) | StartError::Thread(error) => Some(error),
        }
    }
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
    /// Binds the listeners and starts the threads; when this returns, requests are answered.
    ///
    /// # Errors
    /// When an address is taken (the error names the holder), a certificate is unusable, the log cannot be opened.
    pub fn start(config: EdgeConfig, policy: PolicySet) -> Result<Edge, StartError> {
        let workers = config.workers.max(1);
        let tls = match &config.tls {
            Some(files) => Some(tls::acceptor(files).map_err(StartError::Tls)?),
            None if !config.https.is_empty() => return Err(StartError::NoCertificate),
            None => None,
        };
        let http = Listener::bind_all(&config.http, workers).map_err(StartError::Bind)?;
        let https = Listener::bind_all(&config.https, workers).map_err(StartError::Bind)?;
        let addresses = |listeners: &[Vec<Listener>]| -> Vec<SocketAddr> {
            listeners.iter().filter_map(|group| group.first()).map(Listener::address).collect()
        };
        let (http_addresses, https_addresses) = (addresses(&http), addresses(&https));

        let (mailboxes, inboxes) = Mailboxes::new(workers);
        let (reports, reporter) = start_reports(&config, workers, &policy)?;
        let resolver =
            Resolver::start(config.resolver.clone(), config.clock.clone()).map_err(StartError::Thread)?;
        let (admission, notices) = (config.memory.clone(), config.notices.clone());
        let shared = Arc::new(shared(config, policy, mailboxes, reporter, resolver));

        let (stop, stopped) = watch::channel(false);
        let mut kept = Vec::new();
        let mut threads = Vec::new();
        let mut http = by_worker(http, workers, &mut kept);
        let mut https = by_worker(https, workers, &mut kept);
        for (thread, (report, inbox)) in reports.into_iter().zip(inboxes).enumerate() {
            let start = ThreadStart {
                thread,
                shared: shared.clone(),
                report,
                inbox,
                http: std::mem::take(&mut http[thread]),
                https: std::mem::take(&mut https[thread]),
                tls: tls.clone(),
                stopped: stopped.clone(),
            };
            threads.push(spawn(start).map_err(StartError::Thread)?);
        }
        let mut background_stops = Vec::new();
        let mut background = |name: &str, run: Box<dyn FnOnce(Receiver<()>) + Send>| {
            let (stop, stopped) = sync_channel(1);
            background_stops.push(stop);
            std::thread::Builder::new().name(name.to_owned()).spawn(move || run(stopped))
        };
        let tidied = shared.clone();
        threads.push(
            background("edge-tidy", Box::new(move |stopped| tidy(&tidied, &stopped)))
                .map_err(StartError::Thread)?,
        );
        if memory::is_on(&admission) {
            let watched = shared.clone();
            let watch = move |stopped| memory::watch(&watched.memory, &admission, &notices, &stopped);
            threads.push(background("edge-memory", Box::new(watch)).map_err(StartError::Thread)?);
        }
        let encoding = shared.clone();
        let encode = move |_| {
            littoral_runtime::host::yield_to_all_others();
            encoding.jobs.work(&*encoding.store, &encoding.fence);
        };
        threads.push(background("edge-encode", Box::new(encode)).map_err(StartError::Thread)?);
        Ok(Edge {
            shared,
            http: http_addresses,
            https: https_addresses,
            listeners: Mutex::new(kept),
            threads: Mutex::new(threads),
            stop,
            background_stops,
        })
    }

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
        let policy = self.shared.current.load();
        let in_force: std::collections::HashSet<usize> = policy
            .sites()
            .iter()
            .flat_map(|site| site.origins.iter().map(crate::origin::permits::origin_id))
            .collect();
        self.shared.origins.retain(|id| in_force.contains(&id));
        let in_force: std::collections::HashSet<usize> =
            policy.sites().iter().flat_map(|site| site.groups.iter().map(group_id)).collect();
        self.shared.groups.retain(|id| in_force.contains(&id));
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

fn shared(
    config: EdgeConfig,
    policy: PolicySet,
    mailboxes: Mailboxes,
    reporter: Reporter,
    resolver: Resolver,
) -> Shared {
    let mailboxes = Arc::new(mailboxes);
    let store = Arc::new(MemoryStore::new(config.memory_bytes, &shares(&policy)));
    Shared {
        name: config.name.into(),
        limits: config.limits,
        clients: Clients::new(&config.clients),
        histories: Histories::new(histories::CLIENTS_MAX),
        memory: Memory::default(),
        clock: config.clock,
        current: Current::new(policy),
        fence: Fence::new(FenceLimits::default()),
        store,
        memory_bytes: config.memory_bytes,
        fills: FillTable::new(config.memory_bytes),
        jobs: Jobs::default(),
        coders: CoderMemory::new((config.memory_bytes / CODER_MEMORY_PART).max(CODER_MEMORY_BYTES_MIN)),
        origins: Origins::new(mailboxes.clone()),
        groups: Groups::default(),
        trust: Trust::default(),
        resolver,
        mailboxes,
        reporter,
        drain: Drain::new(),
    }
}

/// The part of the memory that each site may claim.
fn shares(policy: &PolicySet) -> Vec<(SiteIx, f32)> {
    policy.sites().iter().map(|site| (SiteIx(site.index), site.memory_share)).collect()
}

fn start_reports(
    config: &EdgeConfig,
    workers: usize,
    policy: &PolicySet,
) -> Result<(Vec<WorkerReport>, Reporter), StartError> {
    let target = match &config.access_log {
        AccessLog::Off => None,
        AccessLog::Stdout => Some(LogTarget::Stdout),
        AccessLog::File(path) => Some(LogTarget::File(path.clone())),
    };
    let (mut reports, threads, rings) = report::reports(workers, target.is_some(), config.digests.as_ref());
    let options = LogOptions {
        format: report::line_format(config.log_format),
        rotation: config.log_rotation,
        clock: config.clock.clone(),
        tell: {
            let notices = config.notices.clone();
            Arc::new(move |message: &dyn fmt::Display| notices.tell(&message.to_string()))
        },
    };
    let log =
        target.map(|target| LogWriter::start(target, rings, options)).transpose().map_err(StartError::Log)?;
    if let Some(log) = &log {
        reports.iter_mut().for_each(|report| report.set_log_writer(&log.waker()));
    }
    let digests = reports.iter().filter_map(WorkerReport::digests).cloned().collect();
    let reporter = Reporter { threads, site_names: Default::default(), log: Mutex::new(log), digests };
    note_names(&reporter, policy);
    Ok((reports, reporter))
}

fn note_names(reporter: &Reporter, policy: &PolicySet) {
    let mut names = reporter.site_names.lock();
    for site in policy.sites() {
        names.insert(site.index, site.name.clone());
    }
}

/// One listener of each address for each thread; the originals are kept open.
fn by_worker(groups: Vec<Vec<Listener>>, workers: usize, kept: &mut Vec<Listener>) -> Vec<Vec<Listener>> {
    let mut each: Vec<Vec<Listener>> = (0..workers).map(|_| Vec::new()).collect();
    for group in groups {
        for (thread, listener) in group.into_iter().enumerate() {
            if let Ok(own) = listener.try_clone() {
                each[thread].push(own);
            }
            kept.push(listener);
        }
    }
    each
}

struct ThreadStart {
    thread: usize,
    shared: Arc<Shared>,
    report: WorkerReport,
    inbox: mpsc::Receiver<WorkerMessage>,
    http: Vec<Listener>,
    https: Vec<Listener>,
    tls: Option<TlsAcceptor>,
    stopped: watch::Receiver<bool>,
}

fn spawn(start: ThreadStart) -> io::Result<JoinHandle<()>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    std::thread::Builder::new().name(format!("edge-{}", start.thread)).spawn(move || {
        let tasks = LocalSet::new();
        tasks.block_on(&runtime, run(start));
        drop(tasks);
        runtime.shutdown_background();
    })
}

async fn run(start: ThreadStart) {
    let ThreadStart { thread, shared, report, inbox, http, https, tls, mut stopped } = start;
    let lane = shared.drain.lane();
    let worker = Worker::new(thread, shared, report);
    let plain = http.into_iter().map(|listener| (listener, None));
    let secured = https.into_iter().map(|listener| (listener, tls.clone()));
    for (listener, tls) in plain.chain(secured) {
        if let Ok(listener) = tokio::net::TcpListener::from_std(listener.into_std()) {
            tokio::task::spawn_local(accept(worker.clone(), listener, tls, lane.clone()));
        }
    }
    tokio::task::spawn_local(worker.clone().keep_house());
    if thread == PROBING_THREAD {
        tokio::task::spawn_local(keep_probing(worker.clone()));
    }
    tokio::task::spawn_local(worker.clone().read_mail(inbox));
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Drops purges that nothing stored or being fetched can need any more.
fn tidy(shared: &Shared, stopped: &Receiver<()>) {
    while stopped.recv_timeout(TIDY_INTERVAL) == Err(RecvTimeoutError::Timeout) {
        if shared.fence.len() <= TIDY_ABOVE {
            continue;
        }
        let now = shared.fence.position();
        let oldest =
            [shared.fills.oldest_effective(), shared.store.oldest_effective()].into_iter().flatten().min();
        shared.fence.forget_older_than(oldest.unwrap_or(now).min(now));
    }
}
