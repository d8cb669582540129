//! Names and values in `Cookie` (RFC 6265 §4.2.1) and in a query, as they were sent: nothing is decoded, and what has
//! no `=` is a name with the empty value.

use littoral_http_caching::{Fields, Known};

/// All cookies, in their order.
pub(crate) fn cookies(fields: &Fields) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = fields.all(Known::Cookie).flat_map(|line| line.split(|&b| b == b';'));
    pairs.map(|pair| split(pair.trim_ascii()))
}

/// The values of the cookies with this name.
pub(crate) fn cookie<'a>(fields: &'a Fields, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    cookies(fields).filter(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
}

/// All parameters of a query, in their order.
pub(crate) fn parameters(query: Option<&[u8]>) -> impl Iterator<Item = (&[u8], &[u8])> {
    let pairs = query.unwrap_or_default().split(|&b| b == b'&');
    pairs.filter(|pair| !pair.is_empty()).map(split)
}

/// The values of the parameters with this name.
pub(crate) fn parameter<'a>(query: Option<&'a [u8]>, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    parameters(query).filter(|(known, _)| *known == name.as_bytes()).map(|(_, value)| value)
}

/// Name and value of one pair.
pub(crate) fn split(pair: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memchr(b'=', pair) {
        Some(at) => (&pair[..at], &pair[at + 1..]),
        None => (pair, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])>) -> Vec<String> {
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        pairs.map(|(name, value)| format!("{}:{}", text(name), text(value))).collect()
    }

    #[test]
    fn pairs_are_as_they_were_sent() {
        let fields: Fields = [("Cookie", " a=1; b; =c;a=\"2=3\""), ("Cookie", "a=")].into_iter().collect();
        assert_eq!(texts(cookies(&fields)), ["a:1", "b:", ":c", "a:\"2=3\"", "a:"]);
        assert_eq!(cookie(&fields, "a").count(), 3);
        let query = Some(&b"a=1&&b&A=2&a=%31+&a==4&ab=5"[..]);
        assert_eq!(texts(parameters(query)), ["a:1", "b:", "A:2", "a:%31+", "a:=4", "ab:5"]);
        assert_eq!(parameter(query, "a").collect::<Vec<_>>(), [&b"1"[..], b"%31+", b"=4"]);
        assert!(parameters(None).next().is_none() && parameters(Some(b"")).next().is_none());
    }
}
