//! What rules look at, beside what the key holds: whatever an origin can see is canonical, keyed, or removed; and
//! where the match itself looks at more than the key, the key says whose it is.

use super::Compiler;
use crate::{Behavior, CacheMode, FieldChange, HostKey, KeyPolicy, QueryKey};
use littoral_model::{BehaviorSection, Span, Written, quoted};
use littoral_rules::{Filter, HostPattern, Reads};

/// What a request can be looked at for, and a key lacks. Words and hint of the first.
struct Lacking {
    what: String,
    hint: String,
}

impl Compiler<'_> {
    /// Reports what an origin would get to see although no key holds it.
    pub(super) fn check_visible(
        &mut self,
        called: &str,
        section: &BehaviorSection,
        behavior: &Behavior,
        has_canonical: bool,
    ) {
        if behavior.cache == CacheMode::Bypass {
            return;
        }
        for (at, (rule, section)) in behavior.request_fields.iter().zip(&section.request_headers).enumerate()
        {
            let what = format!("request rule {} of {called}", at + 1);
            let template = match &rule.change {
                FieldChange::Set(template) | FieldChange::Add(template) | FieldChange::Default(template) => {
                    Some(template.reads())
                }
                FieldChange::Remove => None,
            };
            // The client's address is shown to origins as it is (`X-Forwarded-For`): none may answer by it what it
            // lets be stored for all.
            let template = template.map(|reads| Reads { client: false, ..reads.clone() });
            self.check_keyed(&what, &behavior.key, has_canonical, template.as_ref(), section.value.as_ref());
            self.check_condition(
                &what,
                &behavior.key,
                has_canonical,
                rule.when.as_ref(),
                section.when.as_ref(),
            );
        }
        for (at, (rewrite, section)) in behavior.rewrites.iter().zip(&section.rewrites).enumerate() {
            let what = format!("rewrite {} of {called}", at + 1);
            let reads = rewrite.rewrite.reads();
            self.check_keyed(&what, &behavior.key, has_canonical, Some(reads), section.to.as_ref());
            self.check_condition(
                &what,
                &behavior.key,
                has_canonical,
                rewrite.when.as_ref(),
                section.when.as_ref(),
            );
        }
    }

    fn check_condition(
        &mut self,
        what: &str,
        key: &KeyPolicy,
        has_canonical: bool,
        when: Option<&Filter>,
        text: Option<&Written>,
    ) {
        self.check_keyed(&format!("`when` of {what}"), key, has_canonical, when.map(Filter::reads), text);
    }

    fn check_keyed(
        &mut self,
        what: &str,
        key: &KeyPolicy,
        has_canonical: bool,
        reads: Option<&Reads>,
        text: Option<&Written>,
    ) {
        let (Some(reads), Some(text)) = (reads, text) else { return };
        // These rules see the request as its key holds it: the canonical host, and what the key keeps of the query.
        let shown = Reads { host: false, query: false, ..reads.clone() };
        let Some(lacking) = first_lacking(&shown, key, has_canonical) else { return };
        let Lacking { what: part, hint } = lacking;
        let message = format!("{what} looks at {part}, which is not in the key");
        let span: Span = text.span.clone();
        self.error(&span, message, "one client's answer would be stored for all", hint);
    }
}

/// Says in each key whose it is, where the match of its behavior looks at more than it, or than the key of a later
/// behavior, holds: the same key may otherwise belong to both. Path, method and scheme belong to every key or decide
/// nothing about what is stored.
pub(super) fn set_owners(
    sections: &[BehaviorSection],
    behaviors: &mut [Option<Behavior>],
    site_hosts: &[HostPattern],
    has_canonical: bool,
) {
    for at in 0..behaviors.len() {
        let Some(behavior) = &behaviors[at] else { continue };
        if behavior.cache == CacheMode::Bypass {
            continue;
        }
        let reads = match_reads(&sections[at], behavior, site_hosts);
        let later = behaviors[at..].iter().flatten().filter(|other| other.cache == CacheMode::Standard);
        let owned = later.into_iter().any(|other| first_lacking(&reads, &other.key, has_canonical).is_some());
        if owned && let Some(behavior) = &mut behaviors[at] {
            behavior.key.owner = Some(behavior.name.clone());
        }
    }
}

/// What a behavior's match looks at.
fn match_reads(section: &BehaviorSection, behavior: &Behavior, site_hosts: &[HostPattern]) -> Reads {
    let mut reads = behavior.matcher.when().map(|when| when.reads().clone()).unwrap_or_default();
    if let Some(hosts) = &section.hosts {
        let named: Vec<_> = hosts.iter().filter_map(|text| HostPattern::new(text).ok()).collect();
        // Hosts that are all of the site's decide nothing.
        reads.host |= !site_hosts.iter().all(|host| named.iter().any(|named| named.covers(host)));
    }
    reads
}

/// The first thing that is looked at and not part of the key. Path, method and scheme always are, or need not be.
fn first_lacking(reads: &Reads, key: &KeyPolicy, has_canonical: bool) -> Option<Lacking> {
    let lacking = |what: String, hint: String| Some(Lacking { what, hint });
    if let Some(name) =
        reads.headers.iter().find(|name| !key.headers.iter().any(|keyed| **keyed == *name.as_bytes()))
    {
        return match &**name {
            "cookie" => lacking(
                "the whole field `cookie`".to_owned(),
                "look at single ones, and name them in the key: cookies = […]".to_owned(),
            ),
            "host" => lacking(
                "the client's host".to_owned(),
                "say host = \"client\" in [behaviors.key], or bypass the cache".to_owned(),
            ),
            _ => lacking(
                format!("the field {}", quoted(name)),
                format!("say headers = [\"{name}\"] in [behaviors.key], or bypass the cache"),
            ),
        };
    }
    if let Some(name) = reads.cookies.iter().find(|name| !key.cookies.contains(name)) {
        return lacking(
            format!("the cookie {}", quoted(name)),
            format!("say cookies = [\"{name}\"] in [behaviors.key], or bypass the cache"),
        );
    }
    let keeps = |name: &str| match &key.query {
        QueryKey::All => true,
        QueryKey::None => false,
        QueryKey::Only(names) => names.iter().any(|keyed| **keyed == *name),
        QueryKey::Except(names) => !names.iter().any(|left| **left == *name),
    };
    if let Some(name) = reads.parameters.iter().find(|name| !keeps(name)) {
        return lacking(
            format!("the query parameter {}", quoted(name)),
            "keep it in the `query` of [behaviors.key], or bypass the cache".to_owned(),
        );
    }
    let whole_query = key.query == QueryKey::All && !key.sort_query;
    if reads.query && !whole_query {
        return lacking("the whole query".to_owned(), "look at single parameters that the key keeps, or leave `query` and `sort_query` out of [behaviors.key]".to_owned());
    }
    if reads.host && has_canonical && key.host == HostKey::Canonical {
        return lacking(
            "the client's host".to_owned(),
            "say host = \"client\" in [behaviors.key], or bypass the cache".to_owned(),
        );
    }
    let rest = [
        (reads.country, "the country"),
        (reads.protocol, "the protocol"),
        (reads.client, "the client's address"),
    ];
    let (_, what) = rest.into_iter().find(|(is_read, _)| *is_read)?;
    lacking(what.to_owned(), "no key can hold it; bypass the cache: mode = \"bypass\"".to_owned())
}
