//! Which files hold sites: the node file's paths, folders and patterns, looked up anew at each reload.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Most site files that one node reads.
const FILES_MAX: usize = 10_000;

/// A path, a folder (all its `*.toml`) or a pattern whose last part has `*` or `?`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct SitePattern {
    folder: PathBuf,
    /// `None`: `folder` is the path itself, whatever it is.
    name: Option<String>,
}

/// Why a pattern finds nothing.
#[derive(Debug)]
pub(crate) enum DiscoverError {
    /// The path or folder cannot be read.
    Unreadable(PathBuf, io::Error),
    /// A wildcard stands in a folder's name.
    WildcardInFolder(String),
    /// More than 10,000 files.
    TooMany(PathBuf),
}

impl fmt::Display for DiscoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DiscoverError::Unreadable(path, error) => write!(f, "cannot read {}: {error}", path.display()),
            DiscoverError::WildcardInFolder(pattern) => {
                write!(f, "`{pattern}` has a wildcard in a folder's name; only the last part may have one")
            }
            DiscoverError::TooMany(folder) => {
                write!(f, "{} holds more than {FILES_MAX} site files", folder.display())
            }
        }
    }
}

impl DiscoverError {
    /// A few words to stand beside the text.
    pub(crate) fn label(&self) -> &'static str {
        match self {
            DiscoverError::Unreadable(_, error) if error.kind() == io::ErrorKind::NotFound => "not there",
            DiscoverError::Unreadable(..) => "not readable",
            DiscoverError::WildcardInFolder(_) => "not possible here",
            DiscoverError::TooMany(_) => "too many",
        }
    }

    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            DiscoverError::Unreadable(..) => {
                "paths begin at the node file's folder; a pattern, as in \"sites/*.toml\", may find nothing"
            }
            DiscoverError::WildcardInFolder(_) => "name each folder",
            DiscoverError::TooMany(_) => "divide them among several nodes",
        }
    }
}

impl SitePattern {
    /// `pattern` as the node file writes it, relative to the node file's folder.
    pub(crate) fn new(base: &Path, pattern: &str) -> Result<SitePattern, DiscoverError> {
        let path = base.join(pattern);
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let folder = path.parent().unwrap_or(Path::new("/")).to_owned();
        if folder.to_str().is_some_and(is_wild) && is_wild(pattern) {
            return Err(DiscoverError::WildcardInFolder(pattern.to_owned()));
        }
        Ok(if is_wild(&name) {
            SitePattern { folder, name: Some(name) }
        } else {
            SitePattern { folder: path, name: None }
        })
    }

    /// The files that there are now, sorted. A pattern may match none; a path must exist.
    pub(crate) fn files(&self) -> Result<Vec<PathBuf>, DiscoverError> {
        let unreadable = |error| DiscoverError::Unreadable(self.folder.clone(), error);
        let name = match &self.name {
            Some(name) => name.as_str(),
            None if fs::metadata(&self.folder).map_err(unreadable)?.is_dir() => "*.toml",
            None => return Ok(vec![self.folder.clone()]),
        };
        let mut files = Vec::new();
        // `*.toml` of a node file in the current folder stands in no folder by name.
        let here = self.folder.as_os_str().is_empty();
        let folder = if here { Path::new(".") } else { &self.folder };
        for entry in fs::read_dir(folder).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let found = entry.file_name();
            // Hidden files are editors' and packagers' left-overs.
            let Some(found) = found.to_str().filter(|found| !found.starts_with('.')) else { continue };
            if matches(name.as_bytes(), found.as_bytes()) && entry.path().is_file() {
                files.push(self.folder.join(found));
            }
            if files.len() > FILES_MAX {
                return Err(DiscoverError::TooMany(self.folder.clone()));
            }
        }
        files.sort();
        Ok(files)
    }
}

fn is_wild(text: &str) -> bool {
    text.contains(['*', '?'])
}

/// The files of all patterns, each once, in the patterns' order; and what could not be looked up.
pub(super) fn discover(patterns: &[SitePattern]) -> (Vec<PathBuf>, Vec<DiscoverError>) {
    let (mut files, mut errors) = (Vec::new(), Vec::new());
    for pattern in patterns {
        match pattern.files() {
            Ok(found) => found.into_iter().for_each(|file| {
                if !files.contains(&file) {
                    files.push(file);
                }
            }),
            Err(error) => errors.push(error),
        }
    }
    (files, errors)
}

/// Whether `text` matches `pattern`, in which `*` stands for any characters and `?` for one. Linear but
/// for going back to the last `*`.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut last_star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                last_star = Some((p, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match &mut last_star {
                Some((star, taken)) => {
                    *taken += 1;
                    (p, t) = (*star + 1, *taken);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wildcards_stand_for_characters_of_the_name() {
        for (pattern, text, expected) in [
            ("*.toml", "shop.toml", true),
            ("*.toml", ".toml", true),
            ("*.toml", "shop.toml.bak", false),
            ("a*b*c", "axxbyybc", true),
            ("a*b*c", "axxbyyb", false),
            ("?.toml", "ab.toml", false),
            ("*", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn folders_paths_and_patterns_find_their_files_once_and_say_what_is_missing() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for name in ["b.toml", "a.toml", "a.toml~", ".hidden.toml"] {
            fs::write(folder.path().join(name), "").expect("a file");
        }
        let pattern = |text: &str| SitePattern::new(folder.path(), text).expect("a good pattern");
        let (files, errors) =
            discover(&[pattern("b.toml"), pattern(""), pattern("*.toml"), pattern("none.toml")]);
        let names: Vec<_> = files.iter().filter_map(|file| file.file_name()?.to_str()).collect();
        assert_eq!(names, ["b.toml", "a.toml"]);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].to_string().contains("none.toml"));
        assert!(SitePattern::new(folder.path(), "*/a.toml").is_err());
    }
}
