//! Lines of the access log: what is written can be read, by us and by everybody's tools.

use littoral_records::access::{AccessRecord, BrokenLine, Entry, TEXT_BYTES_MAX, write_combined, write_json};
use proptest::prelude::*;

fn record() -> AccessRecord<'static> {
    AccessRecord {
        time_millis: 1_795_237_200_123,
        duration_micros: 420,
        first_byte_micros: 400,
        body_bytes: 7,
        head_bytes: 210,
        generation: 3,
        ttl: Some(-5),
        origin_micros: Some(390),
        origin_status: 304,
        origin_tries: 2,
        request_id: b"0123456789abcdef0123456789abcdef",
        node: b"n1",
        protocol: b"1.1",
        scheme: b"http",
        method: b"GET",
        host: b"example.com",
        target: b"/a\"b\\\x01\xff",
        site: b"shop",
        behavior: b"default",
        cache: b"stale",
        origin: b"app",
        user_agent: "Größe".as_bytes(),
        ..AccessRecord::empty(200, "192.0.2.7".parse().unwrap())
    }
}

fn through_a_ring(record: &AccessRecord<'_>) -> Vec<u8> {
    record.encode(|parts| parts.concat())
}

fn line(write: fn(&AccessRecord<'_>, &mut Vec<u8>), record: &AccessRecord<'_>) -> String {
    let mut line = Vec::new();
    write(record, &mut line);
    String::from_utf8(line).unwrap()
}

#[test]
fn a_record_survives_its_way_through_the_ring() {
    let bytes = through_a_ring(&record());
    assert_eq!(AccessRecord::decode(&bytes), Some(record()));
    for end in 0..bytes.len() {
        assert_eq!(AccessRecord::decode(&bytes[..end]), None, "cut off at {end}");
    }
}

#[test]
fn a_text_beyond_its_limit_is_cut_off_and_harms_no_other() {
    let long = vec![b'x'; TEXT_BYTES_MAX + 1];
    let bytes = through_a_ring(&AccessRecord { target: &long, ..record() });
    let back = AccessRecord::decode(&bytes).unwrap();
    assert_eq!(back.target.len(), TEXT_BYTES_MAX);
    assert_eq!(back.user_agent, record().user_agent);
}

#[test]
fn a_line_of_json_has_the_documented_members_in_their_order() {
    assert_eq!(
        line(write_json, &record()),
        "{\"time\":\"2026-11-21T05:00:00.123Z\",\"duration_us\":420,\"first_byte_us\":400,\
         \"request_id\":\"0123456789abcdef0123456789abcdef\",\"status\":200,\"bytes\":7,\"head_bytes\":210,\
         \"generation\":3,\"ttl\":-5,\"origin_status\":304,\"origin_us\":390,\"origin_tries\":2,\"client\":\"192.0.2.7\",\
         \"node\":\"n1\",\"protocol\":\"1.1\",\"scheme\":\"http\",\"method\":\"GET\",\"host\":\"example.com\",\
         \"target\":\"/a\\\"b\\\\\\u0001\u{fffd}\",\"site\":\"shop\",\"behavior\":\"default\",\
         \"cache\":\"stale\",\"origin\":\"app\",\"user_agent\":\"Größe\"}\n"
    );
}

#[test]
fn a_line_of_json_is_read_back_and_written_as_it_was() {
    let cut = AccessRecord { cut: true, range: b"bytes=0-1", tls: b"1.3", ..record() };
    for record in [record(), cut, AccessRecord::empty(400, "2001:db8::1".parse().unwrap())] {
        let written = line(write_json, &record);
        let mut again = Vec::new();
        Entry::parse(written.as_bytes()).unwrap().write_json(&mut again);
        assert_eq!(String::from_utf8(again).unwrap(), written);
    }
}

#[test]
fn a_combined_line_is_the_one_that_nginx_writes() {
    assert_eq!(
        line(write_combined, &record()),
        "192.0.2.7 - - [21/Nov/2026:05:00:00 +0000] \"GET /a\\x22b\\x5C\\x01\\xFF HTTP/1.1\" 200 7 \"-\" \
         \"Gr\\xC3\\xB6\\xC3\\x9Fe\"\n"
    );
    let refused = AccessRecord::empty(400, "2001:db8::1".parse().unwrap());
    assert_eq!(
        line(write_combined, &refused),
        "2001:db8::1 - - [01/Jan/1970:00:00:00 +0000] \"-\" 400 0 \"-\" \"-\"\n"
    );
    let h2 = AccessRecord { protocol: b"2", ..record() };
    assert!(line(write_combined, &h2).contains(" HTTP/2.0\" "));
}

#[test]
fn combined_lines_of_nginx_and_apache_are_read() {
    let apache = br#"198.51.100.9 ident some user [10/Oct/2000:13:55:36 -0700] "GET /a\"b\\c\n HTTP/1.0" 200 - "http://r/" "U\tA" 17 "more""#;
    let entry = Entry::parse(apache).unwrap();
    assert_eq!(entry.time, "2000-10-10T20:55:36.000Z");
    assert_eq!((&*entry.method, &*entry.target, &*entry.protocol), ("GET", "/a\"b\\c\n", "1.0"));
    assert_eq!((entry.status, entry.bytes), (200, 0));
    assert_eq!((&*entry.referer, &*entry.user_agent), ("http://r/", "U\tA"));
    let common = b"::1 - - [10/Oct/2000:13:55:36 +0000] \"GET / HTTP/2.0\" 304 12\n";
    let entry = Entry::parse(common).unwrap();
    assert_eq!((&*entry.protocol, entry.bytes, &*entry.client), ("2", 12, "::1"));
    let own = line(write_combined, &record());
    let entry = Entry::parse(own.as_bytes()).unwrap();
    assert_eq!((&*entry.target, &*entry.user_agent), ("/a\"b\\\u{1}\u{fffd}", "Größe"));
    assert_eq!(entry.time_millis(), Some(1_795_237_200_000));
}

#[test]
fn what_is_no_line_of_either_format_is_said_to_be_broken() {
    let whole = line(write_json, &record());
    for text in
        ["", "\n", "hello", "{}", "{\"time\":\"yesterday\"}", &whole[..100], "1.2.3.4 - - [", "[] \"\""]
    {
        assert_eq!(Entry::parse(text.as_bytes()), Err(BrokenLine), "{text}");
    }
}

proptest! {
    /// Whatever a client sends: one line of each format, and each is read back as what was sent.
    #[test]
    fn no_text_breaks_out_of_its_line(target in proptest::collection::vec(any::<u8>(), 0..80), agent in "\\PC{0,40}") {
        let record = AccessRecord { target: &target, user_agent: agent.as_bytes(), ..record() };
        let sent = String::from_utf8_lossy(&target).into_owned();
        let json = line(write_json, &record);
        prop_assert_eq!(json.matches('\n').count(), 1);
        let entry = Entry::parse(json.as_bytes()).unwrap();
        prop_assert_eq!(&*entry.target, sent.as_str());
        prop_assert_eq!(&*entry.user_agent, agent.as_str());
        let combined = line(write_combined, &record);
        prop_assert_eq!(combined.matches('\n').count(), 1);
        prop_assert!(combined.is_ascii());
        let entry = Entry::parse(combined.as_bytes()).unwrap();
        prop_assert_eq!(&*entry.target, sent.as_str());
        prop_assert_eq!(&*entry.user_agent, if agent == "-" { "" } else { agent.as_str() });
    }
}
