//! The load: keep-alive connections over epoll, one request at a time on each, bodies drained without copying.
//!
//! It reads what a cache sends (`Content-Length`, or no content at all) and stops with an error on anything else. CPU
//! time is that of the process under test, not of the load.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use crate::content::{Random, ZIPF_KEYS, Zipf};
use crate::cpu::{self, CoreTimes};
use crate::histogram::Histogram;
use crate::net::{self, Poll};
use crate::options::Options;

/// Where the server under test runs.
pub const SERVER_CORE: usize = 0;
/// Where origin and load run.
pub const LOAD_CORE: usize = 1;

/// A head longer than this is an error: 16 KiB.
const HEAD_BYTES_MAX: usize = 16 << 10;
/// Connections that a run may lose before it fails.
const RECONNECTS_MAX: u64 = 10_000;

/// What to ask for.
#[derive(Clone, Debug)]
pub struct Load {
    /// Loopback port of the server.
    pub port: u16,
    /// Target of every request.
    pub path: String,
    /// Asks for `/z/0` to `/z/9999` by Zipf instead.
    pub zipf: bool,
    /// Gives each request a query of its own, so that it is a miss.
    pub unique: bool,
    /// A further field line.
    pub header: Option<String>,
    /// Status that every reply must have.
    pub status: u16,
    /// Keep-alive connections. 64 by default.
    pub connections: usize,
    /// Time before the measuring.
    pub warm_up: Duration,
    /// Time of the measuring.
    pub duration: Duration,
    /// Root of the process tree whose CPU time counts; none: no CPU time.
    pub pid: Option<u32>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Replies in the measured time.
    pub requests: u64,
    /// Replies in the warm-up and the measured time.
    pub requests_in_all: u64,
    /// Measured time.
    pub seconds: f64,
    /// CPU-µs of the process tree per reply.
    pub cpu_micros: f64,
    /// Quantiles of the time from request to last byte, µs.
    pub latency: [f64; 3],
    /// Replies whose status was another.
    pub bad: u64,
    /// Connections that the server closed.
    pub reconnects: u64,
    /// How busy the server's core was, percent.
    pub server_core: f64,
    /// How busy the load's core was, percent.
    pub load_core: f64,
}

impl Outcome {
    /// Replies a second.
    pub fn rate(&self) -> f64 {
        self.requests as f64 / self.seconds
    }
}

/// `littoral-bench load`.
pub fn command(options: &Options) -> Result<(), String> {
    let load = Load {
        port: options.number("port", 0)?,
        path: options.text("path").unwrap_or("/1k").to_owned(),
        zipf: options.has("zipf"),
        unique: options.has("unique"),
        header: options.text("header").map(str::to_owned),
        status: options.number("expect", 200)?,
        connections: options.number("connections", 64)?,
        warm_up: Duration::from_millis(400),
        duration: Duration::from_secs_f64(options.number("secs", 3.0)?),
        pid: options.text("pid").and_then(|pid| pid.parse().ok()),
    };
    net::raise_open_files();
    let outcome = run(&load).map_err(|error| error.to_string())?;
    println!(
        "{:.2} CPU-µs/request, {:.0} requests/s, p50 {:.0} p99 {:.0} p99.9 {:.0} µs, cores {:.0} % and {:.0} %, \
         {} requests, {} bad, {} reconnects",
        outcome.cpu_micros,
        outcome.rate(),
        outcome.latency[0],
        outcome.latency[1],
        outcome.latency[2],
        outcome.server_core,
        outcome.load_core,
        outcome.requests,
        outcome.bad,
        outcome.reconnects
    );
    Ok(())
}

