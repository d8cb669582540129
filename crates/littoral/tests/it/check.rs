//! `littoral check`: all mistakes at once, and the exit code that says so.

use crate::harness::{littoral, run};

const GOOD: &str = "version = 1\nhosts = [\"shop.example\"]\n\n[origins.app]\nurl = \"http://127.0.0.1:9\"\n\n\
                    [[behaviors]]\npath = \"/*\"\n";

#[test]
fn a_sound_file_is_said_to_be_so() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("shop.toml"), GOOD).unwrap();
    let (code, out, err) = run(littoral(folder.path()).args(["check", "shop.toml"]));
    assert_eq!((code, err.as_str()), (0, ""), "{out}");
    assert_eq!(out, "ok: 1 site file checked, no mistakes\n");
}

#[test]
fn every_mistake_of_every_file_is_shown_with_its_place_and_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let bad = GOOD.replace("hosts =", "hostss =").replace("path = \"/*\"", "path = \"/*\"\norigin = \"s3\"");
    std::fs::write(folder.path().join("bad.toml"), bad).unwrap();
    std::fs::write(folder.path().join("good.toml"), GOOD).unwrap();
    let (code, out, _) = run(littoral(folder.path()).args(["check", "good.toml", "bad.toml", "none.toml"]));
    assert_eq!(code, 1);
    for part in
        ["bad.toml:2:1", "did you mean `hosts`?", "bad.toml:9:10", "`app`", "cannot read none.toml", "not ok"]
    {
        assert!(out.contains(part), "{part} is missing in:\n{out}");
    }
    assert!(!out.contains('\u{1b}'), "colours are for terminals");
}

#[test]
fn a_node_file_brings_its_sites_and_their_conflicts() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    std::fs::create_dir(folder.path().join("sites")).unwrap();
    write("node.toml", "version = 1\nsites = [\"sites\"]\n\n[listen]\nhttp = [\"127.0.0.1:0\"]\n");
    write("sites/a.toml", GOOD);
    let (code, out, _) = run(littoral(folder.path()).args(["check", "node.toml"]));
    assert_eq!((code, out.as_str()), (0, "ok: 1 node file and 1 site file checked, no mistakes\n"));
    write("sites/b.toml", GOOD);
    let (code, out, _) = run(littoral(folder.path()).args(["check", "node.toml"]));
    assert_eq!(code, 1, "{out}");
    assert!(out.contains("shop.example"), "{out}");
    write("sites/b.toml", "hosts = 3");
    let (code, out, _) = run(littoral(folder.path()).args(["check", "node.toml", "sites/b.toml"]));
    assert_eq!(code, 1);
    assert_eq!(out.matches("b.toml:1:9").count(), 1, "a file named twice is checked once:\n{out}");
}

#[test]
fn a_pattern_beside_the_node_file_finds_its_sites() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("node.toml"), "version = 1\nsites = [\"site-*.toml\"]\n").unwrap();
    std::fs::write(folder.path().join("site-a.toml"), GOOD).unwrap();
    let (code, out, _) = run(littoral(folder.path()).args(["check", "node.toml"]));
    assert_eq!((code, out.as_str()), (0, "ok: 1 node file and 1 site file checked, no mistakes\n"));
}

#[test]
fn a_site_file_that_is_not_there_is_shown_where_it_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("node.toml"),
        "version = 1\nsites = [\"none.toml\", \"sites/*.toml\"]\n",
    )
    .unwrap();
    let (code, out, _) = run(littoral(folder.path()).args(["check", "node.toml"]));
    assert_eq!(code, 1);
    for part in
        ["cannot read none.toml: No such file", "node.toml:2:10", "^^^^^^^^^^^ not there", "2 mistakes"]
    {
        assert!(out.contains(part), "{part} is missing in:\n{out}");
    }
}
