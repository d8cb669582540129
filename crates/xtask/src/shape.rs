//! The shape of a source file: its header, its length, what it leaves unfinished, what it allows itself.

use crate::finding::{Check, Finding};
use crate::lexer::{Source, words};

/// Lines of a file; 120 to 300 read well, and over 500 wants a good reason.
pub const FILE_LINES_MAX: usize = 700;
/// Shortest header that can say what a file is. Bytes.
const HEADER_BYTES_MIN: usize = 20;

/// Judges one Rust file.
pub fn check(source: &Source<'_>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(check_header(source));
    findings.extend(check_length(source));
    findings.extend(check_unfinished(source));
    findings.extend(check_unsafe(source));
    findings.extend(check_test_binary(source));
    findings
}

fn check_header(source: &Source<'_>) -> Option<Finding> {
    let first = source.file.text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let header = first.strip_prefix("//!").map(str::trim);
    if header.is_some_and(|text| text.len() >= HEADER_BYTES_MIN) {
        return None;
    }
    let message = if header.is_some() { "the header says nothing" } else { "no `//!` header at the top" };
    let remedy = "begin the file with `//!`: what it is, where it stands on the path, what it does not do";
    Some(Finding::new(Check::Header, &source.file.path, 1, message, remedy))
}

fn check_length(source: &Source<'_>) -> Option<Finding> {
    let lines = source.file.text.lines().count();
    (lines > FILE_LINES_MAX).then(|| {
        let remedy = "divide it where its subject divides, or list it with the reason in exceptions.toml";
        let message = format!("{lines} lines, over {FILE_LINES_MAX}");
        Finding::new(Check::FileLength, &source.file.path, FILE_LINES_MAX, message, remedy)
    })
}

fn check_unfinished(source: &Source<'_>) -> Vec<Finding> {
    let find = |index: usize, what: &str| {
        let remedy = "finish it, or leave it out and say so in the changelog or the documentation";
        Finding::new(Check::Unfinished, &source.file.path, index + 1, format!("`{what}`"), remedy)
    };
    let mut findings = Vec::new();
    for (index, line) in source.code.lines().enumerate() {
        for word in words(line).filter(|word| word.after.starts_with('!')) {
            if matches!(word.text, "todo" | "unimplemented") {
                findings.push(find(index, word.text));
            }
        }
    }
    for (index, line) in source.comments.lines().enumerate() {
        for word in words(line).filter(|word| matches!(word.text, "FIXME" | "TODO" | "XXX" | "HACK")) {
            findings.push(find(index, word.text));
        }
        let said = line.trim().trim_start_matches(['/', '!', '*', ' ']).to_ascii_lowercase();
        if said.starts_with("under construction") {
            findings.push(find(index, "under construction"));
        }
    }
    findings
}

/// The lint forbids `unsafe`; where a crate allows it, the reason stands in the attribute or just above.
fn check_unsafe(source: &Source<'_>) -> Vec<Finding> {
    let code: Vec<&str> = source.code.lines().collect();
    let comments: Vec<&str> = source.comments.lines().collect();
    let unexplained = |&(index, line): &(usize, &&str)| {
        let allows = line.contains("allow(") || line.contains("expect(");
        let mentions = words(line).any(|word| word.text == "unsafe_code");
        let explains = |index: usize| {
            let comment = comments.get(index).map_or("", |line| line.trim());
            !comment.is_empty() && !comment.starts_with("//!")
        };
        let reason =
            line.contains("reason =") || explains(index) || index.checked_sub(1).is_some_and(explains);
        allows && mentions && !reason
    };
    let find = |(index, _)| {
        let remedy =
            "write `reason = \"…\"` in the attribute: why safe code cannot do it, and what keeps it sound";
        let message = "`unsafe_code` is allowed without a reason";
        Finding::new(Check::UnsafeReason, &source.file.path, index + 1, message, remedy)
    };
    code.iter().enumerate().filter(unexplained).map(find).collect()
}

/// One test binary per crate: `tests/it/main.rs`. Each further one is linked apart, which costs minutes.
fn check_test_binary(source: &Source<'_>) -> Option<Finding> {
    let folder = source.file.crate_folder()?;
    let inside = source.file.path.strip_prefix(&format!("crates/{folder}/tests/"))?;
    (!inside.starts_with("it/")).then(|| {
        let remedy = "make it a module of tests/it/main.rs";
        Finding::new(Check::TestBinary, &source.file.path, 1, "a second test binary in this crate", remedy)
    })
}
