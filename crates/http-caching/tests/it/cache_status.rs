//! `Cache-Status` as written (RFC 9211).

use littoral_http_caching::{CacheStatus, Fwd};

use crate::support::{same, table};

#[test]
fn members_are_written_as_structured_fields() {
    let base = CacheStatus { cache: "littoral", ..CacheStatus::default() };
    let rows: &[(CacheStatus<'_>, &str)] = &[
        (base, "littoral"),
        (CacheStatus { hit: true, ttl: Some(30), ..base }, "littoral; hit; ttl=30"),
        (CacheStatus { hit: true, ttl: Some(-412), ..base }, "littoral; hit; ttl=-412"),
        (CacheStatus { hit: true, ttl: Some(0), ..base }, "littoral; hit; ttl=0"),
        (CacheStatus { ttl: Some(i64::MIN), ..base }, "littoral; ttl=-9223372036854775808"),
        (
            CacheStatus { fwd: Some(Fwd::UriMiss), stored: true, collapsed: true, ..base },
            "littoral; fwd=uri-miss; stored; collapsed",
        ),
        (
            CacheStatus { fwd: Some(Fwd::Stale), fwd_status: Some(304), ..base },
            "littoral; fwd=stale; fwd-status=304",
        ),
        (
            CacheStatus { fwd: Some(Fwd::Miss), detail: Some("no-store"), ..base },
            "littoral; fwd=miss; detail=no-store",
        ),
        (CacheStatus { detail: Some("two words"), ..base }, "littoral; detail=\"two words\""),
        (CacheStatus { key: Some("/a\"b\\c\u{fc}\n"), ..base }, "littoral; key=\"/a\\\"b\\\\c???\""),
        (CacheStatus { cache: "edge 1", ..base }, "\"edge 1\""),
        (CacheStatus { cache: "1edge", ..base }, "\"1edge\""),
        (CacheStatus { cache: "edge/fra:1", ..base }, "edge/fra:1"),
        (CacheStatus { cache: "", ..base }, "\"\""),
    ];
    table(rows, |(status, expected)| {
        let mut out = b"x, ".to_vec();
        status.append(&mut out);
        same(expected, String::from_utf8(out).unwrap(), format!("x, {expected}"))
    });
    let all = [Fwd::Bypass, Fwd::Method, Fwd::VaryMiss, Fwd::Request, Fwd::Partial];
    assert_eq!(all.map(Fwd::as_str), ["bypass", "method", "vary-miss", "request", "partial"]);
}
