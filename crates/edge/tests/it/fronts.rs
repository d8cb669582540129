//! The edge behind the proxies that people run: what these say of their clients arrives at the origin.

use crate::programs::{Running, free_port, program};
use crate::proxy_protocol::{GET, echo, named};
use littoral_edge::EdgeConfig;
use littoral_testbed::Testbed;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::Path;
use std::process::Command;

const STREAM_MODULE: &str = "/usr/lib/nginx/modules/ngx_stream_module.so";

fn trusted(config: &mut EdgeConfig) {
    config.clients.trusted_proxies = vec!["127.0.0.1".parse().expect("a network")];
}

/// haproxy before the bed, with these lines for its proxying half and this behind its server.
fn haproxy(bed: &Testbed, folder: &Path, proxying: &str, server: &str) -> (Running, u16) {
    let port = free_port();
    let text = format!(
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 5s\n  timeout server 5s\n  \
         unique-id-format %ci\nfrontend f\n  bind 127.0.0.1:{port}\n  default_backend b\n\
         backend b\n  {proxying}\n  server s {} {server}\n",
        bed.address()
    );
    (start("haproxy", &["-db", "-f"], folder, &text), port)
}

/// nginx before the bed, with this part of its configuration; `{from}` and `{to}` in it stand for addresses.
fn nginx(bed: &Testbed, folder: &Path, part: &str) -> (Running, u16) {
    assert!(Path::new(STREAM_MODULE).exists(), "no {STREAM_MODULE}: is it installed (scripts/setup test)?");
    let port = free_port();
    let part =
        part.replace("{from}", &format!("127.0.0.1:{port}")).replace("{to}", &bed.address().to_string());
    let text = format!(
        "load_module {STREAM_MODULE};\ndaemon off;\nmaster_process off;\n\
         pid {0}/nginx.pid;\nerror_log {0}/error.log;\nevents {{}}\n{part}\n",
        folder.display()
    );
    (start("nginx", &["-p", &folder.display().to_string(), "-c"], folder, &text), port)
}

fn start(name: &str, arguments: &[&str], folder: &Path, text: &str) -> Running {
    let file = folder.join(format!("{name}.conf"));
    std::fs::write(&file, text).expect("the folder takes files");
    Running::start(Command::new(program(name)).args(arguments).arg(file))
}

/// Asks through a proxy from 127.0.0.3; what the origin was told.
fn told_through(bed: &Testbed, port: u16) -> String {
    let claims = "X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n";
    let request = GET.replace("Connection: close\r\n", claims);
    let ask = || {
        let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).ok()?;
        socket.bind(&SocketAddr::from(([127, 0, 0, 3], 0)).into()).ok()?;
        socket.connect(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into()).ok()?;
        let mut socket = TcpStream::from(socket);
        socket.write_all(request.as_bytes()).ok()?;
        let mut reply = String::new();
        socket.read_to_string(&mut reply).ok()?;
        reply.split_once("\r\n\r\n").map(|(_, body)| body.to_owned())
    };
    let mut told = None;
    bed.until("the proxy is up", || {
        told = ask();
        told.is_some()
    });
    told.unwrap_or_default()
}

#[test]
fn haproxy_names_its_clients_by_proxy_headers() {
    for server in ["send-proxy", "send-proxy-v2", "send-proxy-v2 proxy-v2-options crc32c,unique-id"] {
        let bed = echo().configure(named).start();
        let folder = tempfile::tempdir().expect("a folder");
        let (_running, port) = haproxy(&bed, folder.path(), "", server);
        assert_eq!(told_through(&bed, port), "127.0.0.3 http", "{server}");
    }
}

#[test]
fn nginx_names_its_clients_by_proxy_headers() {
    let bed = echo().configure(named).start();
    let folder = tempfile::tempdir().expect("a folder");
    let part = "stream { server { listen {from}; proxy_pass {to}; proxy_protocol on; } }";
    let (_running, port) = nginx(&bed, folder.path(), part);
    assert_eq!(told_through(&bed, port), "127.0.0.3 http");
}

#[test]
fn haproxy_names_its_clients_by_fields() {
    let bed = echo().configure(trusted).start();
    let folder = tempfile::tempdir().expect("a folder");
    let fields = "option forwardfor\n  http-request set-header X-Forwarded-Proto %[ssl_fc,iif(https,http)]";
    let (_running, port) = haproxy(&bed, folder.path(), fields, "");
    assert_eq!(told_through(&bed, port), "127.0.0.3, 127.0.0.1 http");
}

#[test]
fn nginx_names_its_clients_by_fields() {
    let bed = echo().configure(trusted).start();
    let folder = tempfile::tempdir().expect("a folder");
    let part = "http { access_log off; server { listen {from}; location / { proxy_pass http://{to}; \
                proxy_set_header Host $host; proxy_set_header X-Forwarded-Proto $scheme; \
                proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }";
    let (_running, port) = nginx(&bed, folder.path(), part);
    assert_eq!(told_through(&bed, port), "127.0.0.3, 127.0.0.1 http");
}
