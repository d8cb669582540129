//! Edges between crates, and the form of manifests.

use super::said;

/// A manifest of the house's form, with `dependencies` from line 6 on.
fn manifest(package: &str, dependencies: &str) -> String {
    format!("[package]\nname = \"{package}\"\n[lints]\nworkspace = true\n{dependencies}\n")
}

fn edge(folder: &str, dependencies: &str) -> Vec<String> {
    let package = if folder == "littoral" { folder.to_owned() } else { format!("littoral-{folder}") };
    said(&[(&format!("crates/{folder}/Cargo.toml"), &manifest(&package, dependencies))])
}

#[test]
fn lower_floors_may_be_depended_on() {
    let none: [String; 0] = [];
    assert_eq!(
        edge("edge", "[dependencies]\nlittoral-cache.workspace = true\nlittoral-h1.workspace = true"),
        none
    );
    assert_eq!(
        edge("littoral", "[dependencies]\nlittoral-edge.workspace = true\nlittoral-dns.workspace = true"),
        none
    );
    assert_eq!(edge("cache", "[dev-dependencies]\nlittoral-testbed.workspace = true"), none);
    assert_eq!(edge("testbed", "[dependencies]\nlittoral-edge.workspace = true"), none);
}

#[test]
fn higher_floors_and_the_own_floor_may_not() {
    let forbidden = [
        ("cache", "littoral-edge"),
        ("policy", "littoral-runtime"),
        ("h1", "littoral-http-caching"),
        ("model", "littoral-policy"),
        ("edge", "littoral"),
        ("cache", "littoral-releases"),
    ];
    for (from, to) in forbidden {
        let said = edge(from, &format!("[dependencies]\n{to}.workspace = true"));
        assert_eq!(said, [format!("crate-edge crates/{from}/Cargo.toml:6")], "{from} -> {to}");
    }
}

#[test]
fn roles_may_not_import_roles() {
    assert_eq!(
        edge("dns", "[dependencies]\nlittoral-edge.workspace = true"),
        ["crate-edge crates/dns/Cargo.toml:6"]
    );
}

#[test]
fn an_edge_behind_another_name_or_a_target_is_seen() {
    let renamed = "[dependencies]\nother = { workspace = true, package = \"littoral-edge\" }";
    assert_eq!(edge("cache", renamed), ["crate-edge crates/cache/Cargo.toml:6"]);
    let target = "[target.'cfg(unix)'.dependencies]\nlittoral-edge.workspace = true";
    assert_eq!(edge("cache", target), ["crate-edge crates/cache/Cargo.toml:6"]);
    let build = "[build-dependencies]\nlittoral-edge.workspace = true";
    assert_eq!(edge("cache", build), ["crate-edge crates/cache/Cargo.toml:6"]);
}

#[test]
fn the_testbed_may_not_ship() {
    assert_eq!(
        edge("edge", "[dependencies]\nlittoral-testbed.workspace = true"),
        ["crate-edge crates/edge/Cargo.toml:6"]
    );
}

#[test]
fn xtask_stands_apart() {
    assert_eq!(
        edge("xtask", "[dependencies]\nlittoral-model.workspace = true"),
        ["crate-edge crates/xtask/Cargo.toml:6"]
    );
    assert_eq!(
        edge("edge", "[dev-dependencies]\nlittoral-xtask.workspace = true"),
        ["crate-edge crates/edge/Cargo.toml:6"]
    );
}

#[test]
fn the_ground_floor_takes_no_async_runtime() {
    assert_eq!(edge("h1", "[dependencies]\ntokio.workspace = true"), ["crate-edge crates/h1/Cargo.toml:6"]);
    assert_eq!(edge("edge", "[dependencies]\ntokio.workspace = true"), [] as [&str; 0]);
}

#[test]
fn a_chain_of_six_is_too_long() {
    let chain = [
        "littoral",
        "littoral-edge",
        "littoral-cache",
        "littoral-policy",
        "littoral-rules",
        "littoral-model",
    ];
    let files: Vec<(String, String)> = chain
        .iter()
        .enumerate()
        .map(|(index, package)| {
            let folder = package.trim_start_matches("littoral-");
            let next = chain.get(index + 1).map(|next| format!("[dependencies]\n{next}.workspace = true"));
            (format!("crates/{folder}/Cargo.toml"), manifest(package, &next.unwrap_or_default()))
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let said = said(&files);
    assert!(said.contains(&"crate-edge crates/littoral/Cargo.toml:1".to_owned()), "{said:?}");
}

#[test]
fn a_crate_without_a_floor_is_refused() {
    assert_eq!(edge("networking", ""), ["manifest crates/networking/Cargo.toml:1"]);
}

#[test]
fn a_package_is_named_after_its_folder() {
    let text = manifest("edge", "");
    assert_eq!(said(&[("crates/edge/Cargo.toml", &text)]), ["manifest crates/edge/Cargo.toml:1"]);
}

#[test]
fn versions_and_lints_come_from_the_workspace() {
    assert_eq!(edge("edge", "[dependencies]\nbytes = \"1\""), ["manifest crates/edge/Cargo.toml:6"]);
    let text = "[package]\nname = \"littoral-edge\"\n";
    assert_eq!(said(&[("crates/edge/Cargo.toml", text)]), ["manifest crates/edge/Cargo.toml:1"]);
    assert_eq!(said(&[("crates/edge/Cargo.toml", "[package")]), ["manifest crates/edge/Cargo.toml:1"]);
}

#[test]
fn the_ground_floor_knows_no_sockets_no_clock_and_no_async() {
    for body in ["fn a(s: TcpStream) {}", "fn a() { Instant::now(); }", "async fn a() {}"] {
        let text = format!("//! A fixture of the tidy checks.\n{body}\n");
        assert_eq!(said(&[("crates/h1/src/a.rs", &text)]), ["purity crates/h1/src/a.rs:2"], "{body}");
        assert_eq!(said(&[("crates/edge/src/a.rs", &text)]), [] as [&str; 0], "{body}");
    }
}
