//! Origins that fail: every way of failing is told to the client as what it is, and leaves nothing in the cache.

use littoral_testbed::{Answer, Gate, NoReply, Testbed, hang, in_turn, ok, origin, raw, reset, status};

const SHORT: &str = "head_timeout = \"150ms\"\nidle_timeout = \"150ms\"\nconnect_timeout = \"150ms\"";

/// An origin that answers so once, and well afterwards.
fn once(failure: Answer) -> Testbed {
    Testbed::builder(origin("/a", in_turn([failure, ok("good").max_age(60)]))).origin_setting(SHORT).start()
}

#[test]
fn answers_that_never_begin_are_bad_gateways() {
    let cases: Vec<(&str, Answer, &[u16])> = vec![
        ("reset", reset(), &[502]),
        ("closed", raw(""), &[502]),
        ("silence", hang(), &[504]),
        ("no HTTP", raw("SSH-2.0-OpenSSH_9.2\r\n"), &[502]),
        ("another protocol's version", raw("HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n"), &[502]),
        ("a status that is none", raw("HTTP/1.1 99 Low\r\nContent-Length: 0\r\n\r\n"), &[502]),
        ("half a head", raw("HTTP/1.1 200 OK\r\nContent-Le"), &[502]),
        ("a NUL in a field", raw("HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n"), &[502]),
        ("no colon", raw("HTTP/1.1 200 OK\r\nnonsense\r\nContent-Length: 0\r\n\r\n"), &[502]),
        ("two lengths", raw("HTTP/1.1 200 OK\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nevil"), &[502]),
        ("a length that is none", raw("HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\nevil"), &[502]),
        ("an endless head", ok("x").header("X", "y".repeat(2_000_000)), &[502]),
        ("only interim answers", raw("HTTP/1.1 100 Continue\r\n\r\n"), &[502]),
    ];
    for (name, failure, wanted) in cases {
        let bed = once(failure);
        let reply = bed.get("/a");
        assert!(wanted.contains(&reply.status), "{name}: {reply}");
        reply.was_not_a_hit();
        let reply = bed.get("/a");
        assert_eq!(reply.text(), "good", "{name}, afterwards: {reply}");
    }
}

#[test]
fn answers_that_break_off_are_cut_off_visibly_and_never_stored() {
    let fresh = || ok("0123456789").max_age(60);
    let cases: Vec<(&str, Answer)> = vec![
        ("reset", fresh().resets_after(5)),
        ("closed", fresh().closes_after(5)),
        ("length too long", fresh().declares_length(20)),
        ("silence", fresh().hangs_after(5)),
        ("chunked, reset", fresh().chunked(2).resets_after(5)),
        ("chunked, closed", fresh().chunked(2).closes_after(5)),
        ("chunked, silence", fresh().chunked(2).hangs_after(5)),
        ("chunk size nonsense", {
            raw(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\nxyz\r\n",
            )
        }),
        ("chunks without an end", {
            raw(
                "HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n01234\r\n",
            )
        }),
    ];
    for (name, failure) in cases {
        let bed = once(failure);
        match bed.client().send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n").try_reply("GET") {
            Err(NoReply::CutOff(reply)) => assert!(b"0123456789".starts_with(&reply.body), "{name}: {reply}"),
            Err(NoReply::Closed) => {}
            Ok(reply) if reply.status >= 500 => {}
            other => panic!("{name}: {other:?}"),
        }
        let reply = bed.get("/a");
        assert_eq!(reply.text(), "good", "{name}, afterwards: {reply}");
    }
}

#[test]
fn http_1_0_clients_see_a_cut_too_where_a_length_was_said() {
    let bed = once(ok("0123456789").max_age(60).resets_after(5));
    let mut client = bed.client();
    client.send("GET /a HTTP/1.0\r\nHost: site.test\r\n\r\n");
    match client.try_reply("GET") {
        Err(NoReply::CutOff(_) | NoReply::Closed) => {}
        Ok(reply) if reply.status >= 500 => {}
        other => panic!("{other:?}"),
    }
}

#[test]
fn http_1_0_clients_see_a_cut_where_only_the_close_ends_the_content() {
    for failure in [ok("0123456789").chunked(2).resets_after(5), ok("0123456789").chunked(2).hangs_after(5)] {
        let bed = once(failure.max_age(60));
        let mut client = bed.client();
        client.send("GET /a HTTP/1.0\r\nHost: site.test\r\n\r\n");
        match client.try_reply("GET") {
            Err(NoReply::CutOff(_) | NoReply::Closed) => {}
            Ok(reply) if reply.status >= 500 => {}
            other => panic!("a part that looks whole: {other:?}"),
        }
    }
}

#[test]
fn more_content_than_announced_is_not_passed_on() {
    let script = origin("/a", ok("0123456789").max_age(60).declares_length(4)).and("/b", ok("next"));
    let bed = Testbed::start(script);
    bed.get("/a").has_body("0123");
    bed.get("/a").has_body("0123");
    for _ in 0..3 {
        bed.get("/b").has_status(200).has_body("next");
    }
}

