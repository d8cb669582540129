//! Poisoning: tricks that try to leave something in the cache that the next visitor should not get.
//!
//! The origin behaves like a careless application: it obeys every steering field it sees and puts what it saw into
//! its answer. Each trick is played on a cold key and on a warm one; afterwards a plain request must get the answer
//! that a plain request gets.

use littoral_testbed::{Answer, Request, Testbed, dynamic, ok, origin, status};

/// What marks anything that came from the attacker.
pub(crate) const MARK: &str = "evil";

/// Fields that applications and frameworks obey, and that no cache keys.
pub(crate) const STEERING: &[&str] = &[
    "forwarded",
    "front-end-https",
    "true-client-ip",
    "x-client-ip",
    "x-forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-scheme",
    "x-forwarded-server",
    "x-forwarded-ssl",
    "x-host",
    "x-http-host-override",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-override-url",
    "x-real-ip",
    "x-rewrite-url",
];

/// Says everything that it was told.
fn careless(request: &Request) -> Answer {
    let mut said = format!("{} {} host={} ", request.method, request.target, request.headers("host"));
    for name in STEERING {
        said.push_str(&format!("{name}={} ", request.headers(name)));
    }
    said.push_str(&format!("content={}", request.text()));
    match request.headers("x-http-method-override").as_str() {
        "" => ok(said).max_age(60),
        _ => status(404, said).max_age(60),
    }
}

