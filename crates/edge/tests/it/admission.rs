//! How much one client may take, and what happens while memory is short.

use littoral_edge::{EdgeConfig, MemoryAdmission, Notices};
use littoral_model::MemoryReserve;
use littoral_runtime::host::MemoryFacts;
use littoral_testbed::{Builder, Client, NoReply, Testbed, ok, origin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

const GET: &str = "GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n";

fn a() -> Builder {
    Testbed::builder(origin("*", ok("x").max_age(60)))
}

fn metric(bed: &Testbed, line: &str) -> bool {
    bed.metrics().lines().any(|found| found == line)
}

#[test]
fn an_address_has_so_many_connections() {
    let bed = a().configure(|config| config.clients.connections_per_address_max = 3).start();
    let mut kept: Vec<Client> = (0..3).map(|_| bed.client()).collect();
    for client in &mut kept {
        client.get("/a", "site.test").has_status(200);
    }
    let mut one_too_many = bed.client();
    one_too_many.try_send(GET);
    assert!(matches!(one_too_many.try_reply("GET"), Err(NoReply::Closed | NoReply::Odd(_))));
    bed.until("it is counted", || {
        metric(&bed, "littoral_refusals_total{reason=\"connections-per-address-max\"} 1")
    });
    drop(kept);
    bed.until("a place is free again", || {
        let mut client = bed.client();
        client.try_send(GET) && client.try_reply("GET").is_ok()
    });
}

#[test]
fn trusted_proxies_have_as_many_connections_as_they_need() {
    let bed = a()
        .configure(|config| {
            config.clients.connections_per_address_max = 1;
            config.clients.trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
        })
        .start();
    let mut kept: Vec<Client> = (0..5).map(|_| bed.client()).collect();
    for client in &mut kept {
        client.get("/a", "site.test").has_status(200);
    }
}

#[test]
fn behind_a_proxy_header_each_client_has_connections_of_its_own() {
    let bed = a()
        .configure(|config| {
            config.clients.connections_per_address_max = 1;
            config.clients.proxy_protocol = vec!["127.0.0.1".parse().expect("a network")];
        })
        .start();
    let from = |address: &str| {
        let mut client = bed.client();
        client.try_send(format!("PROXY TCP4 {address} 198.51.100.1 1 2\r\n{GET}"));
        client.try_reply("GET").map(|_| client)
    };
    let first = from("192.0.2.1").expect("the first of its address");
    let second = from("192.0.2.2").expect("the first of its address");
    assert!(from("192.0.2.1").is_err());
    drop((first, second));
}

#[test]
fn a_rate_lets_a_burst_through_and_then_what_time_earns() {
    let bed = a()
        .behavior_setting(
            "rate_limits = [{ name = \"login\", requests = 2, per = \"10s\", key = [\"cookie:session\"] }]",
        )
        .start();
    let ask =
        |session: &str| bed.ask("GET", "/a").header("Cookie", &format!("a=b; session={session}")).send();
    ask("one").has_status(200);
    ask("one").has_status(200);
    let refused = ask("one");
    refused.has_status(429).has_header("retry-after", "5").has_cache_status("detail", "rate-limited");
    ask("two").has_status(200);
    bed.advance(4);
    ask("one").has_status(429).has_header("retry-after", "1");
    bed.advance(1);
    ask("one").has_status(200);
    ask("one").has_status(429);
    bed.advance(100);
    ask("one").has_status(200);
    assert!(
        metric(&bed, "littoral_rate_limited_total{site=\"site\",limit=\"login\"} 3"),
        "{}",
        bed.metrics()
    );
    assert!(metric(&bed, "littoral_rate_limit_clients 2"));
}

#[test]
fn what_tells_clients_apart_is_the_behaviors_choice() {
    let limit =
        |key: &str| format!("rate_limits = [{{ requests = 1, per = \"10s\", key = [{key}], status = 503 }}]");
    for (key, same, other) in [
        ("\"address\"", ("/a?k=1", "site.test", "1"), None),
        ("\"path\"", ("/a?k=1", "site.test", "1"), Some(("/b", "site.test", "0"))),
        ("\"query:k\"", ("/a?x=2", "site.test", "0"), Some(("/a?k=1", "site.test", "0"))),
        ("\"host\"", ("/b", "site.test", "1"), Some(("/a", "www.site.test", "0"))),
        ("\"header:x-user\"", ("/b", "www.site.test", "0"), Some(("/a", "site.test", "1"))),
        ("\"address\", \"header:x-user\"", ("/b", "site.test", "0"), Some(("/a", "site.test", "1"))),
    ] {
        let bed = a().behavior_setting(&limit(key)).start();
        let ask = |(target, host, user): (&str, &str, &str)| {
            bed.ask("GET", target).host(host).header("X-User", user).send().status
        };
        assert_eq!(ask(("/a", "site.test", "0")), 200, "{key}");
        assert_eq!(ask(same), 503, "{key}");
        if let Some(other) = other {
            assert_eq!(ask(other), 200, "{key}");
        }
    }
}

#[test]
fn of_several_limits_the_one_that_is_used_up_does_not_use_up_the_others() {
    let limits = "rate_limits = [{ name = \"slow\", requests = 3, per = \"100s\", key = [\"address\"] }, \
                  { name = \"fast\", requests = 1, per = \"1s\", key = [\"address\"] }]";
    let bed = a().behavior_setting(limits).start();
    let status = || bed.get("/a").status;
    assert_eq!([status(), status(), status()], [200, 429, 429]);
    bed.advance(1);
    assert_eq!([status(), status()], [200, 429]);
    bed.advance(1);
    assert_eq!([status(), status()], [200, 429]);
    bed.advance(1);
    assert_eq!(status(), 429);
}

#[test]
fn a_limit_concerns_whom_its_condition_names_and_explain_says_so() {
    let limit = "rate_limits = [{ name = \"writes\", requests = 1, per = \"10s\", key = [\"address\"], \
                 when = 'method == \"POST\"' }]";
    let bed = a().behavior_setting(limit).start();
    for _ in 0..3 {
        bed.get("/a").has_status(200);
    }
    let explain = || {
        bed.edge().explain(&littoral_edge::ExplainRequest {
            method: "POST".to_owned(),
            ..request_for("http://site.test/a")
        })
    };
    for _ in 0..3 {
        let explanation = explain().expect("an explanation");
        assert_eq!(explanation.outcome, "pass", "asking takes nothing");
        assert_eq!((&*explanation.limits[0].name, explanation.limits[0].left), ("writes", 1));
    }
    assert!(bed.edge().explain(&request_for("http://site.test/a")).expect("one").limits.is_empty());
    bed.ask("POST", "/a").send().has_status(200);
    bed.ask("POST", "/a").send().has_status(429);
    let explanation = explain().expect("an explanation");
    assert_eq!(explanation.limits[0].left, 0);
    assert_eq!((explanation.outcome.as_str(), explanation.status), ("refuse", Some(429)));
    assert!(explanation.why.contains("`writes`"), "{}", explanation.why);
}

fn request_for(url: &str) -> littoral_edge::ExplainRequest {
    serde_json::from_value(serde_json::json!({ "url": url })).expect("a URL is enough")
}

fn explained(bed: &Testbed, url: &str) -> (String, Option<u16>) {
    let explanation = bed.edge().explain(&request_for(url)).expect("an explanation");
    (explanation.outcome, explanation.status)
}

/// A machine with 1000 MiB, of which a test says how many are available, and 100 are to stay.
fn short_of_memory(
    available: &Arc<AtomicU64>,
    told: &Arc<Mutex<Vec<String>>>,
) -> impl FnOnce(&mut EdgeConfig) + use<> {
    let (available, told) = (available.clone(), told.clone());
    move |config| {
        config.memory = MemoryAdmission {
            reserve: MemoryReserve::Share(10),
            facts: Arc::new(move || MemoryFacts {
                total_bytes: Some(1000 << 20),
                available_bytes: Some(available.load(Ordering::Relaxed) << 20),
                stalled_percent: None,
            }),
        };
        config.notices =
            Notices::to(move |text| told.lock().expect("no test fails while it tells").push(text.to_owned()));
    }
}

#[test]
fn while_memory_is_short_hits_are_served_and_what_needs_an_origin_is_not() {
    let (available, told) = (Arc::new(AtomicU64::new(500)), Arc::default());
    let bed = a().workers(1).configure(short_of_memory(&available, &told)).start();
    bed.get("/a").is_forwarded("x");
    let mut kept = bed.client();
    kept.get("/a", "site.test").was_hit();

    available.store(99, Ordering::Relaxed);
    bed.until("memory is short", || bed.edge().status().memory_short);
    assert!(metric(&bed, "littoral_memory_short 1") && metric(&bed, "littoral_memory_shortages_total 1"));
    kept.get("/a", "site.test").was_hit();
    let refused = kept.get("/b", "site.test");
    refused.has_status(503).has_header("retry-after", "5").has_cache_status("detail", "memory-short");
    assert_eq!(explained(&bed, "http://site.test/b"), ("refuse".to_owned(), Some(503)));
    assert_eq!(explained(&bed, "http://site.test/a"), ("hit".to_owned(), None));
    assert!(refused.says_close());
    bed.ask("POST", "/a").send().has_status(503);
    // A new connection gets one answer.
    let mut fresh = bed.client();
    let hit = fresh.get("/a", "site.test");
    hit.was_hit();
    assert!(hit.says_close());
    assert_eq!(bed.origin().requests().len(), 1);

    available.store(124, Ordering::Relaxed);
    bed.get("/b").has_status(503);
    available.store(200, Ordering::Relaxed);
    bed.until("memory suffices", || !bed.edge().status().memory_short);
    bed.get("/b").is_forwarded("x");
    let told = told.lock().expect("nothing failed while it told");
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told[0].contains("99MiB available, 100MiB are to stay") && told[1].contains("suffices"),
        "{told:?}"
    );
}

