//! A record as a line of JSON. Members without a value are left out; their order is the one in which they are
//! documented and read back.

use super::AccessRecord;
use super::time::write_time;

pub(super) fn write(record: &AccessRecord<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"time\":\"");
    write_time(record.time_millis, out);
    out.push(b'"');
    number("duration_us", record.duration_micros, out);
    number("first_byte_us", record.first_byte_micros, out);
    text("request_id", record.request_id, out);
    number("status", record.status, out);
    number("bytes", record.body_bytes, out);
    number("head_bytes", record.head_bytes, out);
    if record.cut {
        out.extend_from_slice(b",\"cut\":true");
    }
    number("generation", record.generation, out);
    if let Some(ttl) = record.ttl {
        number("ttl", ttl, out);
    }
    if record.origin_status != 0 {
        number("origin_status", record.origin_status, out);
    }
    if let Some(micros) = record.origin_micros {
        number("origin_us", micros, out);
    }
    if record.origin_tries > 1 {
        number("origin_tries", record.origin_tries, out);
    }
    out.extend_from_slice(b",\"client\":\"");
    address(record.client, out);
    out.push(b'"');
    for (name, value) in [
        ("node", record.node),
        ("protocol", record.protocol),
        ("tls", record.tls),
        ("scheme", record.scheme),
        ("method", record.method),
        ("host", record.host),
        ("target", record.target),
        ("range", record.range),
        ("site", record.site),
        ("behavior", record.behavior),
        ("cache", record.cache),
        ("forward", record.forward),
        ("detail", record.detail),
        ("origin", record.origin),
        ("referer", record.referer),
        ("user_agent", record.user_agent),
    ] {
        text(name, value, out);
    }
    out.extend_from_slice(b"}\n");
}

pub(super) fn address(address: std::net::IpAddr, out: &mut Vec<u8>) {
    use std::io::Write;
    // Writing to memory does not fail.
    let _ = write!(out, "{address}");
}

fn member(name: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"\":");
}

fn number(name: &str, value: impl itoa::Integer, out: &mut Vec<u8>) {
    member(name, out);
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn text(name: &str, value: &[u8], out: &mut Vec<u8>) {
    if value.is_empty() {
        return;
    }
    member(name, out);
    out.push(b'"');
    for chunk in value.utf8_chunks() {
        escape(chunk.valid(), out);
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
    out.push(b'"');
}

fn escape(text: &str, out: &mut Vec<u8>) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for &byte in text.as_bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            // Not needed for JSON in the case of DEL, but a terminal takes it for a command.
            0..0x20 | 0x7f => out.extend_from_slice(&[
                b'\\',
                b'u',
                b'0',
                b'0',
                HEX[usize::from(byte >> 4)],
                HEX[usize::from(byte & 15)],
            ]),
            byte => out.push(byte),
        }
    }
}
