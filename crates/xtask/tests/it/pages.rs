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
fn a_limit_has_its_line_and_a_key_too() {
    let keys = "pub(super) const KEYS: &[&str] = &[\n    \"ebb_max\",\n    \"name\",\n];\nconst MORE_KEYS: &[&str] = &[\"moon\"];\nconst OTHER: &str = \"flood_max\";\n";
    let source = format!("{HEADER}{keys}");
    let source = ("crates/model/src/a.rs", source.as_str());
    let all = ("docs/configuration.md", "`ebb_max` `name` `moon`\n");
    assert_eq!(said(&[all, source]), ["page crates/model/src/a.rs:3"]);
    let limits = ("docs/limits.md", "| `ebb_max` |\n");
    assert_eq!(said(&[all, limits, source]), [] as [&str; 0]);
    let some = ("docs/configuration.md", "`ebb_max`\n");
    assert_eq!(
        said(&[some, limits, source]),
        ["page crates/model/src/a.rs:4", "page crates/model/src/a.rs:6"]
    );
}

#[test]
fn a_reason_not_to_store_has_its_line() {
    let source = format!(
        "{HEADER}fn a() {{\n    match b {{\n        NotStored::Tide => \"high-tide\",\n        _ => \"ebb\",\n    }}\n}}\n"
    );
    let source = ("crates/edge/src/a.rs", source.as_str());
    assert_eq!(said(&[source]), ["page crates/edge/src/a.rs:4"]);
    assert_eq!(said(&[("docs/caching.md", "| `high-tide` |\n"), source]), [] as [&str; 0]);
}
