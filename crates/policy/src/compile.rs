//! From a site file to a site: what single values mean, and whether they go together.
//!
//! Every check reports and goes on, so that all mistakes come out at once; a site is made only if none of them is
//! an error.

mod behavior;
mod cache;
mod group;
mod names;
mod origin;

use crate::{Behavior, Files, Site, SiteIds};
use littoral_model::{Mistake, SiteFile, Span, Spanned, nearest, parse_site, quoted};
use littoral_rules::{HostMistake, HostPattern, check_host};
use std::sync::Arc;

/// Fields with surrogate keys where the file names none.
const SURROGATE_KEY_FIELDS: [&str; 2] = ["surrogate-key", "cache-tag"];

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
    let behaviors: Vec<_> = file
        .behaviors
        .iter()
        .enumerate()
        .map(|(place, section)| compiler.behavior(place, section, &hosts).map(Arc::new))
        .collect();
    compiler.check_together(&behaviors);

    let mut mistakes = compiler.mistakes;
    Mistake::sort(&mut mistakes);
    let origins: Option<Box<[_]>> = origins.into_iter().collect();
    let behaviors: Option<Box<[_]>> = behaviors.into_iter().collect();
    let good = !mistakes.iter().any(Mistake::is_error);
    let site = good.then_some(()).and(origins.zip(behaviors)).map(|(origins, behaviors)| Site {
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
        error_pages: Box::default(),
        shards: Box::default(),
        memory_share: file.memory_share_percent as f32 / 100.0,
    });
    (site, mistakes)
}

