//! The servers under test: how each is configured as one who knows it would, started, and ended.
//!
//! One worker each, on one core, access logs off, upstream connections kept. Configurations are written into the
//! run's folder, so that they can be read and tried by hand.

use std::fs;
use std::io::Write;
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::SERVER_CORE;
use crate::net;

/// A server that can be measured.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Kind {
    /// This project's edge.
    Littoral,
    /// nginx with `sendfile` and `tcp_nopush`.
    NginxSendfile,
    /// nginx copying from large buffers.
    NginxBuffers,
    /// The same with a bounded send buffer.
    NginxBounded,
    /// haproxy.
    Haproxy,
    /// The bench's own origin in the place of a cache: about the least that the kernel lets a reply cost.
    Floor,
}

/// All of them, in the order of the table.
pub const KINDS: &[Kind] = &[
    Kind::Littoral,
    Kind::NginxSendfile,
    Kind::NginxBuffers,
    Kind::NginxBounded,
    Kind::Haproxy,
    Kind::Floor,
];

/// Longest time until a server listens. haproxy takes some seconds to lay out its cache.
const START_MAX: Duration = Duration::from_secs(30);
/// Longest time a server has for ending in good order.
const END_MAX: Duration = Duration::from_secs(5);

impl Kind {
    /// Its name on the command line and in the table.
    pub fn name(self) -> &'static str {
        match self {
            Self::Littoral => "littoral",
            Self::NginxSendfile => "nginx-a",
            Self::NginxBuffers => "nginx-b",
            Self::NginxBounded => "nginx-c",
            Self::Haproxy => "haproxy",
            Self::Floor => "floor",
        }
    }

    /// Whether it is one that Littoral is compared with.
    pub fn is_peer(self) -> bool {
        !matches!(self, Self::Littoral | Self::Floor)
    }

    /// What it says its version is; an error when it is not there.
    pub fn version(self, littoral: &Path) -> Result<String, String> {
        let (program, argument) = match self {
            Self::Littoral => (littoral.display().to_string(), "--version"),
            Self::NginxSendfile | Self::NginxBuffers | Self::NginxBounded => (find("nginx"), "-v"),
            Self::Haproxy => (find("haproxy"), "-v"),
            Self::Floor => return Ok(String::new()),
        };
        let output =
            Command::new(&program).arg(argument).output().map_err(|error| format!("{program}: {error}"))?;
        let said = if output.stdout.is_empty() { output.stderr } else { output.stdout };
        Ok(String::from_utf8_lossy(&said).lines().next().unwrap_or_default().trim().to_owned())
    }
}

/// A running server.
pub struct Server {
    /// Which.
    pub kind: Kind,
    /// Where it listens.
    pub port: u16,
    child: Child,
}

impl Server {
    /// Starts it in front of the origin, on its core, and waits until it listens.
    pub fn start(kind: Kind, origin: u16, folder: &Path, littoral: &Path) -> Result<Self, String> {
        let port = net::free_port().map_err(|error| error.to_string())?;
        let mut command = match kind {
            Kind::Littoral => self::littoral(origin, port, folder, littoral),
            Kind::Haproxy => haproxy(origin, port, folder),
            Kind::Floor => bench_origin(port),
            _ => nginx(kind, origin, port, folder),
        }
        .map_err(|error| format!("{}: {error}", kind.name()))?;
        let log = fs::File::create(folder.join(format!("{}.log", kind.name())))
            .map_err(|error| error.to_string())?;
        let errors = log.try_clone().map_err(|error| error.to_string())?;
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        let child = net::spawn_on_core(&mut command, SERVER_CORE)
            .map_err(|error| format!("{}: {error}", kind.name()))?;
        let mut server = Self { kind, port, child };
        server.wait_until_it_listens(folder)?;
        Ok(server)
    }

    /// Root of its process tree.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_listens(&mut self, folder: &Path) -> Result<(), String> {
        let began = Instant::now();
        let name = self.kind.name();
        loop {
            if TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return Ok(());
            }
            let ended = self.child.try_wait().map_err(|error| error.to_string())?;
            if ended.is_some() || began.elapsed() > START_MAX {
                let log = fs::read_to_string(folder.join(format!("{name}.log"))).unwrap_or_default();
                return Err(format!("{name} does not listen after {:?}; it said:\n{log}", began.elapsed()));
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        net::terminate(self.child.id());
        let began = Instant::now();
        while let Ok(None) = self.child.try_wait() {
            if began.elapsed() > END_MAX {
                let _ = self.child.kill();
                let _ = self.child.wait();
                return;
            }
            std::thread::park_timeout(Duration::from_millis(20));
        }
    }
}

/// The bench's own origin as a child of its own.
pub fn bench_origin(port: u16) -> std::io::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["origin", "--port", &port.to_string()]);
    Ok(command)
}

