//! What a behavior sets, seen from outside: lifetimes, key choices, bypass conditions, cookies, memory, and a policy that
//! is replaced while the edge runs.

use littoral_testbed::{Answer, Builder, Testbed, dynamic, ok, origin, status};

const LONG_AGO: &str = "Wed, 01 Jan 2025 00:00:00 GMT";

fn numbered(answer: fn(Answer) -> Answer) -> Builder {
    Testbed::builder(origin("*", dynamic(move |request| answer(ok(format!("v{}", request.count))))))
}

/// For how many seconds the first answer is reused; judged at each of `ages`.
fn is_fresh_at(bed: &Testbed, ages: &[(u64, bool)]) {
    bed.get("/a").is_forwarded("v1");
    let mut now = 0;
    for (age, fresh) in ages {
        bed.advance(age - now);
        now = *age;
        let reply = bed.get("/a");
        assert_eq!(reply.text() == "v1", *fresh, "at {age} s\n{reply}");
    }
}

#[test]
fn a_forced_lifetime_stands_over_the_origins() {
    let bed = numbered(|answer| answer.max_age(10)).cache_setting("lifetime = \"100s\"").start();
    is_fresh_at(&bed, &[(99, true), (101, false)]);
    let bed = numbered(|answer| answer.max_age(1000)).cache_setting("lifetime = \"100s\"").start();
    is_fresh_at(&bed, &[(99, true), (101, false)]);
}

#[test]
fn a_forced_lifetime_does_not_store_what_is_private() {
    for directive in ["no-store", "private"] {
        let script = origin("/a", dynamic(move |r| ok(format!("v{}", r.count)).cache_control(directive)));
        let bed = Testbed::builder(script).cache_setting("lifetime = \"100s\"").start();
        bed.get("/a").is_forwarded("v1");
        bed.get("/a").is_forwarded("v2");
    }
}

#[test]
fn ignored_origin_directives_are_ignored() {
    let settings = "lifetime = \"100s\"\norigin_directives = \"ignore\"";
    let bed = numbered(|answer| answer.cache_control("no-store")).cache_setting(settings).start();
    is_fresh_at(&bed, &[(99, true), (101, false)]);
}

#[test]
fn lifetimes_have_a_least_a_most_and_a_default() {
    let bed = numbered(|answer| answer.max_age(10)).cache_setting("lifetime_min = \"100s\"").start();
    is_fresh_at(&bed, &[(99, true), (101, false)]);
    let bed = numbered(|answer| answer.max_age(1000)).cache_setting("lifetime_max = \"100s\"").start();
    is_fresh_at(&bed, &[(99, true), (101, false)]);
    let bed = numbered(|answer| answer).cache_setting("lifetime_default = \"100s\"").start();
    is_fresh_at(&bed, &[(99, true), (101, false)]);
    let bed = numbered(|answer| answer.max_age(10)).cache_setting("lifetime_default = \"100s\"").start();
    is_fresh_at(&bed, &[(9, true), (11, false)]);
}

#[test]
fn the_lifetime_that_clients_are_told_is_apart_from_ours() {
    let bed = numbered(|answer| answer.max_age(100)).cache_setting("lifetime_downstream = \"5s\"").start();
    for _ in 0..2 {
        bed.get("/a").has_body("v1").has_header("cache-control", "max-age=5");
    }
    bed.advance(50);
    // It counts from now: a client takes the age off again.
    bed.get("/a")
        .is_hit("v1")
        .has_header("cache-control", "max-age=55")
        .has_header("age", "50")
        .lacks_header("expires");
}

#[test]
fn silent_errors_are_stored_for_as_long_as_their_status_says() {
    let script = origin("/a", dynamic(|r| status(404, format!("v{}", r.count))));
    let bed = Testbed::builder(script).cache_setting("status_lifetimes = { 404 = \"10s\" }").start();
    bed.get("/a").has_status(404).has_body("v1");
    bed.advance(9);
    bed.get("/a").has_body("v1").was_hit();
    bed.advance(2);
    bed.get("/a").has_body("v2");
}

#[test]
fn the_heuristic_can_be_switched_off() {
    let answer = |answer: Answer| answer.header("Last-Modified", LONG_AGO);
    let bed = numbered(answer).start();
    is_fresh_at(&bed, &[(1000, true)]);
    let bed = numbered(answer).cache_setting("heuristic = false").start();
    is_fresh_at(&bed, &[(0, false)]);
}

