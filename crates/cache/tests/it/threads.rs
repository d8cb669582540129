//! Promises across threads.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;

use littoral_cache::{HotTable, Key, MemoryStore, Store};
use littoral_http_caching::Fields;
use littoral_ledger::{Kind, Purge, Scope};

use crate::make::{Make, SITE, SITE_KEY, fence, plain};

const ROUNDS: i64 = 4_000;

/// Every response of one key carries its round as `Date`; a reader that began after round *n* was stored, or
/// removed, must not see an earlier one.
#[test]
fn a_hot_table_serves_nothing_that_was_replaced_or_removed_before_the_get_began() {
    let fence = fence();
    let store = MemoryStore::new(1 << 20, &[]);
    let key = Key::new(b"h/a");
    // Rounds at or before this one have left the store.
    let gone = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut hot = HotTable::new(16, 1 << 20);
                let mut scratch = Vec::new();
                let mut hits = 0u64;
                while !done.load(Ordering::Acquire) || hits == 0 {
                    let gone_before = gone.load(Ordering::Acquire);
                    let found = match hot.get(key.as_key_ref(), &fence) {
                        Some(found) => {
                            hits += 1;
                            Arc::clone(found.entry())
                        }
                        None => {
                            let Some(entry) = store.lookup(key.as_key_ref()) else { continue };
                            hot.put(&entry, &fence);
                            entry
                        }
                    };
                    let response = found.select(&Fields::default(), &mut scratch).unwrap();
                    assert!(response.terms.date as u64 > gone_before, "{response:?} left before");
                }
            });
        }
        for round in 1..=ROUNDS {
            let make = Make { date: round, ..Make::new(&fence, "h/a", crate::make::body(64)) };
            store.insert(&key, SITE, make.response()).unwrap();
            gone.store(round as u64 - 1, Ordering::Release);
            if round % 3 == 0 && round != ROUNDS {
                store.remove(key.as_key_ref());
                gone.store(round as u64, Ordering::Release);
            }
            if round % 16 == 0 {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn a_hot_table_serves_nothing_that_was_purged_before_the_get_began() {
    let fence = fence();
    let store = MemoryStore::new(1 << 20, &[]);
    let key = Key::new(b"h/a");
    let purged = AtomicU64::new(0);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut hot = HotTable::new(16, 1 << 20);
                while !done.load(Ordering::Acquire) {
                    let purged_before = purged.load(Ordering::Acquire);
                    if let Some(found) = hot.get(key.as_key_ref(), &fence) {
                        let effective = found.entry().variants()[0].effective.number;
                        assert!(effective >= purged_before, "{effective} < {purged_before}");
                        continue;
                    }
                    match store.lookup(key.as_key_ref()) {
                        Some(entry) => {
                            entry.select(&Fields::default(), &mut Vec::new());
                            hot.put(&entry, &fence);
                        }
                        None => thread::yield_now(),
                    }
                }
            });
        }
        for _ in 0..ROUNDS {
            store.insert(&key, SITE, plain(&fence, "h/a", 64)).unwrap();
            thread::yield_now();
            let scope = Scope::Url("h/a".into());
            let at = fence.apply(&Purge { site: SITE_KEY, scope, kind: Kind::Hard });
            purged.store(at.number, Ordering::Release);
        }
        done.store(true, Ordering::Release);
    });
}

#[test]
fn many_threads_leave_the_accounts_exact_and_the_budget_kept() {
    const BUDGET: u64 = 1 << 20;
    let fence = fence();
    let store = MemoryStore::new(BUDGET, &[]).with_variants_max(4);
    let over = AtomicU64::new(0);
    thread::scope(|scope| {
        for worker in 0..4u64 {
            let (store, fence, over) = (&store, &fence, &over);
            scope.spawn(move || {
                let mut hot = HotTable::new(32, 64 * 1024);
                let mut random = worker.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                for _ in 0..5_000 {
                    random ^= random << 13;
                    random ^= random >> 7;
                    random ^= random << 17;
                    let url = format!("h/{}", random % 97);
                    let key = Key::new(url.as_bytes());
                    let len = (random >> 20) as usize % 20_000;
                    match (random >> 40) % 12 {
                        0..5 => drop(store.insert(&key, SITE, plain(fence, &url, len))),
                        5 => drop(store.remove(key.as_key_ref())),
                        6 => {
                            if let Some(entry) = store.lookup(key.as_key_ref()) {
                                let old = &entry.variants()[0];
                                store.replace(&key, old, plain(fence, &url, len));
                            }
                        }
                        7 => drop(hot.sweep()),
                        _ => {
                            if hot.get(key.as_key_ref(), fence).is_none()
                                && let Some(entry) = store.lookup(key.as_key_ref())
                            {
                                entry.select(&Fields::default(), &mut Vec::new());
                                hot.put(&entry, fence);
                            }
                        }
                    }
                    over.fetch_max(store.stat().bytes.saturating_sub(BUDGET), Ordering::Relaxed);
                }
            });
        }
    });
    assert!(over.load(Ordering::Relaxed) <= 4 * 1_024, "over by {over:?}");
    let stat = store.stat();
    assert_eq!(stat.bytes, store.recount());
    assert!(stat.evictions > 0 && stat.responses > 0);
    let mut count = 0;
    store.visit(None, &mut |_, response| {
        assert!(!response.is_dead());
        count += 1;
    });
    assert_eq!(count, stat.responses);
}
