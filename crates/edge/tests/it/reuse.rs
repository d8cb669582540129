//! Reuse after freshness: validation, stale answers while revalidating and on errors, and the client's own conditions.

use littoral_testbed::{Gate, Testbed, dynamic, hang, in_turn, not_modified, ok, origin, reset, status};

const MONDAY: &str = "Mon, 01 Dec 2025 00:00:00 GMT";
const TUESDAY: &str = "Tue, 02 Dec 2025 00:00:00 GMT";

#[test]
fn a_stale_response_is_validated_and_fresh_again() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(10).etag("\"1\"").conditional()));
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.get("/a").is_revalidated("v1");
    assert_eq!(bed.origin().last("/a").header("if-none-match"), Some("\"1\""));
    bed.advance(9);
    bed.get("/a").is_hit("v1");
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn last_modified_validates_where_there_is_no_etag() {
    let answers = [ok("v1").max_age(10).header("Last-Modified", MONDAY), not_modified().max_age(10)];
    let bed = Testbed::start(origin("/a", in_turn(answers)));
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.get("/a").is_revalidated("v1");
    assert_eq!(bed.origin().last("/a").header("if-modified-since"), Some(MONDAY));
}

#[test]
fn a_changed_response_takes_the_place_of_the_stale_one() {
    let answers = [ok("v1").max_age(10).etag("\"1\""), ok("v2").max_age(10).etag("\"2\"")];
    let bed = Testbed::start(origin("/a", in_turn(answers)));
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.get("/a").is_forwarded("v2");
    bed.get("/a").is_hit("v2");
}

#[test]
fn not_modified_brings_new_fields() {
    let first = ok("v1").max_age(10).etag("\"1\"").header("X-Part", "old");
    let second = not_modified().max_age(100).etag("\"1\"").header("X-Part", "new").header("X-More", "1");
    let bed = Testbed::start(origin("/a", in_turn([first, second])));
    bed.get("/a").has_header("x-part", "old");
    bed.advance(11);
    for _ in 0..2 {
        bed.get("/a").has_body("v1").has_header("x-part", "new").has_header("x-more", "1");
    }
    bed.advance(50);
    bed.get("/a").is_hit("v1").has_header("content-length", "2");
}

#[test]
fn no_cache_is_stored_and_validated_each_time() {
    let bed = Testbed::start(origin(
        "/a",
        ok("v1").cache_control("no-cache, max-age=60").etag("\"1\"").conditional(),
    ));
    bed.get("/a").is_forwarded("v1");
    bed.get("/a").is_revalidated("v1");
    bed.get("/a").is_revalidated("v1");
    assert_eq!(bed.origin().count("/a"), 3);
}

#[test]
fn a_stale_response_is_served_while_it_is_validated_behind() {
    let gate = Gate::closed();
    let second = ok("v2").max_age(100).held_by(&gate);
    let script =
        origin("/a", in_turn([ok("v1").max_age(10).stale_while_revalidate(30).etag("\"1\""), second]));
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.get("/a").is_stale("v1");
    gate.wait_for_arrivals(1);
    bed.get("/a").is_stale("v1");
    gate.open();
    bed.until("the new version is served", || bed.get("/a").text() == "v2");
    bed.get("/a").is_hit("v2");
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn stale_while_revalidate_ends_where_it_says() {
    let answers = [ok("v1").max_age(10).stale_while_revalidate(30), ok("v2").max_age(10)];
    let bed = Testbed::start(origin("/a", in_turn(answers)));
    bed.get("/a").is_forwarded("v1");
    bed.advance(41);
    bed.get("/a").is_forwarded("v2");
}

#[test]
fn a_stale_response_is_served_while_the_origin_is_down() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(1).stale_if_error(60)));
    bed.get("/a").is_forwarded("v1");
    bed.advance(2);
    bed.origin().refuse_connections();
    bed.get("/a").is_stale("v1");
    bed.origin().accept_connections();
    bed.get("/a").is_forwarded("v1");
}

#[test]
fn stale_if_error_covers_every_way_to_fail_and_ends_where_it_says() {
    for (name, failure) in [
        ("500", status(500, "")),
        ("502", status(502, "")),
        ("503", status(503, "")),
        ("504", status(504, "")),
        ("reset", reset()),
        ("hang", hang()),
        ("garbage", littoral_testbed::raw("no HTTP at all\r\n\r\n")),
    ] {
        let script = origin("/a", in_turn([ok("v1").max_age(1).stale_if_error(60), failure]));
        let bed = Testbed::builder(script).origin_setting("head_timeout = \"150ms\"");
        let bed = bed.cache_setting("stale_if_disconnected = \"0s\"").start();
        bed.get("/a").is_forwarded("v1");
        bed.advance(2);
        let reply = bed.get("/a");
        assert_eq!(reply.text(), "v1", "{name}:\n{reply}");
        reply.is_stale("v1");
        bed.advance(60);
        let reply = bed.get("/a");
        assert!(reply.status >= 500, "{name}:\n{reply}");
    }
}

