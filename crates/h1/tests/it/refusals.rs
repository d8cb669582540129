//! The refusal table: malformed and ambiguous requests, each with its status and its reason. The rows stand in
//! `refusals/`.

use littoral_h1::Refusal::{self, BareLf, HeadTooLarge, MethodMalformed, ReadingsDiffer};
use littoral_h1::{Limits, RequestParser};

use crate::drive::read_both_ways;

mod bodies;
mod heads;

/// A name, what is sent, the status it is answered with, and why.
pub(crate) type Row = (&'static str, Vec<u8>, u16, Refusal);

fn raw(text: &str) -> Vec<u8> {
    text.as_bytes().to_vec()
}

/// GET with these lines behind `Host`.
fn get(lines: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: h\r\n{lines}\r\n").into_bytes()
}

/// The same from octets that are no text.
fn get_octets(lines: &[u8]) -> Vec<u8> {
    [b"GET / HTTP/1.1\r\nHost: h\r\n", lines, b"\r\n\r\n"].concat()
}

/// POST with these lines behind `Host`, and a body that would fit `Content-Length: 5`.
fn post(lines: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: h\r\n{lines}\r\nhello").into_bytes()
}

/// GET of this target.
fn target(target: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: h\r\n\r\n").into_bytes()
}

/// GET with this `Host`.
fn host(host: &str) -> Vec<u8> {
    format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

/// GET with this version.
fn version(version: &str) -> Vec<u8> {
    format!("GET / {version}\r\nHost: h\r\n\r\n").into_bytes()
}

/// POST with this chunked body.
fn chunked(body: &str) -> Vec<u8> {
    format!("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n{body}").into_bytes()
}

/// POST with a chunk and these trailers.
fn trailers(lines: &str) -> Vec<u8> {
    chunked(&format!("1\r\na\r\n0\r\n{lines}\r\n"))
}

pub(crate) fn rows() -> Vec<Row> {
    [
        heads::request_lines(),
        heads::targets(),
        heads::hosts(),
        heads::fields(),
        bodies::framing(),
        bodies::chunks(),
        bodies::trailer_sections(),
        bodies::sizes(),
    ]
    .concat()
}

#[test]
fn every_row_of_the_refusal_table_is_refused_with_its_status_however_it_is_cut() {
    let rows = rows();
    assert!(rows.len() >= 120, "{} rows", rows.len());
    let mut wrong = Vec::new();
    for (name, input, status, refusal) in &rows {
        let reading = read_both_ways(name, input, &Limits::default());
        if reading.refusal != Some(*refusal) || refusal.status() != *status || !reading.messages.is_empty() {
            wrong.push(format!("{name}: {:?}, {} messages", reading.refusal, reading.messages.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn row_names_are_distinct() {
    let mut names: Vec<_> = rows().iter().map(|row| row.0).collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
}

#[test]
fn every_reason_but_the_one_never_seen_has_a_row() {
    let rows = rows();
    for refusal in Refusal::ALL {
        let is_seen = rows.iter().any(|row| row.3 == *refusal);
        assert_eq!(is_seen, *refusal != ReadingsDiffer, "{refusal}");
    }
}

#[test]
fn a_refused_row_behind_a_good_request_leaves_the_good_one_as_it_was() {
    let good = b"GET /first HTTP/1.1\r\nHost: h\r\n\r\n";
    for (name, input, _, refusal) in rows() {
        let reading = read_both_ways(name, &[good, &input[..]].concat(), &Limits::default());
        assert_eq!(reading.messages.len(), 1, "{name}");
        assert_eq!(reading.messages[0].target, b"/first", "{name}");
        assert_eq!(reading.refusal, Some(refusal), "{name}");
    }
}

#[test]
fn a_full_buffer_without_a_head_is_refused_and_not_waited_on() {
    let limits = Limits::default();
    let buf = [b"GET / HTTP/1.1\r\nA: ".as_slice(), &vec![b'a'; limits.head_bytes_max]].concat();
    let mut parser = RequestParser::new();
    assert_eq!(parser.parse(&buf[..limits.head_bytes_max - 1], &limits), Ok(None));
    assert_eq!(parser.parse(&buf[..limits.head_bytes_max], &limits), Err(HeadTooLarge));
}

#[test]
fn bytes_that_can_never_become_a_request_are_refused_at_once() {
    let mut parser = RequestParser::new();
    assert_eq!(parser.parse(b"\x16", &Limits::default()), Err(MethodMalformed));
    assert_eq!(parser.parse(b"GET / HTTP/1.1\nH", &Limits::default()), Err(BareLf));
}
