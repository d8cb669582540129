//! An edge in front of a scripted origin, in this process, on a clock that stands still until the test moves it.

use std::fmt::Write;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use littoral_edge::{
    Edge, EdgeConfig, EdgeLimits, ExplainRequest, Explanation, MemoryAdmission, PurgeReceipt, PurgeRequest,
};
use littoral_model::MemoryReserve;
use littoral_policy::{OriginServer, PolicySet, Site, SiteIds};
use littoral_runtime::Clock;

use crate::client::Client;
use crate::gate::{Gate, WAIT_MAX};
use crate::origin::{Origin, Script};
use crate::reply::Reply;

/// Where the clock stands at first: 2026-01-01 00:00:00 UTC.
pub const START_SECONDS: i64 = 1_767_225_600;

/// The site's canonical host; `www.site.test` is an alias.
pub const HOST: &str = "site.test";

/// Longest wait for a fill whose answer has been received.
const FILL_END_MAX: Duration = Duration::from_millis(100);

/// Name of the site under test.
const SITE: &str = "site";

/// An edge, its origin and its clock. The edge ends with it.
pub struct Testbed {
    edge: Option<Edge>,
    address: SocketAddr,
    origin: Origin,
    others: Vec<Origin>,
    clock: Clock,
}

/// A change to the compiled site.
type Shape = Box<dyn FnOnce(&mut Site)>;

/// How an edge under test differs from the default: two workers, 64 MiB, one site with one behavior for all paths.
pub struct Builder {
    script: Script,
    workers: usize,
    memory_bytes: u64,
    limits: EdgeLimits,
    origin: String,
    behavior: String,
    cache: String,
    key: String,
    first: String,
    site: Option<String>,
    configure: Option<Configure>,
    others: Vec<Script>,
    shape: Vec<Shape>,
}

type Configure = Box<dyn FnOnce(&mut EdgeConfig)>;

impl Testbed {
    /// Starts an edge with the default site in front of that origin.
    ///
    /// # Panics
    /// When it does not start.
    #[must_use]
    pub fn start(script: Script) -> Self {
        Self::builder(script).start()
    }

    /// An edge in front of that origin, to be changed before it starts.
    #[must_use]
    pub fn builder(script: Script) -> Builder {
        Builder {
            script,
            workers: 2,
            memory_bytes: 64 << 20,
            limits: EdgeLimits::default(),
            origin: String::new(),
            behavior: String::new(),
            cache: String::new(),
            key: String::new(),
            first: String::new(),
            site: None,
            configure: None,
            others: Vec::new(),
            shape: Vec::new(),
        }
    }

    /// The origin behind the edge.
    #[must_use]
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Another origin: those of [`Builder::and_origin`] count from 1.
    #[must_use]
    pub fn origin_at(&self, nth: usize) -> &Origin {
        nth.checked_sub(1).map_or(&self.origin, |nth| &self.others[nth])
    }

    /// Puts another version of the site in force, as a reload does: what has not changed lives on.
    ///
    /// # Panics
    /// When the sites cannot stand beside each other.
    pub fn reload(&self, change: impl FnOnce(&mut Site)) -> &Self {
        let policy = self.edge().policy();
        let former = &policy.sites()[0];
        let mut site = Site::clone(former);
        site.version += 1;
        // As if read anew: nothing is the same but what is equal.
        site.origins.iter_mut().for_each(|origin| *origin = Arc::new((**origin).clone()));
        site.groups.iter_mut().for_each(|group| *group = Arc::new((**group).clone()));
        change(&mut site);
        let sites = vec![site.keep_unchanged(former).into()];
        let policy = PolicySet::build(sites, 2).unwrap_or_else(|conflicts| panic!("{conflicts:?}"));
        self.edge().install(policy);
        self
    }

    /// The edge itself.
    ///
    /// # Panics
    /// When it was taken.
    #[must_use]
    pub fn edge(&self) -> &Edge {
        self.edge.as_ref().expect("the edge was not taken")
    }

    /// Hands the edge over, to be drained by the test.
    ///
    /// # Panics
    /// When it was taken before.
    #[must_use]
    pub fn take_edge(&mut self) -> Edge {
        self.edge.take().expect("the edge was not taken")
    }

    /// Where the edge listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Moves the clock forward. It moves the edge's deadlines on clients, too; those on origins go by real time.
    pub fn advance(&self, seconds: u64) -> &Self {
        self.clock.advance(Duration::from_secs(seconds));
        self
    }

