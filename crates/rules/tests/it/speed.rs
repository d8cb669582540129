//! What evaluating costs: no allocation, and little time.

use crate::request::Written;
use littoral_rules::{
    Filter, HostPattern, Matcher, MethodSet, PathPattern, Rewrite, Scope, Subject, Variables,
};
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

/// One of each kind of test, none of which decides before the others.
const EVERYTHING: &str = r#"header["x-tenant"] == "shore" and starts_with(path, "/api/") and host in {"a.example" "b.example"}
    and ip in {192.0.2.0/24 2001:db8::/32} and lower(header["user-agent"]) contains "bot" and path ~ "^/[a-z]+/"
    and path wildcard "/a*/*.js" and lower(path) wildcard "*.js" and cookie["s"] == "1" and query["v"] == "2"
    and lower(extension) in {"js" "css"} and len(query) < 20 and not ends_with(path, "x") and country in {"DE" "AT"}
    and (host == "x" xor exists(query))"#;
const MEETS_EVERYTHING: &str = "GET https://a.example/api/x.js?u=1&v=2 from 192.0.2.9 in DE | x-tenant: shore \
                                | user-agent: ShoreBot/1 | cookie: a=b; s=1";

#[test]
fn conditions_and_rewrites_allocate_nothing() {
    let filter = Filter::parse(EVERYTHING).unwrap();
    let rewrite =
        Rewrite::regex(r"^/(.+)/(.+)\.js$", "/${2}/${1}${query}/${client.ip}", Variables::REQUEST).unwrap();
    let written = Written::new(MEETS_EVERYTHING);
    let subject = written.subject();
    let scope = Scope::new(subject);
    let mut out = Vec::with_capacity(256);
    // The scratch memory that a thread needs for groups is made once.
    assert!(rewrite.apply(&scope, &mut out));
    out.clear();
    let before = ALLOCATED.with(Cell::get);
    assert!(filter.matches(&subject));
    assert!(rewrite.apply(&scope, &mut out));
    assert_eq!(ALLOCATED.with(Cell::get) - before, 0);
    assert_eq!(out, b"/x/api?u=1&v=2/192.0.2.9");
}

/// A large pattern that has no automaton built beforehand.
#[test]
fn a_thread_makes_its_scratch_memory_once() {
    let filter = Filter::parse(r#"path ~ "(a|b).{40}c$""#).unwrap();
    let written = Written::new("GET http://h/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaac");
    let matched = filter.matches(&written.subject());
    let before = ALLOCATED.with(Cell::get);
    assert!(matched && filter.matches(&written.subject()));
    assert_eq!(ALLOCATED.with(Cell::get) - before, 0);
}

/// `cargo test --release -p littoral-rules -- --ignored --nocapture costs_are_printed`
#[test]
#[ignore = "a measurement"]
fn costs_are_printed() {
    let four = r#"header["x-tenant"] == "shore" and starts_with(path, "/api/")
        and host in {"a.example" "b.example" "c.example"} and ip in {192.0.2.0/24 198.51.100.0/24 2001:db8::/32}"#;
    let others = [
        r#"path ~ r"^/(img|media|api)/.*\.(jpg|png|js)$""#,
        r#"lower(header["user-agent"]) contains "bot""#,
        r#"cookie["s"] == "1""#,
        EVERYTHING,
    ];
    let written = Written::new(MEETS_EVERYTHING);
    let subject = written.subject();
    for text in [four].into_iter().chain(others) {
        let filter = Filter::parse(text).unwrap();
        assert!(filter.matches(&subject), "{text}");
        println!(
            "{:6.1} ns: {}",
            nanoseconds(|| filter.matches(black_box(&subject))),
            text.replace("\n   ", "")
        );
    }
    let rewrite = Rewrite::regex(r"^/(.+)/(.+)\.js$", "/${2}/${1}", Variables::REQUEST).unwrap();
    let mut out = Vec::new();
    let cost = nanoseconds(|| {
        out.clear();
        rewrite.apply(black_box(&Scope::new(subject)), &mut out)
    });
    println!("{cost:6.1} ns: a rewrite with two groups");
}

/// The best of several: whatever else runs on the machine only adds.
fn nanoseconds(mut each: impl FnMut() -> bool) -> f64 {
    const ROUNDS: u32 = 200_000;
    let mut best = f64::MAX;
    for _ in 0..10 {
        let start = Instant::now();
        (0..ROUNDS).for_each(|_| {
            black_box(each());
        });
        best = best.min(start.elapsed().as_nanos() as f64 / f64::from(ROUNDS));
    }
    best
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
