//! Redirects and rewrites: what they match, what they become, and whether they lead anywhere.

use super::Compiler;
use super::leads::{Target, client_writes_host, leads_back};
use super::names::is_visible;
use crate::{PathRewrite, Redirect};
use littoral_model::{BehaviorSection, PathChangeSection, RedirectSection, Written};
use littoral_rules::{HostPattern, PathPattern, Rewrite, RewriteText, Variables};

const STATUSES: [u16; 5] = [301, 302, 303, 307, 308];

impl Compiler<'_> {
    pub(super) fn redirects(
        &mut self,
        called: &str,
        behavior: &BehaviorSection,
        site_hosts: &[HostPattern],
    ) -> Option<Box<[Redirect]>> {
        let changes: Vec<_> = behavior.redirects.iter().map(|redirect| &redirect.change).collect();
        self.check_changes_reached(called, "redirect", behavior, &changes);
        let redirects: Vec<_> = behavior
            .redirects
            .iter()
            .enumerate()
            .map(|(at, section)| {
                let what = format!("redirect {} of {called}", at + 1);
                let redirect = self.redirect(&what, section)?;
                self.check_destination(&what, behavior, section, &redirect, site_hosts)?;
                Some(redirect)
            })
            .collect();
        redirects.into_iter().collect()
    }

    fn redirect(&mut self, what: &str, section: &RedirectSection) -> Option<Redirect> {
        let status = self.redirect_status(what, section);
        let rewrite = self.rewrite(what, &section.change);
        let when = self.when(what, section.change.when.as_ref());
        Some(Redirect { rewrite: rewrite?, status: status?, keeps_query: section.keep_query, when: when? })
    }

    fn redirect_status(&mut self, what: &str, section: &RedirectSection) -> Option<u16> {
        let status = section.status.value;
        if STATUSES.contains(&status) {
            return Some(status);
        }
        let hint = match status {
            304 => "304 answers a condition about what is stored: the edge does that by itself",
            _ => "308 or 301 for good, 307 or 302 for now, 303 to go on with GET",
        };
        self.error(
            &section.status.span,
            format!("{what} has the status {status}, which redirects nobody"),
            "not a redirect",
            hint,
        );
        None
    }

    pub(super) fn rewrites(
        &mut self,
        called: &str,
        behavior: &BehaviorSection,
    ) -> Option<Box<[PathRewrite]>> {
        let changes: Vec<_> = behavior.rewrites.iter().collect();
        self.check_changes_reached(called, "rewrite", behavior, &changes);
        let rewrites: Vec<_> = behavior
            .rewrites
            .iter()
            .enumerate()
            .map(|(at, section)| {
                let what = format!("rewrite {} of {called}", at + 1);
                let rewrite = self.rewrite(&what, section);
                let when = self.when(&what, section.when.as_ref());
                let rewrite = rewrite?;
                self.check_path_written(&what, section.to.as_ref()?)?;
                Some(PathRewrite { rewrite, when: when? })
            })
            .collect();
        rewrites.into_iter().collect()
    }

    fn rewrite(&mut self, what: &str, section: &PathChangeSection) -> Option<Rewrite> {
        let to = section.to.as_ref()?;
        let which = Variables::REQUEST;
        let (made, from) = match (&section.prefix, &section.regex) {
            (Some(prefix), _) => (Rewrite::prefix(prefix, to, which), Some((prefix, "prefix"))),
            (None, Some(regex)) => (Rewrite::regex(regex, to, which), Some((regex, "regex"))),
            (None, None) => (Rewrite::whole(to, which), None),
        };
        match made {
            Ok(rewrite) => {
                self.check_country(&format!("`to` of {what}"), to, rewrite.to().reads());
                if to.contains(' ') || !is_visible(to) {
                    self.unsendable_target(what, to);
                    return None;
                }
                Some(rewrite)
            }
            Err(mistakes) => {
                let told = if to.place(&(0..0)).is_some() { mistakes.len() } else { 1 };
                for wrong in mistakes.iter().take(told) {
                    match (wrong.text, from) {
                        (RewriteText::From, Some((text, key))) => {
                            self.inside(&format!("`{key}` of {what}"), text, &wrong.mistake);
                        }
                        _ => self.inside(&format!("`to` of {what}"), to, &wrong.mistake),
                    }
                }
                None
            }
        }
    }

    fn unsendable_target(&mut self, what: &str, to: &Written) {
        let what = format!("`to` of {what}");
        if is_visible(to) {
            let span = to.find(' ').and_then(|at| to.place(&(at..at + 1))).unwrap_or_else(|| to.span.clone());
            self.error(
                &span,
                format!("{what} has a blank"),
                "no URL has one",
                "a blank in a URL is written %20",
            );
        } else {
            self.unsendable(&what, to);
        }
    }

    /// What a rewrite makes has to be a path.
    fn check_path_written(&mut self, what: &str, to: &Written) -> Option<()> {
        let (message, hint) = match Target::of(to) {
            Target::Url { .. } => (
                "is a URL",
                "to send clients there, say it in `redirects`; to ask another server, in `origin`".to_owned(),
            ),
            Target::Elsewhere => ("is not a path", format!("\"/{}\"", to.text)),
            Target::Path(_) | Target::Unknown => return Some(()),
        };
        self.error(&to.span, format!("`to` of {what} {message}"), "not a path", hint);
        None
    }

    fn check_destination(
        &mut self,
        what: &str,
        behavior: &BehaviorSection,
        section: &RedirectSection,
        redirect: &Redirect,
        site_hosts: &[HostPattern],
    ) -> Option<()> {
        let to = section.change.to.as_ref()?;
        if let Target::Elsewhere = Target::of(to) {
            let message = format!("`to` of {what} is neither a URL nor a path");
            let hint = if to.starts_with("//") {
                format!("with its scheme: \"https:{}\"", to.text)
            } else {
                format!("\"https://{}\" or \"/{}\"", to.text, to.text)
            };
            self.error(&to.span, message, "leads nowhere", hint);
            return None;
        }
        if client_writes_host(to, section.change.regex.as_deref()) {
            let message = format!("`to` of {what} lets clients choose the host that they are sent to");
            let hint = "links to your site would lead wherever somebody wants (open redirect); write the host, or ${host}";
            self.warning(&to.span, message, "an open redirect", hint);
        }
        let paths =
            behavior.path.iter().flat_map(|list| &list.value).filter_map(|text| PathPattern::new(text).ok());
        let hosts = match &behavior.hosts {
            Some(hosts) => hosts.iter().filter_map(|text| HostPattern::new(text).ok()).collect(),
            None => site_hosts.to_vec(),
        };
        let conditional = redirect.when.is_some() || behavior.when.is_some();
        if !conditional && leads_back(&section.change, to, &paths.collect::<Vec<_>>(), &hosts) {
            let message = format!("{what} leads back to itself");
            let hint = "say when: `when = 'scheme == \"http\"'`, or `hosts` and `path` of the behavior that its target is not among";
            self.error(&to.span, message, "a loop", hint);
            return None;
        }
        Some(())
    }

    /// The first that fits is taken: behind one that always does, nothing is.
    fn check_changes_reached(
        &mut self,
        called: &str,
        kind: &str,
        behavior: &BehaviorSection,
        changes: &[&PathChangeSection],
    ) {
        let takes_all = |change: &&PathChangeSection| always_fits(behavior, change);
        let Some(first) = changes.iter().position(takes_all) else { return };
        if let Some(next) = changes.get(first + 1) {
            let message = format!(
                "{kind} {} of {called} is never reached: the one before it fits every request of the behavior",
                first + 2
            );
            self.error(&next.span, message, "taken before", "put it before that one");
        }
    }
}

/// Whether a change fits every request that its behavior matches. A yes is certain.
pub(super) fn always_fits(behavior: &BehaviorSection, change: &PathChangeSection) -> bool {
    if change.when.is_some() || change.regex.is_some() {
        return false;
    }
    let Some(prefix) = &change.prefix else { return true };
    let Ok(whole) = PathPattern::new(&format!("{}*", prefix.text)) else { return false };
    let covers = |text: &str| PathPattern::new(text).is_ok_and(|path| whole.covers(&path));
    prefix.text == "/" || behavior.path.as_ref().is_some_and(|paths| paths.iter().all(|text| covers(text)))
}
