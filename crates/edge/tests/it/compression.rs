//! Compression: which form of a response each client gets, under which tag, and what it costs.

use littoral_compression::{DecodeLimits, Decoder, Encoder, Format, Level};
use littoral_testbed::{Answer, Gate, HOST, Purge, Reply, Testbed, in_turn, ok, origin, status};

/// Text of this length that is worth compressing.
pub(crate) fn text(length: usize) -> String {
    let mut out = String::with_capacity(length + 64);
    let mut number: u64 = 7;
    while out.len() < length {
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        out.push_str(&format!("<p class=\"line\">{} of the shore</p>\n", number >> 44));
    }
    out.truncate(length);
    out
}

pub(crate) fn format(coding: &str) -> Format {
    match coding {
        "zstd" => Format::Zstd,
        "br" => Format::Brotli,
        "gzip" => Format::Gzip,
        other => panic!("no coding of ours: {other}"),
    }
}

pub(crate) fn encoded(coding: &str, body: &str) -> Vec<u8> {
    let mut encoder = Encoder::new(format(coding), Level::Quick, None).expect("there is memory");
    let mut out = Vec::new();
    encoder.encode(body.as_bytes(), &mut out).expect("it encodes");
    encoder.finish(&mut out).expect("it ends");
    out
}

/// What can be decoded of `bytes`, and whether that is a whole.
pub(crate) fn decoded(coding: &str, mut bytes: &[u8]) -> (String, bool) {
    let mut decoder = Decoder::new(format(coding), DecodeLimits::default()).expect("there is memory");
    let mut out = Vec::new();
    loop {
        let step = decoder.decode(bytes, &mut out, 1 << 20).expect("the edge sends what it says");
        bytes = &bytes[step.consumed..];
        if bytes.is_empty() && !step.full {
            return (String::from_utf8(out).expect("the tests send text"), decoder.finish().is_ok());
        }
    }
}

pub(crate) fn content(reply: &Reply) -> String {
    match reply.header("content-encoding") {
        None => reply.text(),
        Some(coding) => {
            let (text, whole) = decoded(coding, &reply.body);
            assert!(whole, "the content breaks off\n{reply}");
            text
        }
    }
}

pub(crate) fn metric(bed: &Testbed, sample: &str) -> u64 {
    let page = bed.metrics();
    let line = page.lines().find(|line| line.starts_with(sample) && line[sample.len()..].starts_with(' '));
    line.unwrap_or_else(|| panic!("no {sample}"))[sample.len() + 1..].parse().expect("a whole number")
}

/// Waits until the background has made so many encodings.
pub(crate) fn made(bed: &Testbed, count: u64) {
    bed.until("the encodings are made", || metric(bed, "littoral_encodings_total{result=\"made\"}") >= count);
}

pub(crate) fn ask(bed: &Testbed, target: &str, accept: &str) -> Reply {
    bed.ask("GET", target).header("Accept-Encoding", accept).send()
}

pub(crate) fn page(body: &str) -> Answer {
    ok(body).header("Content-Type", "text/html; charset=utf-8").etag("\"abc\"").max_age(60)
}

/// A page at `/a` of which the background has made these encodings.
pub(super) fn bed_with(codings: &[&str], body: &str) -> Testbed {
    let bed = Testbed::start(origin("/a", page(body).conditional()));
    for coding in codings {
        ask(&bed, "/a", coding);
    }
    // The first came with the fill, the others were missed by a hit.
    made(&bed, codings.len() as u64);
    bed
}

/// Media types, and whether they are compressed.
const TYPES: [(&str, bool); 32] = [
    ("text/html", true),
    ("text/html; charset=utf-8", true),
    ("Text/HTML", true),
    ("text/css", true),
    ("text/plain", true),
    ("text/javascript", true),
    ("text/csv", true),
    ("text/x-made-up", true),
    ("application/javascript", true),
    ("application/json", true),
    ("application/json;charset=utf-8", true),
    ("application/ld+json", true),
    ("application/problem+json", true),
    ("application/xml", true),
    ("application/rss+xml", true),
    ("application/xhtml+xml", true),
    ("application/manifest+json", true),
    ("application/wasm", true),
    ("application/vnd.apple.mpegurl", true),
    ("image/svg+xml", true),
    ("image/x-icon", true),
    ("font/ttf", true),
    ("font/otf", true),
    ("font/woff2", false),
    ("image/png", false),
    ("image/jpeg", false),
    ("image/webp", false),
    ("video/mp4", false),
    ("audio/mpeg", false),
    ("application/zip", false),
    ("application/pdf", false),
    ("application/octet-stream", false),
];

