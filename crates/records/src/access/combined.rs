//! A record in the NCSA combined format, as nginx writes it (`log_format combined`):
//!
//! ```text
//! $remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"
//! ```
//!
//! What stands in quotes is escaped as nginx does by default: `"`, `\` and bytes below 32 or above 126 as `\xHH`, so
//! that a line is always one line and no text can end its field. When lines are read, Apache's escapes (`\"`, `\\`,
//! `\n`, `\t` …) are understood too.

use super::AccessRecord;
use super::entry::Entry;
use super::json::address;
use super::time::{parse_common, write_common};
use std::borrow::Cow;

pub(super) fn write(record: &AccessRecord<'_>, out: &mut Vec<u8>) {
    address(record.client, out);
    // Nobody logs in here: there is neither an ident nor a user.
    out.extend_from_slice(b" - - [");
    write_common(record.time_millis, out);
    out.extend_from_slice(b"] \"");
    if record.method.is_empty() {
        // What could not be read as a request.
        out.push(b'-');
    } else {
        escape(record.method, out);
        out.push(b' ');
        escape(record.target, out);
        out.extend_from_slice(b" HTTP/");
        escape(record.protocol, out);
        // nginx's names: `HTTP/2.0`, `HTTP/3.0`.
        if !record.protocol.contains(&b'.') {
            out.extend_from_slice(b".0");
        }
    }
    out.extend_from_slice(b"\" ");
    let mut number = itoa::Buffer::new();
    out.extend_from_slice(number.format(record.status).as_bytes());
    out.push(b' ');
    out.extend_from_slice(number.format(record.body_bytes).as_bytes());
    for text in [record.referer, record.user_agent] {
        out.extend_from_slice(b" \"");
        if text.is_empty() {
            out.push(b'-');
        }
        escape(text, out);
        out.push(b'"');
    }
    out.push(b'\n');
}

fn escape(text: &[u8], out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for &byte in text {
        match byte {
            b'"' | b'\\' | 0..32 | 127.. => {
                out.extend_from_slice(&[
                    b'\\',
                    b'x',
                    HEX[usize::from(byte >> 4)],
                    HEX[usize::from(byte & 15)],
                ]);
            }
            byte => out.push(byte),
        }
    }
}

/// Reads a line in the combined format, or in the common one, which ends after the bytes.
pub(super) fn parse(line: &[u8]) -> Option<Entry<'_>> {
    let (client, rest) = word(line)?;
    let (_ident, rest) = word(rest)?;
    // A user's name may hold blanks; the time begins at the bracket.
    let bracket = rest.windows(2).position(|two| two == b" [")?;
    let (time, rest) = split(&rest[bracket + 2..], b"] \"")?;
    let (request, rest) = quoted(rest)?;
    let rest = rest.strip_prefix(b" ")?;
    let (status, rest) = word(rest)?;
    let (bytes, rest) = match rest.iter().position(|&b| b == b' ') {
        Some(end) => (&rest[..end], &rest[end..]),
        None => (rest, &b""[..]),
    };
    let (referer, rest) = optional_quoted(rest)?;
    // What a house adds behind the user agent is its own.
    let (user_agent, _) = optional_quoted(rest)?;
    let mut entry = Entry {
        time: Cow::Owned(String::new()),
        client: text(client),
        status: std::str::from_utf8(status).ok()?.parse().ok().filter(|status| *status < 1000)?,
        // Apache writes `-` for none.
        bytes: if bytes == b"-" { 0 } else { std::str::from_utf8(bytes).ok()?.parse().ok()? },
        referer,
        user_agent,
        ..Entry::default()
    };
    let mut rfc3339 = Vec::with_capacity(24);
    super::write_time(parse_common(time)?, &mut rfc3339);
    entry.time = Cow::Owned(String::from_utf8(rfc3339).ok()?);
    read_request(&request, &mut entry);
    Some(entry)
}

/// `GET /a HTTP/1.1`; anything else stands as the target, so that nothing is lost.
fn read_request(request: &str, entry: &mut Entry<'_>) {
    if request.is_empty() || request == "-" {
        return;
    }
    let parts = request.split_once(' ').and_then(|(method, rest)| {
        let (target, protocol) = rest.rsplit_once(" HTTP/")?;
        Some((method, target, protocol))
    });
    match parts {
        Some((method, target, protocol)) => {
            entry.method = Cow::Owned(method.to_owned());
            entry.target = Cow::Owned(target.to_owned());
            entry.protocol =
                Cow::Owned(protocol.strip_suffix(".0").filter(|p| *p != "1").unwrap_or(protocol).to_owned());
        }
        None => entry.target = Cow::Owned(request.to_owned()),
    }
}

fn word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (word, rest) = split(text, b" ")?;
    (!word.is_empty()).then_some((word, rest))
}

fn split<'a>(text: &'a [u8], at: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let found = text.windows(at.len()).position(|window| window == at)?;
    Some((&text[..found], &text[found + at.len()..]))
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn optional_quoted(rest: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    match rest {
        [] => Some((Cow::Borrowed(""), rest)),
        [b' ', b'"', rest @ ..] => {
            let (text, rest) = quoted(rest)?;
            Some((if text == "-" { Cow::Borrowed("") } else { text }, rest))
        }
        _ => None,
    }
}

/// A text up to its closing quotation mark, without its escapes, and what follows the mark.
fn quoted(rest: &[u8]) -> Option<(Cow<'_, str>, &[u8])> {
    let mut end = 0;
    let mut escaped = false;
    loop {
        match rest.get(end)? {
            b'"' => break,
            b'\\' => {
                escaped = true;
                end += 2;
            }
            _ => end += 1,
        }
    }
    let (raw, after) = (&rest[..end], &rest[end + 1..]);
    if !escaped {
        return Some((text(raw), after));
    }
    Some((Cow::Owned(String::from_utf8_lossy(&unescape(raw)).into_owned()), after))
}

fn unescape(raw: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(raw.len());
    let mut rest = raw;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte != b'\\' {
            out.push(*byte);
            continue;
        }
        match rest {
            [b'x', high, low, tail @ ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                out.push(hex(*high) << 4 | hex(*low));
                rest = tail;
            }
            [code, tail @ ..] => {
                out.push(match code {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'b' => 8,
                    b'v' => 11,
                    b'f' => 12,
                    other => *other,
                });
                rest = tail;
            }
            [] => out.push(b'\\'),
        }
    }
    out
}

fn hex(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        _ => digit - b'A' + 10,
    }
}
