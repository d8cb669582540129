//! The node file: what one machine runs. Its values come with their defaults filled in; whatever names a file or
//! folder is as written, relative to the node file's own folder.

mod clients;
mod limits;
mod listen;
mod log;
mod resolver;

pub use clients::{ClientsSection, ForwardedFields};
pub use limits::{LimitsSection, MemoryReserve};
pub use listen::{AdminAddress, AdminSection, ListenSection, TlsSection, Token};
pub use log::{AccessLog, LogFormat, LogSection};
pub use resolver::ResolverSection;

use crate::reader::Reader;
use crate::section::{Empty, Section};
use crate::site::check_version;
use crate::{Bounds, Mistake, Spanned};

/// Most members of `sites`. 1024.
const SITE_PATTERNS_MAX: usize = 1024;
/// Without a default: that is the number of cores.
const WORKERS: Bounds<u64> = Bounds::new(1, 1, 1024);
const MEMORY: Bounds<u64> = Bounds::new(256 << 20, 1 << 20, 16 << 40);

/// A node file, version 1.
#[derive(Clone, PartialEq, Debug)]
pub struct NodeFile {
    /// The file's name, as it was given to [`parse_node`].
    pub file: Box<str>,
    /// What the node calls itself in `Via`, `Cache-Status` and `CDN-Loop`: letters, digits, `.`, `-`, `_`; at most
    /// 64. Default `littoral`.
    pub name: Option<Spanned<String>>,
    /// `[listen]`
    pub listen: ListenSection,
    /// `[tls]`. `None`: the caller makes a certificate of its own where it listens with TLS.
    pub tls: Option<TlsSection>,
    /// `[admin]`
    pub admin: AdminSection,
    /// The folder of what the node keeps. `None`: the caller's default.
    pub data: Option<Spanned<String>>,
    /// Threads that serve, each on a core. Default: as many as there are cores; 1 to 1024.
    pub workers: Option<Spanned<u16>>,
    /// Site files: paths, folders, or patterns with `*`. Default none; at most 1024.
    pub sites: Vec<Spanned<String>>,
    /// `[cache] memory`: bytes of the memory tier, metadata included. Default 256 MiB; 1 MiB to 16 TiB.
    pub memory_bytes: u64,
    /// `[log]`
    pub log: LogSection,
    /// `[clients]`
    pub clients: ClientsSection,
    /// `[limits]`
    pub limits: LimitsSection,
    /// `[resolver]`
    pub resolver: ResolverSection,
}

/// Reads a node file. A [`NodeFile`] comes back when the TOML is sound and of a known version; it may be used only
/// if none of the mistakes is an error.
pub fn parse_node(source: &str, file_name: &str) -> (Option<NodeFile>, Vec<Mistake>) {
    let (reader, table) = Reader::new(source, file_name);
    let section = Section::new(&reader, table.get_ref(), "the node file", 0..0);
    let node = check_version(&section, "node").then(|| read(&section)).filter(|_| reader.is_sound());
    if node.is_some() || !reader.is_sound() {
        section.finish(&[
            ("[listen]", listen::KEYS),
            ("[tls]", listen::TLS_KEYS),
            ("[admin]", listen::ADMIN_KEYS),
            ("[cache]", &["memory"]),
            ("[log]", log::KEYS),
            ("[clients]", clients::KEYS),
            ("[limits]", limits::KEYS),
            ("[resolver]", resolver::KEYS),
            ("a site file", &["hosts", "origins", "behaviors", "canonical_host"]),
        ]);
    }
    (node, reader.finish())
}

fn read(section: &Section<'_>) -> NodeFile {
    let name = section.text("name");
    if let Some(name) = &name {
        section.check_name("a node", name, &name.span);
    }
    let data = section.text("data").filter(|path| check_path(section, "data", path));
    let sites = section.texts("sites", SITE_PATTERNS_MAX, Empty::Allowed);
    let sites: Vec<_> = sites.map(|list| list.value).unwrap_or_default();
    let sites = sites.into_iter().filter(|path| check_path(section, "sites", path)).collect();
    NodeFile {
        file: section.reader().file().into(),
        name,
        listen: listen::read(section),
        tls: listen::read_tls(section),
        admin: listen::read_admin(section),
        data,
        workers: read_workers(section),
        sites,
        memory_bytes: read_memory(section),
        log: log::read(section),
        clients: clients::read(section),
        limits: limits::read(section),
        resolver: resolver::read(section),
    }
}

/// Whether a path could name something.
pub(super) fn check_path(section: &Section<'_>, key: &str, path: &Spanned<String>) -> bool {
    let good = !path.is_empty() && !path.contains('\0');
    if !good {
        let message = format!("`{key}` of {} is not a path", section.name());
        section.reader().report(section.reader().mistake(&path.span, message, "not a path"));
    }
    good
}

fn read_workers(section: &Section<'_>) -> Option<Spanned<u16>> {
    let workers = section.count("workers", WORKERS);
    let span = section.place("workers")?;
    Some(Spanned::new(u16::try_from(workers).ok()?, span))
}

fn read_memory(section: &Section<'_>) -> u64 {
    let Some(cache) = section.section("cache", "the cache of the node") else { return MEMORY.default };
    let memory = cache.size("memory", MEMORY);
    cache.finish(&[]);
    memory
}
