//! One answered request, and its way through a byte ring: the request's thread copies numbers and texts, and that is
//! all it does; making a line of them is the writer thread's work.

use std::net::IpAddr;

/// Longest text of one field in a record, in bytes; the rest is cut off.
pub const TEXT_BYTES_MAX: usize = 2048;

/// One answered request. Texts that do not apply are empty, numbers that do not apply are `None`.
#[derive(Copy, Clone, PartialEq, Debug)]
pub struct AccessRecord<'a> {
    /// Milliseconds since 1970 when the head had been read.
    pub time_millis: i64,
    /// From then to the end of the answer.
    pub duration_micros: u64,
    /// From then until the answer's head was ready to go.
    pub first_byte_micros: u64,
    /// Of the answer's body that were handed to the kernel.
    pub body_bytes: u64,
    /// Of the answer's head.
    pub head_bytes: u64,
    /// Version of the site's policy that served it.
    pub generation: u64,
    /// Remaining freshness in seconds, where a stored response was used.
    pub ttl: Option<i64>,
    /// From asking the origin to its response head, where it was asked.
    pub origin_micros: Option<u64>,
    /// Of the answer.
    pub status: u16,
    /// Zero where no origin answered.
    pub origin_status: u16,
    /// Origin servers of a group that were asked for it; zero where none was.
    pub origin_tries: u8,
    /// The answer was not sent to its end.
    pub cut: bool,
    /// Whom it went to.
    pub client: IpAddr,
    /// Unique for the request; at most 128 bytes.
    pub request_id: &'a [u8],
    /// The node's name.
    pub node: &'a [u8],
    /// `1.1`, `1.0`.
    pub protocol: &'a [u8],
    /// Version of TLS, as `1.3`.
    pub tls: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'a [u8],
    /// As sent.
    pub method: &'a [u8],
    /// As the client named it, in lower case, with its port.
    pub host: &'a [u8],
    /// Path and query, normalized.
    pub target: &'a [u8],
    /// The request's `Range`.
    pub range: &'a [u8],
    /// Which served it.
    pub site: &'a [u8],
    /// Which of the site's.
    pub behavior: &'a [u8],
    /// What the cache did.
    pub cache: &'a [u8],
    /// Why it went to the origin.
    pub forward: &'a [u8],
    /// The reason of a refusal, of a cut, of not storing.
    pub detail: &'a [u8],
    /// The origin server that was asked.
    pub origin: &'a [u8],
    /// As sent.
    pub referer: &'a [u8],
    /// As sent.
    pub user_agent: &'a [u8],
}

/// Texts in a record.
const TEXTS: usize = 17;
/// Bytes of the numbers before them.
const NUMBERS: usize = 8 * 8 + 2 + 2 + 1 + 1 + 16;
/// Stands for "does not apply" in a record.
const NO_TTL: i64 = i64::MIN;
const NO_TIME: u64 = u64::MAX;

