//! A thread's hot table: what it may serve, and what it lets go.

use std::sync::Arc;

use littoral_cache::{HotTable, Key, MemoryStore, Store};
use littoral_ledger::{Fence, Kind, Position, Purge, Scope, SiteKey};

use crate::make::{Make, SITE, SITE_KEY, body, fence, get, hit, plain, put};

/// A store and a hot table with `url` in both.
fn warm(fence: &Fence, url: &str) -> (MemoryStore, HotTable) {
    let store = MemoryStore::new(1 << 20, &[]);
    put(&store, fence, url, 100);
    let mut hot = HotTable::new(16, 1 << 20);
    assert!(hot.put(&get(&store, url).unwrap(), fence).is_none(), "not used enough");
    assert!(hit(&store, url) && hit(&store, url));
    assert!(hot.put(&get(&store, url).unwrap(), fence).is_some());
    (store, hot)
}

fn purge(fence: &Fence, site: SiteKey, scope: Scope, kind: Kind) {
    fence.apply(&Purge { site, scope, kind });
}

#[test]
fn what_left_the_store_is_not_served_from_a_hot_table() {
    let fence = fence();
    let key = Key::new(b"h/a");
    type Leave = fn(&MemoryStore, &Fence);
    let ways: [(&str, Leave); 4] = [
        ("removed", |store, _| assert!(store.remove(Key::new(b"h/a").as_key_ref()))),
        ("replaced", |store, fence| drop(put(store, fence, "h/a", 50))),
        ("freshened", |store, fence| {
            let old = Arc::clone(&get(store, "h/a").unwrap().variants()[0]);
            assert!(store.replace(&Key::new(b"h/a"), &old, plain(fence, "h/a", 50)));
        }),
        ("evicted", |store, fence| {
            // Responses in use fill the main queue until it asks for what was in use earlier.
            for nth in 0..100 {
                let url = format!("h/{nth}");
                put(store, fence, &url, 100_000);
                assert!(hit(store, &url) && hit(store, &url));
            }
            assert!(get(store, "h/a").is_none());
        }),
    ];
    for (way, leave) in ways {
        let (store, mut hot) = warm(&fence, "h/a");
        assert!(hot.get(key.as_key_ref(), &fence).is_some());
        let stale = get(&store, "h/a").unwrap();
        leave(&store, &fence);
        assert!(hot.get(key.as_key_ref(), &fence).is_none(), "{way}");
        assert!(hot.is_empty() && hot.bytes() == 0, "{way}");
        assert!(hot.put(&stale, &fence).is_none(), "{way}: a dead entry is not taken back");
    }
}

#[test]
fn a_purge_of_any_variant_takes_the_entry_out_and_other_purges_do_not() {
    let fence = fence();
    let key = Key::new(b"h/a");
    let cover = |scope: Scope, kind| {
        let (_store, mut hot) = warm(&fence, "h/a");
        purge(&fence, SITE_KEY, scope, kind);
        hot.get(key.as_key_ref(), &fence).map(|hot| hot.checked_at())
    };
    assert_eq!(cover(Scope::Url("h/a".into()), Kind::Hard), None);
    assert_eq!(cover(Scope::Url("h/a".into()), Kind::Soft), None);
    assert_eq!(cover(Scope::Everything, Kind::Soft), None);
    let other = cover(Scope::Url("h/b".into()), Kind::Hard).expect("not covered");
    assert_eq!(other, fence.position(), "checked anew");
}

#[test]
fn purges_of_other_sites_do_not_even_cause_a_check() {
    let fence = fence();
    let (_store, mut hot) = warm(&fence, "h/a");
    let key = Key::new(b"h/a");
    let before = hot.get(key.as_key_ref(), &fence).unwrap().checked_at();
    purge(&fence, SiteKey(99), Scope::Everything, Kind::Hard);
    assert_eq!(hot.get(key.as_key_ref(), &fence).unwrap().checked_at(), before);
    assert_eq!(before, Position::default());
}

#[test]
fn a_purged_entry_is_not_taken() {
    let fence = fence();
    let (store, mut hot) = warm(&fence, "h/a");
    purge(&fence, SITE_KEY, Scope::Everything, Kind::Soft);
    assert!(hot.put(&get(&store, "h/a").unwrap(), &fence).is_none());
    hot.clear_all();
    assert!(hot.is_empty());
}

#[test]
fn an_answer_under_way_keeps_its_response_and_the_budget_knows() {
    let fence = fence();
    let (store, mut hot) = warm(&fence, "h/a");
    let answer = hot.get(Key::new(b"h/a").as_key_ref(), &fence).unwrap().clone();
    let before = store.stat().bytes;
    store.remove(Key::new(b"h/a").as_key_ref());
    assert_eq!(store.stat().bytes, before);
    assert_eq!(hot.sweep(), 1);
    assert_eq!(store.stat().bytes, before, "the answer holds it");
    assert_eq!(answer.entry().variants()[0].content.slices(0..100).flatten().count(), 100);
    drop(answer);
    assert!(store.stat().bytes < before);
    assert_eq!(store.stat().bytes, store.recount());
}

#[test]
fn entries_and_bytes_are_bounded() {
    let fence = fence();
    let store = MemoryStore::new(8 << 20, &[]);
    let mut hot = HotTable::new(32, 100_000);
    for nth in 0..500 {
        let url = format!("h/{nth}");
        put(&store, &fence, &url, if nth % 50 == 49 { 30_000 } else { 4_000 });
        assert!(hit(&store, &url) && hit(&store, &url));
        let taken = hot.put(&get(&store, &url).unwrap(), &fence).is_some();
        assert_eq!(taken, nth % 50 != 49, "a quarter of the table is too much for one");
        assert!(hot.len() <= 32 && hot.bytes() <= 100_000, "{} {}", hot.len(), hot.bytes());
        assert_eq!(hot.get(Key::new(url.as_bytes()).as_key_ref(), &fence).is_some(), taken);
    }
    assert!(hot.len() >= 12);
}

#[test]
fn two_keys_with_one_hash_are_told_apart() {
    let fence = fence();
    let (store, mut hot) = warm(&fence, "h/a");
    let forged = littoral_cache::KeyRef { hash: Key::new(b"h/a").hash, bytes: b"h/b" };
    assert!(hot.get(forged, &fence).is_none());
    assert!(store.lookup(forged).is_none());
    let forged = forged.to_key();
    let response = Make::new(&fence, "h/b", body(7)).response();
    store.insert(&forged, SITE, response).unwrap();
    assert_eq!(get(&store, "h/a").unwrap().variants()[0].content.complete_length(), 100);
    assert_eq!(store.lookup(forged.as_key_ref()).unwrap().variants()[0].content.complete_length(), 7);
    assert!(store.remove(forged.as_key_ref()));
    assert!(get(&store, "h/a").is_some());
}
