//! A table of mistakes: each `mistakes/NAME.toml` beside `mistakes/NAME.txt`, all that is said about it.
//! Files whose name begins with `node-` are node files.
//!
//! `LITTORAL_REGENERATE=1 cargo test -p littoral-policy` writes the texts anew; look at the difference before it
//! is committed.

use crate::fixtures::Folder;
use littoral_model::{Mistake, parse_node, render_all};
use littoral_policy::{SiteIds, read_site};
use std::fs;
use std::path::{Path, PathBuf};

/// What the table holds at least.
const CASES_MIN: usize = 360;

#[test]
fn every_mistake_gets_its_message() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mistakes");
    let regenerate = std::env::var_os("LITTORAL_REGENERATE").is_some();
    let cases = cases(&folder);
    assert!(cases.len() >= CASES_MIN, "only {} cases", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let source = fs::read_to_string(case).unwrap();
        let said = say(case, &source);
        let expected = case.with_extension("txt");
        if regenerate {
            fs::write(&expected, &said).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", case.display()));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn say(case: &Path, source: &str) -> String {
    let name = case.file_name().unwrap().to_str().unwrap();
    let mistakes = if name.starts_with("node-") {
        parse_node(source, name).1
    } else {
        match read_site(source, name, &Folder, |_| SiteIds::default()) {
            Ok((_, warnings)) => warnings,
            Err(mistakes) => mistakes,
        }
    };
    assert!(!mistakes.is_empty(), "{name}: nothing is wrong with it");
    assert!(mistakes.iter().all(is_one_line), "{name}: a message of several lines");
    render_all(&mistakes, source)
}

fn is_one_line(mistake: &Mistake) -> bool {
    let hint = mistake.hint.as_deref().unwrap_or_default();
    ![mistake.message.as_str(), &mistake.label, hint].iter().any(|text| text.contains('\n'))
}

fn cases(folder: &Path) -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .collect();
    cases.sort();
    cases
}
