//! Words that must not stand anywhere in the project, in any kind of file.
//!
//! The project speaks of itself alone: not of the machine it was written on, nor of where a package
//! manager happens to fetch from.

use crate::finding::{Check, Finding};
use crate::workspace::TextFile;

/// Folders of one machine: prefixes of absolute paths. Written in halves, so that this file may have them.
const MACHINE_PATHS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/home/", "runner/")];

/// Where package managers fetch from.
const REGISTRY_HOSTS: &[&str] = &[
    concat!("registry.npm", "js.org"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("deb.debian", ".org"),
    concat!("files.python", "hosted.org"),
    concat!("pypi", ".org"),
    concat!("proxy.golang", ".org"),
];

/// Pages that the project does not have.
const ABSENT_PAGES: &[&str] = &[
    concat!("DESI", "GN §"),
    concat!("DESI", "GN:"),
    concat!("DESI", "GN.md"),
    concat!("PEE", "RS.md"),
    concat!("STY", "LE.md"),
];

/// Judges any text file.
pub fn check(file: &TextFile) -> Vec<Finding> {
    // Cargo writes its registry into its lock file in a form that is the same for everybody.
    if file.path.ends_with("Cargo.lock") {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (index, line) in file.text.lines().enumerate() {
        let mut find = |message: String, remedy: &str| {
            findings.push(Finding::new(Check::Word, &file.path, index + 1, message, remedy));
        };
        if let Some(path) = MACHINE_PATHS.iter().find(|path| has_path(line, path)) {
            find(
                format!("`{path}` is a path of one machine"),
                "write it from the workspace root, or take it as an argument",
            );
        }
        if let Some(host) = REGISTRY_HOSTS.iter().find(|host| line.contains(**host)) {
            find(
                format!("`{host}` is a package registry"),
                "leave the choice of registry to the package manager",
            );
        }
        if let Some(page) = ABSENT_PAGES.iter().find(|page| line.contains(**page)) {
            find(
                format!("`{page}` is no page of the project"),
                "point to ARCHITECTURE.md, CONTRIBUTING.md or docs/, or say it here",
            );
        }
        if mentions_issue(line) {
            find("a number of an issue".into(), "say what it is about; numbers belong in commit messages");
        }
    }
    findings
}

/// Whether `path` stands in `line` as the beginning of an absolute path.
fn has_path(line: &str, path: &str) -> bool {
    let begins = |at: usize| {
        !line[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_' | '*' | '}'))
    };
    line.match_indices(path).any(|(at, _)| begins(at))
}

/// The word with a number behind it. A number in an address of another project's tracker is no mention.
fn mentions_issue(line: &str) -> bool {
    let line = line.to_ascii_lowercase();
    let number = |tail: &str| tail.trim_start_matches('#').starts_with(|c: char| c.is_ascii_digit());
    line.match_indices("issue ").any(|(at, word)| number(&line[at + word.len()..]))
}