/// Runs the load.
pub fn run(load: &Load) -> io::Result<Outcome> {
    let poll = Poll::new()?;
    let mut requests = Requests::new(load);
    let mut connections = Vec::with_capacity(load.connections);
    for token in 0..load.connections {
        let mut connection = Connection::open(load, &poll, token as u64)?;
        connection.ask(&mut requests)?;
        connections.push(connection);
    }
    let mut tally = Tally::default();
    run_for(load, &poll, &mut connections, &mut requests, &mut tally, load.warm_up)?;
    let in_warm_up = std::mem::take(&mut tally).requests;

    let processes = load.pid.map(cpu::process_tree).unwrap_or_default();
    let (server, loader) = (CoreTimes::of(SERVER_CORE), CoreTimes::of(LOAD_CORE));
    let (began, nanos) = (Instant::now(), cpu::nanos_on_core(&processes));
    run_for(load, &poll, &mut connections, &mut requests, &mut tally, load.duration)?;
    let (nanos, seconds) = (cpu::nanos_on_core(&processes) - nanos, began.elapsed().as_secs_f64());
    Ok(Outcome {
        requests: tally.requests,
        requests_in_all: in_warm_up + tally.requests,
        seconds,
        cpu_micros: nanos as f64 / 1e3 / tally.requests.max(1) as f64,
        latency: [0.5, 0.99, 0.999].map(|quantile| tally.latency.quantile_micros(quantile)),
        bad: tally.bad,
        reconnects: tally.reconnects,
        server_core: CoreTimes::of(SERVER_CORE).busy_percent_since(server),
        load_core: CoreTimes::of(LOAD_CORE).busy_percent_since(loader),
    })
}

struct Tally {
    requests: u64,
    bad: u64,
    reconnects: u64,
    latency: Histogram,
}

impl Default for Tally {
    fn default() -> Self {
        Self { requests: 0, bad: 0, reconnects: 0, latency: Histogram::new() }
    }
}

