//! Fields of one connection (RFC 9110 §7.6.1).

use littoral_http_caching::hop_by_hop::{ConnectionOptions, end_to_end, is_hop_by_hop, is_plain_option};

use crate::support::{head, same, table};

#[test]
fn fields_of_the_connection_are_left_out() {
    let rows: &[(&str, &str)] = &[
        ("A: 1", "A: 1"),
        ("Connection: close\nA: 1", "A: 1"),
        ("Connection: keep-alive\nKeep-Alive: timeout=5\nA: 1", "A: 1"),
        ("Connection: x-a, X-B\nX-A: 1\nx-b: 2\nX-C: 3", "X-C: 3"),
        ("Connection: x-a\nConnection: x-b\nX-A: 1\nX-B: 2", ""),
        ("X-A: 1\nConnection: x-a\nX-A: 2", ""),
        ("Keep-Alive: 5\nA: 1", "A: 1"),
        (
            "Proxy-Connection: x\nTE: trailers\nTrailer: y\nTransfer-Encoding: chunked\nUpgrade: z\nA: 1",
            "A: 1",
        ),
        ("Proxy-Authorization: x\nProxy-Authenticate: y\nProxy-Authentication-Info: z\nA: 1", "A: 1"),
        // What is meant for all cannot be named away.
        ("Connection: cache-control\nCache-Control: no-store", "Cache-Control: no-store"),
        ("Connection: Authorization, Cookie\nAuthorization: x\nCookie: y", "Authorization: x\nCookie: y"),
        ("Connection: x-forwarded-for\nX-Forwarded-For: 1", "X-Forwarded-For: 1"),
        ("Connection: host\nHost: a", "Host: a"),
        (
            "Connection: content-length, set-cookie\nContent-Length: 1\nSet-Cookie: a",
            "Content-Length: 1\nSet-Cookie: a",
        ),
        ("Connection: vary, etag\nVary: x\nETag: y", "Vary: x\nETag: y"),
        ("Connection: cdn-cache-control\nCDN-Cache-Control: x", "CDN-Cache-Control: x"),
        ("Connection: \"x-a\"\nX-A: 1", "X-A: 1"),
        ("Connection:\nA: 1", "A: 1"),
    ];
    table(rows, |(text, expected)| same(text, end_to_end(&head(text)), head(expected)));
}

#[test]
fn options_are_found_in_any_case_and_bounded() {
    let fields = head("Connection: Close, X-A");
    let options = ConnectionOptions::of(&fields);
    assert!(options.has(b"close") && options.has(b"x-a") && !options.has(b"x"));
    let line = head("X-A: 1");
    assert!(is_hop_by_hop(line.iter().next().unwrap(), &options));
    let many = (0..100).map(|n| format!("x-{n}")).collect::<Vec<_>>().join(", ");
    let fields = head(&format!("Connection: {many}"));
    let options = ConnectionOptions::of(&fields);
    assert!(options.has(b"x-31") && !options.has(b"x-32"));
    assert!(is_plain_option(b" Keep-Alive ") && !is_plain_option(b"upgrade"));
}
