//! The request target, normalized once: routing, key and origin receive the same bytes ("whatever the
//! origin can see is canonical, keyed, or removed"). Normalization follows RFC 3986 §6.2.2: percent-encoded
//! unreserved characters are decoded, other escapes get upper-case digits, dot segments are removed; what no URL
//! holds bare is encoded, as browsers do. What could be read in two ways (a broken escape, an encoded NUL) is refused.
//! Encoded slashes stay encoded; repeated slashes stay. The query is otherwise left as it came: its meaning is the
//! application's.

use bytes::Bytes;

/// A normalized path with its query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    bytes: Bytes,
    path_len: usize,
}

/// Why a target was refused; all are answered with 400.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TargetMistake {
    /// `%` without two hexadecimal digits behind it.
    BrokenEscape,
    /// `%00`.
    EncodedNul,
    /// `%2F` in a path that an S3 origin is to be asked for: there it is a slash, and the path another one than the
    /// behaviors have seen.
    EncodedSlash,
}

impl TargetMistake {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            TargetMistake::BrokenEscape => "target-broken-escape",
            TargetMistake::EncodedNul => "target-encoded-nul",
            TargetMistake::EncodedSlash => "target-encoded-slash",
        }
    }
}

impl Target {
    /// Normalizes `raw`, which is in origin form (or empty, as in `http://host`), visible ASCII without `#`.
    /// Copies only where something had to change.
    pub(crate) fn normalize(raw: Bytes) -> Result<Target, TargetMistake> {
        let path_len = memchr::memchr(b'?', &raw).unwrap_or(raw.len());
        if is_normal(&raw[..path_len]) && !raw[path_len..].iter().any(is_never_bare) {
            return Ok(Target { bytes: raw, path_len });
        }
        let decoded = decode_unreserved(&raw[..path_len])?;
        let mut bytes = remove_dot_segments(&decoded);
        let path_len_new = bytes.len();
        append_query(&raw[path_len..], &mut bytes);
        Ok(Target { bytes: bytes.into(), path_len: path_len_new })
    }

    /// The `*` of `OPTIONS *`.
    pub(crate) fn asterisk() -> Target {
        Target { bytes: Bytes::from_static(b"*"), path_len: 1 }
    }

    pub(crate) fn is_asterisk(&self) -> bool {
        &self.bytes[..] == b"*"
    }

    pub(crate) fn path(&self) -> &[u8] {
        &self.bytes[..self.path_len]
    }

    /// Without the `?`; `Some` of nothing where the target ends in `?`.
    pub(crate) fn query(&self) -> Option<&[u8]> {
        self.bytes.get(self.path_len + 1..)
    }

    pub(crate) fn as_bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The same path with another query, without its `?`.
    pub(crate) fn with_query(&self, query: Option<&[u8]>) -> Target {
        let mut bytes = self.path().to_vec();
        if let Some(query) = query {
            bytes.push(b'?');
            bytes.extend_from_slice(query);
        }
        Target { bytes: bytes.into(), path_len: self.path_len }
    }

    /// A copy that keeps no larger buffer alive.
    pub(crate) fn detach(&mut self) {
        self.bytes = Bytes::copy_from_slice(&self.bytes);
    }
}

/// A prefix of a target in normal form: the whole segments are normalized, the last, perhaps unfinished one only has
/// its escapes put right.
pub(crate) fn normalize_prefix(prefix: &str) -> Result<String, TargetMistake> {
    let path_len = prefix.find('?').unwrap_or(prefix.len());
    let (path, query) = prefix.split_at(path_len);
    let decoded = decode_unreserved(if path.is_empty() { b"/" } else { path.as_bytes() })?;
    let last = memchr::memrchr(b'/', &decoded).map_or(0, |at| at + 1);
    let mut whole = remove_dot_segments(&decoded[..last]);
    whole.extend_from_slice(&decoded[last..]);
    append_query(query.as_bytes(), &mut whole);
    Ok(String::from_utf8_lossy(&whole).into_owned())
}

fn is_normal(path: &[u8]) -> bool {
    path.first() == Some(&b'/')
        && !path.iter().any(|&b| b == b'%' || is_encoded_in_paths(b))
        && memchr::memmem::find(path, b"/.").is_none_or(|_| !has_dot_segment(path))
}

fn has_dot_segment(path: &[u8]) -> bool {
    path.split(|&b| b == b'/').any(|segment| segment == b"." || segment == b"..")
}

