//! A request as every protocol hands it to the request path: parsed, checked, normalized. Its parts point into
//! the buffer that the connection was read into; `detach` gives it memory of its own before it waits for anything.

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
    /// Lower case, with the port if the client gave one.
    pub(crate) authority: Bytes,
    pub(crate) target: Target,
    pub(crate) fields: Fields,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    pub(crate) client: SocketAddr,
    /// Announced length of the body; `None` with `has_body` means chunked.
    pub(crate) body_length: Option<u64>,
    pub(crate) has_body: bool,
    /// What the client offers to upgrade to.
    pub(crate) upgrade: Option<Bytes>,
    /// Unique on this node since it started.
    pub(crate) id: u64,
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

/// Lower-cased authority and the host in it, copying only where a letter had to change.
pub(crate) fn authority_and_host(given: &Bytes) -> (Bytes, Bytes) {
    let authority = if given.iter().any(u8::is_ascii_uppercase) {
        Bytes::from(given.to_ascii_lowercase())
    } else {
        given.clone()
    };
    let host_len = match authority.first() {
        Some(b'[') => memchr::memchr(b']', &authority).map_or(authority.len(), |end| end + 1),
        _ => memchr::memchr(b':', &authority).unwrap_or(authority.len()),
    };
    // A fully qualified name with its final dot is the same host.
    let host_len = if host_len > 1 && authority[host_len - 1] == b'.' { host_len - 1 } else { host_len };
    let host = authority.slice(..host_len);
    (authority, host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_found_in_authorities() {
        for (given, host) in [
            ("Example.COM", "example.com"),
            ("example.com:8080", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:80", "example.com"),
            ("[2001:DB8::1]:443", "[2001:db8::1]"),
            ("127.0.0.1:8080", "127.0.0.1"),
            ("", ""),
        ] {
            let (_, found) = authority_and_host(&Bytes::from_static(given.as_bytes()));
            assert_eq!(found, host.as_bytes(), "{given}");
        }
    }
}
