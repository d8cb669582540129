//! PROXY headers in front of connections: what they name, what is refused, whose are read.

use crate::sending::{tls_config, tls_over, with_tls};
use littoral_edge::EdgeConfig;
use littoral_testbed::{Builder, Client, NoReply, Testbed, dynamic, ok, origin};
use std::io::{Read, Write};
use std::net::TcpStream;

pub(super) const GET: &str = "GET /a HTTP/1.1\r\nHost: site.test\r\nConnection: close\r\n\r\n";
const V1: &str = "PROXY TCP4 192.0.2.7 198.51.100.1 51000 443\r\n";

pub(super) fn echo() -> Builder {
    let told =
        dynamic(|r| ok(format!("{} {}", r.headers("x-forwarded-for"), r.headers("x-forwarded-proto"))));
    Testbed::builder(origin("*", told)).workers(1)
}

pub(super) fn named(config: &mut EdgeConfig) {
    config.clients.proxy_protocol = vec!["127.0.0.0/8".parse().expect("a network")];
}

/// A header of version 2 for 192.0.2.7, with these type-length-values behind the addresses.
fn v2(command: u8, tlvs: &[u8]) -> Vec<u8> {
    let mut out = b"\r\n\r\n\0\r\nQUIT\n".to_vec();
    out.extend([0x20 | command, 0x11]);
    out.extend((12 + tlvs.len() as u16).to_be_bytes());
    out.extend([192, 0, 2, 7, 198, 51, 100, 1, 0xc7, 0x38, 0x01, 0xbb]);
    out.extend(tlvs);
    out
}

fn refusals(bed: &Testbed, reason: &str) -> bool {
    bed.metrics().contains(&format!("littoral_refusals_total{{reason=\"{reason}\"}} 1\n"))
}

#[test]
fn the_header_names_the_client_of_a_connection() {
    let bed = echo().configure(named).start();
    let ssl = [0x20, 0, 5, 1, 0, 0, 0, 0];
    for (header, told) in [
        (V1.as_bytes().to_vec(), "192.0.2.7 http"),
        (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 2\r\n".to_vec(), "2001:db8::7 http"),
        (b"PROXY UNKNOWN\r\n".to_vec(), "127.0.0.1 http"),
        (v2(1, b""), "192.0.2.7 http"),
        (v2(1, &ssl), "192.0.2.7 https"),
        (v2(0, b""), "127.0.0.1 http"),
    ] {
        let mut client = bed.client();
        client.send([&header[..], GET.as_bytes()].concat());
        client.reply("GET").is_forwarded(told);
        // However it is cut.
        let mut client = bed.client();
        for piece in header.chunks(5) {
            client.send(piece);
            bed.until("it is read", || unread_by(&bed, &mut client));
        }
        client.send(GET);
        client.reply("GET").is_forwarded(told);
    }
}

/// Gives the edge's only thread a turn: it answers a further connection.
fn unread_by(bed: &Testbed, _: &mut Client) -> bool {
    let mut other = bed.client();
    other.send([V1, GET].concat());
    other.try_reply("GET").is_ok()
}

#[test]
fn a_named_peer_without_a_header_is_refused_by_name() {
    for (bytes, reason) in [
        (GET.as_bytes().to_vec(), "proxy-header-missing"),
        (b"PROXY TCP4 nonsense\r\n".to_vec(), "proxy-header-malformed"),
        ([b"PROXY UNKNOWN ".to_vec(), vec![b'x'; 200]].concat(), "proxy-header-too-long"),
        (v2(1, &[0; 4100]), "proxy-header-too-long"),
        (v2(1, &[3, 0, 4, 1, 2, 3, 4]), "proxy-header-checksum"),
    ] {
        let bed = echo().configure(named).start();
        let mut client = bed.client();
        client.try_send(&bytes);
        assert!(matches!(client.try_reply("GET"), Err(NoReply::Closed | NoReply::Odd(_))), "{reason}");
        bed.until(reason, || refusals(&bed, reason));
        assert!(bed.origin().requests().is_empty());
    }
}

#[test]
fn a_header_has_the_time_of_a_head() {
    let bed = echo().configure(named).start();
    let mut client = bed.client();
    client.send("PROXY TCP4 192.0.2.7");
    assert!(unread_by(&bed, &mut client));
    bed.advance(11);
    client.is_closed_by_peer();
    assert!(refusals(&bed, "proxy-header-timeout"));
    // Who only looks in is nobody's fault.
    drop(bed.client());
    bed.until("the edge is rid of it", || bed.edge().status().connections == 0);
    assert_eq!(bed.metrics().matches("littoral_refusals_total{").count(), 1, "{}", bed.metrics());
}

#[test]
fn nobody_elses_header_is_read() {
    let bed = echo().start();
    for header in [V1.as_bytes().to_vec(), v2(1, b"")] {
        let mut client = bed.client();
        client.send([&header[..], GET.as_bytes()].concat());
        client.reply("GET").has_status(400);
    }
    assert!(bed.origin().requests().is_empty());
}

#[test]
fn the_header_stands_before_tls() {
    let bed = echo().start();
    let (edge, trusted, _files) = with_tls(&bed, named);
    let config = tls_config(trusted);
    for header in [V1.as_bytes().to_vec(), v2(1, b"")] {
        let mut socket = TcpStream::connect(edge.https_addresses()[0]).expect("the edge listens");
        socket.write_all(&header).expect("the edge reads");
        let mut client = tls_over(socket, config.clone());
        client.write_all(GET.as_bytes()).expect("the edge reads");
        let mut reply = String::new();
        client.read_to_string(&mut reply).expect("the edge answers");
        assert!(reply.ends_with("\r\n\r\n192.0.2.7 https"), "{reply}");
    }
}

#[test]
fn who_is_named_by_the_header_may_be_trusted_itself() {
    let bed = echo()
        .configure(|config| {
            named(config);
            config.clients.trusted_proxies = vec!["192.0.2.7".parse().expect("a network")];
        })
        .start();
    let mut client = bed.client();
    client.send(format!("{V1}GET /a HTTP/1.1\r\nHost: site.test\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n"));
    client.reply("GET").is_forwarded("203.0.113.9, 192.0.2.7 http");
}
