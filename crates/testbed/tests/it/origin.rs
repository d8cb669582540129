//! The scripted origin over bare sockets: each fault looks on the wire as its name says.

use std::thread;

use littoral_testbed::{
    Client, Gate, NoReply, Origin, dynamic, hang, in_turn, ok, origin, raw, reset, secs, status,
    switch_to_echo,
};

fn client(origin: &Origin) -> Client {
    Client::connect(origin.address())
}

#[test]
fn plain_answers_share_a_connection() {
    let origin = origin("/a", ok("v1").max_age(1).vary("Cookie").etag("\"1\"")).start();
    let mut client = client(&origin);
    let reply = client.get("/a", "x");
    reply
        .has_status(200)
        .has_body("v1")
        .has_header("cache-control", "max-age=1")
        .has_header("vary", "Cookie");
    client.get("/nowhere", "x").has_status(404);
    assert_eq!((origin.connections(), origin.count("/a"), origin.requests().len()), (1, 1, 2));
    assert_eq!(origin.last("/a").header("HOST"), Some("x"));
}

#[test]
fn answers_come_in_turn_and_the_last_stays() {
    let origin = origin("/a", in_turn([ok("1"), ok("2")])).start();
    let mut client = client(&origin);
    for wanted in ["1", "2", "2"] {
        client.get("/a?query=1", "x").has_body(wanted);
    }
}

#[test]
fn functions_see_the_request() {
    let script = origin("/p*", dynamic(|r| ok(format!("{} {} {}", r.method, r.text(), r.count))));
    let origin = script.and("/p?exact", ok("exact")).start();
    let mut client = client(&origin);
    client.send("POST /p1 HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi");
    client.reply("POST").has_body("POST hi 1");
    client.send(
        "POST /p1 HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;a=b\r\nho\r\n0\r\nT: 1\r\n\r\n",
    );
    client.reply("POST").has_body("POST ho 2");
    assert_eq!(origin.last("/p1").trailers, [("T".to_owned(), "1".to_owned())]);
    client.get("/p?exact", "x").has_body("exact");
}

#[test]
fn interim_answers_chunks_and_trailers_arrive() {
    let answer = ok("hello").chunked(2).trailer("X-Sum", "5").interim(103, &[("Link", "</s.css>")]);
    let origin = origin("/a", answer).start();
    let reply = client(&origin).get("/a", "x");
    reply.has_body("hello");
    assert!(reply.chunked);
    assert_eq!(reply.trailers, [("X-Sum".to_owned(), "5".to_owned())]);
    assert_eq!(reply.interim[0].0, 103);
}

#[test]
fn conditional_and_ranged_answers() {
    let origin = origin("/a", ok("0123456789").etag("\"1\"").conditional().ranged()).start();
    let mut client = client(&origin);
    client.send("GET /a HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"0\", \"1\"\r\n\r\n");
    client.reply("GET").has_status(304).has_header("etag", "\"1\"").has_body("");
    for (range, content, said) in [("2-4", "234", "2-4"), ("8-", "89", "8-9"), ("-3", "789", "7-9")] {
        client.send(format!("GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes={range}\r\n\r\n"));
        let reply = client.reply("GET");
        reply.has_status(206).has_body(content).has_header("content-range", &format!("bytes {said}/10"));
    }
    client.send("GET /a HTTP/1.1\r\nHost: x\r\nRange: bytes=2-4\r\nIf-Range: \"0\"\r\n\r\n");
    client.reply("GET").has_status(200).has_body("0123456789");
}

