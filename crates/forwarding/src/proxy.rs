//! The PROXY protocol, versions 1 and 2 (haproxy's `proxy-protocol.txt`): what a proxy sends before a connection's
//! own first byte. This file tells the versions apart and reads the text form; `proxy_v2` reads the binary one.

use crate::proxy_v2;
use std::fmt;
use std::net::{IpAddr, SocketAddr};

/// Longest header that is read. The addresses need 52 bytes at most; the rest is for what proxies say beside them.
pub const HEADER_BYTES_MAX: usize = 4096;
/// Longest header of version 1, its CRLF included: the specification's own bound.
const V1_BYTES_MAX: usize = 107;
/// How version 1 begins.
const V1: &[u8] = b"PROXY ";

/// What a whole header said.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// Bytes of the header; the connection's own begin behind it.
    pub len: usize,
    /// Whose connection it is.
    pub proxied: Proxied,
}

/// Whose connection it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Proxied {
    /// The proxy's own (`LOCAL`, such as a health check), or one of a kind that has no IP addresses: what the socket
    /// says holds.
    Local,
    /// A client's.
    Client {
        /// Its address, IPv4 in its own form.
        source: SocketAddr,
        /// Whether it spoke TLS with the proxy (version 2, `PP2_TYPE_SSL`); `None` where the proxy does not say.
        tls: Option<bool>,
    },
}

/// Why a connection's first bytes are no header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProxyMistake {
    /// They are something else altogether.
    Missing,
    /// They begin like one and go on otherwise.
    Malformed,
    /// Longer than is read.
    TooLong,
    /// Its checksum (`PP2_TYPE_CRC32C`) is another one.
    Checksum,
}

impl ProxyMistake {
    /// Metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            ProxyMistake::Missing => "proxy-header-missing",
            ProxyMistake::Malformed => "proxy-header-malformed",
            ProxyMistake::TooLong => "proxy-header-too-long",
            ProxyMistake::Checksum => "proxy-header-checksum",
        }
    }
}

impl fmt::Display for ProxyMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for ProxyMistake {}

/// Reads the header that `bytes` begin with. `None`: so far it is one, and all of `bytes` belongs to it.
///
/// # Errors
/// As soon as it is clear that it is none.
pub fn parse_header(bytes: &[u8]) -> Result<Option<Header>, ProxyMistake> {
    if begins(bytes, V1) {
        return if bytes.len() < V1.len() { Ok(None) } else { parse_v1(bytes) };
    }
    if begins(bytes, proxy_v2::SIGNATURE) {
        return proxy_v2::parse(bytes);
    }
    Err(ProxyMistake::Missing)
}

/// Whether as much as there is of `bytes` is as in `sign`.
fn begins(bytes: &[u8], sign: &[u8]) -> bool {
    let common = bytes.len().min(sign.len());
    bytes[..common] == sign[..common]
}

/// §2.1. Exactly one space between the words, nothing else: what can be read in two ways is refused.
fn parse_v1(bytes: &[u8]) -> Result<Option<Header>, ProxyMistake> {
    let seen = &bytes[..bytes.len().min(V1_BYTES_MAX)];
    let Some(end) = seen.iter().position(|&b| b == b'\n') else {
        return if seen.len() < V1_BYTES_MAX { Ok(None) } else { Err(ProxyMistake::TooLong) };
    };
    let line = seen[..end].strip_suffix(b"\r").ok_or(ProxyMistake::Malformed)?;
    let proxied = v1_words(&line[V1.len()..]).ok_or(ProxyMistake::Malformed)?;
    Ok(Some(Header { len: end + 1, proxied }))
}

