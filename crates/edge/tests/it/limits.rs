//! Limits on clients: slow heads and bodies, too much of anything, idle connections. The clock is moved, not waited for.

use littoral_testbed::{Client, Testbed, dynamic, ok, origin, secs};

fn bed() -> Testbed {
    let script = origin("/a", ok("x").max_age(60)).and("/up", dynamic(|request| ok(request.text())));
    Testbed::builder(script).workers(1).start()
}

#[test]
fn a_slow_head_is_told_and_closed() {
    let bed = bed();
    let mut client = bed.client();
    client.send("GET /a HTTP/1.1\r\nHost: site.te");
    bed.settle();
    bed.advance(11);
    client.reply("GET").has_status(408);
    client.is_closed_by_peer();
}

#[test]
fn a_head_that_trickles_is_slow_all_the_same() {
    let bed = bed();
    let mut client = bed.client();
    client.send("GET /a HTTP/1.1\r\nHost: site.test\r\n");
    bed.settle();
    for byte in 0..12 {
        bed.advance(1);
        if !client.try_send(format!("X-{byte}: 1\r\n")) {
            break;
        }
        bed.settle();
    }
    let reply = client.try_reply("GET");
    assert!(reply.is_err() || reply.is_ok_and(|reply| reply.status == 408));
}

#[test]
fn a_slow_body_is_told_and_closed() {
    let bed = bed();
    let mut client = bed.client();
    client.send("PUT /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 100\r\n\r\nbeginning");
    bed.settle();
    bed.advance(31);
    if let Ok(reply) = client.try_reply("PUT") {
        assert_eq!(reply.status, 408, "{reply}");
    }
    assert_eq!(bed.origin().count("/up"), 0, "half an upload reached the origin as a whole one");
}

#[test]
fn an_idle_connection_is_closed_without_a_word() {
    let bed = bed();
    let mut client = bed.client();
    client.get("/a", "site.test").has_status(200);
    bed.settle();
    bed.advance(76);
    client.is_closed_by_peer();
    let mut fresh = bed.client();
    bed.settle();
    bed.advance(76);
    fresh.is_closed_by_peer();
}

#[test]
fn too_much_is_refused_by_name() {
    let bed = bed();
    let many = "X-A: 1\r\n".repeat(150);
    let cases = [
        (format!("GET /a HTTP/1.1\r\nHost: site.test\r\nX: {}\r\n\r\n", "x".repeat(33_000)), 431),
        (format!("GET /a HTTP/1.1\r\nHost: site.test\r\n{many}\r\n"), 431),
        (format!("GET /{} HTTP/1.1\r\nHost: site.test\r\n\r\n", "x".repeat(9_000)), 414),
        ("PUT /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 99999999999999\r\n\r\n".to_owned(), 413),
    ];
    for (bytes, wanted) in cases {
        let mut client = bed.client();
        client.try_send(&bytes);
        let reply = client.reply("GET");
        assert_eq!(reply.status, wanted, "{reply}");
        assert!(reply.says_close(), "{reply}");
    }
    assert!(bed.origin().requests().is_empty());
}

#[test]
fn an_upload_over_its_behaviors_limit_is_refused_however_it_is_framed() {
    let script = origin("/up", dynamic(|request| ok(request.body.len().to_string())));
    let bed = Testbed::builder(script).behavior_setting("request_body_max = \"10B\"").start();
    bed.ask("PUT", "/up").body("0123456789").send().has_status(200).has_body("10");
    bed.ask("PUT", "/up").body("0123456789x").send().has_status(413);
    let mut client = bed.client();
    client.send("PUT /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("9\r\n012345678\r\n9\r\n012345678\r\n0\r\n\r\n");
    if let Ok(reply) = client.try_reply("PUT") {
        assert_eq!(reply.status, 413, "{reply}");
    }
    assert_eq!(bed.origin().count("/up"), 1);
}

#[test]
fn endless_chunk_extensions_and_trailers_are_refused() {
    let bed = bed();
    let head = "PUT /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n";
    for endless in [
        format!("1;{}\r\nx\r\n0\r\n\r\n", "a".repeat(5_000)),
        format!("0\r\nX: {}\r\n\r\n", "a".repeat(20_000)),
    ] {
        let mut client = bed.client();
        client.try_send(format!("{head}{endless}"));
        if let Ok(reply) = client.try_reply("PUT") {
            assert!((400..500).contains(&reply.status), "{reply}");
        }
    }
    assert_eq!(bed.origin().count("/up"), 0);
}

#[test]
fn connections_over_the_limit_are_closed_at_once() {
    let script = origin("/a", ok("x").max_age(60));
    let bed = Testbed::builder(script).workers(1).limits(|limits| limits.connections_max = 4).start();
    let mut kept: Vec<Client> = (0..4).map(|_| bed.client()).collect();
    for client in &mut kept {
        client.get("/a", "site.test").has_status(200);
    }
    let mut one_too_many = bed.client().patient_for(secs(5));
    one_too_many.try_send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    assert!(one_too_many.try_reply("GET").is_err());
    for client in &mut kept {
        client.get("/a", "site.test").has_status(200);
    }
    drop(kept);
    bed.until("a place is free again", || {
        let mut client = bed.client();
        client.try_send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n") && client.try_reply("GET").is_ok()
    });
}

#[test]
fn a_client_that_does_not_read_is_dropped_and_holds_nobody_up() {
    let large = vec![7; 30_000_000];
    let script = origin("/large", ok(large).max_age(60)).and("/a", ok("x"));
    let bed = Testbed::builder(script).workers(1).start();
    let mut lazy = bed.client();
    lazy.receive_little().send("GET /large HTTP/1.1\r\nHost: site.test\r\n\r\n");
    bed.origin().wait_for_requests("/large", 1);
    let mut eager = bed.client();
    assert_eq!(eager.get("/large", "site.test").body.len(), 30_000_000);
    bed.get("/a").has_body("x");
    drop(eager);
    bed.until("the lazy client is dropped", || {
        bed.advance(10);
        bed.edge().status().connections == 0
    });
    drop(lazy);
}

#[test]
fn an_unknown_host_and_method_are_refused_by_name() {
    let bed = bed();
    bed.ask("GET", "/a").host("other.test").send().has_status(404);
    let bed = Testbed::builder(origin("/a", ok("x")))
        .behavior_setting("allow_methods = [\"GET\", \"HEAD\"]")
        .start();
    let reply = bed.ask("DELETE", "/a").send();
    reply.has_status(405);
    assert!(reply.header("allow").is_some_and(|allow| allow.contains("GET")), "{reply}");
    assert_eq!(bed.origin().count("/a"), 0);
}
