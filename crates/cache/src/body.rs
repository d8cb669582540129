//! Immutable bodies in chunks of one size, each allocation exactly as large as its bytes.
//!
//! Chunks keep a large body out of the allocator's largest classes and let a range be found by division.
//! Slices borrow: whoever sends them holds the stored response. Cloning shares.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock, Weak};

use bytes::Bytes;

use crate::charge::Charge;

/// Size of every chunk of a body but its last: 256 KiB.
pub const CHUNK: usize = 256 * 1024;

/// An immutable body. Cheap to clone; the clone shares the bytes.
#[derive(Clone)]
pub struct Body {
    shared: Arc<Shared>,
}

struct Shared {
    len: u64,
    chunks: Box<[Box<[u8]>]>,
    /// Set when a store first takes the body, so that responses that share it are charged once.
    charge: OnceLock<Charge>,
}

/// Two counts before every `Arc`'s value.
pub(crate) const ARC_BYTES: usize = 2 * size_of::<usize>();

impl Body {
    /// A body of no bytes.
    pub fn empty() -> Body {
        BodyBuilder::new(Some(0)).finish()
    }

    /// A copy of `bytes`. It copies because a `Bytes` may keep a much larger buffer alive than it shows.
    pub fn from_bytes(bytes: &Bytes) -> Body {
        Body::from_slice(bytes)
    }

    /// A copy of `bytes`.
    pub fn from_slice(bytes: &[u8]) -> Body {
        let mut builder = BodyBuilder::new(Some(bytes.len() as u64));
        builder.push(bytes);
        builder.finish()
    }

    /// A copy of the pieces one after another; each piece is let go as soon as it is copied.
    pub fn from_pieces(pieces: Vec<Bytes>) -> Body {
        let mut builder = BodyBuilder::new(Some(pieces.iter().map(|piece| piece.len() as u64).sum()));
        for piece in pieces {
            builder.push(&piece);
        }
        builder.finish()
    }

    /// Length in bytes.
    pub fn len(&self) -> u64 {
        self.shared.len
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.shared.len == 0
    }

    /// The bytes of `range` in order, borrowed: what `writev` wants. No slice is empty; a range beyond the
    /// end is cut there.
    pub fn slices(&self, range: Range<u64>) -> impl Iterator<Item = &[u8]> + Clone {
        let end = index(range.end.min(self.len()));
        let start = index(range.start.min(self.len())).min(end);
        let first = start / CHUNK;
        let last = if start == end { first } else { end.div_ceil(CHUNK) };
        self.shared.chunks[first.min(self.shared.chunks.len())..last.min(self.shared.chunks.len())]
            .iter()
            .enumerate()
            .map(move |(nth, chunk)| {
                let offset = (first + nth) * CHUNK;
                &chunk[start.saturating_sub(offset)..(end - offset).min(chunk.len())]
            })
    }

    /// All bytes in one slice, when the body is at most one chunk.
    pub fn as_slice(&self) -> Option<&[u8]> {
        match &*self.shared.chunks {
            [] => Some(&[]),
            [only] => Some(only),
            _ => None,
        }
    }

    /// Bytes on the heap, all of it: what was asked of the allocator, whose own rounding is not known here.
    pub fn memory_bytes(&self) -> usize {
        ARC_BYTES + size_of::<Shared>() + size_of_val(&*self.shared.chunks) + index(self.len())
    }

    pub(crate) fn address(&self) -> usize {
        Arc::as_ptr(&self.shared).addr()
    }

    pub(crate) fn is_charged(&self) -> bool {
        self.shared.charge.get().is_some()
    }

    /// Hands the body its charge; gives it back when it has one.
    pub(crate) fn charge(&self, charge: Charge) -> Result<(), Charge> {
        self.shared.charge.set(charge)
    }

    /// A hold on the body that does not keep its bytes.
    pub fn downgrade(&self) -> WeakBody {
        WeakBody { shared: Arc::downgrade(&self.shared) }
    }

    /// Whether both share their bytes.
    pub fn is_same(&self, other: &Body) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

/// A body that may be gone.
#[derive(Clone)]
pub struct WeakBody {
    shared: Weak<Shared>,
}

impl WeakBody {
    /// The body, if anybody still has it.
    pub fn upgrade(&self) -> Option<Body> {
        self.shared.upgrade().map(|shared| Body { shared })
    }

    /// Whether both are of the same body.
    pub fn is_same(&self, other: &WeakBody) -> bool {
        self.shared.ptr_eq(&other.shared)
    }
}

/// Equal bytes.
impl PartialEq for Body {
    fn eq(&self, other: &Body) -> bool {
        self.is_same(other) || (self.len() == other.len() && self.shared.chunks == other.shared.chunks)
    }
}

impl Eq for Body {}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.len())
    }
}

/// Collects a body as it arrives.
pub struct BodyBuilder {
    chunks: Vec<Box<[u8]>>,
    filling: Vec<u8>,
    expected: Option<u64>,
    len: u64,
}

impl BodyBuilder {
    /// `expected` is the length, if known: it saves the copy that cuts the last chunk to size. Being wrong
    /// costs time or, for the chunk being filled, memory; never correctness.
    pub fn new(expected: Option<u64>) -> BodyBuilder {
        BodyBuilder { chunks: Vec::new(), filling: Vec::new(), expected, len: 0 }
    }

    /// Appends a copy of `bytes`.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            if self.filling.capacity() == 0 {
                self.filling.reserve_exact(self.next_chunk(bytes.len()));
            }
            let room = (CHUNK - self.filling.len()).min(bytes.len());
            let (now, later) = bytes.split_at(room);
            self.filling.extend_from_slice(now);
            self.len += now.len() as u64;
            bytes = later;
            if self.filling.len() == CHUNK {
                self.chunks.push(std::mem::take(&mut self.filling).into_boxed_slice());
            }
        }
    }

    /// Bytes so far.
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing came yet.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Bytes on the heap so far, the unfilled room included.
    pub fn memory_bytes(&self) -> usize {
        self.chunks.len() * (CHUNK + size_of::<Box<[u8]>>()) + self.filling.capacity()
    }

    /// The body, its last chunk cut to size.
    pub fn finish(mut self) -> Body {
        if !self.filling.is_empty() {
            self.chunks.push(self.filling.into_boxed_slice());
        }
        let chunks = self.chunks.into_boxed_slice();
        Body { shared: Arc::new(Shared { len: self.len, chunks, charge: OnceLock::new() }) }
    }

    fn next_chunk(&self, at_hand: usize) -> usize {
        let left = self.expected.and_then(|expected| expected.checked_sub(self.len)).filter(|&left| left > 0);
        left.map_or(at_hand, index).min(CHUNK)
    }
}

/// Offsets of what is in memory fit in `usize`.
fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("what is in memory has an address")
}
