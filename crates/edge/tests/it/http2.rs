//! Origins that speak HTTP/2: what they see, how many requests share a connection, and every way of failing.

use littoral_policy::{Address, OriginProtocol, OriginServer};
use littoral_testbed::{
    Http2Origin, Http2Request, Http2Step as Step, NoReply, Testbed, http2_ok, http2_origin, ok, origin,
    switch_to_echo,
};
use tokio::sync::watch;

const SHORT: &str = "head_timeout = \"200ms\"\nidle_timeout = \"200ms\"\nconnect_timeout = \"200ms\"";
const REFUSED_STREAM: u32 = 7;
const HTTP_1_1_REQUIRED: u32 = 13;

/// An edge in front of that origin; the one on HTTP/1.1 that comes with the testbed is not asked.
fn bed(http2: &Http2Origin, settings: &str) -> Testbed {
    builder(http2, settings).start()
}

fn builder(http2: &Http2Origin, settings: &str) -> littoral_testbed::Builder {
    let address = http2.address();
    let speak = move |server: &mut OriginServer| {
        server.address = Address::Tcp { host: address.ip().to_string().into(), port: address.port() };
        server.protocol = OriginProtocol::Http2;
    };
    Testbed::builder(origin("/never", ok("never"))).origin_setting(settings).change_origins(speak)
}