/// The tricks: a name, and the bytes to send; `{p}` stands for the path under attack.
pub(crate) const TRICKS: &[(&str, &str)] = &[
    ("x-forwarded-host", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Host: evil.test\r\n\r\n"),
    (
        "x-forwarded-host twice",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Host: site.test\r\nX-Forwarded-Host: evil.test\r\n\r\n",
    ),
    ("x-forwarded-proto", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Proto: evil\r\n\r\n"),
    ("x-forwarded-scheme", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Scheme: evil\r\n\r\n"),
    ("x-forwarded-port", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Port: 1evil\r\n\r\n"),
    ("x-forwarded-prefix", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Prefix: /evil\r\n\r\n"),
    ("x-forwarded-path", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Path: /evil\r\n\r\n"),
    ("x-forwarded-server", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Server: evil.test\r\n\r\n"),
    ("x-forwarded-ssl", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-SSL: evil\r\n\r\n"),
    ("x-forwarded-for", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: evil\r\n\r\n"),
    ("x-forwarded", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded: evil\r\n\r\n"),
    ("forwarded", "GET {p} HTTP/1.1\r\nHost: site.test\r\nForwarded: for=1.2.3.4;host=evil.test\r\n\r\n"),
    ("x-host", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Host: evil.test\r\n\r\n"),
    ("x-original-host", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Original-Host: evil.test\r\n\r\n"),
    (
        "x-http-host-override",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-HTTP-Host-Override: evil.test\r\n\r\n",
    ),
    ("x-original-url", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Original-URL: /evil\r\n\r\n"),
    ("x-rewrite-url", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Rewrite-URL: /evil\r\n\r\n"),
    ("x-override-url", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Override-URL: /evil\r\n\r\n"),
    ("x-http-method-override", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-HTTP-Method-Override: evil\r\n\r\n"),
    ("x-http-method", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-HTTP-Method: evil\r\n\r\n"),
    ("x-method-override", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Method-Override: evil\r\n\r\n"),
    ("x-real-ip", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Real-IP: evil\r\n\r\n"),
    ("true-client-ip", "GET {p} HTTP/1.1\r\nHost: site.test\r\nTrue-Client-IP: evil\r\n\r\n"),
    ("front-end-https", "GET {p} HTTP/1.1\r\nHost: site.test\r\nFront-End-Https: evil\r\n\r\n"),
    ("underscores for hyphens", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX_Forwarded_Host: evil.test\r\n\r\n"),
    ("mixed case", "GET {p} HTTP/1.1\r\nHost: site.test\r\nx-FORWARDED-hOsT: evil.test\r\n\r\n"),
    ("tab before the value", "GET {p} HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-Host:\tevil.test\r\n\r\n"),
    ("another host", "GET {p} HTTP/1.1\r\nHost: evil.test\r\n\r\n"),
    ("host with another port", "GET {p} HTTP/1.1\r\nHost: site.test:1337\r\n\r\n"),
    ("host with a trailing dot", "GET {p} HTTP/1.1\r\nHost: site.test.\r\n\r\n"),
    ("host in capitals", "GET {p} HTTP/1.1\r\nHost: SITE.TEST\r\n\r\n"),
    ("two hosts", "GET {p} HTTP/1.1\r\nHost: site.test\r\nHost: evil.test\r\n\r\n"),
    ("two hosts, the evil one first", "GET {p} HTTP/1.1\r\nHost: evil.test\r\nHost: site.test\r\n\r\n"),
    ("host with userinfo", "GET {p} HTTP/1.1\r\nHost: evil@site.test\r\n\r\n"),
    ("host with a path", "GET {p} HTTP/1.1\r\nHost: site.test/evil\r\n\r\n"),
    ("host list", "GET {p} HTTP/1.1\r\nHost: site.test, evil.test\r\n\r\n"),
    ("folded host", "GET {p} HTTP/1.1\r\nHost: site.test\r\n evil.test\r\n\r\n"),
    ("space before the host's colon", "GET {p} HTTP/1.1\r\nHost: site.test\r\nHost : evil.test\r\n\r\n"),
    ("absolute form of another host", "GET http://evil.test{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("absolute form over an evil host", "GET http://site.test{p} HTTP/1.1\r\nHost: evil.test\r\n\r\n"),
    ("absolute form, https", "GET https://site.test{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded slash", "GET {p}%2fevil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded dots behind", "GET {p}/evil/%2e%2e HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded dots before", "GET /evil/%2e%2e{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("dots before", "GET /evil/..{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("a dot before", "GET /.{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("too many dots", "GET /../../..{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded slash and dots", "GET /evil%2f..{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("double encoding", "GET /evil/%252e%252e{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("backslash", "GET /evil\\..{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded backslash", "GET /evil%5c..{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("double slash", "GET /{p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded question mark", "GET {p}%3fevil=1 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded hash", "GET {p}%23evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("bare hash", "GET {p}#evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded NUL", "GET {p}%00evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("encoded line end", "GET {p}%0d%0aevil:1 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("broken escape", "GET {p}%evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("path parameter", "GET {p};evil=1 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("another query", "GET {p}?evil=1 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("a query parameter twice", "GET {p}?a=1&a=evil HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("a semicolon in the query", "GET {p}?a=1;evil=1 HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("fat GET", "GET {p} HTTP/1.1\r\nHost: site.test\r\nContent-Length: 4\r\n\r\nevil"),
    (
        "fat GET, chunked",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nevil\r\n0\r\n\r\n",
    ),
    ("fat HEAD", "HEAD {p} HTTP/1.1\r\nHost: site.test\r\nContent-Length: 4\r\n\r\nevil"),
    (
        "both lengths",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nevil",
    ),
    (
        "a hidden second request",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nContent-Length: 34\r\n\r\nGET /evil HTTP/1.1\r\nHost: evil\r\n\r\n",
    ),
    ("POST", "POST {p} HTTP/1.1\r\nHost: site.test\r\nContent-Length: 4\r\n\r\nevil"),
    ("unknown method", "EVIL {p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("lower-case method", "get {p} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
    ("range", "GET {p} HTTP/1.1\r\nHost: site.test\r\nRange: bytes=0-3\r\n\r\n"),
    ("range beyond the end", "GET {p} HTTP/1.1\r\nHost: site.test\r\nRange: bytes=999999-\r\n\r\n"),
    (
        "a condition that holds for nothing",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nIf-Match: \"evil\"\r\n\r\n",
    ),
    (
        "a connection option hides a field",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nConnection: X-Forwarded-Host\r\nX-Forwarded-Host: evil.test\r\n\r\n",
    ),
    (
        "a connection option hides Host",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nConnection: Host, Cookie, close\r\n\r\n",
    ),
    (
        "an upgrade",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nHTTP2-Settings: evil\r\n\r\n",
    ),
    ("HTTP/1.0 without Host", "GET {p} HTTP/1.0\r\n\r\n"),
    ("HTTP/1.0 with an evil Host", "GET {p} HTTP/1.0\r\nHost: evil.test\r\n\r\n"),
    (
        "a trailer as a field",
        "GET {p} HTTP/1.1\r\nHost: site.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Forwarded-Host: evil.test\r\n\r\n",
    ),
    ("bare CR in a value", "GET {p} HTTP/1.1\r\nHost: site.test\r\nA: 1\rX-Forwarded-Host: evil\r\n\r\n"),
    ("bare LF between fields", "GET {p} HTTP/1.1\r\nHost: site.test\r\nA: 1\nX-Forwarded-Host: evil\r\n\r\n"),
];

pub(crate) fn play(bed: &Testbed, trick: &str, path: &str) {
    let mut client = bed.client();
    let method = trick.split(' ').next().unwrap_or("GET");
    client.send(trick.replace("{p}", path));
    // Refused, answered or cut off: all the same. That the next visitor is unharmed is what counts.
    let _ = client.try_reply(method);
}

#[test]
fn no_trick_leaves_anything_for_the_next_visitor() {
    assert!(TRICKS.len() >= 40);
    let mut harmed = Vec::new();
    for warm in [false, true] {
        let bed = Testbed::start(origin("*", dynamic(careless)));
        let plain = bed.get("/plain");
        plain.is_forwarded(&plain.text());
        for (number, (name, trick)) in TRICKS.iter().enumerate() {
            let path = format!("/page{number}");
            let wanted = plain.text().replace("/plain", &path);
            if warm {
                bed.get(&path).is_forwarded(&wanted);
            }
            play(&bed, trick, &path);
            let reply = bed.get(&path);
            if reply.status != 200 || reply.text() != wanted || reply.text().contains(MARK) {
                harmed.push(format!("{name} (warm: {warm}): wanted\n{wanted}\nbut got\n{reply}"));
            }
        }
    }
    assert!(harmed.is_empty(), "{}", harmed.join("\n\n"));
}

#[test]
fn aliases_and_ports_share_what_the_canonical_host_sees() {
    let bed = Testbed::start(origin("*", dynamic(careless)));
    let first = bed.get("/a");
    first.is_forwarded(&first.text());
    for host in ["SITE.test", "site.test:80", "Site.Test:8080"] {
        let reply = bed.ask("GET", "/a").host(host).send();
        assert_eq!(reply.text(), first.text(), "{host}");
    }
}

#[test]
fn an_answer_to_a_trick_does_not_say_another_host() {
    let bed = Testbed::start(origin("*", dynamic(careless)));
    for (name, trick) in TRICKS.iter().filter(|(_, trick)| trick.starts_with("GET {p} HTTP/1.1")) {
        play(&bed, trick, "/seen");
        for request in bed.origin().requests() {
            let host = request.headers("host");
            assert!(!host.contains(MARK), "{name}: the origin saw Host: {host}");
        }
    }
}

#[test]
fn what_the_origin_sees_in_a_query_is_part_of_the_key() {
    let bed = Testbed::start(origin("*", dynamic(careless)));
    for target in [
        "/q", "/q?", "/q?a", "/q?a=", "/q?a=1", "/q?A=1", "/q?a=%31", "/q?a=1&", "/q?&a=1", "/q?a=1&b",
        "/q??a=1",
    ] {
        let reply = bed.get(target);
        assert!(reply.text().contains(&format!("GET {target} ")), "{target}:\n{reply}");
    }
}

#[test]
fn one_visitors_cookie_is_not_in_the_next_ones_answer() {
    let script =
        origin("/a", dynamic(|request| ok(format!("for {}", request.headers("cookie"))).max_age(60)));
    let bed = Testbed::start(script);
    bed.ask("GET", "/a").header("Cookie", "id=evil").send().has_body("for id=evil");
    bed.get("/a").has_body("for ");
    bed.ask("GET", "/a").header("Authorization", "Basic evil").send();
    bed.get("/a").has_body("for ");
}

#[test]
fn errors_of_refused_requests_are_not_stored() {
    let bed = Testbed::start(origin("*", dynamic(careless)));
    let huge = "x".repeat(40_000);
    for refused in [
        format!("GET /a HTTP/1.1\r\nHost: site.test\r\nX-Big: {huge}\r\n\r\n"),
        format!("GET /a?{huge} HTTP/1.1\r\nHost: site.test\r\n\r\n"),
        "GET /a HTTP/1.1\r\nHost: site.test\r\nBad Name: 1\r\n\r\n".to_owned(),
        "GET /a HTTP/1.1\r\n\r\n".to_owned(),
        "GET /a HTTP/3.0\r\nHost: site.test\r\n\r\n".to_owned(),
    ] {
        let mut client = bed.client();
        client.try_send(&refused);
        let reply = client.reply("GET");
        assert!((400..=505).contains(&reply.status), "{reply}");
        assert!(reply.says_close(), "{reply}");
    }
    let reply = bed.get("/a");
    reply.has_status(200).was_forwarded();
}

#[test]
fn a_page_is_not_stored_under_the_name_of_a_file() {
    let page = || ok("private").header("Content-Type", "text/html; charset=utf-8").max_age(60);
    let script = origin("/account/a.css", page())
        .and("/a.css", ok("p {}").header("Content-Type", "text/css").max_age(60))
        .and("/gone.css", status(404, "no").header("Content-Type", "text/html").max_age(60))
        .and(
            "/moved.css",
            status(301, "moved").header("Content-Type", "text/html").header("Location", "/a.css").max_age(60),
        );
    let bed = Testbed::start(script);
    for target in ["/account/a.css", "/account/a.css?x", "/a.css", "/gone.css", "/moved.css"] {
        bed.get(target);
    }
    let reply = bed.get("/account/a.css");
    reply.has_status(200).was_not_a_hit();
    assert_eq!(bed.origin().count("/account/a.css"), 3);
    for target in ["/a.css", "/gone.css", "/moved.css"] {
        bed.get(target).was_hit();
    }
    assert!(bed.metrics().contains("littoral_not_stored_total{reason=\"type-mismatch\"} 2"));

    let bed = Testbed::builder(origin("/account/a.css", page())).cache_setting("type_guard = false").start();
    bed.get("/account/a.css");
    bed.get("/account/a.css").is_hit("private");
}