#[test]
fn faults_look_as_named() {
    let script = origin("/cut", ok("hello").resets_after(2))
        .and("/closed", ok("hello").closes_after(3))
        .and("/long", ok("hello").declares_length(9))
        .and("/reset", reset())
        .and("/raw", raw("HTTP/1.1 200 OK\nx"))
        .and("/until", ok("hello").until_close().header("Connection", "close"))
        .and("/huge", status(200, "x").header("X", "y".repeat(100_000)));
    let origin = script.start();
    for (path, came) in [("/closed", "hel"), ("/long", "hello")] {
        match client(&origin).send(format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).try_reply("GET") {
            Err(NoReply::CutOff(reply)) => _ = reply.has_body(came),
            other => panic!("{path}: {other:?}"),
        }
    }
    let cut = client(&origin).send("GET /cut HTTP/1.1\r\nHost: x\r\n\r\n").try_reply("GET");
    assert!(matches!(cut, Err(NoReply::CutOff(_) | NoReply::Closed)), "{cut:?}");
    let reset = client(&origin).send("GET /reset HTTP/1.1\r\nHost: x\r\n\r\n").try_reply("GET");
    assert!(matches!(reset, Err(NoReply::Closed)), "{reset:?}");
    let odd = client(&origin).send("GET /raw HTTP/1.1\r\nHost: x\r\n\r\n").try_reply("GET");
    assert!(matches!(odd, Err(NoReply::Odd(_))), "{odd:?}");
    let until = client(&origin).get("/until", "x");
    assert!(until.has_body("hello").until_close);
    client(&origin).get("/huge", "x").has_header("x", &"y".repeat(100_000));
}

#[test]
fn a_hanging_answer_ends_when_its_peer_goes() {
    let origin = origin("/a", hang()).and("/b", ok("hello").hangs_after(2)).start();
    let mut first = client(&origin);
    first.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n");
    let mut second = client(&origin);
    second.send("GET /b HTTP/1.1\r\nHost: x\r\n\r\n");
    origin.wait_for_requests("/a", 1).wait_for_requests("/b", 1);
    drop((first, second));
    origin.wait_for_abandoned(2);
}

#[test]
fn a_gate_holds_answers_until_it_is_opened() {
    let (head, content) = (Gate::closed(), Gate::closed());
    let origin = origin("/a", ok("hello").held_by(&head).held_after(2, &content)).start();
    let clients: Vec<_> = (0..3).map(|_| client(&origin)).collect();
    let readers = clients.into_iter().map(|mut client| thread::spawn(move || client.get("/a", "x").text()));
    let readers: Vec<_> = readers.collect();
    head.wait_for_arrivals(3);
    head.open();
    content.wait_for_arrivals(3);
    content.open();
    assert!(readers.into_iter().all(|reader| reader.join().expect("a reader ends") == "hello"));
}

#[test]
fn refused_connections_are_refused_and_accepted_again() {
    let origin = origin("/a", ok("v1")).start();
    let mut idle = client(&origin);
    idle.get("/a", "x");
    origin.refuse_connections();
    idle.is_closed_by_peer();
    assert!(std::net::TcpStream::connect_timeout(&origin.address(), secs(5)).is_err());
    origin.accept_connections();
    client(&origin).get("/a", "x").has_body("v1");
}

#[test]
fn idle_connections_die_on_command() {
    let origin = origin("/a", ok("v1")).and("/once", ok("v1").then_closes()).start();
    let mut idle = client(&origin);
    idle.get("/a", "x");
    origin.close_idle_connections();
    idle.is_closed_by_peer();
    let mut once = client(&origin);
    assert!(!once.get("/once", "x").says_close());
    once.is_closed_by_peer();
}

#[test]
fn a_silent_origin_records_and_answers_nothing() {
    let origin = origin("/a", ok("v1")).start();
    origin.never_answer();
    let silent = client(&origin).patient_for(secs(0) + std::time::Duration::from_millis(50));
    let mut silent = silent;
    let reply = silent.send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").try_reply("GET");
    assert!(matches!(reply, Err(NoReply::Silence(_))), "{reply:?}");
    assert_eq!(origin.count("/a"), 1);
    origin.answer_again();
    client(&origin).get("/a", "x").has_body("v1");
}

#[test]
fn a_switched_connection_echoes_what_came_early() {
    let origin = origin("/ws", switch_to_echo("websocket")).start();
    let mut client = client(&origin);
    client.send("GET /ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\nearly");
    client.reply("GET").has_status(101);
    assert_eq!(client.read_bytes(5), b"early");
    client.send("late");
    assert_eq!(client.read_bytes(4), b"late");
}

#[test]
fn an_early_answer_comes_before_the_content_is_sent() {
    let origin = origin("/up", status(413, "too much")).without_reading_content("/up").start();
    let mut client = client(&origin);
    client.send("POST /up HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n");
    client.reply("POST").has_status(413);
}