fn fields(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn fresh(length: Option<&str>) -> Step {
    let mut list = fields(&[("cache-control", "max-age=60")]);
    list.extend(length.map(|length| ("content-length".to_owned(), length.to_owned())));
    Step::Head(200, list)
}

/// Fails so at first, and answers well afterwards.
fn once(steps: Vec<Step>) -> Http2Origin {
    http2_origin(100, move |request| {
        if request.count == 1 { steps.clone() } else { vec![fresh(Some("4")), Step::LastData("good".into())] }
    })
}

#[test]
fn a_request_arrives_as_http_2_has_it_and_its_answer_is_stored() {
    let http2 =
        http2_origin(100, |_| vec![fresh(None), Step::Data("he".into()), Step::LastData("llo".into())]);
    let bed = bed(&http2, "");
    bed.get("/plain").is_forwarded("hello");
    bed.get("/plain").is_hit("hello");
    let reply =
        bed.ask("GET", "/a?b=c").header("Cookie", "x=1").header("Keep-Alive", "5").header("TE", "gzip");
    reply.send().is_forwarded("hello");
    let seen: Vec<Http2Request> = http2.requests();
    assert_eq!(seen.len(), 2);
    let request = &seen[1];
    assert_eq!(request.header("cookie"), "x=1");
    assert_eq!((request.method.as_str(), request.path.as_str()), ("GET", "/a?b=c"));
    assert_eq!((request.authority.as_str(), request.scheme.as_str()), ("site.test", "http"));
    for absent in ["host", "connection", "keep-alive", "te", "transfer-encoding", "upgrade"] {
        assert!(request.fields.iter().all(|(name, _)| name != absent), "{absent}: {request:?}");
    }
    assert_eq!(request.header("x-forwarded-host"), "site.test");
}

#[test]
fn a_trailer_that_goes_up_has_no_name_that_the_edge_or_the_site_deals_with() {
    let http2 = http2_origin(100, |request| {
        let names = request.trailers.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(" ");
        vec![Step::Head(200, fields(&[("cache-control", "no-store")])), Step::LastData(names.into())]
    });
    let tenant = "request_headers = [{ set = \"X-Tenant\", value = \"${site}\" }]";
    let bed = builder(&http2, "").behavior_setting(tenant).start();
    let mut client = bed.client();
    client
        .send("POST /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n");
    client.send(
        "X-Sum: 5\r\nX_Tenant: other\r\nX-Forwarded-Host: evil\r\nX-Rewrite-Url: /evil\r\nRange: x\r\n\r\n",
    );
    client.reply("POST").has_body("x-sum");
}

#[test]
fn content_goes_up_with_its_length_or_without_and_trailers_come_down() {
    let http2 = http2_origin(100, |request| {
        let said = format!("{} {}", request.header("content-length"), String::from_utf8_lossy(&request.body));
        vec![
            Step::Head(200, fields(&[("cache-control", "no-store")])),
            Step::Data(said.into()),
            Step::Trailers(fields(&[("x-sum", "7")])),
        ]
    });
    let bed = bed(&http2, "");
    let reply = bed.ask("POST", "/up").body("hello").send();
    reply.has_status(200).has_body("5 hello");
    let mut client = bed.client();
    client.send("POST /up HTTP/1.1\r\nHost: site.test\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n");
    client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    let reply = client.reply("POST");
    reply.has_status(200).has_body(" abcde");
    assert_eq!(reply.trailers, [("x-sum".to_owned(), "7".to_owned())], "{reply}");
    let large = "x".repeat(3_000_000);
    let reply = bed.ask("PUT", "/up").body(&large).send();
    assert_eq!(reply.body.len(), "3000000 ".len() + large.len());
}

#[test]
fn interim_answers_are_passed_on() {
    let (open, gate) = watch::channel(false);
    let http2 = http2_origin(100, move |_| {
        let hints = Step::Interim(103, fields(&[("link", "</a.css>; rel=preload")]));
        [vec![hints, Step::Hold(gate.clone())], http2_ok("good")].concat()
    });
    let bed = bed(&http2, "");
    let mut client = bed.client();
    client.send("POST /a HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\n\r\nx");
    assert_eq!(client.read_bytes(12), b"HTTP/1.1 103");
    open.send(true).unwrap();
}

#[test]
fn answers_without_content_are_whole() {
    let http2 = http2_origin(100, |request| match request.path.as_str() {
        "/204" => vec![Step::HeadAlone(204, fields(&[]))],
        "/304" => vec![Step::HeadAlone(304, fields(&[("content-length", "10"), ("etag", "\"a\"")]))],
        "/empty" => vec![Step::HeadAlone(200, fields(&[("cache-control", "max-age=60")]))],
        _ => vec![Step::HeadAlone(200, fields(&[("content-length", "10")]))],
    });
    let bed = bed(&http2, "");
    bed.get("/204").has_status(204);
    bed.ask("POST", "/304").send().has_status(304);
    bed.head("/head").has_status(200).has_header("content-length", "10");
    bed.get("/empty").is_forwarded("");
    bed.get("/empty").is_hit("");
}

#[test]
fn many_requests_share_a_connection_and_none_waits_for_another() {
    let (open, gate) = watch::channel(false);
    let http2 = http2_origin(100, move |request| match request.path.as_str() {
        "/held" => [vec![Step::Hold(gate.clone())], http2_ok("held")].concat(),
        _ => http2_ok("quick"),
    });
    let bed = builder(&http2, "connections_max = 1").workers(1).start();
    let mut held: Vec<_> = (0..50).map(|_| bed.client()).collect();
    for client in &mut held {
        client.send("POST /held HTTP/1.1\r\nHost: site.test\r\nContent-Length: 0\r\n\r\n");
    }
    http2.wait_for_requests(50);
    bed.get("/quick").has_body("quick");
    open.send(true).unwrap();
    for client in &mut held {
        client.reply("POST").has_body("held");
    }
    assert_eq!(http2.connections(), 1, "who came first waited for the first connection");
}

#[test]
fn the_origin_s_limit_of_streams_is_kept_and_further_requests_wait() {
    let (open, gate) = watch::channel(false);
    let http2 = http2_origin(3, move |_| [vec![Step::Hold(gate.clone())], http2_ok("held")].concat());
    let bed = builder(&http2, "connections_max = 2\nqueue_timeout = \"60s\"").workers(1).start();
    let mut clients: Vec<_> = (0..20).map(|_| bed.client()).collect();
    for client in &mut clients {
        client.send("POST /held HTTP/1.1\r\nHost: site.test\r\nContent-Length: 0\r\n\r\n");
    }
    http2.wait_for_requests(6);
    bed.settle();
    assert_eq!(http2.requests().len(), 6);
    open.send(true).unwrap();
    for client in &mut clients {
        client.reply("POST").has_status(200).has_body("held");
    }
    assert_eq!((http2.connections(), http2.most_streams()), (2, 3));
}

#[test]
fn a_thousand_clients_are_served_over_ten_connections() {
    let http2 = http2_origin(10, |_| http2_ok("good"));
    let settings = "connections_max = 10\nqueue_max = 2000\nqueue_timeout = \"60s\"";
    let bed = bed(&http2, settings);
    let mut clients: Vec<_> = (0..1000).map(|_| bed.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{number} HTTP/1.1\r\nHost: site.test\r\n\r\n"));
    }
    for client in &mut clients {
        client.reply("GET").has_status(200).has_body("good");
    }
    // Ten at a time; a thread with many gives one up for a thread with few.
    assert!(http2.connections() <= 20, "{} connections", http2.connections());
    assert!(http2.most_streams() <= 10, "{} streams", http2.most_streams());
}

#[test]
fn answers_that_never_begin_are_bad_gateways() {
    let cases: Vec<(&str, Vec<Step>, &[u16])> = vec![
        ("killed", vec![Step::Kill], &[502]),
        ("reset", vec![Step::Reset(2)], &[502]),
        ("cancelled", vec![Step::Reset(8)], &[502]),
        ("silence", vec![Step::Hang], &[504]),
        ("a connection error", vec![Step::GoAwayNow(2)], &[502]),
    ];
    for (name, failure, wanted) in cases {
        let http2 = once(failure);
        let bed = bed(&http2, SHORT);
        let reply = bed.get("/a");
        assert!(wanted.contains(&reply.status), "{name}: {reply}");
        reply.was_not_a_hit();
        bed.get("/a").has_status(200).has_body("good");
    }
}

#[test]
fn answers_that_break_off_are_cut_off_visibly_and_never_stored() {
    let part = || Step::Data("01234".into());
    let cases: Vec<(&str, Vec<Step>)> = vec![
        ("reset", vec![fresh(Some("10")), part(), Step::Reset(2)]),
        ("reset without a length", vec![fresh(None), part(), Step::Reset(2)]),
        ("cancelled without a length", vec![fresh(None), part(), Step::Reset(8)]),
        ("reset without error and without a length", vec![fresh(None), part(), Step::Reset(0)]),
        ("reset without error before the length", vec![fresh(Some("10")), part(), Step::Reset(0)]),
        ("ended before the length", vec![fresh(Some("10")), Step::LastData("01234".into())]),
        ("longer than the length", vec![fresh(Some("4")), Step::LastData("0123456789".into())]),
        ("killed", vec![fresh(Some("10")), part(), Step::Kill]),
        ("killed without a length", vec![fresh(None), part(), Step::Kill]),
        ("a connection error", vec![fresh(None), part(), Step::GoAwayNow(2)]),
        ("silence", vec![fresh(Some("10")), part(), Step::Hang]),
        (
            "trailers before the length",
            vec![fresh(Some("10")), part(), Step::Trailers(fields(&[("x", "y")]))],
        ),
    ];
    for (name, failure) in cases {
        let http2 = once(failure);
        let bed = bed(&http2, SHORT);
        match bed.client().send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n").try_reply("GET") {
            Err(NoReply::CutOff(reply)) => assert!(b"0123456789".starts_with(&reply.body), "{name}: {reply}"),
            // Nobody has seen anything of it yet.
            Err(NoReply::Closed) => {}
            other => panic!("{name}: {other:?}"),
        }
        let reply = bed.get("/a");
        assert_eq!(reply.text(), "good", "{name}, afterwards: {reply}");
    }
}

