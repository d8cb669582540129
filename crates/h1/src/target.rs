//! The request target and the authority in it (RFC 9112 §3.2): which form it has, and whose it is.
//!
//! Nothing is decoded or normalized here: routing, key and origin must all see the same bytes, so that happens once,
//! behind this crate.

use std::net::Ipv6Addr;

use crate::octets::is_host_octet;
use crate::{Refusal, Span};

/// The longest host: 253 octets of a DNS name and a root dot.
const HOST_BYTES_MAX: usize = 254;

/// The form of a request target. Authority-form is absent, since CONNECT is refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TargetForm {
    /// `/path?query`: begins with a slash.
    Origin,
    /// `http://host:port/path?query`.
    Absolute {
        /// The scheme, as the client wrote it; not what the connection is.
        scheme: Scheme,
        /// Host and port, valid as [`Authority::parse`] judges.
        authority: Span,
        /// What follows the authority: empty, or beginning with `/` or with `?`. A path of `/` is to be put in front
        /// where it is missing, but for OPTIONS with an empty one, which means `*` (RFC 9112 §3.2.4).
        path_and_query: Span,
    },
    /// `*`, only with OPTIONS.
    Asterisk,
}

/// The schemes that an absolute-form target may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scheme {
    /// `http`.
    Http,
    /// `https`.
    Https,
}

impl Scheme {
    /// The port of an authority that names none.
    pub fn default_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// The form of `target`, which lies in `buf` and holds only octets that a target may hold.
#[inline]
pub(crate) fn target_form(method: &[u8], target: Span, buf: &[u8]) -> Result<TargetForm, Refusal> {
    match target.of(buf) {
        [b'/', ..] => Ok(TargetForm::Origin),
        b"*" if method == b"OPTIONS" => Ok(TargetForm::Asterisk),
        text => absolute_form(text, usize::from(target.start)).ok_or(Refusal::TargetMalformed),
    }
}

fn absolute_form(text: &[u8], start: usize) -> Option<TargetForm> {
    let (scheme, prefix_bytes) = if has_prefix(text, b"http://") {
        (Scheme::Http, 7)
    } else if has_prefix(text, b"https://") {
        (Scheme::Https, 8)
    } else {
        return None;
    };
    let rest = &text[prefix_bytes..];
    let authority_bytes = rest.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(rest.len());
    Authority::parse(&rest[..authority_bytes])?;
    let authority_start = start + prefix_bytes;
    let path_start = authority_start + authority_bytes;
    Some(TargetForm::Absolute {
        scheme,
        authority: Span::between(authority_start, path_start),
        path_and_query: Span::between(path_start, start + text.len()),
    })
}

/// Scheme names have no case (RFC 3986 §3.1).
fn has_prefix(text: &[u8], prefix: &[u8]) -> bool {
    text.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// A host with an optional port, as `Host` and absolute-form targets name it (RFC 9110 §7.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Authority<'a> {
    /// A DNS name or IPv4 address in the sender's case, perhaps with a root dot, or an IPv6 address in brackets.
    pub host: &'a [u8],
    /// The port, if there are digits behind a colon.
    pub port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `text`; `None` for what is empty, has user information, an empty label, octets that no DNS name has, a
    /// bracketed part that is not an IPv6 address, or a port beyond 65535.
    #[inline]
    pub fn parse(text: &'a [u8]) -> Option<Authority<'a>> {
        let host_bytes = match text.first()? {
            b'[' => ipv6_literal_bytes(text)?,
            _ => registered_name_bytes(text)?,
        };
        let port = match &text[host_bytes..] {
            [] | [b':'] => None,
            [b':', digits @ ..] => Some(port(digits)?),
            _ => return None,
        };
        Some(Authority { host: &text[..host_bytes], port })
    }

    /// Whether both name the same host and port, given the port that `scheme` implies.
    pub fn is_same(&self, other: &Authority<'_>, scheme: Scheme) -> bool {
        let port = |a: &Authority<'_>| a.port.unwrap_or(scheme.default_port());
        self.host.eq_ignore_ascii_case(other.host) && port(self) == port(other)
    }
}

/// Octets of the name at the start of `text`: non-empty labels, a root dot allowed.
fn registered_name_bytes(text: &[u8]) -> Option<usize> {
    let mut before = b'.';
    let mut len = 0;
    for &b in text {
        if !is_host_octet(b) {
            break;
        }
        if b == b'.' && before == b'.' {
            return None;
        }
        before = b;
        len += 1;
    }
    (1..=HOST_BYTES_MAX).contains(&len).then_some(len)
}

/// Octets of the bracketed IPv6 address at the start of `text`. Zone identifiers and future forms are not taken.
fn ipv6_literal_bytes(text: &[u8]) -> Option<usize> {
    let close = text.iter().take(48).position(|&b| b == b']')?;
    let address = str::from_utf8(&text[1..close]).ok()?;
    address.parse::<Ipv6Addr>().ok()?;
    Some(close + 1)
}

fn port(digits: &[u8]) -> Option<u16> {
    if digits.len() > 5 {
        return None;
    }
    digits.iter().try_fold(0u16, |port, b| match b {
        b'0'..=b'9' => port.checked_mul(10)?.checked_add(u16::from(b - b'0')),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, Option<u16>)>) {
        let parsed = Authority::parse(text.as_bytes());
        assert_eq!(parsed, expected.map(|(host, port)| Authority { host: host.as_bytes(), port }), "{text}");
    }

    #[test]
    fn authorities_are_a_host_and_perhaps_a_port() {
        check("example.com", Some(("example.com", None)));
        check("Example.COM.", Some(("Example.COM.", None)));
        check("a_b-c.example:8080", Some(("a_b-c.example", Some(8080))));
        check("example.com:", Some(("example.com", None)));
        check("192.0.2.1:0", Some(("192.0.2.1", Some(0))));
        check("[2001:db8::1]:65535", Some(("[2001:db8::1]", Some(65535))));
        check("[::ffff:192.0.2.1]", Some(("[::ffff:192.0.2.1]", None)));
    }

    #[test]
    fn what_is_no_plain_host_and_port_is_not_taken() {
        for text in [
            "",
            ":",
            ":80",
            ".",
            ".a",
            "a..b",
            "a:65536",
            "a:000080",
            "a:8a",
            "a:+8",
            "a:1:2",
            "u@a",
            "u:p@a",
            "a/b",
            "a b",
            "a,b",
            "a;b",
            "a%2eb",
            "[",
            "[]",
            "[::1",
            "[::1]x",
            "[::1]:x",
            "[fe80::1%25eth0]",
            "[v1.x]",
            "::1",
            "[::1]]",
            "[1.2.3.4]",
            "a\\b",
            "a?b",
            "a#b",
            "\u{e4}.example",
        ] {
            check(text, None);
        }
        let long = "a".repeat(HOST_BYTES_MAX + 1);
        check(&long, None);
    }

    #[test]
    fn default_ports_and_case_do_not_make_a_difference() {
        let same = |a: &str, b: &str, scheme| {
            let parse = |t| Authority::parse(str::as_bytes(t)).expect("valid in this test");
            let (a, b) = (a.to_owned(), b.to_owned());
            parse(&a).is_same(&parse(&b), scheme)
        };
        assert!(same("example.com", "EXAMPLE.com:80", Scheme::Http));
        assert!(!same("example.com", "example.com:80", Scheme::Https));
        assert!(!same("example.com", "example.com.", Scheme::Http));
    }
}
