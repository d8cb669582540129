//! Changed site files: each applied or refused by itself, while requests go on.

use std::fs;
use std::sync::Arc;

use serde_json::Value;

use crate::harness::{Node, field, get, status};

/// A node from files, in front of a demo origin.
struct Bed {
    origin: Node,
    node: Node,
}

impl Bed {
    fn start() -> Bed {
        let origin = Node::start(&["--demo", "--http", "127.0.0.1:0"]);
        let folder = Arc::new(tempfile::tempdir().unwrap());
        fs::create_dir(folder.path().join("sites")).unwrap();
        let node_file = "version = 1\ndata = \"data\"\nsites = [\"sites/*.toml\"]\n\n[listen]\nhttp = [\"127.0.0.1:0\"]\n\n\
                         [log]\naccess = \"off\"\n";
        fs::write(folder.path().join("littoral.toml"), node_file).unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join("sites").join(name), text).unwrap();
        write("shop.toml", &site("shop.example", &origin, ""));
        let node = Node::start_in(folder.clone(), &["-c", "littoral.toml"]);
        Bed { origin, node }
    }

    fn write(&self, name: &str, host: &str, more: &str) {
        let text = site(host, &self.origin, more);
        fs::write(self.node.folder.path().join("sites").join(name), text).unwrap();
    }

    fn reload(&self) -> (i32, Value) {
        let (code, out, err) = self.node.command(&["reload", "--json"]);
        (code, serde_json::from_str(&out).unwrap_or_else(|_| panic!("{out}{err}")))
    }

    fn get(&self, host: &str, target: &str) -> String {
        self.ask(host, target).0
    }

    fn ask(&self, host: &str, target: &str) -> (String, String) {
        let mut stream = std::net::TcpStream::connect(self.node.address()).unwrap();
        stream.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
        use std::io::Write;
        write!(stream, "GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").unwrap();
        crate::harness::receive(stream)
    }
}

fn site(host: &str, origin: &Node, more: &str) -> String {
    format!(
        "version = 1\nhosts = [\"{host}\"]\n\n[origins.app]\nurl = \"http://{}\"\n\n[[behaviors]]\npath = \"/*\"\n{more}",
        origin.address()
    )
}

