//! Freshness lifetime and age: how long a response stays fresh from the moment it arrives (RFC 9111 §4.2).

use littoral_http_caching::{
    CacheRules, Method, NotStored, OriginDirectives, RequestView, ResponseView, Times, judge_storing,
};

use crate::support::{NOW, head, same, store, store_200, table};

/// Seconds of freshness left on arrival of a 200 with a validator; without one it would not be stored once stale.
#[test]
fn lifetime_comes_from_s_maxage_then_max_age_then_expires() {
    let rows: &[(&str, i64)] = &[
        ("Cache-Control: max-age=3600", 3600),
        ("Cache-Control: max-age=0", 0),
        ("Cache-Control: max-age=2147483647", (1 << 31) - 1),
        ("Cache-Control: max-age=99999999999", 1 << 31),
        ("Cache-Control: max-age=3600\nExpires: {-7200}\nDate: {0}", 3600),
        ("Cache-Control: max-age=3600\nExpires: 0\nDate: {0}", 3600),
        ("Cache-Control: max-age=0\nExpires: {+3600}\nDate: {0}", 0),
        ("Cache-Control: max-age=x\nExpires: {+3600}\nDate: {0}", 0),
        ("Cache-Control: foo\nExpires: {+3600}\nDate: {0}", 3600),
        ("Cache-Control: s-maxage=3600", 3600),
        ("Cache-Control: max-age=3600, s-maxage=1", 1),
        ("Cache-Control: s-maxage=1, max-age=3600", 1),
        ("Cache-Control: max-age=3600\nCache-Control: s-maxage=1", 1),
        ("Cache-Control: max-age=1, s-maxage=3600", 3600),
        ("Cache-Control: max-age=0, s-maxage=3600\nExpires: {-10}", 3600),
        ("Cache-Control: max-age=3600, s-maxage=x", 0),
        ("Expires: {+3600}", 3600),
        ("Expires: {+3600}\nDate: {0}", 3600),
        ("Expires: {+2592000}\nDate: {0}", 2_592_000),
        ("Expires: {0}\nDate: {0}", 0),
        ("Expires: {-5}\nDate: {0}", 0),
        ("Expires: {+300}\nDate: {+400}", 0),
        ("Expires: {+10}\nDate: foo", 10),
        ("Expires: {+10}\nDate:", 10),
        ("Expires: 0\nDate: {0}", 0),
        ("Expires: -1\nDate: {0}", 0),
        ("Expires:\nDate: {0}", 0),
        ("Expires: {+10}\nExpires: {+10}\nDate: {0}", 10),
        ("Expires: {+10}\nExpires: {+5}\nDate: {0}", 5),
        ("Expires: {+10}\nExpires: never\nDate: {0}", 0),
        ("Expires: {+10}, {+20}\nDate: {0}", 0),
        ("Expires: Tue, 19 Jan 2038 14:14:08 GMT\nDate: {0}", 2_147_523_248 - NOW),
        ("Expires: Sun, 21 Nov 2286 04:46:39 GMT\nDate: {0}", 1 << 31),
        ("Expires: Thursday, 18-Aug-50 02:01:18 GMT\nDate: {0}", 2_544_400_878 - NOW),
        ("Expires: Thu Aug 18 02:01:18 2050\nDate: {0}", 2_544_400_878 - NOW),
        ("Expires: THU, 18 AUG 2050 02:01:18 gMT\nDate: {0}", 2_544_400_878 - NOW),
        ("Expires: Thu, 18 Aug 2050 02:01:18 UTC\nDate: {0}", 0),
        ("Expires: Thu, 18 Aug 50 02:01:18 GMT\nDate: {0}", 0),
        ("Expires: Thursday, 18-Aug-94 02:01:18 GMT\nDate: {0}", 0),
        ("Expires: {+10}\nDate: Sunday, 06-Nov-94 08:49:37 GMT", 10),
    ];
    table(rows, |(text, expected)| {
        let terms = store_200(&format!("{text}\nETag: \"a\"")).map_err(|why| format!("{text}: {why:?}"))?;
        // A `Date` of long ago makes the response old by as much; what counts is what is left.
        same(text, terms.freshness_left(NOW).max(0), (*expected).max(0))
    });
}

