//! Where the target of a redirect leads: to a URL or a path, back to itself, or wherever a client wants.

use littoral_model::PathChangeSection;
use littoral_rules::{HostPattern, PathPattern};

/// What a target looks like before its variables are known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target<'a> {
    /// `https://host…/path`
    Url { host: &'a str, path: &'a str },
    /// `/path`
    Path(&'a str),
    /// It begins with a variable that may be anything.
    Unknown,
    /// Neither.
    Elsewhere,
}

impl Target<'_> {
    pub(super) fn of(text: &str) -> Target<'_> {
        for scheme in ["http://", "https://", "${scheme}://"] {
            if let Some(rest) = text.strip_prefix(scheme) {
                let end = end_of_host(rest);
                return Target::Url { host: &rest[..end], path: &rest[end..] };
            }
        }
        if text.starts_with("${path}") || (text.starts_with('/') && !text.starts_with("//")) {
            return Target::Path(text);
        }
        if text.starts_with("${") { Target::Unknown } else { Target::Elsewhere }
    }
}

/// The first slash, or a variable that begins with one, outside other variables.
fn end_of_host(rest: &str) -> usize {
    let mut depth = false;
    for (at, byte) in rest.bytes().enumerate() {
        match byte {
            b'$' if rest[at..].starts_with("${path}") || rest[at..].starts_with("${query}") => return at,
            b'$' if rest[at..].starts_with("${") => depth = true,
            b'}' => depth = false,
            b'/' | b'?' | b'#' if !depth => return at,
            _ => {}
        }
    }
    rest.len()
}

/// Whether the host of a target is for clients to say.
pub(super) fn client_writes_host(to: &str, regex: Option<&str>) -> bool {
    let host = match Target::of(to) {
        Target::Url { host, .. } => host,
        Target::Unknown => to,
        Target::Path(_) | Target::Elsewhere => return false,
    };
    let said = ["${header.", "${cookie.", "${query."].iter().any(|variable| host.contains(variable));
    let captured = (1..=9).any(|group| host.contains(&format!("${{{group}}}")));
    // What a prefix leaves is anything; an expression that takes any character takes dots and slashes.
    let takes_anything =
        regex.is_none_or(|regex| [".*", ".+", "[^", "\\S"].iter().any(|any| regex.contains(any)));
    said || (captured && takes_anything)
}

/// Whether an unconditional redirect fits what it leads to. A yes is certain.
pub(super) fn leads_back(
    change: &PathChangeSection,
    to: &str,
    paths: &[PathPattern],
    hosts: &[HostPattern],
) -> bool {
    let path = match Target::of(to) {
        Target::Path(path) => path,
        Target::Url { host, path } => {
            let is_ours = hosts.iter().any(|pattern| pattern.matches(host.to_ascii_lowercase().as_bytes()));
            if host != "${host}" && !is_ours {
                return false;
            }
            path
        }
        Target::Unknown | Target::Elsewhere => return false,
    };
    if path.starts_with("${path}") {
        return path == "${path}" || path == "${path}${query}";
    }
    let literal = path.split("${").next().unwrap_or_default();
    let literal = if literal.is_empty() { "/" } else { literal };
    let literal = literal.split(['?', '#']).next().unwrap_or_default();
    // A prefix's rest is appended, wherever `to` does not say otherwise.
    let is_open = path.contains("${") || change.prefix.is_some();
    let fits_again = match (&change.prefix, &change.regex) {
        (Some(prefix), _) => literal.starts_with(&*prefix.text),
        (None, Some(_)) => false,
        (None, None) => true,
    };
    let covered = |pattern: &PathPattern| {
        let found = if is_open { format!("{literal}*") } else { literal.to_owned() };
        PathPattern::new(&found).is_ok_and(|found| pattern.covers(&found))
    };
    fits_again && (paths.is_empty() || paths.iter().any(covered))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_told_apart_by_how_they_begin() {
        for (text, expected) in [
            ("https://a.example/x", Target::Url { host: "a.example", path: "/x" }),
            ("https://a.example${path}${query}", Target::Url { host: "a.example", path: "${path}${query}" }),
            ("${scheme}://${host}/", Target::Url { host: "${host}", path: "/" }),
            ("https://${header.x-a/b}/", Target::Url { host: "${header.x-a/b}", path: "/" }),
            ("/a", Target::Path("/a")),
            ("${path}/", Target::Path("${path}/")),
            ("${header.x}", Target::Unknown),
            ("//a.example/", Target::Elsewhere),
            ("a.example", Target::Elsewhere),
        ] {
            assert_eq!(Target::of(text), expected, "{text}");
        }
    }
}
