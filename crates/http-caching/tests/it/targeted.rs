//! `CDN-Cache-Control` and `Littoral-CDN-Cache-Control` (RFC 9213) as structured dictionaries (RFC 9651).

use littoral_http_caching::structured::{Value, dictionary};
use littoral_http_caching::targeted::{TARGETED_FIELDS, directives};
use littoral_http_caching::{CacheRules, NotStored};

use crate::support::{NOW, head, same, store, store_200, table};

#[test]
fn a_dictionary_is_read_whole_or_not_at_all() {
    let rows: &[(&str, Option<usize>)] = &[
        ("", Some(0)),
        ("   ", Some(0)),
        ("a", Some(1)),
        ("a=1", Some(1)),
        ("a=1, b=2", Some(2)),
        ("a=1,b=2", Some(2)),
        ("a=1 ,\tb=2", Some(2)),
        ("a=1, a=2", Some(1)),
        ("*a=1", Some(1)),
        ("a-b_c.d*1=1", Some(1)),
        ("a=-15", Some(1)),
        ("a=1.5", Some(1)),
        ("a=123456789012345", Some(1)),
        ("a=123456789012.123", Some(1)),
        ("a=?1, b=?0", Some(2)),
        ("a=tok/en:x, b=*", Some(2)),
        ("a=\"x, y\"", Some(1)),
        ("a=\"x\\\"y\\\\\"", Some(1)),
        ("a=:aGVsbG8=:", Some(1)),
        ("a=()", Some(1)),
        ("a=(1 2 \"x\");p, b", Some(2)),
        ("a=( 1  2 )", Some(1)),
        ("a=(1;q=2 3)", Some(1)),
        ("a=@1659578233", Some(1)),
        ("a=%\"f%c3%bc\"", Some(1)),
        ("a;p, b;p=1;q=\"x\"", Some(2)),
        ("a=1; p=1", Some(1)),
        // Not dictionaries.
        ("A=1", None),
        ("MaX-aGe=1", None),
        ("1a=1", None),
        ("-a=1", None),
        ("a=", None),
        ("a= 1", None),
        ("a =1", None),
        ("a=1,", None),
        (",a=1", None),
        ("a=1,,b=2", None),
        ("a=1 b=2", None),
        ("a=1; P=1", None),
        ("a;", None),
        ("a=1.", None),
        ("a=1.2345", None),
        ("a=1234567890123456", None),
        ("a=1234567890123.1", None),
        ("a=-", None),
        ("a=--1", None),
        ("a=?2", None),
        ("a=\"x", None),
        ("a=\"x\\y\"", None),
        ("a=\"ü\"", None),
        ("a='x'", None),
        ("a=:x", None),
        ("a=:x!:", None),
        ("a=(1", None),
        ("a=(1,2)", None),
        ("a=((1))", None),
        ("a=@1.5", None),
        ("a=%x", None),
        ("a=%\"%ZZ\"", None),
        ("a=%\"%C3\"", None),
        ("&&&&&", None),
        ("a, &&&&&", None),
    ];
    table(rows, |(text, expected)| {
        same(text, dictionary(text.as_bytes()).map(|members| members.len()), *expected)
    });
}

#[test]
fn the_last_of_equal_keys_counts() {
    let members = dictionary(b"a=1, b=2, a=?0").unwrap();
    assert_eq!(members[0], ((*b"a").into(), Value::Boolean(false)));
    assert_eq!(members.len(), 2);
}

