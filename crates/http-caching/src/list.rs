//! Comma-separated lists in field values (RFC 9110 §5.6.1), with quoted strings respected.
//!
//! Deliberately forgiving in one way: a quotation mark that never closes is an ordinary character, so that it cannot
//! swallow a directive behind it. Linear in the length of the value, whatever it holds.

/// The members of `value`: split at commas outside quoted strings, optional whitespace trimmed, empty members left out.
pub fn members(value: &[u8]) -> Members<'_> {
    Members { rest: value, done: false, escapes: true, quotes: true }
}

/// As [`members`], for entity tags: inside them `\` is an ordinary character (RFC 9110 §8.8.3).
pub fn entity_tags(value: &[u8]) -> Members<'_> {
    Members { rest: value, done: false, escapes: false, quotes: true }
}

/// Iterator over list members; see [`members`].
#[derive(Clone, Debug)]
pub struct Members<'a> {
    rest: &'a [u8],
    done: bool,
    escapes: bool,
    /// False once a quotation mark was found that never closes: from there on none is looked for again.
    quotes: bool,
}

impl<'a> Iterator for Members<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.done {
            let member = trim(self.take_one());
            if !member.is_empty() {
                return Some(member);
            }
        }
        None
    }
}

impl<'a> Members<'a> {
    fn take_one(&mut self) -> &'a [u8] {
        let rest = self.rest;
        let mut at = 0;
        while at < rest.len() {
            match rest[at] {
                b',' => {
                    self.rest = &rest[at + 1..];
                    return &rest[..at];
                }
                b'"' if self.quotes => match closing_quote(rest, at, self.escapes) {
                    Some(close) => at = close + 1,
                    None => {
                        self.quotes = false;
                        at += 1;
                    }
                },
                _ => at += 1,
            }
        }
        self.done = true;
        self.rest = &[];
        rest
    }
}

/// Index of the quotation mark that closes the one at `open`.
fn closing_quote(value: &[u8], open: usize, escapes: bool) -> Option<usize> {
    let mut at = open + 1;
    while at < value.len() {
        match value[at] {
            b'"' => return Some(at),
            b'\\' if escapes => at += 2,
            _ => at += 1,
        }
    }
    None
}

/// `bytes` without optional whitespace (SP, HTAB) at both ends.
#[inline]
pub fn trim(bytes: &[u8]) -> &[u8] {
    let mut bytes = bytes;
    while let [b' ' | b'\t', rest @ ..] = bytes {
        bytes = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}

/// Whether `bytes` is a token (RFC 9110 §5.6.2).
pub fn is_token(bytes: &[u8]) -> bool {
    !bytes.is_empty() && bytes.iter().all(|&b| is_tchar(b))
}

/// Whether `byte` may stand in a token.
#[inline]
pub fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A run of digits as a number that stops at [`crate::SECONDS_MAX`] (RFC 9111 §1.2.2); `None` for anything but digits.
#[inline]
pub fn delta_seconds(bytes: &[u8]) -> Option<u32> {
    if bytes.is_empty() {
        return None;
    }
    let mut value: u64 = 0;
    for &byte in bytes {
        if !byte.is_ascii_digit() {
            return None;
        }
        value = (value * 10 + u64::from(byte - b'0')).min(u64::from(crate::SECONDS_MAX));
    }
    Some(value as u32)
}
