//! The access log: one JSON object a line. The request's thread copies a record's bytes into its ring; turning
//! them into JSON is the writer thread's work.

use littoral_runtime::ring::Producer;
use std::net::IpAddr;

/// Longest text of one field in a record, in bytes; the rest is cut off.
const TEXT_BYTES_MAX: usize = 2048;

/// One answered request.
pub(crate) struct AccessRecord<'a> {
    /// Milliseconds since 1970 when the head had been read.
    pub(crate) time_millis: i64,
    pub(crate) duration_micros: u64,
    pub(crate) body_bytes: u64,
    /// Version of the site's policy that served it.
    pub(crate) generation: u64,
    /// Remaining freshness, where a stored response was used.
    pub(crate) ttl: Option<i64>,
    pub(crate) status: u16,
    /// Zero where no origin answered.
    pub(crate) origin_status: u16,
    /// The answer was not sent to its end.
    pub(crate) cut: bool,
    pub(crate) client: IpAddr,
    pub(crate) request_id: &'a [u8],
    pub(crate) node: &'a [u8],
    pub(crate) protocol: &'a [u8],
    pub(crate) scheme: &'a [u8],
    pub(crate) method: &'a [u8],
    pub(crate) host: &'a [u8],
    pub(crate) target: &'a [u8],
    pub(crate) site: &'a [u8],
    pub(crate) behavior: &'a [u8],
    pub(crate) cache: &'a [u8],
    pub(crate) forward: &'a [u8],
    pub(crate) detail: &'a [u8],
    pub(crate) referer: &'a [u8],
    pub(crate) user_agent: &'a [u8],
}

const NUMBERS: usize = 8 * 5 + 2 + 2 + 1 + 16;
const TEXTS: [&str; 14] = [
    "request_id",
    "node",
    "protocol",
    "scheme",
    "method",
    "host",
    "target",
    "site",
    "behavior",
    "cache",
    "forward",
    "detail",
    "referer",
    "user_agent",
];

/// Stands for "no freshness" in a record.
const NO_TTL: i64 = i64::MIN;

impl AccessRecord<'_> {
    /// `false` when the ring is full and the record is lost.
    pub(crate) fn push(&self, ring: &mut Producer) -> bool {
        let mut numbers = [0u8; NUMBERS];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            numbers[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&self.time_millis.to_le_bytes());
        put(&self.duration_micros.to_le_bytes());
        put(&self.body_bytes.to_le_bytes());
        put(&self.generation.to_le_bytes());
        put(&self.ttl.unwrap_or(NO_TTL).to_le_bytes());
        put(&self.status.to_le_bytes());
        put(&self.origin_status.to_le_bytes());
        put(&[u8::from(self.cut)]);
        let address = match self.client {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        put(&address.octets());
        let texts = [
            self.request_id,
            self.node,
            self.protocol,
            self.scheme,
            self.method,
            self.host,
            self.target,
            self.site,
            self.behavior,
            self.cache,
            self.forward,
            self.detail,
            self.referer,
            self.user_agent,
        ]
        .map(|text| &text[..text.len().min(TEXT_BYTES_MAX)]);
        let mut lengths = [0u8; 2 * TEXTS.len()];
        for (slot, text) in lengths.chunks_exact_mut(2).zip(texts) {
            slot.copy_from_slice(&(text.len() as u16).to_le_bytes());
        }
        let mut parts: [&[u8]; 2 + TEXTS.len()] = [&[]; 2 + TEXTS.len()];
        parts[0] = &numbers;
        parts[1] = &lengths;
        parts[2..].copy_from_slice(&texts);
        ring.push(&parts)
    }
}

