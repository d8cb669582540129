//! Connections to an origin: what counts as one, and how long an answer is waited for while a request goes out.

use littoral_policy::Address;
use littoral_testbed::{Testbed, dynamic, hang, ok, origin, switch_to_echo};
use std::net::{SocketAddr, UdpSocket};

#[test]
fn an_upload_may_take_longer_than_the_wait_for_the_head() {
    let script = origin("/up", dynamic(|request| ok(request.text()))).and("/hang", hang());
    let bed = Testbed::builder(script).origin_setting("head_timeout = \"400ms\"").start();
    for framing in ["Content-Length: 10\r\n\r\nhello", "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"] {
        let mut client = bed.client();
        client.send(format!("POST /up HTTP/1.1\r\nHost: site.test\r\n{framing}"));
        for _ in 0..2 {
            bed.get("/hang").has_status(504);
        }
        client.send(if framing.starts_with('C') { "world" } else { "5\r\nworld\r\n0\r\n\r\n" });
        client.reply("POST").has_status(200).has_body("helloworld");
    }
}

#[test]
fn a_tunnel_is_a_connection_of_its_origin_until_it_ends() {
    let script = origin("/ws", switch_to_echo("websocket")).and("/b", ok("b"));
    let bed = Testbed::builder(script)
        .origin_setting("connections_max = 1\nqueue_timeout = \"50ms\"")
        .workers(1)
        .start();
    let mut client = bed.client();
    client.send("GET /ws HTTP/1.1\r\nHost: site.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nhi");
    client.reply("GET").has_status(101);
    assert_eq!(client.read_bytes(2), b"hi");
    bed.get("/b").has_status(503);
    client.finish_sending();
    client.is_closed_by_peer();
    bed.until("the tunnel's connection is free", || bed.get("/b").status == 200);
}

/// An edge whose origin is called `app.test`, with a hosts file and a name server.
fn named(
    hosts: &str,
    server: SocketAddr,
    port: impl Fn(u16) -> u16 + 'static,
) -> (Testbed, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let hosts_file = folder.path().join("hosts");
    std::fs::write(&hosts_file, hosts).expect("it can be written");
    let bed = Testbed::builder(origin("/a", ok("good")))
        .origin_setting("connect_timeout = \"300ms\"")
        .change_origins(move |origin| {
            if let Address::Tcp { host, port: known } = &mut origin.address {
                *host = "app.test".into();
                *known = port(*known);
            }
        })
        .configure(move |config| {
            config.resolver.hosts_file = hosts_file;
            config.resolver.servers = vec![server];
        })
        .start();
    (bed, folder)
}

#[test]
fn a_name_leads_to_the_first_of_its_addresses_that_answers() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let hosts = "::1 app.test\n127.0.0.66 app.test\n127.0.0.1 app.test\n";
    let (bed, _folder) = named(hosts, silent.local_addr().expect("bound"), |port| port);
    bed.get("/a").has_status(200).has_body("good");
}

#[test]
fn name_servers_that_fail_are_told_apart_from_origins_that_do() {
    let silent = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let (bed, _folder) = named("", silent.local_addr().expect("bound"), |port| port);
    bed.get("/a").has_status(504).has_cache_status("detail", "origin-resolve-timeout");
    let nobody = {
        let gone = UdpSocket::bind("127.0.0.1:0").expect("a port");
        gone.local_addr().expect("bound")
    };
    let (bed, _folder) = named("", nobody, |port| port);
    bed.get("/a").has_status(502).has_cache_status("detail", "origin-resolve-failed");
    let (bed, _folder) = named("127.0.0.1 app.test\n", nobody, |_| 1);
    bed.get("/a").has_status(502).has_cache_status("detail", "origin-connect");
}
