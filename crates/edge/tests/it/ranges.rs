//! Ranges of stored responses, several at once, and parts that are stored and combined.

use littoral_testbed::{Reply, Testbed, dynamic, ok, origin, status};

const ALPHABET: &str = "abcdefghijklmnopqrstuvwxyz";
const MONDAY: &str = "Mon, 01 Dec 2025 00:00:00 GMT";

fn stored() -> Testbed {
    let answer = ok(ALPHABET).max_age(60).etag("\"1\"").header("Last-Modified", MONDAY);
    let bed = Testbed::start(origin("/a", answer.header("Content-Type", "text/plain")));
    bed.get("/a").is_forwarded(ALPHABET);
    bed
}

fn part(bed: &Testbed, range: &str) -> Reply {
    bed.ask("GET", "/a").header("Range", range).send()
}

#[test]
fn one_range_of_a_stored_response() {
    let bed = stored();
    let cases = [
        ("bytes=0-0", "bytes 0-0/26", "a"),
        ("bytes=2-4", "bytes 2-4/26", "cde"),
        ("bytes=20-", "bytes 20-25/26", "uvwxyz"),
        ("bytes=20-99", "bytes 20-25/26", "uvwxyz"),
        ("bytes=-3", "bytes 23-25/26", "xyz"),
        ("bytes=-99", "bytes 0-25/26", ALPHABET),
        ("bytes=0-", "bytes 0-25/26", ALPHABET),
        ("bytes= 2-4", "bytes 2-4/26", "cde"),
        ("Bytes=2-4", "bytes 2-4/26", "cde"),
    ];
    for (range, said, content) in cases {
        let reply = part(&bed, range);
        assert_eq!(reply.status, 206, "{range}\n{reply}");
        reply.has_body(content).has_header("content-range", said).has_header("etag", "\"1\"").was_hit();
        reply.has_header("content-length", &content.len().to_string());
    }
    assert_eq!(bed.origin().count("/a"), 1);
}

#[test]
fn ranges_that_mean_nothing_get_the_whole() {
    let bed = stored();
    for range in
        ["lines=1-2", "bytes=", "bytes=a-b", "bytes=4-2", "bytes", "bytes=1-2-3", "bytes=--1", "bytes=1 - 2"]
    {
        let reply = part(&bed, range);
        assert_eq!((reply.status, reply.text().as_str()), (200, ALPHABET), "{range}\n{reply}");
    }
    let many = (0..500).map(|n| format!("{n}-{n}")).collect::<Vec<_>>().join(",");
    part(&bed, &format!("bytes={many}")).has_status(200).has_body(ALPHABET);
}

#[test]
fn a_range_behind_the_end_is_unsatisfiable() {
    let bed = stored();
    for range in ["bytes=26-", "bytes=26-30", "bytes=-0", "bytes=99-,100-"] {
        let reply = part(&bed, range);
        assert_eq!(reply.status, 416, "{range}\n{reply}");
        reply.has_header("content-range", "bytes */26");
    }
    part(&bed, "bytes=0-1").has_status(206);
}

#[test]
fn range_is_for_get_alone() {
    let bed = stored();
    let reply = bed.ask("HEAD", "/a").header("Range", "bytes=0-1").send();
    reply.has_status(200).has_header("content-length", "26");
}

#[test]
fn if_range_decides_between_part_and_whole() {
    let bed = stored();
    let cases = [
        ("\"1\"", 206),
        ("\"2\"", 200),
        ("W/\"1\"", 200),
        (MONDAY, 200),
        ("Tue, 02 Dec 2025 00:00:00 GMT", 200),
    ];
    for (condition, wanted) in cases {
        let reply = bed.ask("GET", "/a").header("Range", "bytes=0-1").header("If-Range", condition).send();
        let strong_date = condition == MONDAY && reply.status == 206;
        assert!(reply.status == wanted || strong_date, "{condition}\n{reply}");
    }
    let reply = bed.ask("GET", "/a").header("Range", "bytes=0-1").header("If-None-Match", "\"1\"").send();
    reply.has_status(304);
}

/// The parts of a `multipart/byteranges` reply: `Content-Range` and content.
fn parts(reply: &Reply) -> Vec<(String, String)> {
    let kind = reply.header("content-type").expect("a content type");
    let boundary = kind.strip_prefix("multipart/byteranges; boundary=").expect("multipart/byteranges");
    let text = reply.text();
    let delimiter = format!("--{}", boundary.trim_matches('"'));
    let text = text.trim_start_matches("\r\n");
    let mut found = Vec::new();
    for piece in text.split(&delimiter).skip(1) {
        if piece.starts_with("--") {
            assert_eq!(piece.trim_end(), "--", "something behind the last delimiter");
            return found;
        }
        let (head, content) = piece.split_once("\r\n\r\n").expect("a part has a head");
        let range = head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-range").then(|| value.trim().to_owned())
        });
        assert!(head.to_ascii_lowercase().contains("content-type: text/plain"), "{head}");
        let content = content.strip_suffix("\r\n").expect("a line end before the delimiter");
        found.push((range.expect("a part says its range"), content.to_owned()));
    }
    panic!("no last delimiter in {text:?}");
}

