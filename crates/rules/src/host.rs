//! Host patterns: `example.com`, `*.example.com` (one label or more in place of the `*`), `*`.
//!
//! Compared with hosts in lower case and without port. IPv6 literals keep their brackets.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

/// A compiled host pattern.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum HostPattern {
    /// `*`: every host.
    Any,
    /// `*.example.com`, kept as `.example.com`. The bare `example.com` does not match.
    Under(Box<str>),
    /// One host.
    Exact(Box<str>),
}

impl HostPattern {
    /// Compiles `text` (in any case), or says what is wrong with it.
    pub fn new(text: &str) -> Result<HostPattern, HostMistake> {
        if text == "*" {
            return Ok(HostPattern::Any);
        }
        let lower = text.to_ascii_lowercase();
        let Some(under) = lower.strip_prefix('*') else {
            check_host(&lower)?;
            return Ok(HostPattern::Exact(lower.into()));
        };
        let Some(name) = under.strip_prefix('.') else { return Err(HostMistake::WildcardPlace) };
        check_host(name)?;
        if name.starts_with('[') || name.parse::<Ipv4Addr>().is_ok() {
            return Err(HostMistake::WildcardPlace);
        }
        Ok(HostPattern::Under(under.into()))
    }

    /// Whether `host`, in lower case and without port, matches.
    #[inline]
    pub fn matches(&self, host: &[u8]) -> bool {
        match self {
            HostPattern::Any => true,
            HostPattern::Under(under) => host.len() > under.len() && host.ends_with(under.as_bytes()),
            HostPattern::Exact(name) => host == name.as_bytes(),
        }
    }

    /// Whether every host that `other` matches is matched by this one.
    pub fn covers(&self, other: &HostPattern) -> bool {
        match (self, other) {
            (HostPattern::Any, _) => true,
            (_, HostPattern::Any) => false,
            (HostPattern::Under(mine), HostPattern::Under(theirs)) => theirs.ends_with(&**mine),
            (_, HostPattern::Exact(name)) => self.matches(name.as_bytes()),
            (HostPattern::Exact(_), HostPattern::Under(_)) => false,
        }
    }

    /// Whether some host is matched by both.
    pub fn overlaps(&self, other: &HostPattern) -> bool {
        self.covers(other) || other.covers(self)
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostPattern::Any => f.write_str("*"),
            HostPattern::Under(under) => write!(f, "*{under}"),
            HostPattern::Exact(name) => f.write_str(name),
        }
    }
}

/// Why a text is no host, or no host pattern.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum HostMistake {
    /// Nothing at all.
    Empty,
    /// Over 253 bytes, or a label over 63 (RFC 1035 §2.3.4).
    TooLong,
    /// `https://…`
    Scheme,
    /// `host:port`
    Port,
    /// `host/path`
    Path,
    /// A `*` elsewhere than as the whole first label.
    WildcardPlace,
    /// Letters outside ASCII: a host on the wire is in its `xn--` form.
    NotAscii,
    /// Two dots in a row, or one at either end.
    EmptyLabel,
    /// A label with something else than letters, digits, `-` and `_`, or with `-` at an end.
    Label,
    /// Only digits and dots, but no IPv4 address; or brackets without an IPv6 address in its short form.
    Address,
}

impl fmt::Display for HostMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            HostMistake::Empty => "is empty",
            HostMistake::TooLong => "is too long: a name has at most 253 bytes, a label 63",
            HostMistake::Scheme => "has a scheme",
            HostMistake::Port => "has a port",
            HostMistake::Path => "has a path",
            HostMistake::WildcardPlace => "has a `*` elsewhere than as its whole first label",
            HostMistake::NotAscii => "has letters outside ASCII",
            HostMistake::EmptyLabel => "has an empty label",
            HostMistake::Label => "has a label that no host name may have",
            HostMistake::Address => "is not an IP address in its usual form",
        })
    }
}

impl std::error::Error for HostMistake {}

/// Whether `text`, in lower case, is a host as requests name it: a DNS name, an IPv4 address, or an IPv6 address
/// in brackets.
pub fn check_host(text: &str) -> Result<(), HostMistake> {
    if text.is_empty() {
        return Err(HostMistake::Empty);
    }
    if !text.is_ascii() {
        return Err(HostMistake::NotAscii);
    }
    if text.contains("://") {
        return Err(HostMistake::Scheme);
    }
    if let Some(inner) = text.strip_prefix('[') {
        return check_ipv6(inner);
    }
    if text.contains('/') {
        return Err(HostMistake::Path);
    }
    if text.contains('*') {
        return Err(HostMistake::WildcardPlace);
    }
    if text.contains(':') {
        let bare_ipv6 = text.parse::<Ipv6Addr>().is_ok();
        return Err(if bare_ipv6 { HostMistake::Address } else { HostMistake::Port });
    }
    if text.len() > 253 || text.split('.').any(|label| label.len() > 63) {
        return Err(HostMistake::TooLong);
    }
    if text.split('.').any(str::is_empty) {
        return Err(HostMistake::EmptyLabel);
    }
    if !text.split('.').all(is_label) {
        return Err(HostMistake::Label);
    }
    let numeric = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if numeric && text.parse::<Ipv4Addr>().is_err() {
        return Err(HostMistake::Address);
    }
    Ok(())
}

fn check_ipv6(inner: &str) -> Result<(), HostMistake> {
    let Some((address, rest)) = inner.split_once(']') else { return Err(HostMistake::Address) };
    match rest {
        "" => {}
        _ if rest.starts_with(':') => return Err(HostMistake::Port),
        _ => return Err(HostMistake::Address),
    }
    // The short form of RFC 5952 alone, so that one address is one host.
    let short = address.parse::<Ipv6Addr>().map(|parsed| parsed.to_string());
    if short.as_deref() == Ok(address) { Ok(()) } else { Err(HostMistake::Address) }
}

fn is_label(label: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    label.bytes().all(is_inner) && !label.starts_with('-') && !label.ends_with('-')
}
