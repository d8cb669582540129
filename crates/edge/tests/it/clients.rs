//! Who the client is: what trusted proxies say of it, what others claim, and what the origin is told.

use littoral_edge::EdgeConfig;
use littoral_model::ForwardedFields;
use littoral_testbed::{Builder, Testbed, dynamic, ok, origin, status};

/// An origin that repeats what it was told.
fn echo() -> Builder {
    const NAMES: [&str; 4] = ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"];
    let told = dynamic(|request| ok(NAMES.map(|name| request.headers(name)).join(" | ")));
    Testbed::builder(origin("*", told))
}

fn trusting(config: &mut EdgeConfig) {
    config.clients.trusted_proxies =
        ["127.0.0.1", "10.0.0.0/8"].map(|text| text.parse().expect("a network")).into();
}

#[test]
fn nobody_is_believed_unless_named() {
    let bed = echo().start();
    let reply = bed
        .ask("GET", "/a")
        .header("X-Forwarded-For", "192.0.2.7")
        .header("X-Forwarded-Proto", "https")
        .header("X-Forwarded-Host", "www.site.test")
        .header("Forwarded", "for=192.0.2.7;proto=https")
        .header("X-Request-Id", "mine")
        .send();
    let told = "127.0.0.1 | http | site.test | for=127.0.0.1;proto=http;host=\"site.test\"";
    reply.is_forwarded(told);
    assert_ne!(reply.header("x-request-id"), Some("mine"));
}

#[test]
fn a_trusted_proxy_says_who_the_client_is_and_how_it_came() {
    let bed = echo().configure(trusting).start();
    let reply = bed
        .ask("GET", "/a")
        .header("X-Forwarded-For", "6.6.6.6, 192.0.2.7, 10.0.0.9")
        .header("X-Forwarded-Proto", "https")
        .send();
    reply.is_forwarded(
        "192.0.2.7, 10.0.0.9, 127.0.0.1 | https | site.test | \
         for=192.0.2.7;proto=https;host=\"site.test\", for=10.0.0.9, for=127.0.0.1",
    );
    let reply = bed
        .ask("GET", "/b")
        .header("Forwarded", "for=\"[2001:db8::7]:4711\";proto=https;host=www.site.test")
        .send();
    reply.is_forwarded(
        "2001:db8::7, 127.0.0.1 | https | site.test | \
         for=\"[2001:db8::7]\";proto=https;host=\"site.test\", for=127.0.0.1",
    );
}

#[test]
fn what_cannot_be_read_leaves_the_peer_and_is_no_error() {
    let bed = echo().configure(trusting).start();
    for (nth, (name, value)) in [
        ("X-Forwarded-For", "garbage"),
        ("X-Forwarded-For", "unknown"),
        ("X-Forwarded-For", ","),
        ("Forwarded", "for=_hidden"),
        ("Forwarded", "for=\"unclosed"),
        ("Forwarded", "nonsense"),
        ("X-Forwarded-Proto", "gopher"),
        ("X-Forwarded-Host", "not a host"),
    ]
    .into_iter()
    .enumerate()
    {
        let reply = bed.ask("GET", &format!("/{nth}")).header(name, value).send();
        let told = "127.0.0.1 | http | site.test | for=127.0.0.1;proto=http;host=\"site.test\"";
        reply.is_forwarded(told);
    }
}

#[test]
fn only_the_kind_that_is_named_is_believed() {
    for (forwarded, client) in [
        (ForwardedFields::Auto, "192.0.2.1"),
        (ForwardedFields::XForwarded, "192.0.2.1"),
        (ForwardedFields::Forwarded, "192.0.2.2"),
    ] {
        let bed = echo()
            .configure(move |config| {
                trusting(config);
                config.clients.forwarded = forwarded;
            })
            .start();
        let reply = bed
            .ask("GET", "/a")
            .header("X-Forwarded-For", "192.0.2.1")
            .header("Forwarded", "for=192.0.2.2")
            .send();
        assert!(reply.text().starts_with(client), "{forwarded:?}: {reply}");
    }
}

#[test]
fn the_scheme_that_a_trusted_proxy_names_is_part_of_the_key() {
    let script = origin("/a", dynamic(|request| ok(request.headers("x-forwarded-proto")).max_age(60)));
    let bed = Testbed::builder(script).configure(trusting).start();
    let ask = |proto: &str| bed.ask("GET", "/a").header("X-Forwarded-Proto", proto).send();
    ask("https").is_forwarded("https");
    ask("http").is_forwarded("http");
    ask("https").is_hit("https");
    bed.get("/a").is_hit("http");
}

