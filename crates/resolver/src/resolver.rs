//! The resolver as its users see it: a table that any thread looks into, and one thread of its own that speaks to
//! the name servers, so that no question ends with who asked it.

use crate::config::{LOOKUPS_MAX, NAMES_MAX, ResolverConfig};
use crate::files::Watched;
use crate::hosts::Hosts;
use crate::lookup::{Outcome, Servers};
use crate::resolv_conf::ResolvConf;
use crate::table::{Asking, ResolveError, Step, Table};
use littoral_runtime::Clock;
use parking_lot::Mutex;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::MissedTickBehavior;

/// How often the thread looks for answers to renew and for files that changed.
const LOOK_AFTER_INTERVAL: Duration = Duration::from_millis(250);

/// Resolves names. Clones are the same resolver; with the last of them its thread ends.
#[derive(Clone)]
pub struct Resolver {
    shared: Arc<Shared>,
    jobs: mpsc::Sender<Job>,
}

/// Figures since the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct ResolverStat {
    /// Names known.
    pub names: usize,
    /// Names asked for at the name servers; both families are one.
    pub lookups: u64,
    /// Of these, how many brought no answer.
    pub failures: u64,
}

struct Shared {
    config: ResolverConfig,
    clock: Clock,
    table: Mutex<Table>,
    hosts: Mutex<Arc<Hosts>>,
    network: Mutex<Arc<Network>>,
    files: Mutex<Files>,
    lookups: AtomicU64,
    failures: AtomicU64,
}

/// Where names are asked for.
struct Network {
    conf: ResolvConf,
    servers: Servers,
}

struct Files {
    hosts: Watched,
    /// `None`: the operator has named the servers.
    resolv_conf: Option<Watched>,
}

/// A name to ask for.
struct Job {
    name: Box<str>,
    asking: Asking,
}

impl Resolver {
    /// Reads the machine's files and starts the thread.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(config: ResolverConfig, clock: Clock) -> io::Result<Resolver> {
        let named = !config.servers.is_empty();
        let conf = ResolvConf { servers: config.servers.clone(), ..ResolvConf::default() };
        let shared = Arc::new(Shared {
            table: Mutex::new(Table::new(&config)),
            hosts: Mutex::default(),
            network: Mutex::new(Network::new(conf, &config)),
            files: Mutex::new(Files {
                hosts: Watched::new(&config.hosts_file),
                resolv_conf: (!named).then(|| Watched::new(&config.resolv_conf)),
            }),
            lookups: AtomicU64::new(0),
            failures: AtomicU64::new(0),
            config,
            clock,
        });
        shared.read_files();
        // A name is in it at most once: beyond, there is no room for the name itself.
        let (jobs, inbox) = mpsc::channel(NAMES_MAX);
        let resolver = Resolver { shared: shared.clone(), jobs };
        let weak = resolver.jobs.downgrade();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        std::thread::Builder::new()
            .name("resolver".to_owned())
            .spawn(move || runtime.block_on(serve(shared, inbox, weak)))?;
        Ok(resolver)
    }

    /// The addresses of `host`: a name, with or without a dot at its end, or an address, which is its own answer.
    /// IPv6 first; among its family, each asker begins with another one.
    ///
    /// An answer in its lifetime comes at once. Cancel safe: the question goes on for those who ask next.
    ///
    /// # Errors
    /// When there are none, or nobody can say.
    pub async fn addresses(&self, host: &str) -> Result<Vec<IpAddr>, ResolveError> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![address]);
        }
        let name = host.to_ascii_lowercase();
        let known = self.shared.hosts.lock().find(name.trim_end_matches('.'));
        if let Some(addresses) = known {
            return Ok(addresses.to_vec());
        }
        let step = self.shared.table.lock().step(&name, self.shared.now());
        match step {
            Step::Answered(result, ask) => {
                self.ask(&name, ask);
                result
            }
            Step::Wait(mut waiting, patience, ask) => {
                self.ask(&name, ask);
                // Ends when the sender is dropped, which happens once the table is settled.
                match patience {
                    Some(patience) => drop(tokio::time::timeout(patience, waiting.changed()).await),
                    None => drop(waiting.changed().await),
                }
                self.shared.table.lock().settled(&name, self.shared.now())
            }
        }
    }

    /// Renews what is due, forgets what is old, reads files that changed: what the thread does four times a second.
    pub fn look_after(&self) {
        self.shared.read_files();
        for (name, asking) in self.shared.due() {
            self.ask(&name, Some(asking));
        }
    }

    /// Figures since the start.
    pub fn stat(&self) -> ResolverStat {
        ResolverStat {
            names: self.shared.table.lock().len(),
            lookups: self.shared.lookups.load(Ordering::Relaxed),
            failures: self.shared.failures.load(Ordering::Relaxed),
        }
    }

    fn ask(&self, name: &str, asking: Option<Asking>) {
        if let Some(asking) = asking {
            self.shared.send(&self.jobs, name.into(), asking);
        }
    }
}

impl Shared {
    fn now(&self) -> Duration {
        Duration::from_nanos(self.clock.monotonic_nanos())
    }

    fn due(&self) -> Vec<(Box<str>, Asking)> {
        let now = self.now();
        let mut table = self.table.lock();
        table.forget_old(now);
        table.due(now)
    }

    fn send(&self, jobs: &mpsc::Sender<Job>, name: Box<str>, asking: Asking) {
        if let Err(unsent) = jobs.try_send(Job { name, asking }) {
            let job = unsent.into_inner();
            self.settle(&job.name, Outcome::Failed(crate::lookup::Failure::Refused));
        }
    }

    fn settle(&self, name: &str, outcome: Outcome) {
        if matches!(outcome, Outcome::Failed(_)) {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        self.table.lock().settle(name, self.now(), outcome);
    }

    fn read_files(&self) {
        let mut files = self.files.lock();
        if let Some(text) = files.hosts.changed() {
            *self.hosts.lock() = Arc::new(Hosts::parse(&text));
        }
        if let Some(text) = files.resolv_conf.as_mut().and_then(Watched::changed) {
            *self.network.lock() = Network::new(ResolvConf::parse(&text), &self.config);
        }
    }

    async fn look_up(&self, job: Job) {
        let network = self.network.lock().clone();
        self.lookups.fetch_add(1, Ordering::Relaxed);
        let outcome = network.servers.look_up(&network.conf.candidates(&job.name)).await;
        self.settle(&job.name, outcome);
        // From here on, those who wait look into the table.
        drop(job.asking);
    }
}

impl Network {
    fn new(conf: ResolvConf, config: &ResolverConfig) -> Arc<Network> {
        let servers = Servers::new(conf.servers.clone(), config.timeout);
        Arc::new(Network { conf, servers })
    }
}

/// The thread: asks for names until nobody can send any more.
async fn serve(shared: Arc<Shared>, mut inbox: mpsc::Receiver<Job>, jobs: mpsc::WeakSender<Job>) {
    let room = Arc::new(Semaphore::new(LOOKUPS_MAX));
    let mut ticks = tokio::time::interval(LOOK_AFTER_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            job = inbox.recv() => {
                let Some(job) = job else { return };
                let (shared, room) = (shared.clone(), room.clone());
                tokio::spawn(async move {
                    let _place = room.acquire().await;
                    shared.look_up(job).await;
                });
            }
            _ = ticks.tick() => {
                let Some(jobs) = jobs.upgrade() else { return };
                shared.read_files();
                for (name, asking) in shared.due() {
                    shared.send(&jobs, name, asking);
                }
            }
        }
    }
}
