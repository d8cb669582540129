//! What the node was told of its clients: whom to believe, who sends PROXY headers, how many connections an address
//! may have. Read by all threads; only the counts of connections change.

use crate::access::addresses::{Addresses, Seat};
use crate::config::EdgeClients;
use littoral_forwarding::Family;
use littoral_model::{ForwardedFields, Network};
use std::net::IpAddr;
use std::sync::Arc;

/// The node's clients.
pub(crate) struct Clients {
    trusted: Box<[Network]>,
    proxy_protocol: Box<[Network]>,
    /// Which fields are believed.
    pub(crate) family: Family,
    /// Answers carry `X-Request-Id`.
    pub(crate) request_id_header: bool,
    addresses: Option<Arc<Addresses>>,
}

impl Clients {
    pub(crate) fn new(config: &EdgeClients) -> Clients {
        let most = config.connections_per_address_max;
        Clients {
            trusted: config.trusted_proxies.clone().into(),
            proxy_protocol: config.proxy_protocol.clone().into(),
            family: match config.forwarded {
                ForwardedFields::Auto => Family::Auto,
                ForwardedFields::XForwarded => Family::XForwarded,
                ForwardedFields::Forwarded => Family::Forwarded,
            },
            request_id_header: config.request_id_header,
            addresses: (most > 0).then(|| Arc::new(Addresses::new(most))),
        }
    }

    /// Whether what this address says of others is believed.
    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// Whether this address begins its connections with a PROXY header.
    pub(crate) fn sends_proxy_header(&self, address: IpAddr) -> bool {
        self.proxy_protocol.iter().any(|network| network.contains(address))
    }

    /// A connection's place among those of its address; `Ok(None)` where these have no limit.
    ///
    /// # Errors
    /// When the address has as many as it may.
    pub(crate) fn seat(&self, address: IpAddr) -> Result<Option<Seat>, TooMany> {
        match &self.addresses {
            Some(addresses) if !self.trusts(address) => addresses.seat(address).map(Some).ok_or(TooMany),
            _ => Ok(None),
        }
    }
}

/// An address has as many connections as it may.
#[derive(Debug)]
pub(crate) struct TooMany;
