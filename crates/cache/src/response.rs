//! One stored response: immutable, shared by the store, the hot tables and the answers under way.
//!
//! What may be done with it is decided elsewhere: its [`Terms`] by `http-caching`, its purges by the fence.
//! It carries the store's marks (frequency, whether it left), and the memory it was charged.

use std::fmt;
use std::ops::Deref;
use std::sync::OnceLock;
use std::sync::atomic::{
    AtomicBool, AtomicU8, AtomicU32, Ordering::Acquire, Ordering::Relaxed, Ordering::Release,
};

use littoral_http_caching::{Coding, Fields, Known, Seconds, SelectingKey, Terms, Vary};
use littoral_ledger::{Position, Subject};

use crate::body::{ARC_BYTES, Body};
use crate::charge::Charge;
use crate::content::Content;
use crate::encoded::{Derived, EncodedBody, EncodedHeads, Noticed};

/// Frequency at which a response stops counting its uses.
pub const FREQUENCY_MAX: u8 = 3;

/// What a stored response is made of.
#[derive(Clone, Debug)]
pub struct ResponseParts {
    /// Status code; of the whole representation, so 200 where 206 answers were combined.
    pub status: u16,
    /// The origin's fields, end to end. Built with [`Fields::builder`] they hold nothing else alive.
    pub fields: Fields,
    /// The body, or what is here of it.
    pub content: Content,
    /// The same in content codings, where it was stored without any; each coding once.
    pub encoded: Box<[EncodedBody]>,
    /// Under which it may be reused.
    pub terms: Terms,
    /// The names it varies by.
    pub vary: Vary,
    /// Its request's values of these fields; empty without `Vary`.
    pub selecting: SelectingKey,
    /// `Last-Modified`, if valid.
    pub last_modified: Option<Seconds>,
    /// Lowest purge position among all that contributed to it, each taken when its request began.
    pub effective: Position,
    /// What the fence looks at.
    pub subject: Subject,
    /// Canonical URL as the fence knows it: `host/path?query`.
    pub url: Box<[u8]>,
    /// The request target that was sent to the origin; for people to read.
    pub request_target: Box<str>,
    /// When it entered the cache; a response freshened by 304 keeps the time of the first.
    pub stored_at: Seconds,
}

/// A response in the cache, reached through `Arc`. Its parts are read through `Deref`.
pub struct StoredResponse {
    parts: ResponseParts,
    derived: OnceLock<Derived>,
    encoded_heads: EncodedHeads,
    noticed: Noticed,
    dead: AtomicBool,
    frequency: AtomicU8,
    /// Its node in the store's queues; read and written under their lock.
    pub(crate) node: AtomicU32,
    charge: OnceLock<Charge>,
}

impl StoredResponse {
    /// A response that no store has yet.
    pub fn new(parts: ResponseParts) -> StoredResponse {
        StoredResponse {
            derived: OnceLock::new(),
            encoded_heads: parts.encoded.iter().map(|_| OnceLock::new()).collect(),
            noticed: Noticed::default(),
            parts,
            dead: AtomicBool::new(false),
            frequency: AtomicU8::new(0),
            node: AtomicU32::new(u32::MAX),
            charge: OnceLock::new(),
        }
    }

    /// Its parts, for a successor that shares most of them (after a 304: other fields and terms, same body).
    pub fn parts(&self) -> &ResponseParts {
        &self.parts
    }

    /// The entity tag, as it came.
    pub fn etag(&self) -> Option<&[u8]> {
        self.fields.get(Known::ETag)
    }

    /// Whether it left the store: evicted, removed or replaced. Never turns back. Answers under way may go
    /// on with it; none begins.
    pub fn is_dead(&self) -> bool {
        self.dead.load(Acquire)
    }

    pub(crate) fn set_dead(&self) {
        self.dead.store(true, Release);
    }

    /// Uses counted since the store last looked, up to [`FREQUENCY_MAX`].
    pub fn frequency(&self) -> u8 {
        self.frequency.load(Relaxed)
    }

    pub(crate) fn set_frequency(&self, frequency: u8) {
        self.frequency.store(frequency, Relaxed);
    }

    /// Counts a use. At the maximum nothing is written, so that a hot response's line stays shared. Two
    /// threads may count as one: it is a hint.
    #[inline]
    pub fn touch(&self) {
        let frequency = self.frequency.load(Relaxed);
        if frequency < FREQUENCY_MAX {
            self.frequency.store(frequency + 1, Relaxed);
        }
    }

    /// The serialized head that [`keep_derived`](Self::keep_derived) kept under `key`.
    #[inline]
    pub fn derived(&self, key: u64) -> Option<&[u8]> {
        self.derived.get().filter(|derived| derived.key == key).map(|derived| &*derived.bytes)
    }

    /// Keeps a serialized head. `key` names everything it was made of but the response: let it be a hash of
    /// the settings that shape the head, so that reloads which change none of them keep it. The first one
    /// stays for the response's life; it is charged, and not kept (`false`) when the budget has no room, when
    /// there is one, or while no store has the response.
    pub fn keep_derived(&self, key: u64, head: Box<[u8]>) -> bool {
        self.keep_head(&self.derived, key, head)
    }

