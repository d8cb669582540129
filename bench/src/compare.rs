//! The comparison: every server behind one origin, row by row, round by round, A B C … A B C ….
//!
//! Before a row is timed, its replies are checked byte by byte; after each run, the origin's count says whether the
//! requests were what the row is about. What fails either is no figure.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::content::{Content, ZIPF_KEYS};
use crate::load::{self, LOAD_CORE, Load, Outcome};
use crate::net;
use crate::options::Options;
use crate::report::{Figures, Report};
use crate::rows::{ROWS, Row};
use crate::servers::{self, KINDS, Kind, Server};
use crate::steal::Steal;

/// Share of requests that may be on the wrong side of the cache: what was under way when counting began.
const STRAY_SHARE_MAX: f64 = 0.02;
/// Attempts at one run.
const ATTEMPTS: usize = 3;
/// Longest time for filling a store before misses are timed.
const FILL_MAX: Duration = Duration::from_secs(30);

/// `littoral-bench compare`.
pub fn run(options: &Options) -> Result<(), String> {
    let littoral = PathBuf::from(options.text("littoral").unwrap_or("target/release/littoral"));
    let rounds: usize = options.number("rounds", 5)?;
    let secs: f64 = options.number("secs", 3.0)?;
    let rows = chosen(&options.list("rows"), ROWS, |row| row.name)?;
    let kinds = chosen(&options.list("servers"), KINDS, |kind| kind.name())?;
    let open_files = net::raise_open_files();
    if open_files < 16_384 {
        return Err(format!(
            "open files are limited to {open_files}; nginx keeps 10,000 open: ulimit -n 65536"
        ));
    }
    let (kinds, versions) = present(&kinds, &littoral, !options.list("servers").is_empty())?;
    let folder = Folder::make()?;
    let origin = Origin::start()?;
    net::pin_to_core(LOAD_CORE).map_err(|error| error.to_string())?;
    eprintln!(
        "{} rows, {} servers, {rounds} rounds of {secs} s; files in {}",
        rows.len(),
        kinds.len(),
        folder.0.display()
    );
    let mut running = Vec::new();
    for kind in &kinds {
        running.push(Server::start(*kind, origin.port, &folder.0, &littoral)?);
    }
    let began = (Instant::now(), Steal::now());
    let mut report = Report::new(versions, rounds, secs);
    let content = Content::new();
    for row in &rows {
        for server in running.iter().filter(|server| server.kind != Kind::Floor || row.has_floor) {
            prepare(row, server, &content)
                .map_err(|error| format!("{} on {}: {error}", row.name, server.kind.name()))?;
        }
        for round in 0..rounds {
            for server in running.iter().filter(|server| server.kind != Kind::Floor || row.has_floor) {
                let figures = measure_well(row, server, &origin, secs)?;
                eprintln!("{:<10} {:<9} {}/{rounds}  {figures}", row.name, server.kind.name(), round + 1);
                report.add(row, server.kind, figures);
            }
        }
    }
    report.steal_percent = Steal::now().percent_since(began.1);
    report.took = began.0.elapsed();
    // Whoever reads it may have gone away: no reason to leave the folder behind.
    let _ = writeln!(std::io::stdout(), "\n{}", report.tables());
    if let Some(path) = options.text("out") {
        fs::write(path, report.page()).map_err(|error| format!("{path}: {error}"))?;
        eprintln!("written to {path}");
    }
    Ok(())
}

fn chosen<T: Copy>(names: &[&str], all: &[T], name: impl Fn(T) -> &'static str) -> Result<Vec<T>, String> {
    let known = || all.iter().map(|&one| name(one)).collect::<Vec<_>>().join(", ");
    if let Some(unknown) = names.iter().find(|wanted| !all.iter().any(|&one| name(one) == **wanted)) {
        return Err(format!("there is no `{unknown}`; there are {}", known()));
    }
    Ok(all.iter().copied().filter(|&one| names.is_empty() || names.contains(&name(one))).collect())
}

