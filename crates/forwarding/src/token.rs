//! Names that come from outside and go on into logs and fields.

/// Longest request id that is taken over. Bytes.
const REQUEST_ID_BYTES_MAX: usize = 128;

/// Whether a proxy's request id may be taken over: 1 to 128 letters, digits and `-_.~+/=:@`. Nothing in it needs
/// quoting, in a field, in a log, in a shell.
pub fn is_request_id(text: &[u8]) -> bool {
    (1..=REQUEST_ID_BYTES_MAX).contains(&text.len())
        && text.iter().all(|b| b.is_ascii_alphanumeric() || b"-_.~+/=:@".contains(b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_short_and_plain() {
        for good in ["1", "7b6b1f2c-7f0e-4b3c-9a55-0d3c2d3f9a10", "Root=1-67891233-abcdef012345678912345678"]
        {
            assert!(is_request_id(good.as_bytes()), "{good}");
        }
        assert!(is_request_id(&[b'a'; 128]));
        assert!(!is_request_id(&[b'a'; 129]));
        for bad in ["", "a b", "a,b", "a\"b", "a;b", "a\tb", "ä", "${jndi:x}", "<a>", "a\\b", "a'b"] {
            assert!(!is_request_id(bad.as_bytes()), "{bad}");
        }
    }
}
