//! Path patterns: `/robots.txt`, `/img/*`, `*.jpg`, `/a/*/b`. A `*` stands for any bytes, `/` and none included.
//!
//! Patterns are compared byte by byte with normalized paths (RFC 3986 §6.2.2): no dot segments, percent-encoding
//! in upper case and only where it is needed. A pattern that no normalized path can have is a mistake, not a
//! pattern that silently never matches. There is no escape for `*`; a path that has one matches by `*`.

use memchr::memmem::Finder;
use std::fmt;

/// Longest pattern. 1024 bytes.
pub const PATTERN_BYTES_MAX: usize = 1024;
/// Most `*` in one pattern. 8.
pub const WILDCARDS_MAX: usize = 8;

/// A compiled path pattern.
#[derive(Clone, Debug)]
pub struct PathPattern {
    text: Box<str>,
    shape: Shape,
}

#[derive(Clone, Debug)]
enum Shape {
    /// `*` or `/*`: every path.
    Any,
    /// Without `*`.
    Exact,
    /// `/img/*`: the length of what stands before the `*`.
    Prefix(usize),
    /// `*.jpg`
    Suffix,
    /// Anything else.
    Inner(Box<Glob>),
}

/// `first*middle*…*last`; `first` and `last` may be empty, no part of `middle` is.
#[derive(Clone, Debug)]
pub(crate) struct Glob {
    first: Box<[u8]>,
    middle: Box<[Finder<'static>]>,
    last: Box<[u8]>,
    /// Bytes of all parts: no shorter path matches.
    least: usize,
}

impl PathPattern {
    /// Compiles `text`, or says what is wrong with it.
    pub fn new(text: &str) -> Result<PathPattern, PathMistake> {
        check(text)?;
        Ok(PathPattern { text: text.into(), shape: shape(text) })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether every path matches.
    pub fn is_any(&self) -> bool {
        matches!(self.shape, Shape::Any)
    }

    /// Whether `path`, normalized and without its query, matches. Linear in the length of `path`.
    pub fn matches(&self, path: &[u8]) -> bool {
        let text = self.text.as_bytes();
        match &self.shape {
            Shape::Any => true,
            Shape::Exact => path == text,
            Shape::Prefix(len) => path.starts_with(&text[..*len]),
            Shape::Suffix => path.ends_with(&text[1..]),
            Shape::Inner(inner) => inner.matches(path),
        }
    }

    /// Whether every path that `other` matches is matched by this one. Exact for all but odd patterns, for which
    /// it says no.
    pub fn covers(&self, other: &PathPattern) -> bool {
        // A `*` in the other's text can only be taken up by one here: no literal part contains it.
        self.is_any() || self.matches(other.text.as_bytes())
    }
}

impl Glob {
    /// `None` without `*`.
    pub(crate) fn new(text: &str) -> Option<Glob> {
        let parts: Vec<&[u8]> = text.as_bytes().split(|&b| b == b'*').collect();
        let [first, middle @ .., last] = parts.as_slice() else { return None };
        let middle = middle
            .iter()
            .filter(|part| !part.is_empty())
            .map(|part| Finder::new(part).into_owned())
            .collect();
        // The bytes of all parts: all but the wildcards.
        let least = text.len() + 1 - parts.len();
        Some(Glob { first: (*first).into(), middle, last: (*last).into(), least })
    }

