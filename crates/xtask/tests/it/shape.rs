//! Headers, length, unfinished work, reasons.

use super::{HEADER, said, said_of_source};

const NOTHING: [&str; 0] = [];

#[test]
fn a_file_begins_with_its_header() {
    let path = "crates/edge/src/a.rs";
    assert_eq!(said(&[(path, "fn a() {}\n")]), ["header crates/edge/src/a.rs:1"]);
    assert_eq!(said(&[(path, "//! Edge.\nfn a() {}\n")]), ["header crates/edge/src/a.rs:1"]);
    assert_eq!(said(&[("fuzz/fuzz_targets/a.rs", "#![no_main]\n")]), ["header fuzz/fuzz_targets/a.rs:1"]);
    assert_eq!(said(&[(path, &format!("\n{HEADER}fn a() {{}}\n"))]), NOTHING);
}

#[test]
fn a_file_has_an_end() {
    assert_eq!(said_of_source(&"\n".repeat(699)), NOTHING);
    assert_eq!(said_of_source(&"\n".repeat(700)), ["file-length crates/edge/src/a.rs:700"]);
}

#[test]
fn nothing_is_left_unfinished() {
    for body in [
        "fn a() { todo!() }",
        "fn a() { unimplemented!() }",
        "// FIXME",
        "/* TODO: later */",
        "// Under construction.",
    ] {
        assert_eq!(said_of_source(body), ["unfinished crates/edge/src/a.rs:2"], "{body}");
    }
    assert_eq!(said_of_source("let todo = \"FIXME todo!()\";"), NOTHING);
}

#[test]
fn unsafe_code_is_allowed_with_a_reason() {
    assert_eq!(said_of_source("#![allow(unsafe_code)]"), ["unsafe-reason crates/edge/src/a.rs:2"]);
    assert_eq!(said_of_source("#![allow(unsafe_code, reason = \"writev\")]"), NOTHING);
    assert_eq!(said_of_source("#![allow(unsafe_code)] // writev takes raw pointers"), NOTHING);
}

#[test]
fn a_crate_has_one_test_binary() {
    assert_eq!(said(&[("crates/edge/tests/a.rs", HEADER)]), ["test-binary crates/edge/tests/a.rs:1"]);
    assert_eq!(said(&[("crates/edge/tests/it/a.rs", HEADER)]), NOTHING);
}