#[test]
fn age_on_arrival_is_the_greatest_of_what_is_known() {
    let rows: &[(&str, u32)] = &[
        ("", 0),
        ("Age: 0", 0),
        ("Age: 7200", 7200),
        ("Age: 007200", 7200),
        ("Age:  30 ", 30),
        ("Age: 2147483647", (1 << 31) - 1),
        ("Age: 2147483648", 1 << 31),
        ("Age: 2147483649", 1 << 31),
        ("Age: 99999999999999999999", 1 << 31),
        // Lists: the first member.
        ("Age: 7200, 0", 7200),
        ("Age: 0, 7200", 0),
        ("Age: 7200\nAge: 0", 7200),
        ("Age: 0\nAge: 7200", 0),
        ("Age: 0, 0", 0),
        ("Age: 0\nAge: 0", 0),
        ("Age: 3600\nAge: 3600", 3600),
        ("Age: , 5", 5),
        // Invalid: as if absent.
        ("Age: abc", 0),
        ("Age: -7200", 0),
        ("Age: +7200", 0),
        ("Age: 7200.0", 0),
        ("Age: 7200;foo=bar", 0),
        ("Age: 7200;foo=111", 0),
        ("Age: \"7200\"", 0),
        ("Age: 72 00", 0),
        ("Age: abc, 5", 0),
        ("Age: abc\nAge: 5", 0),
        ("Age:", 0),
        ("Age: 0x10", 0),
        // Apparent age.
        ("Date: {-7200}", 7200),
        ("Date: {-7200}\nAge: 10", 7200),
        ("Date: {-10}\nAge: 7200", 7200),
        ("Date: {+7200}", 0),
        ("Date: {+7200}\nAge: 5", 5),
        ("Date: yesterday", 0),
        ("Date: Thu, 01 Jan 1970 00:00:00 GMT", NOW as u32),
        ("Date: Sat, 01 Jan 0000 00:00:00 GMT", 1 << 31),
    ];
    table(rows, |(text, expected)| {
        let terms = store_200(&format!("{text}\nCache-Control: max-age=3600\nETag: \"a\""));
        same(text, terms.map(|terms| terms.corrected_initial_age), Ok(*expected))
    });
}

#[test]
fn time_on_the_way_counts_as_age() {
    let rows = [
        ("", 5, 5),
        ("Age: 10", 5, 15),
        ("Date: {-2}", 5, 5),
        ("Date: {-30}", 5, 30),
        ("Age: 2147483648", 5, 1 << 31),
        ("", -5, 0),
        ("", i64::MIN / 4, 0),
        ("", i64::MAX / 4, 1 << 31),
    ];
    table(rows, |(text, delay, expected)| {
        let fields = head(&format!("{text}\nCache-Control: max-age=3600\nETag: \"a\""));
        let terms = judge_storing(
            &RequestView { method: Method::Get, fields: &head("") },
            &ResponseView { status: 200, fields: &fields, close_delimited: false },
            Times { requested: NOW - delay, received: NOW },
            &CacheRules::default(),
        );
        same(text, terms.map(|terms| terms.corrected_initial_age), Ok(*expected))
    });
}

#[test]
fn age_grows_with_time_and_never_overflows() {
    let terms = store_200("Cache-Control: max-age=100\nAge: 30").unwrap();
    let rows = [
        (NOW, 30, 70),
        (NOW + 1, 31, 69),
        (NOW + 70, 100, 0),
        (NOW + 71, 101, -1),
        (NOW - 1000, 30, 70),
        (i64::MIN, 30, 70),
        (i64::MAX, 1 << 31, 100 - (1 << 31)),
    ];
    table(rows, |(now, age, left)| {
        same(&now.to_string(), (terms.current_age(*now), terms.freshness_left(*now)), (*age, *left))
    });
    let oldest = store_200("Cache-Control: max-age=99999999999\nAge: 99999999999\nETag: \"a\"").unwrap();
    assert!(!oldest.is_fresh(NOW), "an age that cannot be told from the lifetime is stale");
}

