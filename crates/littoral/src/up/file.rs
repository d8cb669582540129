//! The node file, with its paths resolved, as what the node and its edge run with.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use littoral_edge::{AccessLog, EdgeClients, EdgeConfig, EdgeLimits, TlsFiles};
use littoral_model::{
    AdminAddress, ClientsSection, LimitsSection, LogSection, Network, NodeFile, ResolverSection, Spanned,
};
use littoral_resolver::ResolverConfig;

use super::{NotStarted, log};
use crate::console;
use crate::sites::{self, SitePattern, SiteSource};

/// What there is to do for whom nothing says what to serve.
pub(super) const THREE_WAYS: &str = "there are three ways to start:\n    \
    littoral up --demo                              a demo site, to look around\n    \
    littoral up --origin https://app.example.com    in front of an origin, without files\n    \
    littoral up -c littoral.toml                    from a node file and site files";

/// A node file with its paths resolved. Its default is that of a node without one.
pub(super) struct FileSettings {
    pub(super) name: Option<String>,
    pub(super) workers: Option<u16>,
    pub(super) http: Option<Vec<SocketAddr>>,
    pub(super) https: Vec<SocketAddr>,
    pub(super) tls: Option<TlsFiles>,
    pub(super) admin: Option<Vec<AdminAddress>>,
    pub(super) token: Option<TokenSource>,
    pub(super) data: Option<PathBuf>,
    pub(super) memory_bytes: u64,
    pub(super) clients: ClientsSection,
    pub(super) limits: LimitsSection,
    pub(super) resolver: ResolverConfig,
    /// With the path of its file resolved.
    pub(super) log: Option<(LogSection, AccessLog)>,
    pub(super) sites: Option<SiteSource>,
}

impl Default for FileSettings {
    fn default() -> FileSettings {
        FileSettings {
            name: None,
            workers: None,
            http: None,
            https: Vec::new(),
            tls: None,
            admin: None,
            token: None,
            data: None,
            memory_bytes: EdgeConfig::default().memory_bytes,
            clients: ClientsSection::default(),
            limits: LimitsSection::default(),
            resolver: ResolverConfig::default(),
            log: None,
            sites: None,
        }
    }
}

pub(super) enum TokenSource {
    Text(String),
    File(PathBuf),
}

impl FileSettings {
    pub(super) fn read(path: &Path) -> Result<FileSettings, NotStarted> {
        let name = path.display().to_string();
        let text = sites::read(path).map_err(|why| {
            NotStarted::new(format_args!("cannot read the node file {name}: {why}")).hint(THREE_WAYS)
        })?;
        let (node, mistakes) = littoral_model::parse_node(&text, &name);
        let refused = mistakes.iter().any(littoral_model::Mistake::is_error);
        if !mistakes.is_empty() {
            console::tell_raw(littoral_model::render_all(&mistakes, &text));
        }
        match node.filter(|_| !refused) {
            Some(node) => FileSettings::resolve(node, path.parent().unwrap_or(Path::new(""))),
            None => Err(NotStarted::new(format_args!("the node file {name} has mistakes"))),
        }
    }

    fn resolve(node: NodeFile, base: &Path) -> Result<FileSettings, NotStarted> {
        let addresses = |list: Vec<Spanned<SocketAddr>>| list.into_iter().map(|a| a.value).collect();
        let patterns: Result<Vec<SitePattern>, _> =
            node.sites.iter().map(|pattern| SitePattern::new(base, &pattern.value)).collect();
        Ok(FileSettings {
            name: node.name.map(|name| name.value),
            workers: node.workers.map(|workers| workers.value),
            http: node.listen.http.map(addresses),
            https: node.listen.https.map(addresses).unwrap_or_default(),
            tls: node.tls.map(|tls| TlsFiles {
                certificate: base.join(tls.certificate_file.value),
                key: base.join(tls.key_file.value),
            }),
            admin: node.admin.listen.map(|list| {
                list.into_iter()
                    .map(|address| match address.value {
                        AdminAddress::Unix(path) => AdminAddress::Unix(base.join(path).display().to_string()),
                        tcp @ AdminAddress::Tcp(_) => tcp,
                    })
                    .collect()
            }),
            token: node.admin.token.map(|token| match token {
                littoral_model::Token::Text(text) => TokenSource::Text(text.value),
                littoral_model::Token::File(path) => TokenSource::File(base.join(&path.value)),
            }),
            data: node.data.map(|data| base.join(data.value)),
            memory_bytes: node.memory_bytes,
            clients: node.clients,
            limits: node.limits,
            resolver: resolver_config(node.resolver, base),
            log: Some((node.log.clone(), log::resolved(&node.log.access, base))),
            sites: Some(SiteSource::Files(patterns.map_err(NotStarted::new)?)),
        })
    }
}

pub(super) fn edge_clients(file: &ClientsSection) -> EdgeClients {
    let networks = |list: &[Spanned<Network>]| list.iter().map(|network| network.value).collect();
    EdgeClients {
        trusted_proxies: networks(&file.trusted_proxies),
        proxy_protocol: networks(&file.proxy_protocol),
        forwarded: file.forwarded,
        request_id_header: file.request_id_header,
        connections_per_address_max: file.connections_per_address_max as usize,
    }
}

pub(super) fn edge_limits(file: &LimitsSection) -> Result<EdgeLimits, NotStarted> {
    let mut limits = EdgeLimits::default();
    limits.h1.head_bytes_max = file.head_bytes_max;
    limits.h1.target_bytes_max = file.target_bytes_max;
    limits.h1.fields_max = file.fields_max;
    limits.h1.chunk_line_bytes_max = file.chunk_line_bytes_max;
    limits.h1.trailer_bytes_max = file.trailer_bytes_max;
    limits.h1 = limits.h1.validate().map_err(|errors| {
        let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
        NotStarted::new(format_args!("[limits]: {}", errors.join("; ")))
    })?;
    limits.head_timeout = file.head_timeout;
    limits.body_timeout = file.body_timeout;
    limits.write_timeout = file.write_timeout;
    limits.keep_alive_timeout = file.keep_alive_timeout;
    limits.tunnel_timeout = file.tunnel_timeout;
    limits.connections_max = file.connections_max as usize;
    limits.client_rate_min = file.client_rate_bytes_min;
    Ok(limits)
}

fn resolver_config(file: ResolverSection, base: &Path) -> ResolverConfig {
    let default = ResolverConfig::default();
    ResolverConfig {
        servers: file.servers.into_iter().map(|server| server.value).collect(),
        hosts_file: file.hosts_file.map_or(default.hosts_file, |path| base.join(path.value)),
        resolv_conf: default.resolv_conf,
        timeout: file.timeout,
        lifetime_min: file.lifetime_min,
        lifetime_max: file.lifetime_max,
        stale_max: file.stale_max,
    }
}
