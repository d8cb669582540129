//! What an operator sees of traffic: the log and its reader, live figures, digests, shards.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;

use serde_json::Value;

use crate::harness::{Node, littoral, run};

const DEMO: [&str; 3] = ["--demo", "--http", "127.0.0.1:0"];

/// A node from a node file, in front of the demo origin of another one.
fn node_with_log(origin: &Node, log: &str) -> Node {
    let folder = Arc::new(tempfile::tempdir().unwrap());
    write_node_file(folder.path(), &origin.address().to_string(), log);
    Node::start_in(folder, &["-c", "littoral.toml"])
}

fn write_node_file(folder: &std::path::Path, origin: &str, log: &str) {
    let node = format!(
        "version = 1\nname = \"n1\"\nworkers = 1\ndata = \"data\"\nsites = [\"shop.toml\"]\n[listen]\nhttp = \"127.0.0.1:0\"\n\
         [admin]\nlisten = \"unix:admin.sock\"\n[log]\n{log}\n"
    );
    let site = format!(
        "version = 1\nname = \"shop\"\nhosts = [\"*\"]\n[origins.app]\nurl = \"http://{origin}\"\nhost = \"origin\"\n\
         [[behaviors]]\npath = \"/*\"\n"
    );
    fs::write(folder.join("littoral.toml"), node).unwrap();
    fs::write(folder.join("shop.toml"), site).unwrap();
}

