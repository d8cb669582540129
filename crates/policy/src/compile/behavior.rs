//! Behaviors: what they match, whom they ask, what they let through.

use super::Compiler;
use super::fields::Way;
use super::names::is_token;
use super::reads::set_owners;
use super::redirects::always_fits;
use super::together::listed;
use crate::{Behavior, BypassConditions, CacheMode, RangeForward};
use littoral_http_caching::RequestCookie;
use littoral_model::{BehaviorSection, FieldAction, Ranges, Spanned, nearest, quoted};
use littoral_rules::{HostPattern, Matcher, MethodMistake, MethodSet, PathMistake, PathPattern};
use std::sync::Arc;

/// Protocols that would take requests out of the edge's sight, or make a client the edge's peer.
const UPGRADES_REFUSED: [&str; 4] = ["h2c", "h2", "http", "tls"];

impl Compiler<'_> {
    /// All behaviors; `None` in the place of one that is wrong.
    pub(super) fn behaviors(
        &mut self,
        hosts: &[HostPattern],
        has_canonical: bool,
    ) -> Vec<Option<Arc<Behavior>>> {
        let sections = &self.file.behaviors;
        let mut behaviors: Vec<_> = sections
            .iter()
            .enumerate()
            .map(|(place, section)| {
                let behavior = self.behavior(place, section, hosts)?;
                let called = format!("behavior {}", quoted(&section.name));
                self.check_visible(&called, section, &behavior, has_canonical);
                Some(behavior)
            })
            .collect();
        set_owners(sections, &mut behaviors, hosts, has_canonical);
        behaviors.into_iter().map(|behavior| behavior.map(Arc::new)).collect()
    }

    fn behavior(
        &mut self,
        place: usize,
        section: &BehaviorSection,
        site_hosts: &[HostPattern],
    ) -> Option<Behavior> {
        let called = format!("behavior {}", quoted(&section.name));
        let before = self.errors();
        let matcher = self.matcher(&called, section, site_hosts);
        let methods = self.methods(&called, "allow_methods", section.allow_methods.as_deref());
        self.check_methods_meet(&called, section);
        let group = self.group_place(&called, section);
        let compression = self.compression(&called, &section.compression);
        let rate_limits = self.rate_limits(&called, section);
        let redirects = self.redirects(&called, section, site_hosts);
        let rewrites = self.rewrites(&called, section);
        let request_fields = self.field_rules(&called, Way::ToOrigin, &section.request_headers);
        let response_fields = self.field_rules(&called, Way::ToClient, &section.response_headers);
        self.check_lifetime_said_once(&called, section);
        let mut rules = self.cache_rules(&called, &section.cache);
        let cache = self.cache_mode(&called, &section.cache);
        let key = self.key(&called, &section.key);
        let drops_cookies = section.request_headers.iter().any(|rule| {
            rule.action == FieldAction::Remove
                && rule.when.is_none()
                && rule.name.eq_ignore_ascii_case("cookie")
        });
        if !key.cookies.is_empty() || drops_cookies {
            // A fetch for the cache carries these cookies and no others: whatever shaped the answer is in its key.
            rules.request_cookie = RequestCookie::Ignore;
        }
        let bypass = BypassConditions {
            cookies: self.cookie_names(&format!("`bypass` of {called}"), &section.cache.bypass.cookies),
            headers: self
                .field_names(&format!("`bypass` of {called}"), &section.cache.bypass.headers)
                .into_iter()
                .map(|name| name.into_bytes().into())
                .collect(),
            query: self.parameter_names(&format!("`bypass` of {called}"), &section.cache.bypass.query),
        };
        let upgrade_tokens = self.upgrade_tokens(&called, section);
        (self.errors() == before).then_some(())?;
        Some(Behavior {
            index: u32::try_from(place).ok()?,
            name: section.name.as_str().into(),
            matcher: matcher?,
            group: group?,
            methods: methods?.unwrap_or_default(),
            cache: if cache { CacheMode::Standard } else { CacheMode::Bypass },
            rules,
            lifetime_downstream: section.cache.lifetime_downstream.as_ref().map(|lifetime| lifetime.value),
            key,
            bypass,
            ranges: match section.cache.ranges {
                Ranges::Forward => RangeForward::Forward,
                Ranges::Whole => RangeForward::Whole,
            },
            upgrade_tokens,
            last_modified_in_304: section.last_modified_in_304,
            request_body_bytes_max: section.request_body_bytes_max,
            response_stored_bytes_max: section.cache.response_bytes_max,
            type_guard: section.cache.type_guard,
            immutable: section.cache.immutable,
            compression,
            rate_limits: rate_limits?,
            redirects: redirects?,
            rewrites: rewrites?,
            request_fields: request_fields?,
            response_fields: response_fields?,
        })
    }

    pub(super) fn errors(&self) -> usize {
        self.mistakes.iter().filter(|mistake| mistake.is_error()).count()
    }

    fn matcher(
        &mut self,
        called: &str,
        section: &BehaviorSection,
        site_hosts: &[HostPattern],
    ) -> Option<Matcher> {
        let mut paths = Vec::new();
        for text in section.path.iter().flat_map(|list| &list.value) {
            match PathPattern::new(text) {
                Ok(path) => paths.push(path),
                Err(mistake) => self.bad_path(called, section, text, &mistake),
            }
        }
        let methods = self.methods(called, "methods", section.methods.as_deref());
        let mut hosts = Vec::new();
        for text in section.hosts.iter().flat_map(|list| &list.value) {
            match HostPattern::new(text) {
                Err(mistake) => self.bad_host(&format!("a host of {called}"), text, mistake),
                Ok(host) => {
                    // Where a host of the site could not be read, it may have been that one.
                    let all_known = site_hosts.len() == self.file.hosts.len();
                    if all_known && !site_hosts.iter().any(|known| known.overlaps(&host)) {
                        let message =
                            format!("{called} is for the host `{host}`, which the site does not answer for");
                        let hint = match nearest(text, self.file.hosts.iter().map(|host| host.as_str())) {
                            Some(near) => format!("did you mean `{near}`?"),
                            None => "the site's `hosts` say what it answers for".to_owned(),
                        };
                        self.error(&text.span, message, "not the site's", hint);
                    }
                    hosts.push(host);
                }
            }
        }
        let when = self.when(called, section.when.as_ref());
        // The reader has counted them.
        Matcher::new(paths, methods?, hosts, when?).ok().filter(|_| section.match_known)
    }

    fn bad_path(
        &mut self,
        called: &str,
        section: &BehaviorSection,
        text: &Spanned<String>,
        mistake: &PathMistake,
    ) {
        // A behavior without a name is called by its path.
        let of = if section.name == *text { String::new() } else { format!(" of {called}") };
        let message = format!("the path {}{of} {mistake}", quoted(text));
        let (label, hint) = match mistake {
            PathMistake::Empty => ("empty", "to match every path, leave it out or say \"/*\"".to_owned()),
            PathMistake::NoSlash => ("never matches", slash_hint(text, &self.file.hosts)),
            PathMistake::DoubleWildcard => {
                ("one `*` is enough", format!("`*` matches slashes too: \"{}\"", single_wildcards(text)))
            }
            PathMistake::Query => ("the path alone", query_hint(text)),
            PathMistake::NotNormalized { normalized } => {
                ("never matches", format!("paths are compared in their normalized form: \"{normalized}\""))
            }
            PathMistake::DotSegment => {
                ("never matches", "paths are compared after `.` and `..` have been resolved".to_owned())
            }
            PathMistake::BrokenEscape => ("not an escape", "a percent sign itself is written %25".to_owned()),
            PathMistake::TooLong | PathMistake::TooManyWildcards => {
                ("too much", "divide it into several, or match less of the path".to_owned())
            }
        };
        self.error(&text.span, message, label, hint);
    }

    /// `Some(None)` where the file says nothing, `None` where it is wrong.
    fn methods(
        &mut self,
        called: &str,
        key: &str,
        names: Option<&Vec<Spanned<String>>>,
    ) -> Option<Option<MethodSet>> {
        let Some(names) = names else { return Some(None) };
        let mistakes = match MethodSet::new(names.iter().map(|name| name.as_str())) {
            Ok(set) => return Some(Some(set)),
            Err(mistakes) => mistakes,
        };
        for (place, mistake) in mistakes {
            let name = &names[place];
            let hint = match mistake {
                // It was reported when it was read.
                MethodMistake::Repeated => continue,
                MethodMistake::LowerCase => {
                    format!("\"{}\": methods are case-sensitive", name.to_ascii_uppercase())
                }
                MethodMistake::Refused => "TRACE and CONNECT are refused for every site".to_owned(),
                MethodMistake::NotAToken if name.contains(',') => {
                    format!("a text for each: [{}]", each(name))
                }
                MethodMistake::NotAToken => "a method's name, as in \"GET\"".to_owned(),
                MethodMistake::TooMany => "leave the list out to take every method".to_owned(),
            };
            let message = format!("`{key}` of {called} has {}, which {mistake}", quoted(name));
            self.error(&name.span, message, "not possible here", hint);
        }
        None
    }

    /// A cache that is told two lifetimes believes the one or the other.
    fn check_lifetime_said_once(&mut self, called: &str, section: &BehaviorSection) {
        let said_by = match (&section.cache.lifetime_downstream, section.cache.immutable) {
            (_, true) => "immutable",
            (Some(_), false) => "lifetime_downstream",
            (None, false) => return,
        };
        for (at, rule) in section.response_headers.iter().enumerate() {
            if rule.name.eq_ignore_ascii_case("cache-control") {
                let message = format!(
                    "response rule {} of {called} is for `Cache-Control`, which `{said_by}` says already",
                    at + 1
                );
                let hint = format!(
                    "leave out the one or the other: clients would be told both, and `{said_by}` of the cache has its own form of it"
                );
                self.error(&rule.name.span, message, "said twice", hint);
            }
        }
    }

    /// Matching only what is not let through is a long way to say 405.
    fn check_methods_meet(&mut self, called: &str, section: &BehaviorSection) {
        let (Some(matched), Some(allowed)) = (&section.methods, &section.allow_methods) else { return };
        if !matched.value.is_empty() && !matched.iter().any(|method| allowed.contains(method)) {
            let message = format!("{called} lets through none of the methods that it matches");
            let hint = "every request that it matches is answered 405";
            self.warning(&allowed.span, message, "none of them is in `methods`", hint);
        }
    }

    /// Whether the site has no origin, and may have none: every behavior redirects.
    pub(super) fn only_redirects(&self) -> bool {
        let mut behaviors = self.file.behaviors.iter();
        self.file.origins_known
            && self.file.origins.is_empty()
            && behaviors.all(|section| !section.redirects.is_empty())
    }

    /// The place of the group that the behavior fetches from. `None` where it is not known.
    fn group_place(&mut self, called: &str, section: &BehaviorSection) -> Option<usize> {
        let (origins, groups) = (&self.file.origins, &self.file.groups);
        let Some(name) = &section.origin else {
            // Nothing of it ever reaches an origin.
            if section.redirects.iter().any(|redirect| always_fits(section, &redirect.change)) {
                return Some(0);
            }
            if self.only_redirects() {
                let message = format!("{called} does not redirect every request, and the site has no origin");
                let hint = "end its `redirects` with one that fits the rest, or give the site an origin";
                self.error(&section.span, message, "whom to ask?", hint);
            }
            if origins.len() == 1 && groups.is_empty() && self.file.groups_known {
                return Some(0);
            }
            if !origins.is_empty() && self.file.groups_known {
                let message = format!("{called} lacks `origin`");
                let what = if groups.is_empty() { "several origins" } else { "several origins and groups" };
                let hint = format!("the site has {what}; say which one");
                self.error(&section.span, message, "", hint);
            }
            return None;
        };
        let group = groups.iter().position(|group| group.name == *name).map(|place| origins.len() + place);
        let place = origins.iter().position(|origin| origin.name == *name).or(group);
        if place.is_none() && self.only_redirects() {
            let message = format!("{called} names the origin {}, but the site has none", quoted(name));
            self.error(
                &name.span,
                message,
                "not defined",
                "as in [origins.app] with url = \"https://app.example.com\"",
            );
            return None;
        }
        if place.is_none() && !origins.is_empty() && self.file.groups_known {
            let names =
                || origins.iter().map(|origin| &origin.name).chain(groups.iter().map(|group| &group.name));
            let quoted_origins: Vec<String> = origins.iter().map(|origin| quoted(&origin.name)).collect();
            let hint = match (nearest(name, names().map(|name| name.as_str())), quoted_origins.as_slice()) {
                (Some(near), _) => format!("did you mean `{near}`?"),
                (None, [only]) if groups.is_empty() => format!("this site's only origin is {only}"),
                (None, _) if groups.is_empty() => {
                    format!("this site's origins are {}", listed(quoted_origins))
                }
                (None, _) => {
                    let groups = groups.iter().map(|group| quoted(&group.name));
                    format!(
                        "this site's origins are {}, its groups {}",
                        listed(quoted_origins),
                        listed(groups)
                    )
                }
            };
            let message = format!("{called} names the origin {}, which does not exist", quoted(name));
            self.error(&name.span, message, "not defined", hint);
        }
        place
    }

    fn upgrade_tokens(&mut self, called: &str, section: &BehaviorSection) -> Box<[Box<str>]> {
        let Some(tokens) = &section.upgrade else { return Box::new(["websocket".into()]) };
        let mut good: Vec<Box<str>> = Vec::new();
        for token in tokens {
            let lower = token.to_ascii_lowercase();
            let protocol = lower.split('/').next().unwrap_or_default();
            if !is_token(&lower) && !lower.contains('/') {
                let message = format!("`upgrade` of {called} has {}, which is not a protocol", quoted(token));
                self.error(&token.span, message, "not a protocol", "as in \"websocket\"");
            } else if UPGRADES_REFUSED.contains(&protocol) {
                let message =
                    format!("`upgrade` of {called} has {}, which is never let through", quoted(token));
                let hint = "requests inside it would pass by the edge unseen";
                self.error(&token.span, message, "refused", hint);
            } else if lower.contains('/') {
                let message =
                    format!("`upgrade` of {called} has {}, a protocol with a version", quoted(token));
                self.error(&token.span, message, "with a version", format!("its name alone: \"{protocol}\""));
            } else if !good.iter().any(|known| **known == *lower) {
                good.push(lower.into());
            }
        }
        good.into()
    }
}

