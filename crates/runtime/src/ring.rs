//! A bounded byte ring from one thread to one other, for log records: the request path writes and never
//! waits; when the ring is full the record is counted as lost.
//!
//! `writer` drains many rings into a file or standard output. The ring knows nothing of what is in a
//! record.
#![allow(
    unsafe_code,
    reason = "one producer and one consumer share a byte buffer without locks: the positions say which \
              bytes belong to whom, which the borrow checker cannot see"
)]

mod output;
mod writer;

use std::cell::UnsafeCell;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::Padded;

pub use writer::{LogOptions, LogStat, LogTarget, LogWriter, RecordFormat, Rotation, StopEnd, Tell};

/// Bytes before each record: its length.
const LENGTH_BYTES: usize = 4;

/// A ring of `capacity_bytes`, rounded up to a power of two (4 KiB to 1 GiB). Each record takes its
/// length and 4 bytes.
///
/// # Panics
/// If `capacity_bytes` is above 1 GiB.
pub fn ring(capacity_bytes: usize) -> (Producer, Consumer) {
    assert!(capacity_bytes <= 1 << 30, "a ring holds at most 1 GiB");
    let capacity = capacity_bytes.max(4096).next_power_of_two();
    let shared = Arc::new(Shared {
        bytes: UnsafeCell::new(vec![0; capacity].into_boxed_slice()),
        capacity,
        written: Padded::default(),
        read: Padded::default(),
        lost: Padded::default(),
    });
    let producer = Producer { shared: shared.clone(), written: 0, read_seen: 0 };
    (producer, Consumer { shared, read: 0, written_seen: 0 })
}

struct Shared {
    /// Bytes in `read..written` (modulo the capacity) belong to the consumer, all others to the producer.
    bytes: UnsafeCell<Box<[u8]>>,
    capacity: usize,
    /// Bytes ever written; only the producer stores.
    written: Padded<AtomicUsize>,
    /// Bytes ever read; only the consumer stores.
    read: Padded<AtomicUsize>,
    /// Records that found no room; only the producer stores.
    lost: Padded<AtomicU64>,
}

// SAFETY: there is one Producer and one Consumer, neither is Clone, and their methods take `&mut self`.
// Each touches only bytes that the positions give it; a position is published with Release after the
// bytes were touched and read with Acquire before.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

impl Shared {
    fn start(&self) -> *mut u8 {
        // SAFETY: the box itself is never replaced; only the pointer is taken, no reference to the bytes.
        unsafe { (*self.bytes.get()).as_mut_ptr() }
    }

    /// Copies `data` to the ring position `at`, around the end if need be.
    ///
    /// # Safety
    /// The range belongs to the caller, and `data` is at most the capacity.
    unsafe fn copy_in(&self, at: usize, data: &[u8]) {
        let offset = at & (self.capacity - 1);
        let first = data.len().min(self.capacity - offset);
        // SAFETY: both parts lie within the buffer; by contract nobody else touches them now.
        unsafe {
            std::ptr::copy_nonoverlapping(data.as_ptr(), self.start().add(offset), first);
            std::ptr::copy_nonoverlapping(data.as_ptr().add(first), self.start(), data.len() - first);
        }
    }

    /// Appends `len` bytes from the ring position `at` to `out`.
    ///
    /// # Safety
    /// The range belongs to the caller, was written, and is at most the capacity.
    unsafe fn copy_out(&self, at: usize, len: usize, out: &mut Vec<u8>) {
        let offset = at & (self.capacity - 1);
        let first = len.min(self.capacity - offset);
        // SAFETY: both parts lie within the buffer, which is always initialized; nobody writes them now.
        unsafe {
            out.extend_from_slice(std::slice::from_raw_parts(self.start().add(offset), first));
            out.extend_from_slice(std::slice::from_raw_parts(self.start(), len - first));
        }
    }
}

/// The writing end; stays on one thread.
pub struct Producer {
    shared: Arc<Shared>,
    written: usize,
    /// The consumer's position when last looked at, so that its line is fetched only when room runs short.
    read_seen: usize,
}

impl Producer {
    /// Appends one record made of `parts`. `false` if it did not fit: the record is lost and counted,
    /// nothing of it is visible. Never waits, never allocates.
    pub fn push(&mut self, parts: &[&[u8]]) -> bool {
        let len: usize = parts.iter().map(|part| part.len()).sum();
        let needed = len + LENGTH_BYTES;
        if !self.has_room(needed) {
            let lost = &self.shared.lost;
            lost.store(lost.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
            return false;
        }
        let length = u32::try_from(len).expect("a record that fits is below 1 GiB").to_ne_bytes();
        let mut at = self.written;
        for part in std::iter::once(&length[..]).chain(parts.iter().copied()) {
            // SAFETY: `has_room` found `needed` bytes from `written` on to be ours.
            unsafe { self.shared.copy_in(at, part) };
            at = at.wrapping_add(part.len());
        }
        self.written = at;
        self.shared.written.store(at, Ordering::Release);
        true
    }

    /// Whether more than half of the ring waits to be read, as far as this end has looked.
    pub fn is_half_full(&self) -> bool {
        self.written.wrapping_sub(self.read_seen) > self.shared.capacity / 2
    }

    /// Records lost so far for want of room.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    fn has_room(&mut self, needed: usize) -> bool {
        let capacity = self.shared.capacity;
        let fits = |read: usize| needed <= capacity - self.written.wrapping_sub(read);
        if needed > capacity {
            return false;
        }
        // Looked at again past the half, so that `is_half_full` does not stay true on old news.
        if !fits(self.read_seen) || self.is_half_full() {
            self.read_seen = self.shared.read.load(Ordering::Acquire);
        }
        needed <= capacity - self.written.wrapping_sub(self.read_seen)
    }
}

/// The reading end; stays on one thread.
pub struct Consumer {
    shared: Arc<Shared>,
    read: usize,
    written_seen: usize,
}

impl Consumer {
    /// Replaces the content of `record` with the oldest record; `false` if there is none.
    pub fn pop(&mut self, record: &mut Vec<u8>) -> bool {
        if self.written_seen == self.read {
            self.look();
        }
        self.pop_seen(record)
    }

    /// Takes note of what the ring holds now.
    fn look(&mut self) {
        self.written_seen = self.shared.written.load(Ordering::Acquire);
    }

    /// [`Consumer::pop`] of what the last look saw, and nothing newer.
    fn pop_seen(&mut self, record: &mut Vec<u8>) -> bool {
        record.clear();
        if self.written_seen == self.read {
            return false;
        }
        // SAFETY: `read..written_seen` holds whole records, each behind its length.
        unsafe { self.shared.copy_out(self.read, LENGTH_BYTES, record) };
        let length = u32::from_ne_bytes(record[..].try_into().expect("four bytes were copied")) as usize;
        record.clear();
        // SAFETY: as above.
        unsafe { self.shared.copy_out(self.read.wrapping_add(LENGTH_BYTES), length, record) };
        self.read = self.read.wrapping_add(LENGTH_BYTES + length);
        self.shared.read.store(self.read, Ordering::Release);
        true
    }

    /// Records that found no room so far.
    pub fn lost(&self) -> u64 {
        self.shared.lost.load(Ordering::Relaxed)
    }

    /// Whether the producer is gone: what is in the ring now is the last.
    pub fn is_closed(&self) -> bool {
        Arc::strong_count(&self.shared) == 1
    }
}
