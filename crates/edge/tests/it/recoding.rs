//! Bodies that are encoded or decoded on their way: shared by those who wait, cut off where they break, never held
//! back.

use crate::compression::{ask, content, decoded, encoded, format, made, metric, page, text};
use littoral_compression::{DecodeLimits, Decoder};
use littoral_testbed::{Gate, HOST, NoReply, Testbed, dynamic, ok, origin};

#[test]
fn an_encoding_that_the_client_does_not_take_comes_off() {
    let body = text(5000);
    for coding in ["gzip", "br", "zstd"] {
        let answer = page("").header("Content-Encoding", coding);
        let compressed = encoded(coding, &body);
        let script = origin(
            "/a",
            dynamic(move |_| {
                let mut answer = ok(compressed.clone());
                for (name, value) in
                    [("Content-Type", "text/html"), ("ETag", "\"abc\""), ("Cache-Control", "max-age=60")]
                {
                    answer = answer.header(name, value);
                }
                answer.header("Content-Encoding", coding).header("Content-MD5", "x")
            }),
        );
        drop(answer);
        let bed = Testbed::start(script);
        for place in ["miss", "hit"] {
            let reply = ask(&bed, "/a", "identity");
            let what = format!("{coding}, {place}\n{reply}");
            assert_eq!(reply.text(), body, "{what}");
            assert_eq!(reply.header("content-encoding"), None, "{what}");
            assert_eq!(reply.header("etag"), Some("W/\"abc~identity\""), "{what}");
            assert_eq!(reply.header("vary"), Some("accept-encoding"), "{what}");
            assert_eq!((reply.header("content-md5"), reply.header("content-length")), (None, None), "{what}");
        }
        let reply = ask(&bed, "/a", coding);
        reply.was_hit().has_header("etag", "\"abc\"").has_header("vary", "accept-encoding");
        assert_eq!(content(&reply), body);
        let reply = bed.ask("GET", "/a").header("If-None-Match", "W/\"abc~identity\"").send();
        reply.has_status(304).has_header("etag", "W/\"abc~identity\"");
        assert_eq!(bed.origin().count("/a"), 1);
        // The same past the cache.
        bed.ask("GET", "/a").header("Authorization", "x").send().has_body(&body);
    }
}

#[test]
fn an_encoding_stays_on_where_the_behavior_says_so() {
    let compressed = encoded("gzip", &text(5000));
    let answer = page("").header("Content-Encoding", "gzip");
    drop(answer);
    let answer = ok(compressed.clone())
        .header("Content-Type", "text/html")
        .header("Content-Encoding", "gzip")
        .max_age(60);
    let bed =
        Testbed::builder(origin("/a", answer)).behavior_setting("compression = { decode = false }").start();
    ask(&bed, "/a", "identity").has_body(&compressed).has_header("content-encoding", "gzip");
}

#[test]
fn a_download_that_is_a_gzip_file_is_left_alone() {
    let compressed = encoded("gzip", &text(5000));
    let answer = ok(compressed.clone())
        .header("Content-Type", "application/x-gzip")
        .header("Content-Encoding", "x-gzip")
        .max_age(60);
    let bed = Testbed::start(origin("/a.tar.gz", answer));
    let reply = ask(&bed, "/a.tar.gz", "identity");
    reply.has_body(&compressed).has_header("content-encoding", "x-gzip").lacks_header("vary");
}

#[test]
fn what_is_not_what_it_says_is_sent_as_it_came() {
    let body = text(5000);
    let answer = page(&body).header("Content-Encoding", "gzip");
    let private = page(&body).header("Content-Encoding", "gzip").cache_control("private");
    let bed = Testbed::start(origin("/a", answer).and("/private", private));
    for target in ["/a", "/a", "/private", "/private"] {
        let reply = ask(&bed, target, "identity");
        reply.has_body(&body).has_header("content-encoding", "gzip").has_header("etag", "\"abc\"");
    }
    assert!(metric(&bed, "littoral_origin_errors_total{reason=\"origin-coding\"}") >= 4);
}

#[test]
fn what_breaks_in_the_middle_is_cut_off_visibly() {
    let body = text(400_000);
    let mut compressed = encoded("gzip", &body);
    compressed.truncate(compressed.len() - 20);
    let answer = |fields: &str| {
        ok(compressed.clone())
            .header("Content-Type", "text/html")
            .header("Content-Encoding", "gzip")
            .cache_control(fields)
    };
    let bed = Testbed::start(origin("/a", answer("max-age=60")).and("/private", answer("private")));
    for target in ["/a", "/a", "/private"] {
        let mut client = bed.client();
        client.send(format!("GET {target} HTTP/1.1\r\nHost: {HOST}\r\n\r\n"));
        match client.try_reply("GET") {
            Err(NoReply::CutOff(reply)) => assert!(body.starts_with(&reply.text()), "{target}"),
            other => panic!("{target} is not cut off: {other:?}"),
        }
    }
}