#[test]
fn stale_times_of_the_operator_hold_where_the_origin_names_none() {
    let bed = numbered(|answer| answer.max_age(10)).cache_setting("stale_while_revalidate = \"50s\"").start();
    bed.get("/a").is_forwarded("v1");
    bed.advance(20);
    bed.get("/a").is_stale("v1");
    bed.until("the new one is there", || bed.get("/a").text() == "v2");
    let settings = "stale_if_error = \"50s\"\nstale_if_disconnected = \"0s\"";
    let bed = numbered(|answer| answer.max_age(10)).cache_setting(settings).start();
    bed.get("/a").is_forwarded("v1");
    bed.origin().answers("/a", status(503, "down"));
    bed.advance(20);
    bed.get("/a").is_stale("v1");
    bed.advance(50);
    bed.get("/a").has_status(503);
}

#[test]
fn honoured_client_directives_reach_the_origin() {
    let bed = numbered(|answer| answer.max_age(100)).cache_setting("client_directives = \"honour\"").start();
    bed.get("/a").is_forwarded("v1");
    let ask = |directive: &str| bed.ask("GET", "/a").header("Cache-Control", directive).send();
    ask("max-age=50").is_hit("v1");
    ask("no-cache").has_body("v2").was_not_a_hit();
    ask("only-if-cached").is_hit("v2");
    bed.ask("GET", "/b").header("Cache-Control", "only-if-cached").send().has_status(504);
    assert_eq!(bed.origin().count("/b"), 0);
}

#[test]
fn query_parameters_outside_the_key_are_not_forwarded() {
    let echo = || origin("*", dynamic(|request| ok(request.target.clone()).max_age(60)));
    let cases = [
        ("query = \"none\"", "/a?x=1", "/a"),
        ("query = { only = [\"x\"] }", "/a?y=2&x=1&z", "/a?x=1"),
        ("query = { only = [\"x\"] }", "/a?y=2", "/a"),
        ("query = { except = [\"utm\"] }", "/a?x=1&utm=2&utm", "/a?x=1"),
        ("sort_query = true", "/a?b=1&a=2&a=1", "/a?a=2&a=1&b=1"),
    ];
    for (setting, asked, seen) in cases {
        let bed = Testbed::builder(echo()).key_setting(setting).start();
        bed.get(asked).is_forwarded(seen);
        bed.get(seen).is_hit(seen);
    }
}

#[test]
fn chosen_fields_and_cookies_belong_to_the_key_and_no_other_cookie_reaches_the_origin() {
    let script = origin(
        "/a",
        dynamic(|r| ok(format!("{} {}", r.headers("x-device"), r.headers("cookie"))).max_age(60)),
    );
    let bed = Testbed::builder(script).key_setting("headers = [\"X-Device\"]\ncookies = [\"plan\"]").start();
    let ask = |device: &str, cookie: &str| {
        bed.ask("GET", "/a").header("X-Device", device).header("Cookie", cookie).send()
    };
    ask("phone", "plan=1; id=1").is_forwarded("phone plan=1");
    ask("phone", "id=2; plan=1").is_hit("phone plan=1");
    ask("phone", "plan=2; id=1").is_forwarded("phone plan=2");
    ask("desk", "plan=1; id=1").is_forwarded("desk plan=1");
    ask("desk", "id=1").is_forwarded("desk ");
}

#[test]
fn aliases_share_and_client_hosts_do_not() {
    let echo = || origin("*", dynamic(|request| ok(request.headers("host")).max_age(60)));
    let bed = Testbed::start(echo());
    bed.get("/a").is_forwarded("site.test");
    bed.ask("GET", "/a").host("www.site.test").send().is_hit("site.test");
    let bed = Testbed::builder(echo()).key_setting("host = \"client\"").start();
    bed.get("/a").is_forwarded("site.test");
    bed.ask("GET", "/a").host("www.site.test").send().is_forwarded("www.site.test");
}

#[test]
fn bypass_conditions_pass_by_the_cache_both_ways() {
    let setting = "bypass = { cookies = [\"session\"], headers = [\"X-Preview\"], query = [\"draft\"] }";
    let bed = numbered(|answer| answer.s_maxage(60)).cache_setting(setting).start();
    bed.get("/a").is_forwarded("v1");
    bed.ask("GET", "/a").header("Cookie", "x=1; session=2").send().is_forwarded("v2");
    bed.ask("GET", "/a").header("X-Preview", "0").send().is_forwarded("v3");
    bed.get("/a?draft").is_forwarded("v4");
    bed.get("/a?draft").is_forwarded("v5");
    bed.get("/a").is_hit("v1");
    bed.ask("GET", "/a").header("Cookie", "sessions=2").send().is_hit("v1");
}

