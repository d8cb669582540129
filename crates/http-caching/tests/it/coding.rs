//! Content codings: which is chosen for which `Accept-Encoding`, what origins see, and the tags of what was encoded.

use littoral_http_caching::coding::{forbids_transforming, is_digest, write_vary};
use littoral_http_caching::entity_tag::{EntityTag, listed, unmarked, without_marks, write_marked};
use littoral_http_caching::{Accepted, Coding, ContentCoding, Known};

use crate::support::{head, same, table};

const ORDER: [Coding; 3] = [Coding::Zstd, Coding::Brotli, Coding::Gzip];

#[test]
fn the_client_s_weights_come_first_then_the_offer_s_order() {
    let rows: &[(&str, &str, bool)] = &[
        // field, codings from the best, identity taken
        ("", "", true),
        ("Accept-Encoding:", "", true),
        ("Accept-Encoding: identity", "", true),
        ("Accept-Encoding: gzip", "gzip", true),
        ("Accept-Encoding: x-gzip", "gzip", true),
        ("Accept-Encoding: GZIP, Br", "br gzip", true),
        ("Accept-Encoding: gzip, deflate, br, zstd", "zstd br gzip", true),
        ("Accept-Encoding: gzip\nAccept-Encoding: br", "br gzip", true),
        ("Accept-Encoding: gzip;q=1.0, br;q=0.9, zstd;q=0.8", "gzip br zstd", true),
        ("Accept-Encoding: br;q=0.001, gzip;q=0.002", "gzip br", true),
        ("Accept-Encoding: gzip;q=0", "", true),
        ("Accept-Encoding: gzip;q=0.000, br", "br", true),
        ("Accept-Encoding: *", "gzip br zstd", true),
        ("Accept-Encoding: br, *", "br gzip zstd", true),
        ("Accept-Encoding: br;q=0.5, *", "gzip zstd br", true),
        ("Accept-Encoding: *;q=0.5, br;q=0.1", "gzip zstd br", true),
        ("Accept-Encoding: *, gzip;q=0", "br zstd", true),
        ("Accept-Encoding: *;q=0", "", false),
        ("Accept-Encoding: gzip, *;q=0", "gzip", false),
        ("Accept-Encoding: identity, *;q=0", "", true),
        ("Accept-Encoding: gzip, identity;q=0", "gzip", false),
        ("Accept-Encoding: identity;q=0", "", false),
        ("Accept-Encoding: identity;q=0, *", "gzip br zstd", false),
        ("Accept-Encoding: identity;q=1, *;q=0", "", true),
        ("Accept-Encoding: identity, gzip;q=0.5", "", true),
        ("Accept-Encoding: identity;q=0.5, gzip;q=0.5, br;q=0.4", "gzip", true),
        ("Accept-Encoding: gzip;q=0.5, identity;q=0.2", "gzip", true),
        ("Accept-Encoding: deflate, compress, dcb, dcz", "", true),
        ("Accept-Encoding: gzip;q=x, br", "br", true),
        ("Accept-Encoding: gzip;q=2", "", true),
        ("Accept-Encoding: gzip;q=0.5;x=1, br", "br", true),
        ("Accept-Encoding: gzip, gzip;q=0", "gzip", true),
        ("Accept-Encoding: gzip ; q=0.5 ,, br ; Q=0.7", "br gzip", true),
        ("Accept-Encoding: \"gzip\"", "", true),
    ];
    table(rows, |(field, codings, identity)| {
        let accepted = Accepted::of(&head(field));
        let ranked = accepted.ranked(&ORDER);
        let names: Vec<_> = ranked.iter().map(|coding| coding.as_str()).collect();
        same(field, (names.join(" "), accepted.takes_identity()), ((*codings).to_owned(), *identity))
    });
}

