//! What tests may not do.

use super::{said_of_source, said_of_test};

const NOTHING: [&str; 0] = [];

#[test]
fn tests_do_not_sleep() {
    assert_eq!(
        said_of_test("fn a() { tokio::time::sleep(second); }"),
        ["test-sleeps crates/edge/tests/it/a.rs:2"]
    );
    let inside = "fn a() { sleep(second); }\n#[cfg(test)]\nmod tests {\n fn b() { sleep(second); }\n}";
    assert_eq!(said_of_source(inside), ["test-sleeps crates/edge/src/a.rs:5"]);
    assert_eq!(said_of_test("// sleep(1) would be wrong\nlet sleep = 1;"), NOTHING);
}

#[test]
fn tests_take_no_port_of_their_own_choice() {
    for body in [
        "TcpListener::bind(\"127.0.0.1:8080\");",
        concat!("run(&[\"--http\", \"localhost:", "8080\"]);"),
        "TcpStream::connect(SocketAddr::from(([127, 0, 0, 1], 8080)));",
    ] {
        assert_eq!(said_of_test(body), ["test-port crates/edge/tests/it/a.rs:2"], "{body}");
    }
    assert_eq!(said_of_test("bind(\"127.0.0.1:0\"); connect(\"127.0.0.1:9\");"), NOTHING);
    assert_eq!(said_of_test("let host = \"localhost:8080\";"), NOTHING);
    assert_eq!(said_of_source("TcpListener::bind(\"127.0.0.1:8080\");"), NOTHING);
}

#[test]
fn names_of_tests_are_sentences() {
    assert_eq!(said_of_test("#[test]\nfn parse() {}"), ["test-name crates/edge/tests/it/a.rs:2"]);
    assert_eq!(
        said_of_test("#[tokio::test(start_paused = true)]\nasync fn test_2() {}"),
        ["test-name crates/edge/tests/it/a.rs:2"]
    );
    assert_eq!(said_of_test("#[test]\n#[ignore]\nfn age_is_sent() {}\nfn parse() {}"), NOTHING);
}