#[test]
fn a_bypassing_behavior_stores_nothing_and_the_next_one_does() {
    let first = "[[behaviors]]\nname = \"api\"\npath = \"/api/*\"\ncache = { mode = \"bypass\" }";
    let bed = numbered(|answer| answer.max_age(60)).first_behaviors(first).start();
    bed.get("/api/x").is_forwarded("v1");
    bed.get("/api/x").is_forwarded("v2");
    bed.get("/other").is_forwarded("v1");
    bed.get("/other").is_hit("v1");
}

#[test]
fn cookies_of_responses_are_kept_stripped_or_refused_as_set() {
    let answer = |answer: Answer| answer.max_age(60).header("Set-Cookie", "id=1");
    let bed = numbered(answer).cache_setting("set_cookie = \"never\"").start();
    bed.get("/a").is_forwarded("v1").has_header("set-cookie", "id=1");
    bed.get("/a").is_forwarded("v2");
    let bed = numbered(answer).cache_setting("set_cookie = \"strip\"").start();
    bed.get("/a").is_forwarded("v1").lacks_header("set-cookie");
    bed.get("/a").is_hit("v1").lacks_header("set-cookie");
}

#[test]
fn cookies_of_requests_can_be_ignored_where_they_change_nothing() {
    let bed = numbered(|answer| answer.max_age(60)).cache_setting("request_cookie = \"ignore\"").start();
    bed.ask("GET", "/a").header("Cookie", "id=1").send().is_forwarded("v1");
    bed.get("/a").is_hit("v1");
}

#[test]
fn a_response_above_its_limit_passes_whole_and_is_not_stored() {
    for chunked in [false, true] {
        let content = vec![9; 300_000];
        let answer = ok(content.clone()).max_age(60);
        let script = origin("/a", if chunked { answer.chunked(10_000) } else { answer });
        let bed = Testbed::builder(script).cache_setting("response_bytes_max = \"100KiB\"").start();
        for _ in 0..3 {
            bed.get("/a").has_status(200).has_body(&content).was_not_a_hit();
        }
        assert_eq!(bed.origin().count("/a"), 3);
    }
}

#[test]
fn memory_stays_within_its_budget_and_what_is_hot_stays_in_memory() {
    const BUDGET: u64 = 4 << 20;
    let script = origin("*", dynamic(|_| ok(vec![1; 20_000]).max_age(600)));
    let bed = Testbed::builder(script).memory(BUDGET).start();
    for round in 0..1000 {
        bed.get(&format!("/cold/{round}")).has_status(200);
        bed.get("/hot").has_status(200);
        let status = bed.edge().status();
        assert!(status.cache_bytes <= BUDGET, "{} bytes after {round} rounds", status.cache_bytes);
    }
    assert!(bed.origin().count("/hot") <= 3, "the hot one was fetched {} times", bed.origin().count("/hot"));
    assert!(bed.edge().status().responses > 50);
}

#[test]
fn whole_fetches_for_ranges_are_made_where_set() {
    let script = origin("/a", ok("abcdefghij").max_age(60).etag("\"1\"").ranged());
    let bed = Testbed::builder(script).cache_setting("ranges = \"whole\"").start();
    let part = |range: &str| bed.ask("GET", "/a").header("Range", range).send();
    part("bytes=2-4").has_status(206).has_body("cde");
    assert_eq!(bed.origin().last("/a").header("range"), None);
    part("bytes=5-6").has_status(206).has_body("fg").was_hit();
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn last_modified_stands_in_304_where_set() {
    let answer = |answer: Answer| answer.max_age(60).etag("\"1\"").header("Last-Modified", LONG_AGO);
    for (setting, stands) in [("", false), ("last_modified_in_304 = true", true)] {
        let bed = numbered(answer).behavior_setting(setting).start();
        bed.get("/a").is_forwarded("v1");
        let reply = bed.ask("GET", "/a").header("If-None-Match", "\"1\"").send();
        assert_eq!(reply.has_status(304).header("last-modified").is_some(), stands, "{reply}");
    }
}

#[test]
fn metrics_and_explanations_know_what_happened() {
    let bed = numbered(|answer| answer.max_age(60)).start();
    bed.get("/a").is_forwarded("v1");
    bed.get("/a").is_hit("v1");
    let metrics = bed.settle().metrics();
    for cache in ["hit", "miss"] {
        let line = metrics.lines().find(|line| {
            line.starts_with("littoral_requests_total") && line.contains(&format!("cache=\"{cache}\""))
        });
        assert!(line.is_some_and(|line| !line.ends_with(" 0")), "{cache}: {line:?}");
    }
    let told = format!("{:?}", bed.explain("http://site.test/a"));
    assert!(told.contains("all") && told.contains("/a"), "{told}");
}
