//! What a node runs with: the command line over the node file over the defaults.
//!
//! Everything is read and judged here, before anything listens.

use std::env;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use littoral_edge::{AccessLog, EdgeConfig, MemoryAdmission, Notices, TlsFiles};
use littoral_model::{AdminAddress, ClientsSection, LimitsSection};
use littoral_resolver::ResolverConfig;
use littoral_runtime::Clock;

use super::NotStarted;
use super::certificate;
use super::file::{FileSettings, THREE_WAYS, TokenSource, edge_clients, edge_limits};
use super::log::LogSettings;
use crate::admin::Token;
use crate::cli::{self, Up};
use crate::client::AdminPlace;
use crate::console;
use crate::data;
use crate::demo;
use crate::node::LogPlace;
use crate::sites::SiteSource;

/// The node file that a service reads.
const SYSTEM_NODE_FILE: &str = "/etc/littoral/littoral.toml";
/// Port for HTTP unless told otherwise: free for any user to take.
const HTTP_PORT: u16 = 8080;
/// The token's file within the data folder.
const TOKEN_FILE: &str = "admin.token";

/// What a node runs with.
pub(super) struct Settings {
    origin: Origin,
    name: String,
    workers: usize,
    http: Vec<SocketAddr>,
    https: Vec<SocketAddr>,
    tls: Option<Tls>,
    pub(super) admin: Vec<AdminListen>,
    token_file: Option<PathBuf>,
    memory_bytes: u64,
    clients: ClientsSection,
    limits: LimitsSection,
    resolver: ResolverConfig,
    log: LogSettings,
    sites: Option<SiteSource>,
}

/// What the node stands in front of, as the operator said it.
enum Origin {
    Demo,
    Url(String),
    File(PathBuf),
}

struct Tls {
    files: TlsFiles,
    self_made: bool,
}

/// Where administration listens.
pub(super) enum AdminListen {
    Unix(PathBuf),
    Tcp(SocketAddr, Token),
}

impl Settings {
    /// Reads the node file, if there is one to read, and merges. `demo` is where the demo origin listens.
    pub(super) fn gather(arguments: &Up, demo: Option<SocketAddr>) -> Result<Settings, NotStarted> {
        let (origin, file) = origin(arguments, demo)?;
        let file = file.unwrap_or_default();
        let folder = folder(arguments, &origin, &file)?;
        let http = match (arguments.http.as_slice(), file.http) {
            ([], Some(addresses)) => addresses,
            // Whoever only asks for HTTPS gets no surprise beside it.
            ([], None) if !arguments.https.is_empty() => Vec::new(),
            ([], None) => vec![default_http(&origin)],
            (given, _) => given.to_vec(),
        };
        let https = if arguments.https.is_empty() { file.https } else { arguments.https.clone() };
        if http.is_empty() && https.is_empty() {
            return Err(NotStarted::new("the node listens nowhere")
                .hint("give it an address: [listen] http = [\"[::]:80\"], or --http ADDR"));
        }
        let tls = if https.is_empty() { None } else { Some(tls(arguments, file.tls, &folder)?) };
        let (admin, token_file) = admin(arguments, file.admin, file.token.as_ref(), &folder)?;
        // The demo's terminal is for reading; its log is a file.
        let otherwise = match &origin {
            Origin::Demo => AccessLog::File(folder.join("access.log")),
            _ => AccessLog::Stdout,
        };
        let log = LogSettings::new(file.log, otherwise, &folder)?;
        let sites = file.sites.or_else(|| given_site(&origin, demo));
        Ok(Settings {
            origin,
            name: file.name.unwrap_or_else(|| "littoral".to_owned()),
            workers: arguments
                .workers
                .or(file.workers)
                .map_or_else(littoral_runtime::host::processors, usize::from),
            http,
            https,
            tls,
            admin,
            token_file,
            memory_bytes: file.memory_bytes,
            clients: file.clients,
            limits: file.limits,
            resolver: file.resolver,
            log,
            sites,
        })
    }