    /// A new connection to the edge.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::connect(self.address)
    }

    /// GET on a connection of its own.
    pub fn get(&self, target: &str) -> Reply {
        self.ask("GET", target).send()
    }

    /// HEAD on a connection of its own.
    pub fn head(&self, target: &str) -> Reply {
        self.ask("HEAD", target).send()
    }

    /// A request to be completed and sent.
    #[must_use]
    pub fn ask(&self, method: &str, target: &str) -> Ask<'_> {
        Ask {
            bed: self,
            method: method.to_owned(),
            target: target.to_owned(),
            host: HOST.to_owned(),
            fields: String::new(),
            body: None,
        }
    }

    /// Purges.
    ///
    /// # Panics
    /// When the edge refuses it.
    pub fn purge(&self, Purge(request): Purge) -> PurgeReceipt {
        self.edge().purge(&request).unwrap_or_else(|error| panic!("the purge was refused: {error:?}"))
    }

    /// What the edge says of a GET for that URL.
    ///
    /// # Panics
    /// When it says nothing.
    #[must_use]
    pub fn explain(&self, url: &str) -> Explanation {
        let request = ExplainRequest::get(url);
        self.edge().explain(&request).unwrap_or_else(|error| panic!("no explanation of {url}: {error:?}"))
    }

    /// The metrics page.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.edge().metrics()
    }

    /// Lets the edge read what was sent to it so far. With one worker, requests on later connections are answered
    /// only behind what lies in earlier ones.
    pub fn settle(&self) -> &Self {
        for _ in 0..4 {
            self.ask("GET", "/").host("nobody.invalid").send();
        }
        self
    }

    /// The last byte of an answer reaches its client a moment before the answer is in the store: waits for that
    /// moment, so that what comes next is a hit. A fill that a test holds is not waited for.
    fn let_fills_end(&self) {
        let began = Instant::now();
        while self.edge.as_ref().is_some_and(|edge| edge.status().fills > 0) && began.elapsed() < FILL_END_MAX
        {
            let _ = Gate::closed().pass_within(Duration::from_millis(1));
        }
    }

    /// Asks again and again until it holds: for what the edge does behind an answer.
    ///
    /// # Panics
    /// When it does not hold within [`WAIT_MAX`].
    pub fn until(&self, what: &str, mut holds: impl FnMut() -> bool) -> &Self {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < WAIT_MAX, "waited in vain: {what}");
            let _ = Gate::closed().pass_within(Duration::from_millis(2));
        }
        self
    }
}

impl Builder {
    /// That many threads.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// That much memory for stored responses.
    #[must_use]
    pub fn memory(mut self, bytes: u64) -> Self {
        self.memory_bytes = bytes;
        self
    }

    /// Other limits on clients.
    #[must_use]
    pub fn limits(mut self, change: impl FnOnce(&mut EdgeLimits)) -> Self {
        change(&mut self.limits);
        self
    }

    /// Lines of TOML for the origin.
    #[must_use]
    pub fn origin_setting(mut self, lines: &str) -> Self {
        _ = writeln!(self.origin, "{lines}");
        self
    }

    /// Lines of TOML for the behavior.
    #[must_use]
    pub fn behavior_setting(mut self, lines: &str) -> Self {
        _ = writeln!(self.behavior, "{lines}");
        self
    }

    /// Lines of TOML for the behavior's cache.
    #[must_use]
    pub fn cache_setting(mut self, lines: &str) -> Self {
        _ = writeln!(self.cache, "{lines}");
        self
    }

    /// Lines of TOML for the behavior's key.
    #[must_use]
    pub fn key_setting(mut self, lines: &str) -> Self {
        _ = writeln!(self.key, "{lines}");
        self
    }

    /// Whole behaviors in TOML that come before the one for all paths.
    #[must_use]
    pub fn first_behaviors(mut self, behaviors: &str) -> Self {
        _ = writeln!(self.first, "{behaviors}");
        self
    }

    /// Another site file altogether; `{origin}` in it stands for the origin's URL.
    #[must_use]
    pub fn site(mut self, file: &str) -> Self {
        self.site = Some(file.to_owned());
        self
    }

    /// Whatever else the edge is started with.
    #[must_use]
    pub fn configure(mut self, change: impl FnOnce(&mut EdgeConfig) + 'static) -> Self {
        self.configure = Some(Box::new(change));
        self
    }

    /// One more origin. `{origin1}` in a site file stands for the URL of the first that is added so, and so on.
    #[must_use]
    pub fn and_origin(mut self, script: Script) -> Self {
        self.others.push(script);
        self
    }

    /// Changes the compiled origin servers of the site.
    #[must_use]
    pub fn change_origins(self, change: impl Fn(&mut OriginServer) + 'static) -> Self {
        self.shaped(move |site| site.origins.iter_mut().for_each(|origin| change(Arc::make_mut(origin))))
    }

    /// Changes the compiled site.
    #[must_use]
    pub fn shaped(mut self, change: impl FnOnce(&mut Site) + 'static) -> Self {
        self.shape.push(Box::new(change));
        self
    }

