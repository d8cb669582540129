//! What the edge tells of itself: counters, summed over threads when they are scraped, and the access log, whose
//! records go through a bounded ring per thread to a writer of its own. Neither is ever waited for.

mod access_log;
mod compression;
mod digests;
mod groups;
mod metrics;

pub(crate) use access_log::{LogEnd, line_format};
pub use digests::DigestConfig;
pub(crate) use digests::{DigestRing, Seen, file as digest_file};
pub(crate) use metrics::render;

use crate::note::Outcome;
use littoral_records::access::AccessRecord;
use littoral_runtime::Histogram;
use littoral_runtime::ring::{Consumer, LogWriter};
use parking_lot::Mutex;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Thread;

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
    /// Body bytes received from clients, by site.
    pub(crate) received_bytes: HashMap<u32, u64, ahash::RandomState>,
    /// What was asked of origin servers, by site.
    pub(crate) origins: HashMap<u32, Vec<OriginTally>, ahash::RandomState>,
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

/// What was asked of one origin server.
#[derive(Default)]
pub(crate) struct OriginTally {
    pub(crate) name: Box<str>,
    /// Requests sent, by class of status or reason of failure.
    pub(crate) results: HashMap<&'static str, u64, ahash::RandomState>,
    /// From sending a request to its response head.
    pub(crate) heads: Histogram,
    /// Body bytes received from it.
    pub(crate) body_bytes: u64,
}

impl Tally {
    fn origin(&mut self, site: u32, name: &str) -> &mut OriginTally {
        let origins = self.origins.entry(site).or_default();
        let at = origins.iter().position(|origin| &*origin.name == name).unwrap_or_else(|| {
            origins.push(OriginTally { name: name.into(), ..OriginTally::default() });
            origins.len() - 1
        });
        &mut origins[at]
    }
}

/// What a thread shares with a scrape.
#[derive(Default)]
pub(crate) struct ThreadReport {
    pub(crate) tally: Mutex<Tally>,
    /// From the request's head to the last byte of its answer.
    pub(crate) durations: Histogram,
    pub(crate) lost_records: AtomicU64,
}

/// The reports of all threads.
pub(crate) struct Reporter {
    pub(crate) threads: Vec<Arc<ThreadReport>>,
    /// Site names by index, those of former sites too.
    pub(crate) site_names: Mutex<HashMap<u32, Box<str>>>,
    pub(crate) log: Mutex<Option<LogWriter>>,
    /// By thread; empty where no digests are taken.
    pub(crate) digests: Vec<Arc<DigestRing>>,
}

/// The thread's own end of its report.
pub(crate) struct WorkerReport {
    shared: Arc<ThreadReport>,
    log: Option<LogEnd>,
    digests: Option<Arc<DigestRing>>,
}

/// Reports for `threads` threads, and the ring ends for a log writer where the log is on.
pub(crate) fn reports(
    threads: usize,
    log: bool,
    digests: Option<&DigestConfig>,
) -> (Vec<WorkerReport>, Vec<Arc<ThreadReport>>, Vec<Consumer>) {
    let mut consumers = Vec::new();
    let mut workers = Vec::new();
    for _ in 0..threads {
        let log = log.then(|| {
            let (producer, consumer) = littoral_runtime::ring::ring(RING_BYTES);
            consumers.push(consumer);
            LogEnd::new(producer)
        });
        let digests = digests.map(|config| DigestRing::new(config, threads));
        workers.push(WorkerReport { shared: Arc::default(), log, digests });
    }
    let shared = workers.iter().map(|worker| worker.shared.clone()).collect();
    (workers, shared, consumers)
}

impl WorkerReport {
    /// Whom to wake when log records come faster than they are written.
    pub(crate) fn set_log_writer(&mut self, writer: &Thread) {
        self.log.iter_mut().for_each(|log| log.set_writer(writer.clone()));
    }

    pub(crate) fn digests(&self) -> Option<&Arc<DigestRing>> {
        self.digests.as_ref()
    }

    /// An answer has been sent, or given up.
    pub(crate) fn answered(
        &mut self,
        site: u32,
        outcome: Outcome,
        received_bytes: u64,
        record: &AccessRecord<'_>,
    ) {
        {
            let mut tally = self.shared.tally.lock();
            *tally.requests.entry((site, record.status, outcome)).or_default() += 1;
            *tally.sent_bytes.entry(site).or_default() += record.body_bytes;
            if received_bytes > 0 {
                *tally.received_bytes.entry(site).or_default() += received_bytes;
            }
        }
        self.shared.durations.observe_nanos(record.duration_micros * 1000);
        if let Some(log) = &mut self.log
            && let Err(lost) = log.push(record)
        {
            self.shared.lost_records.store(lost, Ordering::Relaxed);
        }
    }

    /// The ring that keeps a digest of this request, if it is sampled.
    pub(crate) fn sampled(&self, record: &AccessRecord<'_>, path: &[u8]) -> Option<&DigestRing> {
        self.digests.as_deref().filter(|digests| digests.samples(record.site, path))
    }

    /// An origin server was asked: with what result, and when its head came, if it did.
    pub(crate) fn origin_asked(
        &self,
        (site, name): (u32, &str),
        result: &'static str,
        head_nanos: Option<u64>,
    ) {
        let mut tally = self.shared.tally.lock();
        let origin = tally.origin(site, name);
        *origin.results.entry(result).or_default() += 1;
        if let Some(nanos) = head_nanos {
            origin.heads.observe_nanos(nanos);
        }
    }

    /// Part of a body has come from an origin server.
    pub(crate) fn received_from_origin(&self, site: u32, name: &str, bytes: usize) {
        self.shared.tally.lock().origin(site, name).body_bytes += bytes as u64;
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

/// `2xx` and the like.
pub(crate) fn status_class(status: u16) -> &'static str {
    match status / 100 {
        1 => "1xx",
        2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}
