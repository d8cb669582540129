//! A compiled origin server: where it is, what it is told, how long it is waited for.

use std::path::PathBuf;
use std::time::Duration;

/// An origin server. Two that are equal may share connections.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginServer {
    /// What behaviors, metrics and logs call it.
    pub name: Box<str>,
    /// Whether it is spoken to over TLS.
    pub scheme: Scheme,
    /// Name or address in lower case; an IPv6 address without brackets. What its certificate must be for.
    pub host: Box<str>,
    /// 1 to 65535.
    pub port: u16,
    /// Host and port as in its URL: brackets around IPv6, the port only if it is not the usual one.
    pub authority: Box<str>,
    /// The `Host` that it gets.
    pub host_header: HostHeader,
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
    /// Certificates that its own must lead to; `None`: the system's. As the site file writes it.
    pub ca_file: Option<PathBuf>,
}

/// How an origin server is spoken to.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Scheme {
    /// Plain TCP.
    Http,
    /// TLS, verified.
    Https,
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

impl Scheme {
    /// `http` or `https`.
    pub fn as_str(self) -> &'static str {
        match self {
            Scheme::Http => "http",
            Scheme::Https => "https",
        }
    }

    /// 80 or 443.
    pub fn usual_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}
