//! A request made from words: written as a client would send it, and read by the code that reads clients'.

use crate::peer::Peer;
use crate::protocol::h1::received;
use crate::request::Request;
use crate::request_id::RequestId;
use bytes::Bytes;
use littoral_h1::{Limits, RequestParser};
use littoral_policy::PolicySet;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A request as somebody describes it.
pub(crate) struct Described<'a> {
    /// Absolute.
    pub(crate) url: &'a str,
    pub(crate) method: &'a str,
    pub(crate) headers: &'a [(String, String)],
    /// Default the loopback.
    pub(crate) from: Option<IpAddr>,
    /// Announced length of a body.
    pub(crate) body_bytes: Option<u64>,
}

/// Why a description is no request.
pub(crate) enum ProbeError {
    NotAUrl(&'static str),
    BadMethod,
    BadHeader(String),
    /// It can be written down, and is refused when it is read: the reason's name.
    Refused(&'static str),
    NoSite,
}

/// A request and its site's place in the policy.
pub(crate) struct Probe {
    pub(crate) request: Request,
    pub(crate) site: usize,
}

/// A plain `GET` for `url`.
pub(crate) fn probe(policy: &Arc<PolicySet>, url: &str) -> Result<Probe, ProbeError> {
    let described = Described { url, method: "GET", headers: &[], from: None, body_bytes: None };
    let request = request(&described, &Limits::default())?;
    let site = policy.site_position(&request.host).ok_or(ProbeError::NoSite)?;
    Ok(Probe { request, site })
}

/// The request that is described, read under these limits.
pub(crate) fn request(described: &Described<'_>, limits: &Limits) -> Result<Request, ProbeError> {
    let (scheme, rest) = described.url.split_once("://").ok_or(ProbeError::NotAUrl("no scheme"))?;
    let scheme = match scheme {
        "http" => "http",
        "https" => "https",
        _ => return Err(ProbeError::NotAUrl("scheme is neither http nor https")),
    };
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if littoral_h1::Authority::parse(authority.as_bytes()).is_none() {
        return Err(ProbeError::NotAUrl("no host, or not a valid one"));
    }
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(ProbeError::NotAUrl("characters that must be percent-encoded"));
    }
    if !littoral_h1::is_field_name(described.method.as_bytes()) {
        return Err(ProbeError::BadMethod);
    }
    let slash = if path.starts_with('/') { "" } else { "/" };
    let mut head = format!("{} {slash}{path} HTTP/1.1\r\nHost: {authority}\r\n", described.method);
    for (name, value) in described.headers {
        if !littoral_h1::is_field_name(name.as_bytes()) || !littoral_h1::is_field_value(value.as_bytes()) {
            return Err(ProbeError::BadHeader(name.clone()));
        }
        head.push_str(&format!("{name}: {}\r\n", value.trim()));
    }
    if let Some(bytes) = described.body_bytes {
        head.push_str(&format!("Content-Length: {bytes}\r\n"));
    }
    head.push_str("\r\n");
    read(&head.into(), scheme, described.from, limits).map_err(|reason| match reason {
        "target-broken-escape" | "target-encoded-nul" => ProbeError::NotAUrl(reason),
        reason => ProbeError::Refused(reason),
    })
}

fn read(
    head: &Bytes,
    scheme: &'static str,
    from: Option<IpAddr>,
    limits: &Limits,
) -> Result<Request, &'static str> {
    let parsed = RequestParser::new().parse(head, limits).map_err(|refusal| refusal.as_str())?;
    let parsed = parsed.ok_or("head-incomplete")?;
    let client = SocketAddr::new(from.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), 0);
    let peer = Peer { address: client, scheme, is_trusted: false, once: false };
    received(head, &parsed, |_| peer.own(), || RequestId::Made([b'0'; 32]), 0)
}
