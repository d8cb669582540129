//! Messages and their framing, both ways: old clients, pipelines, chunks, trailers, expectations and upgrades.

use littoral_testbed::{Gate, Testbed, dynamic, ok, origin, status, switch_to_echo};

#[test]
fn http_1_0_gets_no_chunks_and_a_closed_connection() {
    let bed =
        Testbed::start(origin("/l", ok("hello").max_age(60)).and("/c", ok("hello").chunked(2).max_age(60)));
    for path in ["/l", "/c", "/l", "/c"] {
        let mut client = bed.client();
        client.send(format!("GET {path} HTTP/1.0\r\nHost: site.test\r\n\r\n"));
        let reply = client.reply("GET");
        reply.has_status(200).has_body("hello").lacks_header("transfer-encoding");
        client.is_closed_by_peer();
    }
}

#[test]
fn http_1_0_may_keep_its_connection() {
    let bed = Testbed::start(origin("/a", ok("hello").max_age(60)));
    bed.get("/a").is_forwarded("hello");
    let mut client = bed.client();
    for _ in 0..2 {
        client.send("GET /a HTTP/1.0\r\nHost: site.test\r\nConnection: keep-alive\r\n\r\n");
        client.reply("GET").has_body("hello").has_header("connection", "keep-alive");
    }
}

#[test]
fn a_client_that_says_close_is_closed() {
    let bed = Testbed::start(origin("/a", ok("hello").max_age(60)));
    for _ in 0..2 {
        let mut client = bed.client();
        client.send("GET /a HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n");
        assert!(client.reply("GET").has_body("hello").says_close());
        client.is_closed_by_peer();
    }
}

#[test]
fn pipelined_requests_are_answered_in_their_order() {
    let script =
        origin("*", dynamic(|request| ok(format!("{} {}", request.target, request.text())).max_age(60)));
    let bed = Testbed::start(script);
    let mut client = bed.client();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: site.test\r\n\r\n");
    let post = "POST /p HTTP/1.1\r\nHost: site.test\r\nContent-Length: 3\r\n\r\nabc";
    client.send(format!("{}{}{post}{}{}", get("/1"), get("/2"), get("/1"), get("/3")));
    for wanted in ["/1 ", "/2 ", "/p abc", "/1 ", "/3 "] {
        client.reply("GET").has_body(wanted);
    }
    let many: String = (0..100).map(|n| get(&format!("/{}", n % 4))).collect();
    client.send(many);
    for n in 0..100 {
        client.reply("GET").has_body(format!("/{} ", n % 4));
    }
    client.has_nothing_unread();
}

#[test]
fn a_head_that_comes_byte_by_byte_is_read() {
    let bed = Testbed::start(origin("/a", ok("hello").max_age(60)));
    let mut client = bed.client();
    for byte in b"\r\nGET /a HTTP/1.1\r\nHost: site.test\r\nX-A: 1\r\n\r\n" {
        client.send([*byte]);
    }
    client.reply("GET").is_forwarded("hello");
}

#[test]
fn absolute_form_is_the_same_as_origin_form() {
    let bed = Testbed::start(origin("/a", ok("hello").max_age(60)));
    let mut client = bed.client();
    client.send("GET http://site.test/a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    client.reply("GET").is_forwarded("hello");
    client.get("/a", "site.test").is_hit("hello");
    assert_eq!(bed.origin().last("/a").target, "/a");
}

#[test]
fn options_asterisk_is_answered() {
    let bed = Testbed::start(origin("/a", ok("hello")));
    let mut client = bed.client();
    client.send("OPTIONS * HTTP/1.1\r\nHost: site.test\r\n\r\n");
    let reply = client.reply("OPTIONS");
    assert!(matches!(reply.status, 200 | 204), "{reply}");
    client.get("/a", "site.test").has_body("hello");
}

#[test]
fn uploads_arrive_whole_however_they_are_framed() {
    let script = origin("/up", dynamic(|request| ok(format!("{} {}", request.method, request.text()))));
    let bed = Testbed::start(script);
    let mut client = bed.client();
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        client.send(format!("{method} /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 5\r\n\r\nhello"));
        client.reply(method).has_body(format!("{method} hello"));
        client
            .send(format!("{method} /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n"));
        for chunk in ["3\r\nhel\r\n", "2;name=value\r\nlo\r\n", "0\r\n\r\n"] {
            client.send(chunk);
        }
        client.reply(method).has_body(format!("{method} hello"));
    }
}

#[test]
fn a_large_upload_arrives_byte_for_byte() {
    let content: Vec<u8> = (0..700_000u32).flat_map(u32::to_le_bytes).collect();
    let wanted = content.clone();
    let script = origin(
        "/up",
        dynamic(move |request| match request.body == wanted {
            true => ok("same"),
            false => status(500, "other"),
        }),
    );
    let bed = Testbed::start(script);
    bed.ask("PUT", "/up").body(&content).send().has_body("same");
    let mut client = bed.client();
    client.send("PUT /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n");
    for piece in content.chunks(99_999) {
        client.send(format!("{:X}\r\n", piece.len())).send(piece).send("\r\n");
    }
    client.send("0\r\n\r\n");
    client.reply("PUT").has_body("same");
}

