//! `Cache-Control` and `Pragma`, of responses and of requests.

use littoral_http_caching::{Fields, Known, MaxStale, RequestDirectives, ResponseDirectives};

use crate::support::{head, same, table};

fn response(value: &str) -> ResponseDirectives {
    let fields: Fields = value.lines().map(|line| ("Cache-Control", line)).collect();
    ResponseDirectives::parse(fields.all(Known::CacheControl))
}

#[test]
fn numbers_are_digits_and_anything_else_is_zero() {
    let rows: &[(&str, Option<u32>)] = &[
        ("", None),
        ("max-age=0", Some(0)),
        ("max-age=1", Some(1)),
        ("max-age=3600", Some(3600)),
        ("max-age=003600", Some(3600)),
        ("MaX-aGe=3600", Some(3600)),
        ("max-age=\"3600\"", Some(3600)),
        ("foobar, max-age=3600", Some(3600)),
        ("max-age=3600, foobar=\"x, max-age=1\"", Some(3600)),
        ("extension=\"max-age=3600\", max-age=1", Some(1)),
        ("max-age=1, extension=\"max-age=3600\"", Some(1)),
        ("extension=\"max-age=3600\"", None),
        ("max-age=2147483647", Some(2_147_483_647)),
        ("max-age=2147483648", Some(1 << 31)),
        ("max-age=2147483649", Some(1 << 31)),
        ("max-age=4294967296", Some(1 << 31)),
        ("max-age=99999999999", Some(1 << 31)),
        ("max-age=18446744073709551616", Some(1 << 31)),
        ("max-age=999999999999999999999999999999999999999", Some(1 << 31)),
        // Invalid: stale.
        ("max-age", Some(0)),
        ("max-age=", Some(0)),
        ("max-age=\"\"", Some(0)),
        ("max-age=-3600", Some(0)),
        ("max-age=+3600", Some(0)),
        ("max-age=3600.0", Some(0)),
        ("max-age=3600.5", Some(0)),
        ("max-age=a3600", Some(0)),
        ("max-age=3600a", Some(0)),
        ("max-age='3600'", Some(0)),
        ("max-age=\"3600", Some(0)),
        ("max-age=3600\"", Some(0)),
        ("max-age=\"36\\00\"", Some(0)),
        ("max-age=0x10", Some(0)),
        ("max-age=1e3", Some(0)),
        ("max-age =3600", Some(0)),
        ("max-age= 3600", Some(0)),
        ("max-age\t=3600", Some(0)),
        ("max-age==3600", Some(0)),
        ("max-age=3 600", Some(0)),
        ("max-age=3600;x=y", Some(0)),
        ("max-age:3600", None),
        ("max-age3600", None),
        ("xmax-age=3600", None),
        ("max-age-x=3600", None),
        ("s-max-age=3600", None),
        // More than one: the smallest.
        ("max-age=1800, max-age=1", Some(1)),
        ("max-age=1, max-age=1800", Some(1)),
        ("max-age=1800\nmax-age=1", Some(1)),
        ("max-age=1\nmax-age=1800", Some(1)),
        ("max-age=1800, max-age=x", Some(0)),
        ("max-age=x, max-age=1800", Some(0)),
        ("max-age=60, max-age=60", Some(60)),
    ];
    table(rows, |(value, expected)| same(value, response(value).max_age, *expected));
    table(rows, |(value, expected)| {
        let value = value.to_lowercase().replace("max-age", "s-maxage").replace("s-s-maxage", "other");
        same(&value, response(&value).s_maxage, *expected)
    });
}

#[test]
fn flags_are_found_wherever_they_stand() {
    let rows: &[(&str, &str)] = &[
        ("", ""),
        ("no-store", "no-store"),
        ("No-StOrE", "no-store"),
        ("no-store, max-age=1", "no-store"),
        ("max-age=1,no-store", "no-store"),
        ("max-age=1\nno-store", "no-store"),
        (",,no-store,,", "no-store"),
        ("no-store=1", "no-store"),
        ("no-store=\"x\"", "no-store"),
        ("x=\"no-store\"", ""),
        ("x=\"a, no-store\", private", "private"),
        ("x=\"a, no-store", "no-store"),
        ("no-stores", ""),
        ("no_store", ""),
        ("private", "private"),
        ("private=", "private"),
        ("private=\"\"", "private"),
        ("private=\",\"", "private"),
        ("private=true", "private"),
        ("private=\"a b\"", "private"),
        ("private=\"a", "private"),
        ("no-cache", "no-cache"),
        ("NO-CACHE", "no-cache"),
        ("no-cache=0", "no-cache"),
        ("no-cache=\"@\"", "no-cache"),
        ("no-cache =x", "no-cache"),
        ("public", "public"),
        ("public, private", "private public"),
        ("must-revalidate", "must-revalidate"),
        ("proxy-revalidate", "proxy-revalidate"),
        ("must-understand, no-store", "no-store must-understand"),
        ("no-transform", "no-transform"),
        ("immutable", "immutable"),
        ("only-if-cached, min-fresh=3, max-stale", ""),
    ];
    table(rows, |(value, expected)| {
        let found = response(value);
        let flags = [
            (found.no_store, "no-store"),
            (found.private, "private"),
            (found.no_cache, "no-cache"),
            (found.public, "public"),
            (found.must_revalidate, "must-revalidate"),
            (found.proxy_revalidate, "proxy-revalidate"),
            (found.must_understand, "must-understand"),
            (found.no_transform, "no-transform"),
            (found.immutable, "immutable"),
        ];
        let named: Vec<_> = flags.iter().filter(|(set, _)| *set).map(|(_, name)| *name).collect();
        same(value, named.join(" "), (*expected).to_owned())
    });
}

