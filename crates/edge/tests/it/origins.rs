//! Connections to an origin: what counts as one, and how long an answer is waited for while a request goes out.

use littoral_testbed::{Testbed, dynamic, hang, ok, origin, switch_to_echo};

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
