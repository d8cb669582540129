//! A request as every protocol hands it to the request path: parsed, checked, normalized. Its parts point into
//! the buffer that the connection was read into; `detach` gives it memory of its own before it waits for anything.

use crate::peer::Hops;
use crate::request_id::RequestId;
use crate::target::Target;
use bytes::Bytes;
use littoral_http_caching::{Fields, Method};
use std::net::SocketAddr;

/// The protocol a request came by, for `Via` and the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    Http10,
    Http11,
}

impl Protocol {
    /// As `Via` writes it (RFC 9110 §7.6.3).
    pub(crate) fn version(self) -> &'static str {
        match self {
            Protocol::Http10 => "1.0",
            Protocol::Http11 => "1.1",
        }
    }
}

/// One request.
pub(crate) struct Request {
    pub(crate) protocol: Protocol,
    pub(crate) method: Method,
    pub(crate) method_text: Bytes,
    /// Lower case, without port.
    pub(crate) host: Bytes,
    /// Canonical, with the port if the client gave one that is no default.
    pub(crate) authority: Bytes,
    pub(crate) target: Target,
    pub(crate) fields: Fields,
    /// `http` or `https`: as the client came, where a trusted proxy says so.
    pub(crate) scheme: &'static str,
    /// Behind all trusted proxies; port 0 where none of them names it.
    pub(crate) client: SocketAddr,
    /// Trusted proxies between the client and this node, the client's first.
    pub(crate) hops: Hops,
    /// Announced length of the body; `None` with `has_body` means chunked.
    pub(crate) body_length: Option<u64>,
    pub(crate) has_body: bool,
    /// What the client offers to upgrade to.
    pub(crate) upgrade: Option<Bytes>,
    /// What log and origin call it.
    pub(crate) id: RequestId,
    /// Unique on this node since it started.
    pub(crate) number: u64,
}

impl Request {
    /// Copies what is needed out of the connection's buffer, which the thread then has back for others.
    pub(crate) fn detach(&mut self) {
        self.method_text = Bytes::copy_from_slice(&self.method_text);
        self.host = Bytes::copy_from_slice(&self.host);
        self.authority = Bytes::copy_from_slice(&self.authority);
        self.target.detach();
        let mut own = Fields::builder();
        own.extend_from(&self.fields, |_, _| true);
        self.fields = own.finish();
        self.upgrade = self.upgrade.as_deref().map(Bytes::copy_from_slice);
    }
}

/// The canonical authority and the host in it: lower case, no final dot, no port that is empty or the default of
/// `http` or `https`, so that a host has one spelling in keys, purges and towards the origin. Copies only where
/// something had to change.
pub(crate) fn authority_and_host(given: &Bytes) -> (Bytes, Bytes) {
    let authority = if given.iter().any(u8::is_ascii_uppercase) {
        Bytes::from(given.to_ascii_lowercase())
    } else {
        given.clone()
    };
    let name_len = match authority.first() {
        Some(b'[') => memchr::memchr(b']', &authority).map_or(authority.len(), |end| end + 1),
        _ => memchr::memchr(b':', &authority).unwrap_or(authority.len()),
    };
    // A fully qualified name with its final dot is the same host.
    let host_len = if name_len > 1 && authority[name_len - 1] == b'.' { name_len - 1 } else { name_len };
    let host = authority.slice(..host_len);
    let given_port = authority.get(name_len + 1..).unwrap_or_default();
    let port = match given_port.iter().position(|&b| b != b'0') {
        Some(first) => &given_port[first..],
        // Port 0 keeps one zero.
        None => &given_port[given_port.len().saturating_sub(1)..],
    };
    let canonical = match port {
        b"" | b"80" | b"443" => host.clone(),
        _ if host_len == name_len && port.len() == given_port.len() => authority.clone(),
        _ => [&host[..], b":", port].concat().into(),
    };
    (canonical, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authorities_have_one_spelling_and_hosts_are_found_in_them() {
        for (given, authority, host) in [
            ("Example.COM", "example.com", "example.com"),
            ("example.com:8080", "example.com:8080", "example.com"),
            ("example.com:08080", "example.com:8080", "example.com"),
            ("example.com.", "example.com", "example.com"),
            ("example.com.:80", "example.com", "example.com"),
            ("example.com.:81", "example.com:81", "example.com"),
            ("example.com:", "example.com", "example.com"),
            ("example.com:443", "example.com", "example.com"),
            ("example.com:00", "example.com:0", "example.com"),
            ("[2001:DB8::1]:443", "[2001:db8::1]", "[2001:db8::1]"),
            ("[2001:DB8::1]:444", "[2001:db8::1]:444", "[2001:db8::1]"),
            ("127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1"),
            ("", "", ""),
        ] {
            let found = authority_and_host(&Bytes::from_static(given.as_bytes()));
            assert_eq!(found, (authority.into(), host.into()), "{given}");
        }
    }
}
