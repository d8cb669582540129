//! What a reload did with each file: for the log, for `littoral reload`, and as JSON for machines.

use std::fmt::Display;
use std::path::Path;

use littoral_model::Mistake;
use littoral_policy::Site;
use serde::Serialize;

/// What a reload came to.
#[derive(Serialize, Debug, Default)]
pub(crate) struct ReloadReport {
    /// The number of the set of sites in force afterwards; it grows with each change.
    pub(crate) version: u64,
    /// How many files were refused or could not be looked up; their old forms, if any, serve on.
    pub(crate) refused: usize,
    /// Every file that there is or was.
    pub(crate) files: Vec<FileReport>,
    /// What could not be looked up.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) notes: Vec<String>,
}

/// What became of one file.
#[derive(Serialize, Debug)]
pub(crate) struct FileReport {
    pub(crate) file: String,
    /// The site in force from this file; none if it never was sound.
    pub(crate) site: Option<String>,
    pub(crate) outcome: FileOutcome,
    /// The version of the form in force; it grows with each form that is applied.
    pub(crate) version: Option<u64>,
    /// Mistakes or warnings as `littoral check` prints them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mistakes: Option<String>,
    /// How many of them keep the file from being used.
    pub(crate) errors: usize,
    /// How many do not.
    pub(crate) warnings: usize,
}

impl FileReport {
    pub(super) fn note(&mut self, mistakes: &[Mistake], text: &str) {
        self.errors = mistakes.iter().filter(|mistake| mistake.is_error()).count();
        self.warnings = mistakes.len() - self.errors;
        if !mistakes.is_empty() {
            self.mistakes = Some(littoral_model::render_all(mistakes, text));
        }
    }
}

/// What became of a file.
#[derive(Serialize, Copy, Clone, PartialEq, Eq, Debug)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FileOutcome {
    /// A new file, in force now.
    Added,
    /// Its new form is in force.
    Applied,
    /// As it was.
    Unchanged,
    /// Not taken over; its old form, if any, serves on.
    Refused,
    /// No longer there: its site serves no more.
    Removed,
}

impl FileOutcome {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            FileOutcome::Added => "added",
            FileOutcome::Applied => "applied",
            FileOutcome::Unchanged => "unchanged",
            FileOutcome::Refused => "refused",
            FileOutcome::Removed => "removed",
        }
    }
}

impl ReloadReport {
    pub(super) fn add(&mut self, file: &Path, outcome: FileOutcome, site: Option<&Site>) -> &mut FileReport {
        self.files.push(FileReport {
            file: file.display().to_string(),
            site: site.map(|site| site.name.to_string()),
            outcome,
            version: site.filter(|_| outcome != FileOutcome::Removed).map(|site| site.version),
            mistakes: None,
            errors: 0,
            warnings: 0,
        });
        self.files.last_mut().expect("one was just pushed")
    }

    pub(super) fn refuse(&mut self, file: &Path, in_force: Option<&Site>, why: &str) {
        let refused = self.add(file, FileOutcome::Refused, in_force);
        refused.mistakes = Some(why.to_owned());
        refused.errors = 1;
    }

    /// A file that was sound by itself turns out not to go with the others.
    pub(super) fn refuse_after_all(&mut self, file: &Path, in_force: Option<&Site>, why: &str) {
        let name = file.display().to_string();
        self.files.retain(|report| report.file != name);
        self.refuse(file, in_force, why);
    }

    pub(super) fn add_note(&mut self, note: &dyn Display) {
        self.notes.push(note.to_string());
    }

    /// Counts and sorts, when every file has been judged.
    pub(super) fn finish(&mut self) {
        let refused = self.files.iter().filter(|file| file.outcome == FileOutcome::Refused).count();
        self.refused = refused + self.notes.len();
        self.files.sort_by(|a, b| a.file.cmp(&b.file));
    }

    /// How many files are in force in another form than before, or no longer.
    pub(crate) fn changes(&self) -> usize {
        let changed =
            |outcome| matches!(outcome, FileOutcome::Added | FileOutcome::Applied | FileOutcome::Removed);
        self.files.iter().filter(|file| changed(file.outcome)).count()
    }

    /// One line for the log.
    pub(crate) fn summary(&self) -> String {
        let count = |outcome| self.files.iter().filter(|file| file.outcome == outcome).count();
        let parts = [
            FileOutcome::Added,
            FileOutcome::Applied,
            FileOutcome::Removed,
            FileOutcome::Refused,
            FileOutcome::Unchanged,
        ]
        .into_iter()
        .map(|outcome| (count(outcome), outcome.as_str()))
        .filter(|(n, _)| *n > 0)
        .map(|(n, name)| format!("{n} {name}"))
        .collect::<Vec<_>>();
        let said = if parts.is_empty() { "no site files".to_owned() } else { parts.join(", ") };
        format!("sites are at version {}: {said}", self.version)
    }
}
