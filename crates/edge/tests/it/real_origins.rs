//! The edge before a real nginx: over HTTP/2 and TLS, with client certificates, on a Unix socket.

use crate::programs::{Running, free_port, program};
use littoral_policy::{Address, ClientIdentity, OriginProtocol, OriginServer, OriginTls};
use littoral_testbed::{Testbed, ok, origin};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair,
};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const WAIT_MAX: Duration = Duration::from_secs(20);

/// An nginx in the foreground, with a folder of its own. It ends with it.
struct Nginx {
    process: Running,
    folder: TempDir,
    port: u16,
}

impl Nginx {
    /// `server` is the inside of a server block; `{folder}` and `{port}` in it stand for its own.
    fn start(folder: TempDir, server: &str) -> Nginx {
        for _ in 0..10 {
            let port = free_port();
            let path = folder.path().display().to_string();
            let server = server.replace("{folder}", &path).replace("{port}", &port.to_string());
            let file = format!(
                "daemon off;\nmaster_process off;\npid {path}/pid;\nerror_log {path}/error.log;\nevents {{}}\n\
                 http {{\naccess_log off;\nclient_body_temp_path {path}/a;\nproxy_temp_path {path}/b;\n\
                 fastcgi_temp_path {path}/c;\nuwsgi_temp_path {path}/d;\nscgi_temp_path {path}/e;\n\
                 server {{\n{server}\nserver_name _;\nadd_header Cache-Control no-store always;\n\
                 location / {{ return 200 \"$server_protocol $host $ssl_client_verify $request_uri\"; }}\n}}\n}}\n"
            );
            std::fs::write(folder.path().join("nginx.conf"), file).expect("a temporary thing can be made");
            let conf = folder.path().join("nginx.conf");
            let process =
                Running::start(Command::new(program("nginx")).arg("-c").arg(conf).args(["-p", &path]));
            let mut nginx =
                Nginx { process, folder: TempDir::new().expect("a temporary thing can be made"), port };
            if nginx.answers(&folder) {
                nginx.folder = folder;
                return nginx;
            }
        }
        panic!("nginx does not start");
    }

    fn answers(&mut self, folder: &TempDir) -> bool {
        let began = Instant::now();
        while began.elapsed() < WAIT_MAX && !self.process.has_ended() {
            let unix = UnixStream::connect(folder.path().join("sock")).is_ok();
            if unix || TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok() {
                return true;
            }
        }
        false
    }
}

/// An authority, a server certificate for `name`, and a client certificate, written into a folder.
struct Certificates {
    folder: TempDir,
    authority: Arc<[u8]>,
    client: ClientIdentity,
}

fn certificates(name: &str) -> Certificates {
    let mut params = CertificateParams::new(Vec::new()).expect("a temporary thing can be made");
    // Without names of their own, OpenSSL takes what they sign for signed by itself.
    params.distinguished_name.push(DnType::CommonName, "authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a temporary thing can be made"))
            .expect("a temporary thing can be made");
    let folder = TempDir::new().expect("a temporary thing can be made");
    let write = |file: &str, text: &str| {
        std::fs::write(folder.path().join(file), text).expect("a temporary thing can be made");
    };
    let issue = |names: Vec<String>, usage: ExtendedKeyUsagePurpose| {
        let key = KeyPair::generate().expect("a temporary thing can be made");
        let mut params = CertificateParams::new(names).expect("a temporary thing can be made");
        params.distinguished_name.push(DnType::CommonName, "leaf");
        params.extended_key_usages = vec![usage];
        (
            params.signed_by(&key, &authority).expect("a temporary thing can be made").pem(),
            key.serialize_pem(),
        )
    };
    let (server, server_key) = issue(vec![name.to_owned()], ExtendedKeyUsagePurpose::ServerAuth);
    let (client, client_key) = issue(vec!["edge.test".to_owned()], ExtendedKeyUsagePurpose::ClientAuth);
    write("ca.pem", &authority.pem());
    write("server.pem", &server);
    write("server.key", &server_key);
    let pem = |text: String| -> Arc<[u8]> { text.into_bytes().into() };
    Certificates {
        authority: pem(authority.pem()),
        client: ClientIdentity { certificate: pem(client), key: pem(client_key) },
        folder,
    }
}

