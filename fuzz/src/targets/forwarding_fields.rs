//! What proxies say of a request. The input is lines, each for the field that its first byte chooses.

use littoral_forwarding::{
    Family, HOPS_MAX, Sources, is_request_id, is_traceparent, is_tracestate, node, read,
};
use std::net::IpAddr;

/// Runs one input.
pub fn run(input: &[u8]) {
    let mut sources = Sources::default();
    for line in input.split(|&byte| byte == b'\n') {
        let Some((which, value)) = line.split_first() else { continue };
        let lines = match which {
            b'f' => &mut sources.forwarded,
            b'p' => &mut sources.x_proto,
            b'h' => &mut sources.x_host,
            b't' => &mut sources.x_port,
            _ => &mut sources.x_for,
        };
        lines.push(value);
        let _ = (node(value), is_request_id(value), is_traceparent(value));
    }
    is_tracestate(sources.x_for.iter().copied());
    let trusted = |address: IpAddr| matches!(address, IpAddr::V4(v4) if v4.octets()[0] == 10);
    for family in [Family::Auto, Family::XForwarded, Family::Forwarded] {
        let said = read(&sources, family, trusted);
        assert!(said.hops.len() < HOPS_MAX && said.hops.iter().all(|hop| trusted(*hop)));
        assert!(said.client.is_some() || said.hops.is_empty());

        // What an honest proxy appends is what is found, whatever stood there before.
        sources.x_for.push(b"192.0.2.1");
        sources.forwarded.push(b"for=192.0.2.1");
        let said = read(&sources, family, trusted);
        assert_eq!(said.client.map(|client| client.ip()), Some([192, 0, 2, 1].into()));
        assert!(said.hops.is_empty());
        sources.x_for.pop();
        sources.forwarded.pop();
    }
}