#[test]
fn must_revalidate_forbids_a_stale_answer() {
    let fresh = || ok("v1").max_age(1);
    for answer in [
        fresh().stale_if_error(60).cache_control("must-revalidate"),
        fresh().stale_if_error(60).cache_control("proxy-revalidate"),
        // Alone, it means proxy-revalidate, too (RFC 9111 §5.2.2.10); who names a stale time beside it, means that.
        fresh().s_maxage(1),
    ] {
        let bed = Testbed::start(origin("/a", answer.clone()));
        bed.get("/a").is_forwarded("v1");
        bed.advance(2);
        bed.origin().refuse_connections();
        let reply = bed.get("/a");
        assert!(matches!(reply.status, 502..=504), "{answer:?}:\n{reply}");
    }
}

#[test]
fn without_stale_if_error_a_failing_origin_is_told() {
    let bed = Testbed::start(origin("/a", in_turn([ok("v1").max_age(1), status(500, "broken")])));
    bed.get("/a").is_forwarded("v1");
    bed.advance(2);
    bed.get("/a").has_status(500).has_body("broken");
}

#[test]
fn not_found_is_no_error_to_hide() {
    let bed =
        Testbed::start(origin("/a", in_turn([ok("v1").max_age(1).stale_if_error(60), status(404, "gone")])));
    bed.get("/a").is_forwarded("v1");
    bed.advance(2);
    bed.get("/a").has_status(404).has_body("gone");
}

#[test]
fn the_clients_conditions_are_judged_on_what_is_stored() {
    let answer = ok("v1").max_age(60).etag("\"1\"").header("Last-Modified", MONDAY).header("X-Other", "1");
    let bed = Testbed::start(origin("/a", answer));
    bed.get("/a").is_forwarded("v1");
    let cases: &[(&[(&str, &str)], u16)] = &[
        (&[("If-None-Match", "\"1\"")], 304),
        (&[("If-None-Match", "W/\"1\"")], 304),
        (&[("If-None-Match", "\"0\", \"1\"")], 304),
        (&[("If-None-Match", "*")], 304),
        (&[("If-None-Match", "\"2\"")], 200),
        (&[("If-Modified-Since", MONDAY)], 304),
        (&[("If-Modified-Since", TUESDAY)], 304),
        (&[("If-Modified-Since", "Sun, 30 Nov 2025 00:00:00 GMT")], 200),
        (&[("If-Modified-Since", "no date")], 200),
        (&[("If-None-Match", "\"2\""), ("If-Modified-Since", MONDAY)], 200),
        (&[("If-None-Match", "\"1\""), ("If-Modified-Since", "Sun, 30 Nov 2025 00:00:00 GMT")], 304),
        (&[("If-Match", "\"1\"")], 200),
        (&[("If-Match", "\"2\"")], 412),
        (&[("If-Unmodified-Since", MONDAY)], 200),
        (&[("If-Unmodified-Since", "Sun, 30 Nov 2025 00:00:00 GMT")], 412),
    ];
    for (fields, wanted) in cases {
        let mut ask = bed.ask("GET", "/a");
        for (name, value) in *fields {
            ask = ask.header(name, value);
        }
        let reply = ask.send();
        assert_eq!(reply.status, *wanted, "{fields:?}\n{reply}");
        if *wanted == 304 {
            reply
                .has_header("etag", "\"1\"")
                .has_header("cache-control", "max-age=60")
                .lacks_header("x-other");
        }
    }
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn the_clients_conditions_do_not_travel_with_a_fill() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(60).etag("\"1\"").conditional()));
    let ask = || bed.ask("GET", "/a").header("If-None-Match", "\"1\"").send();
    ask().has_status(304);
    assert_eq!(bed.origin().last("/a").header("if-none-match"), None);
    bed.get("/a").has_body("v1");
    ask().has_status(304);
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn the_clients_conditions_travel_where_nothing_is_stored() {
    let bed = Testbed::start(origin("/a", ok("v1").cache_control("no-store").etag("\"1\"").conditional()));
    for _ in 0..2 {
        let reply = bed.ask("GET", "/a").header("If-None-Match", "\"1\"").send();
        assert!(matches!(reply.status, 200 | 304), "{reply}");
    }
    bed.get("/a").is_forwarded("v1");
}

#[test]
fn a_validation_for_a_client_with_a_condition_serves_the_next_one_whole() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(10).etag("\"1\"").conditional()));
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.ask("GET", "/a").header("If-None-Match", "\"1\"").send().has_status(304);
    bed.get("/a").is_hit("v1");
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn a_not_modified_nobody_asked_for_is_never_stored() {
    let bed = Testbed::start(origin("/a", in_turn([not_modified().max_age(60), ok("v1").max_age(60)])));
    let reply = bed.get("/a");
    assert!(reply.status != 200, "{reply}");
    bed.get("/a").is_forwarded("v1");
}

#[test]
fn a_validator_for_another_variant_does_not_freshen_this_one() {
    let script = origin(
        "/a",
        dynamic(|request| {
            let language = request.headers("accept-language");
            let tag = format!("\"{language}\"");
            ok(format!("in {language}")).max_age(10).etag(&tag).vary("Accept-Language").conditional()
        }),
    );
    let bed = Testbed::start(script);
    let ask = |language: &str| bed.ask("GET", "/a").header("Accept-Language", language).send();
    ask("de").is_forwarded("in de");
    ask("fr").is_forwarded("in fr");
    bed.advance(11);
    ask("de").has_body("in de");
    ask("fr").has_body("in fr");
    ask("de").is_hit("in de");
    ask("fr").is_hit("in fr");
}
