//! The commands against a running node: what they print, for people and for machines.

use serde_json::Value;

use crate::harness::{Node, field, littoral, run};

const DEMO: [&str; 3] = ["--demo", "--http", "127.0.0.1:0"];

fn cache_status(node: &Node, target: &str) -> String {
    field(&node.get(target).0, "cache-status").to_owned()
}

#[test]
fn a_purge_says_what_is_gone_and_how_long_it_took_and_then_it_is_gone() {
    let node = Node::start(&DEMO);
    let base = format!("http://{}", node.address());
    for (arguments, what) in [
        (vec!["purge".to_owned(), format!("{base}/tagged/a")], "/tagged/a"),
        (vec!["purge".to_owned(), "--tag".to_owned(), "catch".to_owned()], "surrogate key catch"),
        (vec!["purge".to_owned(), "--prefix".to_owned(), format!("{base}/tag")], "/tag*"),
        (vec!["purge".to_owned(), "--site".to_owned(), "demo".to_owned()], "everything of demo"),
    ] {
        node.get("/tagged/a");
        assert!(cache_status(&node, "/tagged/a").contains("hit"));
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let (code, out, err) = node.command(&arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}");
        assert!(out.contains(what) && out.contains(" ms"), "{arguments:?}: {out}");
        assert!(cache_status(&node, "/tagged/a").contains("fwd="), "{arguments:?}");
    }
    let (code, out, _) = node.command(&["purge", "--tag", "catch", "--soft", "--wait", "--json"]);
    assert_eq!(code, 0);
    let receipt: Value = serde_json::from_str(&out).unwrap();
    assert!(receipt["milliseconds"].is_number(), "{receipt}");
}

#[test]
fn a_purge_that_names_nothing_or_something_unknown_is_refused() {
    let node = Node::start(&DEMO);
    for (arguments, code, said) in [
        (&["purge"][..], 2, "what is to be purged"),
        (&["purge", "--everything"], 2, "which site"),
        (&["purge", "--everything", "--tag", "a"], 2, "stands alone"),
        (&["purge", "--site", "nope"], 1, "nope"),
        (&["purge", "not a url"], 1, "not a url"),
    ] {
        let (got, out, err) = node.command(arguments);
        assert_eq!(got, code, "{arguments:?}: {out}{err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
}

#[test]
fn explain_names_site_behavior_and_what_is_stored() {
    let node = Node::start(&DEMO);
    let url = format!("http://{}/style.css", node.address());
    node.get("/style.css");
    let (code, out, err) = node.command(&["explain", &url]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in ["demo", "/*", "/style.css"] {
        assert!(out.contains(part), "{part} is missing in:\n{out}");
    }
    let (code, out, _) =
        node.command(&["explain", &url, "-X", "HEAD", "-H", "Accept-Language: de", "--json"]);
    assert_eq!(code, 0);
    assert!(serde_json::from_str::<Value>(&out).unwrap().is_object());
    let (code, _, err) = node.command(&["explain", "nonsense"]);
    assert_eq!(code, 1, "{err}");
}

#[test]
fn status_and_metrics_tell_what_the_node_does() {
    let node = Node::start(&DEMO);
    node.get("/");
    let (code, out, _) = node.command(&["status"]);
    assert_eq!(code, 0);
    assert!(out.contains("demo") && out.contains("256.0 MiB"), "{out}");
    let (_, out, _) = node.command(&["status", "--json"]);
    let status: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(status["pid"], node.pid());
    assert_eq!(status["sites"], serde_json::json!(["demo"]));
    let (code, out, _) = node.command(&["metrics"]);
    assert_eq!(code, 0);
    for family in ["littoral_build_info", "process_resident_memory_bytes", "littoral_uptime_seconds"] {
        assert!(out.contains(&format!("# TYPE {family} gauge")), "{family} is missing in:\n{out}");
    }
    let helps: Vec<&str> = out.lines().filter(|line| line.starts_with("# HELP")).collect();
    let mut once = helps.clone();
    once.sort_unstable();
    once.dedup_by_key(|line| line.split(' ').nth(2));
    assert_eq!(helps.len(), once.len(), "a family is written twice");
}

#[test]
fn without_a_node_every_socket_tried_is_named_with_its_reason() {
    let folder = tempfile::tempdir().unwrap();
    let (code, out, err) = run(littoral(folder.path()).arg("status"));
    assert_eq!((code, out.as_str()), (3, ""));
    for tried in
        [".littoral-demo/admin.sock", ".local/state/littoral/admin.sock", "/var/lib/littoral/admin.sock"]
    {
        assert!(err.contains(&format!("{tried}: ")), "{tried} is missing in:\n{err}");
    }
    assert!(err.contains("littoral up"), "{err}");
    let (code, _, err) = run(littoral(folder.path()).args(["status", "--admin", "https://a"]));
    assert_eq!(code, 2, "{err}");
}

#[test]
fn a_node_without_site_files_has_nothing_to_reload() {
    let node = Node::start(&DEMO);
    let (code, out, err) = node.command(&["reload"]);
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(out.contains("unchanged"), "{out}");
}