const TLS: &str = "ssl_certificate {folder}/server.pem; ssl_certificate_key {folder}/server.key;";

fn bed(change: impl Fn(&mut OriginServer) + 'static) -> Testbed {
    Testbed::builder(origin("/never", ok("never"))).change_origins(change).start()
}

fn local(port: u16) -> Address {
    Address::Tcp { host: "127.0.0.1".into(), port }
}

fn tls(name: &str, roots: &Arc<[u8]>, identity: Option<&ClientIdentity>) -> Option<OriginTls> {
    Some(OriginTls { server_name: name.into(), roots: Some(roots.clone()), identity: identity.cloned() })
}

#[test]
fn nginx_on_a_unix_socket_answers_over_both_protocols() {
    for (listen, protocol, wanted) in [
        ("listen unix:{folder}/sock;", OriginProtocol::Http1, "HTTP/1.1"),
        ("listen unix:{folder}/sock http2;", OriginProtocol::Http2, "HTTP/2.0"),
    ] {
        let nginx = Nginx::start(TempDir::new().expect("a temporary thing can be made"), listen);
        let path: PathBuf = nginx.folder.path().join("sock");
        let bed = bed(move |server| {
            server.address = Address::Unix(path.clone());
            server.protocol = protocol;
        });
        for _ in 0..3 {
            bed.get("/x?y").has_status(200).has_body(format!("{wanted} site.test  /x?y"));
        }
    }
}

#[test]
fn a_unix_socket_that_is_not_there_is_a_bad_gateway() {
    let bed = bed(|server| server.address = Address::Unix(PathBuf::from("/nonexistent/socket")));
    bed.get("/a").has_status(502).has_cache_status("detail", "origin-connect");
}

#[test]
fn each_protocol_setting_gets_what_it_says_over_tls() {
    let both = "listen 127.0.0.1:{port} ssl http2;";
    let old = "listen 127.0.0.1:{port} ssl;";
    for (listen, protocol, wanted) in [
        (both, OriginProtocol::Http1, "HTTP/1.1"),
        (both, OriginProtocol::Http2, "HTTP/2.0"),
        (both, OriginProtocol::Auto, "HTTP/2.0"),
        (old, OriginProtocol::Auto, "HTTP/1.1"),
    ] {
        let made = certificates("app.test");
        let roots = made.authority.clone();
        let nginx = Nginx::start(made.folder, &format!("{listen}{TLS}"));
        let port = nginx.port;
        let bed = bed(move |server| {
            server.address = local(port);
            server.protocol = protocol;
            server.tls = tls("app.test", &roots, None);
        });
        for _ in 0..3 {
            bed.get("/x").has_status(200).has_body(format!("{wanted} site.test NONE /x"));
        }
    }
}

#[test]
fn an_origin_without_http_2_is_a_bad_gateway_where_nothing_else_is_allowed() {
    let made = certificates("app.test");
    let roots = made.authority.clone();
    let nginx = Nginx::start(made.folder, &format!("listen 127.0.0.1:{{port}} ssl;{TLS}"));
    let port = nginx.port;
    let bed = bed(move |server| {
        server.address = local(port);
        server.protocol = OriginProtocol::Http2;
        server.tls = tls("app.test", &roots, None);
    });
    let reply = bed.get("/x");
    reply.has_status(502);
    let detail = reply.cache_status().and_then(|said| said.get("detail").map(str::to_owned));
    assert!(matches!(detail.as_deref(), Some("origin-protocol" | "origin-tls")), "{reply}");
}