fn run_for(
    load: &Load,
    poll: &Poll,
    connections: &mut [Connection],
    requests: &mut Requests,
    tally: &mut Tally,
    duration: Duration,
) -> io::Result<()> {
    let end = Instant::now() + duration;
    let mut ready = Vec::with_capacity(256);
    let mut heard = Instant::now();
    while Instant::now() < end {
        poll.wait(&mut ready, Duration::from_millis(100))?;
        if !ready.is_empty() {
            heard = Instant::now();
        } else if heard.elapsed() > Duration::from_secs(10) {
            return Err(io::Error::other("no reply on any connection for ten seconds"));
        }
        for &token in &ready {
            let connection = &mut connections[token as usize];
            match connection.read(load, tally) {
                Ok(Progress::More) => {}
                Ok(Progress::Done) => connection.ask(requests)?,
                Ok(Progress::Closed) => {
                    tally.reconnects += 1;
                    if tally.reconnects > RECONNECTS_MAX {
                        return Err(io::Error::other("the server keeps closing connections"));
                    }
                    *connection = Connection::open(load, poll, token)?;
                    connection.ask(requests)?;
                }
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// The bytes of the requests, made beforehand as far as possible.
struct Requests {
    path: String,
    rest: String,
    prepared: Vec<Vec<u8>>,
    zipf: Option<Zipf>,
    random: Random,
    unique: Option<u64>,
}

impl Requests {
    fn new(load: &Load) -> Self {
        let header = load.header.as_ref().map(|line| format!("{line}\r\n")).unwrap_or_default();
        let rest =
            format!(" HTTP/1.1\r\nHost: bench.test\r\nUser-Agent: bench/1\r\nAccept: */*\r\n{header}\r\n");
        let request = |target: &str| format!("GET {target}{rest}").into_bytes();
        let prepared = match load.zipf {
            true => (0..ZIPF_KEYS).map(|key| request(&format!("/z/{key}"))).collect(),
            false => vec![request(&load.path)],
        };
        // Runs must not repeat each other's keys: a run has fewer than 10^8, and begins in a centisecond of its own.
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
        let digits = uptime.bytes().take_while(|byte| *byte != b' ').filter(u8::is_ascii_digit);
        let seed = digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
        Self {
            path: load.path.clone(),
            rest: rest.clone(),
            prepared,
            zipf: load.zipf.then(|| Zipf::new(ZIPF_KEYS)),
            random: Random::new(0x2a),
            unique: load.unique.then_some(seed * 100_000_000),
        }
    }

    fn with_next<T>(&mut self, send: impl FnOnce(&[u8]) -> T) -> T {
        if let Some(unique) = &mut self.unique {
            *unique += 1;
            return send(format!("GET {}?u={unique}{}", self.path, self.rest).as_bytes());
        }
        match &self.zipf {
            Some(zipf) => send(&self.prepared[zipf.draw(&mut self.random)]),
            None => send(&self.prepared[0]),
        }
    }
}

struct Connection {
    stream: TcpStream,
    head: Vec<u8>,
    left: Option<usize>,
    asked: Instant,
}

enum Progress {
    More,
    Done,
    Closed,
}

impl Connection {
    fn open(load: &Load, poll: &Poll, token: u64) -> io::Result<Self> {
        let stream = net::connect(load.port)?;
        poll.add(&stream, token, false)?;
        Ok(Self { stream, head: Vec::with_capacity(HEAD_BYTES_MAX), left: None, asked: Instant::now() })
    }

    fn ask(&mut self, requests: &mut Requests) -> io::Result<()> {
        self.head.clear();
        self.left = None;
        self.asked = Instant::now();
        requests.with_next(|bytes| self.stream.write_all(bytes))
    }

    fn read(&mut self, load: &Load, tally: &mut Tally) -> io::Result<Progress> {
        loop {
            match self.left {
                None => match self.read_head(load, tally) {
                    Ok(true) => {}
                    Ok(false) => return Ok(Progress::Closed),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::More),
                    Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(Progress::Closed),
                    Err(error) => return Err(error),
                },
                Some(0) => {
                    tally.requests += 1;
                    tally.latency.add_nanos(self.asked.elapsed().as_nanos() as u64);
                    return Ok(Progress::Done);
                }
                Some(left) => match net::discard(&self.stream, left) {
                    Ok(0) => return Err(io::Error::other("the server closed inside a body")),
                    Ok(taken) => self.left = Some(left - taken),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(Progress::More),
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Reads more of the head; false at the end of the connection.
    fn read_head(&mut self, load: &Load, tally: &mut Tally) -> io::Result<bool> {
        let mut piece = [0; 4096];
        let read = (&self.stream).read(&mut piece)?;
        if read == 0 {
            return Ok(false);
        }
        let from = self.head.len().saturating_sub(3);
        self.head.extend_from_slice(&piece[..read]);
        let Some(end) = self.head[from..].windows(4).position(|window| window == b"\r\n\r\n") else {
            let whole = self.head.len() < HEAD_BYTES_MAX;
            return if whole { Ok(true) } else { Err(io::Error::other("a head of more than 16 KiB")) };
        };
        let end = from + end;
        let odd = |what: &str| {
            io::Error::other(format!("{what}:\n{}", String::from_utf8_lossy(&self.head[..end.min(600)])))
        };
        let status = status_of(&self.head).ok_or_else(|| odd("no status"))?;
        if status != load.status {
            tally.bad += 1;
        }
        let length = match content_length(&self.head[..end + 2]) {
            _ if matches!(status, 204 | 304) => 0,
            Some(length) => length,
            None => return Err(odd("no content-length")),
        };
        let came = self.head.len() - end - 4;
        self.left = Some(length.checked_sub(came).ok_or_else(|| odd("more bytes than announced"))?);
        Ok(true)
    }
}

/// The status of a reply's head.
pub fn status_of(head: &[u8]) -> Option<u16> {
    std::str::from_utf8(head.get(9..12)?).ok()?.parse().ok()
}

/// `Content-Length` among field lines.
pub fn content_length(head: &[u8]) -> Option<usize> {
    const NAME: &[u8] = b"content-length:";
    let mut lines = head.split(|&byte| byte == b'\n');
    let line = lines.find(|line| line.len() > NAME.len() && line[..NAME.len()].eq_ignore_ascii_case(NAME))?;
    std::str::from_utf8(&line[NAME.len()..]).ok()?.trim().parse().ok()
}
