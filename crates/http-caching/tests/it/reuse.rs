//! When a stored response may be used (RFC 9111 §4, RFC 5861, RFC 8246).

use littoral_http_caching::{
    CacheRules, RequestDirectives, Reuse, Revalidate, judge_reuse, may_serve_disconnected, may_serve_on_error,
};

use crate::support::{NOW, head, same, store, store_200, table};

const FRESH: Reuse = Reuse::Fresh;
const MEANWHILE: Reuse = Reuse::StaleWhileRevalidate;

const fn first(why: Revalidate) -> Reuse {
    Reuse::MustRevalidate(why)
}

#[test]
fn a_response_is_used_while_fresh_and_within_its_window() {
    use Revalidate::{NoCache, Stale};
    let rows: &[(&str, i64, Reuse)] = &[
        ("max-age=10", 0, FRESH),
        ("max-age=10", 9, FRESH),
        ("max-age=10", 10, first(Stale)),
        ("max-age=10", 11, first(Stale)),
        ("max-age=0", 0, first(Stale)),
        ("max-age=10, must-revalidate", 9, FRESH),
        ("max-age=10, must-revalidate", 10, first(Stale)),
        ("no-cache", 0, first(NoCache)),
        ("no-cache, max-age=10", 0, first(NoCache)),
        ("no-cache, max-age=10, stale-while-revalidate=60", 11, first(NoCache)),
        ("max-age=1, stale-while-revalidate=4", 0, FRESH),
        ("max-age=1, stale-while-revalidate=4", 1, MEANWHILE),
        ("max-age=1, stale-while-revalidate=4", 4, MEANWHILE),
        ("max-age=1, stale-while-revalidate=4", 5, first(Stale)),
        ("max-age=1, stale-while-revalidate=4", 6, first(Stale)),
        ("max-age=1, stale-while-revalidate=99999999999", 1_000_000, MEANWHILE),
        ("max-age=1, stale-while-revalidate=x", 1, first(Stale)),
        ("max-age=1, stale-while-revalidate=4, must-revalidate", 1, first(Stale)),
        ("max-age=1, stale-while-revalidate=4, proxy-revalidate", 1, first(Stale)),
        ("s-maxage=1", 1, first(Stale)),
        ("s-maxage=1, stale-while-revalidate=4", 1, MEANWHILE),
        ("max-age=1, stale-if-error=60", 1, first(Stale)),
        ("max-age=10", -1000, FRESH),
    ];
    table(rows, |(value, later, expected)| {
        let terms = store_200(&format!("Cache-Control: {value}\nETag: \"a\"")).expect("has a validator");
        same(&format!("{value} after {later} s"), judge_reuse(&terms, None, NOW + later), *expected)
    });
}

#[test]
fn a_client_that_is_honoured_narrows_or_widens() {
    use Revalidate::{NoCache, RequestMaxAge, RequestMinFresh, RequestNoCache, Stale};
    let rows: &[(&str, &str, i64, Reuse)] = &[
        ("max-age=100", "", 50, FRESH),
        ("max-age=100", "Cache-Control: x", 100, first(Stale)),
        ("max-age=100", "Cache-Control: no-cache", 50, first(RequestNoCache)),
        ("max-age=100", "Pragma: no-cache", 50, first(RequestNoCache)),
        ("max-age=100", "Cache-Control: max-age=0", 0, first(RequestMaxAge)),
        ("max-age=100", "Cache-Control: max-age=0", 50, first(RequestMaxAge)),
        ("max-age=100", "Cache-Control: max-age=50", 50, FRESH),
        ("max-age=100", "Cache-Control: max-age=49", 50, first(RequestMaxAge)),
        ("max-age=100", "Cache-Control: min-fresh=50", 50, FRESH),
        ("max-age=100", "Cache-Control: min-fresh=51", 50, first(RequestMinFresh)),
        ("max-age=100", "Cache-Control: min-fresh=99999999999", 0, first(RequestMinFresh)),
        ("max-age=100", "Cache-Control: max-stale", 1000, MEANWHILE),
        ("max-age=100", "Cache-Control: max-stale=20", 120, MEANWHILE),
        ("max-age=100", "Cache-Control: max-stale=20", 121, first(Stale)),
        ("max-age=100", "Cache-Control: max-stale=0", 100, MEANWHILE),
        ("max-age=100, must-revalidate", "Cache-Control: max-stale", 120, first(Stale)),
        ("s-maxage=100", "Cache-Control: max-stale", 120, first(Stale)),
        ("no-cache", "Cache-Control: max-stale", 0, first(NoCache)),
        ("max-age=1, stale-while-revalidate=9", "Cache-Control: x", 5, MEANWHILE),
        ("max-age=1, stale-while-revalidate=9", "Cache-Control: max-age=3", 5, first(RequestMaxAge)),
        ("max-age=100, immutable", "Cache-Control: max-age=0", 50, FRESH),
        ("max-age=100, immutable", "Cache-Control: max-age=10", 50, first(RequestMaxAge)),
        ("max-age=100, immutable", "Cache-Control: max-age=0", 100, first(RequestMaxAge)),
        ("max-age=100, immutable", "Cache-Control: no-cache", 50, first(RequestNoCache)),
    ];
    table(rows, |(response, request, later, expected)| {
        let terms = store_200(&format!("Cache-Control: {response}\nETag: \"a\"")).expect("has a validator");
        let asked = RequestDirectives::parse(&head(request));
        let what = format!("{response} / {request} after {later} s");
        same(&what, judge_reuse(&terms, Some(&asked), NOW + later), *expected)
    });
}

