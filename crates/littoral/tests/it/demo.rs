//! `littoral up --demo`: what it prints is true, and the demo site works through the edge.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

use crate::harness::{Node, PATIENCE, field, get, status};

const DEMO: [&str; 3] = ["--demo", "--http", "127.0.0.1:0"];

#[test]
fn the_three_lines_to_try_show_a_miss_a_hit_and_a_revalidation() {
    let node = Node::start(&DEMO);
    let said = node.said();
    let lines: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("  curl")).collect();
    assert_eq!(lines.len(), 3, "{said}");
    let shown: Vec<String> = lines
        .iter()
        .map(|line| {
            let output = Command::new("sh").args(["-c", &format!("curl{line}")]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().to_lowercase()
        })
        .collect();
    assert!(shown[0].contains("fwd=uri-miss") && shown[0].contains("stored"), "{shown:?}");
    assert!(shown[1].contains("; hit") && !shown[1].contains("fwd="), "{shown:?}");
    let revalidated: Vec<&str> = shown[2].lines().collect();
    assert_eq!(revalidated.len(), 2, "{shown:?}");
    assert!(revalidated[0].contains("fwd=uri-miss") && revalidated[0].contains("stored"), "{shown:?}");
    assert!(revalidated[1].contains("fwd-status=304"), "{shown:?}");
}

#[test]
fn pages_and_paths_of_the_demo_answer_as_the_front_page_says() {
    let node = Node::start(&DEMO);
    for path in
        ["/", "/lights.html", "/tides.html", "/style.css", "/app.js", "/img/mark.svg", "/img/coast.svg"]
    {
        let (head, body) = node.get(path);
        assert_eq!(status(&head), 200, "{path}: {head}");
        assert!(!body.is_empty() && !field(&head, "etag").is_empty(), "{path}: {head}");
    }
    let cache_status = |target: &str, fields: &str| {
        let (head, _) = get(node.address(), target, fields);
        field(&head, "cache-status").to_owned()
    };
    for storable in ["/api/quote?n=7", "/slow?ms=1", "/tagged/a", "/large?bytes=100"] {
        assert!(cache_status(storable, "").contains("stored"), "{storable}");
        assert!(cache_status(storable, "").contains("hit"), "{storable}");
    }
    for never in ["/api/time", "/cookie", "/headers"] {
        assert!(!cache_status(never, "").contains("stored"), "{never}");
        assert!(cache_status(never, "").contains("fwd="), "{never}");
    }
    assert_eq!(get(node.address(), "/vary", "Accept-Language: de\r\n").1, "Moin! Willkommen am Hafen.\n");
    assert_eq!(get(node.address(), "/vary", "Accept-Language: fr\r\n").1, "Bonjour, et bienvenue au port.\n");
    assert!(cache_status("/vary", "Accept-Language: de\r\n").contains("hit"));
    assert_eq!(status(&node.get("/error?status=404").0), 404);
    assert_eq!(status(&node.get("/error?status=200").0), 400);
    assert_eq!(status(&node.get("/nowhere").0), 404);
    let (head, body) = get(node.address(), "/large?bytes=100000", "Range: bytes=16-47\r\n");
    assert_eq!((status(&head), body.as_str()), (206, "000000000000016\n000000000000032\n"));
    let (_, seen) = node.get("/headers");
    assert!(seen.contains("\"via\"") && seen.contains("\"GET\""), "{seen}");
    assert!(
        field(&node.get("/tagged/a").0, "surrogate-key").is_empty(),
        "surrogate keys are not for clients"
    );
}

#[test]
fn a_websocket_passes_through_the_edge() {
    let node = Node::start(&DEMO);
    let mut stream = TcpStream::connect(node.address()).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(
        stream,
        "GET /ws HTTP/1.1\r\nHost: demo\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    .unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    assert_eq!(status(&head), 101, "{head}");
    assert_eq!(field(&head, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    // "ahoy", masked with 1 2 3 4.
    stream.write_all(&[0x81, 0x84, 1, 2, 3, 4, b'a' ^ 1, b'h' ^ 2, b'o' ^ 3, b'y' ^ 4]).unwrap();
    let mut echoed = [0; 6];
    stream.read_exact(&mut echoed).unwrap();
    assert_eq!(&echoed, b"\x81\x04ahoy");
}