#[test]
fn a_certificate_for_another_name_or_from_another_authority_is_refused() {
    let made = certificates("app.test");
    let good = made.authority.clone();
    let other = certificates("app.test").authority;
    let nginx = Nginx::start(made.folder, &format!("listen 127.0.0.1:{{port}} ssl http2;{TLS}"));
    let port = nginx.port;
    for (name, roots, status) in
        [("app.test", &good, 200), ("other.test", &good, 502), ("app.test", &other, 502)]
    {
        let roots = roots.clone();
        let bed = bed(move |server| {
            server.address = local(port);
            server.protocol = OriginProtocol::Auto;
            server.tls = tls(name, &roots, None);
        });
        let reply = bed.get("/x");
        reply.has_status(status);
        if status == 502 {
            reply.has_cache_status("detail", "origin-tls");
        }
    }
}

#[test]
fn a_certificate_that_the_origin_made_for_itself_is_trusted_where_it_is_named_and_for_its_name() {
    // As `openssl req -x509` makes it: an authority, and the server's own.
    let made = |until: i32| {
        let key = KeyPair::generate().expect("a temporary thing can be made");
        let mut params =
            CertificateParams::new(vec!["app.test".to_owned()]).expect("a temporary thing can be made");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.not_after = rcgen::date_time_ymd(until, 1, 1);
        let pem = params.self_signed(&key).expect("a temporary thing can be made").pem();
        (pem, key.serialize_pem())
    };
    let (own, another, expired) = (made(4000), made(4000), made(2001));
    for ((shown, key), name, (named, _), status) in [
        (&own, "app.test", &own, 200),
        (&own, "other.test", &own, 502),
        (&own, "app.test", &another, 502),
        (&expired, "app.test", &expired, 502),
    ] {
        let folder = TempDir::new().expect("a temporary thing can be made");
        std::fs::write(folder.path().join("server.pem"), shown).expect("a temporary thing can be made");
        std::fs::write(folder.path().join("server.key"), key).expect("a temporary thing can be made");
        let nginx = Nginx::start(folder, &format!("listen 127.0.0.1:{{port}} ssl;{TLS}"));
        let port = nginx.port;
        let roots: Arc<[u8]> = named.clone().into_bytes().into();
        let bed = bed(move |server| {
            server.address = local(port);
            server.tls = tls(name, &roots, None);
        });
        let reply = bed.get("/x");
        reply.has_status(status);
        if status == 502 {
            reply.has_cache_status("detail", "origin-tls");
        }
    }
}

#[test]
fn an_origin_that_asks_for_a_client_certificate_sees_ours_and_takes_no_other() {
    for protocol in [OriginProtocol::Http1, OriginProtocol::Http2] {
        let made = certificates("app.test");
        let (roots, own) = (made.authority.clone(), made.client.clone());
        let stranger = certificates("app.test").client;
        let verify = "ssl_verify_client on; ssl_client_certificate {folder}/ca.pem;";
        let listen = format!("listen 127.0.0.1:{{port}} ssl http2;{TLS}{verify}");
        let nginx = Nginx::start(made.folder, &listen);
        let port = nginx.port;
        let with = |identity: Option<ClientIdentity>| {
            let roots = roots.clone();
            bed(move |server| {
                server.address = local(port);
                server.protocol = protocol;
                server.tls = tls("app.test", &roots, identity.as_ref());
            })
        };
        with(Some(own)).get("/x").has_status(200).has_body(match protocol {
            OriginProtocol::Http2 => "HTTP/2.0 site.test SUCCESS /x",
            _ => "HTTP/1.1 site.test SUCCESS /x",
        });
        // nginx answers those without a good one with its own 400.
        for wrong in [None, Some(stranger)] {
            let reply = with(wrong).get("/x");
            assert!(matches!(reply.status, 400 | 502), "{reply}");
            assert!(!reply.text().contains("SUCCESS"), "{reply}");
        }
    }
}
