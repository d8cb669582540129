//! The character classes of RFC 9110 §5 and RFC 9112 §3, as one table.

const TOKEN: u8 = 1;
const FIELD: u8 = 2;
const TARGET: u8 = 4;
const HOST: u8 = 8;

/// For each octet, the classes that it belongs to.
static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut octet = 0;
    while octet < 256 {
        let b = octet as u8;
        let mut class = 0;
        if b.is_ascii_alphanumeric()
            || matches!(b, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.' | b'^'..=b'`' | b'|' | b'~')
        {
            class |= TOKEN;
        }
        if matches!(b, b'\t' | b' '..=b'~' | 0x80..) {
            class |= FIELD;
        }
        if matches!(b, b'!'..=b'~') && b != b'#' {
            class |= TARGET;
        }
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_') {
            class |= HOST;
        }
        table[octet] = class;
        octet += 1;
    }
    table
}

/// `tchar` (RFC 9110 §5.6.2).
#[inline]
pub(crate) fn is_token_octet(b: u8) -> bool {
    CLASSES[usize::from(b)] & TOKEN != 0
}

/// What a field value may hold: visible ASCII, space, tab and `obs-text` (RFC 9110 §5.5).
#[inline]
pub(crate) fn is_field_octet(b: u8) -> bool {
    CLASSES[usize::from(b)] & FIELD != 0
}

/// What a request target may hold: visible ASCII but `#`. Wider than RFC 3986, since browsers send `|`, `{` or `^`
/// in queries as they are.
#[inline]
pub(crate) fn is_target_octet(b: u8) -> bool {
    CLASSES[usize::from(b)] & TARGET != 0
}

/// What a registered name may hold here: letters, digits, hyphen, dot, underscore. RFC 3986 allows percent-encoding
/// and `sub-delims` too, but no DNS name needs them and a comma or semicolon in a host is a trick.
#[inline]
pub(crate) fn is_host_octet(b: u8) -> bool {
    CLASSES[usize::from(b)] & HOST != 0
}

/// Whether `name` may stand as a field name: a non-empty token. For names that arrive from elsewhere (an origin, an
/// HTTP/2 client) and are about to be written.
pub fn is_field_name(name: &[u8]) -> bool {
    !name.is_empty() && name.iter().all(|&b| is_token_octet(b))
}

/// Whether `value` may stand as a field value: no control characters but tab, so neither CR, LF nor NUL. For values
/// that arrive from elsewhere and are about to be written. Whitespace at the ends is not objected to.
pub fn is_field_value(value: &[u8]) -> bool {
    value.iter().all(|&b| is_field_octet(b))
}

/// `value` without the optional whitespace (space, tab) at its ends.
pub(crate) fn trim_ows(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] = value {
        value = rest;
    }
    while let [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_octets_are_those_of_the_rfc() {
        let allowed = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
        for b in 0..=255 {
            assert_eq!(is_token_octet(b), allowed(b), "octet {b:#04x}");
        }
    }

    #[test]
    fn field_values_hold_no_controls_but_tab() {
        for b in 0..=255u8 {
            assert_eq!(is_field_value(&[b]), b == b'\t' || (b >= 0x20 && b != 0x7f), "octet {b:#04x}");
        }
    }
}