#[test]
fn a_storm_shares_one_coder() {
    const CLIENTS: usize = 1000;
    let body = text(100_000);
    let gate = Gate::closed();
    let bed = Testbed::start(origin("/a", page(&body).held_after(50_000, &gate)));
    let mut clients: Vec<_> = (0..CLIENTS).map(|_| bed.client()).collect();
    for (nth, client) in clients.iter_mut().enumerate() {
        let accept = if nth % 2 == 0 { "br" } else { "gzip, zstd" };
        client.send(format!("GET /a HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: {accept}\r\n\r\n"));
    }
    gate.wait_for_arrivals(1);
    bed.settle();
    gate.open();
    for mut client in clients {
        assert_eq!(content(&client.reply("GET")), body);
    }
    assert_eq!(bed.origin().count("/a"), 1);
    let coders = metric(&bed, "littoral_coders_total{does=\"encode\"}");
    // A client that comes when the rest has been sent finds what is stored. Two threads may begin a coding at the same
    // moment; the one that comes second drops its coder unused.
    assert!((1..=4).contains(&coders), "{coders} coders for two codings on two threads");
    bed.until("the coders are given back", || metric(&bed, "littoral_coder_bytes") == 0);
    made(&bed, 2);
}

#[test]
fn a_storm_shares_one_decoder() {
    let body = text(50_000);
    let gate = Gate::closed();
    let answer = ok(encoded("zstd", &body))
        .header("Content-Type", "text/html")
        .header("Content-Encoding", "zstd")
        .max_age(60)
        .held_by(&gate);
    let bed = Testbed::start(origin("/a", answer));
    let mut clients: Vec<_> = (0..100).map(|_| bed.client()).collect();
    for client in &mut clients {
        client.send(format!("GET /a HTTP/1.1\r\nHost: {HOST}\r\n\r\n"));
    }
    gate.wait_for_arrivals(1);
    bed.settle();
    gate.open();
    for mut client in clients {
        client.reply("GET").has_body(&body);
    }
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn events_are_not_held_back() {
    let gate = Gate::closed();
    let first = "data: one\n\n".repeat(20);
    let rest = "data: two\n\n".repeat(2000);
    let answer = ok(format!("{first}{rest}"))
        .header("Content-Type", "text/event-stream")
        .cache_control("no-store")
        .chunked(4096)
        .held_after(first.len(), &gate);
    // `text/*` is among the default types; event streams are not for the cache, but for the coder they are.
    let bed = Testbed::start(origin("/a", answer));
    let mut client = bed.client();
    client.send(format!("GET /a HTTP/1.1\r\nHost: {HOST}\r\nAccept-Encoding: gzip\r\n\r\n"));
    let mut seen = Vec::new();
    let has = |seen: &[u8], part: &[u8]| seen.windows(part.len()).any(|window| window == part);
    while !has(&seen, b"\r\n\r\n") {
        seen.extend(client.read_bytes(1));
    }
    let head = String::from_utf8(seen).expect("a head is text").to_ascii_lowercase();
    assert!(!head.contains("content-encoding"), "not by default: {head}");
    gate.open();
}

#[test]
fn what_the_origin_has_sent_can_be_decoded_before_it_goes_on() {
    for coding in ["gzip", "br", "zstd"] {
        for fresh in ["no-store", "max-age=60"] {
            let gate = Gate::closed();
            let (first, rest) = (text(3000), text(9000));
            let answer = ok(format!("{first}{rest}"))
                .header("Content-Type", "text/html")
                .cache_control(fresh)
                .chunked(3000)
                .held_after(3000, &gate);
            let bed = Testbed::start(origin("/a", answer));
            let mut client = bed.client();
            client.send(format!("GET /a HTTP/1.0\r\nHost: {HOST}\r\nAccept-Encoding: {coding}\r\n\r\n"));
            let mut seen: Vec<u8> = Vec::new();
            let decodes = |seen: &[u8]| {
                let head = seen.windows(4).position(|window| window == b"\r\n\r\n")?;
                let mut decoder = Decoder::new(format(coding), DecodeLimits::default()).ok()?;
                let mut out = Vec::new();
                decoder.decode(&seen[head + 4..], &mut out, 1 << 20).expect("well-formed so far");
                (out == first.as_bytes()).then_some(())
            };
            while decodes(&seen).is_none() {
                seen.extend(client.read_bytes(1));
            }
            gate.open();
            seen.extend(client.read_to_end());
            let head = seen.windows(4).position(|window| window == b"\r\n\r\n").expect("a head") + 4;
            assert_eq!(decoded(coding, &seen[head..]), (format!("{first}{rest}"), true), "{coding} {fresh}");
        }
    }
}
