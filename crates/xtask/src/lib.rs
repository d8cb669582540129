//! Tidy: the rules of the house that neither the compiler nor clippy knows.
//!
//! Reads manifests and sources as text and says, with file, line and remedy, where they leave the house
//! plan: edges between crates, headers, names, tests, words. It does not build anything, resolves no
//! dependency and changes no file. The rules themselves are explained in `CONTRIBUTING.md`.

pub mod exceptions;
pub mod finding;
pub mod floors;
pub mod lexer;
pub mod manifest;
pub mod names;
pub mod pages;
pub mod shape;
pub mod tests_discipline;
pub mod words;
pub mod workspace;

pub use finding::{Check, Finding};
pub use workspace::{TextFile, Workspace};

/// Every finding of every check, less the listed exceptions, in the order of path and line.
pub fn tidy(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = floors::check(workspace);
    findings.extend(pages::check(workspace));
    for file in &workspace.files {
        findings.extend(words::check(file));
        if file.is_rust() {
            let source = lexer::Source::lex(file);
            findings.extend(shape::check(&source));
            findings.extend(names::check(&source));
            findings.extend(tests_discipline::check(&source));
            findings.extend(floors::check_purity(&source));
        }
    }
    let mut findings = exceptions::apply(workspace, findings);
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings
}