    /// Starts origin and edge.
    ///
    /// # Panics
    /// When the site file has mistakes, or the edge does not start.
    #[must_use]
    pub fn start(self) -> Testbed {
        // Client, edge and origin share this process's descriptors: a storm of a thousand needs more than the usual.
        let _ = littoral_runtime::host::raise_descriptor_limit();
        let file = self.site.clone().unwrap_or_else(|| self.default_site());
        let origin = self.script.start();
        let others: Vec<Origin> = self.others.into_iter().map(Script::start).collect();
        let mut file = file.replace("{origin}", &origin.url());
        for (nth, other) in others.iter().enumerate() {
            file = file.replace(&format!("{{origin{}}}", nth + 1), &other.url());
        }
        let policy = policy(&file, self.shape);
        let clock = Clock::manual(START_SECONDS);
        let mut config = EdgeConfig {
            workers: self.workers,
            http: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
            memory_bytes: self.memory_bytes,
            limits: self.limits,
            // How much the machine of a test has left is no part of it.
            memory: MemoryAdmission { reserve: MemoryReserve::Bytes(0), ..MemoryAdmission::default() },
            clock: clock.clone(),
            ..EdgeConfig::default()
        };
        if let Some(configure) = self.configure {
            configure(&mut config);
        }
        let edge =
            Edge::start(config, policy).unwrap_or_else(|error| panic!("the edge does not start: {error}"));
        let address = edge.addresses()[0];
        Testbed { edge: Some(edge), address, origin, others, clock }
    }

    fn default_site(&self) -> String {
        let Self { origin, behavior, cache, key, first, .. } = self;
        format!(
            "version = 1\nname = \"{SITE}\"\nhosts = [\"{HOST}\", \"www.{HOST}\"]\ncanonical_host = \"{HOST}\"\n\
             [origins.app]\nurl = \"{{origin}}\"\n{origin}\n{first}\n\
             [[behaviors]]\nname = \"all\"\npath = \"/*\"\n{behavior}\n[behaviors.cache]\n{cache}\n[behaviors.key]\n{key}\n"
        )
    }
}

fn policy(file: &str, shape: Vec<Shape>) -> PolicySet {
    let site = littoral_policy::read_site(file, "site.toml", &Absolute, |_| SiteIds { index: 0, version: 1 });
    let (mut site, _) =
        site.unwrap_or_else(|mistakes| panic!("{}", littoral_model::render_all(&mistakes, file)));
    shape.into_iter().for_each(|change| change(&mut site));
    PolicySet::build(vec![site.into()], 1).unwrap_or_else(|conflicts| panic!("{conflicts:?}"))
}

/// A request under construction; sent on a connection of its own.
pub struct Ask<'a> {
    bed: &'a Testbed,
    method: String,
    target: String,
    host: String,
    fields: String,
    body: Option<Vec<u8>>,
}

impl Ask<'_> {
    /// Adds a field line.
    #[must_use]
    pub fn header(mut self, name: &str, value: &str) -> Self {
        _ = write!(self.fields, "{name}: {value}\r\n");
        self
    }

    /// Another `Host` than the site's.
    #[must_use]
    pub fn host(mut self, host: &str) -> Self {
        host.clone_into(&mut self.host);
        self
    }

    /// Content, with its length.
    #[must_use]
    pub fn body(mut self, content: impl AsRef<[u8]>) -> Self {
        self.body = Some(content.as_ref().to_owned());
        self
    }

    /// Sends it and reads the reply.
    ///
    /// # Panics
    /// When no whole, well-formed reply comes, or something stands behind it.
    pub fn send(self) -> Reply {
        let mut bytes =
            format!("{} {} HTTP/1.1\r\nHost: {}\r\n{}", self.method, self.target, self.host, self.fields);
        if let Some(body) = &self.body {
            _ = write!(bytes, "Content-Length: {}\r\n", body.len());
        }
        bytes.push_str("\r\n");
        let mut bytes = bytes.into_bytes();
        bytes.extend(self.body.unwrap_or_default());
        let mut client = self.bed.client();
        // An answer may come before all of a body is taken; what it says is then the point.
        let _ = client.try_send(&bytes);
        let reply = client.reply(&self.method);
        client.has_nothing_unread();
        if reply.cache_status().is_some_and(|said| said.has("stored")) {
            self.bed.let_fills_end();
        }
        reply
    }
}

/// What to purge; hard unless said otherwise.
pub struct Purge(PurgeRequest);

impl Purge {
    /// One URL.
    #[must_use]
    pub fn url(url: &str) -> Self {
        Self(PurgeRequest { urls: vec![url.to_owned()], ..PurgeRequest::default() })
    }

    /// All that begins so.
    #[must_use]
    pub fn prefix(prefix: &str) -> Self {
        Self(PurgeRequest { prefixes: vec![prefix.to_owned()], ..PurgeRequest::default() })
    }

    /// All that carries the surrogate key.
    #[must_use]
    pub fn tag(tag: &str) -> Self {
        Self(PurgeRequest {
            site: Some(SITE.to_owned()),
            tags: vec![tag.to_owned()],
            ..PurgeRequest::default()
        })
    }

    /// Everything of the site.
    #[must_use]
    pub fn site() -> Self {
        Self(PurgeRequest { site: Some(SITE.to_owned()), everything: true, ..PurgeRequest::default() })
    }

    /// Makes stale instead of gone.
    #[must_use]
    pub fn soft(mut self) -> Self {
        self.0.soft = true;
        self
    }

    /// And lets go of the bytes.
    #[must_use]
    pub fn erasing(mut self) -> Self {
        self.0.erase = true;
        self
    }
}

/// Files that a site of a test names, by their whole path.
struct Absolute;

impl littoral_policy::Files for Absolute {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        std::fs::read(path).map_err(|error| format!("cannot be read: {error}"))
    }
}
