//! The list of exceptions.

use super::said;

fn with_exception(exception: &str, source: &str) -> Vec<String> {
    said(&[("crates/xtask/exceptions.toml", exception), ("crates/edge/src/a.rs", source)])
}

const EXCEPTION: &str = "[[exception]]\ncheck = \"header\"\npath = \"crates/edge/src/a.rs\"\n";

#[test]
fn an_exception_with_a_reason_stands() {
    let exception = format!("{EXCEPTION}reason = \"written by another program\"\n");
    assert_eq!(with_exception(&exception, "fn a() {}\n"), [] as [&str; 0]);
}

#[test]
fn an_exception_without_a_reason_does_not() {
    let said = with_exception(&format!("{EXCEPTION}reason = \"\"\n"), "fn a() {}\n");
    assert_eq!(said, ["exception crates/xtask/exceptions.toml:1"]);
    let said = with_exception(EXCEPTION, "fn a() {}\n");
    assert_eq!(said, ["header crates/edge/src/a.rs:1", "exception crates/xtask/exceptions.toml:1"]);
}

#[test]
fn an_exception_that_nothing_needs_is_found() {
    let exception = format!("{EXCEPTION}reason = \"written by another program\"\n");
    let said = with_exception(&exception, "//! A fixture of the tidy checks.\n");
    assert_eq!(said, ["exception crates/xtask/exceptions.toml:1"]);
}
