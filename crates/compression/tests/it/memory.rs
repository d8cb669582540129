//! The figures of the crate's documentation, held against what the allocator was asked for.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use littoral_compression::{Decoder, Encoder, Format, Level};

use crate::support::text;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Counts what its thread holds, and the most that it held. The C library of Zstandard allocates past it.
struct Counting;

thread_local! {
    static HELD: Cell<i64> = const { Cell::new(0) };
    static MOST: Cell<i64> = const { Cell::new(0) };
}

fn count(change: i64) {
    // A thread that ends frees what it held when its counters are gone.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + change);
        MOST.with(|most| most.set(most.get().max(held.get())));
    });
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; all work is handed to the system's")]
// SAFETY: all work is the system allocator's; beside it a number is changed.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as i64);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        count(-(layout.size() as i64));
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// Most bytes held while `work` runs, beyond those held before.
fn most(work: impl FnOnce()) -> u64 {
    let before = HELD.with(Cell::get);
    MOST.with(|most| most.set(before));
    work();
    u64::try_from(MOST.with(Cell::get) - before).unwrap_or(0)
}

#[test]
fn coders_take_no_more_than_is_documented() {
    for length in [2_000, 200_000, 1 << 20, 8 << 20, 9 << 20] {
        let body = text(length);
        for format in [Format::Gzip, Format::Brotli] {
            for level in [Level::Quick, Level::Best] {
                let mut encoded = Vec::with_capacity(length);
                let taken = most(|| {
                    let mut out = Vec::with_capacity(256 << 10);
                    let mut encoder = Encoder::new(format, level, Some(length as u64)).unwrap();
                    for piece in body.chunks(64 << 10) {
                        encoder.encode(piece, &mut out).unwrap();
                        encoded.append(&mut out);
                    }
                    encoder.finish(&mut out).unwrap();
                    encoded.append(&mut out);
                });
                let documented = Encoder::memory_bytes(format, level);
                assert!(taken <= documented + (256 << 10), "{format:?} {level:?} {length}: {taken}");

                let taken = most(|| {
                    let mut out = Vec::with_capacity(64 << 10);
                    let mut decoder = Decoder::new(format, Default::default()).unwrap();
                    let mut rest = &encoded[..];
                    loop {
                        out.clear();
                        let step = decoder.decode(rest, &mut out, 64 << 10).unwrap();
                        rest = &rest[step.consumed..];
                        if rest.is_empty() && !step.full {
                            break;
                        }
                    }
                });
                let documented = Decoder::memory_bytes(format);
                assert!(taken <= documented + (64 << 10), "{format:?} {level:?} {length}: {taken}");
            }
        }
    }
}