/// Servers, each with what it says its version is.
type Versions = Vec<(Kind, String)>;

/// Which of the servers are installed. A missing one is said and left out, unless it was asked for by name.
fn present(kinds: &[Kind], littoral: &Path, by_name: bool) -> Result<(Vec<Kind>, Versions), String> {
    let mut found = Vec::new();
    for &kind in kinds {
        match kind.version(littoral) {
            Ok(version) => found.push((kind, version)),
            Err(error) if by_name => return Err(error),
            Err(error) => eprintln!("left out: {error}"),
        }
    }
    Ok((found.iter().map(|(kind, _)| *kind).collect(), found))
}

/// Checks the row's replies byte by byte, and lets the cache take in what the row will find there.
fn prepare(row: &Row, server: &Server, content: &Content) -> Result<(), String> {
    let mut asker = Asker::connect(server.port)?;
    let targets: Vec<String> = match (row.zipf, row.unique) {
        (true, _) => (0..ZIPF_KEYS).map(|key| format!("/z/{key}")).collect(),
        (_, true) => (0..20).map(|check| format!("{}?check={check}", row.path)).collect(),
        _ => vec![row.path.to_owned(); 20],
    };
    for target in &targets {
        let (expected, _) = content.of(target.as_bytes()).ok_or("the origin has no such path")?;
        asker.check(target, None, 200, expected)?;
        if row.status == 304 {
            asker.check(target, row.header, 304, b"")?;
        }
    }
    if row.unique { fill_store(server) } else { Ok(()) }
}

/// Misses until the store has been full once: what a store costs while it grows for the first time is the kernel's
/// price of fresh memory, and not what a node pays day after day.
fn fill_store(server: &Server) -> Result<(), String> {
    let target = "/miss/128k";
    let load = Load {
        unique: true,
        warm_up: Duration::ZERO,
        duration: Duration::from_millis(500),
        pid: None,
        ..load_of(&ROWS[0], server, 0.0)
    };
    let load = Load { path: target.to_owned(), ..load };
    let (began, mut left) = (Instant::now(), servers::CACHE_MIB * 8 * 5 / 4);
    while left > 0 && began.elapsed() < FILL_MAX {
        let outcome = load::run(&load).map_err(|error| error.to_string())?;
        left = left.saturating_sub(outcome.requests_in_all);
    }
    Ok(())
}

fn load_of(row: &Row, server: &Server, secs: f64) -> Load {
    Load {
        port: server.port,
        path: row.path.to_owned(),
        zipf: row.zipf,
        unique: row.unique,
        header: row.header.map(str::to_owned),
        status: row.status,
        connections: 64,
        warm_up: Duration::from_millis(400),
        duration: Duration::from_secs_f64(secs),
        pid: Some(server.pid()),
    }
}

/// A run that was not what its row says is made again, [`ATTEMPTS`] times in all: a busy machine can stall a server for
/// a whole run.
fn measure_well(row: &Row, server: &Server, origin: &Origin, secs: f64) -> Result<Figures, String> {
    let mut outcome = measure(row, server, origin, secs);
    for _ in 1..ATTEMPTS {
        if let Err(error) = &outcome {
            eprintln!("{error}; once more");
            outcome = measure(row, server, origin, secs);
        }
    }
    outcome
}

fn measure(row: &Row, server: &Server, origin: &Origin, secs: f64) -> Result<Figures, String> {
    let load = load_of(row, server, secs);
    let fail = |error: String| format!("{} on {}: {error}", row.name, server.kind.name());
    let before = origin.count()?;
    let outcome = load::run(&load).map_err(|error| fail(error.to_string()))?;
    let asked = origin.count()? - before;
    judge(row, server.kind, &outcome, asked).map_err(fail)?;
    Ok(Figures::of(&outcome))
}

