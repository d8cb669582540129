//! The text files of the workspace, read once for all checks.
//!
//! Build products, fetched packages, fuzz inputs and files that are not text are left out.

use std::io;
use std::path::Path;

/// Folders that hold nothing written by hand.
const FOLDERS_SKIPPED: &[&str] = &["target", "node_modules", "corpus", "found", "artifacts", ".littoral"];
/// Larger files are data, not text written by hand. Bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// One text file.
#[derive(Clone, Debug)]
pub struct TextFile {
    /// Path from the workspace root, with `/`.
    pub path: String,
    /// Its content.
    pub text: String,
}

impl TextFile {
    /// Whether this is Rust source.
    pub fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// The folder under `crates/` in which this file stands.
    pub fn crate_folder(&self) -> Option<&str> {
        self.path.strip_prefix("crates/")?.split_once('/').map(|(folder, _)| folder)
    }
}

/// All text files, ordered by path.
#[derive(Clone, Debug, Default)]
pub struct Workspace {
    /// The files.
    pub files: Vec<TextFile>,
}

impl Workspace {
    /// A workspace that is nowhere on disk: pairs of path and text, for the tests of the checks.
    pub fn of(files: &[(&str, &str)]) -> Workspace {
        let file = |(path, text): &(&str, &str)| TextFile { path: (*path).into(), text: (*text).into() };
        Workspace { files: files.iter().map(file).collect() }
    }

    /// Reads the workspace at `root`.
    ///
    /// # Errors
    /// When a folder or file cannot be read.
    pub fn read(root: &Path) -> io::Result<Workspace> {
        let mut workspace = Workspace::default();
        workspace.read_folder(root, "")?;
        workspace.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(workspace)
    }

    /// The file at `path`.
    pub fn file(&self, path: &str) -> Option<&TextFile> {
        self.files.iter().find(|file| file.path == path)
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = if prefix.is_empty() { name.clone() } else { format!("{prefix}/{name}") };
            let kind = entry.file_type()?;
            // In a linked checkout `.git` is a file.
            if name == ".git" {
                continue;
            }
            if kind.is_dir() && !FOLDERS_SKIPPED.contains(&name.as_str()) {
                self.read_folder(&entry.path(), &path)?;
            } else if kind.is_file()
                && entry.metadata()?.len() <= FILE_BYTES_MAX
                && let Ok(text) = String::from_utf8(std::fs::read(entry.path())?)
            {
                self.files.push(TextFile { path, text });
            }
        }
        Ok(())
    }
}
