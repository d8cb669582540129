//! The workspace as it stands.

use littoral_xtask::{Workspace, tidy};
use std::path::Path;

#[test]
fn the_workspace_keeps_its_own_rules() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let workspace = Workspace::read(&root).expect("the workspace can be read");
    assert!(workspace.file("crates/xtask/src/lib.rs").is_some(), "these are not the files of the workspace");
    let findings: Vec<String> = tidy(&workspace).iter().map(ToString::to_string).collect();
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}

#[test]
fn a_message_names_file_line_and_remedy() {
    let source = "//! A fixture of the tidy checks.\nfn a() { todo!() }\n";
    let findings = tidy(&Workspace::of(&[("crates/edge/src/a.rs", source)]));
    let message = findings[0].to_string();
    assert!(message.starts_with("crates/edge/src/a.rs:2: "), "{message}");
    assert!(message.contains("remedy: "), "{message}");
}
