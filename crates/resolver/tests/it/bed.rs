//! A name server with a zone of the test's own, a resolver that asks it, and a clock.

use littoral_resolver::message::{Family, Question};
use littoral_resolver::{ResolveError, Resolver, ResolverConfig};
use littoral_runtime::Clock;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Longest wait for anything.
const WAIT_MAX: Duration = Duration::from_secs(20);

/// What begins each zone; "no" holds for 7 seconds.
const ZONE_HEAD: &str =
    "$ORIGIN test.\n$TTL 10\n@ IN SOA ns hostmaster 1 60 60 60 7\n@ IN NS ns\nns IN A 127.0.0.1\n";

/// A name server; it ends with it.
pub(crate) struct NameServer {
    process: Child,
    folder: TempDir,
    pub(crate) address: SocketAddr,
}

impl NameServer {
    /// Serves `records` below `test.`.
    pub(crate) fn start(records: &str) -> NameServer {
        // A port that was free may be taken a moment later.
        for _ in 0..10 {
            if let Some(server) = NameServer::start_on(free_port(), records) {
                return server;
            }
        }
        panic!("no name server: is nsd installed (scripts/setup test)?");
    }

    /// Another zone at the same address.
    pub(crate) fn restart_with(self, records: &str) -> NameServer {
        let address = self.address;
        drop(self);
        NameServer::start_on(address, records).expect("the name server comes back")
    }

    fn start_on(address: SocketAddr, records: &str) -> Option<NameServer> {
        let folder = tempfile::tempdir().expect("the machine allows it");
        let path = folder.path().display();
        let (ip, port) = (address.ip(), address.port());
        let settings = format!(
            "server:\n ip-address: {ip}@{port}\n server-count: 1\n username: \"\"\n zonesdir: \"{path}\"\n \
             database: \"\"\n pidfile: \"{path}/pid\"\n xfrdir: \"{path}\"\n xfrdfile: \"{path}/xfrd\"\n \
             zonelistfile: \"{path}/zones\"\n logfile: \"{path}/log\"\n rrl-ratelimit: 0\n\
             remote-control:\n control-enable: no\nzone:\n name: test\n zonefile: test.zone\n"
        );
        fs::write(folder.path().join("nsd.conf"), settings).expect("the machine allows it");
        fs::write(folder.path().join("test.zone"), format!("{ZONE_HEAD}{records}\n"))
            .expect("the machine allows it");
        let process = Command::new("nsd")
            .args(["-d", "-c"])
            .arg(folder.path().join("nsd.conf"))
            .env("PATH", "/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .ok()?;
        let mut server = NameServer { process, folder, address };
        server.answers().then_some(server)
    }

    fn answers(&mut self) -> bool {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("the machine allows it");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("the machine allows it");
        let question = Question::new("ns.test", Family::V4, true).expect("a name");
        let began = Instant::now();
        let mut buffer = [0; 512];
        while began.elapsed() < WAIT_MAX && self.process.try_wait().is_ok_and(|ended| ended.is_none()) {
            let _ = socket.send_to(question.as_bytes(), self.address);
            if socket.recv(&mut buffer).is_ok_and(|length| question.read(&buffer[..length]).is_some()) {
                return true;
            }
        }
        false
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        // Its own children end when it is told to, not when it is killed.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
        let _ = &self.folder;
    }
}

/// An address where nobody listens, by UDP or TCP, a moment ago at least.
pub(crate) fn free_port() -> SocketAddr {
    loop {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("the machine allows it");
        let address = tcp.local_addr().expect("the machine allows it");
        if UdpSocket::bind(address).is_ok() {
            return address;
        }
    }
}

/// A resolver under test.
pub(crate) struct Bed {
    pub(crate) resolver: Resolver,
    clock: Clock,
    runtime: tokio::runtime::Runtime,
}

impl Bed {
    /// It asks these name servers, and gives each 300 ms.
    pub(crate) fn asking(servers: &[SocketAddr]) -> Bed {
        Bed::with(ResolverConfig { servers: servers.to_vec(), ..ResolverConfig::default() })
    }

    pub(crate) fn with(config: ResolverConfig) -> Bed {
        let clock = Clock::manual(1_767_225_600);
        let config = ResolverConfig { timeout: Duration::from_millis(300), ..config };
        let resolver = Resolver::start(config, clock.clone()).expect("the machine allows it");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("the machine allows it");
        Bed { resolver, clock, runtime }
    }

    pub(crate) fn advance(&self, seconds: u64) -> &Bed {
        self.clock.advance(Duration::from_secs(seconds));
        self
    }

    pub(crate) fn try_find(&self, name: &str) -> Result<Vec<String>, ResolveError> {
        let found = self.runtime.block_on(self.resolver.addresses(name))?;
        Ok(found.iter().map(ToString::to_string).collect())
    }

    pub(crate) fn find(&self, name: &str) -> Vec<String> {
        self.try_find(name).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// So many ask at once.
    pub(crate) fn crowd(&self, name: &str, count: usize) -> usize {
        self.runtime.block_on(async {
            let mut crowd = tokio::task::JoinSet::new();
            for _ in 0..count {
                let (resolver, name) = (self.resolver.clone(), name.to_owned());
                crowd.spawn(async move { resolver.addresses(&name).await.is_ok() });
            }
            crowd.join_all().await.into_iter().filter(|found| *found).count()
        })
    }

    pub(crate) fn lookups(&self) -> u64 {
        self.resolver.stat().lookups
    }

    /// Asks again and again until it holds.
    pub(crate) fn until(&self, what: &str, mut holds: impl FnMut() -> bool) {
        let began = Instant::now();
        while !holds() {
            assert!(began.elapsed() < WAIT_MAX, "waited in vain: {what}");
            std::thread::yield_now();
        }
    }
}
