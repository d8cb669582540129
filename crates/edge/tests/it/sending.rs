//! Answers on their way: none waits for another, and each leaves whole, over TLS too.

use littoral_edge::{Edge, EdgeConfig, TlsFiles};
use littoral_testbed::{Gate, Testbed, dynamic, ok, origin, secs};
use rustls::pki_types::{CertificateDer, ServerName};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

#[test]
fn a_hit_does_not_wait_for_a_miss_that_was_pipelined_behind_it() {
    let gate = Gate::closed();
    let script = origin("/hit", ok("hit").max_age(60)).and("/miss", ok("miss").held_by(&gate));
    let bed = Testbed::start(script);
    bed.get("/hit").is_forwarded("hit");
    let mut client = bed.client();
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: site.test\r\n\r\n");
    client.send(get("/hit") + &get("/miss"));
    client.reply("GET").is_hit("hit");
    gate.open();
    client.reply("GET").is_forwarded("miss");
}

#[test]
fn an_answer_to_head_claims_no_length_that_the_origin_did_not_name() {
    let bed = Testbed::start(origin("/a", ok("hello").chunked(2)));
    bed.head("/a").has_status(200).lacks_header("content-length");
}

#[test]
fn the_last_recipient_of_options_answers_itself() {
    let bed = Testbed::start(origin("/a", ok("from the origin")));
    let reply = bed.ask("OPTIONS", "/a").header("Max-Forwards", "0").send();
    assert!(reply.has_status(204).header("allow").is_some_and(|allow| allow.contains("OPTIONS")), "{reply}");
    assert_eq!(bed.origin().count("/a"), 0);
}

#[test]
fn a_body_that_drips_uses_its_time_up() {
    let script = origin("/up", dynamic(|request| ok(request.text())));
    let bed = Testbed::builder(script).workers(1).start();
    let mut client = bed.client();
    client.send("PUT /up HTTP/1.1\r\nHost: site.test\r\nContent-Length: 100\r\n\r\nx");
    for _ in 0..3 {
        bed.settle();
        bed.advance(10);
        client.send("x");
    }
    bed.settle();
    bed.advance(1);
    client.reply("PUT").has_status(408);
    assert_eq!(bed.origin().count("/up"), 0);
}

/// TLS keeps records that the socket has no room for. Of answers of many lengths to clients that do not read yet, the
/// end of some lies just there.
#[test]
fn answers_over_tls_reach_slow_readers_to_their_last_byte() {
    const STEP: usize = 40_000;
    const STEPS: usize = 80;
    let content: Vec<u8> = (0..(STEP * STEPS / 4) as u32).flat_map(u32::to_le_bytes).collect();
    let bed = Testbed::start(origin("/a", ok(content.clone()).max_age(600)));
    let (edge, trusted, _files) = with_tls(&bed, |_| {});
    let config = tls_config(trusted);
    let mut clients: Vec<_> = (1..=STEPS)
        .rev()
        .map(|steps| {
            let mut client = tls_client(edge.https_addresses()[0], config.clone());
            let last = steps * STEP - 1;
            let request = format!("GET /a HTTP/1.1\r\nHost: site.test\r\nRange: bytes=0-{last}\r\n\r\n");
            client.write_all(request.as_bytes()).expect("the edge reads");
            skip_head(&mut client);
            (client, last + 1)
        })
        .collect();
    for (client, bytes) in &mut clients {
        let mut body = vec![0; *bytes];
        client.read_exact(&mut body).expect("the whole body comes, with nothing said behind it");
        assert!(body == content[..*bytes]);
    }
}

fn skip_head(client: &mut impl Read) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        client.read_exact(&mut byte).expect("a head comes");
        head.push(byte[0]);
    }
}

/// A second edge before the bed's origin, for HTTPS.
pub(super) fn with_tls(
    bed: &Testbed,
    change: impl FnOnce(&mut EdgeConfig),
) -> (Edge, CertificateDer<'static>, tempfile::TempDir) {
    let key = rcgen::generate_simple_self_signed(["site.test".to_owned()]).expect("a certificate is made");
    let folder = tempfile::tempdir().expect("a folder is made");
    let files = TlsFiles { certificate: folder.path().join("chain.pem"), key: folder.path().join("key.pem") };
    std::fs::write(&files.certificate, key.cert.pem()).expect("the folder takes files");
    std::fs::write(&files.key, key.signing_key.serialize_pem()).expect("the folder takes files");
    let site = format!(
        "version = 1\nname = \"shop\"\nhosts = [\"site.test\"]\n[origins.app]\nurl = \"{}\"\n\
         [[behaviors]]\nname = \"all\"\npath = \"/*\"\n",
        bed.origin().url()
    );
    let ids = |_: &_| littoral_policy::SiteIds { index: 0, version: 1 };
    let Ok((site, _)) = littoral_policy::read_site(&site, "site.toml", &littoral_policy::NoFiles, ids) else {
        panic!("the site has no mistakes")
    };
    let policy = littoral_policy::PolicySet::build(vec![site.into()], 1).expect("one site claims its host");
    let mut config = EdgeConfig {
        workers: 1,
        https: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0))],
        tls: Some(files),
        ..EdgeConfig::default()
    };
    change(&mut config);
    let edge = Edge::start(config, policy).expect("the edge starts");
    (edge, key.cert.der().clone(), folder)
}

pub(super) fn tls_config(trusted: CertificateDer<'static>) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(trusted).expect("a certificate");
    Arc::new(rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth())
}

fn tls_client(to: SocketAddr, config: Arc<rustls::ClientConfig>) -> TlsClient {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a size of buffers");
    socket.connect(&to.into()).expect("the edge listens");
    tls_over(socket.into(), config)
}

pub(super) type TlsClient = rustls::StreamOwned<rustls::ClientConnection, TcpStream>;

/// TLS on a connection that may have said something before.
pub(super) fn tls_over(socket: TcpStream, config: Arc<rustls::ClientConfig>) -> TlsClient {
    let name = ServerName::try_from("site.test").expect("a name");
    let connection = rustls::ClientConnection::new(config, name).expect("a client");
    socket.set_read_timeout(Some(secs(20))).expect("a time-out");
    rustls::StreamOwned::new(connection, socket)
}
