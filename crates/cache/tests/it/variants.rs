//! Which variant a request gets (RFC 9111 §4.1), and how many there may be.

use std::sync::Arc;

use littoral_cache::{Key, MemoryStore, Store};
use littoral_http_caching::Fields;

use crate::make::{Make, SITE, body, fence, fields, get};

/// Stores `text` as the answer to `request` with this `Vary` and `Date`.
fn store_variant(store: &MemoryStore, text: &str, vary: &str, request: &Fields, date: i64) {
    let fence = fence();
    let make = Make::new(&fence, "h/", littoral_cache::Body::from_slice(text.as_bytes()));
    let response = Make { vary, request: request.clone(), date, ..make }.response();
    store.insert(&Key::new(b"h/"), SITE, response).expect("there is room");
}

fn selected(store: &MemoryStore, request: &Fields) -> Option<String> {
    let entry = get(store, "h/")?;
    let chosen = entry.select(request, &mut Vec::new())?;
    let bytes = chosen.content.slices(0..u64::MAX).flatten().copied().collect();
    Some(String::from_utf8(bytes).expect("text"))
}

fn variants(store: &MemoryStore) -> usize {
    get(store, "h/").map_or(0, |entry| entry.variants().len())
}

fn store() -> MemoryStore {
    MemoryStore::new(1 << 20, &[])
}

#[test]
fn a_request_gets_the_variant_that_its_fields_select() {
    let store = store();
    let (red, blue) = (fields(&[("x-colour", "red")]), fields(&[("x-colour", "blue")]));
    store_variant(&store, "red", "x-colour", &red, 1);
    store_variant(&store, "blue", "x-colour", &blue, 2);
    assert_eq!(selected(&store, &red).as_deref(), Some("red"));
    assert_eq!(selected(&store, &blue).as_deref(), Some("blue"));
    assert_eq!(selected(&store, &Fields::default()), None);
    assert_eq!(variants(&store), 2);
}

#[test]
fn a_new_response_takes_the_place_of_the_variant_with_its_selecting_fields() {
    let store = store();
    let red = fields(&[("x-colour", "red")]);
    store_variant(&store, "old", "x-colour", &red, 1);
    let old = Arc::clone(&get(&store, "h/").expect("stored").variants()[0]);
    store_variant(&store, "new", "x-colour", &red, 1);
    assert_eq!(selected(&store, &red).as_deref(), Some("new"));
    assert_eq!(variants(&store), 1);
    assert!(old.is_dead());
    assert_eq!(store.stat().responses, 1);
}

#[test]
fn each_variant_is_matched_by_its_own_vary_and_the_most_recent_wins() {
    let store = store();
    let both = fields(&[("x-colour", "red"), ("x-size", "xl")]);
    let colour = fields(&[("x-colour", "red")]);
    let size = fields(&[("x-size", "xl")]);
    store_variant(&store, "by colour", "x-colour", &both, 10);
    store_variant(&store, "by size", "x-size", &both, 20);
    assert_eq!(selected(&store, &both).as_deref(), Some("by size"));
    assert_eq!(selected(&store, &colour).as_deref(), Some("by colour"));
    assert_eq!(selected(&store, &size).as_deref(), Some("by size"));
    // The Date decides, not the order of storing.
    store_variant(&store, "by both", "x-size, x-colour", &both, 15);
    assert_eq!(selected(&store, &both).as_deref(), Some("by size"));
    store_variant(&store, "by none", "", &both, 30);
    assert_eq!(selected(&store, &both).as_deref(), Some("by none"));
    assert_eq!(selected(&store, &Fields::default()).as_deref(), Some("by none"));
    assert_eq!(variants(&store), 4);
}

#[test]
fn of_two_with_one_date_the_last_stored_is_chosen() {
    let store = store();
    let both = fields(&[("x-colour", "red"), ("x-size", "xl")]);
    store_variant(&store, "first", "x-colour", &both, 10);
    store_variant(&store, "second", "x-size", &both, 10);
    assert_eq!(selected(&store, &both).as_deref(), Some("second"));
}

#[test]
fn one_variant_too_many_drops_the_last_stored_longest_ago() {
    let store = MemoryStore::new(1 << 20, &[]).with_variants_max(3);
    let request = |nth: usize| fields(&[("x-n", ["0", "1", "2", "3", "4"][nth])]);
    for nth in 0..5 {
        store_variant(&store, &nth.to_string(), "x-n", &request(nth), 1);
    }
    let found: Vec<Option<String>> = (0..5).map(|nth| selected(&store, &request(nth))).collect();
    let expected = [None, None, Some("2"), Some("3"), Some("4")];
    assert_eq!(found, expected.map(|text| text.map(String::from)));
    let stat = store.stat();
    assert_eq!((stat.responses, stat.variant_evictions), (3, 2));
    assert_eq!(store.recount(), stat.bytes);
}

#[test]
fn a_successor_under_another_vary_drops_the_one_it_succeeds() {
    let store = store();
    let red = fields(&[("x-colour", "red")]);
    store_variant(&store, "old", "x-colour", &red, 50);
    let old = Arc::clone(&get(&store, "h/").expect("stored").variants()[0]);
    let fence = fence();
    let new = Make { date: 10, ..Make::new(&fence, "h/", body(3)) }.response();
    assert!(store.replace(&Key::new(b"h/"), &old, Arc::clone(&new)));
    assert_eq!(variants(&store), 1);
    assert_eq!(selected(&store, &red).as_deref(), Some("xxx"));
    assert!(old.is_dead() && !new.is_dead());
}

#[test]
fn selecting_counts_a_use_and_asking_for_the_position_does_not() {
    let store = store();
    store_variant(&store, "one", "", &Fields::default(), 1);
    let entry = get(&store, "h/").expect("stored");
    assert_eq!(entry.position(&Fields::default(), &mut Vec::new()), Some(0));
    assert_eq!(entry.variants()[0].frequency(), 0);
    for expected in [1, 2, 3, 3, 3] {
        selected(&store, &Fields::default());
        assert_eq!(entry.variants()[0].frequency(), expected);
    }
}