    fn keep_head(&self, place: &OnceLock<Derived>, key: u64, head: Box<[u8]>) -> bool {
        if place.get().is_some() {
            return false;
        }
        let charge = self.charge.get().and_then(|charge| charge.more(head.len() as u64));
        charge.is_some_and(|charge| place.set(Derived { key, bytes: head, _charge: charge }).is_ok())
    }

    /// The content in this coding, if it was made.
    #[inline]
    pub fn encoded_body(&self, coding: Coding) -> Option<&Body> {
        self.encoded.iter().find(|encoded| encoded.coding == coding)?.body.as_ref()
    }

    /// Whether it is known whether this coding is worth it: it was made, or found useless.
    pub fn has_tried(&self, coding: Coding) -> bool {
        self.encoded.iter().any(|encoded| encoded.coding == coding)
    }

    /// As [`derived`](Self::derived), of the head that goes with an encoded body.
    #[inline]
    pub fn encoded_head(&self, coding: Coding, key: u64) -> Option<&[u8]> {
        let place = self.place_of_head(coding)?;
        place.get().filter(|derived| derived.key == key).map(|derived| &*derived.bytes)
    }

    /// As [`keep_derived`](Self::keep_derived), of the head that goes with an encoded body; `false` also where there
    /// is no such body.
    pub fn keep_encoded_head(&self, coding: Coding, key: u64, head: Box<[u8]>) -> bool {
        self.place_of_head(coding).is_some_and(|place| self.keep_head(place, key, head))
    }

    fn place_of_head(&self, coding: Coding) -> Option<&OnceLock<Derived>> {
        let nth = self.encoded.iter().position(|encoded| encoded.coding == coding)?;
        self.encoded_heads.get(nth)
    }

    /// What [`keep_verdict`](Self::keep_verdict) kept last, if that was under `key`.
    #[inline]
    pub fn verdict(&self, key: u64) -> Option<bool> {
        self.noticed.verdict(key)
    }

    /// Keeps a verdict about this response that is asked for at each hit. `key` names everything that it depends on
    /// but the response: below 2^63, not 0. Only the last one is kept, so one key should be asked about.
    pub fn keep_verdict(&self, key: u64, verdict: bool) {
        self.noticed.keep_verdict(key, verdict);
    }

    /// Whether this caller is the one to have `coding` made: nobody has asked for it in the last minute or so. Reads
    /// only, but for that one.
    #[inline]
    pub fn ask_for(&self, coding: Coding, now: Seconds) -> bool {
        self.noticed.ask(coding, now as u32)
    }

    /// Bytes that it holds, body included, derived head excluded: what was asked of the allocator.
    pub fn memory_bytes(&self) -> usize {
        self.own_bytes() + self.bodies().map(Body::memory_bytes).sum::<usize>()
    }

    /// All bodies that it holds.
    pub(crate) fn bodies(&self) -> impl Iterator<Item = &Body> + Clone {
        let own = self.content.runs().map(|(_, body)| body);
        own.chain(self.encoded.iter().filter_map(|encoded| encoded.body.as_ref()))
    }

    /// All but the bodies.
    pub(crate) fn own_bytes(&self) -> usize {
        ARC_BYTES
            + size_of::<StoredResponse>()
            + self.fields.memory_bytes()
            + self.content.list_bytes()
            + size_of_val(&*self.encoded)
            + size_of_val(&*self.encoded_heads)
            + self.vary.memory_bytes()
            + self.selecting.as_bytes().len()
            + self.subject.heap_bytes()
            + self.url.len()
            + self.request_target.len()
    }

    pub(crate) fn derived_bytes(&self) -> usize {
        let places = std::iter::once(&self.derived).chain(&*self.encoded_heads);
        places.filter_map(OnceLock::get).map(|derived| derived.bytes.len()).sum()
    }

    /// What a store that takes it must reserve: bodies that it shares with a response taken before are
    /// charged already.
    pub(crate) fn uncharged_bytes(&self) -> usize {
        let bodies = self.bodies().filter(|body| !body.is_charged());
        self.own_bytes() + bodies.map(Body::memory_bytes).sum::<usize>()
    }

    pub(crate) fn is_charged(&self) -> bool {
        self.charge.get().is_some()
    }

    /// Spreads `charge`, made for [`uncharged_bytes`](Self::uncharged_bytes), over what it pays for.
    pub(crate) fn charge(&self, mut charge: Charge) {
        for body in self.bodies().filter(|body| !body.is_charged()) {
            // The one run of two that share a body finds it charged: then the part is paid back at once.
            drop(body.charge(charge.split(body.memory_bytes() as u64)));
        }
        drop(self.charge.set(charge));
    }
}

impl Deref for StoredResponse {
    type Target = ResponseParts;

    fn deref(&self) -> &ResponseParts {
        &self.parts
    }
}

impl fmt::Debug for StoredResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "StoredResponse({} {} {:?})", self.status, self.request_target, self.content)
    }
}
