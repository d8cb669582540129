//! The house plan: which crates there are, on which floor each stands, and what may depend on what.
//!
//! A crate depends only on lower floors; roles talk over the network and never import each other; the
//! lowest floor knows no sockets, no clock and no async runtime. Nothing else is judged here.

use crate::finding::{Check, Finding};
use crate::lexer::{Source, words};
use crate::manifest::{Edge, EdgeKind, Manifest};
use crate::workspace::Workspace;
use std::collections::BTreeMap;

/// Where a crate stands.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Floor {
    /// L0: pure; no sockets, no clock, no async runtime.
    Ground,
    /// L1: what every role receives.
    First,
    /// L2: the parts that roles are made of.
    Second,
    /// L3: the roles.
    Role,
    /// L4: the binary.
    Binary,
    /// Development only: nothing that ships depends on it.
    Dev,
}

/// Every crate of the house, also those not built yet. A crate that is not here has no place.
pub const HOUSE: &[(&str, Floor)] = &[
    ("model", Floor::Ground),
    ("ledger", Floor::Ground),
    ("rules", Floor::Ground),
    ("http-caching", Floor::Ground),
    ("forwarding", Floor::Ground),
    ("compression", Floor::Ground),
    ("h1", Floor::Ground),
    ("h2", Floor::Ground),
    ("runtime", Floor::First),
    ("policy", Floor::First),
    ("records", Floor::First),
    ("cache", Floor::Second),
    ("resolver", Floor::Second),
    ("certificates", Floor::Second),
    ("releases", Floor::Second),
    ("steering", Floor::Second),
    ("images", Floor::Second),
    ("link", Floor::Second),
    ("edge", Floor::Role),
    ("dns", Floor::Role),
    ("control", Floor::Role),
    ("anycast", Floor::Role),
    ("media", Floor::Role),
    ("simulate", Floor::Role),
    ("littoral", Floor::Binary),
    ("testbed", Floor::Dev),
    ("xtask", Floor::Dev),
];

/// Crates on the longest chain of dependencies, the binary included.
pub const CHAIN_CRATES_MAX: usize = 5;

/// Libraries that bring sockets, a clock or an async runtime, and so stay off the ground floor.
const IMPURE: &[&str] = &[
    "async-std",
    "futures",
    "futures-util",
    "hyper",
    "hyper-util",
    "mio",
    "quinn",
    "reqwest",
    "rustls",
    "smol",
    "socket2",
    "tokio",
    "tokio-rustls",
    "tokio-util",
];

/// Judges the manifests.
pub fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut manifests = Vec::new();
    for file in &workspace.files {
        match Manifest::parse(file) {
            Some(Ok(manifest)) => manifests.push(manifest),
            Some(Err(error)) => findings.push(Finding::new(
                Check::Manifest,
                &file.path,
                1,
                format!("this manifest is not TOML: {error}"),
                "repair it",
            )),
            None => {}
        }
    }
    for manifest in &manifests {
        findings.extend(check_form(manifest));
        if let Some(floor) = floor_of(&manifest.package) {
            findings.extend(manifest.edges.iter().filter_map(|edge| check_edge(manifest, floor, edge)));
        }
    }
    findings.extend(check_chain(&manifests));
    findings
}

/// Floor of the package, when it is one of ours.
fn floor_of(package: &str) -> Option<Floor> {
    HOUSE.iter().find(|(folder, _)| package_of(folder) == package).map(|&(_, floor)| floor)
}

fn package_of(folder: &str) -> String {
    if folder == "littoral" { folder.to_owned() } else { format!("littoral-{folder}") }
}

fn check_form(manifest: &Manifest) -> Vec<Finding> {
    let Manifest { path, folder, package, .. } = manifest;
    let mut findings = Vec::new();
    let mut find = |line, message: String, remedy: &str| {
        findings.push(Finding::new(Check::Manifest, path, line, message, remedy));
    };
    if !HOUSE.iter().any(|(known, _)| known == folder) {
        let remedy = "put its code where the house plan has it, or add the crate to ARCHITECTURE.md and to \
                      HOUSE in crates/xtask/src/floors.rs";
        find(1, format!("crate `{folder}` has no floor"), remedy);
    } else if *package != package_of(folder) {
        find(1, format!("package `{package}` stands in folder `{folder}`"), "name it littoral-FOLDER");
    }
    if !manifest.inherits_lints {
        find(1, "the workspace's lints do not apply".into(), "add `[lints]` with `workspace = true`");
    }
    for edge in manifest.edges.iter().filter(|edge| !edge.inherited) {
        let message = format!("`{}` is given a version or path of its own", edge.package);
        find(
            edge.line,
            message,
            "list it in the root's [workspace.dependencies] and write `.workspace = true`",
        );
    }
    findings
}

