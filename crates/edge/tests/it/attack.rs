//! Attacks on what behaviors can be told: keys and conditions, rewrites and field rules, compression, groups.

use littoral_edge::EdgeConfig;
use littoral_policy::{Address, OriginProtocol, OriginServer};
use littoral_testbed::{
    Answer, Http2Step as Step, Purge, Request, Testbed, dynamic, http2_origin, ok, origin,
};

fn trusting(config: &mut EdgeConfig) {
    config.clients.trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
}

/// Says in a field whose session it saw.
fn personal(request: &Request) -> Answer {
    let whose = request.header("cookie").unwrap_or("nobody").to_owned();
    ok("page").header("X-User", whose).etag("\"v1\"").max_age(10)
}

#[test]
fn an_answer_to_a_head_with_cookies_that_no_key_holds_freshens_nothing() {
    let bed = Testbed::builder(origin("/a", dynamic(personal))).key_setting("cookies = [\"lang\"]").start();
    bed.get("/a").has_header("x-user", "nobody");
    bed.advance(11);
    bed.ask("HEAD", "/a").header("Cookie", "session=victim").send();
    let reply = bed.get("/a");
    reply.has_header("x-user", "nobody");
}

#[test]
fn an_answer_to_a_head_past_the_cache_freshens_nothing() {
    let bypass = "bypass = { cookies = [\"session\"], headers = [\"x-preview\"] }";
    let said = |request: &Request| {
        let seen = format!("{}{}", request.headers("cookie"), request.headers("x-preview"));
        ok("page").header("X-Seen", format!("[{seen}]")).etag("\"v1\"").cache_control("public, max-age=10")
    };
    let bed = Testbed::builder(origin("/a", dynamic(said))).cache_setting(bypass).start();
    bed.get("/a").has_header("x-seen", "[]");
    for (name, value) in [("Cookie", "session=victim"), ("X-Preview", "evil")] {
        bed.ask("HEAD", "/a").header(name, value).send();
        bed.get("/a").has_header("x-seen", "[]");
    }
    bed.ask("HEAD", "/a").header("X-Preview", "evil").body("evil").send();
    bed.get("/a").has_header("x-seen", "[]");
}

#[test]
fn what_varies_by_what_the_edge_itself_says_of_the_client_is_not_shared() {
    for (vary, rules) in [
        ("X-Forwarded-For", ""),
        ("Forwarded", ""),
        ("X-Request-Id", ""),
        ("X-Real-IP", "request_headers = [{ set = \"X-Real-IP\", value = \"${client.ip}\" }]"),
        ("X-Who", "request_headers = [{ set = \"X-Who\", value = \"a ${request.id}\" }]"),
    ] {
        let said =
            move |request: &Request| ok(format!("for {}", request.headers(vary))).vary(vary).max_age(60);
        let bed =
            Testbed::builder(origin("/a", dynamic(said))).behavior_setting(rules).configure(trusting).start();
        let ask = |client: &str| bed.ask("GET", "/a").header("X-Forwarded-For", client).send();
        let first = ask("192.0.2.1");
        let second = ask("192.0.2.2");
        assert_ne!(first.text(), second.text(), "{vary}: one client's answer went to another\n{second}");
        second.was_not_a_hit();
    }
}

