//! What is stored and what is not, over the wire: the first answer, and whether the second one needs the origin.

use littoral_testbed::{Answer, Testbed, ok, origin, status};

/// The manual clock starts at this instant.
const START: &str = "Thu, 01 Jan 2026 00:00:00 GMT";
const LONG_AGO: &str = "Wed, 01 Jan 2025 00:00:00 GMT";
const IN_AN_HOUR: &str = "Thu, 01 Jan 2026 01:00:00 GMT";

#[test]
fn the_second_request_is_a_hit_and_says_its_age() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60)));
    bed.get("/a").is_forwarded("v1").has_cache_status("stored", "").lacks_header("age");
    bed.get("/a").is_hit("v1").has_header("age", "0").has_cache_status("ttl", "60");
    bed.advance(7);
    bed.get("/a").is_hit("v1").has_header("age", "7").has_cache_status("ttl", "53");
    assert_eq!(bed.origin().count("/a"), 1);
}

/// Whether a second GET is answered from the cache.
fn is_stored(name: &str, answer: Answer, first: &[(&str, &str)]) -> bool {
    let bed = Testbed::start(origin("/a", answer));
    let mut ask = bed.ask("GET", "/a");
    for (field, value) in first {
        ask = ask.header(field, value);
    }
    ask.send().was_forwarded();
    bed.get("/a");
    match bed.origin().count("/a") {
        1 => true,
        2 => false,
        more => panic!("{name}: {more} requests at the origin"),
    }
}

#[test]
fn answers_are_stored_where_rfc_9111_and_the_default_policy_allow_it() {
    let cases: Vec<(&str, Answer)> = vec![
        ("max-age", ok("x").max_age(60)),
        ("s-maxage alone", ok("x").s_maxage(60)),
        ("s-maxage over max-age=0", ok("x").max_age(0).s_maxage(60)),
        ("expires", ok("x").header("Date", START).header("Expires", IN_AN_HOUR)),
        ("heuristic from last-modified", ok("x").header("Last-Modified", LONG_AGO)),
        (
            "targeted field over no-store",
            ok("x").cache_control("no-store").header("CDN-Cache-Control", "max-age=60"),
        ),
        ("own targeted field over the common one", {
            let answer = ok("x").header("CDN-Cache-Control", "no-store");
            answer.header("Littoral-CDN-Cache-Control", "max-age=60")
        }),
        ("set-cookie under explicit freshness", ok("x").max_age(60).header("Set-Cookie", "a=1")),
        ("404 with max-age", status(404, "x").max_age(60)),
        ("500 with max-age", status(500, "x").max_age(60)),
        (
            "301 with last-modified",
            status(301, "").header("Last-Modified", LONG_AGO).header("Location", "/b"),
        ),
        ("302 with max-age", status(302, "").max_age(60).header("Location", "/b")),
        ("chunked", ok("xyz").chunked(1).max_age(60)),
        ("no content", ok("").max_age(60)),
        ("vary on an absent field", ok("x").max_age(60).vary("Accept-Language")),
        ("an unknown directive", ok("x").cache_control("max-age=60, frobnicate")),
        ("age below the lifetime", ok("x").max_age(60).header("Age", "59")),
    ];
    for (name, answer) in cases {
        assert!(is_stored(name, answer, &[]), "{name}: not stored");
    }
}

#[test]
fn answers_are_not_stored_where_rfc_9111_or_the_default_policy_forbid_it() {
    let cases: Vec<(&str, Answer)> = vec![
        ("no-store", ok("x").cache_control("no-store, max-age=60")),
        ("private", ok("x").cache_control("private, max-age=60")),
        ("no freshness at all", ok("x")),
        ("vary: *", ok("x").max_age(60).vary("*")),
        ("vary: * among others", ok("x").max_age(60).vary("Cookie").vary("*")),
        ("set-cookie under heuristic freshness", {
            ok("x").header("Last-Modified", LONG_AGO).header("Set-Cookie", "a=1")
        }),
        ("302 with last-modified only", status(302, "").header("Last-Modified", LONG_AGO)),
        ("500 with last-modified only", status(500, "x").header("Last-Modified", LONG_AGO)),
        ("until close", ok("x").max_age(60).until_close()),
        ("targeted no-store over max-age", ok("x").max_age(60).header("CDN-Cache-Control", "no-store")),
        ("expired", ok("x").header("Date", START).header("Expires", LONG_AGO)),
        ("invalid expires", ok("x").header("Expires", "0")),
        ("age above the lifetime", ok("x").max_age(60).header("Age", "61")),
    ];
    for (name, answer) in cases {
        assert!(!is_stored(name, answer, &[]), "{name}: stored");
    }
}

