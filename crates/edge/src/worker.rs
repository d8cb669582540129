//! One thread of the edge: its runtime, its listeners, what it keeps to itself (hot table, pools, buffers,
//! deadlines, counters) and the mailbox by which other threads reach it. Everything a connection touches lives on
//! the connection's own thread; `Shared` holds what all threads read.

use crate::EdgeLimits;
use crate::access::histories::Histories;
use crate::clients::Clients;
use crate::config::Notices;
use crate::current::{Current, InForce, Snapshot};
use crate::deadline::{Deadlines, SWEEP_INTERVAL};
use crate::fill::{FillTable, Follows};
use crate::memory::Memory;
use crate::origin::permits::OriginId;
use crate::origin::roster::{Groups, Rosters};
use crate::origin::trust::Trust;
use crate::origin::{Origins, Pools};
use crate::report::{Reporter, WorkerReport};
use crate::request_id::RequestIds;
use crate::transform::{CoderMemory, Jobs};
use bytes::BytesMut;
use littoral_cache::{HotTable, MemoryStore};
use littoral_ledger::Fence;
use littoral_policy::PolicySet;
use littoral_resolver::Resolver;
use littoral_runtime::{Clock, Drain};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;
use tokio::sync::mpsc;

/// Letters that may wait in a thread's mailbox. A letter beyond is dropped: nudges and the drain are made good by the
/// sweep, and turns are waited for with a retry.
const MAILBOX_MAX: usize = 1024;

/// Entries in a thread's hot table.
const HOT_ENTRIES_MAX: usize = 1024;

/// What all threads of the edge read.
pub(crate) struct Shared {
    pub(crate) name: Box<str>,
    pub(crate) limits: EdgeLimits,
    pub(crate) clients: Clients,
    /// What clients with a rate have used of it.
    pub(crate) histories: Histories,
    pub(crate) memory: Memory,
    pub(crate) notices: Notices,
    pub(crate) clock: Clock,
    pub(crate) current: Current,
    pub(crate) fence: Fence,
    pub(crate) store: Arc<MemoryStore>,
    /// The store's budget.
    pub(crate) memory_bytes: u64,
    pub(crate) fills: FillTable,
    /// Encodings to be kept, and who makes them.
    pub(crate) jobs: Jobs,
    /// What coders of bodies on their way may take.
    pub(crate) coders: CoderMemory,
    pub(crate) origins: Origins,
    pub(crate) groups: Groups,
    pub(crate) trust: Trust,
    pub(crate) resolver: Resolver,
    pub(crate) mailboxes: Arc<Mailboxes>,
    pub(crate) reporter: Reporter,
    pub(crate) drain: Drain,
}

/// What other threads ask of a thread.
pub(crate) enum WorkerMessage {
    /// Answer when the loop turns: all that the thread had begun before the letter was sent has been queued.
    Turn(std::sync::mpsc::SyncSender<usize>),
    /// A permit for this origin may be free.
    OriginPermit(OriginId),
    /// Give up one idle connection to this origin.
    OriginReclaim(OriginId),
    /// End idle connections; the listeners are closed.
    Drain,
}

/// The mailboxes of all threads.
pub(crate) struct Mailboxes {
    senders: Box<[mpsc::Sender<WorkerMessage>]>,
}

impl Mailboxes {
    pub(crate) fn new(threads: usize) -> (Mailboxes, Vec<mpsc::Receiver<WorkerMessage>>) {
        let (senders, receivers): (Vec<_>, Vec<_>) = (0..threads).map(|_| mpsc::channel(MAILBOX_MAX)).unzip();
        (Mailboxes { senders: senders.into() }, receivers)
    }

    pub(crate) fn len(&self) -> usize {
        self.senders.len()
    }

    /// `false` when the thread's mailbox is full or the thread is gone.
    pub(crate) fn send(&self, thread: usize, message: WorkerMessage) -> bool {
        self.senders[thread].try_send(message).is_ok()
    }

    pub(crate) fn is_gone(&self, thread: usize) -> bool {
        self.senders[thread].is_closed()
    }
}

/// One thread's own.
pub(crate) struct Worker {
    pub(crate) thread: usize,
    pub(crate) shared: Arc<Shared>,
    pub(crate) hot: RefCell<HotTable>,
    pub(crate) pools: Pools,
    pub(crate) rosters: Rosters,
    pub(crate) follows: Follows,
    pub(crate) deadlines: Rc<Deadlines>,
    pub(crate) report: RefCell<WorkerReport>,
    pub(crate) buffers: Buffers,
    pub(crate) connections: Cell<usize>,
    /// Of these, the ones that were taken while memory was short.
    pub(crate) connections_once: Cell<usize>,
    pub(crate) request_ids: RequestIds,
    requests: Cell<u64>,
    draining: AtomicBool,
    policy: RefCell<Rc<Snapshot>>,
    date: RefCell<DateText>,
}

