//! How an edge begins: listeners, log, threads.

use super::{Edge, note_names, shares};
use crate::accept::accept;
use crate::access::histories::{self, Histories};
use crate::clients::Clients;
use crate::config::{AccessLog, EdgeConfig, MemoryAdmission};
use crate::current::Current;
use crate::fill::FillTable;
use crate::memory::{self, Memory};
use crate::origin::Origins;
use crate::origin::probe::{PROBING_THREAD, keep_probing};
use crate::origin::roster::Groups;
use crate::origin::trust::Trust;
use crate::report::{self, Reporter, WorkerReport};
use crate::tls::{self, TlsError};
use crate::transform::{CoderMemory, Jobs};
use crate::worker::{Mailboxes, Shared, Worker, WorkerMessage};
use littoral_cache::{MemoryStore, Store};
use littoral_ledger::{Fence, Limits as FenceLimits};
use littoral_policy::PolicySet;
use littoral_resolver::Resolver;
use littoral_runtime::ring::{LogOptions, LogTarget, LogWriter};
use littoral_runtime::{BindError, Drain, Listener};
use parking_lot::Mutex;
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
        let (http_addresses, https_addresses) = (addresses(&http), addresses(&https));

        let (mailboxes, inboxes) = Mailboxes::new(workers);
        let (reports, reporter) = start_reports(&config, workers, &policy)?;
        let resolver =
            Resolver::start(config.resolver.clone(), config.clock.clone()).map_err(StartError::Thread)?;
        let admission = config.memory.clone();
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
        let background = Background::start(&shared, admission).map_err(StartError::Thread)?;
        threads.extend(background.threads);
        Ok(Edge {
            shared,
            http: http_addresses,
            https: https_addresses,
            listeners: Mutex::new(kept),
            threads: Mutex::new(threads),
            stop,
            background_stops: background.stops,
        })
    }
}

/// The threads that serve nobody, and what stops each.
#[derive(Default)]
struct Background {
    threads: Vec<JoinHandle<()>>,
    stops: Vec<SyncSender<()>>,
}

impl Background {
    fn start(shared: &Arc<Shared>, admission: MemoryAdmission) -> io::Result<Background> {
        let mut background = Background::default();
        let own = shared.clone();
        background.add("edge-tidy", move |stopped| tidy(&own, &stopped))?;
        if memory::is_on(&admission) {
            let own = shared.clone();
            let watch = move |stopped| memory::watch(&own.memory, &admission, &own.notices, &stopped);
            background.add("edge-memory", watch)?;
        }
        let own = shared.clone();
        // Stopped by its queue.
        background.add("edge-encode", move |_| {
            littoral_runtime::host::yield_to_all_others();
            own.jobs.work(&*own.store, &own.fence);
        })?;
        Ok(background)
    }

    fn add(&mut self, name: &str, run: impl FnOnce(Receiver<()>) + Send + 'static) -> io::Result<()> {
        let (stop, stopped) = sync_channel(1);
        self.stops.push(stop);
        self.threads.push(std::thread::Builder::new().name(name.to_owned()).spawn(move || run(stopped))?);
        Ok(())
    }
}

/// Of each group of listeners the address, with the port that was bound.
fn addresses(groups: &[Vec<Listener>]) -> Vec<SocketAddr> {
    groups.iter().filter_map(|group| group.first()).map(Listener::address).collect()
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
        notices: config.notices,
        clock: config.clock,
        current: Current::new(policy),
        fence: Fence::new(FenceLimits::default()),
        store,
        memory_bytes: config.memory_bytes,
        fills: FillTable::new(),
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