#[test]
fn a_client_that_expects_100_is_told_to_continue() {
    let bed = Testbed::start(origin("/up", dynamic(|request| ok(request.text()))));
    let mut client = bed.client();
    client.send("PUT /up HTTP/1.1\r\nHost: site.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.read_bytes(25), b"HTTP/1.1 100 Continue\r\n\r\n");
    client.send("hello");
    client.reply("PUT").has_status(200).has_body("hello");
    client.get("/up", "site.test").has_status(200);
}

#[test]
fn a_client_that_sends_at_once_needs_no_100() {
    let bed = Testbed::start(origin("/up", dynamic(|request| ok(request.text()))));
    let mut client = bed.client();
    client.send(
        "PUT /up HTTP/1.1\r\nHost: site.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    );
    client.reply("PUT").has_status(200).has_body("hello");
    client.get("/up", "site.test").has_status(200);
}

#[test]
fn an_answer_before_the_content_reaches_the_client() {
    let bed = Testbed::start(origin("/up", status(403, "no")).without_reading_content("/up"));
    let mut client = bed.client();
    client.send("PUT /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1000000\r\n\r\nbeginning");
    client.reply("PUT").has_status(403).has_body("no");
}

#[test]
fn interim_answers_of_the_origin_are_passed_on_to_1_1_and_kept_from_1_0() {
    let answer = ok("hello").interim(103, &[("Link", "</s.css>; rel=preload")]).cache_control("no-store");
    let bed = Testbed::start(origin("/a", answer));
    let reply = bed.get("/a");
    reply.has_body("hello");
    assert!(reply.interim.iter().all(|(status, _)| *status == 103), "{reply}");
    let mut client = bed.client();
    client.send("GET /a HTTP/1.0\r\nHost: site.test\r\n\r\n");
    let reply = client.reply("GET");
    reply.has_body("hello");
    assert!(reply.interim.is_empty(), "{reply}");
}

#[test]
fn trailers_never_become_fields_and_do_not_break_the_answer() {
    let bed = Testbed::start(origin(
        "/a",
        ok("hello").trailer("X-Sum", "5").trailer("Set-Cookie", "evil=1").max_age(60),
    ));
    for _ in 0..2 {
        let mut client = bed.client();
        client.send("GET /a HTTP/1.1\r\nHost: site.test\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
        let reply = client.reply("GET");
        reply.has_body("hello").lacks_header("x-sum").lacks_header("set-cookie");
        assert!(reply.trailers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("set-cookie")), "{reply}");
    }
}

#[test]
fn trailers_of_a_request_never_become_fields() {
    let bed = Testbed::start(origin("/up", dynamic(|request| ok(request.text()))));
    let mut client = bed.client();
    let head = "PUT /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    client.send(head).send("2\r\nhi\r\n0\r\nX-Sum: 2\r\nAuthorization: evil\r\n\r\n");
    client.reply("PUT").has_body("hi");
    let seen = bed.origin().last("/up");
    assert_eq!((seen.header("x-sum"), seen.header("authorization")), (None, None));
    assert!(seen.trailers.iter().all(|(name, _)| !name.eq_ignore_ascii_case("authorization")), "{seen:?}");
}

#[test]
fn content_without_a_length_reaches_1_1_and_1_0_whole() {
    let bed = Testbed::start(origin("/a", ok("hello").until_close()));
    bed.get("/a").has_status(200).has_body("hello");
    let mut client = bed.client();
    client.send("GET /a HTTP/1.0\r\nHost: site.test\r\n\r\n");
    client.reply("GET").has_body("hello");
    client.is_closed_by_peer();
}

#[test]
fn answers_without_content_have_none() {
    let script =
        origin("/204", status(204, "").max_age(60)).and("/304", status(304, "")).and("/head", ok("hello"));
    let bed = Testbed::start(script);
    let mut client = bed.client();
    for _ in 0..2 {
        client.get("/204", "site.test").has_status(204);
    }
    client.send("HEAD /head HTTP/1.1\r\nHost: site.test\r\n\r\n");
    client.reply("HEAD").has_status(200).has_header("content-length", "5");
    client.get("/head", "site.test").has_body("hello");
}

const UPGRADE: &str = "GET /ws HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: ";

#[test]
fn an_upgraded_connection_carries_both_ways_and_early_bytes_wait_for_the_101() {
    let gate = Gate::closed();
    let bed = Testbed::start(origin("/ws", switch_to_echo("websocket").held_by(&gate)));
    let mut client = bed.client();
    client.send(format!("{UPGRADE}websocket\r\n\r\nearly"));
    gate.wait_for_arrivals(1);
    gate.open();
    let reply = client.reply("GET");
    reply.has_status(101).has_header("upgrade", "websocket");
    assert_eq!(client.read_bytes(5), b"early");
    for round in 0..20 {
        let message = format!("message {round:04}").repeat(500);
        client.send(&message);
        assert_eq!(client.read_bytes(message.len()), message.as_bytes());
    }
    client.finish_sending();
    client.is_closed_by_peer();
}

#[test]
fn a_refused_upgrade_is_a_plain_answer_and_early_bytes_are_not_a_request() {
    let bed = Testbed::start(origin("/ws", status(403, "no")).and("/b", ok("second")));
    let mut client = bed.client();
    client.send(format!("{UPGRADE}websocket\r\n\r\n"));
    client.reply("GET").has_status(403).has_body("no");
}

#[test]
fn only_allowed_tokens_reach_the_origin() {
    let script = origin("/ws", dynamic(|request| ok(format!("upgrade={}", request.headers("upgrade")))));
    let bed = Testbed::start(script);
    for (offered, passed) in
        [("h2c", ""), ("evil", ""), ("websocket", "websocket"), ("h2c, WebSocket", "WebSocket")]
    {
        let mut client = bed.client();
        client.send(format!("{UPGRADE}{offered}\r\n\r\n"));
        client.reply("GET").has_status(200).has_body(format!("upgrade={passed}"));
    }
    let mut client = bed.client();
    client.send("GET /ws HTTP/1.1\r\nHost: site.test\r\nUpgrade: websocket\r\n\r\n");
    client.reply("GET").has_body("upgrade=");
}

#[test]
fn a_101_that_nobody_asked_for_is_the_origins_fault() {
    let bed = Testbed::start(origin("/ws", switch_to_echo("websocket")));
    bed.get("/ws").has_status(502);
    bed.ask("POST", "/ws").body("x").send().has_status(502);
}

#[test]
fn a_101_for_another_protocol_than_asked_for_is_the_origins_fault() {
    let bed = Testbed::start(origin("/ws", switch_to_echo("h2c")));
    let mut client = bed.client();
    client.send(format!("{UPGRADE}websocket\r\n\r\n"));
    client.reply("GET").has_status(502);
}

#[test]
fn refused_requests_are_told_why_and_closed() {
    let bed = Testbed::start(origin("/a", ok("x")));
    let cases: &[(&str, u16)] = &[
        (
            "GET /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            400,
        ),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: x\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: gzip\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nX: 1\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nX: 1\r\n 2\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nX : 1\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nHost: site.test\r\n\r\n", 400),
        ("GET /a HTTP/1.1\r\nHost: site.test\r\nExpect: miracles\r\n\r\n", 417),
        ("GET /a HTTP/2.0\r\nHost: site.test\r\n\r\n", 505),
        ("GET /%zz HTTP/1.1\r\nHost: site.test\r\n\r\n", 400),
        ("GET /%00 HTTP/1.1\r\nHost: site.test\r\n\r\n", 400),
    ];
    for (bytes, wanted) in cases {
        let mut client = bed.client();
        client.send(bytes);
        let reply = client.reply("GET");
        assert_eq!(reply.status, *wanted, "{bytes:?}\n{reply}");
    }
    for method in ["TRACE", "CONNECT"] {
        let mut client = bed.client();
        client.send(format!("{method} /a HTTP/1.1\r\nHost: site.test\r\n\r\n"));
        let reply = client.reply(method);
        assert!(matches!(reply.status, 400 | 405 | 501), "{reply}");
    }
    assert!(bed.origin().requests().is_empty());
}

#[test]
fn broken_chunks_of_an_upload_are_refused_and_never_look_whole() {
    for broken in [
        "5\r\nhel\r\n0\r\n\r\n",
        "x\r\nhello\r\n0\r\n\r\n",
        "5\nhello\r\n0\r\n\r\n",
        "-5\r\nhello\r\n0\r\n\r\n",
    ] {
        let bed = Testbed::start(origin("/up", dynamic(|request| ok(request.text()))));
        let mut client = bed.client();
        client.send(format!(
            "PUT /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n{broken}"
        ));
        if let Ok(reply) = client.try_reply("PUT") {
            assert_eq!(reply.status, 400, "{broken:?}\n{reply}");
        }
        assert_eq!(bed.origin().count("/up"), 0, "{broken:?} reached the origin as a whole request");
    }
}

#[test]
fn the_origin_is_told_who_asks_and_through_whom() {
    let bed = Testbed::start(origin("/a", ok("x")));
    bed.get("/a").has_status(200);
    let seen = bed.origin().last("/a");
    assert_eq!(seen.headers("host"), "site.test");
    assert_eq!(seen.headers("x-forwarded-for"), "127.0.0.1");
    assert_eq!(seen.headers("x-forwarded-proto"), "http");
    assert_eq!(seen.headers("x-forwarded-host"), "site.test");
    assert!(seen.headers("forwarded").contains("for=127.0.0.1"), "{seen:?}");
    assert!(seen.headers("via").ends_with("1.1 littoral"), "{seen:?}");
    assert!(seen.headers("cdn-loop").contains("littoral"), "{seen:?}");
}

#[test]
fn a_loop_through_this_cache_is_cut() {
    let bed = Testbed::start(origin("/a", ok("x")));
    let looped = vec!["littoral"; 20].join(", ");
    bed.ask("GET", "/a").header("CDN-Loop", &looped).send().has_status(508);
    assert_eq!(bed.origin().count("/a"), 0);
}
