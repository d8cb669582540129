//! What of a request conditions and templates look at.
//!
//! Cookies are read out of the `cookie` lines (RFC 6265 §5.4) and parameters out of the raw query; names and values
//! of both are compared as they were sent: nothing is decoded, `+` stays a plus, quotes stay part of the value.

use memchr::memchr;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr};

/// The header lines of a message.
pub trait Headers {
    /// Hands the values of all lines called `name` (given in lower case) to `visit`, in their order, until it
    /// returns true; says whether it did.
    fn any(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool;
}

/// No header lines at all.
#[derive(Copy, Clone, Debug)]
pub struct NoHeaders;

impl Headers for NoHeaders {
    fn any(&self, _name: &[u8], _visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        false
    }
}

/// What of a request the conditions look at.
#[derive(Copy, Clone)]
pub struct Subject<'a> {
    /// In lower case, without port.
    pub host: &'a [u8],
    /// Normalized, without query; begins with `/`.
    pub path: &'a [u8],
    /// As sent, without its `?`; `None` where the target has no `?`.
    pub query: Option<&'a [u8]>,
    /// As sent.
    pub method: &'a [u8],
    /// `http` or `https`.
    pub scheme: &'a [u8],
    /// `1.0`, `1.1`, `2` or `3`.
    pub protocol: &'a [u8],
    /// The client, trusted proxies looked through. An IPv4 address in IPv6 form counts as the IPv4 address.
    pub client: IpAddr,
    /// ISO 3166-1 in capitals; `None` while unknown.
    pub country: Option<[u8; 2]>,
    /// The request's header lines, `Cookie` included.
    pub headers: &'a dyn Headers,
}

impl<'a> Subject<'a> {
    /// A subject of these three; no query, scheme `http`, protocol `1.1`, client `0.0.0.0`, no country, no header.
    pub const fn new(host: &'a [u8], path: &'a [u8], method: &'a [u8]) -> Subject<'a> {
        Subject {
            host,
            path,
            query: None,
            method,
            scheme: b"http",
            protocol: b"1.1",
            client: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            country: None,
            headers: &NoHeaders,
        }
    }

    /// What stands behind the last `.` of the path's last segment. `None` without a dot; empty when it is the last
    /// byte.
    pub fn extension(&self) -> Option<&'a [u8]> {
        let name = memchr::memrchr(b'/', self.path).map_or(self.path, |slash| &self.path[slash + 1..]);
        memchr::memrchr(b'.', name).map(|dot| &name[dot + 1..])
    }

    /// Hands the values of all cookies called `name` to `visit` until it returns true; says whether it did.
    pub fn any_cookie(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.headers.any(b"cookie", &mut |line| any_pair(line, b';', name, true, visit))
    }

    /// Hands the values of all parameters called `name` to `visit` until it returns true; says whether it did. A
    /// parameter without `=` has the empty value.
    pub fn any_parameter(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.query.is_some_and(|query| any_pair(query, b'&', name, false, visit))
    }
}

/// Walks `name=value` pairs. What has no `=` is a name with the empty value in a query, and nothing among cookies.
fn any_pair(
    mut rest: &[u8],
    separator: u8,
    name: &[u8],
    is_cookie: bool,
    visit: &mut dyn FnMut(&[u8]) -> bool,
) -> bool {
    loop {
        let end = memchr(separator, rest).unwrap_or(rest.len());
        let pair = if is_cookie { rest[..end].trim_ascii() } else { &rest[..end] };
        // The name is compared before the `=` is looked for: most pairs are others.
        if let Some(behind) = pair.strip_prefix(name) {
            let value = match behind.split_first() {
                Some((b'=', value)) => Some(value),
                None if !is_cookie && !pair.is_empty() => Some(behind),
                _ => None,
            };
            if let Some(value) = value
                && visit(value)
            {
                return true;
            }
        }
        match rest.get(end + 1..) {
            Some(behind) => rest = behind,
            None => return false,
        }
    }
}

impl fmt::Debug for Subject<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = String::from_utf8_lossy;
        write!(f, "{} {}://{}{}", text(self.method), text(self.scheme), text(self.host), text(self.path))?;
        if let Some(query) = self.query {
            write!(f, "?{}", text(query))?;
        }
        write!(f, " {} from {}", text(self.protocol), self.client)
    }
}
