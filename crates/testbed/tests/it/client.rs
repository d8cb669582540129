//! The strict client against replies that a server may not send.

use littoral_testbed::{Client, NoReply, Reply, origin, raw};

fn outcome(bytes: &str) -> Result<Reply, NoReply> {
    let origin = origin("/a", raw(bytes)).start();
    Client::connect(origin.address()).send("GET /a HTTP/1.1\r\nHost: x\r\n\r\n").try_reply("GET")
}

#[test]
fn odd_replies_are_called_odd() {
    let cases = [
        "HTTP/1.1 200\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nx",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\nx\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxy\r\n0\r\n\r\n",
        "HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: a\rb\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\nno framing, no close",
    ];
    for case in cases {
        let outcome = outcome(case);
        assert!(matches!(outcome, Err(NoReply::Odd(_))), "{case:?} gave {outcome:?}");
    }
}

#[test]
fn cut_replies_are_called_cut() {
    let cases = [
        "HTTP/1.1 200 OK\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n",
    ];
    for case in cases {
        let outcome = outcome(case);
        assert!(matches!(outcome, Err(NoReply::CutOff(_))), "{case:?} gave {outcome:?}");
    }
}

#[test]
fn cache_status_is_read_from_the_nearest_cache() {
    let said = "Cache-Status: far; hit, littoral; fwd=stale; fwd-status=304; detail=\"a, b; c\"\r\n";
    let reply =
        outcome(&format!("HTTP/1.1 200 OK\r\n{said}Content-Length: 0\r\n\r\n")).expect("a plain reply");
    let status = reply.cache_status().expect("a field");
    assert_eq!((status.cache.as_str(), status.get("detail")), ("littoral", Some("a, b; c")));
    reply.was_forwarded().is_revalidated("");
}

#[test]
#[should_panic(expected = "expected status 404")]
fn a_wrong_expectation_fails() {
    outcome("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").expect("a plain reply").has_status(404);
}
