//! Who stands at the other end of a connection, and whose request it is that comes over it: the peer's own, or that of
//! a client whom a trusted proxy names. Of anybody else nothing of the kind is believed.

use crate::clients::Clients;
use crate::request::authority_and_host;
use crate::request_id::RequestId;
use bytes::Bytes;
use littoral_forwarding::{self as forwarding, Sources};
use littoral_http_caching::{Fields, Known};
use smallvec::SmallVec;
use std::net::{IpAddr, SocketAddr};

/// The other end of a connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer {
    /// Its address: the socket's, or what the PROXY header before the connection said.
    pub(crate) address: SocketAddr,
    /// `http` or `https`.
    pub(crate) scheme: &'static str,
    /// It may say whose requests it sends.
    pub(crate) is_trusted: bool,
    /// Its connection ends behind one answer.
    pub(crate) once: bool,
}

/// Trusted proxies that a request came through, the client's first.
pub(crate) type Hops = SmallVec<[IpAddr; 2]>;

/// Whose request it is.
#[derive(Clone, Debug)]
pub(crate) struct Origination {
    pub(crate) client: SocketAddr,
    pub(crate) scheme: &'static str,
    pub(crate) hops: Hops,
    /// Authority and host that the client named, where a proxy says so.
    pub(crate) authority: Option<(Bytes, Bytes)>,
    pub(crate) request_id: Option<RequestId>,
}

impl Peer {
    /// Whose request these fields belong to.
    pub(crate) fn origination(&self, clients: &Clients, fields: &Fields) -> Origination {
        if self.is_trusted { self.told(clients, fields) } else { self.own() }
    }

    /// The peer's own request.
    pub(crate) fn own(&self) -> Origination {
        Origination {
            client: self.address,
            scheme: self.scheme,
            hops: Hops::new(),
            authority: None,
            request_id: None,
        }
    }

    fn told(&self, clients: &Clients, fields: &Fields) -> Origination {
        let lines = |known| fields.all(known).collect();
        let sources = Sources {
            forwarded: lines(Known::Forwarded),
            x_for: lines(Known::XForwardedFor),
            x_proto: lines(Known::XForwardedProto),
            x_host: lines(Known::XForwardedHost),
            x_port: lines(Known::XForwardedPort),
        };
        let said = forwarding::read(&sources, clients.family, |address| clients.trusts(address));
        let mut hops = said.hops;
        if said.client.is_some() {
            hops.push(self.address.ip().to_canonical());
        }
        Origination {
            client: said.client.unwrap_or(self.address),
            scheme: said.tls.map_or(self.scheme, |tls| if tls { "https" } else { "http" }),
            hops,
            authority: said.host.and_then(|host| named_authority(host, said.port)),
            request_id: fields
                .single(Known::XRequestId)
                .filter(|id| forwarding::is_request_id(id))
                .map(|id| RequestId::Taken(Bytes::copy_from_slice(id))),
        }
    }
}

/// The authority and host that a proxy names; `None` where it is none, so that the request's own stands.
fn named_authority(host: &[u8], port: Option<u16>) -> Option<(Bytes, Bytes)> {
    let parsed = littoral_h1::Authority::parse(host)?;
    let given = match port {
        Some(port) if parsed.port.is_none() => Bytes::from([host, format!(":{port}").as_bytes()].concat()),
        _ => Bytes::copy_from_slice(host),
    };
    Some(authority_and_host(&given))
}
