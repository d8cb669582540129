//! `littoral reload`: applies changed site files and says what became of each.

use std::process::ExitCode;

use hyper::Method;
use serde_json::Value;

use super::{failed, parsed, print_json};
use crate::cli::Reload;
use crate::client;
use crate::console::{self, Paint};
use crate::exit;

/// Most unchanged files that are listed.
const UNCHANGED_SHOWN_MAX: usize = 20;

/// Reloads and prints the report.
pub(crate) fn reload(arguments: &Reload) -> ExitCode {
    let answer = client::ask(&arguments.target, &Method::POST, "/v1/reload", None);
    let report = match answer.map_err(|error| failed(&error)).and_then(|body| parsed(&body)) {
        Ok(report) => report,
        Err(code) => return code,
    };
    if arguments.json {
        print_json(&report);
    } else {
        print(&report);
    }
    if report["refused"].as_u64() == Some(0) { ExitCode::SUCCESS } else { exit::REFUSED.into() }
}

fn print(report: &Value) {
    let files = report["files"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_unchanged = |file: &&Value| file["outcome"] == "unchanged";
    // Among many files, those are shown of which there is something to say.
    let many = files.iter().filter(is_unchanged).count() > UNCHANGED_SHOWN_MAX;
    let rows: Vec<Vec<String>> = files
        .iter()
        .filter(|file| !(many && is_unchanged(file)))
        .map(|file| {
            ["file", "site", "outcome", "version"].map(|name| console::plain(name, &file[name])).to_vec()
        })
        .collect();
    if files.is_empty() {
        console::say("this node runs without site files: there is nothing to reload");
    }
    if !rows.is_empty() {
        console::say(console::table(Paint::for_stdout(), &["FILE", "SITE", "OUTCOME", "VERSION"], &rows));
    }
    if files.len() > 1 {
        console::say(summary(files));
    }
    for note in report["notes"].as_array().map(Vec::as_slice).unwrap_or_default() {
        console::fail(console::plain("", note), None);
    }
    for file in files {
        if let Some(mistakes) = file["mistakes"].as_str() {
            console::tell_raw(format_args!("\n{}", mistakes.trim_end()));
        }
    }
}

/// `3 files: 1 applied, 2 unchanged`
fn summary(files: &[Value]) -> String {
    let outcomes = ["added", "applied", "removed", "refused", "unchanged"];
    let counts =
        outcomes.map(|outcome| (files.iter().filter(|file| file["outcome"] == outcome).count(), outcome));
    let said: Vec<String> =
        counts.iter().filter(|(n, _)| *n > 0).map(|(n, outcome)| format!("{n} {outcome}")).collect();
    format!("{}: {}", console::count(files.len(), "file"), said.join(", "))
}