#[test]
fn what_is_not_offered_is_not_chosen() {
    let accepted = Accepted::of(&head("Accept-Encoding: zstd, br;q=0.5, gzip;q=0.1"));
    assert_eq!(&accepted.ranked(&[Coding::Gzip])[..], [Coding::Gzip]);
    assert_eq!(&accepted.ranked(&[Coding::Gzip, Coding::Brotli])[..], [Coding::Brotli, Coding::Gzip]);
    assert!(accepted.ranked(&[]).is_empty());
}

#[test]
fn origins_see_one_spelling_of_what_is_made_here() {
    let rows: &[(&str, Option<&str>)] = &[
        ("", None),
        ("Accept-Encoding:", Some("identity")),
        ("Accept-Encoding: deflate, dcb", Some("identity")),
        ("Accept-Encoding: zstd;q=0.1, X-GZIP, br, dcb, dcz, deflate", Some("br, gzip, zstd")),
        ("Accept-Encoding: *", Some("br, gzip, zstd")),
        ("Accept-Encoding: gzip, identity;q=0", Some("gzip, identity;q=0")),
        ("Accept-Encoding: *;q=0", Some("identity;q=0")),
    ];
    table(rows, |(field, expected)| {
        let value = Accepted::of(&head(field)).for_origin().map(|value| String::from_utf8(value).unwrap());
        same(field, value, expected.map(str::to_owned))
    });
}

#[test]
fn a_content_coding_is_none_one_or_something_else() {
    let rows: &[(&str, ContentCoding)] = &[
        ("", ContentCoding::Identity),
        ("Content-Encoding:", ContentCoding::Identity),
        ("Content-Encoding: identity", ContentCoding::Identity),
        ("Content-Encoding: x-gzip", ContentCoding::One(Coding::Gzip)),
        ("Content-Encoding: identity, BR", ContentCoding::One(Coding::Brotli)),
        ("Content-Encoding: zstd", ContentCoding::One(Coding::Zstd)),
        ("Content-Encoding: gzip, gzip", ContentCoding::Other),
        ("Content-Encoding: gzip\nContent-Encoding: br", ContentCoding::Other),
        ("Content-Encoding: dcb", ContentCoding::Other),
        ("Content-Encoding: deflate", ContentCoding::Other),
    ];
    table(rows, |(field, expected)| same(field, ContentCoding::of(&head(field)), *expected));
}

#[test]
fn vary_is_completed_and_never_doubled() {
    let rows: &[(&str, &str)] = &[
        ("", "accept-encoding"),
        ("Vary:", "accept-encoding"),
        ("Vary: Origin", "Origin, accept-encoding"),
        ("Vary: Accept-Encoding", "Accept-Encoding"),
        ("Vary: a\nVary: accept-encoding, b", "a, accept-encoding, b"),
        ("Vary: *", "*"),
    ];
    table(rows, |(field, expected)| {
        let mut out = Vec::new();
        write_vary(&head(field), &mut out);
        same(field, String::from_utf8(out).unwrap(), (*expected).to_owned())
    });
}

#[test]
fn no_transform_is_found_in_any_line() {
    for (text, forbids) in [
        ("", false),
        ("Cache-Control: max-age=1, No-Transform", true),
        ("Cache-Control: max-age=1\nCache-Control: no-transform", true),
        ("Cache-Control: no-transform=x", true),
        ("Cache-Control: no-transformation", false),
        ("Cache-Control: ext=\"no-transform\"", false),
    ] {
        assert_eq!(forbids_transforming(&head(text)), forbids, "{text}");
    }
    for (name, digest) in [
        ("Content-MD5", true),
        ("Repr-Digest", true),
        ("content-digest", true),
        ("DIGEST", true),
        ("ETag", false),
    ] {
        assert_eq!(is_digest(Known::of(name.as_bytes()), name.as_bytes()), digest, "{name}");
    }
}