fn decode_unreserved(path: &[u8]) -> Result<Vec<u8>, TargetMistake> {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path;
    while let Some((&byte, tail)) = rest.split_first() {
        rest = tail;
        match byte {
            b'%' => {
                let digits = rest.get(..2).ok_or(TargetMistake::BrokenEscape)?;
                let value = hex_value(digits[0])
                    .zip(hex_value(digits[1]))
                    .map(|(high, low)| high << 4 | low)
                    .ok_or(TargetMistake::BrokenEscape)?;
                if value == 0 {
                    return Err(TargetMistake::EncodedNul);
                }
                if value.is_ascii_alphanumeric() || b"-._~".contains(&value) {
                    out.push(value);
                } else {
                    out.push(b'%');
                    out.extend(digits.iter().map(u8::to_ascii_uppercase));
                }
                rest = &rest[2..];
            }
            byte if is_encoded_in_paths(byte) => push_encoded(byte, &mut out),
            other => out.push(other),
        }
    }
    Ok(out)
}

/// Octets that no path holds (RFC 3986 §3.3). Some origins read a backslash as a slash; encoded, it can only be itself.
fn is_encoded_in_paths(byte: u8) -> bool {
    is_never_bare(&byte) || matches!(byte, b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
}

/// Octets that queries do not hold either, not even those of browsers.
fn is_never_bare(byte: &u8) -> bool {
    matches!(byte, b'"' | b'<' | b'>')
}

fn append_query(query: &[u8], out: &mut Vec<u8>) {
    for &byte in query {
        if is_never_bare(&byte) { push_encoded(byte, out) } else { out.push(byte) }
    }
}

/// Appends one octet percent-encoded (RFC 3986 §2.1).
pub(crate) fn push_encoded(byte: u8, out: &mut Vec<u8>) {
    let digit = |value: u8| b"0123456789ABCDEF"[usize::from(value)];
    out.extend([b'%', digit(byte >> 4), digit(byte & 15)]);
}

fn hex_value(digit: u8) -> Option<u8> {
    (digit as char).to_digit(16).map(|value| value as u8)
}

/// RFC 3986 §5.2.4.
fn remove_dot_segments(path: &[u8]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(path.len() + 1);
    let mut segments = path.strip_prefix(b"/").unwrap_or(path).split(|&b| b == b'/').peekable();
    while let Some(segment) = segments.next() {
        let last = segments.peek().is_none();
        match segment {
            b"." | b".." => {
                if segment == b".." {
                    out.truncate(memchr::memrchr(b'/', &out).unwrap_or(0));
                }
                if last {
                    out.push(b'/');
                }
            }
            other => {
                out.push(b'/');
                out.extend_from_slice(other);
            }
        }
    }
    if out.is_empty() {
        out.push(b'/');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_normalized_as_rfc_3986_says() {
        for (raw, expected) in [
            ("", "/"),
            ("/", "/"),
            ("?q=1", "/?q=1"),
            ("/a/b.css", "/a/b.css"),
            ("/.well-known/x", "/.well-known/x"),
            ("/a/./b", "/a/b"),
            ("/a/../b", "/b"),
            ("/a/b/..", "/a/"),
            ("/a/b/.", "/a/b/"),
            ("/../../x", "/x"),
            ("/a/%2e%2E/b", "/b"),
            ("/%61%7e%2d", "/a~-"),
            ("/a%2fb", "/a%2Fb"),
            ("/a//b", "/a//b"),
            ("/a//../b", "/a/b"),
            ("/...", "/..."),
            ("/a\\..\\b", "/a%5C..%5Cb"),
            ("/a?x=%2e&y=/../", "/a?x=%2e&y=/../"),
            ("/a?", "/a?"),
            ("/a<b>\"`{|}^", "/a%3Cb%3E%22%60%7B%7C%7D%5E"),
            ("/a?x=\"<>\"&y={|}^`", "/a?x=%22%3C%3E%22&y={|}^`"),
        ] {
            let target = Target::normalize(Bytes::from_static(raw.as_bytes())).unwrap();
            assert_eq!(target.as_bytes(), expected.as_bytes(), "{raw}");
        }
    }

    #[test]
    fn normalizing_twice_changes_nothing() {
        for raw in ["/a/%2e%2e/%2e/b%2Fc//", "/%252e%252e/", "/..%2f..", "/a/..;/b"] {
            let once = Target::normalize(Bytes::from_static(raw.as_bytes())).unwrap();
            assert_eq!(Target::normalize(once.as_bytes().clone()).unwrap(), once, "{raw}");
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (raw, mistake) in [
            ("/%", TargetMistake::BrokenEscape),
            ("/%4", TargetMistake::BrokenEscape),
            ("/%zz", TargetMistake::BrokenEscape),
            ("/a%00b", TargetMistake::EncodedNul),
        ] {
            assert_eq!(Target::normalize(Bytes::from_static(raw.as_bytes())), Err(mistake), "{raw}");
        }
    }
}