fn check_edge(manifest: &Manifest, floor: Floor, edge: &Edge) -> Option<Finding> {
    let (from, to) = (&manifest.package, &edge.package);
    let forbid = |message: String, remedy: &str| {
        Some(Finding::new(Check::CrateEdge, &manifest.path, edge.line, message, remedy))
    };
    let Some(floor_to) = floor_of(to) else {
        if floor == Floor::Ground && edge.kind != EdgeKind::Dev && IMPURE.contains(&to.as_str()) {
            let message = format!("ground-floor crate `{from}` depends on `{to}`");
            return forbid(message, "L0 knows no sockets, no clock, no async runtime: move that part up");
        }
        if to.starts_with("littoral") {
            return forbid(format!("`{to}` has no floor"), "see HOUSE in crates/xtask/src/floors.rs");
        }
        return None;
    };
    match (edge.kind, floor, floor_to) {
        _ if to == "littoral-xtask" || from == "littoral-xtask" => forbid(
            format!("`{from}` depends on `{to}`"),
            "xtask stands apart: it reads the house from outside",
        ),
        (EdgeKind::Dev, _, Floor::Dev) => None,
        (_, _, Floor::Dev) => {
            forbid(format!("`{from}` would ship `{to}`"), "only [dev-dependencies] may name the testbed")
        }
        (_, Floor::Role, Floor::Role) => {
            let remedy = "roles talk over the network, even inside one process; move what both need down";
            forbid(format!("role `{from}` imports role `{to}`"), remedy)
        }
        _ if floor_to >= floor => {
            let message = format!("`{from}` ({}) depends on `{to}` ({})", floor.as_str(), floor_to.as_str());
            forbid(message, "a crate depends only on lower floors: move what it needs down")
        }
        _ => None,
    }
}

impl Floor {
    fn as_str(self) -> &'static str {
        match self {
            Floor::Ground => "L0",
            Floor::First => "L1",
            Floor::Second => "L2",
            Floor::Role => "L3",
            Floor::Binary => "L4",
            Floor::Dev => "dev",
        }
    }
}

/// The longest chain of crates that ship, however the floors are numbered.
fn check_chain(manifests: &[Manifest]) -> Option<Finding> {
    let ships = |manifest: &&Manifest| floor_of(&manifest.package).is_none_or(|floor| floor != Floor::Dev);
    let by_package: BTreeMap<&str, &Manifest> =
        manifests.iter().filter(ships).map(|manifest| (manifest.package.as_str(), manifest)).collect();
    let longest =
        by_package.keys().map(|package| chain(&by_package, package, &mut Vec::new())).max_by_key(Vec::len)?;
    if longest.len() <= CHAIN_CRATES_MAX {
        return None;
    }
    let message = format!("a chain of {} crates: {}", longest.len(), longest.join(" -> "));
    let remedy = format!("at most {CHAIN_CRATES_MAX}: let one of them take what it needs as an argument");
    Some(Finding::new(Check::CrateEdge, &by_package[longest[0]].path, 1, message, remedy))
}

fn chain<'a>(
    by_package: &BTreeMap<&'a str, &'a Manifest>,
    package: &'a str,
    above: &mut Vec<&'a str>,
) -> Vec<&'a str> {
    above.push(package);
    let next = by_package[package].edges.iter().filter(|edge| edge.kind != EdgeKind::Dev);
    let below = next
        .filter_map(|edge| by_package.get_key_value(edge.package.as_str()))
        .filter(|(package, _)| !above.contains(package))
        .map(|(package, _)| *package)
        .collect::<Vec<_>>();
    let tail = below.into_iter().map(|package| chain(by_package, package, above)).max_by_key(Vec::len);
    above.pop();
    let mut chain = vec![package];
    chain.extend(tail.unwrap_or_default());
    chain
}

/// Judges the code of a ground-floor crate.
pub fn check_purity(source: &Source<'_>) -> Vec<Finding> {
    let ground = source.file.crate_folder().and_then(|folder| floor_of(&package_of(folder)));
    if ground != Some(Floor::Ground) || source.is_test_file() {
        return Vec::new();
    }
    let lines = source.code.lines().enumerate().filter(|(index, _)| !source.is_test_line(*index));
    lines
        .flat_map(|(index, line)| {
            words(line).filter_map(move |word| impurity(&word).map(|what| (index, what)))
        })
        .map(|(index, what)| {
            let remedy = "L0 is pure: take `now` and bytes as arguments, leave I/O to the caller";
            Finding::new(
                Check::Purity,
                &source.file.path,
                index + 1,
                format!("{what} on the ground floor"),
                remedy,
            )
        })
        .collect()
}

fn impurity(word: &crate::lexer::Word<'_>) -> Option<&'static str> {
    match word.text {
        "TcpStream" | "TcpListener" | "UdpSocket" | "UnixStream" | "UnixListener" => Some("a socket"),
        "now" if word.before.ends_with("Instant::") || word.before.ends_with("SystemTime::") => {
            Some("a clock")
        }
        "async" | "await" => Some("async code"),
        _ => None,
    }
}