fn v1_words(words: &[u8]) -> Option<Proxied> {
    let words = std::str::from_utf8(words).ok()?;
    // "The receiver must ignore anything presented before the CRLF": a proxy may not know who is there.
    if words == "UNKNOWN" || words.starts_with("UNKNOWN ") {
        return (!words.contains('\r')).then_some(Proxied::Local);
    }
    let words: Vec<&str> = words.split(' ').collect();
    let [family, source, destination, source_port, destination_port] = words[..] else { return None };
    let (source, destination): (IpAddr, IpAddr) = (source.parse().ok()?, destination.parse().ok()?);
    let fits = match family {
        "TCP4" => source.is_ipv4() && destination.is_ipv4(),
        "TCP6" => source.is_ipv6() && destination.is_ipv6(),
        _ => false,
    };
    let (source_port, _) = (v1_port(source_port)?, v1_port(destination_port)?);
    fits.then(|| Proxied::Client { source: SocketAddr::new(source.to_canonical(), source_port), tls: None })
}

/// A port in its one spelling.
fn v1_port(text: &str) -> Option<u16> {
    let plain = text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    plain.then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(source: &str) -> Proxied {
        Proxied::Client { source: source.parse().unwrap(), tls: None }
    }

    #[test]
    fn text_headers_are_read_to_their_end() {
        for (text, proxied) in [
            ("PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n", client("192.0.2.7:51000")),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 0 65535\r\n", client("192.0.2.7:0")),
            ("PROXY TCP6 2001:db8::7 2001:db8::1 51000 443\r\n", client("[2001:db8::7]:51000")),
            ("PROXY TCP6 ::ffff:192.0.2.7 2001:db8::1 51000 443\r\n", client("192.0.2.7:51000")),
            ("PROXY UNKNOWN\r\n", Proxied::Local),
            ("PROXY UNKNOWN ffff::1 ffff::2 65535 65535\r\n", Proxied::Local),
        ] {
            let expected = Ok(Some(Header { len: text.len(), proxied }));
            assert_eq!(parse_header(text.as_bytes()), expected, "{text}");
            let more = format!("{text}GET / HTTP/1.1\r\n");
            assert_eq!(parse_header(more.as_bytes()), expected, "{text}");
            for cut in 0..text.len() {
                assert_eq!(parse_header(&text.as_bytes()[..cut]), Ok(None), "{text} cut at {cut}");
            }
        }
    }

    #[test]
    fn what_is_no_text_header_is_refused_by_name() {
        let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
        for (text, mistake) in [
            ("GET / HTTP/1.1\r\n", ProxyMistake::Missing),
            ("proxy TCP4 1.2.3.4 1.2.3.4 1 1\r\n", ProxyMistake::Missing),
            ("PROXYTCP4", ProxyMistake::Missing),
            (" PROXY TCP4", ProxyMistake::Missing),
            ("\x16\x03\x01\x02\x00", ProxyMistake::Missing),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\n", ProxyMistake::Malformed),
            ("PROXY TCP4  192.0.2.7 198.51.100.1 51000 443\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 51000 443 \r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 51000\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.07 198.51.100.1 51000 443\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 051000 443\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 +1 443\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 65536 443\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 192.0.2.7 198.51.100.1 51000 65536\r\n", ProxyMistake::Malformed),
            ("PROXY TCP4 2001:db8::7 2001:db8::1 1 1\r\n", ProxyMistake::Malformed),
            ("PROXY TCP6 192.0.2.7 198.51.100.1 1 1\r\n", ProxyMistake::Malformed),
            ("PROXY UDP4 192.0.2.7 198.51.100.1 1 1\r\n", ProxyMistake::Malformed),
            ("PROXY UNKNOWNS\r\n", ProxyMistake::Malformed),
            ("PROXY UNKNOWN a\rb\r\n", ProxyMistake::Malformed),
            ("PROXY \r\n", ProxyMistake::Malformed),
            (&long, ProxyMistake::TooLong),
        ] {
            assert_eq!(parse_header(text.as_bytes()), Err(mistake), "{text:?}");
        }
    }

    #[test]
    fn the_longest_text_header_is_read_and_one_byte_more_is_not() {
        let fits = format!("PROXY UNKNOWN {}\r\n", "x".repeat(91));
        assert_eq!(fits.len(), V1_BYTES_MAX);
        assert!(matches!(parse_header(fits.as_bytes()), Ok(Some(_))));
        let beyond = format!("PROXY UNKNOWN {}\r\n", "x".repeat(92));
        assert_eq!(parse_header(beyond.as_bytes()), Err(ProxyMistake::TooLong));
    }
}
