//! Digests of sampled requests: what rules and keys look at, what was answered, and how it went, in 128 bytes each.
//! They answer later what yesterday's traffic would have done under another configuration.
//!
//! The binary form is `docs/digests.md`: a header, a table of texts, records in the order of time. `csv` and `oracle`
//! make of it what spreadsheets and cache simulators read.

mod csv;
mod file;
mod layout;
mod oracle;

pub use csv::write_csv;
pub use file::{DigestFile, FileMistake, write_file};
pub use layout::RECORD_BYTES;
pub use oracle::write_oracle;

use std::net::IpAddr;

/// Request fields whose values are hashed into a digest, in the order of [`Digest::headers`].
pub const HASHED_HEADERS: [&str; 6] =
    ["accept", "accept-encoding", "accept-language", "cookie", "origin", "user-agent"];

/// One sampled request. Hashes are keyed with a secret of the node and zero where there is nothing to hash.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub struct Digest {
    /// Milliseconds since 1970 when the head had been read.
    pub time_millis: i64,
    /// Hash of the cache key; of host and target where no behavior was found.
    pub key: u64,
    /// Hash of the host.
    pub host: u64,
    /// Hash of the path, without its query.
    pub path: u64,
    /// Bytes of the whole body that was asked for, as far as known; else those sent.
    pub length: u64,
    /// Bytes of the body that were sent.
    pub sent_bytes: u64,
    /// From the head to the end of the answer. Ends at 71 minutes, as do the other times.
    pub duration_micros: u32,
    /// From the head until the answer was ready to go.
    pub first_byte_micros: u32,
    /// From asking the origin to its response head; zero without.
    pub origin_micros: u32,
    /// Smoothed round-trip time of the connection, as the kernel measures it; zero where it does not say.
    pub round_trip_micros: u32,
    /// Hash of the query, without `?`.
    pub query: u32,
    /// Hash of the first segment of the path.
    pub section: u32,
    /// Seconds of freshness left, as the log's `ttl`; `i32::MIN` where it does not apply.
    pub ttl: i32,
    /// Of the answer.
    pub status: u16,
    /// Number of the site's name in the table of texts.
    pub site: u16,
    /// Number of the behavior's name in the table of texts.
    pub behavior: u16,
    /// See [`flags`].
    pub flags: u16,
    /// See [`METHODS`].
    pub method: u8,
    /// See [`CACHE_RESULTS`].
    pub cache: u8,
    /// 10, 11, 20 or 30.
    pub protocol: u8,
    /// Where the client is: ISO 3166, or zeros.
    pub country: [u8; 2],
    /// 4 or 6; zero: not known.
    pub family: u8,
    /// The client's network: the first 3 bytes of an IPv4 address (/24), the first 6 of an IPv6 one (/48).
    pub network: [u8; 6],
    /// The path's extension in lower case, padded with zeros; empty where it is longer or has other characters than
    /// letters and digits.
    pub extension: [u8; 8],
    /// Hashes of the values of [`HASHED_HEADERS`].
    pub headers: [u32; 6],
}

/// What is true of a request, as bits.
pub mod flags {
    /// It came over TLS.
    pub const TLS: u16 = 1;
    /// Its target has a query.
    pub const QUERY: u16 = 1 << 1;
    /// It has a body.
    pub const BODY: u16 = 1 << 2;
    /// It has `Range`.
    pub const RANGE: u16 = 1 << 3;
    /// It has conditions.
    pub const CONDITIONAL: u16 = 1 << 4;
    /// It has `Authorization`.
    pub const AUTHORIZATION: u16 = 1 << 5;
    /// Its answer was cut off.
    pub const CUT: u16 = 1 << 6;

    /// Names of the bits, lowest first, as CSV writes them.
    pub const NAMES: [&str; 7] = ["tls", "query", "body", "range", "conditional", "authorization", "cut"];
}

/// Methods by number; those that are not listed are 0.
pub const METHODS: [&str; 9] = ["other", "GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "PURGE"];

/// Cache results by number.
pub const CACHE_RESULTS: [&str; 8] =
    ["other", "hit", "stale", "revalidated", "miss", "collapsed", "pass", "local"];

/// The number of a name in one of these lists; 0 if it is not in it.
pub fn number_of(name: &str, list: &[&str]) -> u8 {
    list.iter().position(|known| *known == name).map_or(0, |at| at as u8)
}

/// The network that stands for a client: enough to tell where it is and how it is connected, not who it is.
pub fn network_of(client: IpAddr) -> (u8, [u8; 6]) {
    match client.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            (4, [a, b, c, 0, 0, 0])
        }
        IpAddr::V6(v6) => {
            let mut network = [0; 6];
            network.copy_from_slice(&v6.octets()[..6]);
            (6, network)
        }
    }
}

/// The extension of a path as a digest holds it.
pub fn extension_of(path: &[u8]) -> [u8; 8] {
    let mut extension = [0; 8];
    let name = path.rsplit(|&b| b == b'/').next().unwrap_or_default();
    let Some(dot) = name.iter().rposition(|&b| b == b'.') else { return extension };
    let found = &name[dot + 1..];
    // Longer ones are rather secrets than types.
    if found.len() <= extension.len() && found.iter().all(u8::is_ascii_alphanumeric) {
        extension[..found.len()].copy_from_slice(found);
        extension.make_ascii_lowercase();
    }
    extension
}

/// The first segment of a path, without slashes.
pub fn section_of(path: &[u8]) -> &[u8] {
    let path = path.strip_prefix(b"/").unwrap_or(path);
    match path.iter().position(|&b| b == b'/') {
        Some(end) => &path[..end],
        // The name of a file in the root is no section.
        None => b"",
    }
}
