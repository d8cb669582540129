//! Other HTTP/1.1 servers as separate processes, each listening on a Unix socket in a directory of its own: Node
//! (llhttp), Go (net/http), nginx. Each answers a request with its reading of it in the field `X-Reading`.
//!
//! The programs stand in `tests/peers`. A peer that is not installed fails the test: a comparison with nobody is
//! no comparison.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// Longest wait for a peer's bytes: by then it waits for more of a message that we call complete.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running peer; killed when dropped.
pub(crate) struct Peer {
    pub(crate) name: &'static str,
    process: Child,
    socket: PathBuf,
}

/// How a peer read one message, as far as it tells.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct PeerMessage {
    pub(crate) method: Vec<u8>,
    pub(crate) target: Vec<u8>,
    pub(crate) host: Option<Vec<u8>>,
    pub(crate) body: Vec<u8>,
    pub(crate) fields: Vec<(Vec<u8>, Vec<u8>)>,
    pub(crate) trailers: Vec<(Vec<u8>, Vec<u8>)>,
}

/// One answer of a peer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Answer {
    /// It was read, and so.
    Read(Box<PeerMessage>),
    /// It was answered with success, without being shown to the program (Go does so with `OPTIONS *`).
    Silent,
    /// It was refused with this status.
    Refused(u16),
}

/// What came back on one connection.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Answers {
    pub(crate) answers: Vec<Answer>,
    /// Whether the peer still held the connection open when patience ended.
    pub(crate) hung: bool,
}

impl Peer {
    /// Node's http server; `directory` takes its socket, named `node`.
    pub(crate) fn node(directory: &Path) -> Peer {
        let socket = directory.join("node");
        let mut command = Command::new("node");
        command.arg(program("node.mjs")).arg(&socket);
        Peer::start("node", command, socket)
    }

    /// Go's http server, compiled once for each version of its source.
    pub(crate) fn go(directory: &Path) -> Peer {
        let socket = directory.join("go");
        let mut command = Command::new(compile_go());
        command.arg(&socket);
        Peer::start("go", command, socket)
    }

    /// nginx, in front of the Node peer in the same directory, which reads bodies for it.
    pub(crate) fn nginx(directory: &Path) -> Peer {
        let text = std::fs::read_to_string(program("nginx.conf")).expect("nginx.conf stands in tests/peers");
        let conf = directory.join("nginx.conf");
        let text = text.replace("DIRECTORY", directory.to_str().expect("temporary paths are text"));
        std::fs::write(&conf, text).expect("the directory can be written");
        let mut command = Command::new(installed("nginx"));
        command.arg("-e").arg("stderr").arg("-p").arg(directory).arg("-c").arg(&conf);
        Peer::start("nginx", command, directory.join("nginx"))
    }

    /// Starts it and waits until it says that it listens: `ready`, or what nginx logs once its sockets are open.
    fn start(name: &'static str, mut command: Command, socket: PathBuf) -> Peer {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap_or_else(|error| missing(name, &error));
        let output: Box<dyn Read + Send> = match name {
            "nginx" => Box::new(process.stderr.take().expect("it is piped")),
            _ => Box::new(process.stdout.take().expect("it is piped")),
        };
        let mut lines = BufReader::new(output).lines();
        let is_ready = |line: &String| line == "ready" || line.contains("event method");
        let seen = lines.by_ref().map_while(Result::ok).find(is_ready);
        assert!(seen.is_some(), "{name} ended before it was ready");
        // Whatever it says later is taken off its hands, so that it never waits for us.
        std::thread::spawn(move || lines.for_each(drop));
        Peer { name, process, socket }
    }