fn nginx(kind: Kind, origin: u16, port: u16, folder: &Path) -> std::io::Result<Command> {
    let home = folder.join(kind.name());
    fs::create_dir_all(home.join("cache"))?;
    let (sending, listening) = match kind {
        Kind::NginxSendfile => ("sendfile on; tcp_nopush on;", ""),
        Kind::NginxBuffers => ("sendfile off; tcp_nopush off; output_buffers 2 256k;", ""),
        _ => ("sendfile off; tcp_nopush off; output_buffers 2 256k;", " sndbuf=256k"),
    };
    let user = if net::is_root() { "user root;" } else { "" };
    let home_text = home.display();
    let cache = CACHE_MIB;
    let config = format!(
        "{user}
daemon off;
pid {home_text}/pid;
error_log {home_text}/error.log crit;
worker_processes 1;
worker_rlimit_nofile 65536;
events {{ worker_connections 8192; }}
http {{
  access_log off;
  server_tokens off;
  {sending}
  tcp_nodelay on;
  keepalive_requests 1000000000;
  keepalive_timeout 600s;
  reset_timedout_connection on;
  open_file_cache max=12000 inactive=600s;
  open_file_cache_valid 600s;
  open_file_cache_min_uses 1;
  client_body_temp_path {home_text}/body;
  proxy_temp_path {home_text}/temp;
  fastcgi_temp_path {home_text}/fastcgi;
  uwsgi_temp_path {home_text}/uwsgi;
  scgi_temp_path {home_text}/scgi;
  proxy_cache_path {home_text}/cache levels=1:2 keys_zone=c:128m max_size={cache}m inactive=1h use_temp_path=off;
  proxy_http_version 1.1;
  proxy_set_header Connection \"\";
  proxy_buffer_size 16k;
  proxy_buffers 16 32k;
  proxy_busy_buffers_size 256k;
  upstream origin {{
    server 127.0.0.1:{origin};
    keepalive 256;
    keepalive_requests 1000000000;
    keepalive_timeout 600s;
  }}
  server {{
    listen 127.0.0.1:{port} reuseport backlog=4096{listening};
    location / {{
      proxy_pass http://origin;
      proxy_cache c;
      proxy_cache_key $uri$is_args$args;
    }}
    location /pass/ {{ proxy_pass http://origin; }}
  }}
}}
"
    );
    let file = write(&home, "nginx.conf", &config)?;
    let mut command = Command::new(find("nginx"));
    command.arg("-p").arg(&home).arg("-c").arg(file);
    Ok(command)
}

fn haproxy(origin: u16, port: u16, folder: &Path) -> std::io::Result<Command> {
    let cache = CACHE_MIB;
    let object = (128 << 20).min(cache << 19);
    let config = format!(
        "global
  nbthread 1
  maxconn 4000
  tune.bufsize 32768

defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 60s
  timeout http-keep-alive 600s
  http-reuse always

cache c
  total-max-size {cache}
  max-object-size {object}
  max-age 86400

frontend f
  bind 127.0.0.1:{port}
  use_backend passed if {{ path_beg /pass/ }}
  default_backend cached

backend cached
  http-request cache-use c
  http-response cache-store c
  server origin 127.0.0.1:{origin}

backend passed
  server origin 127.0.0.1:{origin}
"
    );
    let home = folder.join("haproxy");
    fs::create_dir_all(&home)?;
    let file = write(&home, "haproxy.cfg", &config)?;
    let mut command = Command::new(find("haproxy"));
    command.arg("-db").arg("-f").arg(file);
    Ok(command)
}

fn littoral(origin: u16, port: u16, folder: &Path, binary: &Path) -> std::io::Result<Command> {
    let home = folder.join("littoral");
    fs::create_dir_all(&home)?;
    let cache = CACHE_MIB;
    let site = format!(
        "version = 1
name = \"bench\"
hosts = [\"*\"]

[origins.origin]
url = \"http://127.0.0.1:{origin}\"
connections_max = 256

[[behaviors]]
path = \"/pass/*\"
cache = {{ mode = \"bypass\" }}

[[behaviors]]
path = \"/*\"
"
    );
    let node = format!(
        "version = 1
data = \"{home}\"
workers = 1
sites = [\"bench.toml\"]

[listen]
http = [\"127.0.0.1:{port}\"]

[cache]
memory = \"{cache}MiB\"

[log]
access = \"off\"

[limits]
keep_alive_timeout = \"600s\"
",
        home = home.display()
    );
    write(&home, "bench.toml", &site)?;
    let file = write(&home, "littoral.toml", &node)?;
    let mut command = Command::new(binary);
    command.arg("up").arg("-c").arg(file);
    Ok(command)
}

fn write(home: &Path, name: &str, text: &str) -> std::io::Result<PathBuf> {
    let path = home.join(name);
    fs::File::create(&path)?.write_all(text.as_bytes())?;
    Ok(path)
}

/// What each store may take, MiB: room for the Zipf keys (350), and little enough to be filled before misses are timed.
pub const CACHE_MIB: u64 = 768;

/// Debian puts daemons where a user's PATH does not look.
fn find(program: &str) -> String {
    let in_sbin = format!("/usr/sbin/{program}");
    if Path::new(&in_sbin).exists() { in_sbin } else { program.to_owned() }
}
