//! Node identifiers (RFC 7239 §6) as `Forwarded` and `X-Forwarded-For` give them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Who stood at the other end, as a proxy names it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Node {
    /// An address, IPv4 in its own form; port 0 where none is said, or a hidden one.
    Address(SocketAddr),
    /// `unknown`, or an obfuscated identifier such as `_gazonk`: the proxy does not want to say.
    Hidden,
}

/// Reads a node identifier: `192.0.2.43`, `192.0.2.43:47011`, `[2001:db8::17]:4711`, `unknown`, `_hidden`. IPv6 may
/// stand without brackets, as it does in `X-Forwarded-For`; then it has no port.
pub fn node(text: &[u8]) -> Option<Node> {
    let text = std::str::from_utf8(text).ok()?;
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let address: Ipv6Addr = address.parse().ok()?;
        return with_port(address.into(), if port.is_empty() { None } else { Some(port.strip_prefix(':')?) });
    }
    if text.bytes().filter(|&b| b == b':').count() > 1 {
        return with_port(text.parse::<Ipv6Addr>().ok()?.into(), None);
    }
    let (name, port) = match text.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (text, None),
    };
    if name.eq_ignore_ascii_case("unknown") || is_obfuscated(name) {
        return port.is_none_or(|port| read_port(port).is_some()).then_some(Node::Hidden);
    }
    with_port(name.parse::<Ipv4Addr>().ok()?.into(), port)
}

fn with_port(address: IpAddr, port: Option<&str>) -> Option<Node> {
    let port = port.map_or(Some(0), read_port)?;
    Some(Node::Address(SocketAddr::new(address.to_canonical(), port)))
}

/// A port; 0 for one that is obfuscated.
fn read_port(text: &str) -> Option<u16> {
    if is_obfuscated(text) {
        return Some(0);
    }
    let digits = (1..=5).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// RFC 7239 §6.3.
fn is_obfuscated(text: &str) -> bool {
    text.strip_prefix('_').is_some_and(|rest| {
        !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nodes_are_addresses_or_hidden_or_nothing() {
        let address = |text: &str| Some(Node::Address(text.parse().unwrap()));
        for (text, expected) in [
            ("192.0.2.43", address("192.0.2.43:0")),
            ("192.0.2.43:47011", address("192.0.2.43:47011")),
            ("192.0.2.43:_port", address("192.0.2.43:0")),
            ("[2001:db8:cafe::17]", address("[2001:db8:cafe::17]:0")),
            ("[2001:DB8:cafe::17]:4711", address("[2001:db8:cafe::17]:4711")),
            ("2001:db8:cafe::17", address("[2001:db8:cafe::17]:0")),
            ("[::ffff:192.0.2.43]:80", address("192.0.2.43:80")),
            ("::ffff:192.0.2.43", address("192.0.2.43:0")),
            ("unknown", Some(Node::Hidden)),
            ("Unknown", Some(Node::Hidden)),
            ("unknown:_x", Some(Node::Hidden)),
            ("_gazonk", Some(Node::Hidden)),
            ("_SEVKISEK:80", Some(Node::Hidden)),
            ("", None),
            ("_", None),
            ("_a b", None),
            ("-", None),
            ("localhost", None),
            ("192.0.2", None),
            ("192.0.2.043", None),
            ("192.0.2.43:", None),
            ("192.0.2.43:65536", None),
            ("192.0.2.43:+1", None),
            ("192.0.2.43 ", None),
            ("[192.0.2.43]", None),
            ("[2001:db8::1", None),
            ("[2001:db8::1]80", None),
            ("[fe80::1%eth0]", None),
            ("fe80::1%eth0", None),
            ("\u{660}.0.0.1", None),
        ] {
            assert_eq!(node(text.as_bytes()), expected, "{text}");
        }
    }
}