/// Buffers that connections borrow while they read or write.
#[derive(Default)]
pub(crate) struct Buffers {
    /// What the socket is read into.
    pub(crate) read: RefCell<BytesMut>,
    /// Heads and small bodies on their way out.
    pub(crate) write: Cell<Vec<u8>>,
    /// Cache keys.
    pub(crate) key: Cell<Vec<u8>>,
    /// Selecting keys of variants.
    pub(crate) selecting: RefCell<Vec<u8>>,
}

/// The `Date` of this second.
struct DateText {
    second: i64,
    text: [u8; 29],
}

impl Worker {
    pub(crate) fn new(thread: usize, shared: Arc<Shared>, report: WorkerReport) -> Rc<Worker> {
        let policy = Snapshot::new(shared.current.load());
        let hot_bytes_max = (shared.memory_bytes / 8) as usize / shared.mailboxes.len();
        Rc::new(Worker {
            thread,
            hot: RefCell::new(HotTable::new(HOT_ENTRIES_MAX, hot_bytes_max)),
            pools: Pools::default(),
            rosters: Rosters::default(),
            follows: Follows::default(),
            deadlines: Rc::new(Deadlines::default()),
            report: RefCell::new(report),
            buffers: Buffers::default(),
            connections: Cell::new(0),
            connections_once: Cell::new(0),
            request_ids: RequestIds::default(),
            requests: Cell::new(0),
            draining: AtomicBool::new(false),
            policy: RefCell::new(policy),
            date: RefCell::new(DateText { second: i64::MIN, text: *b"Thu, 01 Jan 1970 00:00:00 GMT" }),
            shared,
        })
    }

    /// The policy in force. Counted per thread: taking it touches no line of another core.
    pub(crate) fn policy(&self) -> Rc<Snapshot> {
        let known = self.policy.borrow().clone();
        if self.shared.current.is_current(&known) {
            return known;
        }
        let fresh = Snapshot::new(self.shared.current.load());
        *self.policy.borrow_mut() = fresh.clone();
        fresh
    }

    /// A number for a request: unique on this node since it started.
    pub(crate) fn next_request_number(&self) -> u64 {
        let count = self.requests.get() + 1;
        self.requests.set(count);
        (self.thread as u64) << 48 | count
    }

    pub(crate) fn now(&self) -> i64 {
        self.shared.clock.now()
    }

    pub(crate) fn monotonic_millis(&self) -> u64 {
        self.shared.clock.monotonic_nanos() / 1_000_000
    }

    /// The current date in IMF-fixdate, made once a second.
    pub(crate) fn date(&self, now: i64) -> [u8; 29] {
        let mut date = self.date.borrow_mut();
        if date.second != now {
            date.second = now;
            date.text = littoral_http_caching::date::format(now);
        }
        date.text
    }

    pub(crate) fn is_draining(&self) -> bool {
        self.draining.load(Ordering::Relaxed)
    }

    /// Answers letters until the edge ends.
    pub(crate) async fn read_mail(self: Rc<Self>, mut mailbox: mpsc::Receiver<WorkerMessage>) {
        while let Some(message) = mailbox.recv().await {
            match message {
                WorkerMessage::Turn(reply) => {
                    let _ = reply.try_send(self.thread);
                }
                WorkerMessage::OriginPermit(id) => self.pools.grant(id),
                WorkerMessage::OriginReclaim(id) => self.pools.reclaim(id),
                WorkerMessage::Drain => self.begin_drain(),
            }
        }
    }

    fn begin_drain(&self) {
        self.draining.store(true, Ordering::Relaxed);
        self.deadlines.wake_all();
    }

    /// Lets go of connections to origins that only an earlier policy named.
    fn forget_old_origins(&self, policy: &PolicySet) {
        let in_force = InForce::of(policy);
        self.pools.retain(|id| in_force.origins.contains(&id));
        self.rosters.retain(|id| in_force.groups.contains(&id));
    }

    /// Looks after deadlines, idle origin connections and dead cache entries until the edge ends; sees to what a
    /// lost letter would have said.
    pub(crate) async fn keep_house(self: Rc<Self>) {
        let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut count: u32 = 0;
        let mut policy = self.policy();
        let mut was_short = false;
        loop {
            ticks.tick().await;
            let is_short = self.shared.memory.is_short();
            if is_short && !was_short {
                // Each idle connection sees for itself that it has less time.
                self.deadlines.wake_all();
            }
            was_short = is_short;
            if !self.shared.current.is_current(&policy) {
                policy = self.policy();
                self.forget_old_origins(&policy);
            }
            if self.shared.drain.is_draining() && !self.is_draining() {
                self.begin_drain();
            }
            self.deadlines.sweep(self.monotonic_millis());
            self.pools.sweep(Instant::now());
            count = count.wrapping_add(1);
            if count.is_multiple_of(10) {
                self.hot.borrow_mut().sweep();
            }
        }
    }
}
