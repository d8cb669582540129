//! What the edge is started with. Values are checked where they come from (the node file); the ranges are stated here.

use crate::report::DigestConfig;
use littoral_model::{ForwardedFields, MemoryReserve, Network};
use littoral_records::access::LineFormat;
use littoral_resolver::ResolverConfig;
use littoral_runtime::Clock;
use littoral_runtime::host::MemoryFacts;
use littoral_runtime::ring::Rotation;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// How to run the edge.
#[derive(Clone)]
pub struct EdgeConfig {
    /// Name of this cache in `Cache-Status`, `Via`, `CDN-Loop` and the log: a token. Default `littoral`.
    pub name: String,
    /// Threads that serve. Default one for each core.
    pub workers: usize,
    /// Addresses for plain HTTP.
    pub http: Vec<SocketAddr>,
    /// Addresses for HTTPS; `tls` must be given with them.
    pub https: Vec<SocketAddr>,
    /// Certificate and key for `https`.
    pub tls: Option<TlsFiles>,
    /// Memory for stored responses, metadata included. Default 256 MiB.
    pub memory_bytes: u64,
    /// Who may speak for others, and what one client may take.
    pub clients: EdgeClients,
    /// Limits of connections and requests.
    pub limits: EdgeLimits,
    /// When new work is answered 503 for want of memory.
    pub memory: MemoryAdmission,
    /// Told what an operator should know, a line each. Default: nobody.
    pub notices: Notices,
    /// Where the access log goes.
    pub access_log: AccessLog,
    /// The form of its lines. Default JSON.
    pub log_format: LineFormat,
    /// When a log file begins anew. Default never: by itself.
    pub log_rotation: Rotation,
    /// How digests of sampled requests are taken. Default not at all.
    pub digests: Option<DigestConfig>,
    /// How the names of origins are resolved.
    pub resolver: ResolverConfig,
    /// The clock that freshness is judged by.
    pub clock: Clock,
}

/// A certificate chain and its key, in PEM files.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// The chain, the node's own certificate first.
    pub certificate: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Where the access log goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AccessLog {
    /// Nowhere.
    Off,
    /// Standard output.
    Stdout,
    /// Appended to a file, which [`Edge::reopen_logs`](crate::Edge::reopen_logs) opens anew.
    File(PathBuf),
}

/// Who may speak for others, and what one client may take.
#[derive(Clone, Debug)]
pub struct EdgeClients {
    /// Whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` are believed. Default nobody's.
    pub trusted_proxies: Vec<Network>,
    /// Who begins each connection with a PROXY header, of version 1 or 2. Default nobody.
    pub proxy_protocol: Vec<Network>,
    /// Which of the fields are believed. Default: `X-Forwarded-*` where there is any, else `Forwarded`.
    pub forwarded: ForwardedFields,
    /// Whether answers carry `X-Request-Id`. Default true.
    pub request_id_header: bool,
    /// Most connections of one address, of IPv6 of one /64; 0: no limit. Default 20,000; at the limit new ones are
    /// closed at once. Trusted proxies have no limit.
    pub connections_per_address_max: usize,
}

/// When new work is answered 503 for want of memory, and where that is seen from.
#[derive(Clone)]
pub struct MemoryAdmission {
    /// Memory that stays available. Default 5 %, at most 512 MiB.
    pub reserve: MemoryReserve,
    /// Asked four times a second, on a thread of its own. Default [`MemoryFacts::read`].
    pub facts: Arc<dyn Fn() -> MemoryFacts + Send + Sync>,
}

/// Who is told what an operator should know.
#[derive(Clone, Default)]
pub struct Notices(Option<Arc<Tell>>);

type Tell = dyn Fn(&str) + Send + Sync;

impl Notices {
    /// `tell` is called on the edge's own background threads; it may wait.
    pub fn to(tell: impl Fn(&str) + Send + Sync + 'static) -> Notices {
        Notices(Some(Arc::new(tell)))
    }

    pub(crate) fn tell(&self, text: &str) {
        if let Some(tell) = &self.0 {
            tell(text);
        }
    }

    /// The same from a thread that must not wait.
    pub(crate) fn tell_aside(&self, text: String) {
        let notices = self.clone();
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => drop(runtime.spawn_blocking(move || notices.tell(&text))),
            // A scrape: its thread waits for other things, too.
            Err(_) => notices.tell(&text),
        }
    }
}

/// Limits of connections and requests. Each request that breaks one is refused with a named reason.
#[derive(Clone, Debug)]
pub struct EdgeLimits {
    /// Limits of the HTTP/1.1 codec.
    pub h1: littoral_h1::Limits,
    /// From a request's first byte to the end of its head. Default 10 s.
    pub head_timeout: Duration,
    /// How long a request's body may be waited for; its bytes give time back at `client_rate_min`. Default 30 s.
    pub body_timeout: Duration,
    /// How long an idle connection is kept. Default 75 s.
    pub keep_alive_timeout: Duration,
    /// Window over which a client that does not take its answer is judged. Default 30 s.
    pub write_timeout: Duration,
    /// Bytes a second that a client must take, on average over `write_timeout`, and send of a body. Default 200.
    pub client_rate_min: u64,
    /// How long nothing may move in an upgraded connection. Default 1 h.
    pub tunnel_timeout: Duration,
    /// Client connections of the whole node. Default 100,000; at the limit new ones are closed at once.
    pub connections_max: usize,
}

impl Default for EdgeConfig {
    fn default() -> EdgeConfig {
        EdgeConfig {
            name: "littoral".to_owned(),
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            http: Vec::new(),
            https: Vec::new(),
            tls: None,
            memory_bytes: 256 * 1024 * 1024,
            clients: EdgeClients::default(),
            limits: EdgeLimits::default(),
            memory: MemoryAdmission::default(),
            notices: Notices::default(),
            access_log: AccessLog::Off,
            log_format: LineFormat::default(),
            log_rotation: Rotation::default(),
            digests: None,
            resolver: ResolverConfig::default(),
            clock: Clock::system(),
        }
    }
}

impl Default for EdgeClients {
    fn default() -> EdgeClients {
        EdgeClients {
            trusted_proxies: Vec::new(),
            proxy_protocol: Vec::new(),
            forwarded: ForwardedFields::default(),
            request_id_header: true,
            connections_per_address_max: 20_000,
        }
    }
}

impl Default for MemoryAdmission {
    fn default() -> MemoryAdmission {
        MemoryAdmission { reserve: MemoryReserve::default(), facts: Arc::new(MemoryFacts::read) }
    }
}

impl Default for EdgeLimits {
    fn default() -> EdgeLimits {
        EdgeLimits {
            h1: littoral_h1::Limits::default(),
            head_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            write_timeout: Duration::from_secs(30),
            client_rate_min: 200,
            tunnel_timeout: Duration::from_secs(3600),
            connections_max: 100_000,
        }
    }
}