impl Compiler<'_> {
    fn hosts(&mut self) -> Vec<HostPattern> {
        let mut hosts = Vec::new();
        for text in &self.file.hosts {
            match HostPattern::new(text) {
                // The same text twice was reported when it was read.
                Ok(host) if hosts.contains(&host) => {
                    if !self
                        .file
                        .hosts
                        .iter()
                        .any(|other| other.span.start < text.span.start && other == text)
                    {
                        let message = format!("the site names the host `{host}` twice");
                        self.error(&text.span, message, "named before", "case makes no difference in hosts");
                    }
                }
                Ok(host) => hosts.push(host),
                Err(mistake) => self.bad_host("a host of the site", text, mistake),
            }
        }
        hosts
    }

    fn bad_host(&mut self, what: &str, text: &Spanned<String>, mistake: HostMistake) {
        let message = format!("{what}, {}, {mistake}", quoted(text));
        self.error(&text.span, message, "not a host", host_hint(text, mistake));
    }

    fn canonical_host(&mut self, hosts: &[HostPattern]) -> Option<Box<str>> {
        let Some(text) = &self.file.canonical_host else {
            return hosts.iter().find_map(|host| match host {
                HostPattern::Exact(name) => Some(name.clone()),
                _ => None,
            });
        };
        let lower = text.to_ascii_lowercase();
        if lower.contains('*') {
            let message = format!("the canonical host {} has a wildcard", quoted(text));
            self.error(
                &text.span,
                message,
                "not a host",
                "one host that stands for all: \"www.example.com\"",
            );
            return None;
        }
        if let Err(mistake) = check_host(&lower) {
            self.bad_host("the canonical host", text, mistake);
            return None;
        }
        // Where a host could not be read, it may have been that one.
        if hosts.len() == self.file.hosts.len() && !hosts.iter().any(|host| host.matches(lower.as_bytes())) {
            let message = format!("the canonical host {} is not among the site's hosts", quoted(text));
            let hint = match nearest(&lower, self.file.hosts.iter().map(|host| host.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it: hosts = [\"{lower}\", …]"),
            };
            self.error(&text.span, message, "the site does not answer for it", hint);
        }
        Some(lower.into())
    }

    fn surrogate_key_fields(&mut self) -> Box<[Box<[u8]>]> {
        match &self.file.surrogate_key_fields {
            None => SURROGATE_KEY_FIELDS.iter().map(|name| name.as_bytes().into()).collect(),
            Some(names) => {
                let names = self.field_names("`surrogate_key_fields` of the site", names);
                names.into_iter().map(|name| name.into_bytes().into()).collect()
            }
        }
    }

    /// What only several behaviors together show.
    fn check_together(&mut self, behaviors: &[Option<Arc<Behavior>>]) {
        self.check_names();
        self.check_reach(behaviors);
        self.check_origins_used();
    }

    fn check_names(&mut self) {
        let sections = &self.file.behaviors;
        for (place, section) in sections.iter().enumerate() {
            if sections[..place].iter().any(|earlier| earlier.name == section.name) {
                let message = format!("two behaviors are called {}", quoted(&section.name));
                let hint = "give one of them another: name = \"…\"; without it the first path is the name";
                self.error(&section.name.span, message, "called so before", hint);
            }
        }
    }

    fn check_reach(&mut self, behaviors: &[Option<Arc<Behavior>>]) {
        let file = self.file;
        for (place, section) in file.behaviors.iter().enumerate() {
            let Some(behavior) = &behaviors[place] else { continue };
            let covering =
                behaviors[..place].iter().flatten().find(|earlier| earlier.matcher.covers(&behavior.matcher));
            if let Some(earlier) = covering {
                let (name, earlier) = (quoted(&section.name), quoted(&earlier.name));
                let span = section.path.as_ref().map_or(&section.span, |path| &path.span);
                let message =
                    format!("behavior {name} is never reached: {earlier} before it matches all of it");
                self.error(span, message, "matched before", format!("put it before {earlier}"));
            }
        }
        let all_good = behaviors.iter().all(Option::is_some);
        let catches_all = behaviors.iter().flatten().any(|behavior| behavior.matcher.is_any());
        if let (Some(last), true, false) = (file.behaviors.last(), all_good, catches_all) {
            let message = "no behavior matches every request: the others are answered 404";
            self.warning(
                &last.span,
                message,
                "the last one",
                "end with one that has no conditions, or path = \"/*\"",
            );
        }
    }

    fn check_origins_used(&mut self) {
        let file = self.file;
        // A name that leads nowhere may have been meant for one of them.
        let known = |name: &Spanned<String>| file.origins.iter().any(|origin| origin.name == *name);
        let all_known = file.behaviors.iter().all(|section| section.origin.as_ref().is_some_and(known));
        if file.origins.len() < 2 || !all_known {
            return;
        }
        for origin in &file.origins {
            let used = file.behaviors.iter().any(|section| section.origin.as_ref() == Some(&origin.name));
            if !used {
                let message = format!("no behavior uses the origin {}", quoted(&origin.name));
                self.warning(
                    &origin.name.span,
                    message,
                    "not used",
                    "name it in a behavior, or leave it out",
                );
            }
        }
    }
}

fn host_hint(text: &str, mistake: HostMistake) -> String {
    match mistake {
        HostMistake::Scheme => {
            let rest = text.split("://").nth(1).unwrap_or_default();
            format!("without its scheme: \"{}\"", rest.split('/').next().unwrap_or_default())
        }
        HostMistake::Port => {
            format!("without its port: \"{}\"", text.rsplit_once(':').map_or(text, |(host, _)| host))
        }
        HostMistake::Path => format!("without its path: \"{}\"", text.split('/').next().unwrap_or_default()),
        HostMistake::WildcardPlace => "as in \"*.example.com\", for every name under it".to_owned(),
        HostMistake::NotAscii => "write its ASCII form, which begins with `xn--`".to_owned(),
        HostMistake::Address if text.contains(':') => {
            "an IPv6 address stands in brackets and in its short form: \"[2001:db8::1]\"".to_owned()
        }
        HostMistake::Address => "four numbers up to 255, as in \"192.0.2.1\"".to_owned(),
        HostMistake::EmptyLabel if text.ends_with('.') => {
            format!("without the dot at its end: \"{}\"", text.trim_end_matches('.'))
        }
        HostMistake::Empty | HostMistake::TooLong | HostMistake::EmptyLabel | HostMistake::Label => {
            "letters, digits, `-` and `_` between dots, as in \"www.example.com\"".to_owned()
        }
    }
}
