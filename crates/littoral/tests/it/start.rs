//! Starting, and what is said when it does not work.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;
use std::sync::Arc;

use crate::harness::{Node, littoral, run, status};

#[test]
fn a_taken_port_names_the_process_that_holds_it() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let (code, _, err) = run(littoral(folder.path()).args(["up", "--demo", "--http", &address]));
    assert_eq!(code, 4);
    assert!(err.contains(&format!("cannot listen on {address}")), "{err}");
    assert!(err.contains(&format!("(pid {})", std::process::id())), "{err}");
    assert!(err.contains("--http 127.0.0.1:0"), "{err}");
}

#[test]
fn two_nodes_do_not_share_a_port_or_a_folder() {
    let node = Node::start(&["--demo", "--http", "127.0.0.1:0"]);
    let address = node.address().to_string();
    let other = tempfile::tempdir().unwrap();
    let (code, _, err) = run(littoral(other.path()).args(["up", "--demo", "--http", &address]));
    assert_eq!(code, 4);
    assert!(err.contains(&format!("`littoral` (pid {})", node.pid())), "{err}");
    let (code, _, err) = run(littoral(node.folder.path()).args(["up", "--demo", "--http", "127.0.0.1:0"]));
    assert_eq!(code, 4);
    assert!(err.contains("another node is administered on") && err.contains("--data DIR"), "{err}");
    assert!(err.contains(&format!("(pid {})", node.pid())), "{err}");
    assert_eq!(status(&node.get("/").0), 200);
}

#[test]
fn a_socket_left_by_a_dead_node_is_replaced_and_only_its_owner_may_use_it() {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    drop(UnixListener::bind(data.join("admin.sock")).unwrap());
    let node = Node::start_in(folder, &["--demo", "--http", "127.0.0.1:0", "--data", "data"]);
    let mode = std::fs::metadata(node.admin_socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(node.command(&["status"]).0, 0);
}

#[test]
fn a_file_in_the_place_of_the_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("precious"), "data").unwrap();
    let arguments = ["up", "--demo", "--http", "127.0.0.1:0", "--admin", "./precious"];
    let (code, _, err) = run(littoral(folder.path()).args(arguments));
    assert_eq!(code, 4);
    assert!(err.contains("is no socket"), "{err}");
    assert_eq!(std::fs::read_to_string(folder.path().join("precious")).unwrap(), "data");
}

#[test]
fn with_nothing_to_serve_the_three_ways_to_start_are_shown() {
    if std::path::Path::new("/etc/littoral/littoral.toml").exists() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (code, _, err) = run(littoral(folder.path()).arg("up"));
    assert_eq!(code, 4);
    for way in ["littoral up --demo", "littoral up --origin", "littoral up -c"] {
        assert!(err.contains(way), "{way} is missing in:\n{err}");
    }
}

#[test]
fn a_node_file_with_mistakes_is_refused_with_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("node.toml"),
        "version = 1\nwrokers = 2\n[listen]\nhttp = [\"nowhere\"]\n",
    )
    .unwrap();
    let (code, _, err) = run(littoral(folder.path()).args(["up", "-c", "node.toml"]));
    assert_eq!(code, 4);
    for part in ["node.toml:2:1", "did you mean `workers`?", "node.toml:4:9"] {
        assert!(err.contains(part), "{part} is missing in:\n{err}");
    }
}

#[test]
fn an_origin_given_on_the_command_line_is_served_without_files() {
    let origin = Node::start(&["--demo", "--http", "127.0.0.1:0"]);
    let url = format!("http://{}", origin.address());
    let node = Node::start(&["--origin", &url, "--http", "127.0.0.1:0", "--data", "data", "--workers", "1"]);
    let (head, body) = node.get("/api/quote?n=1");
    assert_eq!(status(&head), 200, "{head}");
    assert!(body.contains("Any port in a storm."), "{body}");
    let folder = tempfile::tempdir().unwrap();
    for bad in ["nonsense", "ftp://a", "http://"] {
        let (code, _, err) = run(littoral(folder.path()).args([
            "up",
            "--origin",
            bad,
            "--http",
            "127.0.0.1:0",
            "--data",
            "d",
        ]));
        assert_eq!(code, 4, "{bad}: {err}");
        assert!(err.contains("--origin"), "{bad}: {err}");
    }
}