    /// Where the sites come from; once.
    pub(super) fn take_sites(&mut self) -> SiteSource {
        self.sites.take().unwrap_or(SiteSource::Files(Vec::new()))
    }

    /// The part that the edge needs.
    pub(super) fn edge_config(&self, clock: Clock) -> Result<EdgeConfig, NotStarted> {
        Ok(EdgeConfig {
            name: self.name.clone(),
            workers: self.workers,
            http: self.http.clone(),
            https: self.https.clone(),
            tls: self.tls.as_ref().map(|tls| tls.files.clone()),
            memory_bytes: self.memory_bytes,
            clients: edge_clients(&self.clients),
            limits: edge_limits(&self.limits)?,
            memory: MemoryAdmission { reserve: self.limits.memory_reserve, ..MemoryAdmission::default() },
            notices: Notices::to(|text| console::tell(text)),
            access_log: self.log.access.clone(),
            log_format: self.log.format(),
            log_rotation: self.log.rotation(),
            digests: self.log.digests.clone(),
            resolver: self.resolver.clone(),
            clock,
        })
    }

    pub(super) fn summary(&self) -> String {
        let what = match &self.origin {
            Origin::Demo => "the demo site".to_owned(),
            Origin::Url(url) => format!("in front of {url}"),
            Origin::File(file) => format!("from {}", file.display()),
        };
        let memory = console::bytes(self.memory_bytes);
        format!("{what}, {}, {memory} for stored responses", console::count(self.workers, "worker"))
    }

    /// Further lines of the announcement.
    pub(super) fn told(&self) -> Vec<(&'static str, String)> {
        vec![("access log", self.log.told())]
    }

    pub(super) fn access_log_file(&self) -> Option<&Path> {
        self.log.file()
    }

    /// Where the access log goes, for who asks the running node.
    pub(super) fn log_place(&self) -> LogPlace {
        self.log.place()
    }

    /// Where the token for administration over TCP is kept.
    pub(super) fn token_file(&self) -> Option<String> {
        self.token_file.as_ref().map(|file| file.display().to_string())
    }

    pub(super) fn self_made_certificate(&self) -> bool {
        self.tls.as_ref().is_some_and(|tls| tls.self_made)
    }
}

fn origin(arguments: &Up, demo: Option<SocketAddr>) -> Result<(Origin, Option<FileSettings>), NotStarted> {
    if demo.is_some() {
        return Ok((Origin::Demo, None));
    }
    if let Some(url) = &arguments.origin {
        return Ok((Origin::Url(url.clone()), None));
    }
    let path = match &arguments.config {
        Some(path) => path.clone(),
        None if Path::new(SYSTEM_NODE_FILE).exists() => PathBuf::from(SYSTEM_NODE_FILE),
        None => {
            let what = format!("nothing says what to serve, and there is no {SYSTEM_NODE_FILE}");
            return Err(NotStarted::new(what).hint(THREE_WAYS));
        }
    };
    let file = FileSettings::read(&path)?;
    Ok((Origin::File(path), Some(file)))
}

/// The data folder, made if need be.
fn folder(arguments: &Up, origin: &Origin, file: &FileSettings) -> Result<PathBuf, NotStarted> {
    let named = arguments.data.clone().or_else(|| file.data.clone());
    let folder = match (&named, origin) {
        (Some(folder), _) => folder.clone(),
        (None, Origin::Demo) => PathBuf::from(data::DEMO_FOLDER),
        (None, _) => data::default_folder(),
    };
    let made = match (&named, origin) {
        (None, Origin::Demo) => data::make_demo(&folder),
        _ => data::make(&folder),
    };
    made.map(|()| folder.clone()).map_err(|error| {
        NotStarted::new(format_args!("cannot make the data folder {}: {error}", folder.display()))
            .hint("name one that can be written with --data DIR")
    })
}

fn default_http(origin: &Origin) -> SocketAddr {
    match origin {
        Origin::Demo => SocketAddr::from(([127, 0, 0, 1], HTTP_PORT)),
        _ => cli::everywhere(HTTP_PORT),
    }
}