    /// Linear in the length of `path`.
    pub(crate) fn matches(&self, path: &[u8]) -> bool {
        if path.len() < self.least || !path.starts_with(&self.first) || !path.ends_with(&self.last) {
            return false;
        }
        // Neither end overlaps the other, since the path is at least as long as both.
        let mut rest = &path[self.first.len()..path.len() - self.last.len()];
        for part in &self.middle {
            // The leftmost place leaves the most to the parts behind it.
            let Some(at) = part.find(rest) else { return false };
            rest = &rest[at + part.needle().len()..];
        }
        true
    }
}

fn shape(text: &str) -> Shape {
    let Some(glob) = Glob::new(text) else { return Shape::Exact };
    match (&*glob.first, &*glob.middle, &*glob.last) {
        // A path always begins with a slash.
        (b"" | b"/", [], b"") => Shape::Any,
        (first, [], b"") => Shape::Prefix(first.len()),
        (b"", [], _) => Shape::Suffix,
        _ => Shape::Inner(Box::new(glob)),
    }
}

/// Why a text is no path pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PathMistake {
    /// Nothing at all.
    Empty,
    /// Over [`PATTERN_BYTES_MAX`].
    TooLong,
    /// Begins with neither `/` nor `*`.
    NoSlash,
    /// Over [`WILDCARDS_MAX`].
    TooManyWildcards,
    /// `**`
    DoubleWildcard,
    /// `?` or `#`: patterns see the path alone.
    Query,
    /// A byte that no normalized path has; what a normalized path has in its place.
    NotNormalized {
        /// The pattern in the form that paths have.
        normalized: Box<str>,
    },
    /// `.` or `..` as a segment: normalized paths have none.
    DotSegment,
    /// A `%` without two hexadecimal digits behind it.
    BrokenEscape,
}

impl fmt::Display for PathMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PathMistake::Empty => f.write_str("is empty"),
            PathMistake::TooLong => write!(f, "is longer than {PATTERN_BYTES_MAX} bytes"),
            PathMistake::NoSlash => f.write_str("begins with neither `/` nor `*`"),
            PathMistake::TooManyWildcards => write!(f, "has more than {WILDCARDS_MAX} `*`"),
            PathMistake::DoubleWildcard => f.write_str("has `**`"),
            PathMistake::Query => f.write_str("has a query or fragment"),
            PathMistake::NotNormalized { .. } => f.write_str("is not normalized"),
            PathMistake::DotSegment => f.write_str("has a `.` or `..` segment"),
            PathMistake::BrokenEscape => f.write_str("has a `%` without two hexadecimal digits"),
        }
    }
}

impl std::error::Error for PathMistake {}

fn check(text: &str) -> Result<(), PathMistake> {
    if text.is_empty() {
        return Err(PathMistake::Empty);
    }
    if text.len() > PATTERN_BYTES_MAX {
        return Err(PathMistake::TooLong);
    }
    if !text.starts_with(['/', '*']) {
        return Err(PathMistake::NoSlash);
    }
    if text.contains(['?', '#']) {
        return Err(PathMistake::Query);
    }
    if text.contains("**") {
        return Err(PathMistake::DoubleWildcard);
    }
    if text.matches('*').count() > WILDCARDS_MAX {
        return Err(PathMistake::TooManyWildcards);
    }
    let normalized = normalize(text)?;
    // What stands between two slashes is a whole segment; beside a `*` it may be part of one.
    if normalized.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(PathMistake::DotSegment);
    }
    if normalized != text {
        return Err(PathMistake::NotNormalized { normalized: normalized.into() });
    }
    Ok(())
}

/// The form that the path part of a request target has once it is normalized, but for dot segments.
fn normalize(text: &str) -> Result<String, PathMistake> {
    let mut out = String::with_capacity(text.len());
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        if byte != b'%' {
            push(&mut out, byte);
            continue;
        }
        let escaped = bytes.get(at..at + 2).and_then(hex_byte).ok_or(PathMistake::BrokenEscape)?;
        at += 2;
        if is_unreserved(escaped) { out.push(char::from(escaped)) } else { push_escaped(&mut out, escaped) }
    }
    Ok(out)
}

fn push(out: &mut String, byte: u8) {
    if byte.is_ascii_graphic() && byte != b'\\' {
        out.push(char::from(byte));
    } else {
        push_escaped(out, byte);
    }
}

fn push_escaped(out: &mut String, byte: u8) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    out.push('%');
    out.push(char::from(DIGITS[usize::from(byte >> 4)]));
    out.push(char::from(DIGITS[usize::from(byte & 15)]));
}

fn hex_byte(digits: &[u8]) -> Option<u8> {
    let value = |digit: u8| char::from(digit).to_digit(16);
    let [high, low] = digits else { return None };
    u8::try_from(value(*high)? * 16 + value(*low)?).ok()
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}
