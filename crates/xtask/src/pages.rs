//! Pages that speak of the project: each path that a page gives in backticks is there, and each metric that the
//! code exposes has its line in `docs/metrics.md`, as each limit of a file has in `docs/limits.md`, each key in
//! `docs/configuration.md` and each reason not to store in `docs/caching.md`.
//!
//! Judged of paths are Markdown files and paths that begin with a folder of the workspace; patterns and placeholders
//! (`fuzz/corpus/TARGET`) are not.

use crate::finding::{Check, Finding};
use crate::workspace::Workspace;
use std::collections::BTreeSet;

/// Folders at the root that pages speak of.
const FOLDERS: &[&str] = &["bench/", "crates/", "docs/", "examples/", "fuzz/", "scripts/", "tests/"];

/// The page of metrics.
const METRICS_PAGE: &str = "docs/metrics.md";
/// The page of limits.
const LIMITS_PAGE: &str = "docs/limits.md";
/// The page of the files' keys.
const KEYS_PAGE: &str = "docs/configuration.md";
/// The page of reasons not to store.
const CACHING_PAGE: &str = "docs/caching.md";

/// Judges every page.
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = check_paths(workspace);
    findings.extend(check_metrics(workspace));
    findings.extend(check_limits(workspace));
    findings.extend(check_keys(workspace));
    findings.extend(check_reasons(workspace));
    findings
}

/// A metric is a `.family("littoral_…"` or a literal in a list that becomes one: any literal that begins so, in a
/// file that renders families.
fn check_metrics(workspace: &Workspace) -> Vec<Finding> {
    let page = workspace.file(METRICS_PAGE).map(|page| page.text.as_str()).unwrap_or_default();
    let shipped =
        |path: &str| path.starts_with("crates/") && path.contains("/src/") && !path.contains("/xtask/");
    let renders =
        workspace.files.iter().filter(|f| f.is_rust() && shipped(&f.path) && f.text.contains(".family("));
    let mut findings = Vec::new();
    for file in renders {
        let product = file.text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
        for (index, line) in product.lines().enumerate() {
            let names = line.split('"').skip(1).step_by(2).filter(|text| text.starts_with("littoral_"));
            for name in names.filter(|name| !page.contains(&format!("`{name}`"))) {
                let message = format!("the metric `{name}` is not described");
                let remedy = format!("give it a line in {METRICS_PAGE}: the question that it answers");
                findings.push(Finding::new(Check::Page, &file.path, index + 1, message, remedy));
            }
        }
    }
    findings
}

/// A limit is a member of a `KEYS` list in `model` that is named like one; bounds of a lifetime are policy.
fn check_limits(workspace: &Workspace) -> Vec<Finding> {
    let page = workspace.file(LIMITS_PAGE).map(|page| page.text.as_str()).unwrap_or_default();
    let is_limit = |key: &str| {
        ["_max", "_min", "_timeout"].iter().any(|end| key.ends_with(end)) && !key.starts_with("lifetime")
    };
    let mut findings = Vec::new();
    for (path, line, key) in keys(workspace).filter(|(_, _, key)| is_limit(key)) {
        if !page.contains(&format!("{key}`")) {
            let remedy = format!("give it a line in {LIMITS_PAGE}: default, bounds, what happens there");
            findings.push(Finding::new(
                Check::Page,
                path,
                line,
                format!("the limit `{key}` is not described"),
                remedy,
            ));
        }
    }
    findings
}

/// Each member of a `KEYS` list in `model` stands in backticks.
fn check_keys(workspace: &Workspace) -> Vec<Finding> {
    let page = workspace.file(KEYS_PAGE).map(|page| page.text.as_str()).unwrap_or_default();
    let absent = keys(workspace).filter(|(_, _, key)| !page.contains(&format!("`{key}`")));
    let find = |(path, line, key): (&str, usize, &str)| {
        let remedy = format!("give it a line in {KEYS_PAGE}: default, what it does");
        Finding::new(Check::Page, path, line, format!("the key `{key}` is not described"), remedy)
    };
    absent.map(find).collect()
}

/// The members of all lists in `model` whose names end in `KEYS`, with file and line.
fn keys(workspace: &Workspace) -> impl Iterator<Item = (&str, usize, &str)> {
    let files = workspace.files.iter().filter(|f| f.is_rust() && f.path.starts_with("crates/model/src/"));
    files.flat_map(|file| {
        let mut listed = false;
        let lines = file.text.lines().enumerate().filter(move |(_, line)| {
            let here = listed || line.contains("KEYS: &[&str]");
            listed = here && !line.ends_with("];");
            here
        });
        lines.flat_map(move |(index, line)| {
            line.split('"').skip(1).step_by(2).map(move |key| (file.path.as_str(), index + 1, key))
        })
    })
}

/// A reason is what a `NotStored::…` or `NotKept::…` of shipped code has as its name.
fn check_reasons(workspace: &Workspace) -> Vec<Finding> {
    let page = workspace.file(CACHING_PAGE).map(|page| page.text.as_str()).unwrap_or_default();
    let shipped = workspace
        .files
        .iter()
        .filter(|f| f.is_rust() && f.path.contains("/src/") && !f.path.contains("/xtask/"));
    let mut findings = Vec::new();
    for file in shipped {
        for (index, line) in file.text.lines().enumerate() {
            let is_name = ["NotStored::", "NotKept::"].iter().any(|kind| line.trim_start().starts_with(kind));
            let Some((_, name)) = line.split_once("=> \"").filter(|_| is_name) else { continue };
            let name = name.split('"').next().unwrap_or_default();
            if !page.contains(&format!("`{name}`")) {
                let remedy = format!("give it a line in {CACHING_PAGE}: when it is the reason");
                let message = format!("the reason `{name}` is not described");
                findings.push(Finding::new(Check::Page, &file.path, index + 1, message, remedy));
            }
        }
    }
    findings
}

fn check_paths(workspace: &Workspace) -> Vec<Finding> {
    let known = paths(workspace);
    let pages = workspace.files.iter().filter(|file| file.path.ends_with(".md"));
    pages
        .flat_map(|page| {
            let lines = page.text.lines().enumerate();
            lines
                .flat_map(|(index, line)| named(line).map(move |path| (index, path)))
                .map(move |named| (page, named))
        })
        .filter(|(_, (_, path))| !known.contains(path.trim_end_matches('/')))
        .map(|(page, (index, path))| {
            let message = format!("`{path}` is not there");
            Finding::new(Check::Page, &page.path, index + 1, message, "name the file that is, or make it")
        })
        .collect()
}

/// Every file and every folder that holds one.
fn paths(workspace: &Workspace) -> BTreeSet<&str> {
    let of =
        |path| std::iter::successors(Some(path), |path: &&str| path.rsplit_once('/').map(|(above, _)| above));
    workspace.files.iter().flat_map(|file| of(file.path.as_str())).collect()
}

/// The paths in backticks of one line. What follows a blank is an argument.
fn named(line: &str) -> impl Iterator<Item = &str> {
    let quoted = line.split('`').skip(1).step_by(2);
    let paths = quoted.filter_map(|text| text.split_whitespace().next());
    paths.filter(|path| {
        let plain = path.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "/._-".contains(c));
        // Inside a crate, `tests/it/` is that crate's; what is made by running is not there yet.
        let elsewhere =
            path.starts_with("tests/it/") || path.contains("/corpus/") || path.starts_with("fuzz/found");
        plain && !elsewhere && FOLDERS.iter().any(|folder| path.starts_with(folder))
    })
}
