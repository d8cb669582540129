//! The listed exceptions: findings that stand for a written reason.
//!
//! An exception names a check and a path in `crates/xtask/exceptions.toml`. One that no finding needs any
//! more is itself a finding, so that the list only holds what is true.

use crate::finding::{Check, Finding};
use crate::workspace::Workspace;
use toml_edit::{Document, Item};

/// Where the exceptions stand.
pub const PATH: &str = "crates/xtask/exceptions.toml";
/// Shortest reason that can be one. Bytes.
const REASON_BYTES_MIN: usize = 20;

struct Exception {
    check: String,
    path: String,
    reason: String,
    line: usize,
}

/// `findings` without those that are excepted, with those about the exceptions.
pub fn apply(workspace: &Workspace, mut findings: Vec<Finding>) -> Vec<Finding> {
    let Some(file) = workspace.file(PATH) else { return findings };
    let exceptions = match parse(&file.text) {
        Ok(exceptions) => exceptions,
        Err(error) => {
            let form = "one [[exception]] each, with `check`, `path` and `reason`";
            findings.push(Finding::new(Check::Exception, PATH, 1, error, form));
            return findings;
        }
    };
    for exception in exceptions {
        let before = findings.len();
        findings.retain(|f| !(f.check.as_str() == exception.check && f.path == exception.path));
        let Exception { check, path, reason, line } = exception;
        if findings.len() == before {
            let message = format!("nothing needs this exception: {check} at {path}");
            findings.push(Finding::new(Check::Exception, PATH, line, message, "remove it"));
        } else if reason.len() < REASON_BYTES_MIN {
            let message = format!("no reason for the exception: {check} at {path}");
            findings.push(Finding::new(Check::Exception, PATH, line, message, "say why it has to be so"));
        }
    }
    findings
}

fn parse(text: &str) -> Result<Vec<Exception>, String> {
    let document = Document::parse(text).map_err(|error| error.message().to_owned())?;
    let Some(entries) = document.as_table().get("exception") else { return Ok(Vec::new()) };
    let entries = entries.as_array_of_tables().ok_or("`exception` is not a list of tables")?;
    let entry = |table: &toml_edit::Table| {
        let value = |key: &str| {
            let value = table.get(key).and_then(Item::as_str);
            value.map(str::to_owned).ok_or_else(|| format!("an exception without `{key}`"))
        };
        let start = table.span().map_or(0, |span| span.start);
        let line = text[..start].matches('\n').count() + 1;
        Ok(Exception { check: value("check")?, path: value("path")?, reason: value("reason")?, line })
    };
    entries.iter().map(entry).collect()
}