#[test]
fn expires_counts_from_the_response_s_own_date() {
    let rows = [
        ("Date: {-10}\nExpires: {+10}\nAge: 25", -5),
        ("Date: {+10}\nExpires: {+20}\nAge: 15", -5),
        ("Date: {-10}\nExpires: {+10}", 10),
        ("Date: {-10}\nExpires: {+10}\nAge: 15", 5),
        ("Date: {-3600}\nExpires: {-3590}", -3590),
    ];
    table(rows, |(text, expected)| {
        let terms = store_200(&format!("{text}\nETag: \"a\""));
        same(text, terms.map(|terms| terms.freshness_left(NOW)), Ok(*expected))
    });
}

#[test]
fn without_a_lifetime_a_tenth_of_the_time_since_modification_is_guessed() {
    const DAY: u32 = 86_400;
    let rows: &[(u16, &str, Result<u32, NotStored>)] = &[
        (200, "", Err(NotStored::NoFreshness)),
        (200, "Cache-Control: public", Err(NotStored::NoFreshness)),
        (200, "Last-Modified: {-86400}\nDate: {0}", Ok(DAY / 10)),
        (200, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (200, "Last-Modified: {-864000}", Ok(DAY)),
        (200, "Last-Modified: {-86400000}", Ok(DAY)),
        (200, "Last-Modified: {-9}", Ok(0)),
        (200, "Last-Modified: {+86400}", Ok(0)),
        (200, "Last-Modified: x", Err(NotStored::NoFreshness)),
        (200, "Last-Modified: {-100}\nLast-Modified: {-200}", Err(NotStored::NoFreshness)),
        (200, "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", Ok(DAY)),
        (200, "Last-Modified: {-86400}\nPragma: no-cache", Ok(0)),
        (200, "Last-Modified: {-86400}\nPragma: x", Ok(DAY / 10)),
        (200, "Last-Modified: {-86400}\nPragma: no-cache\nCache-Control: foo", Ok(DAY / 10)),
        (200, "Last-Modified: {-86400}\nCache-Control: max-age=0", Ok(0)),
        (200, "Last-Modified: {-86400}\nExpires: 0", Ok(0)),
        (203, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (204, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (300, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (301, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (308, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (404, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (405, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (410, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (414, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (501, "Last-Modified: {-86400}", Ok(DAY / 10)),
        (201, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (202, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (302, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (303, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (307, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (400, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (401, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (403, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (429, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (500, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (502, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (503, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (504, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (599, "Last-Modified: {-86400}", Err(NotStored::NoFreshness)),
        (599, "Last-Modified: {-86400}\nCache-Control: public", Ok(DAY / 10)),
    ];
    table(rows, |(status, text, expected)| {
        let found = store("", *status, text, &CacheRules::default()).map(|terms| terms.freshness_lifetime);
        same(&format!("{status} {text}"), found, *expected)
    });
    let strict = CacheRules { heuristic: false, ..CacheRules::default() };
    let terms = store("", 200, "Last-Modified: {-86400}", &strict).unwrap();
    assert_eq!((terms.freshness_lifetime, terms.heuristic), (0, false));
}

#[test]
fn the_operator_s_lifetimes_bound_replace_or_fill_in_the_origin_s() {
    let plain = CacheRules::default;
    let min = CacheRules { lifetime_min: Some(60), ..plain() };
    let max = CacheRules { lifetime_max: Some(60), ..plain() };
    let default = CacheRules { lifetime_default: Some(60), ..plain() };
    let forced = CacheRules { lifetime_forced: Some(60), ..plain() };
    let ignoring = CacheRules { origin_directives: OriginDirectives::Ignore, ..forced.clone() };
    let deaf = CacheRules { origin_directives: OriginDirectives::Ignore, ..plain() };
    let negative = CacheRules { status_lifetimes: [(404, 5), (503, 2)].into_iter().collect(), ..plain() };
    use NotStored::{NoFreshness, NoStore, Private};
    let rows: &[(&str, &CacheRules, u16, &str, Result<i64, NotStored>)] = &[
        ("min", &min, 200, "Cache-Control: max-age=5", Ok(60)),
        ("min", &min, 200, "Cache-Control: max-age=0", Ok(60)),
        ("min", &min, 200, "Cache-Control: max-age=500", Ok(500)),
        ("min", &min, 200, "Last-Modified: {-100}", Ok(60)),
        ("min", &min, 200, "", Err(NoFreshness)),
        ("min", &min, 200, "Cache-Control: no-store", Err(NoStore)),
        ("max", &max, 200, "Cache-Control: max-age=500", Ok(60)),
        ("max", &max, 200, "Expires: {+500}", Ok(60)),
        ("max", &max, 200, "Cache-Control: max-age=5", Ok(5)),
        ("max", &max, 200, "Last-Modified: {-86400}", Ok(60)),
        ("default", &default, 200, "", Ok(60)),
        ("default", &default, 200, "Last-Modified: {-86400}", Ok(60)),
        ("default", &default, 200, "Cache-Control: max-age=5", Ok(5)),
        ("default", &default, 301, "", Ok(60)),
        ("default", &default, 302, "", Err(NoFreshness)),
        ("default", &default, 404, "", Err(NoFreshness)),
        ("default", &default, 500, "", Err(NoFreshness)),
        ("default", &default, 200, "Age: 100", Ok(60)),
        ("forced", &forced, 200, "", Ok(60)),
        ("forced", &forced, 200, "Cache-Control: max-age=5", Ok(60)),
        ("forced", &forced, 200, "Cache-Control: max-age=500", Ok(60)),
        ("forced", &forced, 200, "Cache-Control: no-cache", Ok(60)),
        ("forced", &forced, 200, "Cache-Control: max-age=500\nAge: 9999", Ok(60)),
        ("forced", &forced, 302, "", Ok(60)),
        ("forced", &forced, 200, "Cache-Control: no-store", Err(NoStore)),
        ("forced", &forced, 200, "Cache-Control: private", Err(Private)),
        ("forced", &forced, 404, "", Err(NoFreshness)),
        ("forced", &forced, 500, "Cache-Control: max-age=5", Ok(5)),
        ("ignoring", &ignoring, 200, "Cache-Control: no-store, private", Ok(60)),
        ("ignoring", &ignoring, 200, "CDN-Cache-Control: no-store", Ok(60)),
        ("ignoring", &ignoring, 200, "Vary: *", Err(NotStored::VaryStar)),
        ("ignoring", &ignoring, 200, "Set-Cookie: a=b", Err(NotStored::SetCookie)),
        ("ignoring", &ignoring, 200, "Set-Cookie: a=b\nCache-Control: public", Err(NotStored::SetCookie)),
        ("deaf", &deaf, 200, "Cache-Control: max-age=5", Err(NoFreshness)),
        ("deaf", &deaf, 200, "Expires: {+500}", Err(NoFreshness)),
        ("deaf", &deaf, 200, "Expires: {+500}\nLast-Modified: {-100}", Ok(10)),
        ("negative", &negative, 404, "", Ok(5)),
        ("negative", &negative, 503, "", Ok(2)),
        ("negative", &negative, 404, "Cache-Control: max-age=500", Ok(500)),
        ("negative", &negative, 404, "Last-Modified: {-86400}", Ok(5)),
        ("negative", &negative, 404, "Cache-Control: no-store", Err(NoStore)),
        ("negative", &negative, 500, "", Err(NoFreshness)),
    ];
    table(rows, |(name, rules, status, text, expected)| {
        let found = store("", *status, text, rules).map(|terms| terms.freshness_left(NOW));
        same(&format!("{name}: {status} {text}"), found, *expected)
    });
}

#[test]
fn a_response_without_a_date_is_of_the_moment_it_came() {
    let rows = [("Date: {-5}", NOW - 5), ("Date: x", NOW), ("", NOW)];
    table(rows, |(text, expected)| {
        let fields = head(&format!("{text}\nCache-Control: max-age=3600"));
        let terms = judge_storing(
            &RequestView { method: Method::Get, fields: &head("") },
            &ResponseView { status: 200, fields: &fields, close_delimited: false },
            Times { requested: NOW, received: NOW },
            &CacheRules::default(),
        );
        same(text, terms.map(|terms| terms.date), Ok(*expected))
    });
}