#[test]
fn marks_go_on_and_come_off() {
    let rows: &[(&str, Option<Coding>, bool, &str)] = &[
        ("\"abc\"", Some(Coding::Brotli), false, "\"abc~br\""),
        ("\"abc\"", Some(Coding::Brotli), true, "W/\"abc~br\""),
        ("W/\"abc\"", Some(Coding::Zstd), false, "W/\"abc~zstd\""),
        ("\"abc\"", None, true, "W/\"abc~identity\""),
        ("\"\"", Some(Coding::Gzip), false, "\"~gzip\""),
        ("\"a~br\"", Some(Coding::Gzip), false, "\"a~br~gzip\""),
        ("abc", Some(Coding::Gzip), true, "abc~gzip"),
    ];
    table(rows, |(tag, coding, weak, expected)| {
        let mut out = Vec::new();
        write_marked(tag.as_bytes(), *coding, *weak, &mut out);
        let (back, found) = unmarked(EntityTag::read(&out).unwrap()).unwrap();
        same(tag, (back.opaque, found), (EntityTag::read(tag.as_bytes()).unwrap().opaque, *coding))?;
        same(tag, String::from_utf8(out).unwrap(), (*expected).to_owned())
    });
    for tag in ["\"abc\"", "\"abc~\"", "\"abc~deflate\"", "\"~x~\"", "*"] {
        assert_eq!(unmarked(EntityTag::read(tag.as_bytes()).unwrap()), None, "{tag}");
    }
}

#[test]
fn origins_see_their_own_tags() {
    let rows: &[(&str, bool, Option<&str>)] = &[
        ("\"abc~br\"", false, Some("\"abc\"")),
        ("W/\"abc~br\"", false, Some("W/\"abc\"")),
        ("W/\"abc~br\"", true, Some("\"abc\"")),
        ("\"x\", \"abc~gzip\" , W/\"y, z~identity\"", false, Some("\"x\", \"abc\", W/\"y, z\"")),
        ("\"abc\"", false, None),
        ("*", false, None),
        ("", false, None),
    ];
    table(rows, |(value, strong, expected)| {
        let found = without_marks(value.as_bytes(), *strong).map(|out| String::from_utf8(out).unwrap());
        same(value, found, expected.map(str::to_owned))
    });
}

#[test]
fn a_listed_tag_is_recognized_with_and_without_its_mark() {
    let tag = EntityTag::read(b"\"abc\"").unwrap();
    let find = |value: &str| {
        let request = head(&format!("If-None-Match: {value}"));
        listed(&request, Known::IfNoneMatch, tag)
            .map(|(text, mark)| (String::from_utf8(text.to_vec()).unwrap(), mark))
    };
    assert_eq!(find("\"x\", W/\"abc~br\""), Some(("W/\"abc~br\"".to_owned(), Some(Some(Coding::Brotli)))));
    assert_eq!(find("\"abc\", \"abc~br\""), Some(("\"abc\"".to_owned(), None)));
    assert_eq!(find("\"abcd~br\""), None);
    assert_eq!(find("*"), None);
}

/// Counts what this thread allocates.
struct Counting;

thread_local! {
    static ALLOCATED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[expect(unsafe_code, reason = "an allocator is unsafe by its trait; all work is handed to the system's")]
// SAFETY: every call is handed to the system's allocator unchanged.
unsafe impl std::alloc::GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: std::alloc::Layout) -> *mut u8 {
        ALLOCATED.with(|count| count.set(count.get() + 1));
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { std::alloc::System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: std::alloc::Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { std::alloc::System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

#[test]
fn choosing_a_coding_allocates_nothing() {
    let request = head("Accept-Encoding: gzip;q=0.9, deflate, br, zstd;q=0.9, dcb, *;q=0.1, identity;q=0");
    let mut canonical = Vec::with_capacity(64);
    let before = ALLOCATED.with(std::cell::Cell::get);
    let accepted = Accepted::of(&request);
    let first = accepted.ranked(&ORDER).first().copied();
    accepted.write_canonical(&mut canonical);
    let after = ALLOCATED.with(std::cell::Cell::get);
    assert_eq!((first, after - before), (Some(Coding::Brotli), 0));
}