/// Forms of `Accept-Encoding`, and the coding that each gets of what is compressed; empty: none.
const FORMS: [(Option<&str>, &str); 20] = [
    (None, ""),
    (Some(""), ""),
    (Some("identity"), ""),
    (Some("gzip"), "gzip"),
    (Some("x-gzip"), "gzip"),
    (Some("br"), "br"),
    (Some("zstd"), "zstd"),
    (Some("gzip, deflate, br, zstd"), "zstd"),
    (Some("gzip, deflate, br"), "br"),
    (Some("gzip;q=1.0, br;q=0.5"), "gzip"),
    (Some("br;q=0, gzip"), "gzip"),
    (Some("identity;q=0, br"), "br"),
    (Some("identity, gzip;q=0.5"), ""),
    (Some("*"), "gzip"),
    (Some("*;q=0"), ""),
    (Some("br, *;q=0"), "br"),
    (Some("identity;q=0"), ""),
    (Some("identity;q=0, *"), "gzip"),
    (Some("gzip, br, dcb, dcz"), "br"),
    (Some("deflate, compress"), ""),
];

#[test]
fn every_type_and_every_form_gets_the_right_variant() {
    let body = text(2000);
    let mut script = origin("/", status(404, ""));
    for (nth, (media, _)) in TYPES.iter().enumerate() {
        let answer = ok(body.clone())
            .header("Content-Type", media)
            .etag("\"abc\"")
            .header("Repr-Digest", "sha-256=:x:")
            .vary("X-Mode")
            .max_age(60);
        script = script.and(&format!("/{nth}"), answer);
    }
    let bed = Testbed::start(script);
    let send = |nth: usize, form: usize| {
        let mut asked = bed.ask("GET", &format!("/{nth}?{form}"));
        if let Some(accept) = FORMS[form].0 {
            asked = asked.header("Accept-Encoding", accept);
        }
        asked.send()
    };
    let mut wanted = 0;
    for later in [false, true] {
        for (nth, (media, compressed)) in TYPES.iter().enumerate() {
            for (form, (accept, coding)) in FORMS.iter().enumerate() {
                let reply = send(nth, form);
                let what =
                    format!("{media} for {accept:?}, {}\n{reply}", if later { "later" } else { "first" });
                let coding = if *compressed { coding } else { "" };
                assert_eq!(reply.header("content-encoding").unwrap_or_default(), coding, "{what}");
                assert_eq!(content(&reply), body, "{what}");
                let vary = if *compressed { "X-Mode, accept-encoding" } else { "X-Mode" };
                assert_eq!(reply.headers("vary"), [vary], "{what}");
                let tag = match coding {
                    "" => "\"abc\"".to_owned(),
                    coding if later => format!("\"abc~{coding}\""),
                    coding => format!("W/\"abc~{coding}\""),
                };
                assert_eq!(reply.headers("etag"), [tag], "{what}");
                assert_eq!(reply.header("repr-digest").is_some(), coding.is_empty(), "{what}");
                assert_eq!(reply.header("content-length").is_some(), later || coding.is_empty(), "{what}");
                wanted += u64::from(!later && !coding.is_empty());
            }
        }
        made(&bed, wanted);
    }
}

#[test]
fn head_says_what_get_says() {
    let bed = bed_with(&["br"], &text(3000));
    let fields = |reply: &Reply| {
        ["etag", "vary", "content-encoding", "content-length", "content-type"]
            .map(|name| reply.header(name).map(str::to_owned))
    };
    let hit = ask(&bed, "/a", "br");
    let head = bed.ask("HEAD", "/a").header("Accept-Encoding", "br").send();
    assert_eq!(fields(&head), fields(&hit));
    assert_eq!(head.header("etag"), Some("\"abc~br\""));
    // Nothing is stored: HEAD goes to the origin.
    bed.purge(Purge::url("http://site.test/a"));
    let head = bed.ask("HEAD", "/a").header("Accept-Encoding", "br").send();
    let miss = ask(&bed, "/a", "br");
    assert_eq!(fields(&head), fields(&miss));
    assert_eq!(head.header("etag"), Some("W/\"abc~br\""));
}

