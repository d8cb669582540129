//! `cargo xtask tidy`: prints what the tidy checks found and fails when that is anything.
//!
//! Only the command line; the checks are in the library, so that tests can run them on fixtures.

use littoral_xtask::{Workspace, tidy};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tidy"] => run_tidy(&workspace_root()),
        ["tidy", root] => run_tidy(Path::new(root)),
        _ => {
            say(&mut std::io::stderr(), "usage: cargo xtask tidy [ROOT]\n");
            ExitCode::from(2)
        }
    }
}

fn run_tidy(root: &Path) -> ExitCode {
    let workspace = match Workspace::read(root) {
        Ok(workspace) => workspace,
        Err(error) => {
            say(&mut std::io::stderr(), &format!("tidy: cannot read {}: {error}\n", root.display()));
            return ExitCode::from(2);
        }
    };
    let findings = tidy(&workspace);
    for finding in &findings {
        say(&mut std::io::stderr(), &format!("{finding}\n"));
    }
    let files = workspace.files.len();
    if findings.is_empty() {
        say(&mut std::io::stdout(), &format!("tidy: {files} files, nothing to say\n"));
        ExitCode::SUCCESS
    } else {
        say(&mut std::io::stderr(), &format!("tidy: {files} files, {} findings\n", findings.len()));
        ExitCode::FAILURE
    }
}

fn workspace_root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Writes and does not care whether anybody still reads: a closed pipe is no failure of the checks.
fn say(to: &mut dyn Write, text: &str) {
    let _ = to.write_all(text.as_bytes());
}