#[test]
fn what_is_stale_stands_in_while_memory_is_short() {
    let (available, told) = (Arc::new(AtomicU64::new(500)), Arc::default());
    let bed =
        a().cache_setting("stale_if_error = \"1d\"").configure(short_of_memory(&available, &told)).start();
    bed.get("/a").is_forwarded("x");
    bed.advance(100);
    available.store(1, Ordering::Relaxed);
    bed.until("memory is short", || bed.edge().status().memory_short);
    bed.get("/a").is_stale("x").has_cache_status("detail", "memory-short");
    assert_eq!(explained(&bed, "http://site.test/a"), ("stale".to_owned(), None));
}

#[test]
fn idle_connections_go_sooner_while_memory_is_short_and_new_ones_are_few() {
    let (available, told) = (Arc::new(AtomicU64::new(500)), Arc::default());
    let bed = a().workers(1).configure(short_of_memory(&available, &told)).start();
    bed.get("/a").is_forwarded("x");
    let mut idle = bed.client();
    idle.get("/a", "site.test").was_hit();
    bed.settle();
    available.store(1, Ordering::Relaxed);
    bed.until("memory is short", || bed.edge().status().memory_short);
    bed.advance(2);
    idle.is_closed_by_peer();

    let crowd: Vec<Client> = (0..70).map(|_| bed.client()).collect();
    bed.until("some are turned away", || {
        bed.metrics().contains("littoral_refusals_total{reason=\"memory-short\"} 6")
    });
    assert_eq!(bed.edge().status().connections, 64);
    drop(crowd);
}