#[test]
fn an_answer_cut_on_one_stream_harms_no_other() {
    let (open, gate) = watch::channel(false);
    let http2 = http2_origin(100, move |request| match request.path.as_str() {
        "/cut" => vec![fresh(None), Step::Data("part".into()), Step::Reset(2)],
        _ => vec![
            fresh(Some("8")),
            Step::Data("good".into()),
            Step::Hold(gate.clone()),
            Step::LastData("more".into()),
        ],
    });
    let bed = builder(&http2, "connections_max = 1").workers(1).start();
    let mut waiting = bed.client();
    waiting.send("GET /good HTTP/1.1\r\nHost: site.test\r\n\r\n");
    http2.wait_for_requests(1);
    let cut = bed.client().send("GET /cut HTTP/1.1\r\nHost: site.test\r\n\r\n").try_reply("GET");
    assert!(!matches!(&cut, Ok(reply) if reply.status < 500), "{cut:?}");
    open.send(true).unwrap();
    waiting.reply("GET").has_body("goodmore");
    assert_eq!(http2.connections(), 1);
}

#[test]
fn a_refused_stream_is_sent_again_whatever_it_does() {
    let http2 = http2_origin(100, |request| match request.count {
        1 | 2 => vec![Step::Reset(REFUSED_STREAM)],
        _ => http2_ok("good"),
    });
    let bed = bed(&http2, "");
    bed.ask("GET", "/get").send().has_body("good");
    bed.ask("POST", "/empty").send().has_body("good");
    assert_eq!(http2.requests().len(), 6);
}