#[test]
fn the_host_that_a_trusted_proxy_names_chooses_the_site() {
    let bed = echo().configure(trusting).start();
    let ask = |host: &str, port: &str| {
        let ask = bed.ask("GET", "/a").host("inner.internal").header("X-Forwarded-Host", host);
        ask.header("X-Forwarded-Port", port).send()
    };
    ask("site.test", "443").has_status(200);
    ask("SITE.test:8443", "443").has_status(200);
    ask("nobody.test", "443").has_status(404);
    let bed = echo().start();
    let stranger = bed.ask("GET", "/a").host("inner.internal").header("X-Forwarded-Host", "site.test");
    stranger.send().has_status(404);
}

#[test]
fn every_answer_bears_the_id_that_the_origin_got() {
    let script = origin(
        "/a",
        dynamic(|r| ok(r.headers("x-request-id")).max_age(60).header("X-Request-Id", "its own")),
    );
    let bed = Testbed::builder(script).start();
    let id = |reply: &littoral_testbed::Reply| {
        let ids = reply.headers("x-request-id");
        assert_eq!(ids.len(), 1, "{reply}");
        assert!(ids[0].len() == 32 && ids[0].bytes().all(|b| b.is_ascii_hexdigit()), "{reply}");
        ids[0].to_owned()
    };
    let miss = bed.get("/a");
    assert_eq!(miss.text(), id(&miss));
    let hit = bed.get("/a");
    hit.was_hit();
    assert_ne!(id(&hit), id(&miss));
    let pass = bed.ask("POST", "/a").send();
    assert_eq!(pass.text(), id(&pass));
    id(bed.ask("GET", "/a").host("nobody.test").send().has_status(404));
    let mut client = bed.client();
    client.send("GET / HTTP/1.1\r\n\r\n");
    id(client.reply("GET").has_status(400));
}

#[test]
fn a_trusted_proxys_id_is_taken_over_if_it_is_one() {
    let bed = Testbed::builder(origin("*", dynamic(|request| ok(request.headers("x-request-id")))))
        .configure(trusting)
        .start();
    let ask = |id: &str| bed.ask("GET", "/a").header("X-Request-Id", id).send();
    ask("Root=1-67891233-abcdef")
        .is_forwarded("Root=1-67891233-abcdef")
        .has_header("x-request-id", "Root=1-67891233-abcdef");
    for bad in ["", "a b", "\"quoted\"", &"x".repeat(129)] {
        assert_eq!(ask(bad).text().len(), 32, "{bad}");
    }
    let twice = bed.ask("GET", "/a").header("X-Request-Id", "one").header("X-Request-Id", "two").send();
    assert_eq!(twice.text().len(), 32);
}

#[test]
fn the_field_can_be_left_to_the_origin() {
    let script =
        origin("*", dynamic(|r| ok(r.headers("x-request-id")).max_age(60).header("X-Request-Id", "its own")));
    let bed = Testbed::builder(script).configure(|config| config.clients.request_id_header = false).start();
    let pass = bed.ask("POST", "/a").send();
    assert_eq!(pass.headers("x-request-id"), ["its own"]);
    assert_eq!(pass.text().len(), 32, "the origin gets one all the same");
    bed.get("/b").was_forwarded();
    bed.get("/b").was_hit().lacks_header("x-request-id");
}

#[test]
fn trace_context_reaches_the_origin_if_it_is_well_formed() {
    const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let told = dynamic(|r| ok(format!("{}|{}", r.headers("traceparent"), r.headers("tracestate"))));
    let bed = Testbed::builder(origin("*", told)).start();
    bed.get("/a").is_forwarded("|");
    let ask =
        |parent: &str| bed.ask("GET", "/b").header("traceparent", parent).header("tracestate", "a=1").send();
    ask(PARENT).is_forwarded(&format!("{PARENT}|a=1"));
    ask("00-broken").is_forwarded("|");
}

#[test]
fn options_are_counted_down_on_their_way() {
    let bed = Testbed::builder(origin("*", dynamic(|request| ok(request.headers("max-forwards"))))).start();
    bed.ask("OPTIONS", "/a").header("Max-Forwards", "3").send().has_body("2");
}

#[test]
fn a_426_says_what_to_upgrade_to() {
    let script = origin(
        "/ws",
        dynamic(|_| status(426, "upgrade").header("Upgrade", "websocket").header("Connection", "Upgrade")),
    );
    let bed = Testbed::builder(script).start();
    let mut client = bed.client();
    for method in ["GET", "POST"] {
        client.send(format!("{method} /ws HTTP/1.1\r\nHost: site.test\r\nContent-Length: 0\r\n\r\n"));
        let reply = client.reply(method);
        reply.has_status(426).has_header("upgrade", "websocket").has_header("connection", "upgrade");
    }
}
