//! What evaluating costs: no allocation, and little time.

use littoral_rules::{HostPattern, Matcher, MethodSet, PathPattern, Subject};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::time::Instant;

/// Counts what this thread allocates.
struct Counting;

thread_local! {
    static ALLOCATED: Cell<u64> = const { Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; all work is handed to the system's")]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATED.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn matcher() -> Matcher {
    let paths = ["/assets/*", "*.woff2", "/a/*/b", "/robots.txt"].map(|text| PathPattern::new(text).unwrap());
    let hosts = ["*.example.com", "example.net"].map(|text| HostPattern::new(text).unwrap());
    Matcher::new(paths.into(), Some(MethodSet::new(["GET", "HEAD"]).unwrap()), hosts.into(), None).unwrap()
}

const SUBJECTS: [Subject<'_>; 4] = [
    Subject::new(b"www.example.com", b"/assets/site/main_v468df6b.css", b"GET"),
    Subject::new(b"example.net", b"/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/b", b"HEAD"),
    Subject::new(b"www.example.com", b"/articles/2026/11/what-a-shore-is-for/", b"GET"),
    Subject::new(b"example.org", b"/robots.txt", b"GET"),
];

#[test]
fn evaluating_allocates_nothing() {
    let matcher = matcher();
    let before = ALLOCATED.with(Cell::get);
    let matched = SUBJECTS.iter().filter(|subject| matcher.matches(subject)).count();
    assert_eq!(ALLOCATED.with(Cell::get) - before, 0);
    assert_eq!(matched, 2);
}

#[test]
fn evaluating_four_patterns_takes_below_a_hundred_nanoseconds_once_optimized() {
    const ROUNDS: u32 = 20_000;
    let matcher = matcher();
    // The best of several: whatever else runs on the machine only adds.
    let best = (0..20)
        .map(|_| {
            let start = Instant::now();
            for _ in 0..ROUNDS {
                for subject in &SUBJECTS {
                    black_box(matcher.matches(black_box(subject)));
                }
            }
            start.elapsed().as_nanos() / u128::from(ROUNDS * 4)
        })
        .min()
        .expect("there were rounds");
    let most = if cfg!(debug_assertions) { 2_000 } else { 100 };
    assert!(best <= most, "{best} ns for each evaluation");
}
