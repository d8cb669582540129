//! A compiled origin server: where it is, how it is spoken to, what it is told, how long it is waited for.

use crate::StatusSet;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// An origin server. Two that are equal may share connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginServer {
    /// What behaviors, groups, metrics and logs call it.
    pub name: Box<str>,
    /// Where it listens.
    pub address: Address,
    /// Whether it is spoken to over TLS, and how.
    pub tls: Option<OriginTls>,
    /// The protocol on its connections.
    pub protocol: OriginProtocol,
    /// Host and port as in its URL: brackets around IPv6, the port only if it is not the usual one. `localhost` for a
    /// Unix socket.
    pub authority: Box<str>,
    /// The `Host` that it gets.
    pub host_header: HostHeader,
    /// Stands before every path that it is asked for: `/bucket`. Empty, or begins with `/` and ends without one.
    pub path_prefix: Box<str>,
    /// A field that proves that a request came by this edge.
    pub secret: Option<OriginSecret>,
    /// Requests are signed for S3.
    pub s3: Option<S3Signing>,
    /// How it is asked whether it is well; `None`: it is not.
    pub probe: Option<Probe>,
    /// Most connections of one node. 1 to 65536.
    pub connections_max: u32,
    /// Most requests of one node that wait for one. 0 to 65536.
    pub queue_max: u32,
    /// Longest wait in that queue. 10 ms to 2 min.
    pub queue_timeout: Duration,
    /// Longest wait for a connection: name, TCP and TLS together. 10 ms to 1 min.
    pub connect_timeout: Duration,
    /// Longest wait for a response head. 100 ms to 10 min.
    pub head_timeout: Duration,
    /// Longest silence within a body. 100 ms to 10 min.
    pub idle_timeout: Duration,
    /// How long an unused connection is kept. 0 s (not at all) to 10 min.
    pub pool_idle_timeout: Duration,
}

/// Where an origin server listens.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Address {
    /// A TCP port.
    Tcp {
        /// Name or address in lower case; an IPv6 address without brackets.
        host: Box<str>,
        /// 1 to 65535.
        port: u16,
    },
    /// A Unix socket, by its path.
    Unix(PathBuf),
}

/// The protocol on an origin's connections.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum OriginProtocol {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: by ALPN over TLS, by prior knowledge without.
    Http2,
    /// Over TLS, what the origin chooses of both; HTTP/1.1 without.
    Auto,
}

/// How an origin's certificate is judged, and what it is shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginTls {
    /// The name that is asked for (SNI) and that the certificate must be for. Default: the host of its URL.
    pub server_name: Box<str>,
    /// Certificates (PEM, checked) that its own must lead to; `None`: the system's.
    pub roots: Option<Arc<[u8]>>,
    /// What the edge shows of itself.
    pub identity: Option<ClientIdentity>,
}

/// A client certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientIdentity {
    /// The chain in PEM, checked; the own certificate first.
    pub certificate: Arc<[u8]>,
    /// Its private key in PEM, checked.
    pub key: Arc<[u8]>,
}

/// A request field that only this edge and the origin know the value of.
#[derive(Clone, PartialEq, Eq)]
pub struct OriginSecret {
    /// Field name in lower case. Clients' own are removed.
    pub header: Box<str>,
    /// What it says.
    pub value: Box<str>,
}

/// Keys for AWS Signature Version 4, as S3 and what is compatible with it take it.
#[derive(Clone, PartialEq, Eq)]
pub struct S3Signing {
    /// As in `eu-central-1`.
    pub region: Box<str>,
    /// Default `s3`.
    pub service: Box<str>,
    /// Public part of the key.
    pub access_key: Box<str>,
    /// Secret part of it.
    pub secret_key: Box<str>,
    /// Of temporary keys.
    pub session_token: Option<Box<str>>,
}

/// An active probe.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Probe {
    /// `GET` or `HEAD`.
    pub method: Box<str>,
    /// Origin form, normalized; [`OriginServer::path_prefix`] is not put before it.
    pub target: Box<str>,
    /// The `Host` of the probe. Default: [`OriginServer::authority`].
    pub host: Option<Box<str>>,
    /// From the end of one probe to the beginning of the next, give or take a tenth. 500 ms to 1 h.
    pub interval: Duration,
    /// Longest wait for the answer's head, connecting included. 50 ms to 1 min.
    pub timeout: Duration,
    /// Good probes in a row after which it is well. 1 to 100.
    pub healthy_after: u32,
    /// Bad probes in a row after which it is not. 1 to 100.
    pub unhealthy_after: u32,
    /// Statuses that are good.
    pub statuses: StatusSet,
}

/// The `Host` that an origin server gets.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HostHeader {
    /// The site's canonical host, or the client's where the site has none or the key says so.
    Canonical,
    /// The origin's own: [`OriginServer::authority`].
    Origin,
    /// Always this.
    Fixed(Box<str>),
}

impl fmt::Debug for ClientIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientIdentity").finish_non_exhaustive()
    }
}

impl fmt::Debug for OriginSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OriginSecret").field("header", &self.header).finish_non_exhaustive()
    }
}

impl fmt::Debug for S3Signing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let S3Signing { region, service, access_key, .. } = self;
        f.debug_struct("S3Signing")
            .field("region", region)
            .field("service", service)
            .field("access_key", access_key)
            .finish_non_exhaustive()
    }
}
