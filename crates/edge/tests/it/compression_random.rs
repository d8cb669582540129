//! Compression under everything at once: random requests, purges, replacements and time, held against what must hold
//! of each answer by itself.

use crate::compression::content;
use littoral_testbed::{Purge, Reply, Request, Testbed, dynamic, ok, origin};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// A linear congruential generator: the same requests each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }
}

fn body(path: &str, version: usize) -> String {
    (0..60).map(|line| format!("{path} version {version}, line {line}: so much of the same\n")).collect()
}

const PATHS: [&str; 5] = ["/strong", "/weak", "/none", "/varies", "/swr"];

fn answer(version: &AtomicUsize) -> impl Fn(&Request) -> littoral_testbed::Answer + use<> {
    let version = version.load(Ordering::SeqCst);
    move |request: &Request| {
        let path = request.path();
        let page = ok(body(path, version)).header("Content-Type", "text/html").ranged().conditional();
        match path {
            "/strong" => page.etag(&format!("\"{version}\"")).max_age(10),
            "/weak" => page.etag(&format!("W/\"{version}\"")).max_age(10),
            "/varies" => page.etag(&format!("\"v{version}\"")).vary("Accept-Encoding, X-A").max_age(10),
            "/swr" => {
                page.etag(&format!("\"s{version}\"")).cache_control("max-age=5, stale-while-revalidate=60")
            }
            _ => page.max_age(10),
        }
    }
}

const RANGES: [&str; 4] = ["bytes=0-9", "bytes=-5", "bytes=90000-", "bytes=20-"];

const ACCEPTED: [&str; 9] =
    ["", "gzip", "br", "zstd", "gzip, br, zstd", "br;q=0.1, gzip", "identity;q=0, gzip", "*", "gzip;q=0"];

fn takes(accepted: &str, coding: &str) -> bool {
    match accepted {
        "*" => true,
        "gzip;q=0" | "" => false,
        _ => accepted.contains(coding),
    }
}

/// First and last byte, and how many there are, of `bytes 0-9/100`.
fn span(range: &str) -> Option<(usize, usize, usize)> {
    let (span, complete) = range.strip_prefix("bytes ")?.split_once('/')?;
    let (first, last) = span.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?, complete.parse().ok()?))
}

/// What has been seen under a strong tag.
type Seen = HashMap<(String, String), Vec<u8>>;

fn check(
    reply: &Reply,
    path: &str,
    accepted: &str,
    versions: std::ops::RangeInclusive<usize>,
    seen: &mut Seen,
) {
    let coding = reply.header("content-encoding");
    if let Some(coding) = coding {
        assert!(takes(accepted, coding), "{path}: {coding} for {accepted:?}\n{reply}");
    }
    // An origin's own 304 does not say of what type the content is.
    let passed = reply.cache_status().is_some_and(|said| said.get("fwd-status") == Some("304"));
    if matches!(reply.status, 200 | 206) || reply.status == 304 && !passed {
        let varies = reply.headers("vary").join(",").to_ascii_lowercase().contains("accept-encoding");
        assert!(varies, "{path}: who keeps this must know that there are others\n{reply}");
    }
    let tag = reply.header("etag").map(str::to_owned);
    let strong = tag.filter(|tag| !tag.starts_with("W/"));
    match reply.status {
        200 if !reply.body.is_empty() => {
            let text = content(reply);
            let known = versions.clone().any(|version| text == body(path, version));
            assert!(known, "{path} {accepted:?} {versions:?}\n{text}\n{reply}");
            if let Some(tag) = strong {
                let before = seen.entry((path.to_owned(), tag)).or_insert_with(|| reply.body.clone());
                assert_eq!(*before, reply.body, "{path}: other bytes under the same strong tag\n{reply}");
            }
        }
        206 if !reply.body.is_empty() => {
            let range = reply.header("content-range").expect("a part says which");
            let (first, last, complete) = span(range).expect("a range of bytes");
            assert_eq!(reply.body.len(), last - first + 1, "{reply}");
            if coding.is_none() {
                let known = versions.clone().any(|version| {
                    let whole = body(path, version);
                    complete == whole.len() && whole.as_bytes()[first..=last] == reply.body[..]
                });
                assert!(known, "{path}: not a part of what it is\n{reply}");
            } else if let Some(whole) = strong.and_then(|tag| seen.get(&(path.to_owned(), tag))) {
                assert_eq!(whole[first..=last], reply.body[..], "{path}: a part of other bytes\n{reply}");
            }
        }
        200 | 206 | 304 | 412 | 416 => {}
        _ => panic!("{path}: {reply}"),
    }
}

#[test]
fn whatever_is_asked_in_whatever_order_each_answer_is_true() {
    for (seed, ranges) in [(1, "whole"), (2, "forward"), (3, "whole"), (4, "forward")] {
        let mut dice = Dice(seed);
        let version = Arc::new(AtomicUsize::new(1));
        let told = version.clone();
        let script = origin("*", dynamic(move |request| answer(&told)(request)));
        let bed = Testbed::builder(script).cache_setting(&format!("ranges = \"{ranges}\"")).start();
        let mut seen = Seen::new();
        let mut tags: HashMap<&str, Vec<String>> = HashMap::new();
        for _ in 0..600 {
            let path = dice.one(&PATHS);
            match dice.below(24) {
                0 => {
                    version.fetch_add(1, Ordering::SeqCst);
                }
                1 => _ = bed.purge(Purge::url(&format!("http://site.test{path}"))),
                2 => _ = bed.purge(Purge::url(&format!("http://site.test{path}")).soft()),
                3 => _ = bed.advance(6),
                4 => _ = bed.ask("POST", path).body("x").send(),
                _ => {
                    let accepted = dice.one(&ACCEPTED);
                    let method = if dice.below(8) == 0 { "HEAD" } else { "GET" };
                    let mut ask = bed.ask(method, path);
                    if !accepted.is_empty() {
                        ask = ask.header("Accept-Encoding", accepted);
                    }
                    let known = tags.entry(path).or_default();
                    let tag = (!known.is_empty()).then(|| dice.one(known));
                    match (dice.below(8), &tag) {
                        (0, Some(tag)) => ask = ask.header("If-None-Match", tag),
                        (1, Some(tag)) => ask = ask.header("Range", "bytes=10-99").header("If-Range", tag),
                        (2, _) => ask = ask.header("Range", dice.one(&RANGES)),
                        (3, Some(tag)) => ask = ask.header("If-Match", tag),
                        (4, _) => ask = ask.header("X-A", dice.one(&["1", "2"])),
                        (5, _) => ask = ask.header("Cookie", "a=b"),
                        _ => {}
                    }
                    let reply = ask.send();
                    let now = version.load(Ordering::SeqCst);
                    check(&reply, path, accepted, 1..=now, &mut seen);
                    if let Some(tag) = reply.header("etag") {
                        let known = tags.entry(path).or_default();
                        if !known.iter().any(|other| other == tag) {
                            known.push(tag.to_owned());
                        }
                    }
                }
            }
        }
        assert!(seen.len() > 20, "too little was seen to say anything: {}", seen.len());
    }
}
