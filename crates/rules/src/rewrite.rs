//! Rewrites of the path, and redirects by it: a prefix exchanged, a regular expression with groups, or a whole text.

use crate::pattern::Pattern;
use crate::{Captures, PathMistake, PathPattern, Reads, Scope, Template, TextMistake, Variables};

/// A compiled rewrite.
#[derive(Clone, Debug)]
pub struct Rewrite {
    from: From,
    to: Template,
    reads: Reads,
}

#[derive(Clone, Debug)]
enum From {
    /// The path begins with this; whether what follows is appended to what `to` writes.
    Prefix(Box<str>, bool),
    Regex(Box<str>, Box<Pattern>),
    Whole,
}

/// A mistake in one of a rewrite's two texts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RewriteMistake {
    /// Which of them.
    pub text: RewriteText,
    /// What is wrong with it.
    pub mistake: TextMistake,
}

/// The two texts of a rewrite.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum RewriteText {
    /// The prefix or the regular expression.
    From,
    /// The template of what takes its place.
    To,
}

impl Rewrite {
    /// `to` in place of the prefix `from`, byte by byte as paths are normalized; what stands behind the prefix is
    /// appended, unless `to` says with `${1}` where it goes. Behind a bare host it begins with a slash: it is no part
    /// of the host's name.
    pub fn prefix(from: &str, to: &str, which: Variables) -> Result<Rewrite, Vec<RewriteMistake>> {
        let mut mistakes = Vec::new();
        if !from.starts_with('/') {
            let mistake =
                TextMistake::new(0..from.len(), "the prefix does not begin with `/`", "no path begins so");
            mistakes.push((RewriteText::From, mistake.hint(format!("write `/{from}`"))));
        } else if let Some(at) = from.find('*') {
            let mistake = TextMistake::new(at..at + 1, "a prefix has no `*`", "not a wildcard here");
            mistakes.push((RewriteText::From, mistake.hint("what follows the prefix is any text already")));
        } else if let Err(wrong) = PathPattern::new(from) {
            let mistake = TextMistake::new(0..from.len(), format!("the prefix {wrong}"), "no path begins so");
            let mistake = match wrong {
                PathMistake::NotNormalized { normalized } => mistake.hint(format!("write `{normalized}`")),
                _ => mistake,
            };
            mistakes.push((RewriteText::From, mistake));
        }
        let to = template(to, which.with_captures(1), &mut mistakes);
        finish(mistakes, to.map(|to| (From::Prefix(from.into(), !to.writes_capture(1)), to)))
    }

    /// `to` in place of the whole path, if the regular expression `pattern` is found anywhere in it; its groups are
    /// `${1}` to `${9}`.
    pub fn regex(pattern: &str, to: &str, which: Variables) -> Result<Rewrite, Vec<RewriteMistake>> {
        let mut mistakes = Vec::new();
        let compiled =
            Pattern::new(pattern).map_err(|mistake| mistakes.push((RewriteText::From, mistake))).ok();
        // A pattern that is wrong says nothing about groups.
        let groups = compiled.as_ref().map_or(9, Pattern::groups);
        let to = template(to, which.with_captures(groups), &mut mistakes);
        let from = compiled.map(|compiled| From::Regex(pattern.into(), Box::new(compiled)));
        finish(mistakes, from.zip(to))
    }

    /// `to` in place of every path.
    pub fn whole(to: &str, which: Variables) -> Result<Rewrite, Vec<RewriteMistake>> {
        let mut mistakes = Vec::new();
        let to = template(to, which, &mut mistakes);
        finish(mistakes, to.map(|to| (From::Whole, to)))
    }

    /// What takes the path's place.
    pub fn to(&self) -> &Template {
        &self.to
    }

    /// The prefix or the regular expression; `None` for a whole text.
    pub fn from(&self) -> Option<&str> {
        match &self.from {
            From::Prefix(from, _) | From::Regex(from, _) => Some(from),
            From::Whole => None,
        }
    }

    /// What of a request it looks at or writes.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// Whether the path is meant, without writing anything.
    pub fn matches(&self, path: &[u8]) -> bool {
        match &self.from {
            From::Prefix(from, _) => path.starts_with(from.as_bytes()),
            From::Regex(_, pattern) => pattern.matches(path),
            From::Whole => true,
        }
    }

    /// Appends what takes the path's place to `out`; false, and nothing written, if the path is not meant.
    /// What is written is no normalized path until the caller has made it one: variables may hold anything.
    pub fn apply(&self, scope: &Scope<'_>, out: &mut Vec<u8>) -> bool {
        let path = scope.subject.path;
        match &self.from {
            From::Prefix(from, appends) => {
                let Some(rest) = path.strip_prefix(from.as_bytes()) else { return false };
                let mut captures = Captures::default();
                captures.set(1, rest);
                let start = out.len();
                self.to.render_target(&Scope { captures: Some(&captures), ..*scope }, out);
                if *appends {
                    if ends_in_host(&out[start..]) && !rest.is_empty() && !rest.starts_with(b"/") {
                        out.push(b'/');
                    }
                    self.to.append_rest(rest, out);
                }
            }
            From::Regex(_, pattern) => {
                let Some(captures) = pattern.captures(path) else { return false };
                self.to.render_target(&Scope { captures: Some(&captures), ..*scope }, out);
            }
            From::Whole => self.to.render_target(scope, out),
        }
        true
    }
}

/// Whether a URL ends with its host (and port): what is appended would be read as more of it.
fn ends_in_host(written: &[u8]) -> bool {
    if written.starts_with(b"/") {
        return false;
    }
    let host = written.windows(3).position(|three| three == b"://").map(|at| &written[at + 3..]);
    host.is_some_and(|host| !host.iter().any(|byte| matches!(byte, b'/' | b'?' | b'#')))
}

fn template(to: &str, which: Variables, mistakes: &mut Vec<(RewriteText, TextMistake)>) -> Option<Template> {
    let wrong =
        |found: Vec<TextMistake>| mistakes.extend(found.into_iter().map(|one| (RewriteText::To, one)));
    Template::parse(to, which).map_err(wrong).ok()
}

fn finish(
    mistakes: Vec<(RewriteText, TextMistake)>,
    made: Option<(From, Template)>,
) -> Result<Rewrite, Vec<RewriteMistake>> {
    match made {
        Some((from, to)) if mistakes.is_empty() => {
            let mut reads = to.reads().clone();
            reads.path |= !matches!(from, From::Whole);
            Ok(Rewrite { from, to, reads })
        }
        _ => Err(mistakes.into_iter().map(|(text, mistake)| RewriteMistake { text, mistake }).collect()),
    }
}
