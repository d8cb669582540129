//! Fetches that others follow, as time, purges and the origin's change of mind overtake them; and what a validation
//! or an unsafe method changes of what is stored.

use littoral_testbed::{Gate, Purge, Testbed, dynamic, not_modified, ok, origin, status};

const GET: &str = "GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n";

#[test]
fn surrogate_keys_that_a_304_brings_are_purged_by() {
    let script = origin(
        "/a",
        dynamic(|request| match request.count {
            1 => ok("v1").max_age(10).etag("\"1\"").header("Surrogate-Key", "old"),
            2 => not_modified().max_age(600).etag("\"1\"").header("Surrogate-Key", "new"),
            _ => ok("v2").max_age(600),
        }),
    );
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.get("/a").is_revalidated("v1");
    bed.purge(Purge::tag("old"));
    bed.get("/a").is_hit("v1");
    bed.purge(Purge::tag("new"));
    bed.get("/a").is_forwarded("v2");
}

#[test]
fn surrogate_keys_that_an_answer_to_head_brings_are_purged_by() {
    let script = origin(
        "/a",
        dynamic(|request| {
            let answer = ok(format!("v{}", request.count)).max_age(10).etag("\"1\"");
            if request.count == 1 { answer } else { answer.header("Surrogate-Key", "new") }
        }),
    );
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    bed.head("/a").has_status(200).was_forwarded();
    bed.get("/a").is_hit("v1");
    bed.purge(Purge::tag("new"));
    bed.get("/a").is_forwarded("v3");
}

#[test]
fn an_answer_to_head_has_aged_since_it_was_asked_for() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| {
            let answer = ok("v1").max_age(10).etag("\"1\"").conditional();
            if request.method == "HEAD" { answer.held_by(&behind) } else { answer }
        }),
    );
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    let mut client = bed.client();
    client.send(GET.replace("GET", "HEAD"));
    gate.wait_for_arrivals(1);
    bed.advance(6);
    gate.open();
    client.reply("HEAD").has_status(200);
    bed.advance(3);
    bed.get("/a").is_hit("v1");
    bed.advance(2);
    bed.get("/a").is_revalidated("v1");
}

#[test]
fn what_a_304_says_the_answer_varies_by_is_heeded() {
    let script = origin(
        "/a",
        dynamic(|request| match request.count {
            1 => ok("for a").max_age(10).etag("\"1\""),
            2 => not_modified().max_age(600).etag("\"1\"").vary("X-Tenant"),
            _ => ok(format!("for {}", request.headers("x-tenant"))).max_age(600).vary("X-Tenant"),
        }),
    );
    let bed = Testbed::start(script);
    let ask = |tenant: &str| bed.ask("GET", "/a").header("X-Tenant", tenant).send();
    ask("a").is_forwarded("for a");
    bed.advance(11);
    ask("a").is_revalidated("for a");
    ask("b").is_forwarded("for b");
    ask("a").is_hit("for a");
}

#[test]
fn a_304_that_makes_an_answer_private_is_for_the_one_that_asked() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| match request.count {
            1 => ok("public").max_age(10).etag("\"1\""),
            2 => not_modified().cache_control("private").etag("\"1\"").held_by(&behind),
            _ => ok("own").cache_control("private"),
        }),
    );
    let bed = Testbed::builder(script).workers(1).start();
    bed.get("/a").is_forwarded("public");
    bed.advance(11);
    let (mut leader, mut follower) = (bed.client(), bed.client());
    leader.send(GET);
    gate.wait_for_arrivals(1);
    follower.send(GET);
    bed.settle();
    gate.open();
    leader.reply("GET").is_revalidated("public");
    follower.reply("GET").is_forwarded("own");
    bed.get("/a").is_forwarded("own");
}

#[test]
fn an_unsafe_method_invalidates_what_the_key_leaves_of_its_query() {
    let script = origin(
        "/a",
        dynamic(|request| match request.method.as_str() {
            "GET" => ok(format!("v{}", request.count)).max_age(600),
            _ => status(204, ""),
        }),
    );
    for key in ["query = { except = [\"session\"] }", "sort_query = true"] {
        let bed = Testbed::builder(script.clone()).key_setting(key).start();
        bed.get("/a?x=1&y=2").is_forwarded("v1");
        bed.get("/a?x=1&y=2").is_hit("v1");
        let same = if key.starts_with("sort") { "/a?y=2&x=1" } else { "/a?x=1&session=9&y=2" };
        bed.ask("POST", same).body("x").send().has_status(204);
        bed.get("/a?x=1&y=2").is_forwarded("v3");
    }
}

#[test]
fn an_unsafe_method_of_another_behavior_invalidates_what_get_has_stored() {
    let script = origin(
        "/a",
        dynamic(|request| match request.method.as_str() {
            "GET" => ok(format!("v{}", request.count)).max_age(600),
            _ => status(204, ""),
        }),
    );
    let writes = "[[behaviors]]\nname = \"writes\"\npath = \"/*\"\nmethods = [\"POST\"]\norigin = \"app\"\n";
    let bed = Testbed::builder(script).first_behaviors(writes).key_setting("query = \"none\"").start();
    bed.get("/a?x=1").is_forwarded("v1");
    bed.ask("POST", "/a?x=1").body("x").send().has_status(204);
    bed.get("/a?x=1").is_forwarded("v3");
}

#[test]
fn who_comes_late_to_a_body_too_large_to_store_gets_all_of_it() {
    let gate = Gate::closed();
    let content = vec![b'x'; 12 << 20];
    let answer = ok(content.clone()).chunked(64 << 10).max_age(600).held_after(11 << 20, &gate);
    let bed = Testbed::builder(origin("/a", answer)).cache_setting("response_bytes_max = \"1MiB\"").start();
    let (mut early, mut late) = (bed.client(), bed.client());
    early.send(GET);
    early.read_bytes(11 << 20);
    late.send(GET);
    bed.origin().wait_for_requests("/a", 2);
    gate.open();
    late.reply("GET").has_status(200).has_body(content);
}

#[test]
fn a_body_whose_first_piece_is_too_large_to_store_arrives_whole() {
    let content = vec![b'x'; 200_000];
    let answer = ok(content.clone()).chunked(8 << 10).max_age(600);
    let bed = Testbed::builder(origin("/a", answer)).cache_setting("response_bytes_max = \"1KiB\"").start();
    for _ in 0..20 {
        bed.get("/a").has_status(200).has_body(&content).was_forwarded();
    }
}

#[test]
fn an_answer_that_has_grown_stale_on_its_way_is_for_those_who_waited() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| match request.count {
            1 => ok("old version").max_age(5).held_after(5, &behind),
            _ => ok("new version").max_age(600),
        }),
    );
    let bed = Testbed::start(script);
    let mut early = bed.client();
    early.send(GET);
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\nold v") {
        seen.extend(early.read_bytes(1));
    }
    bed.advance(6);
    bed.get("/a").is_forwarded("new version");
    gate.open();
    assert_eq!(early.read_bytes(6), b"ersion");
    bed.settle();
    bed.get("/a").is_hit("new version");
}
