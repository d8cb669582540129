//! `littoral check`: every mistake in node and site files, with file, line, column and a hint.
//!
//! A node file brings the site files that it names. Nothing is started and nothing is asked over the
//! network.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use littoral_model::Mistake;
use littoral_policy::SiteIds;

use crate::cli::Check;
use crate::console::{self, Paint};
use crate::exit;
use crate::sites::{self, SiteBook, SitePattern, SiteSource};

/// What the files came to.
#[derive(Default)]
struct Tally {
    nodes: usize,
    sites: usize,
    errors: usize,
    warnings: usize,
    seen: HashSet<PathBuf>,
}

/// Checks the files and prints their mistakes.
pub(crate) fn check(arguments: &Check) -> ExitCode {
    let mut tally = Tally::default();
    for file in &arguments.files {
        tally.file(file);
    }
    let paint = Paint::for_stdout();
    let files = [(tally.nodes, "node file"), (tally.sites, "site file")];
    let files: Vec<String> =
        files.into_iter().filter(|(n, _)| *n > 0).map(|(n, noun)| console::count(n, noun)).collect();
    let files = if files.is_empty() { "nothing".to_owned() } else { files.join(" and ") };
    let warnings = match tally.warnings {
        0 => String::new(),
        n => format!(", {}", console::count(n, "warning")),
    };
    match tally.errors {
        0 => {
            console::say(format_args!("{}: {files} checked, no mistakes{warnings}", paint.green("ok")));
            ExitCode::SUCCESS
        }
        n => {
            let mistakes = console::count(n, "mistake");
            console::say(format_args!("{}: {files} checked, {mistakes}{warnings}", paint.red("not ok")));
            exit::REFUSED.into()
        }
    }
}

impl Tally {
    fn file(&mut self, file: &Path) {
        let text = match sites::read(file) {
            Ok(text) => text,
            Err(why) => return self.fail(&format!("cannot read {}: {why}", file.display())),
        };
        if is_node_file(&text) { self.node(file, &text) } else { self.site(file, &text) }
    }

    fn node(&mut self, file: &Path, text: &str) {
        self.nodes += 1;
        let (node, mistakes) = littoral_model::parse_node(text, &file.display().to_string());
        self.show(&mistakes, text);
        let Some(node) = node else { return };
        let base = file.parent().unwrap_or(Path::new(""));
        let mut patterns = Vec::new();
        for written in &node.sites {
            let found = SitePattern::new(base, &written.value)
                .and_then(|pattern| pattern.files().map(|files| (pattern, files)));
            match found {
                Ok((pattern, _)) => patterns.push(pattern),
                Err(error) => {
                    let message = format!("`sites` of the node: {error}");
                    let mistake = Mistake::at(&node.file, &written.span, message, error.label());
                    self.show(&[mistake.hint(error.hint())], text);
                }
            }
        }
        self.sites_of(file, patterns, node.sites.is_empty());
    }

    /// The sites of a node are judged together too: no two may claim the same host.
    fn sites_of(&mut self, node: &Path, patterns: Vec<SitePattern>, names_none: bool) {
        // What is not there has been told.
        if patterns.is_empty() && !names_none {
            return;
        }
        let mut book = SiteBook::new(SiteSource::Files(patterns));
        let (_, report) = book.reload();
        report.notes.iter().for_each(|note| self.fail(note));
        for file in &report.files {
            if !self.seen.insert(canonical(Path::new(&file.file))) {
                continue;
            }
            self.sites += 1;
            self.errors += file.errors;
            self.warnings += file.warnings;
            if let Some(mistakes) = &file.mistakes {
                console::say(format_args!("{}\n", mistakes.trim_end()));
            }
        }
        if report.files.is_empty() {
            self.warnings += 1;
            console::say(format_args!("warning: {} names no site file that exists\n", node.display()));
        }
    }

    fn site(&mut self, file: &Path, text: &str) {
        if !self.seen.insert(canonical(file)) {
            return;
        }
        self.sites += 1;
        let (_, mistakes) = sites::compile(file, text, |_| SiteIds::default());
        self.show(&mistakes, text);
    }

    fn show(&mut self, mistakes: &[Mistake], text: &str) {
        let colored = Paint::for_stdout().is_on();
        for mistake in mistakes {
            if mistake.is_error() {
                self.errors += 1;
            } else {
                self.warnings += 1;
            }
            let render = if colored { littoral_model::render_colored } else { littoral_model::render };
            console::say(render(mistake, text));
        }
    }

    fn fail(&mut self, what: &str) {
        self.errors += 1;
        console::say(format_args!("{}: {what}\n", Paint::for_stdout().red("error")));
    }
}

fn canonical(file: &Path) -> PathBuf {
    fs::canonicalize(file).unwrap_or_else(|_| file.to_owned())
}

/// Whether the file is meant as a node file: by the names at its top level, since one with mistakes must
/// be judged as what it is meant to be.
fn is_node_file(text: &str) -> bool {
    const NODE: [&str; 11] = [
        "listen", "admin", "cache", "clients", "data", "limits", "log", "resolver", "sites", "tls", "workers",
    ];
    const SITE: [&str; 9] = [
        "behaviors",
        "canonical_host",
        "error_pages",
        "groups",
        "hosts",
        "memory_share",
        "origins",
        "shards",
        "surrogate_key_fields",
    ];
    let (mut node, mut site, mut in_table) = (0, 0, false);
    for line in text.lines().map(str::trim) {
        let is_heading = line.starts_with('[') && !in_array_value(line);
        let name = line.trim_start_matches('[').split(['.', ']', '=', ' ', '\t']).next().unwrap_or_default();
        in_table |= is_heading;
        if is_heading || (!in_table && line.contains('=')) {
            node += usize::from(NODE.contains(&name));
            site += usize::from(SITE.contains(&name));
        }
    }
    node > site
}

/// A line within a list of several lines, not a table's heading.
fn in_array_value(line: &str) -> bool {
    line.starts_with("[\"") || line.starts_with("['") || line.ends_with(',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_known_by_their_top_level_names_also_when_they_have_mistakes() {
        assert!(is_node_file("version = 1\nworkers = 2\n[listen]\nhttp = []\n"));
        assert!(is_node_file("sites = [\n  \"a.toml\",\n]\n[listn]\n"));
        assert!(!is_node_file(
            "hosts = [\"a\"]\n[origins.admin]\nurl = \"x\"\n[[behaviors]]\n[behaviors.cache]\n"
        ));
        assert!(!is_node_file(""));
    }
}
