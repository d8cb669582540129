//! What the edge tells of itself: counters, summed over threads when they are scraped, and the access log, whose
//! records go through a bounded ring per thread to a writer of its own. Neither is ever waited for.

mod access_log;
mod compression;
mod groups;
mod metrics;

pub(crate) use access_log::{AccessRecord, format_record};
pub(crate) use metrics::render;

use crate::note::Outcome;
use littoral_runtime::Histogram;
use littoral_runtime::ring::{Consumer, LogWriter, Producer};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes of log records that a thread may have waiting for the writer.
const RING_BYTES: usize = 4 * 1024 * 1024;

/// The site index of answers that belong to no site.
pub(crate) const NO_SITE: u32 = u32::MAX;

/// One thread's counts, locked only by that thread and by a scrape.
#[derive(Default)]
pub(crate) struct Tally {
    /// By site, status and outcome.
    pub(crate) requests: HashMap<(u32, u16, Outcome), u64, ahash::RandomState>,
    /// Body bytes sent, by site.
    pub(crate) sent_bytes: HashMap<u32, u64, ahash::RandomState>,
    /// Requests and connections refused, and answers cut off, by reason.
    pub(crate) refusals: HashMap<&'static str, u64, ahash::RandomState>,
    /// Requests refused under a rate limit, by site and limit.
    pub(crate) rate_limited: HashMap<(u32, Box<str>), u64, ahash::RandomState>,
    /// Failed fetches by reason.
    pub(crate) origin_errors: HashMap<&'static str, u64, ahash::RandomState>,
    /// Responses not stored, by reason.
    pub(crate) not_stored: HashMap<&'static str, u64, ahash::RandomState>,
    pub(crate) connections_accepted: u64,
    pub(crate) connections_open: i64,
}

/// What a thread shares with a scrape.
#[derive(Default)]
pub(crate) struct ThreadReport {
    pub(crate) tally: Mutex<Tally>,
    /// From the request's head to the last byte of its answer.
    pub(crate) durations: Histogram,
    /// From sending a request to an origin to its response head.
    pub(crate) origin_heads: Histogram,
    pub(crate) lost_records: AtomicU64,
}

/// The reports of all threads.
pub(crate) struct Reporter {
    pub(crate) threads: Vec<Arc<ThreadReport>>,
    /// Site names by index, those of former sites too.
    pub(crate) site_names: Mutex<HashMap<u32, Box<str>>>,
    pub(crate) log: Mutex<Option<LogWriter>>,
}

/// The thread's own end of its report.
pub(crate) struct WorkerReport {
    shared: Arc<ThreadReport>,
    ring: Option<Producer>,
}

/// Reports for `threads` threads, and the ring ends for a log writer where the log is on.
pub(crate) fn reports(
    threads: usize,
    log: bool,
) -> (Vec<WorkerReport>, Vec<Arc<ThreadReport>>, Vec<Consumer>) {
    let mut consumers = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..threads {
        let ring = log.then(|| {
            let (producer, consumer) = littoral_runtime::ring::ring(RING_BYTES);
            consumers.push(consumer);
            producer
        });
        workers.push(WorkerReport { shared: Arc::default(), ring });
    }
    let shared = workers.iter().map(|worker| worker.shared.clone()).collect();
    (workers, shared, consumers)
}

impl WorkerReport {
    /// An answer has been sent, or given up.
    pub(crate) fn answered(&mut self, site: u32, outcome: Outcome, record: &AccessRecord<'_>) {
        {
            let mut tally = self.shared.tally.lock();
            *tally.requests.entry((site, record.status, outcome)).or_default() += 1;
            *tally.sent_bytes.entry(site).or_default() += record.body_bytes;
        }
        self.shared.durations.observe_nanos(record.duration_micros * 1000);
        if let Some(ring) = &mut self.ring
            && !record.push(ring)
        {
            self.shared.lost_records.store(ring.lost(), Ordering::Relaxed);
        }
    }

    pub(crate) fn refused(&self, reason: &'static str) {
        *self.shared.tally.lock().refusals.entry(reason).or_default() += 1;
    }

    pub(crate) fn rate_limited(&self, site: u32, limit: &str) {
        *self.shared.tally.lock().rate_limited.entry((site, limit.into())).or_default() += 1;
    }

    pub(crate) fn origin_failed(&self, reason: &'static str) {
        *self.shared.tally.lock().origin_errors.entry(reason).or_default() += 1;
    }

    pub(crate) fn origin_answered(&self, took_nanos: u64) {
        self.shared.origin_heads.observe_nanos(took_nanos);
    }

    pub(crate) fn not_stored(&self, reason: &'static str) {
        *self.shared.tally.lock().not_stored.entry(reason).or_default() += 1;
    }

    pub(crate) fn connection_opened(&self) {
        let mut tally = self.shared.tally.lock();
        tally.connections_accepted += 1;
        tally.connections_open += 1;
    }

    pub(crate) fn connection_closed(&self) {
        self.shared.tally.lock().connections_open -= 1;
    }
}