#[test]
fn a_refusing_origin_is_a_bad_gateway_and_comes_back() {
    let bed = Testbed::start(origin("/a", ok("good").max_age(60)));
    bed.origin().refuse_connections();
    let reply = bed.get("/a");
    assert!(matches!(reply.status, 502 | 503), "{reply}");
    bed.origin().accept_connections();
    bed.get("/a").is_forwarded("good");
}

#[test]
fn a_kept_connection_that_died_is_replaced_without_the_client_seeing_it() {
    let bed = Testbed::start(origin("*", ok("good").cache_control("no-store")));
    for round in 0..5 {
        bed.get("/a").has_status(200).has_body("good");
        bed.origin().close_idle_connections();
        bed.ask("PUT", "/a").body("x").send().has_status(200);
        bed.origin().close_idle_connections();
        let reply = bed.ask("POST", "/a").body("x").send();
        // A POST may fail rather than be repeated, but an idle connection that is closed already is seen in time.
        assert!(matches!(reply.status, 200 | 502), "round {round}: {reply}");
    }
}

#[test]
fn a_connection_that_closes_behind_each_answer_is_no_failure() {
    for answer in [ok("good").then_closes(), ok("good").then_says_close()] {
        let bed = Testbed::start(origin("/a", answer.cache_control("no-store")));
        for _ in 0..20 {
            bed.get("/a").has_status(200).has_body("good");
        }
        assert_eq!(bed.origin().count("/a"), 20);
    }
}

#[test]
fn a_post_is_never_sent_twice() {
    let bed = Testbed::start(origin("/a", ok("x")).and("/post", reset()));
    for _ in 0..5 {
        bed.get("/a").has_status(200);
        bed.ask("POST", "/post").body("pay").send().has_status(502);
    }
    assert_eq!(bed.origin().count("/post"), 5);
}

#[test]
fn a_get_that_met_a_dead_connection_is_sent_twice_at_most() {
    let bed = Testbed::start(origin("/a", ok("x")).and("/get", reset()));
    bed.get("/a").has_status(200);
    bed.get("/get").has_status(502);
    assert!(bed.origin().count("/get") <= 2);
}

#[test]
fn a_silent_origin_holds_no_other_path_up() {
    let script = origin("/silent", hang()).and("/a", ok("good"));
    let bed = Testbed::start(script);
    let mut waiting = bed.client();
    waiting.send("GET /silent HTTP/1.1\r\nHost: site.test\r\n\r\n");
    bed.origin().wait_for_requests("/silent", 1);
    for _ in 0..10 {
        bed.get("/a").has_body("good");
    }
}

#[test]
fn a_client_that_leaves_ends_a_fetch_that_nobody_else_wants() {
    let bed = Testbed::builder(origin("/a", hang())).origin_setting("head_timeout = \"60s\"").start();
    let mut client = bed.client();
    client.send("POST /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\n\r\nx");
    bed.origin().wait_for_requests("/a", 1);
    client.reset();
    bed.origin().wait_for_abandoned(1);
}

#[test]
fn a_full_origin_queue_sheds_and_recovers() {
    let gate = Gate::closed();
    let script = origin("*", ok("good").cache_control("no-store").held_by(&gate));
    let settings = "connections_max = 2\nqueue_max = 3\nqueue_timeout = \"60s\"";
    let bed = Testbed::builder(script).workers(1).origin_setting(settings).start();
    let mut clients: Vec<_> = (0..10).map(|_| bed.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{number} HTTP/1.1\r\nHost: site.test\r\n\r\n"));
    }
    gate.wait_for_arrivals(2);
    bed.settle();
    gate.open();
    let mut statuses: Vec<u16> = clients.iter_mut().map(|client| client.reply("GET").status).collect();
    statuses.sort_unstable();
    assert_eq!(
        statuses,
        [200, 200, 200, 200, 200, 503, 503, 503, 503, 503],
        "two at the origin, three in the queue"
    );
    bed.get("/again").has_status(200).has_body("good");
}

#[test]
fn waiting_in_the_origin_queue_ends_in_time() {
    let gate = Gate::closed();
    let script = origin("*", ok("good").cache_control("no-store").held_by(&gate));
    let settings = "connections_max = 1\nqueue_max = 10\nqueue_timeout = \"100ms\"";
    let bed = Testbed::builder(script).workers(1).origin_setting(settings).start();
    let mut first = bed.client();
    first.send("GET /1 HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    let reply = bed.get("/2");
    assert!(matches!(reply.status, 503 | 504), "{reply}");
    gate.open();
    first.reply("GET").has_body("good");
}

#[test]
fn a_slow_origin_is_waited_for_as_long_as_it_moves() {
    let slow = ok("0123456789").max_age(60).dripping(1, std::time::Duration::from_millis(40));
    let bed = Testbed::builder(origin("/a", slow)).origin_setting("idle_timeout = \"300ms\"").start();
    bed.get("/a").is_forwarded("0123456789");
    bed.get("/a").is_hit("0123456789");
}

#[test]
fn error_statuses_of_the_origin_pass_as_they_are() {
    for code in [400, 401, 403, 404, 410, 418, 429, 500, 503, 599] {
        let bed = Testbed::start(origin("/a", status(code, "said").header("Retry-After", "7")));
        bed.get("/a").has_status(code).has_body("said").has_header("retry-after", "7");
    }
}