fn judge(row: &Row, kind: Kind, outcome: &Outcome, asked: u64) -> Result<(), String> {
    if outcome.bad > 0 {
        return Err(format!(
            "{} of {} replies had another status than {}",
            outcome.bad, outcome.requests, row.status
        ));
    }
    if outcome.requests == 0 {
        return Err(format!("not one reply in the measured time, {} before", outcome.requests_in_all));
    }
    let share = asked as f64 / outcome.requests_in_all as f64;
    if row.reaches_origin && share < 1.0 - STRAY_SHARE_MAX {
        return Err(format!("only {:.1} % of the requests reached the origin", share * 100.0));
    }
    if !row.reaches_origin && kind != Kind::Floor && share > STRAY_SHARE_MAX {
        return Err(format!("{:.1} % of the requests reached the origin", share * 100.0));
    }
    Ok(())
}

/// The origin, in a process of its own on the load's core.
struct Origin {
    child: Child,
    port: u16,
}

impl Origin {
    fn start() -> Result<Self, String> {
        let text = |error: std::io::Error| error.to_string();
        let mut command = servers::bench_origin(0).map_err(text)?;
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = net::spawn_on_core(&mut command, LOAD_CORE).map_err(text)?;
        let mut line = String::new();
        let output = child.stdout.take().ok_or("the origin has no output")?;
        BufReader::new(output).read_line(&mut line).map_err(text)?;
        let port = line.trim().parse().map_err(|_| format!("the origin said {line:?} for its port"))?;
        Ok(Self { child, port })
    }

    fn count(&self) -> Result<u64, String> {
        let body = Asker::connect(self.port)?.ask("/count", None)?.1;
        String::from_utf8_lossy(&body).parse().map_err(|_| "the origin's count is no number".to_owned())
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// One connection that asks and reads whole replies.
struct Asker(BufReader<TcpStream>);

impl Asker {
    fn connect(port: u16) -> Result<Self, String> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.to_string())?;
        stream.set_read_timeout(Some(Duration::from_secs(10))).map_err(|error| error.to_string())?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self(BufReader::new(stream)))
    }

    fn check(
        &mut self,
        target: &str,
        header: Option<&str>,
        status: u16,
        content: &[u8],
    ) -> Result<(), String> {
        let (had, body) = self.ask(target, header)?;
        if had != status {
            return Err(format!("{target} answered {had}, not {status}"));
        }
        if body != content {
            return Err(format!("{target} answered {} bytes, which are not the origin's", body.len()));
        }
        Ok(())
    }

    fn ask(&mut self, target: &str, header: Option<&str>) -> Result<(u16, Vec<u8>), String> {
        let text = |error: std::io::Error| format!("{target}: {error}");
        let header = header.map(|line| format!("{line}\r\n")).unwrap_or_default();
        let request = format!("GET {target} HTTP/1.1\r\nHost: bench.test\r\nAccept: */*\r\n{header}\r\n");
        self.0.get_mut().write_all(request.as_bytes()).map_err(text)?;
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            if self.0.read_until(b'\n', &mut head).map_err(text)? == 0 {
                return Err(format!("{target}: the connection ended: {}", String::from_utf8_lossy(&head)));
            }
        }
        let status = load::status_of(&head).ok_or_else(|| format!("{target}: no status"))?;
        let mut body = Vec::new();
        if status != 304 {
            let length = load::content_length(&head).ok_or_else(|| format!("{target}: no content-length"))?;
            body.resize(length, 0);
            self.0.read_exact(&mut body).map_err(text)?;
        }
        Ok((status, body))
    }
}

/// The run's folder, on a file system in memory where there is one; gone afterwards.
struct Folder(PathBuf);

impl Folder {
    fn make() -> Result<Self, String> {
        let memory = Path::new("/dev/shm");
        let parent = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        let path = parent.join(format!("littoral-bench-{}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
