//! The 128 bytes of one record, all numbers little-endian. `docs/digests.md` has the same as a table.

use super::Digest;

/// Bytes of one record in this version.
pub const RECORD_BYTES: usize = 128;

impl Digest {
    /// The record's bytes.
    pub fn to_bytes(self) -> [u8; RECORD_BYTES] {
        let mut out = [0; RECORD_BYTES];
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            out[at..at + bytes.len()].copy_from_slice(bytes);
            at += bytes.len();
        };
        put(&self.time_millis.to_le_bytes());
        for long in [self.key, self.host, self.path, self.length, self.sent_bytes] {
            put(&long.to_le_bytes());
        }
        let times =
            [self.duration_micros, self.first_byte_micros, self.origin_micros, self.round_trip_micros];
        for word in times.into_iter().chain([self.query, self.section]) {
            put(&word.to_le_bytes());
        }
        put(&self.ttl.to_le_bytes());
        for short in [self.status, self.site, self.behavior, self.flags] {
            put(&short.to_le_bytes());
        }
        put(&[self.method, self.cache, self.protocol, self.family]);
        put(&self.network);
        put(&self.country);
        put(&self.extension);
        for word in self.headers {
            put(&word.to_le_bytes());
        }
        out
    }

    /// The record in `bytes`; what a later version has behind these bytes is not looked at.
    pub fn from_bytes(bytes: &[u8; RECORD_BYTES]) -> Digest {
        let mut reader = Reader { bytes, at: 0 };
        Digest {
            time_millis: i64::from_le_bytes(reader.take()),
            key: u64::from_le_bytes(reader.take()),
            host: u64::from_le_bytes(reader.take()),
            path: u64::from_le_bytes(reader.take()),
            length: u64::from_le_bytes(reader.take()),
            sent_bytes: u64::from_le_bytes(reader.take()),
            duration_micros: u32::from_le_bytes(reader.take()),
            first_byte_micros: u32::from_le_bytes(reader.take()),
            origin_micros: u32::from_le_bytes(reader.take()),
            round_trip_micros: u32::from_le_bytes(reader.take()),
            query: u32::from_le_bytes(reader.take()),
            section: u32::from_le_bytes(reader.take()),
            ttl: i32::from_le_bytes(reader.take()),
            status: u16::from_le_bytes(reader.take()),
            site: u16::from_le_bytes(reader.take()),
            behavior: u16::from_le_bytes(reader.take()),
            flags: u16::from_le_bytes(reader.take()),
            method: u8::from_le_bytes(reader.take()),
            cache: u8::from_le_bytes(reader.take()),
            protocol: u8::from_le_bytes(reader.take()),
            family: u8::from_le_bytes(reader.take()),
            network: reader.take(),
            country: reader.take(),
            extension: reader.take(),
            headers: std::array::from_fn(|_| u32::from_le_bytes(reader.take())),
        }
    }
}

struct Reader<'a> {
    bytes: &'a [u8; RECORD_BYTES],
    at: usize,
}

impl Reader<'_> {
    fn take<const N: usize>(&mut self) -> [u8; N] {
        let taken = self.bytes[self.at..self.at + N].try_into().expect("a slice of N bytes is N bytes");
        self.at += N;
        taken
    }
}
