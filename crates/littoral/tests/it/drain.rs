//! The node's end: in-flight requests finish, nothing new is taken, a second signal does not wait.

use crate::harness::{Node, receive, send, status};

const DEMO: [&str; 3] = ["--demo", "--http", "127.0.0.1:0"];

/// Waits until the origin is at work on the slow request: the metrics count the connection.
fn wait_until_in_flight(node: &Node) {
    let deadline = std::time::Instant::now() + crate::harness::PATIENCE;
    loop {
        let (_, out, _) = node.command(&["status", "--json"]);
        let status: serde_json::Value = serde_json::from_str(&out).unwrap();
        if status["connections"].as_i64() >= Some(1) && status["fills"].as_u64() >= Some(1) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "never in flight: {status}");
    }
}

#[test]
fn sigterm_lets_a_slow_request_finish_and_then_ends_with_code_0() {
    let node = Node::start(&DEMO);
    let stream = send(node.address(), "/slow?ms=1500", "");
    wait_until_in_flight(&node);
    let socket = node.admin_socket();
    node.signal("TERM");
    node.wait_until_said("finishing what is in flight");
    let (head, body) = receive(stream);
    assert_eq!(status(&head), 200, "{head}");
    assert!(body.contains("1500"), "{body}");
    node.wait_until_said("stopped; everything in flight had finished");
    assert_eq!(node.wait().code(), Some(0));
    assert!(!socket.exists(), "the administration socket is left behind");
}

#[test]
fn a_second_signal_stops_at_once_and_says_so_with_code_5() {
    let node = Node::start(&DEMO);
    let _stream = send(node.address(), "/slow?ms=10000", "");
    wait_until_in_flight(&node);
    node.signal("INT");
    node.wait_until_said("finishing what is in flight");
    node.signal("INT");
    node.wait_until_said("stopping at once");
    assert_eq!(node.wait().code(), Some(5));
}

#[test]
fn an_idle_node_ends_at_once() {
    let node = Node::start(&DEMO);
    node.get("/");
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0));
}