#[test]
fn qualified_directives_name_fields() {
    let rows: &[(&str, &[&str], bool)] = &[
        ("no-cache=\"a\"", &["a"], false),
        ("no-cache=\"A, b\"", &["a", "b"], false),
        ("no-cache=\" Set-Cookie ,\"", &["set-cookie"], false),
        ("no-cache=\"a\", no-cache=\"b\"", &["a", "b"], false),
        ("no-cache=\"a\"\nno-cache", &["a"], true),
        ("no-cache=\"a\", max-age=3", &["a"], false),
        ("no-cache=a", &[], true),
        ("no-cache=\"a, b c\"", &[], true),
    ];
    table(rows, |(value, names, whole)| {
        let found = response(value);
        let listed: Vec<_> =
            found.no_cache_fields.iter().map(|name| std::str::from_utf8(name).unwrap()).collect();
        same(value, (listed, found.no_cache), (names.to_vec(), *whole))?;
        let value = value.replace("no-cache", "private");
        let found = response(&value);
        same(&value, (found.private_fields.len(), found.private), (names.len(), *whole))
    });
}

#[test]
fn stale_windows_are_numbers_too() {
    let rows: &[(&str, Option<u32>, Option<u32>)] = &[
        ("max-age=1", None, None),
        ("stale-while-revalidate=5", Some(5), None),
        ("stale-if-error=6", None, Some(6)),
        ("Stale-While-Revalidate=5, STALE-IF-ERROR=6", Some(5), Some(6)),
        ("stale-while-revalidate", Some(0), None),
        ("stale-if-error=x", None, Some(0)),
        ("stale-if-error=6, stale-if-error=3", None, Some(3)),
        ("stale-if-error=99999999999", None, Some(1 << 31)),
    ];
    table(rows, |(value, while_revalidate, if_error)| {
        let found = response(value);
        same(value, (found.stale_while_revalidate, found.stale_if_error), (*while_revalidate, *if_error))
    });
}

#[test]
fn requests_have_directives_of_their_own() {
    let none = RequestDirectives::default();
    let rows: &[(&str, RequestDirectives)] = &[
        ("", none),
        ("Cache-Control: nothing-to-see-here", none),
        ("Cache-Control: no-cache", RequestDirectives { no_cache: true, ..none }),
        ("Cache-Control: no-store", RequestDirectives { no_store: true, ..none }),
        ("Cache-Control: only-if-cached", RequestDirectives { only_if_cached: true, ..none }),
        ("Cache-Control: max-age=0", RequestDirectives { max_age: Some(0), ..none }),
        ("Cache-Control: max-age=10, max-age=5", RequestDirectives { max_age: Some(5), ..none }),
        ("Cache-Control: max-age=x", none),
        ("Cache-Control: max-age", none),
        ("Cache-Control: min-fresh=10", RequestDirectives { min_fresh: Some(10), ..none }),
        ("Cache-Control: min-fresh=10, min-fresh=20", RequestDirectives { min_fresh: Some(20), ..none }),
        ("Cache-Control: min-fresh", none),
        ("Cache-Control: max-stale", RequestDirectives { max_stale: Some(MaxStale::Any), ..none }),
        ("Cache-Control: max-stale=9", RequestDirectives { max_stale: Some(MaxStale::Seconds(9)), ..none }),
        (
            "Cache-Control: max-stale, max-stale=9",
            RequestDirectives { max_stale: Some(MaxStale::Seconds(9)), ..none },
        ),
        (
            "Cache-Control: max-stale=9, max-stale=3",
            RequestDirectives { max_stale: Some(MaxStale::Seconds(3)), ..none },
        ),
        ("Cache-Control: max-stale=x", none),
        ("Pragma: no-cache", RequestDirectives { no_cache: true, ..none }),
        ("Pragma: x, No-Cache", RequestDirectives { no_cache: true, ..none }),
        ("Pragma: foo", none),
        ("Pragma: no-cache\nCache-Control: max-age=5", RequestDirectives { max_age: Some(5), ..none }),
        ("Pragma: no-cache\nCache-Control:", none),
    ];
    table(rows, |(text, expected)| same(text, RequestDirectives::parse(&head(text)), *expected));
}