#[test]
fn conditions_are_answered_about_the_form_that_they_name() {
    let bed = bed_with(&["br"], &text(3000));
    for (accept, listed, expected, tag) in [
        ("br", "\"abc~br\"", 304, "\"abc~br\""),
        ("br", "W/\"abc~br\"", 304, "\"abc~br\""),
        ("br", "\"x\", \"abc~br\"", 304, "\"abc~br\""),
        ("br", "*", 304, "\"abc~br\""),
        // What the client has is good as long as it could be given now.
        ("br", "\"abc\"", 304, "\"abc\""),
        ("br, gzip", "W/\"abc~gzip\"", 304, "W/\"abc~gzip\""),
        ("gzip", "\"abc~br\"", 200, "\"abc\""),
        ("identity", "\"abc~br\"", 200, "\"abc\""),
        ("br, identity;q=0", "\"abc\"", 200, "\"abc~br\""),
        ("br", "\"abcd~br\"", 200, "\"abc~br\""),
    ] {
        let reply =
            bed.ask("GET", "/a").header("Accept-Encoding", accept).header("If-None-Match", listed).send();
        assert_eq!(
            (reply.status, reply.header("etag")),
            (expected, Some(tag)),
            "{accept}, {listed}\n{reply}"
        );
        reply.has_header("vary", "accept-encoding");
    }
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn a_miss_is_answered_about_the_form_that_the_condition_names() {
    let bed = Testbed::start(origin("/a", page(&text(3000))));
    let reply = bed
        .ask("GET", "/a")
        .header("Accept-Encoding", "zstd")
        .header("If-None-Match", "W/\"abc~zstd\"")
        .send();
    reply.has_status(304).has_header("etag", "W/\"abc~zstd\"").has_header("vary", "accept-encoding");
}

#[test]
fn origins_see_their_own_tags_and_clients_theirs() {
    let body = text(3000);
    let answer = page(&body).cache_control("private").conditional();
    let bed = Testbed::builder(origin("/a", answer)).cache_setting("mode = \"bypass\"").start();
    ask(&bed, "/a", "gzip").has_header("etag", "W/\"abc~gzip\"").has_header("vary", "accept-encoding");
    let reply = bed
        .ask("GET", "/a")
        .header("Accept-Encoding", "gzip, dcb, br")
        .header("If-None-Match", "\"abc~gzip\"")
        .send();
    reply.has_status(304).has_header("etag", "\"abc~gzip\"").has_header("vary", "accept-encoding");
    let seen = bed.origin().last("/a");
    assert_eq!(seen.header("if-none-match"), Some("\"abc\""));
    assert_eq!(seen.headers("accept-encoding"), "br, gzip");

    bed.ask("PUT", "/a").header("If-Match", "W/\"abc~br\"").body("new").send();
    assert_eq!(bed.origin().last("/a").header("if-match"), Some("\"abc\""), "what was encoded here is exact");

    // No origin has the rest of what was encoded here.
    bed.ask("GET", "/a")
        .header("Range", "bytes=10-")
        .header("If-Range", "\"abc~gzip\"")
        .send()
        .has_status(200);
    assert_eq!(bed.origin().last("/a").header("range"), None);
    bed.ask("GET", "/a").header("Range", "bytes=10-").header("If-Range", "\"abc\"").send();
    assert_eq!(bed.origin().last("/a").header("if-range"), Some("\"abc\""));
}

#[test]
fn parts_are_parts_of_the_variant_that_is_kept() {
    let body = text(9000);
    let bed = bed_with(&["br"], &body);
    let whole = ask(&bed, "/a", "br");
    let part = |accept: &str, if_range: Option<&str>| {
        let mut asked =
            bed.ask("GET", "/a").header("Accept-Encoding", accept).header("Range", "bytes=100-199");
        if let Some(tag) = if_range {
            asked = asked.header("If-Range", tag);
        }
        asked.send()
    };
    for tag in [None, Some("\"abc~br\"")] {
        let reply = part("br", tag);
        reply.has_status(206).has_body(&whole.body[100..200]).has_header("etag", "\"abc~br\"");
        reply.has_header("content-encoding", "br").has_header("vary", "accept-encoding");
        reply.has_header("content-range", &format!("bytes 100-199/{}", whole.body.len()));
    }
    // Who has begun with the identity goes on with it.
    let reply = part("br", Some("\"abc\""));
    reply.has_status(206).has_body(&body.as_bytes()[100..200]).lacks_header("content-encoding");
    // A weak tag proves nothing, and neither does a date that all forms share.
    part("br", Some("W/\"abc~br\"")).has_status(200).has_body(&whole.body);
    // What is not kept has no parts.
    let reply = part("zstd", None);
    reply.has_status(206).has_body(&body.as_bytes()[100..200]).has_header("etag", "\"abc\"");
    let several =
        bed.ask("GET", "/a").header("Accept-Encoding", "br").header("Range", "bytes=0-9,20-29").send();
    several.has_status(206).has_header("content-encoding", "br");
    assert!(several.body.windows(10).any(|window| *window == whole.body[20..30]));
}

#[test]
fn a_date_does_not_tell_forms_apart() {
    let answer = ok(text(9000))
        .header("Content-Type", "text/css")
        .header("Last-Modified", "Mon, 01 Dec 2025 00:00:00 GMT")
        .max_age(60);
    let bed = Testbed::start(origin("/a", answer));
    bed.get("/a");
    let part = |accept: &str| {
        bed.ask("GET", "/a")
            .header("Accept-Encoding", accept)
            .header("Range", "bytes=0-9")
            .header("If-Range", "Mon, 01 Dec 2025 00:00:00 GMT")
            .send()
            .status
    };
    assert_eq!((part("br"), part("identity")), (200, 206));
}

#[test]
fn a_range_of_what_is_not_here_yet_is_one_of_the_identity() {
    let body = text(9000);
    let bed = Testbed::builder(origin("/a", page(&body))).cache_setting("ranges = \"whole\"").start();
    let reply = bed.ask("GET", "/a").header("Accept-Encoding", "br").header("Range", "bytes=100-199").send();
    reply.has_status(206).has_body(&body.as_bytes()[100..200]).has_header("etag", "\"abc\"");
}

#[test]
fn a_purge_takes_the_encodings_with_it() {
    let script = origin("/a", in_turn([page(&text(3000)), page(&text(4000))]));
    let bed = Testbed::start(script);
    ask(&bed, "/a", "br");
    made(&bed, 1);
    ask(&bed, "/a", "br").was_hit().has_header("etag", "\"abc~br\"");
    bed.purge(Purge::url("http://site.test/a"));
    let reply = ask(&bed, "/a", "br");
    reply.was_not_a_hit();
    assert_eq!(content(&reply), text(4000));
    made(&bed, 2);
    assert_eq!(content(&ask(&bed, "/a", "br")), text(4000));
}

#[test]
fn what_is_freshened_keeps_its_encodings() {
    let bed = Testbed::start(origin("/a", page(&text(3000)).max_age(1).conditional()));
    ask(&bed, "/a", "br");
    made(&bed, 1);
    bed.advance(100);
    let reply = ask(&bed, "/a", "br");
    reply.has_cache_status("fwd-status", "304").has_header("etag", "\"abc~br\"");
    assert_eq!(content(&reply), text(3000));
    assert_eq!(metric(&bed, "littoral_encodings_total{result=\"made\"}"), 1);
}

#[test]
fn who_refuses_identity_gets_a_coding_even_before_one_is_kept() {
    let body = text(3000);
    let bed = Testbed::start(origin("/a", page(&body)));
    bed.get("/a");
    let reply = ask(&bed, "/a", "gzip, identity;q=0");
    reply.was_hit().has_header("content-encoding", "gzip");
    assert_eq!(content(&reply), body);
    made(&bed, 1);
    ask(&bed, "/a", "gzip, identity;q=0").has_header("etag", "\"abc~gzip\"");
}

#[test]
fn what_does_not_shrink_is_not_tried_again() {
    let mut noise: u64 = 1;
    let body: Vec<u8> = (0..4000)
        .map(|_| {
            noise ^= noise << 13;
            noise ^= noise >> 7;
            noise ^= noise << 17;
            (noise >> 32) as u8
        })
        .collect();
    let answer = ok(body.clone()).header("Content-Type", "text/plain").max_age(1000);
    let bed = Testbed::start(origin("/a", answer));
    bed.get("/a");
    ask(&bed, "/a", "br").was_hit().has_body(&body);
    bed.until("it was tried", || metric(&bed, "littoral_encodings_total{result=\"useless\"}") == 1);
    bed.advance(500);
    ask(&bed, "/a", "br").was_hit().has_body(&body).has_header("vary", "accept-encoding");
    assert_eq!(metric(&bed, "littoral_encodings_queue"), 0);
    assert_eq!(metric(&bed, "littoral_encodings_total{result=\"useless\"}"), 1);
}

#[test]
fn dictionaries_and_other_codings_make_no_variants() {
    let bed = Testbed::start(origin("/a", page(&text(3000)).vary("Accept-Encoding")));
    for accept in ["gzip, br", "br, gzip, dcb", "gzip;q=0.9, br, dcz, x-mine", "br,gzip,deflate"] {
        ask(&bed, "/a", accept).has_header("vary", "Accept-Encoding");
    }
    assert_eq!(bed.origin().count("/a"), 1);
    assert_eq!(bed.origin().last("/a").header("accept-encoding"), Some("br, gzip"));
    ask(&bed, "/a", "gzip");
    assert_eq!(bed.origin().count("/a"), 2);
}

#[test]
fn what_is_small_or_not_to_be_touched_stays_as_it_is() {
    let script = origin("/small", page("short"))
        .and("/sealed", page(&text(3000)).cache_control("no-transform"))
        .and("/coded", page(&text(3000)).header("Content-Encoding", "x-mine"))
        .and("/missing", status(404, text(3000)).header("Content-Type", "text/html").max_age(60));
    let bed = Testbed::start(script);
    for target in ["/small", "/sealed", "/coded"] {
        for _ in 0..2 {
            let reply = ask(&bed, target, "gzip, br");
            reply.has_header("etag", "\"abc\"").lacks_header("vary");
            assert!(!matches!(reply.header("content-encoding"), Some("gzip" | "br")), "{target}");
        }
    }
    ask(&bed, "/missing", "gzip").has_status(404).has_header("content-encoding", "gzip");
}

#[test]
fn a_behavior_without_compression_changes_nothing() {
    let bed =
        Testbed::builder(origin("/a", page(&text(3000)))).behavior_setting("compression = \"off\"").start();
    for _ in 0..2 {
        let reply = ask(&bed, "/a", "gzip, br");
        reply.has_header("etag", "\"abc\"").lacks_header("vary").lacks_header("content-encoding");
    }
}

#[test]
fn only_what_the_behavior_offers_is_made() {
    let bed = Testbed::builder(origin("/a", page(&text(3000))).and("/b", page("12345678901234567890")))
        .behavior_setting("compression = { codings = [\"gzip\", \"br\"], bytes_min = \"10B\" }")
        .start();
    ask(&bed, "/a", "zstd, br, gzip").has_header("content-encoding", "gzip");
    ask(&bed, "/a?2", "zstd").lacks_header("content-encoding").has_header("vary", "accept-encoding");
    ask(&bed, "/b", "br").has_header("content-encoding", "br");
}

#[test]
fn encodings_that_find_no_room_leave_the_page_in_its_place() {
    let body = text(60_000);
    let bed = Testbed::builder(origin("/a", page(&body))).memory(256 << 10).start();
    ask(&bed, "/a", "br");
    bed.until("the job ended", || metric(&bed, "littoral_encodings_total{result=\"no-room\"}") == 1);
    let reply = ask(&bed, "/a", "br");
    assert_eq!((content(&reply), reply.header("etag")), (body, Some("\"abc\"")));
    reply.was_hit();
}

#[test]
fn what_is_too_large_to_be_stored_streams_through_one_coder_all_the_same() {
    let body = text(12 << 20);
    let gate = Gate::closed();
    let bed = Testbed::builder(origin("/a", page(&body).held_by(&gate)))
        .cache_setting("response_bytes_max = \"64KiB\"")
        .start();
    let mut clients: Vec<_> = (0..6).map(|_| bed.client()).collect();
    for (nth, client) in clients.iter_mut().enumerate() {
        let accept = ["br", "gzip", "identity"][nth % 3];
        client.send(format!("GET /a HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: {accept}\r\n\r\n"));
    }
    gate.wait_for_arrivals(1);
    bed.settle();
    gate.open();
    let readers: Vec<_> = clients
        .into_iter()
        .map(|mut client| std::thread::spawn(move || content(&client.reply("GET"))))
        .collect();
    for reader in readers {
        assert!(reader.join().expect("a whole reply") == body);
    }
    assert_eq!(metric(&bed, "littoral_encodings_total{result=\"made\"}"), 0);
    bed.until("all memory is given back", || {
        metric(&bed, "littoral_coder_bytes") == 0 && metric(&bed, "littoral_fill_bytes") == 0
    });
}