/// Asks until the log's reader prints so many lines: they are written after their answers.
fn logged(node: &Node, arguments: &[&str], lines: usize) -> Vec<String> {
    let arguments = [&["logs"], arguments].concat();
    for _ in 0..300 {
        let (code, out, err) = node.command(&arguments);
        assert_eq!((code, err.as_str()), (0, ""), "{arguments:?}: {out}");
        let found: Vec<String> = out.lines().map(str::to_owned).collect();
        if found.len() >= lines {
            return found;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    panic!("{arguments:?} never printed {lines} lines");
}

#[test]
fn a_node_s_log_is_found_read_filtered_and_its_rotated_files_come_first() {
    let origin = Node::start(&DEMO);
    let node = node_with_log(&origin, "access = \"logs/access.log\"\nrotate_bytes = \"4KiB\"\nkeep = 100");
    for n in 0..60 {
        node.get(&format!("/nothing/{n}"));
    }
    node.get("/style.css");
    node.get("/style.css");
    let entries: Vec<Value> =
        logged(&node, &["--json"], 62).iter().map(|line| serde_json::from_str(line).unwrap()).collect();
    // Which record is written first is the node's business; here it is what the files say, the oldest before all.
    let target = |entry: &Value| entry["target"].as_str().unwrap().to_owned();
    let targets: Vec<String> = entries.iter().map(target).collect();
    assert_eq!(targets, written(&node.folder.path().join("logs/access.log")));
    let asked =
        (0..60).map(|n| format!("/nothing/{n}")).chain(["/style.css".to_owned(), "/style.css".to_owned()]);
    let sorted = |mut targets: Vec<String>| {
        targets.sort();
        targets
    };
    assert_eq!(sorted(targets.clone()), sorted(asked.collect()));
    assert!(node.folder.path().join("logs/access.log.2").exists(), "it was rotated");
    let fetched =
        entries.iter().find(|entry| entry["cache"] == "miss" && entry["target"] == "/style.css").unwrap();
    assert_eq!((&fetched["origin"], &fetched["site"]), (&"app".into(), &"shop".into()));
    for (arguments, lines) in [
        (&["--json", "--status", "4xx"][..], 60),
        (&["--json", "--status", "200"], 2),
        (&["--json", "--cache", "hit"], 1),
        (&["--json", "--site", "other"], 0),
        (&["--json", "--host", "127.0.0.1"], 62),
        (&["--json", "--since", "1h"], 62),
        (&["--json", "--since", "2100-01-01"], 0),
        (&["--json", "-n", "3"], 3),
        (&["--json", "-n", "1", "--status", "404"], 1),
        (&["--json", "-c", "littoral.toml"], 62),
    ] {
        let (code, out, err) = node.command(&[&["logs"], arguments].concat());
        assert_eq!((code, out.lines().count(), err.as_str()), (0, lines, ""), "{arguments:?}:\n{out}");
    }
    let (_, out, _) = node.command(&["logs", "--json", "-n", "1", "--status", "404"]);
    let last = targets.iter().rfind(|target| target.starts_with("/nothing/")).unwrap();
    assert_eq!(target(&serde_json::from_str(&out).unwrap()), *last, "{out}");
    let id = entries[7]["request_id"].as_str().unwrap();
    let (_, out, _) = node.command(&["logs", "--id", id]);
    assert!(out.contains(&targets[7]) && out.lines().count() == 2, "{out}");
}

/// The targets in a log and its rotated files, the oldest file first.
fn written(log: &std::path::Path) -> Vec<String> {
    let rotated = (1..).map(|n| log.with_extension(format!("log.{n}"))).take_while(|file| file.exists());
    let mut files: Vec<_> = std::iter::once(log.to_owned()).chain(rotated).collect();
    files.reverse();
    let lines: Vec<String> = files.iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let entries =
        lines.iter().flat_map(|text| text.lines()).map(|line| serde_json::from_str::<Value>(line).unwrap());
    entries.map(|entry| entry["target"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn following_goes_on_across_rotation_and_ends_when_nobody_reads() {
    use std::io::{BufRead, BufReader};
    let origin = Node::start(&DEMO);
    let node = node_with_log(&origin, "access = \"access.log\"\nrotate_bytes = \"4KiB\"\nkeep = 100");
    node.get("/before");
    logged(&node, &["--json"], 1);
    let mut child = littoral(node.folder.path())
        .args(["logs", "-f", "--json"])
        .env("LITTORAL_ADMIN", node.admin_socket())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = || serde_json::from_str::<Value>(&lines.next().unwrap().unwrap()).unwrap();
    assert_eq!(next()["target"], "/before");
    for n in 0..60 {
        let target = format!("/after/{n}");
        node.get(&target);
        assert_eq!(next()["target"], target.as_str());
    }
    assert!(node.folder.path().join("access.log.2").exists(), "it was rotated");
    drop(lines);
    // Whatever is printed next finds nobody.
    for _ in 0..300 {
        node.get("/last");
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(50));
    }
    let _ = child.kill();
    panic!("it goes on although nobody reads");
}

#[test]
fn combined_lines_and_broken_ones_are_read_from_standard_input() {
    let folder = tempfile::tempdir().unwrap();
    let log = "192.0.2.7 - - [21/Nov/2026:05:00:00 +0000] \"GET /a HTTP/1.1\" 200 7 \"-\" \"curl/8\"\n\
               torn li\n\
               {\"time\":\"2026-11-21T05:00:01.000Z\",\"status\":404,\"bytes\":0,\"client\":\"::1\",\"target\":\"/b\",\"later\":1}\n";
    let read = |arguments: &[&str]| {
        let mut child = littoral(folder.path())
            .arg("logs")
            .args(arguments)
            .arg("-")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(log.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        assert!(done.status.success());
        (String::from_utf8(done.stdout).unwrap(), String::from_utf8(done.stderr).unwrap())
    };
    let (out, err) = read(&["--json"]);
    assert_eq!(
        out,
        "{\"time\":\"2026-11-21T05:00:00.000Z\",\"status\":200,\"bytes\":7,\"client\":\"192.0.2.7\",\"protocol\":\"1.1\",\
         \"method\":\"GET\",\"target\":\"/a\",\"user_agent\":\"curl/8\"}\n\
         {\"time\":\"2026-11-21T05:00:01.000Z\",\"status\":404,\"bytes\":0,\"client\":\"::1\",\"target\":\"/b\"}\n"
    );
    assert!(err.contains("1 of 3 lines were not understood"), "{err}");
    let (out, _) = read(&["-n", "1"]);
    assert!(out.contains("/b") && !out.contains("/a") && !out.contains('\x1b'), "{out}");
}

#[test]
fn where_there_is_no_log_file_it_says_what_to_do() {
    let origin = Node::start(&DEMO);
    for (log, said) in [("access = \"stdout\"", "journalctl"), ("access = \"off\"", "turns it on")] {
        let node = node_with_log(&origin, log);
        let (code, out, err) = node.command(&["logs"]);
        assert_eq!((code, out.as_str()), (1, ""));
        assert!(err.contains(said), "{err}");
    }
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(run(littoral(folder.path()).arg("logs")).0, 3);
    assert_eq!(run(littoral(folder.path()).args(["logs", "none.log"])).0, 1);
    assert_eq!(run(littoral(folder.path()).args(["logs", "--status", "abc"])).0, 2);
}

#[test]
fn a_disk_that_is_full_costs_log_records_and_no_answers_and_is_said_once() {
    let origin = Node::start(&DEMO);
    let node = node_with_log(&origin, "access = \"/dev/full\"");
    for _ in 0..50 {
        assert!(node.get("/style.css").0.starts_with("HTTP/1.1 200"));
    }
    node.wait_until_said("cannot be written: No space left on device");
    for _ in 0..300 {
        let (_, metrics, _) = node.command(&["metrics"]);
        if metrics.contains("littoral_log_records_lost_total{cause=\"write-failed\"} 50\n") {
            assert_eq!(node.said().matches("cannot be written").count(), 1);
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    panic!("the lost records were never counted");
}

/// A file system of 64 KiB, where this process may mount one.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<SmallDisk> {
        let folder = tempfile::tempdir().unwrap();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "littoral-test"])
            .arg(folder.path())
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(SmallDisk(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}

#[test]
fn when_a_full_disk_has_room_again_the_log_goes_on_without_a_torn_line() {
    // Without the right to mount, the test before this one and those of the writer stand for it.
    let Some(disk) = SmallDisk::mount() else { return };
    let origin = Node::start(&DEMO);
    let log = disk.0.path().join("access.log");
    let node = node_with_log(&origin, &format!("access = \"{}\"", log.display()));
    let ballast = disk.0.path().join("ballast");
    // Fills what is there, and so does not end well.
    let _ = fs::write(&ballast, vec![0; 60 << 10]);
    for n in 0..100 {
        assert!(node.get(&format!("/full/{n}")).0.starts_with("HTTP/1.1 404"));
    }
    node.wait_until_said("No space left on device");
    fs::remove_file(&ballast).unwrap();
    node.get("/again");
    node.wait_until_said("is written again");
    // It is said with the first line that is written; this one may be the next.
    for _ in 0..300 {
        let (code, out, err) = node.command(&["logs", "--json"]);
        assert_eq!((code, err.as_str()), (0, ""), "no line is torn");
        if out.contains("/again") {
            assert!(out.lines().count() < 101, "some were lost:\n{out}");
            return;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    panic!("the last record was never written");
}

#[test]
fn a_log_reader_that_does_not_read_costs_records_and_no_answers() {
    let origin = Node::start(&DEMO);
    let folder = Arc::new(tempfile::tempdir().unwrap());
    let pipe = folder.path().join("log.pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // Held open and never read.
    let held = fs::File::options().read(true).write(true).open(&pipe).unwrap();
    write_node_file(folder.path(), &origin.address().to_string(), "access = \"./log.pipe\"");
    let node = Node::start_in(folder, &["-c", "littoral.toml"]);
    let long = format!("/style.css?{}", "x".repeat(1900));
    for _ in 0..80 {
        assert!(node.get(&long).0.starts_with("HTTP/1.1 200"));
    }
    // The pipe holds 64 KiB; the writer waits for it, and nobody waits for the writer.
    node.signal("TERM");
    assert_eq!(node.wait().code(), Some(0));
    drop(held);
}

#[test]
fn top_prints_one_frame_or_one_object() {
    let node = Node::start(&DEMO);
    node.get("/style.css");
    let (code, out, err) = node.command(&["top", "--once", "--interval", "200ms"]);
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    for part in ["requests", "SITE", "demo", "ORIGIN", "demo / demo", "STATUS", "200"] {
        assert!(out.contains(part), "{part} is missing in:\n{out}");
    }
    assert!(!out.contains('\x1b'), "no colours without a terminal");
    let (code, out, _) = node.command(&["top", "--once", "--json", "--interval", "200ms"]);
    assert_eq!(code, 0);
    let view: Value = serde_json::from_str(&out).unwrap();
    assert_eq!((&view["name"], &view["origins"][0]["origin"]), (&"littoral".into(), &"demo".into()));
    let (code, _, err) = node.command(&["top"]);
    assert!(code == 2 && err.contains("--once"), "{code}: {err}");
    assert_eq!(node.command(&["top", "--interval", "1ms"]).0, 2);
}

#[test]
fn digests_come_in_three_forms_and_a_file_can_be_exported_later() {
    let origin = Node::start(&DEMO);
    let node = node_with_log(&origin, "access = \"off\"\ndigest_share = \"100%\"");
    node.get("/style.css");
    node.get("/style.css");
    let mut csv = String::new();
    for _ in 0..300 {
        let (code, out, err) = node.command(&["digests", "--format", "csv"]);
        assert_eq!((code, err.as_str()), (0, ""));
        csv = out;
        if csv.lines().count() == 3 {
            break;
        }
        std::thread::park_timeout(std::time::Duration::from_millis(20));
    }
    let cells: Vec<&str> = csv.lines().nth(2).unwrap().split(',').collect();
    assert_eq!(cells[1..7], ["shop", "/*", "GET", "1.1", "200", "hit"], "{csv}");
    let file = node.folder.path().join("requests.digests");
    let out = fs::File::create(&file).unwrap();
    let mut command = littoral(node.folder.path());
    command.arg("digests").env("LITTORAL_ADMIN", node.admin_socket()).stdout(out);
    assert!(command.status().unwrap().success());
    let (code, again, _) = node.command(&["digests", "--format", "csv", "requests.digests"]);
    assert_eq!((code, again), (0, csv));
    let mut oracle = littoral(node.folder.path());
    let oracle = oracle.args(["digests", "--format", "oracle", "requests.digests"]).output().unwrap();
    assert_eq!(oracle.stdout.len(), 2 * 24);
    let (code, _, err) = node.command(&["digests", "littoral.toml"]);
    assert!(code == 1 && err.contains("no digests"), "{err}");
    let without = node_with_log(&origin, "digests = \"0B\"");
    let (code, _, err) = without.command(&["digests"]);
    assert!(code == 1 && err.contains("no digests are taken"), "{err}");
}

#[test]
fn a_shard_is_the_same_whoever_is_asked() {
    let origin = Node::start(&DEMO);
    let folder = Arc::new(tempfile::tempdir().unwrap());
    write_node_file(folder.path(), &origin.address().to_string(), "access = \"off\"");
    let hosts = "s1.example.com,s2.example.com,s3.example.com";
    let url = "https://www.example.com/img/a.png?v=3";
    let (code, alone, err) = run(littoral(folder.path()).args(["shard", "--hosts", hosts, url]));
    assert_eq!((code, err.as_str()), (0, ""));
    assert!(alone.starts_with("https://s") && alone.ends_with(".example.com/img/a.png?v=3\n"), "{alone}");
    let (_, json, _) = run(littoral(folder.path()).args(["shard", "--json", "--hosts", hosts, url, "/b"]));
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["shards"][0]["sharded"], alone.trim());
    assert_eq!(json["shards"].as_array().map(Vec::len), Some(2));
    let node = Node::start_in(folder, &["-c", "littoral.toml"]);
    let (code, _, err) = node.command(&["shard", url]);
    assert!(code == 1 && err.contains("`shop` has no `shards`"), "{err}");
    let (code, _, err) = node.command(&["shard", "-c", "littoral.toml", url]);
    assert!(code == 1 && err.contains("`shop` has no `shards`"), "{err}");
    let site = node.folder.path().join("shop.toml");
    let names = hosts.split(',').map(|host| format!("\"{host}\"")).collect::<Vec<_>>().join(", ");
    let with_shards = fs::read_to_string(&site)
        .unwrap()
        .replace("hosts = [\"*\"]", &format!("hosts = [\"www.example.com\", {names}]\nshards = [{names}]"));
    fs::write(&site, with_shards).unwrap();
    assert_eq!(node.command(&["reload"]).0, 0);
    for arguments in [&["shard", url][..], &["shard", "-c", "littoral.toml", url]] {
        let (code, out, err) = node.command(arguments);
        assert_eq!((code, out.as_str()), (0, alone.as_str()), "{arguments:?}: {err}");
    }
    let (code, _, err) = node.command(&["shard", "https://other.example/a"]);
    assert!(code == 1 && err.contains("no site answers for `other.example`"), "{err}");
    assert_eq!(node.command(&["shard"]).0, 2);
}
