//! Trailer fields (RFC 9110 §6.5): which may be kept.

/// One trailer field that may be passed on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Trailer {
    /// The name, in the sender's case.
    pub name: Box<[u8]>,
    /// The value without whitespace around it.
    pub value: Box<[u8]>,
}

/// Whether a field must not stand in a trailer section because it frames, routes, authenticates, modifies the
/// request, or says how the content is to be read (RFC 9110 §6.5.1). By then all that was decided: such trailers
/// are dropped, never merged. Sorted.
pub fn is_forbidden_trailer(name: &[u8]) -> bool {
    let mut lower = [0; LONGEST];
    let Some(lower) = lower.get_mut(..name.len()) else {
        return false;
    };
    lower.copy_from_slice(name);
    lower.make_ascii_lowercase();
    let lower = &*lower;
    FORBIDDEN.binary_search_by(|known| known.as_bytes().cmp(lower)).is_ok()
        || FORBIDDEN_FAMILIES.iter().any(|family| lower.starts_with(family.as_bytes()))
}

const LONGEST: usize = 64;

const FORBIDDEN_FAMILIES: &[&str] = &["if-", "proxy-", "x-forwarded-"];

const FORBIDDEN: &[&str] = &[
    "accept-encoding",
    "age",
    "authorization",
    "cache-control",
    "cdn-cache-control",
    "cdn-loop",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "content-type",
    "cookie",
    "date",
    "expect",
    "expires",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "location",
    "max-forwards",
    "origin",
    "pragma",
    "range",
    "retry-after",
    "set-cookie",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "vary",
    "via",
    "warning",
    "www-authenticate",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_sorted_so_that_it_can_be_searched() {
        assert!(FORBIDDEN.is_sorted());
        assert!(FORBIDDEN.iter().all(|name| name.len() <= LONGEST && is_forbidden_trailer(name.as_bytes())));
    }

    #[test]
    fn framing_and_routing_are_forbidden_and_digests_are_not() {
        assert!(is_forbidden_trailer(b"Content-Length"));
        assert!(is_forbidden_trailer(b"TRANSFER-ENCODING"));
        assert!(is_forbidden_trailer(b"X-Forwarded-For"));
        assert!(is_forbidden_trailer(b"If-None-Match"));
        assert!(!is_forbidden_trailer(b"Repr-Digest"));
        assert!(!is_forbidden_trailer(b"grpc-status"));
        assert!(!is_forbidden_trailer(&[b'a'; 200]));
    }
}
