//! What tidy needs of a `Cargo.toml`.

use crate::workspace::TextFile;
use toml_edit::{Document, Item, Table};

/// In which table of the manifest a dependency stands.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum EdgeKind {
    /// `[dependencies]`, also those of one target.
    Normal,
    /// `[build-dependencies]`.
    Build,
    /// `[dev-dependencies]`.
    Dev,
}

/// One dependency.
#[derive(Clone, Debug)]
pub struct Edge {
    /// The package depended upon (not the name it is given here).
    pub package: String,
    /// Line, from 1.
    pub line: usize,
    /// Its table.
    pub kind: EdgeKind,
    /// Whether its version and source come from `[workspace.dependencies]`.
    pub inherited: bool,
}

/// A crate's manifest.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Path from the workspace root.
    pub path: String,
    /// Folder under `crates/`.
    pub folder: String,
    /// `package.name`.
    pub package: String,
    /// Whether it has `[lints] workspace = true`.
    pub inherits_lints: bool,
    /// All dependencies.
    pub edges: Vec<Edge>,
}

impl Manifest {
    /// Reads the manifest of a crate under `crates/`; `None` for any other file.
    pub fn parse(file: &TextFile) -> Option<Result<Manifest, String>> {
        let folder = file.path.strip_prefix("crates/")?.strip_suffix("/Cargo.toml")?;
        Some(Manifest::parse_text(file, folder))
    }

    fn parse_text(file: &TextFile, folder: &str) -> Result<Manifest, String> {
        let document = Document::parse(file.text.as_str()).map_err(|error| error.message().to_owned())?;
        let root = document.as_table();
        let name = root.get("package").and_then(|package| package.get("name")).and_then(Item::as_str);
        let lints = root.get("lints").and_then(|lints| lints.get("workspace")).and_then(Item::as_bool);
        let mut edges = edges_of(root, &file.text);
        if let Some(targets) = root.get("target").and_then(Item::as_table_like) {
            for table in targets.iter().filter_map(|(_, target)| target.as_table()) {
                edges.extend(edges_of(table, &file.text));
            }
        }
        Ok(Manifest {
            path: file.path.clone(),
            folder: folder.to_owned(),
            package: name.unwrap_or_default().to_owned(),
            inherits_lints: lints == Some(true),
            edges,
        })
    }
}

fn edges_of(table: &Table, text: &str) -> Vec<Edge> {
    let kinds = [
        ("dependencies", EdgeKind::Normal),
        ("build-dependencies", EdgeKind::Build),
        ("dev-dependencies", EdgeKind::Dev),
    ];
    let mut edges = Vec::new();
    for (key, kind) in kinds {
        let Some(dependencies) = table.get(key).and_then(Item::as_table_like) else { continue };
        for (name, item) in dependencies.iter() {
            let package = item.get("package").and_then(Item::as_str).unwrap_or(name).to_owned();
            let inherited = item.get("workspace").and_then(Item::as_bool) == Some(true);
            let start = dependencies.key(name).and_then(|key| key.span()).map_or(0, |span| span.start);
            edges.push(Edge { package, line: line_of(text, start), kind, inherited });
        }
    }
    edges
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes()[..offset.min(text.len())].iter().filter(|&&b| b == b'\n').count() + 1
}
