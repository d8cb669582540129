//! Purges: what each kind of it reaches and spares, and fetches that began before one.

use std::collections::HashMap;
use std::sync::Mutex;

use littoral_testbed::{Gate, Purge, Testbed, dynamic, ok, origin};

/// Each answer names how often its target was fetched.
fn counting() -> Testbed {
    let counts = Mutex::new(HashMap::<String, usize>::new());
    let script = origin(
        "*",
        dynamic(move |request| {
            let mut counts = counts.lock().expect("no handler panics");
            let count = counts.entry(request.target.clone()).or_default();
            *count += 1;
            let answer = ok(format!("v{count}")).max_age(600).etag(&format!("\"{count}\""));
            match request.path() {
                "/red" => answer.header("Surrogate-Key", "color red"),
                "/blue" => answer.header("Cache-Tag", "color,blue"),
                _ => answer,
            }
        }),
    );
    Testbed::start(script)
}

fn warm(bed: &Testbed, paths: &[&str]) {
    for path in paths {
        bed.get(path).is_forwarded("v1");
        bed.get(path).is_hit("v1");
    }
}

#[test]
fn a_purged_url_is_fetched_anew_and_its_neighbours_are_not() {
    let bed = counting();
    warm(&bed, &["/a", "/a?x=1", "/a/b", "/b"]);
    bed.purge(Purge::url("http://site.test/a"));
    bed.get("/a").is_forwarded("v2");
    bed.get("/a").is_hit("v2");
    for spared in ["/a?x=1", "/a/b", "/b"] {
        assert!(bed.get(spared).cache_status().is_some_and(|said| said.has("hit")), "{spared}");
    }
}

#[test]
fn erasing_takes_what_was_purged_out_of_the_store_and_nothing_else() {
    let bed = counting();
    warm(&bed, &["/a", "/b"]);
    assert_eq!(bed.purge(Purge::url("http://site.test/a")).erased, 0);
    assert_eq!(bed.explain("http://site.test/a").variants.len(), 1);
    let receipt = bed.purge(Purge::url("http://site.test/a").erasing());
    assert_eq!(receipt.erased, 1);
    assert!(bed.explain("http://site.test/a").variants.is_empty());
    bed.get("/a").is_forwarded("v2");
    bed.get("/b").is_hit("v1");
}

#[test]
fn a_purged_prefix_takes_all_below_it() {
    let bed = counting();
    warm(&bed, &["/img/a", "/img/b/c", "/imgs", "/other"]);
    bed.purge(Purge::prefix("http://site.test/img/"));
    bed.get("/img/a").is_forwarded("v2");
    bed.get("/img/b/c").is_forwarded("v2");
    bed.get("/imgs").is_hit("v1");
    bed.get("/other").is_hit("v1");
}

#[test]
fn a_purged_tag_takes_what_carries_it_in_either_field() {
    let bed = counting();
    warm(&bed, &["/red", "/blue", "/plain"]);
    bed.purge(Purge::tag("red"));
    bed.get("/red").is_forwarded("v2");
    bed.get("/blue").is_hit("v1");
    bed.purge(Purge::tag("color"));
    bed.get("/red").is_forwarded("v3");
    bed.get("/blue").is_forwarded("v2");
    bed.get("/plain").is_hit("v1");
}

#[test]
fn clients_do_not_see_surrogate_keys() {
    let bed = counting();
    bed.get("/red").lacks_header("surrogate-key");
    bed.get("/blue").lacks_header("cache-tag");
    bed.get("/red").lacks_header("surrogate-key");
}

#[test]
fn a_purged_site_is_empty() {
    let bed = counting();
    warm(&bed, &["/a", "/b/c", "/red"]);
    bed.purge(Purge::site());
    for path in ["/a", "/b/c", "/red"] {
        bed.get(path).is_forwarded("v2");
    }
}

#[test]
fn every_variant_of_a_purged_url_goes() {
    let script = origin(
        "/a",
        dynamic(|request| {
            ok(format!("{} {}", request.headers("accept-language"), request.count))
                .max_age(600)
                .vary("Accept-Language")
        }),
    );
    let bed = Testbed::start(script);
    let ask = |language: &str| bed.ask("GET", "/a").header("Accept-Language", language).send();
    ask("de").is_forwarded("de 1");
    ask("fr").is_forwarded("fr 2");
    bed.purge(Purge::url("http://site.test/a"));
    ask("fr").is_forwarded("fr 3");
    ask("de").is_forwarded("de 4");
}

