//! The site files in force: read, compiled and judged each by itself; a bad one is refused and its old
//! form serves on.
//!
//! This is the whole of a reload but for installing the result. Nothing is kept of a refused file but
//! the report about it; reading the same files twice changes nothing.

mod discover;
mod named;
mod report;

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use littoral_model::Mistake;
use littoral_policy::{HostConflict, PolicySet, Site, SiteIds};

pub(crate) use discover::SitePattern;
use named::{Beside, NamedFile};
pub(crate) use report::{FileOutcome, ReloadReport};

/// Where the sites come from.
pub(crate) enum SiteSource {
    /// Files that the node file names.
    Files(Vec<SitePattern>),
    /// One site that was given on the command line, as the text of a site file.
    Given { name: &'static str, text: String },
}

/// All sites in force, and what is needed to judge new forms of them.
pub(crate) struct SiteBook {
    source: SiteSource,
    parts: Vec<Part>,
    /// Each site name keeps its number for the life of the process, also while it is absent.
    numbers: HashMap<String, u32>,
    version: u64,
}

/// One site file that serves.
#[derive(Clone)]
struct Part {
    file: PathBuf,
    text: Arc<str>,
    /// The files that it names, as they were when it was compiled.
    named: Arc<[NamedFile]>,
    site: Arc<Site>,
}

impl Part {
    /// Whether it would be compiled to what it is: the same text, naming the same content.
    fn is_unchanged(&self, text: &str) -> bool {
        *self.text == *text && self.named.iter().all(NamedFile::is_unchanged)
    }
}

/// A file that was found: its old form, and its new one if there is one and it is sound.
struct Slot {
    old: Option<Part>,
    new: Option<Part>,
}

impl Slot {
    fn best(&self) -> Option<&Part> {
        self.new.as_ref().or(self.old.as_ref())
    }
}

impl SiteBook {
    /// A book with nothing in force; the first [`SiteBook::reload`] fills it.
    pub(crate) fn new(source: SiteSource) -> SiteBook {
        SiteBook { source, parts: Vec::new(), numbers: HashMap::new(), version: 0 }
    }

    /// How many sites are in force.
    pub(crate) fn len(&self) -> usize {
        self.parts.len()
    }

    /// Reads all files anew and judges each; the set to install if anything changed, and the report.
    pub(crate) fn reload(&mut self) -> (Option<PolicySet>, ReloadReport) {
        let mut report = ReloadReport::default();
        let mut slots = Vec::new();
        for (file, read) in self.read_all(&mut report) {
            let old = self.parts.iter().find(|part| part.file == file).cloned();
            let slot = self.judge(&file, read, old, &mut report);
            slots.extend(slot.best().is_some().then_some(slot));
        }
        for part in self.parts.iter().filter(|part| !slots.iter().any(|slot| slot.is_of(&part.file))) {
            report.add(&part.file, FileOutcome::Removed, Some(&part.site));
        }
        let set = settle(&slots, self.version + 1, &mut report);
        report.finish();
        let changed = report.changes() > 0 || self.version == 0;
        let Some((parts, set)) = set.filter(|_| changed) else {
            report.version = self.version;
            return (None, report);
        };
        self.version += 1;
        self.parts = parts;
        report.version = self.version;
        (Some(set), report)
    }

    /// Every file that there is with its text; of what cannot be looked up, the old forms stay.
    fn read_all(&self, report: &mut ReloadReport) -> Vec<(PathBuf, Result<String, String>)> {
        let patterns = match &self.source {
            SiteSource::Given { name, text } => return vec![(PathBuf::from(name), Ok(text.clone()))],
            SiteSource::Files(patterns) => patterns,
        };
        let (mut files, errors) = discover::discover(patterns);
        if !errors.is_empty() {
            // What is missing now may be missing because of that: only a look that succeeds removes.
            let missing = self.parts.iter().map(|part| &part.file).filter(|file| !files.contains(file));
            files.extend(missing.cloned().collect::<Vec<_>>());
            errors.iter().for_each(|error| report.add_note(error));
        }
        files.into_iter().map(|file| (file.clone(), read(&file))).collect()
    }

    /// Judges one file by itself.
    fn judge(
        &mut self,
        file: &Path,
        read: Result<String, String>,
        old: Option<Part>,
        report: &mut ReloadReport,
    ) -> Slot {
        let text = match read {
            Ok(text) => text,
            Err(why) => {
                let why = format!("error: cannot read {}: {why}\n", file.display());
                report.refuse(file, old.as_ref().map(|part| &*part.site), &why);
                return Slot { old, new: None };
            }
        };
        if let Some(old) = old.as_ref().filter(|old| old.is_unchanged(&text)) {
            report.add(file, FileOutcome::Unchanged, Some(&old.site));
            return Slot { old: Some(old.clone()), new: None };
        }
        let version = old.as_ref().map_or(1, |old| old.site.version + 1);
        let files = Beside::new(file);
        let (site, mistakes) =
            compile_with(file, &files, &text, |name| SiteIds { index: self.number_of(name), version });
        let named: Arc<[NamedFile]> = files.into_seen().into();
        let site = match (site, &old) {
            (Some(site), Some(old)) => Some(site.keep_unchanged(&old.site)),
            (site, _) => site,
        };
        let outcome = match (&site, &old) {
            (None, _) => FileOutcome::Refused,
            (Some(_), None) => FileOutcome::Added,
            (Some(_), Some(_)) => FileOutcome::Applied,
        };
        let in_force = site.as_ref().or(old.as_ref().map(|old| &*old.site));
        report.add(file, outcome, in_force).note(&mistakes, &text);
        let new = site.map(|site| Part {
            file: file.to_owned(),
            text: text.into(),
            named: named.clone(),
            site: Arc::new(site),
        });
        Slot { old, new }
    }