fn outcomes(report: &Value) -> Vec<(String, String, u64)> {
    let files = report["files"].as_array().unwrap();
    files
        .iter()
        .map(|file| {
            let name = file["file"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            (name, file["outcome"].as_str().unwrap().to_owned(), file["version"].as_u64().unwrap_or(0))
        })
        .collect()
}

fn is(name: &str, outcome: &str, version: u64) -> (String, String, u64) {
    (name.to_owned(), outcome.to_owned(), version)
}

#[test]
fn each_file_is_judged_by_itself_and_a_bad_one_serves_on_in_its_old_form() {
    let bed = Bed::start();
    assert_eq!(status(&bed.get("shop.example", "/")), 200);
    assert_eq!(outcomes(&bed.reload().1), [is("shop.toml", "unchanged", 1)]);

    // A new file joins; a changed one is applied; its behavior is in force at once.
    bed.write("shop.toml", "shop.example", "[behaviors.cache]\nmode = \"bypass\"\n");
    bed.write("blog.toml", "blog.example", "");
    let (code, report) = bed.reload();
    assert_eq!(outcomes(&report), [is("blog.toml", "added", 1), is("shop.toml", "applied", 2)], "{report}");
    assert_eq!(code, 0);
    assert_eq!(status(&bed.get("blog.example", "/")), 200);
    bed.get("shop.example", "/style.css");
    // The origin is an edge too; the last member is our node's.
    let head = bed.get("shop.example", "/style.css");
    let ours = field(&head, "cache-status").rsplit(',').next().unwrap();
    assert!(ours.contains("fwd=bypass"), "{head}");

    // A bad file is refused with its mistakes; the other is applied all the same.
    bed.write("shop.toml", "shop.example", "orign = 3\n");
    bed.write("blog.toml", "journal.example", "");
    let (code, report) = bed.reload();
    assert_eq!(outcomes(&report), [is("blog.toml", "applied", 2), is("shop.toml", "refused", 2)], "{report}");
    assert_eq!(code, 1);
    assert!(report["files"][1]["mistakes"].as_str().unwrap().contains("did you mean `origin`?"), "{report}");
    assert_eq!(status(&bed.get("shop.example", "/")), 200);
    assert_eq!(status(&bed.get("journal.example", "/")), 200);
    assert_ne!(status(&bed.get("blog.example", "/")), 200);

    // People see the same, with the mistakes on standard error.
    let (code, out, err) = bed.node.command(&["reload"]);
    assert_eq!(code, 1);
    assert!(out.contains("OUTCOME") && out.contains("refused") && err.contains("did you mean"), "{out}{err}");

    // A file that is gone takes its site with it.
    fs::remove_file(bed.node.folder.path().join("sites/blog.toml")).unwrap();
    assert_eq!(outcomes(&bed.reload().1), [is("blog.toml", "removed", 0), is("shop.toml", "refused", 2)]);
    assert_ne!(status(&bed.get("journal.example", "/")), 200);
}

#[test]
fn a_changed_page_is_judged_anew_and_a_lost_one_serves_on() {
    let bed = Bed::start();
    let page = bed.node.folder.path().join("sites/sorry.html");
    let more = "origin = \"away\"\n\n[origins.away]\nurl = \"http://127.0.0.1:9\"\n\n\
                [[error_pages]]\nstatuses = [\"502\", \"503\", \"504\"]\nfile = \"sorry.html\"\n";
    fs::write(&page, "back at noon").unwrap();
    bed.write("shop.toml", "shop.example", more);
    assert_eq!(outcomes(&bed.reload().1), [is("shop.toml", "applied", 2)]);
    let page_now = || bed.ask("shop.example", "/").1;
    assert_eq!(page_now(), "back at noon");

    // The site's text stays; what it names is another.
    fs::write(&page, "back at two").unwrap();
    assert_eq!(outcomes(&bed.reload().1), [is("shop.toml", "applied", 3)]);
    assert_eq!(page_now(), "back at two");
    assert_eq!(outcomes(&bed.reload().1), [is("shop.toml", "unchanged", 3)]);

    // What is gone is told at each reload until it is there again, and the old form serves on.
    fs::remove_file(&page).unwrap();
    for _ in 0..2 {
        let (code, report) = bed.reload();
        assert_eq!((code, outcomes(&report)), (1, vec![is("shop.toml", "refused", 3)]));
        assert!(report["files"][0]["mistakes"].as_str().unwrap().contains("sorry.html"), "{report}");
        assert_eq!(page_now(), "back at two");
    }
    fs::write(&page, "back at two").unwrap();
    assert_eq!(outcomes(&bed.reload().1), [is("shop.toml", "unchanged", 3)]);
}

#[test]
fn a_site_without_origins_redirects_and_is_explained() {
    let bed = Bed::start();
    let text = "version = 1\nhosts = [\"old.example\"]\n[[behaviors]]\nredirects = [{ to = \"https://shop.example${path}\", status = 301 }]\n";
    fs::write(bed.node.folder.path().join("sites/old.toml"), text).unwrap();
    assert_eq!(bed.reload().0, 0);
    let head = bed.get("old.example", "/a?b=c");
    assert_eq!((status(&head), field(&head, "location")), (301, "https://shop.example/a?b=c"));
    let (code, out, err) = bed.node.command(&["explain", "http://old.example/a"]);
    assert!(code == 0 && out.contains("https://shop.example/a"), "{out}{err}");
}

#[test]
fn one_bad_site_among_a_hundred_holds_up_none() {
    let bed = Bed::start();
    for number in 0..99 {
        bed.write(&format!("tenant{number}.toml"), &format!("t{number}.example"), "");
    }
    assert_eq!(bed.reload().0, 0);
    for number in 0..99 {
        let more = if number == 42 {
            "redirects = [{ prefix = \"/\", to = \"/new/\" }]\n"
        } else {
            "upgrade = []\n"
        };
        bed.write(&format!("tenant{number}.toml"), &format!("t{number}.example"), more);
    }
    let (code, report) = bed.reload();
    let outcomes = outcomes(&report);
    let count = |outcome: &str| outcomes.iter().filter(|(_, found, _)| found == outcome).count();
    assert_eq!((code, count("applied"), count("refused"), count("unchanged")), (1, 98, 1, 1));
    let refused =
        report["files"].as_array().unwrap().iter().find(|file| file["outcome"] == "refused").unwrap();
    assert!(refused["mistakes"].as_str().unwrap().contains("leads back to itself"), "{refused}");
    assert_eq!(status(&bed.get("t42.example", "/")), 200, "in its old form");
    assert_eq!(status(&bed.get("t43.example", "/")), 200);
    let (_, out, err) = bed.node.command(&["reload"]);
    let lines: Vec<&str> = out.lines().collect();
    assert!(lines.len() == 3 && lines[1].contains("tenant42.toml"), "only what there is to look at:\n{out}");
    assert!(
        lines[2] == "100 files: 1 refused, 99 unchanged" && err.contains("leads back to itself"),
        "{out}{err}"
    );
}

#[test]
fn a_newcomer_does_not_take_a_host_from_a_site_that_serves() {
    let bed = Bed::start();
    bed.write("another.toml", "shop.example", "");
    let (code, report) = bed.reload();
    assert_eq!(outcomes(&report), [is("another.toml", "refused", 0), is("shop.toml", "unchanged", 1)]);
    assert_eq!(code, 1);
    assert!(report["files"][0]["mistakes"].as_str().unwrap().contains("shop.example"), "{report}");
    // Hosts may change hands in one step, also in a circle.
    bed.write("another.toml", "other.example", "");
    assert_eq!(bed.reload().0, 0);
    bed.write("another.toml", "shop.example", "");
    bed.write("shop.toml", "other.example", "");
    let (code, report) = bed.reload();
    assert_eq!(outcomes(&report), [is("another.toml", "applied", 2), is("shop.toml", "applied", 2)]);
    assert_eq!(code, 0);
}

#[test]
fn sighup_reloads_and_drops_no_connection() {
    let bed = Bed::start();
    let slow = {
        let mut stream = std::net::TcpStream::connect(bed.node.address()).unwrap();
        stream.set_read_timeout(Some(crate::harness::PATIENCE)).unwrap();
        use std::io::Write;
        stream
            .write_all(b"GET /slow?ms=700 HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n")
            .unwrap();
        stream
    };
    bed.write("blog.toml", "blog.example", "");
    bed.node.signal("HUP");
    bed.node.wait_until_said("sites are at version 2: 1 added, 1 unchanged");
    assert_eq!(status(&bed.get("blog.example", "/")), 200);
    assert_eq!(status(&crate::harness::receive(slow).0), 200);
    assert_eq!(status(&get(bed.node.address(), "/", "").0) / 100, 4, "no site answers for the bare address");
}
