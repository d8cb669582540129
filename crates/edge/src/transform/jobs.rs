//! Encodings that are kept: made behind the answers, by one thread of the lowest priority for the node, from a bounded
//! queue. A job that comes to nothing (purged meanwhile, evicted, no room) leaves everything as it was, and the next
//! hit that misses its coding asks again.

use super::recode::{SLICE_BYTES_MAX, format};
use crate::lookup::verdict;
use littoral_cache::{Body, BodyBuilder, EncodedBody, Key, ResponseParts, Store, StoredResponse, WeakBody};
use littoral_compression::{Encoder, Level};
use littoral_http_caching::Coding;
use littoral_ledger::{Fence, Verdict};
use parking_lot::{Condvar, Mutex};
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Jobs that may wait. One beyond is dropped and counted.
pub(crate) const JOBS_MAX: usize = 1024;

/// An encoded body that saves less than this part of the original is not kept.
const SAVED_PART_MIN: u64 = 20;

/// Tries to put a body beside its response while others replace that.
const TRIES_MAX: usize = 4;

/// What became of a job.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum JobEnd {
    /// The body is kept with its response.
    Made,
    /// It would save next to nothing; that is kept in mind.
    Useless,
    /// The response was purged, evicted or replaced.
    Overtaken,
    /// There is no room for it in the cache.
    NoRoom,
    /// The encoder failed.
    Failed,
    /// The queue was full.
    Dropped,
}

impl JobEnd {
    pub(crate) const ALL: [JobEnd; 6] =
        [JobEnd::Made, JobEnd::Useless, JobEnd::Overtaken, JobEnd::NoRoom, JobEnd::Failed, JobEnd::Dropped];

    /// Metric label.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            JobEnd::Made => "made",
            JobEnd::Useless => "useless",
            JobEnd::Overtaken => "overtaken",
            JobEnd::NoRoom => "no-room",
            JobEnd::Failed => "failed",
            JobEnd::Dropped => "dropped",
        }
    }
}

struct Job {
    key: Key,
    /// Not held alive: what has left the store need not be encoded. Its response may be replaced by one with the same
    /// body meanwhile.
    body: WeakBody,
    coding: Coding,
}

/// The queue and its counts.
#[derive(Default)]
pub(crate) struct Jobs {
    waiting: Mutex<VecDeque<Job>>,
    asked: Condvar,
    stopped: AtomicBool,
    ends: [AtomicU64; JobEnd::ALL.len()],
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
}

impl Jobs {
    /// Asks for `source` in `coding`. Whoever asks sees to it that one response is not asked for at each request.
    pub(crate) fn ask(&self, key: Key, source: &Arc<StoredResponse>, coding: Coding) {
        let Some(body) = source.content.whole().map(Body::downgrade) else { return };
        let mut waiting = self.waiting.lock();
        if waiting.iter().any(|job| job.coding == coding && job.body.is_same(&body)) {
            return;
        }
        if waiting.len() == JOBS_MAX {
            drop(waiting);
            return self.count(JobEnd::Dropped);
        }
        waiting.push_back(Job { key, body, coding });
        drop(waiting);
        self.asked.notify_one();
    }

    /// Works until [`stop`](Self::stop).
    pub(crate) fn work(&self, store: &dyn Store, fence: &Fence) {
        while let Some(job) = self.next() {
            let end = catch_unwind(AssertUnwindSafe(|| self.make(&job, store, fence)));
            self.count(end.unwrap_or(JobEnd::Failed));
        }
    }

