//! Measurements, ignored by default:
//! `cargo test --release -p littoral-cache -- --ignored --nocapture --test-threads=1 measure`.
//!
//! The replay reads the trace that `LITTORAL_TRACE` names: lines of time, id and size in bytes.

use std::collections::HashMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use littoral_cache::{Body, HotTable, Key, KeyRef, MemoryStore, Store};
use littoral_http_caching::Fields;
use littoral_ledger::{Fence, Kind, Limits, Position, Purge, Scope};

use crate::make::{Make, SITE, SITE_KEY, fence, get, plain, put};

fn nanos(label: &str, times: u32, mut each: impl FnMut(u32)) {
    (0..times / 10).for_each(&mut each);
    let start = Instant::now();
    (0..times).for_each(&mut each);
    println!("{label}: {:.1} ns", start.elapsed().as_nanos() as f64 / f64::from(times));
}

fn keys(count: usize) -> Vec<String> {
    (0..count).map(|nth| format!("www.example.com/assets/images/{nth}.jpg")).collect()
}

#[test]
#[ignore = "a measurement"]
fn lookup_and_insertion_costs_are_printed() {
    let fence = fence();
    let request = Fields::default();
    let mut scratch = Vec::new();
    for count in [100, 10_000, 1_000_000] {
        let store = MemoryStore::new(4 << 30, &[]);
        let urls = keys(count);
        urls.iter().for_each(|url| drop(put(&store, &fence, url, 100)));
        let mut at = 0;
        nanos(&format!("store lookup and select, {count} keys, hash included"), 2_000_000, |_| {
            at = (at + 7_919) % count;
            let found = store.lookup(KeyRef::new(urls[at].as_bytes())).expect("stored");
            black_box(found.select(&request, &mut scratch));
        });
        if count <= 100 {
            let mut hot = HotTable::new(1_024, 1 << 30);
            for url in &urls {
                hot.put(&get(&store, url).expect("stored"), &fence).expect("used enough");
            }
            nanos(&format!("hot table hit and select, {count} keys, hash included"), 10_000_000, |_| {
                at = (at + 7) % count;
                let Some(found) = hot.get(KeyRef::new(urls[at].as_bytes()), &fence) else { return };
                black_box(found.entry().select(&request, &mut scratch));
            });
            let keys: Vec<Key> = urls.iter().map(|url| Key::new(url.as_bytes())).collect();
            nanos(&format!("hot table hit and select, {count} keys, hash known"), 10_000_000, |_| {
                at = (at + 7) % count;
                let Some(found) = hot.get(keys[at].as_key_ref(), &fence) else { return };
                black_box(found.entry().select(&request, &mut scratch));
            });
        }
        let stat = store.stat();
        println!(
            "  {count} responses of 100 bytes: {} bytes each, containers {}",
            stat.bytes / count as u64,
            stat.overhead_bytes / count as u64
        );
    }
}

#[test]
#[ignore = "a measurement"]
fn measure_insertion_into_a_full_store() {
    let fence = fence();
    let store = MemoryStore::new(64 << 20, &[]);
    let urls = keys(300_000);
    let responses: Vec<_> =
        urls.iter().map(|url| (Key::new(url.as_bytes()), plain(&fence, url, 1_000))).collect();
    let mut responses = responses.into_iter();
    nanos("insert with eviction", 200_000, |_| {
        let (key, response) = responses.next().expect("enough");
        store.insert(&key, SITE, response).expect("there is room");
    });
    println!("  evictions {}", store.stat().evictions);
}

#[test]
#[ignore = "a measurement"]
fn the_cost_of_a_judgement_is_printed() {
    for (purges, max) in
        [(0, 65_536), (1_000, 65_536), (60_000, 65_536), (100_000, 1 << 20), (1_000_000, 1 << 21)]
    {
        let fence = Fence::new(Limits { entries_max: max, ..Limits::default() });
        let start = Instant::now();
        for nth in 0..purges {
            let scope = Scope::Url(format!("h/other/{nth}").into());
            fence.apply(&Purge { site: SITE_KEY, scope, kind: Kind::Hard });
        }
        if purges > 0 {
            let each = start.elapsed().as_nanos() as f64 / f64::from(purges);
            println!("{purges} purges: apply {each:.0} ns each, table {} KiB", fence.memory_bytes() / 1024);
        }
        for tags in [0, 1, 20] {
            let tags: Vec<String> = (0..tags).map(|tag| format!("tag-{tag}")).collect();
            let url = b"www.example.com/assets/images/1.jpg";
            let subject = fence.subject(SITE_KEY, url, tags.iter().map(|tag| tag.as_bytes()));
            nanos(
                &format!("judge, {purges} purges later, 3 slashes, {} tags", tags.len()),
                5_000_000,
                |_| {
                    black_box(fence.judge(black_box(&subject), url, Position::default()));
                },
            );
            let now = fence.position();
            nanos("  none later (the comparison)", 5_000_000, |_| {
                black_box(fence.judge(black_box(&subject), url, now));
            });
        }
    }
}

#[test]
#[ignore = "reads a trace"]
fn measure_hit_ratio_on_a_trace() {
    let Ok(path) = std::env::var("LITTORAL_TRACE") else {
        return println!("LITTORAL_TRACE names no trace");
    };
    let text = std::fs::read_to_string(path).expect("a readable trace");
    let requests: Vec<(&str, usize)> = text
        .lines()
        .filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            Some((words.next()?, words.next()?.parse().ok()?))
        })
        .collect();
    let sizes: HashMap<&str, usize> = requests.iter().copied().collect();
    let footprint: u64 = sizes.values().map(|&size| size as u64).sum();
    println!("{} requests, {} keys, {footprint} bytes", requests.len(), sizes.len());
    for percent in [1, 10] {
        let budget = footprint * percent / 100;
        let real = replay(&requests, budget);
        println!("{percent} %, metadata within the budget: {real:?}");
        // The ratios known for other policies count bodies alone: give metadata room of its own.
        let extra = real.metadata;
        println!("{percent} %, metadata ({extra} bytes) beside it: {:?}", replay(&requests, budget + extra));
    }
}

#[derive(Debug)]
#[allow(dead_code, reason = "printed")]
struct Replayed {
    hit_ratio: f64,
    byte_hit_ratio: f64,
    refused: u64,
    metadata: u64,
}

fn replay(requests: &[(&str, usize)], budget: u64) -> Replayed {
    let fence = fence();
    let store = MemoryStore::new(budget, &[]);
    let (mut hits, mut hit_bytes, mut bytes, mut refused) = (0u64, 0u64, 0u64, 0u64);
    let mut scratch = Vec::new();
    let zeros = vec![0; requests.iter().map(|&(_, size)| size).max().unwrap_or(0)];
    for &(id, size) in requests {
        bytes += size as u64;
        let key = Key::new(id.as_bytes());
        if let Some(entry) = store.lookup(key.as_key_ref()) {
            entry.select(&Fields::default(), &mut scratch);
            hits += 1;
            hit_bytes += size as u64;
        } else {
            let response = Make::new(&fence, id, Body::from_slice(&zeros[..size])).response();
            refused += u64::from(store.insert(&key, SITE, Arc::clone(&response)).is_err());
        }
    }
    let mut bodies = 0;
    store.visit(None, &mut |_, response| bodies += response.content.complete_length());
    Replayed {
        hit_ratio: hits as f64 / requests.len() as f64,
        byte_hit_ratio: hit_bytes as f64 / bytes as f64,
        refused,
        metadata: store.stat().bytes - bodies,
    }
}
