//! Field rules: which fields may be changed.

/// Fields that say how a message is framed or belong to one connection (RFC 9110 §7.6.1, RFC 9112 §6).
const FRAMING_FIELDS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "max-forwards",
];

/// Whether the field says how a message is framed, or ends with its connection.
pub(super) fn is_framing(lower: &str) -> bool {
    FRAMING_FIELDS.contains(&lower)
}