    /// Ends the work, at the latest after the slice that is being worked on.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        // Under the lock, so that a thread that is about to wait has not read the flag before.
        drop(self.waiting.lock());
        self.asked.notify_all();
    }

    /// Jobs that wait.
    pub(crate) fn len(&self) -> usize {
        self.waiting.lock().len()
    }

    pub(crate) fn ended(&self, end: JobEnd) -> u64 {
        self.ends[end as usize].load(Ordering::Relaxed)
    }

    /// Bytes that were encoded, and bytes that came of it.
    pub(crate) fn bytes(&self) -> (u64, u64) {
        (self.bytes_in.load(Ordering::Relaxed), self.bytes_out.load(Ordering::Relaxed))
    }

    fn count(&self, end: JobEnd) {
        self.ends[end as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    fn next(&self) -> Option<Job> {
        let mut waiting = self.waiting.lock();
        loop {
            if self.is_stopped() {
                return None;
            }
            match waiting.pop_front() {
                Some(job) => return Some(job),
                None => self.asked.wait(&mut waiting),
            }
        }
    }

    fn make(&self, job: &Job, store: &dyn Store, fence: &Fence) -> JobEnd {
        let Some(body) = job.body.upgrade() else { return JobEnd::Overtaken };
        let goes_on = || !self.is_stopped() && heir(store, fence, job, &body).is_some();
        let encoded = match encode(job.coding, &body, goes_on) {
            Ok(Some(encoded)) => encoded,
            Ok(None) => return JobEnd::Overtaken,
            Err(_) => return JobEnd::Failed,
        };
        self.bytes_in.fetch_add(body.len(), Ordering::Relaxed);
        self.bytes_out.fetch_add(encoded.len(), Ordering::Relaxed);
        keep(store, fence, job, &body, encoded)
    }
}

/// The stored response that has this body now: the one that was asked about, or one that succeeded it with the same
/// content. None where it was purged, has gone, or has been seen to.
fn heir(store: &dyn Store, fence: &Fence, job: &Job, body: &Body) -> Option<Arc<StoredResponse>> {
    let entry = store.lookup(job.key.as_key_ref())?;
    let has_it = |stored: &&Arc<StoredResponse>| {
        stored.content.whole().is_some_and(|whole| whole.is_same(body))
            && !stored.has_tried(job.coding)
            && verdict(fence, stored) != Verdict::Hard
    };
    entry.variants().iter().find(has_it).cloned()
}

/// The whole body in `coding`, at the best level; `None` once it is not wanted any more.
fn encode(
    coding: Coding,
    body: &Body,
    goes_on: impl Fn() -> bool,
) -> Result<Option<Body>, littoral_compression::EncodeError> {
    let mut encoder = Encoder::new(format(coding), Level::Best, Some(body.len()))?;
    let mut out = BodyBuilder::new(None);
    let mut ready = Vec::new();
    for slice in body.slices(0..body.len()).flat_map(|chunk| chunk.chunks(SLICE_BYTES_MAX)) {
        if !goes_on() {
            return Ok(None);
        }
        encoder.encode(slice, &mut ready)?;
        out.push(&ready);
        ready.clear();
    }
    encoder.finish(&mut ready)?;
    out.push(&ready);
    Ok(Some(exact(&out.finish())))
}

/// The same in chunks that are exactly as large as their bytes.
fn exact(body: &Body) -> Body {
    let mut out = BodyBuilder::new(Some(body.len()));
    body.slices(0..body.len()).for_each(|slice| out.push(slice));
    out.finish()
}

/// Puts a successor with `encoded` in the place of the response that has `body`.
fn keep(store: &dyn Store, fence: &Fence, job: &Job, body: &Body, encoded: Body) -> JobEnd {
    let is_worth_it = encoded.len() <= body.len() - body.len() / SAVED_PART_MIN;
    let encoded = EncodedBody { coding: job.coding, body: is_worth_it.then_some(encoded) };
    for _ in 0..TRIES_MAX {
        let Some(source) = heir(store, fence, job, body) else { return JobEnd::Overtaken };
        if succeed(store, job, &source, encoded.clone()) {
            return if is_worth_it { JobEnd::Made } else { JobEnd::Useless };
        }
        if !source.is_dead() {
            // What found no room now is not made again each minute.
            succeed(store, job, &source, EncodedBody { coding: job.coding, body: None });
            return JobEnd::NoRoom;
        }
    }
    JobEnd::Overtaken
}

fn succeed(store: &dyn Store, job: &Job, source: &Arc<StoredResponse>, encoded: EncodedBody) -> bool {
    let all = source.encoded.iter().cloned().chain([encoded]).collect();
    let parts = ResponseParts { encoded: all, ..source.parts().clone() };
    store.replace(&job.key, source, Arc::new(StoredResponse::new(parts)))
}

#[cfg(test)]
mod tests;