fn tls(arguments: &Up, file: Option<TlsFiles>, folder: &Path) -> Result<Tls, NotStarted> {
    let given = match (&arguments.certificate, &arguments.key) {
        (Some(certificate), Some(key)) => {
            Some(TlsFiles { certificate: certificate.clone(), key: key.clone() })
        }
        _ => file,
    };
    if let Some(files) = given {
        return Ok(Tls { files, self_made: false });
    }
    let made = certificate::self_made(folder).map_err(NotStarted::new)?;
    Ok(Tls { files: TlsFiles { certificate: made.certificate, key: made.key }, self_made: true })
}

/// Where administration listens, and where the token is kept if it is kept in a file.
fn admin(
    arguments: &Up,
    listed: Option<Vec<AdminAddress>>,
    token: Option<&TokenSource>,
    folder: &Path,
) -> Result<(Vec<AdminListen>, Option<PathBuf>), NotStarted> {
    let wanted = match (&arguments.admin, listed) {
        (Some(text), _) => vec![admin_address(text)?],
        (None, Some(listed)) => listed,
        (None, None) => {
            vec![AdminAddress::Unix(folder.join(data::ADMIN_SOCKET).display().to_string())]
        }
    };
    let mut token_file = None;
    let mut doors = Vec::new();
    for address in wanted {
        doors.push(match address {
            AdminAddress::Unix(path) => AdminListen::Unix(PathBuf::from(path)),
            AdminAddress::Tcp(address) => {
                let (token, kept) = admin_token(token, folder)?;
                token_file = kept;
                AdminListen::Tcp(address, token)
            }
        });
    }
    Ok((doors, token_file))
}

/// `--admin`: what the commands' `--admin` takes, as far as one can listen there.
fn admin_address(text: &str) -> Result<AdminAddress, NotStarted> {
    let usage = |why: String| NotStarted::new(format_args!("--admin: {why}"));
    match text.parse::<AdminPlace>().map_err(usage)? {
        AdminPlace::Unix(path) => Ok(AdminAddress::Unix(path.display().to_string())),
        AdminPlace::Tcp(authority) => cli::address(&authority).map(AdminAddress::Tcp).map_err(usage),
    }
}

/// The environment's token before the node file's; without either, one is made and kept.
fn admin_token(source: Option<&TokenSource>, folder: &Path) -> Result<(Token, Option<PathBuf>), NotStarted> {
    let given = env::var("LITTORAL_TOKEN").ok().filter(|token| !token.is_empty());
    let text = match (given, source) {
        (Some(text), _) => Some(text),
        (None, Some(TokenSource::Text(text))) => Some(text.clone()),
        _ => None,
    };
    if let Some(text) = text {
        return Token::given(&text).map(|token| (token, None)).map_err(NotStarted::new);
    }
    let file = match source {
        Some(TokenSource::File(path)) => path.clone(),
        _ => folder.join(TOKEN_FILE),
    };
    let token = Token::kept_in(&file)
        .map_err(|error| NotStarted::new(format_args!("the token file {}: {error}", file.display())))?;
    Ok((token, Some(file)))
}

/// The one site of a node without site files, as a site file would say it.
fn given_site(origin: &Origin, demo: Option<SocketAddr>) -> Option<SiteSource> {
    let (name, option, url) = match (origin, demo) {
        (Origin::Demo, Some(address)) => (demo::SITE, "--demo", format!("http://{address}")),
        (Origin::Url(url), _) => ("origin", "--origin", url.trim_end_matches('/').to_owned()),
        _ => return None,
    };
    // A JSON string is a TOML string.
    let url = serde_json::Value::String(url);
    // The origin gets its own name as `Host`: it knows nothing of the addresses that lead here.
    let text = format!(
        "version = 1\nname = \"{name}\"\nhosts = [\"*\"]\n\n\
         [origins.{name}]\nurl = {url}\nhost = \"origin\"\n\n\
         [[behaviors]]\npath = \"/*\"\n"
    );
    Some(SiteSource::Given { name: option, text })
}