#[test]
fn a_soft_purge_makes_stale_and_keeps_the_validator() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(600).etag("\"1\"").conditional()));
    bed.get("/a").is_forwarded("v1");
    bed.purge(Purge::url("http://site.test/a").soft());
    bed.get("/a").is_revalidated("v1");
    bed.get("/a").is_hit("v1");
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn a_hard_purge_lends_no_validator_and_no_stale_answer() {
    let bed =
        Testbed::start(origin("/a", ok("v1").max_age(600).stale_if_error(600).etag("\"1\"").conditional()));
    bed.get("/a").is_forwarded("v1");
    bed.purge(Purge::url("http://site.test/a"));
    bed.origin().refuse_connections();
    let reply = bed.get("/a");
    assert!(reply.status >= 500, "{reply}");
    bed.origin().accept_connections();
    bed.get("/a").is_forwarded("v1");
    assert_eq!(bed.origin().last("/a").header("if-none-match"), None);
}

#[test]
fn a_soft_purge_still_helps_when_the_origin_is_down() {
    let bed = Testbed::start(origin("/a", ok("v1").max_age(600).stale_if_error(600).etag("\"1\"")));
    bed.get("/a").is_forwarded("v1");
    bed.purge(Purge::url("http://site.test/a").soft());
    bed.origin().refuse_connections();
    bed.get("/a").has_status(200).has_body("v1");
}

#[test]
fn a_fetch_that_began_before_a_purge_is_not_served_after_it() {
    for soft in [false, true] {
        let gate = Gate::closed();
        let behind = gate.clone();
        let script = origin(
            "/a",
            dynamic(move |request| {
                let answer = ok(format!("v{}", request.count)).max_age(600);
                if request.count == 1 { answer.held_by(&behind) } else { answer }
            }),
        );
        let bed = Testbed::start(script);
        let mut early = bed.client();
        early.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
        gate.wait_for_arrivals(1);
        let purge = Purge::url("http://site.test/a");
        bed.purge(if soft { purge.soft() } else { purge });
        gate.open();
        // Its answer had not begun when the purge was acknowledged.
        early.reply("GET").has_status(200).has_body("v2");
        bed.get("/a").has_body("v2");
        bed.get("/a").is_hit("v2");
        assert_eq!(bed.origin().count("/a"), 2);
    }
}

#[test]
fn who_comes_after_a_purge_does_not_join_a_fetch_from_before() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| {
            let answer = ok(format!("v{}", request.count)).max_age(600);
            if request.count == 1 { answer.held_by(&behind) } else { answer }
        }),
    );
    let bed = Testbed::start(script);
    let mut early = bed.client();
    early.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    bed.purge(Purge::url("http://site.test/a"));
    bed.get("/a").has_body("v2");
    gate.open();
    early.reply("GET").has_status(200).has_body("v2");
    bed.get("/a").is_hit("v2");
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn content_under_way_when_a_purge_comes_is_not_kept() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| match request.count {
            1 => ok("old!").max_age(600).held_after(2, &behind),
            _ => ok("new!").max_age(600),
        }),
    );
    let bed = Testbed::start(script);
    let mut early = bed.client();
    early.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    let mut seen = Vec::new();
    while !seen.ends_with(b"\r\n\r\nol") {
        seen.extend(early.read_bytes(1));
    }
    bed.purge(Purge::url("http://site.test/a"));
    gate.open();
    assert_eq!(early.read_bytes(2), b"d!");
    bed.get("/a").is_forwarded("new!");
}

#[test]
fn a_validation_that_began_before_a_purge_freshens_nothing() {
    let gate = Gate::closed();
    let behind = gate.clone();
    let script = origin(
        "/a",
        dynamic(move |request| {
            let answer = ok("v1").max_age(10).etag("\"1\"").conditional();
            if request.count == 2 { answer.held_by(&behind) } else { answer }
        }),
    );
    let bed = Testbed::start(script);
    bed.get("/a").is_forwarded("v1");
    bed.advance(11);
    let mut early = bed.client();
    early.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    bed.purge(Purge::url("http://site.test/a"));
    gate.open();
    early.reply("GET").is_forwarded("v1");
    assert_eq!(bed.origin().last("/a").header("if-none-match"), None);
}

#[test]
fn a_purge_holds_on_every_thread_at_once() {
    let script = origin("/a", dynamic(|request| ok(format!("v{}", request.count)).max_age(600)));
    let bed = Testbed::builder(script).workers(4).start();
    bed.get("/a").is_forwarded("v1");
    for round in 2..20 {
        let mut clients: Vec<_> = (0..16).map(|_| bed.client()).collect();
        for client in &mut clients {
            client.get("/a", "site.test").has_status(200);
        }
        bed.purge(Purge::url("http://site.test/a"));
        for client in &mut clients {
            client.get("/a", "site.test").has_body(format!("v{round}"));
        }
    }
}