    /// Sends `bytes` on a connection of its own and reads all answers until the peer closes.
    pub(crate) fn ask(&self, bytes: &[u8]) -> Answers {
        let mut stream = UnixStream::connect(&self.socket).expect("the peer listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a time-out can be set");
        // A peer that refuses early may close before it has taken everything.
        let _ = stream.write_all(bytes);
        let mut received = Vec::new();
        let hung = match stream.read_to_end(&mut received) {
            Ok(_) => false,
            Err(error) => {
                matches!(error.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut)
            }
        };
        Answers { answers: answers(&received), hung }
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn missing(name: &str, error: &std::io::Error) -> ! {
    panic!(
        "{name} cannot be started ({error}): run `scripts/setup test`, which installs what the tests talk to"
    )
}

fn program(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers").join(name)
}

/// Debian puts nginx where only root's PATH leads.
fn installed(name: &str) -> PathBuf {
    let sbin = Path::new("/usr/sbin").join(name);
    if sbin.exists() { sbin } else { name.into() }
}

fn compile_go() -> PathBuf {
    let source = std::fs::read(program("main.go")).expect("main.go stands in tests/peers");
    let mut hasher = DefaultHasher::new();
    source.hash(&mut hasher);
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-peer");
    let binary = directory.join(format!("peer-{:016x}", hasher.finish()));
    if !binary.exists() {
        std::fs::create_dir_all(&directory).expect("the target directory can be written");
        let fresh = directory.join(format!("peer-{}", std::process::id()));
        let built = Command::new("go")
            .args(["build", "-o"])
            .arg(&fresh)
            .arg(program("main.go"))
            .env("GO111MODULE", "off")
            .env("GOFLAGS", "")
            .env("CGO_ENABLED", "0")
            .env("GOCACHE", directory.join("cache"))
            .env("GOPATH", directory.join("path"))
            .status()
            .unwrap_or_else(|error| missing("go", &error));
        assert!(built.success(), "go build of tests/peers/main.go failed");
        std::fs::rename(&fresh, &binary).expect("both are in one directory");
    }
    binary
}

/// The answers in what a peer sent, interim ones left out.
fn answers(mut received: &[u8]) -> Vec<Answer> {
    let mut answers = Vec::new();
    while !received.is_empty() {
        let mut room = [httparse::EMPTY_HEADER; 32];
        let mut response = httparse::Response::new(&mut room);
        let Ok(httparse::Status::Complete(head_len)) = response.parse(received) else {
            break;
        };
        let status = response.code.expect("complete responses have a status");
        let value = |name: &str| {
            let line = response.headers.iter().find(|line| line.name.eq_ignore_ascii_case(name))?;
            str::from_utf8(line.value).ok()
        };
        let body_bytes = value("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
        match (status, value("x-reading")) {
            (100..=199, _) => {}
            (200, Some(reading)) => answers.push(Answer::Read(Box::new(peer_message(reading)))),
            (200..=299, _) => answers.push(Answer::Silent),
            _ => answers.push(Answer::Refused(status)),
        }
        // A refusal's body is not looked at, and nothing comes behind it.
        received = received.get(head_len + body_bytes..).unwrap_or_default();
        if status >= 300 {
            break;
        }
    }
    answers
}

fn peer_message(reading: &str) -> PeerMessage {
    let mut message = PeerMessage::default();
    for (key, value) in reading.split(';').filter_map(|part| part.split_once(':')) {
        match key {
            "method" => message.method = unhex(value),
            "target" => message.target = unhex(value),
            "host" => message.host = Some(unhex(value)),
            "body" => message.body = unhex(value),
            "fields" => message.fields = unhex_pairs(value),
            "trailers" => message.trailers = unhex_pairs(value),
            _ => panic!("a reading has no {key}"),
        }
    }
    message
}

fn unhex_pairs(text: &str) -> Vec<(Vec<u8>, Vec<u8>)> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (unhex(name), unhex(value)))
        .collect()
}

fn unhex(text: &str) -> Vec<u8> {
    text.as_bytes()
        .chunks(2)
        .map(|pair| {
            u8::from_str_radix(str::from_utf8(pair).expect("hex is ASCII"), 16).expect("peers write hex")
        })
        .collect()
}
