//! `littoral reload`: applies changed site files and says what became of each.

use std::process::ExitCode;

use hyper::Method;
use serde_json::Value;

use super::{failed, parsed, print_json};
use crate::cli::Reload;
use crate::client;
use crate::console::{self, Paint};
use crate::exit;

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
    let rows: Vec<Vec<String>> = files
        .iter()
        .map(|file| {
            ["file", "site", "outcome", "version"].map(|name| console::plain(name, &file[name])).to_vec()
        })
        .collect();
    if rows.is_empty() {
        console::say("this node runs without site files: there is nothing to reload");
    } else {
        console::say(console::table(Paint::for_stdout(), &["FILE", "SITE", "OUTCOME", "VERSION"], &rows));
    }
    for file in files {
        if let Some(mistakes) = file["mistakes"].as_str() {
            console::tell_raw(format_args!("\n{}", mistakes.trim_end()));
        }
    }
}
