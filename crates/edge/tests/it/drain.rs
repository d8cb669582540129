//! Drain: what is in flight is finished, nothing new is taken, and it ends.

use std::net::TcpStream;
use std::thread;

use littoral_testbed::{Gate, Testbed, ok, origin, secs};

#[test]
fn what_is_in_flight_is_finished_and_idle_connections_are_closed() {
    let (head, content) = (Gate::closed(), Gate::closed());
    let script = origin("/waiting", ok("waited").max_age(60).held_by(&head));
    let script = script
        .and("/half", ok("0123456789").max_age(60).held_after(5, &content))
        .and("/a", ok("x").max_age(60));
    let mut bed = Testbed::builder(script).workers(1).start();
    let mut idle = bed.client();
    idle.get("/a", "site.test").has_status(200);
    let mut waiting = bed.client();
    waiting.send("GET /waiting HTTP/1.1\r\nHost: site.test\r\n\r\n");
    let mut half = bed.client();
    half.send("GET /half HTTP/1.1\r\nHost: site.test\r\n\r\n");
    head.wait_for_arrivals(1);
    content.wait_for_arrivals(1);
    let edge = bed.take_edge();
    let draining = thread::spawn(move || edge.drain(secs(20)));
    idle.is_closed_by_peer();
    head.open();
    content.open();
    let reply = waiting.reply("GET");
    reply.has_status(200).has_body("waited");
    assert!(reply.says_close(), "{reply}");
    waiting.is_closed_by_peer();
    half.reply("GET").has_body("0123456789");
    half.is_closed_by_peer();
    // The edge waits a moment for a client's own close, and the clock stands still.
    drop((idle, waiting, half));
    let report = draining.join().expect("the drain ends");
    assert_eq!(report.in_flight, 0);
    assert!(TcpStream::connect(bed.address()).is_err(), "a drained edge still listens");
}

#[test]
fn what_does_not_end_is_cut_at_the_deadline() {
    let gate = Gate::closed();
    let mut bed = Testbed::start(origin("/a", ok("x").held_by(&gate)));
    let mut client = bed.client();
    client.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    let report = bed.take_edge().drain(std::time::Duration::from_millis(200));
    assert_eq!(report.in_flight, 1);
    assert!(client.try_reply("GET").is_err());
    gate.open();
}

#[test]
fn pipelined_requests_behind_the_current_one_are_not_half_answered() {
    let gate = Gate::closed();
    let mut bed = Testbed::start(origin("/a", ok("x").cache_control("no-store").held_by(&gate)));
    let mut client = bed.client();
    client.send("GET /a HTTP/1.1\r\nHost: site.test\r\n\r\nGET /a HTTP/1.1\r\nHost: site.test\r\n\r\n");
    gate.wait_for_arrivals(1);
    let edge = bed.take_edge();
    let draining = thread::spawn(move || edge.drain(secs(20)));
    gate.open();
    client.reply("GET").has_body("x");
    match client.try_reply("GET") {
        Ok(reply) => _ = reply.has_body("x"),
        Err(littoral_testbed::NoReply::Closed) => {}
        Err(other) => panic!("{other}"),
    }
    drop(client);
    draining.join().expect("the drain ends");
}