#[test]
fn answers_to_credentials_are_shared_only_where_the_origin_says_so() {
    let authorization = &[("Authorization", "Basic eDp5")][..];
    let cookie = &[("Cookie", "session=1")][..];
    let cases = [
        ("authorization, max-age", ok("x").max_age(60), authorization, false),
        ("authorization, public", ok("x").cache_control("public, max-age=60"), authorization, true),
        ("authorization, s-maxage", ok("x").s_maxage(60), authorization, true),
        (
            "authorization, must-revalidate",
            ok("x").cache_control("max-age=60, must-revalidate"),
            authorization,
            true,
        ),
        ("cookie, max-age", ok("x").max_age(60), cookie, false),
        ("cookie, public", ok("x").cache_control("public, max-age=60"), cookie, true),
        ("cookie, s-maxage", ok("x").s_maxage(60), cookie, true),
        ("cookie, targeted", ok("x").header("CDN-Cache-Control", "max-age=60"), cookie, true),
    ];
    for (name, answer, first, stored) in cases {
        assert_eq!(is_stored(name, answer, first), stored, "{name}");
    }
}

#[test]
fn the_clients_own_no_cache_is_ignored_by_default() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60)));
    bed.get("/a").is_forwarded("v1");
    for directive in ["no-cache", "no-store", "max-age=0", "only-if-cached"] {
        bed.ask("GET", "/a").header("Cache-Control", directive).send().is_hit("v1");
    }
    bed.ask("GET", "/a").header("Pragma", "no-cache").send().is_hit("v1");
}

#[test]
fn no_answer_to_post_is_stored_and_post_is_not_answered_from_the_cache() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60)));
    for _ in 0..2 {
        bed.ask("POST", "/a").body("x").send().is_forwarded("v1");
    }
    bed.get("/a").is_forwarded("v1");
    bed.ask("POST", "/a").body("x").send().is_forwarded("v1");
    assert_eq!(bed.origin().count("/a"), 4);
}

#[test]
fn head_is_answered_from_a_stored_get() {
    let bed = Testbed::start(origin("/a", ok("hello").max_age(60).etag("\"1\"")));
    bed.get("/a").is_forwarded("hello");
    let reply = bed.head("/a");
    reply
        .was_hit()
        .has_status(200)
        .has_body("")
        .has_header("content-length", "5")
        .has_header("etag", "\"1\"");
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn head_first_leaves_no_empty_content_for_get() {
    let bed = Testbed::start(origin("/a", ok("hello").max_age(60)));
    bed.head("/a").has_status(200).has_body("").has_header("content-length", "5");
    bed.get("/a").has_status(200).has_body("hello");
    bed.get("/a").is_hit("hello");
}

#[test]
fn variants_are_kept_apart_by_the_fields_that_vary_names() {
    let script = origin(
        "/a",
        littoral_testbed::dynamic(|request| {
            let language = request.headers("accept-language");
            ok(format!("in {language}")).max_age(60).vary("Accept-Language")
        }),
    );
    let bed = Testbed::start(script);
    for language in ["de", "fr", "is"] {
        let ask = || bed.ask("GET", "/a").header("Accept-Language", language).send();
        ask().is_forwarded(&format!("in {language}"));
        ask().is_hit(&format!("in {language}"));
    }
    assert_eq!(bed.origin().count("/a"), 3);
}

#[test]
fn accept_encoding_that_means_the_same_shares_a_variant() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60).vary("Accept-Encoding")));
    let ask = |value: &str| bed.ask("GET", "/a").header("Accept-Encoding", value).send();
    ask("gzip, br").is_forwarded("v1");
    for same in ["br, gzip", "br,gzip", "gzip;q=1.0, br;q=0.8", "GZIP, BR"] {
        ask(same).is_hit("v1");
    }
    ask("gzip").is_forwarded("v1");
    bed.get("/a").is_forwarded("v1");
}

