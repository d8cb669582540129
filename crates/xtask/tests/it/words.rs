//! Words that must not stand in the project. Written in halves here, so that this file may have them.

use super::said;

const NOTHING: [&str; 0] = [];

#[test]
fn paths_of_one_machine_are_refused_in_any_file() {
    let path = concat!("see /wo", "rk/main for it\n");
    assert_eq!(said(&[("README.md", path)]), ["word README.md:1"]);
    assert_eq!(said(&[("scripts/a", concat!("cd \"/ro", "ot/x\"\n"))]), ["word scripts/a:1"]);
    assert_eq!(said(&[("a.md", concat!("https://example.com/wo", "rk/ and docs/wo", "rk/\n"))]), NOTHING);
}

#[test]
fn registries_are_left_to_package_managers() {
    let line = concat!("\"resolved\": \"https://registry.npm", "js.org/ws\"\n");
    assert_eq!(said(&[("tests/node/package-lock.json", line)]), ["word tests/node/package-lock.json:1"]);
    assert_eq!(said(&[("Cargo.lock", concat!("index.crates", ".io\n"))]), NOTHING);
}

#[test]
fn numbers_of_issues_are_left_to_commit_messages() {
    assert_eq!(said(&[("a.md", concat!("as iss", "ue #12 asks\n"))]), ["word a.md:1"]);
    assert_eq!(said(&[("a.md", "the issue of 2026\n")]), NOTHING);
}

#[test]
fn only_pages_that_the_project_has_are_pointed_to() {
    assert_eq!(said(&[("a.md", concat!("as DESI", "GN §5 has it\n"))]), ["word a.md:1"]);
    assert_eq!(said(&[("a.md", "as ARCHITECTURE.md has it\n")]), NOTHING);
}
