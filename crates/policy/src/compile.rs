//! From a site file to a site: what single values mean, and whether they go together.
//!
//! Every check reports and goes on, so that all mistakes come out at once; a site is made only if none of them is
//! an error.

mod behavior;
mod cache;
mod compression;
mod conditions;
mod error_page;
mod fields;
mod group;
mod hosts;
mod leads;
mod names;
mod origin;
mod rate;
mod reads;
mod redirects;
mod texts;
mod together;

use hosts::host_hint;

use crate::{Files, Site, SiteIds};
use littoral_model::{Mistake, SiteFile, Span, parse_site};
use std::sync::Arc;

/// The site, or all its mistakes (with the warnings among them). What the site points to is read from `files`.
pub fn compile(file: &SiteFile, files: &dyn Files, ids: SiteIds) -> Result<Site, Vec<Mistake>> {
    let (site, mistakes) = compile_and_warn(file, files, ids);
    site.ok_or(mistakes)
}

/// All that is wrong with a site, errors and warnings, beyond what [`parse_site`] found.
pub fn check(file: &SiteFile, files: &dyn Files) -> Vec<Mistake> {
    compile_and_warn(file, files, SiteIds::default()).1
}

/// From text to site in one step. With the site come its warnings, without it all mistakes, of text and of meaning.
/// `ids` is asked with the site's name, and only when the site is good.
pub fn read_site(
    source: &str,
    file_name: &str,
    files: &dyn Files,
    ids: impl FnOnce(&str) -> SiteIds,
) -> Result<(Site, Vec<Mistake>), Vec<Mistake>> {
    let (file, mut mistakes) = parse_site(source, file_name);
    let Some(file) = file else { return Err(mistakes) };
    let (site, found) = compile_and_warn(&file, files, SiteIds::default());
    mistakes.extend(found);
    Mistake::sort(&mut mistakes);
    match site.filter(|_| !mistakes.iter().any(Mistake::is_error)) {
        Some(mut site) => {
            let SiteIds { index, version } = ids(&site.name);
            (site.index, site.version) = (index, version);
            Ok((site, mistakes))
        }
        None => Err(mistakes),
    }
}

/// Collects mistakes while one site is compiled.
struct Compiler<'a> {
    file: &'a SiteFile,
    files: &'a dyn Files,
    mistakes: Vec<Mistake>,
}

impl Compiler<'_> {
    fn report(&mut self, span: &Span, message: impl Into<String>, label: impl Into<String>) -> &mut Mistake {
        self.mistakes.push(Mistake::at(&self.file.file, span, message, label));
        self.mistakes.last_mut().expect("it was just pushed")
    }

    fn error(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        hint: impl Into<String>,
    ) {
        self.report(span, message, label).hint = Some(hint.into());
    }

    fn warning(
        &mut self,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
        hint: impl Into<String>,
    ) {
        let mistake = Mistake::at(&self.file.file, span, message, label).hint(hint).warning();
        self.mistakes.push(mistake);
    }
}

fn compile_and_warn(file: &SiteFile, files: &dyn Files, ids: SiteIds) -> (Option<Site>, Vec<Mistake>) {
    let mut compiler = Compiler { file, files, mistakes: Vec::new() };
    let hosts = compiler.hosts();
    let canonical_host = compiler.canonical_host(&hosts);
    let surrogate_key_fields = compiler.surrogate_key_fields();
    let origins: Vec<_> = file.origins.iter().map(|origin| compiler.origin(origin).map(Arc::new)).collect();
    let groups = compiler.groups();
    let error_pages = compiler.error_pages();
    let shards = compiler.shards(&hosts, canonical_host.as_deref());
    let behaviors = compiler.behaviors(&hosts, canonical_host.is_some());
    compiler.check_together(&behaviors);

    let mut mistakes = compiler.mistakes;
    Mistake::sort(&mut mistakes);
    let origins: Option<Box<[_]>> = origins.into_iter().collect();
    let behaviors: Option<Box<[_]>> = behaviors.into_iter().collect();
    let good = !mistakes.iter().any(Mistake::is_error);
    let parts = (|| Some((origins?, groups?, behaviors?, error_pages?)))();
    let site = parts.filter(|_| good).map(|(origins, groups, behaviors, error_pages)| Site {
        index: ids.index,
        key: Site::key_of(&file.name),
        name: file.name.as_str().into(),
        version: ids.version,
        source: file.file.clone(),
        hosts: hosts.into(),
        canonical_host,
        origins,
        groups,
        behaviors,
        surrogate_key_fields,
        error_pages,
        shards,
        memory_share: file.memory_share_percent as f32 / 100.0,
    });
    (site, mistakes)
}
