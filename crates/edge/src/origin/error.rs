//! What can go wrong between the edge and an origin server, each with a name that is metric label, log field and
//! `Cache-Status` detail at once, and the one place that turns it into a status for the client.

use super::body::RequestBodyFailed;
use std::fmt;

/// A fetch that brought no usable response, or a response that broke off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OriginError {
    /// The origin's name has no address.
    Resolve,
    /// The name servers cannot be reached or refuse, and no old answer may stand in.
    ResolveFailed,
    /// The name servers did not answer within the origin's `connect_timeout`, or within theirs.
    ResolveTimeout,
    /// Refused, unreachable.
    Connect,
    /// No connection within the origin's `connect_timeout`.
    ConnectTimeout,
    /// The handshake failed: the certificate is not trusted, not for this name, or TLS itself broke.
    Tls,
    /// The origin does not speak the protocol that its configuration names.
    Protocol,
    /// All connections are busy and the queue in front of them is full.
    QueueFull,
    /// Waited longer than `queue_timeout` for a free connection.
    QueueTimeout,
    /// The connection or stream ended before a whole response head arrived.
    Closed,
    /// What arrived is not HTTP.
    Malformed,
    /// No response head within `head_timeout`.
    HeadTimeout,
    /// Nothing more of a body within `idle_timeout`.
    BodyTimeout,
    /// The body ended before its announced length, or its framing broke.
    BodyCut,
    /// The body is not in the content coding that its head names.
    Coding,
    /// The client's request body failed while it was being forwarded.
    RequestBody(RequestBodyFailed),
    /// It answered with this server error, and something stored may stand in.
    Status(u16),
    /// The thread that owned the fetch ended.
    Abandoned,
}

impl OriginError {
    /// Stable name: metric label, log field, `Cache-Status` detail.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            OriginError::Resolve => "origin-unresolved",
            OriginError::ResolveFailed => "origin-resolve-failed",
            OriginError::ResolveTimeout => "origin-resolve-timeout",
            OriginError::Connect => "origin-connect",
            OriginError::ConnectTimeout => "origin-connect-timeout",
            OriginError::Tls => "origin-tls",
            OriginError::Protocol => "origin-protocol",
            OriginError::QueueFull => "origin-queue-full",
            OriginError::QueueTimeout => "origin-queue-timeout",
            OriginError::Closed => "origin-closed",
            OriginError::Malformed => "origin-malformed",
            OriginError::HeadTimeout => "origin-head-timeout",
            OriginError::BodyTimeout => "origin-body-timeout",
            OriginError::BodyCut => "origin-body-cut",
            OriginError::Coding => "origin-coding",
            OriginError::RequestBody(RequestBodyFailed::Broken) => "request-body-broken",
            OriginError::RequestBody(RequestBodyFailed::TimedOut) => "request-body-timeout",
            OriginError::RequestBody(RequestBodyFailed::TooLarge) => "request-body-too-large",
            OriginError::Status(_) => "origin-status",
            OriginError::Abandoned => "fetch-abandoned",
        }
    }

    /// The status that a client gets where no stored response stands in.
    pub(crate) fn status(self) -> u16 {
        match self {
            OriginError::Resolve
            | OriginError::ResolveFailed
            | OriginError::Connect
            | OriginError::Tls
            | OriginError::Protocol
            | OriginError::Closed
            | OriginError::Malformed
            | OriginError::BodyCut
            | OriginError::Coding
            | OriginError::Abandoned => 502,
            OriginError::QueueFull | OriginError::QueueTimeout => 503,
            OriginError::ResolveTimeout
            | OriginError::ConnectTimeout
            | OriginError::HeadTimeout
            | OriginError::BodyTimeout => 504,
            OriginError::RequestBody(RequestBodyFailed::Broken) => 400,
            OriginError::RequestBody(RequestBodyFailed::TimedOut) => 408,
            OriginError::RequestBody(RequestBodyFailed::TooLarge) => 413,
            OriginError::Status(status) => status,
        }
    }
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for OriginError {}