#[test]
fn errors_with_a_lifetime_are_negative_hits() {
    let bed = Testbed::start(origin("/a", status(404, "none").max_age(10)));
    bed.get("/a").has_status(404).was_forwarded();
    bed.get("/a").has_status(404).has_body("none").was_hit();
    bed.advance(11);
    bed.get("/a").has_status(404).was_forwarded();
}

#[test]
fn unsafe_methods_that_succeed_invalidate_what_is_stored() {
    for method in ["POST", "PUT", "DELETE", "PATCH"] {
        for (answer, invalidates) in [(200, true), (204, true), (303, true), (403, false), (500, false)] {
            let script = origin(
                "/a",
                littoral_testbed::dynamic(move |request| match request.method.as_str() {
                    "GET" => ok("v1").max_age(60),
                    _ => status(answer, ""),
                }),
            );
            let bed = Testbed::start(script);
            bed.get("/a").is_forwarded("v1");
            bed.ask(method, "/a").body("x").send().has_status(answer);
            match invalidates {
                true => bed.get("/a").is_forwarded("v1"),
                false => bed.get("/a").is_hit("v1"),
            };
        }
    }
}

#[test]
fn location_of_the_same_origin_is_invalidated_and_of_another_is_not() {
    for (field, value, invalidated) in [
        ("Location", "/a", true),
        ("Content-Location", "/a", true),
        ("Location", "http://site.test/a", true),
        ("Location", "http://other.test/a", false),
    ] {
        let post = littoral_testbed::dynamic(move |_| status(201, "").header(field, value));
        let bed = Testbed::start(origin("/a", ok("v1").max_age(60)).and("/post", post));
        bed.get("/a").is_forwarded("v1");
        bed.ask("POST", "/post").body("x").send().has_status(201);
        match invalidated {
            true => bed.get("/a").is_forwarded("v1"),
            false => bed.get("/a").is_hit("v1"),
        };
    }
}

#[test]
fn fields_of_the_connection_end_at_the_edge_and_are_not_stored() {
    let answer = ok("v1").max_age(60).header("Connection", "X-Hop, keep-alive").header("X-Hop", "1");
    let answer = answer
        .header("Keep-Alive", "timeout=5")
        .header("Proxy-Connection", "keep-alive")
        .header("X-End", "1");
    let bed = Testbed::start(origin("/a", answer));
    for _ in 0..2 {
        let reply = bed.get("/a");
        reply
            .has_body("v1")
            .lacks_header("x-hop")
            .lacks_header("keep-alive")
            .lacks_header("proxy-connection");
        reply.has_header("x-end", "1");
    }
}

#[test]
fn a_response_that_was_stored_upstream_keeps_its_age() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60).header("Age", "30")));
    bed.get("/a").has_body("v1").has_header("age", "30");
    bed.advance(20);
    bed.get("/a").is_hit("v1").has_header("age", "50");
    bed.advance(11);
    bed.get("/a").is_forwarded("v1");
}

#[test]
fn the_query_belongs_to_the_key() {
    let bed = Testbed::start(origin("/a", littoral_testbed::dynamic(|r| ok(r.target.clone()).max_age(60))));
    for target in ["/a", "/a?", "/a?x=1", "/a?x=2", "/a?x=1&y=2", "/a?y=2&x=1"] {
        bed.get(target).is_forwarded(target);
        bed.get(target).is_hit(target);
    }
}

#[test]
fn large_contents_are_stored_and_served_byte_for_byte() {
    let content: Vec<u8> = (0..3_000_000u32).flat_map(u32::to_le_bytes).take(3_000_001).collect();
    let script = origin("/a", ok(content.clone()).max_age(60))
        .and("/b", ok(content.clone()).chunked(70_001).max_age(60));
    let bed = Testbed::start(script);
    for path in ["/a", "/b"] {
        bed.get(path).has_status(200).has_body(&content).was_forwarded();
        bed.get(path).has_status(200).has_body(&content).was_hit();
    }
}
