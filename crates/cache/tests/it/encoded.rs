//! Encoded bodies: kept with the response that they were made of, and paid for.

use std::sync::Arc;

use littoral_cache::{
    ASK_AGAIN_SECONDS, EncodedBody, Key, MemoryStore, ResponseParts, Store, StoredResponse,
};
use littoral_http_caching::Coding;

use crate::make::{body, fence, plain, put, terms};

const MIB: u64 = 1 << 20;

fn with(old: &StoredResponse, coding: Coding, bytes: Option<usize>) -> Arc<StoredResponse> {
    let mut encoded = old.encoded.to_vec();
    encoded.push(EncodedBody { coding, body: bytes.map(body) });
    Arc::new(StoredResponse::new(ResponseParts { encoded: encoded.into(), ..old.parts().clone() }))
}

#[test]
fn an_encoded_body_is_charged_with_its_response_and_paid_back_with_it() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let key = Key::new(b"h/a");
    let plain = put(&store, &fence, "h/a", 100_000);
    let before = store.stat().bytes;
    let encoded = with(&plain, Coding::Brotli, Some(20_000));
    assert!(store.replace(&key, &plain, encoded.clone()));
    drop(plain);
    let after = store.stat().bytes;
    assert!((before + 20_000..before + 21_000).contains(&after), "{before} {after}");
    assert_eq!(store.recount(), after);
    assert_eq!(encoded.encoded_body(Coding::Brotli).map(|body| body.len()), Some(20_000));
    assert!(encoded.encoded_body(Coding::Gzip).is_none());

    // Freshened, it keeps them, and nothing is paid twice.
    let parts = ResponseParts { terms: terms(2_000), ..encoded.parts().clone() };
    let freshened = Arc::new(StoredResponse::new(parts));
    assert!(store.replace(&key, &encoded, freshened.clone()));
    drop(encoded);
    assert_eq!((store.stat().bytes, store.recount()), (after, after));
    assert!(freshened.encoded_body(Coding::Brotli).is_some());
}

#[test]
fn an_encoded_body_that_finds_no_room_leaves_all_as_it_was() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let key = Key::new(b"h/a");
    let plain = put(&store, &fence, "h/a", 200_000);
    let before = store.stat().bytes;
    assert!(!store.replace(&key, &plain, with(&plain, Coding::Gzip, Some(100_000))), "over a quarter of it");
    assert_eq!((store.stat().bytes, plain.is_dead()), (before, false));
}

#[test]
fn what_left_the_store_gets_no_successor() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let key = Key::new(b"h/a");
    let plain = put(&store, &fence, "h/a", 1000);
    assert!(store.remove(key.as_key_ref()));
    assert!(!store.replace(&key, &plain, with(&plain, Coding::Gzip, Some(100))));
    assert!(store.lookup(key.as_key_ref()).is_none());
}

#[test]
fn each_coding_has_a_head_of_its_own() {
    let (fence, store) = (fence(), MemoryStore::new(MIB, &[]));
    let plain = put(&store, &fence, "h/a", 1000);
    let one = with(&plain, Coding::Gzip, Some(100));
    let both = with(&one, Coding::Zstd, None);
    assert!(store.replace(&Key::new(b"h/a"), &plain, both.clone()));
    drop((plain, one));
    assert!(both.keep_derived(7, b"plain".as_slice().into()));
    assert!(both.keep_encoded_head(Coding::Gzip, 7, b"gzip".as_slice().into()));
    assert!(!both.keep_encoded_head(Coding::Brotli, 7, b"br".as_slice().into()), "there is no such body");
    assert_eq!(both.derived(7), Some(&b"plain"[..]));
    assert_eq!(both.encoded_head(Coding::Gzip, 7), Some(&b"gzip"[..]));
    assert_eq!(both.encoded_head(Coding::Gzip, 8), None);
    assert!(both.has_tried(Coding::Zstd) && both.encoded_body(Coding::Zstd).is_none());
    assert_eq!(store.recount(), store.stat().bytes);
}

#[test]
fn a_coding_is_asked_for_once_in_a_while() {
    let response = plain(&fence(), "h/a", 10);
    let now = 1_767_225_600;
    assert!(response.ask_for(Coding::Gzip, now));
    assert!(!response.ask_for(Coding::Gzip, now));
    assert!(response.ask_for(Coding::Zstd, now));
    assert!(!response.ask_for(Coding::Gzip, now) && !response.ask_for(Coding::Zstd, now));
    let later = now + i64::from(ASK_AGAIN_SECONDS);
    assert!(response.ask_for(Coding::Gzip, later));
    assert!(response.ask_for(Coding::Zstd, later));
}

#[test]
fn a_verdict_is_kept_for_what_it_depends_on() {
    let response = plain(&fence(), "h/a", 10);
    assert_eq!((response.verdict(0), response.verdict(5)), (None, None));
    response.keep_verdict(5, true);
    assert_eq!((response.verdict(5), response.verdict(6)), (Some(true), None));
    response.keep_verdict(6, false);
    assert_eq!((response.verdict(5), response.verdict(6)), (None, Some(false)));
}
