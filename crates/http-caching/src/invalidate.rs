//! What unsafe methods do to stored responses (RFC 9111 §4.4).
//!
//! A non-error answer to an unsafe method invalidates its target, and what `Location` and `Content-Location` name on
//! the same origin. Deliberately not here: carrying it out.

use crate::fields::Fields;
use crate::known::Known;
use crate::list;
use crate::method::Method;

/// Whether a response with this status to this method invalidates what is stored for its target: the method is unsafe,
/// or its safety unknown, and the answer is 2xx or 3xx.
pub fn invalidates(method: Method, status: u16) -> bool {
    !method.is_safe() && (200..400).contains(&status)
}

/// What a request was for, canonical: scheme and host in lower case.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Target<'a> {
    /// `http` or `https`.
    pub scheme: &'a str,
    /// Host and, where it is not the scheme's own, port.
    pub authority: &'a [u8],
    /// Path and query, beginning with `/`.
    pub path_and_query: &'a [u8],
}

impl Target<'_> {
    /// Path and query of the resource that `reference` names as seen from this target (RFC 3986 §5.2), fragment and dot
    /// segments removed; `None` if it is on another origin, or no reference at all.
    pub fn resolve(&self, reference: &[u8]) -> Option<Vec<u8>> {
        let reference = list::trim(reference);
        let reference = &reference[..memchr::memchr(b'#', reference).unwrap_or(reference.len())];
        if reference.iter().any(|&b| b <= b' ' || b == 0x7f || b == b'\\') {
            return None;
        }
        let (base_path, base_query) = split_query(self.path_and_query);
        let rest = match scheme_of(reference) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case(self.scheme.as_bytes()) => {
                if !rest.starts_with(b"//") {
                    return None;
                }
                rest
            }
            Some(_) => return None,
            None => reference,
        };
        let (path, query) = if let Some(after) = rest.strip_prefix(b"//") {
            let end = after.iter().position(|b| matches!(b, b'/' | b'?')).unwrap_or(after.len());
            if !self.is_authority(&after[..end]) {
                return None;
            }
            split_query(&after[end..])
        } else {
            split_query(rest)
        };
        let merged: Vec<u8> = if rest.starts_with(b"//") || path.starts_with(b"/") {
            path.to_vec()
        } else if path.is_empty() {
            return Some(join(base_path.to_vec(), query.or(base_query)));
        } else {
            let directory = base_path.iter().rposition(|&b| b == b'/').map_or(0, |at| at + 1);
            [&base_path[..directory], path].concat()
        };
        Some(join(without_dot_segments(&merged), query))
    }

    /// Whether `reference` names this very target.
    pub fn is_named_by(&self, reference: &[u8]) -> bool {
        let (path, query) = split_query(self.path_and_query);
        let own = join(without_dot_segments(path), query);
        self.resolve(reference).is_some_and(|named| named == own)
    }

    fn is_authority(&self, authority: &[u8]) -> bool {
        let default: &[u8] = if self.scheme.eq_ignore_ascii_case("https") { b":443" } else { b":80" };
        let bare = |authority: &[u8]| -> Vec<u8> {
            let authority = authority.strip_suffix(default).unwrap_or(authority);
            authority.strip_suffix(b":").unwrap_or(authority).to_ascii_lowercase()
        };
        bare(authority) == bare(self.authority)
    }
}

/// Paths with queries, on the target's own origin and other than the target, that a response to an unsafe method
/// invalidates: what its `Location` and `Content-Location` name. At most two.
pub fn also_invalidated(target: &Target<'_>, response: &Fields) -> impl Iterator<Item = Vec<u8>> {
    [Known::Location, Known::ContentLocation]
        .into_iter()
        .filter_map(|field| response.single(field))
        .filter_map(|reference| target.resolve(reference))
        .filter(|named| named != target.path_and_query)
}

fn scheme_of(reference: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = memchr::memchr(b':', reference)?;
    let (scheme, rest) = (&reference[..colon], &reference[colon + 1..]);
    let first = scheme.first()?;
    let sound = first.is_ascii_alphabetic()
        && scheme.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    sound.then_some((scheme, rest))
}

fn split_query(path_and_query: &[u8]) -> (&[u8], Option<&[u8]>) {
    match memchr::memchr(b'?', path_and_query) {
        Some(at) => (&path_and_query[..at], Some(&path_and_query[at + 1..])),
        None => (path_and_query, None),
    }
}

fn join(mut path: Vec<u8>, query: Option<&[u8]>) -> Vec<u8> {
    if let Some(query) = query {
        path.push(b'?');
        path.extend_from_slice(query);
    }
    path
}

/// RFC 3986 §5.2.4; the path comes out beginning with `/`.
fn without_dot_segments(path: &[u8]) -> Vec<u8> {
    let mut kept: Vec<&[u8]> = Vec::new();
    let segments = path.strip_prefix(b"/").unwrap_or(path);
    let mut ends_in_directory = false;
    for segment in segments.split(|&b| b == b'/') {
        ends_in_directory = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => {
                kept.pop();
            }
            segment => kept.push(segment),
        }
    }
    let mut out = Vec::with_capacity(path.len() + 1);
    for segment in &kept {
        out.push(b'/');
        out.extend_from_slice(segment);
    }
    if ends_in_directory || out.is_empty() {
        out.push(b'/');
    }
    out
}
