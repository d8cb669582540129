//! `[origins.NAME]`: one origin server, how it is spoken to, and the limits of that.

mod probe;
mod signing;
mod tls;

pub use probe::{ProbeMethod, ProbeSection};
pub use signing::{S3Section, SecretSection};
pub use tls::TlsToOriginSection;

use crate::section::{Named, Section};
use crate::{Bounds, Spanned, quoted};
use std::time::Duration;
use toml::de::DeValue;

/// The keys of an origin, for hints.
pub(super) const KEYS: &[&str] = &[
    "url",
    "host",
    "path_prefix",
    "protocol",
    "tls",
    "ca_file",
    "secret",
    "s3",
    "probe",
    "connections_max",
    "queue_max",
    "queue_timeout",
    "connect_timeout",
    "head_timeout",
    "idle_timeout",
    "pool_idle_timeout",
];

pub(super) const fn millis(default: u64, least: u64, most: u64) -> Bounds<Duration> {
    Bounds::new(Duration::from_millis(default), Duration::from_millis(least), Duration::from_millis(most))
}

const CONNECTIONS_MAX: Bounds<u64> = Bounds::new(128, 1, 65_536);
const QUEUE_MAX: Bounds<u64> = Bounds::new(1024, 0, 65_536);
const QUEUE_TIMEOUT: Bounds<Duration> = millis(5_000, 10, 120_000);
const CONNECT_TIMEOUT: Bounds<Duration> = millis(3_000, 10, 60_000);
const HEAD_TIMEOUT: Bounds<Duration> = millis(15_000, 100, 600_000);
const IDLE_TIMEOUT: Bounds<Duration> = millis(30_000, 100, 600_000);
const POOL_IDLE_TIMEOUT: Bounds<Duration> = millis(30_000, 0, 600_000);

/// The protocol on an origin's connections.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum ProtocolToOrigin {
    /// HTTP/1.1.
    #[default]
    Http1,
    /// HTTP/2: by ALPN over TLS, by prior knowledge without.
    Http2,
    /// Over TLS, what the origin chooses.
    Auto,
}

/// An origin server as written.
///
/// # Reconfigure
/// A changed origin is another one: new fetches use new connections, those under way end on the old ones.
#[derive(Clone, PartialEq, Debug)]
pub struct OriginSection {
    /// What behaviors and groups call it.
    pub name: Spanned<String>,
    /// `http` or `https`, host, and port if it is not the usual one; or `http+unix:` or `https+unix:` and the path
    /// of a socket. `None`: it could not be read.
    pub url: Option<Spanned<String>>,
    /// The `Host` that the origin gets: `"canonical"` (the site's), `"origin"` (of `url`), or a host. Default
    /// canonical; with `s3`, the origin's.
    pub host: Option<Spanned<String>>,
    /// Stands before every path that it is asked for. Default none.
    pub path_prefix: Option<Spanned<String>>,
    /// Default HTTP/1.1.
    pub protocol: Option<Spanned<ProtocolToOrigin>>,
    /// `tls = { … }`. Only over TLS.
    pub tls: Option<TlsToOriginSection>,
    /// Certificates (PEM) that the origin's must lead to, given beside `tls`. Default: the system's. Only over TLS.
    pub ca_file: Option<Spanned<String>>,
    /// `secret = { … }`
    pub secret: Option<SecretSection>,
    /// `s3 = { … }`
    pub s3: Option<S3Section>,
    /// `probe = { … }`
    pub probe: Option<ProbeSection>,
    /// Most connections of one node to it at a time. Default 128; 1 to 65536. Beyond, requests queue.
    pub connections_max: u32,
    /// Most requests of one node that wait for a connection. Default 1024; 0 to 65536. Beyond, they fail.
    pub queue_max: u32,
    /// Longest wait in that queue. Default 5 s; 10 ms to 2 min.
    pub queue_timeout: Duration,
    /// Longest wait for a connection: name, TCP and TLS together. Default 3 s; 10 ms to 1 min.
    pub connect_timeout: Duration,
    /// Longest wait for the response head. Default 15 s; 100 ms to 10 min.
    pub head_timeout: Duration,
    /// Longest silence within a body. Default 30 s; 100 ms to 10 min.
    pub idle_timeout: Duration,
    /// How long an unused connection is kept. Default 30 s; 0 s (not at all) to 10 min.
    pub pool_idle_timeout: Duration,
}

pub(super) fn read(site: &Section<'_>, (name, span, value): Named<'_>) -> OriginSection {
    const PROTOCOLS: &[(&str, ProtocolToOrigin)] = &[
        ("http1", ProtocolToOrigin::Http1),
        ("http2", ProtocolToOrigin::Http2),
        ("auto", ProtocolToOrigin::Auto),
    ];
    let called = format!("origin {}", quoted(&name));
    site.check_name("an origin", &name, &span);
    let empty = toml::de::DeTable::new();
    let table = match value.get_ref() {
        DeValue::Table(table) => table,
        _ => {
            let hint = format!("as in [origins.{}] with url = \"https://app.example.com\"", "NAME");
            site.wrong_kind::<()>(&format!("origins.{name}"), value, "a table", Some(&hint));
            &empty
        }
    };
    let section = Section::new(site.reader(), table, called, span.clone());
    let url = section.text("url");
    if url.is_none() && section.value("url").is_none() && matches!(value.get_ref(), DeValue::Table(_)) {
        section.missing("url", "as in url = \"https://app.example.com\"");
    }
    let origin = OriginSection {
        name: Spanned::new(name, span),
        url,
        host: section.text("host"),
        path_prefix: section.text("path_prefix"),
        protocol: section.choice("protocol", PROTOCOLS),
        tls: tls::read(&section),
        ca_file: section.text("ca_file"),
        secret: signing::read_secret(&section),
        s3: signing::read_s3(&section),
        probe: probe::read(&section),
        connections_max: section.count("connections_max", CONNECTIONS_MAX) as u32,
        queue_max: section.count("queue_max", QUEUE_MAX) as u32,
        queue_timeout: section.duration("queue_timeout", QUEUE_TIMEOUT),
        connect_timeout: section.duration("connect_timeout", CONNECT_TIMEOUT),
        head_timeout: section.duration("head_timeout", HEAD_TIMEOUT),
        idle_timeout: section.duration("idle_timeout", IDLE_TIMEOUT),
        pool_idle_timeout: section.duration("pool_idle_timeout", POOL_IDLE_TIMEOUT),
    };
    section.finish(&[
        ("the `tls` of the origin", tls::KEYS),
        ("the `s3` of the origin", signing::S3_KEYS),
        ("the `probe` of the origin", &["interval", "healthy", "unhealthy", "statuses"]),
        ("[groups.NAME]", super::group::KEYS),
    ]);
    origin
}
