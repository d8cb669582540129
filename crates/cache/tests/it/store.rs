//! The memory store: what stays, what goes, what it costs.

use std::sync::Arc;

use littoral_cache::{Content, Key, MemoryStore, NotKept, ResponseParts, SiteIx, Store, StoredResponse};

use crate::make::{Make, SITE, body, fence, get, hit, plain, put, terms};

const MIB: u64 = 1 << 20;

#[test]
fn what_is_removed_is_gone_and_its_bytes_come_back_when_the_last_holder_lets_go() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    // Containers keep the room that they once had.
    put(&store, &fence, "h/a", 10);
    store.remove(Key::new(b"h/a").as_key_ref());
    let empty = store.stat().bytes;
    let held = put(&store, &fence, "h/a", 10_000);
    let entry = get(&store, "h/a").expect("stored");
    assert!(store.remove(Key::new(b"h/a").as_key_ref()));
    assert!(!store.remove(Key::new(b"h/a").as_key_ref()));
    assert!(get(&store, "h/a").is_none() && held.is_dead() && entry.is_dead());
    assert!(store.stat().bytes > empty + 10_000, "still held");
    assert_eq!(store.stat().responses, 0);
    drop((held, entry));
    assert_eq!(store.stat().bytes, empty);
}

#[test]
fn removing_one_response_leaves_the_others() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let a = put(&store, &fence, "h/a", 10);
    let b = put(&store, &fence, "h/b", 10);
    let (key_a, key_b) = (Key::new(b"h/a"), Key::new(b"h/b"));
    assert!(!store.remove_response(key_b.as_key_ref(), &a));
    assert!(store.remove_response(key_a.as_key_ref(), &a));
    assert!(get(&store, "h/a").is_none() && get(&store, "h/b").is_some());
    assert!(a.is_dead() && !b.is_dead());
}

#[test]
fn a_response_freshened_by_304_shares_the_body_and_the_body_is_charged_once() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let old = put(&store, &fence, "h/a", 100_000);
    let before = store.stat().bytes;
    let freshened = |old: &StoredResponse| {
        Arc::new(StoredResponse::new(ResponseParts { terms: terms(2_000), ..old.parts().clone() }))
    };
    let new = freshened(&old);
    assert!(store.replace(&Key::new(b"h/a"), &old, Arc::clone(&new)));
    assert!(old.is_dead());
    let (Content::Whole(a), Content::Whole(b)) = (&old.content, &new.content) else { panic!("whole") };
    assert!(a.is_same(b));
    assert!(store.stat().bytes < before + 5_000, "only the head is held twice");
    assert!(!store.replace(&Key::new(b"h/a"), &old, freshened(&old)), "the old one is gone");
    drop(old);
    assert_eq!(store.stat().bytes, before);
    assert_eq!(store.recount(), before);
}

#[test]
fn a_response_too_large_for_the_budget_or_the_share_is_refused_by_name() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[(SiteIx(5), 0.1)]));
    let insert = |site, len| store.insert(&Key::new(b"h/a"), site, plain(&fence, "h/a", len));
    assert_eq!(insert(SITE, 300_000), Err(NotKept::TooLarge));
    assert_eq!(insert(SITE, 200_000), Ok(()));
    assert_eq!(insert(SiteIx(5), 60_000), Err(NotKept::SiteShare));
    assert!(get(&store, "h/a").is_some(), "what was there stays");
}

#[test]
fn one_response_is_not_stored_twice() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let response = put(&store, &fence, "h/a", 10);
    let again = store.insert(&Key::new(b"h/b"), SITE, response);
    assert_eq!(again, Err(NotKept::AlreadyStored));
}

#[test]
fn a_store_full_of_what_answers_hold_refuses() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let mut held = Vec::new();
    let refused = loop {
        let url = format!("h/{}", held.len());
        let response = plain(&fence, &url, 100_000);
        held.push(Arc::clone(&response));
        if let Err(reason) = store.insert(&Key::new(url.as_bytes()), SITE, response) {
            break reason;
        }
    };
    assert_eq!(refused, NotKept::Pinned);
    assert!(store.stat().bytes <= MIB);
    drop(held);
    put(&store, &fence, "h/again", 100_000);
}

#[test]
fn one_hit_wonders_pass_through_and_what_is_used_twice_stays() {
    let (fence, store) = (fence(), MemoryStore::new(2 * MIB, &[]));
    for nth in 0..20 {
        put(&store, &fence, &format!("h/hot/{nth}"), 10_000);
        assert!(hit(&store, &format!("h/hot/{nth}")) && hit(&store, &format!("h/hot/{nth}")));
    }
    for nth in 0..2_000 {
        put(&store, &fence, &format!("h/scan/{nth}"), 10_000);
    }
    let kept = (0..20).filter(|nth| get(&store, &format!("h/hot/{nth}")).is_some()).count();
    assert_eq!(kept, 20);
}