    fn number_of(&mut self, name: &str) -> u32 {
        let next = u32::try_from(self.numbers.len()).expect("fewer sites than 2^32 fit into memory");
        *self.numbers.entry(name.to_owned()).or_insert(next)
    }
}

/// The site of a file, if none of its mistakes is an error; and its mistakes, warnings among them.
pub(crate) fn compile(
    file: &Path,
    text: &str,
    ids: impl FnOnce(&str) -> SiteIds,
) -> (Option<Site>, Vec<Mistake>) {
    compile_with(file, &Beside::new(file), text, ids)
}

fn compile_with(
    file: &Path,
    files: &Beside<'_>,
    text: &str,
    ids: impl FnOnce(&str) -> SiteIds,
) -> (Option<Site>, Vec<Mistake>) {
    match littoral_policy::read_site(text, &file.display().to_string(), files, ids) {
        Ok((site, warnings)) => (Some(site), warnings),
        Err(mistakes) => (None, mistakes),
    }
}

/// The text of a file, if it is one and no larger than a site file may be.
pub(crate) fn read(file: &Path) -> Result<String, String> {
    let found = fs::metadata(file).map_err(|error| error.to_string())?;
    if !found.is_file() {
        return Err("it is no file".to_owned());
    }
    if found.len() > littoral_model::FILE_BYTES_MAX as u64 {
        return Err(format!("it is longer than {} bytes", littoral_model::FILE_BYTES_MAX));
    }
    fs::read_to_string(file).map_err(|error| error.to_string())
}

impl Slot {
    fn is_of(&self, file: &Path) -> bool {
        self.best().is_some_and(|part| part.file == file)
    }
}

fn together(parts: &[Part], version: u64) -> Result<PolicySet, Vec<HostConflict>> {
    PolicySet::build(parts.iter().map(|part| part.site.clone()).collect(), version)
}

/// Takes over as many new forms as go together, each with the others' new or old forms; the rest is
/// refused: a newcomer never takes a host from a site that serves.
fn settle(slots: &[Slot], version: u64, report: &mut ReloadReport) -> Option<(Vec<Part>, PolicySet)> {
    // Mostly everything goes together; then also hosts may have moved between sites in a circle.
    let all: Vec<Part> = slots.iter().filter_map(Slot::best).cloned().collect();
    if let Ok(set) = together(&all, version) {
        return Some((all, set));
    }
    let mut taken: Vec<Option<Part>> = slots.iter().map(|slot| slot.old.clone()).collect();
    let mut pending: Vec<usize> = (0..slots.len()).filter(|&at| slots[at].new.is_some()).collect();
    // Sites that serve already come before newcomers; a pass may free hosts for the next.
    pending.sort_by_key(|&at| slots[at].old.is_none());
    let mut refusals = Vec::new();
    let mut any = true;
    while any {
        refusals.clear();
        let before = pending.len();
        pending.retain(|&at| {
            let former = std::mem::replace(&mut taken[at], slots[at].new.clone());
            let parts: Vec<Part> = taken.iter().flatten().cloned().collect();
            let Err(conflicts) = together(&parts, version) else { return false };
            taken[at] = former;
            refusals.push((at, conflicts));
            true
        });
        any = pending.len() < before;
    }
    for (at, conflicts) in refusals {
        if let Some(new) = &slots[at].new {
            let in_force = slots[at].old.as_ref().map(|part| &*part.site);
            let file = new.file.display();
            let said: Vec<String> =
                conflicts.iter().map(|conflict| format!("error: {conflict}\n  --> {file}\n")).collect();
            report.refuse_after_all(&new.file, in_force, &said.join("\n"));
        }
    }
    let parts: Vec<Part> = taken.into_iter().flatten().collect();
    together(&parts, version).ok().map(|set| (parts, set))
}

/// A node file, and the folder that its paths are relative to.
///
/// # Errors
/// When it cannot be read or has mistakes; in words.
pub(crate) fn read_node(file: &Path) -> Result<(littoral_model::NodeFile, PathBuf), String> {
    let name = file.display().to_string();
    let text = read(file).map_err(|why| format!("cannot read the node file {name}: {why}"))?;
    let (node, mistakes) = littoral_model::parse_node(&text, &name);
    let refused = mistakes.iter().any(Mistake::is_error);
    match node.filter(|_| !refused) {
        Some(node) => Ok((node, file.parent().unwrap_or(Path::new("")).to_owned())),
        None => Err(format!("the node file {name} has mistakes: `littoral check {name}` explains them")),
    }
}