/// What a targeted field makes of an otherwise storable response.
#[test]
fn targeted_fields_replace_cache_control_and_expires() {
    use NotStored::{NoFreshness, NoStore, Private};
    let rows: &[(&str, Result<i64, NotStored>)] = &[
        ("CDN-Cache-Control: max-age=3600", Ok(3600)),
        ("CDN-Cache-Control: max-age=2147483648", Ok(1 << 31)),
        ("CDN-Cache-Control: max-age=99999999999", Ok(1 << 31)),
        ("CDN-Cache-Control: max-age=999999999999999", Ok(1 << 31)),
        ("CDN-Cache-Control: max-age=3600\nAge: 7200\nETag: \"a\"", Ok(-3600)),
        ("CDN-Cache-Control: max-age=0", Err(NoFreshness)),
        ("CDN-Cache-Control: max-age=-5", Err(NoFreshness)),
        ("CDN-Cache-Control: foobar, max-age=3600", Ok(3600)),
        ("CDN-Cache-Control: max-age=3600;p=\"x\", x=(1 2)", Ok(3600)),
        ("CDN-Cache-Control: max-age=3600\nExpires: {-10000}", Ok(3600)),
        ("CDN-Cache-Control: max-age=3600\nExpires: 0", Ok(3600)),
        ("CDN-Cache-Control: max-age=0\nExpires: {+10000}", Err(NoFreshness)),
        ("CDN-Cache-Control: foo\nExpires: {+10000}", Err(NoFreshness)),
        ("CDN-Cache-Control: max-age=3600\nCache-Control: max-age=1", Ok(3600)),
        ("CDN-Cache-Control: max-age=1\nCache-Control: max-age=3600", Ok(1)),
        ("CDN-Cache-Control: max-age=5\nCache-Control: s-maxage=3600", Ok(5)),
        ("CDN-Cache-Control: max-age=5, s-maxage=7", Ok(7)),
        ("CDN-Cache-Control: max-age=10000\nCache-Control: no-store", Ok(10_000)),
        ("CDN-Cache-Control: max-age=10000\nCache-Control: private, no-cache", Ok(10_000)),
        ("CDN-Cache-Control: private\nCache-Control: max-age=10000", Err(Private)),
        ("CDN-Cache-Control: no-store\nCache-Control: max-age=10000", Err(NoStore)),
        ("CDN-Cache-Control: no-cache\nCache-Control: max-age=10000", Err(NoFreshness)),
        ("CDN-Cache-Control: no-store=?0, max-age=5", Ok(5)),
        ("CDN-Cache-Control: private=?0, max-age=5", Ok(5)),
        ("CDN-Cache-Control: private=1, max-age=5", Err(Private)),
        ("CDN-Cache-Control: private=\"a\", max-age=5", Err(Private)),
        ("CDN-Cache-Control: no-store;p=?0, max-age=5", Err(NoStore)),
        ("CDN-Cache-Control: max-age=5, max-age=9", Ok(9)),
        ("CDN-Cache-Control: max-age=5\nCDN-Cache-Control: max-age=9", Ok(9)),
        ("CDN-Cache-Control: max-age=5\nCDN-Cache-Control: no-store", Err(NoStore)),
        // Invalid or empty: as if absent.
        ("CDN-Cache-Control: max-age=10000, &&&&&\nCache-Control: no-store", Err(NoStore)),
        ("CDN-Cache-Control: max-age=\"10000\"\nCache-Control: no-store", Err(NoStore)),
        ("CDN-Cache-Control: max-age=10000.5\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age=?1\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age=token\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age=(1)\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age =100\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age= 100\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: MaX-aGe=100\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age=9999999999999999\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: max-age=5\nCDN-Cache-Control: &\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control: no-store, X\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control:\nCache-Control: max-age=3", Ok(3)),
        ("CDN-Cache-Control:\nExpires: {+4}", Ok(4)),
        // The most specific valid one.
        ("Littoral-CDN-Cache-Control: max-age=7\nCDN-Cache-Control: max-age=5", Ok(7)),
        ("Littoral-CDN-Cache-Control: max-age=\"7\"\nCDN-Cache-Control: max-age=5", Ok(5)),
        ("Littoral-CDN-Cache-Control:\nCDN-Cache-Control: max-age=5", Ok(5)),
        ("Littoral-CDN-Cache-Control: no-store\nCDN-Cache-Control: max-age=5", Err(NoStore)),
        ("Surrogate-Control: max-age=9\nCache-Control: max-age=3", Ok(3)),
    ];
    table(rows, |(text, expected)| {
        same(text, store_200(text).map(|terms| terms.freshness_left(NOW)), *expected)
    });
}

#[test]
fn which_fields_are_targeted_is_for_the_rules_to_say() {
    let none = CacheRules { targeted_fields: Box::default(), ..CacheRules::default() };
    let text = "CDN-Cache-Control: max-age=9\nCache-Control: max-age=3";
    assert_eq!(store("", 200, text, &none).unwrap().freshness_lifetime, 3);
    let own = CacheRules { targeted_fields: Box::new(["x-edge".into()]), ..CacheRules::default() };
    let text = "CDN-Cache-Control: max-age=9\nX-Edge: max-age=4";
    assert_eq!(store("", 200, text, &own).unwrap().freshness_lifetime, 4);
    assert!(directives(&head("X: 1"), &TARGETED_FIELDS).is_none());
}

#[test]
fn no_cache_in_a_targeted_field_demands_validation() {
    let terms = store_200("CDN-Cache-Control: no-cache\nCache-Control: max-age=9\nETag: \"a\"").unwrap();
    assert!(terms.no_cache);
    let terms = store_200("CDN-Cache-Control: no-cache=?0, max-age=4\nETag: \"a\"").unwrap();
    assert!(!terms.no_cache);
}