/// Turns a record into a line of JSON.
pub(crate) fn format_record(record: &[u8], out: &mut Vec<u8>) {
    let mut reader = Reader(record);
    let mut number = itoa::Buffer::new();
    let time = reader.number() as i64;
    out.extend_from_slice(b"{\"time\":\"");
    write_time(time, out);
    out.push(b'"');
    let duration_micros = reader.number();
    out.extend_from_slice(b",\"duration_us\":");
    out.extend_from_slice(number.format(duration_micros).as_bytes());
    for name in ["bytes", "generation"] {
        out.extend_from_slice(format!(",\"{name}\":").as_bytes());
        out.extend_from_slice(number.format(reader.number()).as_bytes());
    }
    let ttl = reader.number() as i64;
    if ttl != NO_TTL {
        out.extend_from_slice(b",\"ttl\":");
        out.extend_from_slice(number.format(ttl).as_bytes());
    }
    out.extend_from_slice(b",\"status\":");
    out.extend_from_slice(number.format(reader.short()).as_bytes());
    let origin_status = reader.short();
    if origin_status != 0 {
        out.extend_from_slice(b",\"origin_status\":");
        out.extend_from_slice(number.format(origin_status).as_bytes());
    }
    if reader.take(1) == [1] {
        out.extend_from_slice(b",\"cut\":true");
    }
    let mut octets = [0u8; 16];
    octets.copy_from_slice(reader.take(16));
    out.extend_from_slice(format!(",\"client\":\"{}\"", IpAddr::from(octets).to_canonical()).as_bytes());
    let lengths = TEXTS.map(|_| reader.short() as usize);
    for (name, length) in TEXTS.into_iter().zip(lengths) {
        let text = reader.take(length);
        if !text.is_empty() {
            out.extend_from_slice(b",\"");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b"\":\"");
            write_json_text(text, out);
            out.push(b'"');
        }
    }
    out.extend_from_slice(b"}\n");
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// The next bytes; a record is always whole, since the ring takes it whole or not at all.
    fn take(&mut self, bytes: usize) -> &'a [u8] {
        let (head, tail) = self.0.split_at(bytes);
        self.0 = tail;
        head
    }

    fn number(&mut self) -> u64 {
        u64::from_le_bytes(self.take(8).try_into().expect("took eight bytes"))
    }

    fn short(&mut self) -> u16 {
        u16::from_le_bytes(self.take(2).try_into().expect("took two bytes"))
    }
}

/// RFC 3339 with milliseconds, in UTC.
fn write_time(millis: i64, out: &mut Vec<u8>) {
    let (days, in_day) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let (year, month, day) = littoral_http_caching::date::civil(days);
    let (seconds, millis) = (in_day / 1000, in_day % 1000);
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    out.extend_from_slice(
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z").as_bytes(),
    );
}

fn write_json_text(text: &[u8], out: &mut Vec<u8>) {
    for chunk in text.utf8_chunks() {
        for c in chunk.valid().chars() {
            match c {
                '"' => out.extend_from_slice(b"\\\""),
                '\\' => out.extend_from_slice(b"\\\\"),
                c if (c as u32) < 0x20 || c == '\u{7f}' => {
                    out.extend_from_slice(format!("\\u{:04x}", c as u32).as_bytes());
                }
                c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        if !chunk.invalid().is_empty() {
            out.extend_from_slice("\u{fffd}".as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_comes_out_as_one_line_of_json() {
        let (mut producer, mut consumer) = littoral_runtime::ring::ring(1 << 16);
        let record = AccessRecord {
            time_millis: 1_795_237_200_123,
            duration_micros: 420,
            body_bytes: 7,
            generation: 3,
            ttl: Some(-5),
            status: 200,
            origin_status: 304,
            cut: false,
            client: "192.0.2.7".parse().unwrap(),
            request_id: b"7b6b1f2c",
            node: b"n1",
            protocol: b"1.1",
            scheme: b"http",
            method: b"GET",
            host: b"example.com",
            target: b"/a\"b\\\x01\xff",
            site: b"shop",
            behavior: b"default",
            cache: b"stale",
            forward: b"",
            detail: b"",
            referer: b"",
            user_agent: "Größe".as_bytes(),
        };
        assert!(record.push(&mut producer));
        let mut bytes = Vec::new();
        assert!(consumer.pop(&mut bytes));
        let mut line = Vec::new();
        format_record(&bytes, &mut line);
        let parsed: serde_json::Value = serde_json::from_slice(&line).unwrap();
        assert_eq!(parsed["time"], "2026-11-21T05:00:00.123Z");
        assert_eq!(parsed["client"], "192.0.2.7");
        assert_eq!(parsed["target"], "/a\"b\\\u{1}\u{fffd}");
        assert_eq!(parsed["request_id"], "7b6b1f2c");
        assert_eq!(parsed["ttl"], -5);
        assert_eq!(parsed["user_agent"], "Größe");
        assert!(parsed.get("referer").is_none());
    }
}
