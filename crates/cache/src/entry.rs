//! The variants under one key, as an immutable snapshot.
//!
//! The store replaces the snapshot as a whole; whoever holds the old one may finish with it, and sees by
//! [`Entry::is_dead`] that it is no longer the store's.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Acquire, Ordering::Release};

use littoral_http_caching::vary::selects_by_language;
use littoral_http_caching::{Fields, Vary, selecting_key};

use crate::body::ARC_BYTES;
use crate::charge::Charge;
use crate::key::Key;
use crate::response::StoredResponse;
use crate::store::SiteIx;

/// All variants stored under one key, the last stored first. Never empty.
pub struct Entry {
    key: Key,
    site: SiteIx,
    variants: Box<[Arc<StoredResponse>]>,
    dead: AtomicBool,
    _charge: Charge,
}

impl Entry {
    pub(crate) fn new(key: Key, site: SiteIx, variants: Box<[Arc<StoredResponse>]>, charge: Charge) -> Entry {
        Entry { key, site, variants, dead: AtomicBool::new(false), _charge: charge }
    }

    /// Bytes of an entry itself; its responses account for themselves.
    pub(crate) fn bytes(key_len: usize, variants: usize) -> usize {
        ARC_BYTES + size_of::<Entry>() + key_len + variants * size_of::<Arc<StoredResponse>>()
    }

    /// Its key.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// The site it is charged to.
    pub fn site(&self) -> SiteIx {
        self.site
    }

    /// The variants, the last stored first.
    pub fn variants(&self) -> &[Arc<StoredResponse>] {
        &self.variants
    }

    /// Whether the store has another snapshot under the key by now, or none.
    #[inline]
    pub fn is_dead(&self) -> bool {
        self.dead.load(Acquire)
    }

    pub(crate) fn set_dead(&self) {
        self.dead.store(true, Release);
    }

    /// The variant for `request`, counted as a use. `scratch` is any buffer; its content is lost.
    #[inline]
    pub fn select(&self, request: &Fields, scratch: &mut Vec<u8>) -> Option<&Arc<StoredResponse>> {
        let nth = self.position(request, scratch)?;
        self.variants[nth].touch();
        Some(&self.variants[nth])
    }

    /// Which of [`variants`](Self::variants) is the one for `request`; counts nothing.
    ///
    /// RFC 9111 §4.1: each stored response is matched by its own `Vary`; of several that match, the one with
    /// the most recent `Date`, then the last received, then the last stored. Where none matches exactly, one
    /// in the language that the request prefers will do.
    pub fn position(&self, request: &Fields, scratch: &mut Vec<u8>) -> Option<usize> {
        if let [only] = &*self.variants
            && only.vary.is_empty()
        {
            return Some(0);
        }
        let mut computed: Option<&Vary> = None;
        let exact = self.latest(|variant| {
            if computed != Some(&variant.vary) {
                scratch.clear();
                selecting_key(&variant.vary, request, scratch);
                computed = Some(&variant.vary);
            }
            *variant.selecting.as_bytes() == **scratch
        });
        exact.or_else(|| {
            self.latest(|variant| {
                selects_by_language(&variant.vary, &variant.selecting, &variant.fields, request)
            })
        })
    }

    fn latest<'s>(&'s self, mut matches: impl FnMut(&'s StoredResponse) -> bool) -> Option<usize> {
        let mut best: Option<usize> = None;
        for (nth, variant) in self.variants.iter().enumerate() {
            let recent = |nth: usize| (self.variants[nth].terms.date, self.variants[nth].terms.received);
            if best.is_none_or(|best| recent(nth) > recent(best)) && matches(variant) {
                best = Some(nth);
            }
        }
        best
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {:?})", self.key.bytes.escape_ascii(), self.variants)
    }
}
