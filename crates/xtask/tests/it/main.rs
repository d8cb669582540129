//! Each tidy check is shown to fail on the smallest workspace that breaks it, and to keep quiet beside it;
//! then the workspace itself is judged.

mod crates;
mod exceptions;
mod names;
mod pages;
mod shape;
mod tests_discipline;
mod words;
mod workspace;

use littoral_xtask::{Workspace, tidy};

/// A header, so that a fixture breaks no rule but the one it is about.
const HEADER: &str = "//! A fixture of the tidy checks.\n";

/// What tidy says about the files, as `check path:line`.
fn said(files: &[(&str, &str)]) -> Vec<String> {
    let findings = tidy(&Workspace::of(files));
    findings.iter().map(|f| format!("{} {}:{}", f.check.as_str(), f.path, f.line)).collect()
}

/// What tidy says about one source of the edge, after a header of one line.
fn said_of_source(body: &str) -> Vec<String> {
    said(&[("crates/edge/src/a.rs", &format!("{HEADER}{body}"))])
}

/// What tidy says about one test of the edge, after a header of one line.
fn said_of_test(body: &str) -> Vec<String> {
    said(&[("crates/edge/tests/it/a.rs", &format!("{HEADER}{body}"))])
}