#[test]
fn who_returns_while_its_ghost_is_remembered_outlives_the_scan() {
    let (fence, store) = (fence(), MemoryStore::new(2 * MIB, &[]));
    put(&store, &fence, "h/back", 10_000);
    let mut scanned = 0;
    while get(&store, "h/back").is_some() {
        put(&store, &fence, &format!("h/scan/{scanned}"), 10_000);
        scanned += 1;
    }
    put(&store, &fence, "h/back", 10_000);
    for nth in 0..3 * scanned {
        put(&store, &fence, &format!("h/more/{nth}"), 10_000);
    }
    assert!(get(&store, "h/back").is_some(), "main queue after {scanned}");
}

#[test]
fn a_site_over_its_share_gives_way_first_and_idle_room_may_be_borrowed() {
    let (fence, store) = (fence(), MemoryStore::new(4 * MIB, &[(SiteIx(1), 0.25), (SiteIx(2), 0.5)]));
    let fill = |site: u32, count: usize| {
        for nth in 0..count {
            let url = format!("h{site}/{nth}");
            let response = plain(&fence, &url, 20_000);
            store.insert(&Key::new(url.as_bytes()), SiteIx(site), response).expect("there is room");
        }
    };
    let bytes = |site: usize| store.stat().sites.iter().find(|s| s.site.0 as usize == site).unwrap().bytes;
    fill(1, 500);
    assert!(bytes(1) > 3 * MIB, "idle room is lent");
    fill(2, 90);
    assert!(bytes(2) > 90 * 20_000, "the borrower gave way, not the newcomer");
    fill(1, 500);
    assert!(bytes(2) > 90 * 20_000, "a rush of one site is not another's outage");
    fill(2, 1_000);
    assert!(bytes(1) >= MIB * 9 / 10, "a site within its share keeps it: {}", bytes(1));
    store.set_shares(0.05, &[]);
    fill(3, 2_000);
    assert!(store.stat().bytes <= 4 * MIB);
}

#[test]
fn a_derived_head_is_charged_and_kept_under_its_key_only() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let response = plain(&fence, "h/a", 10);
    assert!(!response.keep_derived(1, b"early".as_slice().into()), "no store has it");
    store.insert(&Key::new(b"h/a"), SITE, Arc::clone(&response)).expect("there is room");
    let before = store.stat().bytes;
    assert!(response.keep_derived(1, vec![b'h'; 500].into()));
    assert_eq!(store.stat().bytes, before + 500);
    assert_eq!(store.recount(), before + 500);
    assert_eq!(response.derived(1).map(<[u8]>::len), Some(500));
    assert_eq!(response.derived(2), None);
    assert!(!response.keep_derived(2, b"other".as_slice().into()));
    assert!(!plain(&fence, "h/b", 10).is_dead());
}

#[test]
fn derived_heads_never_pass_the_budget() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let all: Vec<_> = (0..30).map(|nth| put(&store, &fence, &format!("h/{nth}"), 30_000)).collect();
    let kept = all.iter().filter(|response| response.keep_derived(1, vec![b'h'; 4_000].into())).count();
    assert!(kept < 30);
    assert!(store.stat().bytes <= MIB);
}

#[test]
fn a_visit_shows_each_response_of_the_site_and_the_oldest_position_is_theirs() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    assert_eq!(store.oldest_effective(), None);
    let tagged = Make { tags: &["t"], ..Make::new(&fence, "h/a", body(5)) }.response();
    let position = tagged.effective;
    store.insert(&Key::new(b"h/a"), SITE, tagged).expect("there is room");
    store.insert(&Key::new(b"h/b"), SiteIx(9), plain(&fence, "h/b", 5)).expect("there is room");
    let seen = |site| {
        let mut urls = Vec::new();
        store.visit(site, &mut |key, _| urls.push(String::from_utf8(key.bytes.to_vec()).unwrap()));
        urls.sort();
        urls
    };
    assert_eq!(seen(None), ["h/a", "h/b"]);
    assert_eq!(seen(Some(SiteIx(9))), ["h/b"]);
    assert_eq!(store.oldest_effective(), Some(position));
    let stat = store.stat();
    assert_eq!((stat.keys, stat.responses, stat.insertions), (2, 2, 2));
}