#[test]
fn several_ranges_come_as_parts() {
    let bed = stored();
    let reply = part(&bed, "bytes=0-1, 10-12, -2");
    reply.has_status(206).lacks_header("content-range").was_hit();
    let wanted = [("bytes 0-1/26", "ab"), ("bytes 10-12/26", "klm"), ("bytes 24-25/26", "yz")];
    let wanted: Vec<_> = wanted.iter().map(|(range, text)| (range.to_string(), text.to_string())).collect();
    assert_eq!(parts(&reply), wanted);
}

#[test]
fn a_boundary_does_not_occur_in_the_content() {
    let content = (0..2000).map(|n| format!("\r\n--{n:x}\r\n")).collect::<String>();
    let bed =
        Testbed::start(origin("/a", ok(content.clone()).max_age(60).header("Content-Type", "text/plain")));
    bed.get("/a").has_body(&content);
    let reply = part(&bed, "bytes=0-2999, 5000-7999");
    let found = parts(&reply);
    assert_eq!(found[0].1, content[..3000]);
    assert_eq!(found[1].1, content[5000..8000]);
}

#[test]
fn of_several_ranges_only_the_satisfiable_ones_count() {
    let bed = stored();
    let reply = part(&bed, "bytes=2-4,99-");
    reply.has_status(206);
    if reply.header("content-range").is_some() {
        reply.has_body("cde").has_header("content-range", "bytes 2-4/26");
    } else {
        assert_eq!(parts(&reply), [("bytes 2-4/26".to_owned(), "cde".to_owned())]);
    }
}

#[test]
fn a_range_on_a_cold_key_is_answered_whatever_the_origin_does_with_it() {
    for ranged in [false, true] {
        let answer = ok(ALPHABET).max_age(60).etag("\"1\"");
        let bed = Testbed::start(origin("/a", if ranged { answer.ranged() } else { answer }));
        for (range, content) in
            [("bytes=2-4", "cde"), ("bytes=2-4", "cde"), ("bytes=-2", "yz"), ("bytes=10-", &ALPHABET[10..])]
        {
            part(&bed, range).has_status(206).has_body(content);
        }
        bed.get("/a").has_status(200).has_body(ALPHABET);
        bed.get("/a").is_hit(ALPHABET);
    }
}

#[test]
fn stored_parts_answer_for_themselves_and_combine() {
    let answer = ok(ALPHABET).max_age(60).etag("\"1\"").ranged();
    let bed = Testbed::builder(origin("/a", answer)).start();
    part(&bed, "bytes=0-9").has_status(206).has_body("abcdefghij");
    part(&bed, "bytes=2-4").has_status(206).has_body("cde").was_hit();
    part(&bed, "bytes=10-19").has_status(206).has_body("klmnopqrst");
    part(&bed, "bytes=5-14").has_status(206).has_body("fghijklmno").was_hit();
    let before = bed.origin().count("/a");
    part(&bed, "bytes=20-").has_status(206).has_body("uvwxyz");
    bed.get("/a").has_status(200).has_body(ALPHABET);
    assert!(bed.origin().count("/a") <= before + 2);
}

#[test]
fn parts_of_different_representations_are_never_combined() {
    let script = origin(
        "/a",
        dynamic(|request| match request.count {
            1 => ok(ALPHABET).max_age(60).etag("\"1\"").ranged(),
            _ => ok(ALPHABET.to_uppercase()).max_age(60).etag("\"2\"").ranged(),
        }),
    );
    let bed = Testbed::builder(script).start();
    part(&bed, "bytes=0-9").has_status(206).has_body("abcdefghij");
    part(&bed, "bytes=10-19").has_status(206).has_body("KLMNOPQRST");
    let text = bed.get("/a").text();
    assert!(text == ALPHABET || text == ALPHABET.to_uppercase(), "mixed: {text}");
    let reply = part(&bed, "bytes=5-14");
    let whole = text.as_str();
    assert!([&whole[5..15]].contains(&reply.text().as_str()), "mixed: {reply}");
}

#[test]
fn a_part_with_a_weak_validator_is_not_combined() {
    let script = origin(
        "/a",
        dynamic(|request| {
            let text = if request.count == 1 { ALPHABET.to_owned() } else { ALPHABET.to_uppercase() };
            ok(text).max_age(60).etag("W/\"1\"").ranged()
        }),
    );
    let bed = Testbed::builder(script).start();
    part(&bed, "bytes=0-9").has_status(206);
    part(&bed, "bytes=10-19").has_status(206);
    let text = bed.get("/a").text();
    assert!(text == ALPHABET || text == ALPHABET.to_uppercase(), "mixed: {text}");
}

#[test]
fn a_part_that_says_nonsense_is_never_stored() {
    for said in ["bytes 5-2/26", "bytes 0-9/5", "bytes 0-99/26", "lines 1-2/3", "bytes 0-9", "bytes */26"] {
        let answer = status(206, &ALPHABET[..10]).max_age(60).etag("\"1\"").header("Content-Range", said);
        let script = origin(
            "/a",
            dynamic(move |request| match request.header("range") {
                Some(_) => answer.clone(),
                None => ok(ALPHABET).max_age(60).etag("\"1\""),
            }),
        );
        let bed = Testbed::builder(script).start();
        let _ = part(&bed, "bytes=0-9");
        bed.get("/a").has_status(200).has_body(ALPHABET);
        part(&bed, "bytes=0-9").has_body(&ALPHABET[..10]);
    }
}