#[test]
fn an_origin_that_refuses_for_ever_is_left_alone() {
    let http2 = http2_origin(100, |_| vec![Step::Reset(REFUSED_STREAM)]);
    let bed = bed(&http2, "");
    bed.get("/a").has_status(502);
    assert!(http2.requests().len() <= 8, "{}", http2.requests().len());
}

#[test]
fn a_post_that_was_seen_is_never_sent_twice() {
    for failure in [Step::Kill, Step::Reset(2), Step::GoAwayNow(2)] {
        let http2 = http2_origin(100, move |request| match request.path.as_str() {
            "/post" => vec![failure.clone()],
            _ => http2_ok("x"),
        });
        let bed = builder(&http2, "").workers(1).start();
        bed.get("/a").has_status(200);
        bed.ask("POST", "/post").body("pay").send().has_status(502);
        assert_eq!(http2.requests().iter().filter(|request| request.path == "/post").count(), 1);
    }
}

#[test]
fn behind_a_goaway_what_was_begun_ends_and_what_comes_goes_elsewhere() {
    let (open, gate) = watch::channel(false);
    let http2 = http2_origin(100, move |request| match request.path.as_str() {
        "/last" => [vec![Step::GoAway, Step::Hold(gate.clone())], http2_ok("last")].concat(),
        _ => http2_ok("next"),
    });
    let bed = builder(&http2, "").workers(1).start();
    let mut last = bed.client();
    last.send("POST /last HTTP/1.1\r\nHost: site.test\r\nContent-Length: 0\r\n\r\n");
    http2.wait_for_requests(1);
    for _ in 0..5 {
        bed.ask("POST", "/next").body("x").send().has_status(200).has_body("next");
    }
    open.send(true).unwrap();
    last.reply("POST").has_body("last");
    assert_eq!(http2.connections(), 2);
}

#[test]
fn an_origin_that_dies_between_requests_is_met_again_on_a_new_connection() {
    let http2 = http2_origin(100, |request| match request.path.as_str() {
        "/kill" => [http2_ok("x"), vec![Step::Kill]].concat(),
        _ => http2_ok("good"),
    });
    let bed = builder(&http2, "").workers(1).start();
    for _ in 0..5 {
        bed.get("/kill").has_status(200);
        bed.get("/a").has_status(200).has_body("good");
    }
}

#[test]
fn an_early_answer_to_an_upload_is_whole_though_the_rest_is_refused() {
    let http2 = http2_origin(100, |_| {
        let head = Step::Head(413, fields(&[("cache-control", "no-store"), ("content-length", "3")]));
        // What was not read is refused with a reset that says no error.
        vec![head, Step::LastData("big".into())]
    });
    let bed = bed(&http2, "");
    let mut client = bed.client();
    client.send("POST /early HTTP/1.1\r\nHost: site.test\r\nContent-Length: 10\r\n\r\nhello");
    client.reply("POST").has_status(413).has_body("big");
}

