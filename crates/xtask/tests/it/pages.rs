//! Pages that name files.

use super::{HEADER, said};

#[test]
fn a_page_names_files_that_are_there() {
    let source = ("crates/edge/src/a.rs", HEADER);
    let good =
        "`crates/edge/src/a.rs`, `crates/edge/`, `crates/X/src`, `scripts/*`, docs/none.md, `make test`\n";
    assert_eq!(said(&[("README.md", good), source]), [] as [&str; 0]);
    assert_eq!(said(&[("README.md", "\n`docs/none.md`\n"), source]), ["page README.md:2"]);
    assert_eq!(said(&[("README.md", "`scripts/none run`\n"), source]), ["page README.md:1"]);
}

#[test]
fn a_metric_has_its_line() {
    let source =
        format!("{HEADER}fn a() {{ page.family(\"littoral_tides_total\", Counter, \"Tides.\"); }}\n");
    let source = ("crates/edge/src/a.rs", source.as_str());
    assert_eq!(said(&[source]), ["page crates/edge/src/a.rs:2"]);
    assert_eq!(said(&[("docs/metrics.md", "| `littoral_tides_total` |\n"), source]), [] as [&str; 0]);
}

#[test]
fn a_limit_has_its_line() {
    let keys = "pub(super) const KEYS: &[&str] = &[\n    \"ebb_max\",\n    \"name\",\n];\nconst OTHER: &str = \"flood_max\";\n";
    let source = format!("{HEADER}{keys}");
    let source = ("crates/model/src/a.rs", source.as_str());
    assert_eq!(said(&[source]), ["page crates/model/src/a.rs:3"]);
    assert_eq!(said(&[("docs/limits.md", "| `ebb_max` |\n"), source]), [] as [&str; 0]);
}
