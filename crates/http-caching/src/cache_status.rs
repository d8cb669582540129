//! Writing `Cache-Status` (RFC 9211): what this cache did with a request, in a form that clients and operators read.

/// One member of the field.
#[derive(Copy, Clone, PartialEq, Eq, Default, Debug)]
pub struct CacheStatus<'a> {
    /// This cache's name.
    pub cache: &'a str,
    /// Answered without going to the origin.
    pub hit: bool,
    /// Why the request went to the origin; not together with `hit`.
    pub fwd: Option<Fwd>,
    /// The origin's status, where it differs from the one sent.
    pub fwd_status: Option<u16>,
    /// Seconds of freshness left; negative when stale.
    pub ttl: Option<i64>,
    /// The response was stored.
    pub stored: bool,
    /// The request shared another one's trip to the origin.
    pub collapsed: bool,
    /// The cache key, where it is shown.
    pub key: Option<&'a str>,
    /// More about it, such as [`NotStored::as_str`](crate::NotStored::as_str).
    pub detail: Option<&'a str>,
}

/// Why a request went to the origin (RFC 9211 §2.2).
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Fwd {
    /// The cache was told not to handle it.
    Bypass,
    /// The method's semantics demand it.
    Method,
    /// Nothing is stored for the target.
    UriMiss,
    /// Something is stored, but no variant that fits.
    VaryMiss,
    /// Nothing that fits is stored, for whatever reason.
    Miss,
    /// The request's own directives demand it.
    Request,
    /// What is stored is stale.
    Stale,
    /// Only part of what is asked for is stored.
    Partial,
}

impl Fwd {
    /// The token, also a metric label.
    pub fn as_str(self) -> &'static str {
        match self {
            Fwd::Bypass => "bypass",
            Fwd::Method => "method",
            Fwd::UriMiss => "uri-miss",
            Fwd::VaryMiss => "vary-miss",
            Fwd::Miss => "miss",
            Fwd::Request => "request",
            Fwd::Stale => "stale",
            Fwd::Partial => "partial",
        }
    }
}

impl CacheStatus<'_> {
    /// Appends the member, such as `littoral; hit; ttl=30`.
    pub fn append(&self, out: &mut Vec<u8>) {
        token_or_string(self.cache, out);
        if self.hit {
            out.extend_from_slice(b"; hit");
        }
        if let Some(fwd) = self.fwd {
            out.extend_from_slice(b"; fwd=");
            out.extend_from_slice(fwd.as_str().as_bytes());
        }
        if let Some(status) = self.fwd_status {
            out.extend_from_slice(b"; fwd-status=");
            integer(i64::from(status), out);
        }
        if let Some(ttl) = self.ttl {
            out.extend_from_slice(b"; ttl=");
            integer(ttl, out);
        }
        if self.stored {
            out.extend_from_slice(b"; stored");
        }
        if self.collapsed {
            out.extend_from_slice(b"; collapsed");
        }
        if let Some(key) = self.key {
            out.extend_from_slice(b"; key=");
            string(key, out);
        }
        if let Some(detail) = self.detail {
            out.extend_from_slice(b"; detail=");
            token_or_string(detail, out);
        }
    }
}

/// A structured field's token where the text is one, else a string.
fn token_or_string(text: &str, out: &mut Vec<u8>) {
    let bytes = text.as_bytes();
    let begins = bytes.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'*');
    if begins && bytes.iter().all(|&b| crate::list::is_tchar(b) || matches!(b, b':' | b'/')) {
        out.extend_from_slice(bytes);
    } else {
        string(text, out);
    }
}

/// A structured field's string; what may not stand in one is written as `?`.
fn string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for byte in text.bytes() {
        match byte {
            b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
            0x20..=0x7e => out.push(byte),
            _ => out.push(b'?'),
        }
    }
    out.push(b'"');
}

/// An integer without allocation.
fn integer(number: i64, out: &mut Vec<u8>) {
    if number < 0 {
        out.push(b'-');
    }
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}