impl<'a> AccessRecord<'a> {
    /// An answer of which nothing is known yet but its status.
    pub fn empty(status: u16, client: IpAddr) -> AccessRecord<'a> {
        AccessRecord {
            time_millis: 0,
            duration_micros: 0,
            first_byte_micros: 0,
            body_bytes: 0,
            head_bytes: 0,
            generation: 0,
            ttl: None,
            origin_micros: None,
            status,
            origin_status: 0,
            origin_tries: 0,
            cut: false,
            client,
            request_id: b"",
            node: b"",
            protocol: b"",
            tls: b"",
            scheme: b"",
            method: b"",
            host: b"",
            target: b"",
            range: b"",
            site: b"",
            behavior: b"",
            cache: b"",
            forward: b"",
            detail: b"",
            origin: b"",
            referer: b"",
            user_agent: b"",
        }
    }

    fn texts(&self) -> [&'a [u8]; TEXTS] {
        [
            self.request_id,
            self.node,
            self.protocol,
            self.tls,
            self.scheme,
            self.method,
            self.host,
            self.target,
            self.range,
            self.site,
            self.behavior,
            self.cache,
            self.forward,
            self.detail,
            self.origin,
            self.referer,
            self.user_agent,
        ]
    }

    /// Shows the record's bytes to `take`, in parts that belong behind each other. Allocates nothing.
    pub fn encode<R>(&self, take: impl FnOnce(&[&[u8]]) -> R) -> R {
        let mut numbers = [0_u8; NUMBERS];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            numbers[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&self.time_millis.to_le_bytes());
        put(&self.duration_micros.to_le_bytes());
        put(&self.first_byte_micros.to_le_bytes());
        put(&self.body_bytes.to_le_bytes());
        put(&self.head_bytes.to_le_bytes());
        put(&self.generation.to_le_bytes());
        put(&self.ttl.unwrap_or(NO_TTL).to_le_bytes());
        put(&self.origin_micros.unwrap_or(NO_TIME).to_le_bytes());
        put(&self.status.to_le_bytes());
        put(&self.origin_status.to_le_bytes());
        put(&[self.origin_tries, u8::from(self.cut)]);
        let address = match self.client {
            IpAddr::V4(v4) => v4.to_ipv6_mapped(),
            IpAddr::V6(v6) => v6,
        };
        put(&address.octets());
        let texts = self.texts().map(|text| &text[..text.len().min(TEXT_BYTES_MAX)]);
        let mut lengths = [0_u8; 2 * TEXTS];
        for (slot, text) in lengths.chunks_exact_mut(2).zip(texts) {
            slot.copy_from_slice(&(text.len() as u16).to_le_bytes());
        }
        let mut parts: [&[u8]; 2 + TEXTS] = [&[]; 2 + TEXTS];
        parts[0] = &numbers;
        parts[1] = &lengths;
        parts[2..].copy_from_slice(&texts);
        take(&parts)
    }

    /// The record in bytes that [`AccessRecord::encode`] has shown; `None` for others.
    pub fn decode(bytes: &'a [u8]) -> Option<AccessRecord<'a>> {
        let mut reader = Reader(bytes);
        let time_millis = reader.number()? as i64;
        let duration_micros = reader.number()?;
        let first_byte_micros = reader.number()?;
        let body_bytes = reader.number()?;
        let head_bytes = reader.number()?;
        let generation = reader.number()?;
        let ttl = reader.number()? as i64;
        let origin_micros = reader.number()?;
        let (status, origin_status) = (reader.short()?, reader.short()?);
        let &[origin_tries, cut] = reader.take(2)? else { return None };
        let octets: [u8; 16] = reader.take(16)?.try_into().ok()?;
        let mut lengths = [0_usize; TEXTS];
        for length in &mut lengths {
            *length = usize::from(reader.short()?);
        }
        let mut texts: [&[u8]; TEXTS] = [&[]; TEXTS];
        for (text, length) in texts.iter_mut().zip(lengths) {
            *text = reader.take(length)?;
        }
        let [
            request_id,
            node,
            protocol,
            tls,
            scheme,
            method,
            host,
            target,
            range,
            site,
            behavior,
            cache,
            forward,
            detail,
            origin,
            referer,
            user_agent,
        ] = texts;
        Some(AccessRecord {
            time_millis,
            duration_micros,
            first_byte_micros,
            body_bytes,
            head_bytes,
            generation,
            ttl: (ttl != NO_TTL).then_some(ttl),
            origin_micros: (origin_micros != NO_TIME).then_some(origin_micros),
            status,
            origin_status,
            origin_tries,
            cut: cut == 1,
            client: IpAddr::from(octets).to_canonical(),
            request_id,
            node,
            protocol,
            tls,
            scheme,
            method,
            host,
            target,
            range,
            site,
            behavior,
            cache,
            forward,
            detail,
            origin,
            referer,
            user_agent,
        })
    }
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(bytes)?;
        self.0 = tail;
        Some(head)
    }

    fn number(&mut self) -> Option<u64> {
        self.take(8)?.try_into().ok().map(u64::from_le_bytes)
    }

    fn short(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_le_bytes)
    }
}
