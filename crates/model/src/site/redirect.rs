//! `redirects` and `rewrites` of a behavior: another URL for the client, another path for the origin.

use crate::section::Section;
use crate::{Bounds, Span, Spanned, Written};

/// The keys of a redirect, for hints.
const REDIRECT_KEYS: &[&str] = &["prefix", "regex", "to", "status", "keep_query", "when"];
/// The keys of a rewrite, for hints.
const REWRITE_KEYS: &[&str] = &["prefix", "regex", "to", "when"];

/// Most redirects, and most rewrites, of one behavior. 256.
const RULES_MAX: usize = 256;
const STATUS: Bounds<u64> = Bounds::new(302, 100, 599);

/// Which paths a redirect or rewrite is for, and what they become.
#[derive(Clone, PartialEq, Debug)]
pub struct PathChangeSection {
    /// Where it begins.
    pub span: Span,
    /// Paths that begin so; what follows it is kept. Not beside `regex`. With neither, every path.
    pub prefix: Option<Written>,
    /// Paths that this matches.
    pub regex: Option<Written>,
    /// What they become: a template. `None`: it could not be read.
    pub to: Option<Written>,
    /// Only for requests that this matches.
    pub when: Option<Written>,
}

/// A redirect as written.
#[derive(Clone, PartialEq, Debug)]
pub struct RedirectSection {
    /// Which paths, and where to.
    pub change: PathChangeSection,
    /// 301, 302, 303, 307 or 308. Default 302.
    pub status: Spanned<u16>,
    /// Whether the query is carried along where the new URL has none. Default true.
    pub keep_query: bool,
}

pub(super) fn read_redirects(behavior: &Section<'_>) -> Vec<RedirectSection> {
    const EXAMPLE: &str = "as in redirects = [{ prefix = \"/old/\", to = \"/new/\", status = 308 }]";
    let called = |place| format!("redirect {place} of {}", behavior.name());
    let sections = behavior.tables("redirects", RULES_MAX, EXAMPLE, called);
    let read = |section: Section<'_>| {
        let redirect = RedirectSection {
            change: read_change(&section),
            status: Spanned::new(
                section.count("status", STATUS) as u16,
                section.place("status").unwrap_or_default(),
            ),
            keep_query: section.flag("keep_query", true),
        };
        section.finish(&[("`redirects`", REDIRECT_KEYS)]);
        redirect
    };
    sections.into_iter().map(read).collect()
}

pub(super) fn read_rewrites(behavior: &Section<'_>) -> Vec<PathChangeSection> {
    const EXAMPLE: &str = "as in rewrites = [{ prefix = \"/app/\", to = \"/\" }]";
    let called = |place| format!("rewrite {place} of {}", behavior.name());
    let sections = behavior.tables("rewrites", RULES_MAX, EXAMPLE, called);
    let read = |section: Section<'_>| {
        let change = read_change(&section);
        section.finish(&[("`rewrites`", REWRITE_KEYS), ("`redirects`", REDIRECT_KEYS)]);
        change
    };
    sections.into_iter().map(read).collect()
}

fn read_change(section: &Section<'_>) -> PathChangeSection {
    let change = PathChangeSection {
        span: section.span().clone(),
        prefix: section.written("prefix"),
        regex: section.written("regex"),
        to: section.written("to"),
        when: section.written("when"),
    };
    if let (Some(_), Some(regex)) = (&change.prefix, &change.regex) {
        let message = format!("{} has both `prefix` and `regex`", section.name());
        let mistake = section.reader().mistake(&regex.span, message, "one of the two");
        section.reader().report(mistake.hint("a regex can begin with the prefix: regex = '^/old/(.*)$'"));
    }
    if section.value("to").is_none() {
        section.missing("to", "where it leads, as in to = \"/new/\"");
    }
    change
}