#[test]
fn administration_over_tcp_asks_for_the_token_that_the_node_made() {
    let node = Node::start(&["--demo", "--http", "127.0.0.1:0", "--admin", "http://127.0.0.1:0"]);
    let (place, token) = (node.announced("admin"), node.announced("token"));
    let token_file = token.strip_prefix("in ").unwrap();
    let mode = std::fs::metadata(node.folder.path().join(token_file)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let ask =
        |more: &[&str]| run(littoral(node.folder.path()).args(["status", "--admin", &place]).args(more));
    let (code, _, err) = ask(&[]);
    assert_eq!(code, 1);
    assert!(err.contains("token is missing or wrong") && err.contains("LITTORAL_TOKEN"), "{err}");
    assert_eq!(ask(&["--token-file", token_file]).0, 0);
    let text = std::fs::read_to_string(node.folder.path().join(token_file)).unwrap();
    let with_token = run(littoral(node.folder.path())
        .args(["status", "--admin", &place])
        .env("LITTORAL_TOKEN", text.trim()));
    assert_eq!(with_token.0, 0, "{}", with_token.2);
}

#[test]
fn https_without_a_certificate_uses_a_self_made_one_and_says_so() {
    let node = Node::start(&["--demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"]);
    assert!(node.said().contains("self-made") && node.said().contains("--certificate"), "{}", node.said());
    let url = format!("{}/", node.announced("https"));
    let output = Command::new("curl").args(["-sk", &url]).output().unwrap();
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("<!doctype html>"), "{output:?}");
    let refused = Command::new("curl").args(["-s", &url]).status().unwrap();
    assert!(!refused.success(), "nobody vouches for the self-made certificate");
}

#[test]
fn a_certificate_that_the_node_file_names_is_used() {
    let first = Node::start(&["--demo", "--http", "127.0.0.1:0", "--https", "127.0.0.1:0"]);
    let made = first.folder.path().join(".littoral-demo");
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let copy = |from: &str, to: &str| std::fs::copy(made.join(from), folder.path().join(to)).unwrap();
    copy("self-made-certificate.pem", "chain.pem");
    copy("self-made-key.pem", "chain.key");
    let site = format!(
        "version = 1\nhosts = [\"*\"]\n\n[origins.app]\nurl = \"http://{}\"\n\n[[behaviors]]\npath = \"/*\"\n",
        first.address()
    );
    std::fs::write(folder.path().join("site.toml"), site).unwrap();
    let node_file = "version = 1\ndata = \"data\"\nsites = [\"site.toml\"]\n\n[listen]\nhttp = [\"127.0.0.1:0\"]\n\
                     https = [\"127.0.0.1:0\"]\n\n[tls]\ncertificate_file = \"chain.pem\"\nkey_file = \"chain.key\"\n\n\
                     [log]\naccess = \"logs/access.log\"\n";
    std::fs::write(folder.path().join("littoral.toml"), node_file).unwrap();
    let node = Node::start_in(folder.clone(), &["-c", "littoral.toml"]);
    assert!(!node.said().contains("self-made"), "{}", node.said());
    let url = format!("{}/", node.announced("https"));
    let chain = folder.path().join("chain.pem").display().to_string();
    let answered = Command::new("curl").args(["-s", "--cacert", &chain, &url]).output().unwrap();
    assert!(String::from_utf8_lossy(&answered.stdout).starts_with("<!doctype html>"), "{answered:?}");
    assert!(folder.path().join("logs/access.log").exists());
}