#[test]
fn stale_responses_stand_in_for_a_failing_origin_as_far_as_allowed() {
    const DAY: i64 = 86_400;
    // (Cache-Control, seconds after arrival, on an error, when disconnected)
    let rows: &[(&str, i64, bool, bool)] = &[
        ("max-age=2", 1, true, true),
        ("max-age=2", 5, false, true),
        ("max-age=2", 2 + DAY - 1, false, true),
        ("max-age=2", 2 + DAY, false, false),
        ("max-age=2, stale-if-error=60", 5, true, true),
        ("max-age=2, stale-if-error=60", 61, true, true),
        ("max-age=2, stale-if-error=60", 62, false, false),
        ("max-age=2, stale-if-error=0", 5, false, false),
        ("max-age=2, must-revalidate", 5, false, false),
        ("max-age=2, must-revalidate, stale-if-error=60", 5, false, false),
        ("max-age=2, proxy-revalidate", 5, false, false),
        ("max-age=2, no-cache", 1, false, false),
        ("max-age=2, no-cache, stale-if-error=60", 1, false, false),
        ("max-age=2, s-maxage=2", 5, false, false),
        ("s-maxage=2, stale-if-error=60", 5, true, true),
        ("max-age=2, stale-while-revalidate=60", 5, false, true),
    ];
    table(rows, |(value, later, on_error, disconnected)| {
        let terms = store_200(&format!("Cache-Control: {value}\nETag: \"a\"")).expect("has a validator");
        let now = NOW + later;
        let found = (may_serve_on_error(&terms, now), may_serve_disconnected(&terms, now));
        same(&format!("{value} after {later} s"), found, (*on_error, *disconnected))
    });
}

#[test]
fn the_operator_s_windows_fill_in_for_the_origin_s() {
    let rules = CacheRules {
        stale_while_revalidate: Some(10),
        stale_if_error: Some(100),
        stale_if_disconnected: 1000,
        ..CacheRules::default()
    };
    let rows: &[(&str, u32, u32, u32)] = &[
        ("max-age=2", 10, 100, 100),
        ("max-age=2, stale-while-revalidate=3", 3, 100, 100),
        ("max-age=2, stale-if-error=3", 10, 3, 3),
        ("max-age=2, stale-if-error=0, stale-while-revalidate=0", 0, 0, 0),
        ("s-maxage=2", 10, 100, 100),
        ("max-age=2, must-revalidate", 0, 0, 0),
        ("max-age=2, proxy-revalidate", 0, 0, 0),
    ];
    table(rows, |(value, while_revalidate, if_error, disconnected)| {
        let terms = store("", 200, &format!("Cache-Control: {value}"), &rules).expect("is fresh");
        let found = (terms.stale_while_revalidate, terms.stale_if_error, terms.stale_if_disconnected);
        same(value, found, (*while_revalidate, *if_error, *disconnected))
    });
}
