//! Names that say nothing, and words for which the glossary has a better one.
//!
//! Only names that the project gives are judged, not the names of what it calls: `value.ttl()` of another
//! library is not ours to rename.

use crate::finding::{Check, Finding};
use crate::lexer::{Source, Word, words};

/// Words that stand where a noun is missing.
const EMPTY: &[&str] = &["util", "utils", "common", "helper", "helpers", "manager", "misc"];

/// Words that the glossary replaces: parts of an identifier, and what to say.
const AVOIDED: &[(&[&str], &str)] = &[
    (&["backend"], "an origin is an `origin` or `origin_server`, several an `origin_group`"),
    (&["backends"], "origins are `origins`, ordered ones an `origin_group`"),
    (&["cache", "object"], "what the cache holds is a `stored_response`"),
    (&["cached", "object"], "what the cache holds is a `stored_response`"),
    (&["cached", "asset"], "what the cache holds is a `stored_response`"),
    (&["default", "ttl"], "say which time: `freshness_lifetime`, `lifetime_default`"),
    (&["min", "ttl"], "say which time: `freshness_lifetime`, `lifetime_min`"),
    (&["max", "ttl"], "say which time: `freshness_lifetime`, `lifetime_max`"),
    (&["ttl", "seconds"], "say which time: `freshness_lifetime`, `lifetime_seconds`"),
    (&["whitelist"], "say `allowed`"),
    (&["blacklist"], "say `refused`"),
];

/// Judges one Rust file, its path included.
pub fn check(source: &Source<'_>) -> Vec<Finding> {
    let mut findings: Vec<Finding> = check_path(source).into_iter().collect();
    for (index, line) in source.code.lines().enumerate() {
        let mut previous = "";
        for word in words(line) {
            let judged = judge(source, index, previous, &word);
            findings.extend(judged.map(|(message, remedy)| {
                Finding::new(Check::Name, &source.file.path, index + 1, message, remedy)
            }));
            previous = word.text;
        }
    }
    findings
}

fn check_path(source: &Source<'_>) -> Option<Finding> {
    let path = source.file.path.strip_suffix(".rs")?;
    let empty = path.split('/').find(|part| ends_empty(part))?;
    let remedy = "name it for what it holds: the noun is missing";
    Some(Finding::new(
        Check::Name,
        &source.file.path,
        1,
        format!("a file or folder called `{empty}`"),
        remedy,
    ))
}

fn judge(source: &Source<'_>, line: usize, previous: &str, word: &Word<'_>) -> Option<(String, String)> {
    let name = word.text;
    if matches!(previous, "mod" | "struct" | "enum" | "trait" | "type") && ends_empty(name) {
        return Some((format!("`{name}`"), "name it for what it holds: the noun is missing".into()));
    }
    if previous == "fn" && is_getter(name) && !source.is_test_line(line) && !is_client(source) {
        let bare = name.trim_start_matches("get_");
        return Some((format!("`fn {name}`"), format!("drop the prefix: `{bare}`")));
    }
    let ours = !word.before.ends_with('.') && !word.before.ends_with("::");
    let (_, remedy) = AVOIDED.iter().find(|(avoided, _)| contains(&parts(name), avoided)).filter(|_| ours)?;
    Some((format!("`{name}` is not a word of the glossary"), (*remedy).to_owned()))
}

/// `get_` that is not one of the forms known from the standard library.
fn is_getter(name: &str) -> bool {
    let forms = ["get_mut", "get_ref", "get_or_"];
    name.starts_with("get_") && !forms.iter().any(|form| name.starts_with(form))
}

/// In the testbed, `get` is the method of HTTP.
fn is_client(source: &Source<'_>) -> bool {
    source.file.path.starts_with("crates/testbed/")
}

fn ends_empty(name: &str) -> bool {
    parts(name).last().is_some_and(|part| EMPTY.contains(&part.as_str()))
}

fn contains(parts: &[String], wanted: &[&str]) -> bool {
    parts.windows(wanted.len()).any(|window| window == wanted)
}

/// The lower-case parts of a snake-case, kebab-case or camel-case name.
fn parts(name: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut previous_lower = false;
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && previous_lower;
        if begins || c == '_' || c == '-' {
            parts.push(String::new());
        }
        if c != '_' && c != '-' {
            parts.last_mut().expect("never empty").push(c.to_ascii_lowercase());
        }
        previous_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    parts.retain(|part| !part.is_empty());
    parts
}