#[test]
fn a_client_that_leaves_ends_its_stream_and_not_the_connection() {
    let http2 = http2_origin(100, |request| match request.path.as_str() {
        "/hang" => vec![Step::Hang],
        _ => http2_ok("good"),
    });
    let bed = builder(&http2, "head_timeout = \"60s\"").workers(1).start();
    let mut client = bed.client();
    client.send("POST /hang HTTP/1.1\r\nHost: site.test\r\nContent-Length: 1\r\n\r\nx");
    http2.wait_for_requests(1);
    client.reset();
    http2.wait_for_abandoned(1);
    bed.get("/a").has_body("good");
    assert_eq!(http2.connections(), 1);
}

#[test]
fn a_client_s_content_that_breaks_off_is_a_reset_stream_and_no_whole_request() {
    let http2 = http2_origin(100, |_| http2_ok("taken"));
    let bed = builder(&http2, "").workers(1).start();
    let mut client = bed.client();
    client.send("POST /up HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    client.reset();
    bed.get("/a").has_body("taken");
    let ups = http2.requests().into_iter().filter(|request| request.path == "/up" && request.body.len() == 3);
    assert!(ups.count() <= 1, "what it read was cut, and the answer goes to nobody");
}

#[test]
fn a_slow_reader_does_not_hold_up_the_others() {
    let large = vec![b'x'; 4 << 20];
    let http2 = http2_origin(100, move |request| match request.path.as_str() {
        "/large" => {
            vec![Step::Head(200, fields(&[("cache-control", "no-store")])), Step::LastData(large.clone())]
        }
        _ => http2_ok("quick"),
    });
    let bed = builder(&http2, "connections_max = 1").workers(1).start();
    let mut slow: Vec<_> = (0..8).map(|_| bed.client()).collect();
    for client in &mut slow {
        client.receive_little();
        client.send("POST /large HTTP/1.1\r\nHost: site.test\r\nContent-Length: 0\r\n\r\n");
    }
    http2.wait_for_requests(8);
    for _ in 0..20 {
        bed.get("/quick").has_body("quick");
    }
}

#[test]
fn an_origin_that_wants_http_1_1_gets_it() {
    let http2 = http2_origin(100, |_| vec![Step::Reset(HTTP_1_1_REQUIRED)]);
    let bed = bed(&http2, SHORT);
    // This one does not speak it either, but has seen the request only once.
    let status = bed.get("/a").status;
    assert!(matches!(status, 502 | 504), "{status}");
    assert_eq!(http2.requests().len(), 1);
}

#[test]
fn a_refusing_origin_fails_all_who_waited_for_its_connection_at_once() {
    let http2 = http2_origin(100, |_| http2_ok("good"));
    let address = http2.address();
    drop(http2);
    let speak = move |server: &mut OriginServer| {
        server.address = Address::Tcp { host: address.ip().to_string().into(), port: address.port() };
        server.protocol = OriginProtocol::Http2;
    };
    let bed = Testbed::builder(origin("/never", ok("never"))).change_origins(speak).start();
    let mut clients: Vec<_> = (0..50).map(|_| bed.client()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.send(format!("GET /{number} HTTP/1.1\r\nHost: site.test\r\n\r\n"));
    }
    for client in &mut clients {
        client.reply("GET").has_status(502).has_cache_status("detail", "origin-connect");
    }
}

#[test]
fn an_upgrade_goes_over_http_1_1_whatever_else_the_origin_speaks() {
    let script = origin("/ws", switch_to_echo("websocket"));
    let bed = Testbed::builder(script)
        .origin_setting("connections_max = 1")
        .change_origins(|server| server.protocol = OriginProtocol::Http2)
        .start();
    let mut client = bed.client();
    client.send("GET /ws HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
    client.reply("GET").has_status(101);
    assert_eq!(client.read_bytes(2), b"hi");
}

#[test]
fn an_upgrade_gets_the_only_connection_when_its_streams_have_ended() {
    let http2 = http2_origin(100, |_| http2_ok("good"));
    let bed = builder(&http2, "connections_max = 1\nconnect_timeout = \"200ms\"").workers(1).start();
    bed.get("/a").has_body("good");
    let mut client = bed.client();
    client.send("GET /ws HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    // This origin speaks no HTTP/1.1, but it was asked on a connection of its own, not left in the queue.
    client.reply("GET").has_status(502);
    assert_eq!(http2.connections(), 2);
    bed.get("/b").has_body("good");
}
