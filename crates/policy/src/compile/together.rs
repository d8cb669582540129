//! What only several parts of a site together show: names that mean two things, behaviors that nothing reaches, origins
//! that nothing asks.

use super::Compiler;
use super::redirects::always_fits;
use crate::Behavior;
use littoral_model::{BehaviorSection, quoted};
use std::sync::Arc;

impl Compiler<'_> {
    /// What only several behaviors together show.
    pub(super) fn check_together(&mut self, behaviors: &[Option<Arc<Behavior>>]) {
        self.check_names();
        self.check_reach(behaviors);
        self.check_origins_used();
        self.check_signed_methods();
    }

    /// Whatever reaches an origin with `s3` is signed with its keys: who may write to the bucket is to be said, not left.
    fn check_signed_methods(&mut self) {
        let file = self.file;
        for section in &file.behaviors {
            let says = section.methods.is_some() || section.allow_methods.is_some();
            if says || !self.asks_signed_origin(section) {
                continue;
            }
            let name = quoted(&section.name);
            let message =
                format!("behavior {name} lets every method through to an origin that is signed for");
            let hint = "what is let through is signed, so whoever may PUT may write: allow_methods = [\"GET\", \"HEAD\"]";
            self.warning(&section.span, message, "signed like any other", hint);
        }
    }

    /// Whether requests of the behavior may reach an origin with `s3`.
    fn asks_signed_origin(&self, section: &BehaviorSection) -> bool {
        let file = self.file;
        let is_signed =
            |name: &str| file.origins.iter().any(|origin| *origin.name == name && origin.s3.is_some());
        if section.redirects.iter().any(|redirect| always_fits(section, &redirect.change)) {
            return false;
        }
        let Some(name) = &section.origin else {
            return matches!(file.origins.as_slice(), [only] if only.s3.is_some());
        };
        let mut groups = file.groups.iter().filter(|group| group.name == *name);
        is_signed(name) || groups.any(|group| group.members.iter().any(|member| is_signed(&member.origin)))
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

    /// Origins and groups that no request leads to.
    fn check_origins_used(&mut self) {
        let file = self.file;
        let named: Vec<&str> = file
            .behaviors
            .iter()
            .filter_map(|section| section.origin.as_ref())
            .map(|name| name.as_str())
            .collect();
        let is_group = |name: &str| file.groups.iter().any(|group| *group.name == name);
        let is_origin = |name: &str| file.origins.iter().any(|origin| *origin.name == name);
        // A name that leads nowhere, or is not there, may have been meant for one of them.
        let all_known = file.groups_known
            && file.behaviors.iter().all(|section| section.origin.is_some() || !section.redirects.is_empty())
            && named.iter().all(|name| is_group(name) || is_origin(name))
            && file.groups.iter().all(|group| {
                group.members_known && group.members.iter().all(|member| is_origin(&member.origin))
            });
        if !all_known {
            return;
        }
        for group in file.groups.iter().filter(|group| !named.contains(&group.name.as_str())) {
            let message = format!("no behavior uses the group {}", quoted(&group.name));
            self.warning(&group.name.span, message, "not used", "name it in a behavior, or leave it out");
        }
        let members: Vec<&str> = file
            .groups
            .iter()
            .flat_map(|group| &group.members)
            .map(|member| member.origin.as_str())
            .collect();
        if file.origins.len() < 2 && file.groups.is_empty() {
            return;
        }
        for origin in &file.origins {
            let name = origin.name.as_str();
            if !named.contains(&name) && !members.contains(&name) {
                let message = format!("no behavior uses the origin {}", quoted(name));
                let hint = "name it in a behavior or a group, or leave it out";
                self.warning(&origin.name.span, message, "not used", hint);
            }
        }
    }
}

/// `a, b and c`
pub(super) fn listed(words: impl IntoIterator<Item = String>) -> String {
    let words: Vec<String> = words.into_iter().collect();
    match words.split_last() {
        Some((last, rest)) if !rest.is_empty() => format!("{} and {last}", rest.join(", ")),
        _ => words.concat(),
    }
}
