//! Bodies that were made of a stored response's own in a content coding, kept with it and gone with it.
//!
//! Who makes them, and whether they are worth it, is decided outside. A response never changes: one with more of them
//! is its successor.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering::Relaxed};

use littoral_http_caching::Coding;

use crate::body::Body;
use crate::charge::Charge;

/// Seconds after which a coding that has not come may be asked for again.
pub const ASK_AGAIN_SECONDS: u32 = 64;

/// The content of a response in one coding.
#[derive(Clone, Debug)]
pub struct EncodedBody {
    /// The coding.
    pub coding: Coding,
    /// The bytes; none where it turned out not to be worth it, so that nobody tries again.
    pub body: Option<Body>,
}

/// A serialized head, and what it was made for.
pub(crate) struct Derived {
    pub(crate) key: u64,
    pub(crate) bytes: Box<[u8]>,
    pub(crate) _charge: Charge,
}

/// Heads of encoded bodies, in their order.
pub(crate) type EncodedHeads = Box<[OnceLock<Derived>]>;

/// What has been noticed about a response; lost with it, and only hints.
#[derive(Default)]
pub(crate) struct Noticed {
    verdict: AtomicU64,
    /// A bit for each coding asked for, and above them when the last one was, in units.
    asked: AtomicU32,
}

const CODING_BITS: u32 = 3;

impl Noticed {
    pub(crate) fn verdict(&self, key: u64) -> Option<bool> {
        let noticed = self.verdict.load(Relaxed);
        (noticed >> 1 == key && key != 0).then_some(noticed & 1 == 1)
    }

    pub(crate) fn keep_verdict(&self, key: u64, verdict: bool) {
        self.verdict.store(key << 1 | u64::from(verdict), Relaxed);
    }

    pub(crate) fn ask(&self, coding: Coding, now_seconds: u32) -> bool {
        let bit = 1 << coding as u32;
        let now = (now_seconds / ASK_AGAIN_SECONDS) << CODING_BITS;
        let asked = self.asked.load(Relaxed);
        let is_recent = asked >> CODING_BITS << CODING_BITS == now;
        if is_recent && asked & bit != 0 {
            return false;
        }
        let next = if is_recent { asked | bit } else { now | bit };
        self.asked.compare_exchange(asked, next, Relaxed, Relaxed).is_ok()
    }
}