#[test]
fn fields_that_some_servers_read_as_steering_ones_do_not_arrive() {
    // CGI and what follows it read `X_Forwarded_Host` and `X-Forwarded-Host` as one.
    let cgi = |request: &Request| {
        let seen: Vec<String> = request
            .fields
            .iter()
            .map(|(name, value)| {
                (name.to_ascii_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-"), value)
            })
            .filter(|(_, value)| value.contains("evil"))
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        ok(format!("seen: {seen:?}")).max_age(60)
    };
    let bed = Testbed::builder(origin("*", dynamic(cgi)))
        .origin_setting("secret = { header = \"X-Origin-Secret\", value = \"0123456789abcdef\" }")
        .start();
    for (nth, name) in [
        "X_Forwarded_Host",
        "X_Forwarded-Host",
        "X.Forwarded.Host",
        "X_Forwarded_For",
        "X_Forwarded_Proto",
        "X_Real_IP",
        "X_Original_URL",
        "X_HTTP_Method_Override",
        "X_Origin_Secret",
        "CDN_Loop",
        "X_Request_Id",
    ]
    .into_iter()
    .enumerate()
    {
        let target = format!("/{nth}");
        bed.ask("GET", &target).header(name, "evil.test").send();
        let reply = bed.get(&target);
        assert_eq!(reply.text(), "seen: []", "{name}\n{reply}");
    }
}

#[test]
fn parts_of_what_an_origin_encoded_are_not_decoded() {
    let whole: Vec<u8> = (0..4000u32).map(|n| (n * 7 % 251) as u8).collect();
    let answer = ok(whole.clone())
        .header("Content-Type", "text/html")
        .header("Content-Encoding", "gzip")
        .etag("\"z\"")
        .max_age(60)
        .ranged();
    let bed = Testbed::builder(origin("/a", answer)).cache_setting("ranges = \"forward\"").start();
    let ask = |range: &str, accept: &str| {
        bed.ask("GET", "/a").header("Range", range).header("Accept-Encoding", accept).send()
    };
    let first = ask("bytes=0-99", "gzip");
    first.has_status(206);
    let second = ask("bytes=0-9", "identity");
    second.has_status(206).has_body(&whole[..10]);
}

#[test]
fn a_switch_of_protocols_in_an_http_2_origins_interim_answer_does_not_reach_the_client() {
    let fields = |list: &[(&str, &str)]| -> Vec<(String, String)> {
        list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let http2 = http2_origin(100, move |_| {
        vec![
            Step::Head(101, fields(&[("x-evil", "1")])),
            Step::Head(103, fields(&[("link", "</a.css>")])),
            Step::Head(200, fields(&[("cache-control", "no-store"), ("content-length", "2")])),
            Step::LastData("ok".into()),
        ]
    });
    let address = http2.address();
    let bed = Testbed::builder(origin("/never", ok("never")))
        .change_origins(move |server: &mut OriginServer| {
            server.address = Address::Tcp { host: address.ip().to_string().into(), port: address.port() };
            server.protocol = OriginProtocol::Http2;
        })
        .start();
    let mut client = bed.client();
    client.send("GET /a HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n");
    let bytes = client.read_to_end();
    let text = String::from_utf8_lossy(&bytes);
    assert!(!text.contains(" 101 "), "{text}");
}

#[test]
fn what_a_client_with_cookies_brought_is_a_hit_for_one_without_over_http_2() {
    let http2 = http2_origin(100, |_| {
        let fields = [("cache-control", "public, max-age=60"), ("content-length", "5")];
        let fields = fields.map(|(name, value)| (name.to_owned(), value.to_owned()));
        vec![Step::Head(200, fields.into()), Step::Data("hello".into()), Step::LastData(Vec::new())]
    });
    let address = http2.address();
    let bed = Testbed::builder(origin("/never", ok("never")))
        .change_origins(move |server: &mut OriginServer| {
            server.address = Address::Tcp { host: address.ip().to_string().into(), port: address.port() };
            server.protocol = OriginProtocol::Http2;
        })
        .start();
    for nth in 0..50 {
        let target = format!("/{nth}");
        let first = bed.ask("GET", &target).header("Cookie", "x=1").send();
        let second = bed.get(&target);
        assert!(second.cache_status().expect("said").has("hit"), "{nth}\n{first}\n{second}");
    }
}

#[test]
fn what_a_connection_option_hides_from_the_origin_is_not_seen_by_key_and_rules_either() {
    let said = |request: &Request| {
        let language = request.header("x-lang").unwrap_or("none").to_owned();
        ok(language).vary(request.query().unwrap_or("")).max_age(60)
    };
    let bed = Testbed::builder(origin("*", dynamic(said)))
        .first_behaviors(
            "[[behaviors]]\nname = \"keyed\"\npath = \"/keyed\"\n[behaviors.key]\nheaders = [\"x-lang\"]\n\
             [[behaviors]]\nname = \"when\"\nwhen = 'header[\"x-beta\"] == \"1\"'\n\
             request_headers = [{ set = \"X-Lang\", value = \"beta\" }]\n",
        )
        .start();
    for target in ["/keyed", "/varied?X-Lang"] {
        let ask =
            |hide: &str| bed.ask("GET", target).header("X-Lang", "de").header("Connection", hide).send();
        ask("X-Lang, keep-alive");
        let reply = ask("keep-alive");
        assert_eq!(reply.text(), "de", "{target}\n{reply}");
    }
    bed.ask("GET", "/b").header("X-Beta", "1").send().has_body("beta");
    bed.ask("GET", "/b").header("X-Beta", "1").header("Connection", "x-beta").send().has_body("none");
}

#[test]
fn purges_and_unsafe_methods_reach_what_is_stored_for_any_behavior_field_cookie_and_coding() {
    let said = |request: &Request| {
        let body = format!("{} {}", request.headers("x-lang"), "so much of the same. ".repeat(100));
        ok(body)
            .header("Content-Type", "text/html")
            .header("Surrogate-Key", "all")
            .etag("\"1\"")
            .cache_control("public, max-age=600")
    };
    let bed = Testbed::builder(origin("*", dynamic(said)))
        .key_setting("headers = [\"x-lang\"]\ncookies = [\"lang\"]\nquery = { except = [\"utm\"] }")
        .first_behaviors("[[behaviors]]\nname = \"beta\"\nwhen = 'header[\"x-beta\"] == \"1\"'\n")
        .start();
    let all = || {
        let mut asked = 0;
        let mut hits = 0;
        for beta in ["0", "1"] {
            for lang in ["de", "en"] {
                for accept in ["identity", "gzip", "br"] {
                    let ask = bed.ask("GET", "/a").header("X-Beta", beta).header("X-Lang", lang);
                    let reply = ask.header("Cookie", "lang=x").header("Accept-Encoding", accept).send();
                    asked += 1;
                    hits += usize::from(reply.cache_status().is_some_and(|said| said.has("hit")));
                }
            }
        }
        (hits, asked)
    };
    let acts: [(&str, &dyn Fn()); 5] = [
        ("purge of the URL", &|| _ = bed.purge(Purge::url("http://site.test/a"))),
        ("erasing", &|| _ = bed.purge(Purge::url("http://www.site.test/a?utm=1").erasing())),
        ("purge of the prefix", &|| _ = bed.purge(Purge::prefix("http://site.test/"))),
        ("purge of the tag", &|| _ = bed.purge(Purge::tag("all"))),
        ("POST", &|| _ = bed.ask("POST", "/a?utm=2").body("x").send()),
    ];
    for (name, act) in acts {
        all();
        let (hits, asked) = all();
        assert_eq!(hits, asked, "{name}: all was stored");
        act();
        let before = bed.origin().requests().len();
        all();
        // Beta shares for all languages, and so for its cookies; the others have one each.
        let fetched = bed.origin().requests().len() - before;
        assert!(fetched >= 3, "{name}: something was left, {fetched} fetched");
    }
}