fn single_wildcards(pattern: &str) -> String {
    let mut out = pattern.to_owned();
    while out.contains("**") {
        out = out.replace("**", "*");
    }
    out
}

/// What may have been meant by a path that does not begin with a slash.
fn slash_hint(text: &str, hosts: &[Spanned<String>]) -> String {
    let (first, rest) = text.split_once('/').unwrap_or((text, ""));
    if hosts.iter().any(|host| host.eq_ignore_ascii_case(first)) {
        return format!("the path alone, and the host beside it: path = \"/{rest}\", hosts = [\"{first}\"]");
    }
    if text.starts_with(['^', '~']) || text.ends_with('$') {
        let expression = text.trim_start_matches(['~', ' ']);
        return format!("for a regular expression: when = 'path ~ r\"{expression}\"'");
    }
    format!("paths begin with a slash: \"/{text}\"")
}

/// How to say what a pattern with a query means.
fn query_hint(text: &str) -> String {
    let (path, query) = text.split_once('?').unwrap_or((text, ""));
    match query.split(['=', '&']).next() {
        Some(name) if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => {
            format!(
                "patterns do not see the query; say path = \"{path}\", when = 'exists(query[\"{name}\"])'"
            )
        }
        _ => "patterns do not see the query".to_owned(),
    }
}

/// `a, b` as it should be written: `"a", "b"`.
pub(super) fn each(list: &str) -> String {
    let members = list.split([',', ' ']).filter(|member| !member.is_empty());
    members.map(|member| format!("\"{member}\"")).collect::<Vec<_>>().join(", ")
}
