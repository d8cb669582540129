//! The way back: status lines, fields, framing and chunks, appended to a buffer that the caller sends.
//!
//! Nothing here checks what it is given beyond debug assertions: names and values that came from elsewhere pass
//! [`crate::is_field_name`] and [`crate::is_field_value`] first.

use crate::{Trailer, Version, is_field_name, is_field_value};

/// The interim answer to `Expect: 100-continue` (RFC 9110 §15.2.1).
pub const CONTINUE_100: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// What stands behind the data of each chunk.
pub const CHUNK_END: &[u8] = b"\r\n";

/// How a response's body is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResponseFraming {
    /// No body whatever the fields say: 1xx, 204, 304, and answers to HEAD.
    None,
    /// `Content-Length`.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
    /// By closing the connection, which cannot live on.
    Close,
}

/// The framing of a final response whose body has `length` bytes, if that is known.
pub fn choose_framing(
    method_is_head: bool,
    status: u16,
    version: Version,
    length: Option<u64>,
) -> ResponseFraming {
    match (status, length, version) {
        (100..=199 | 204 | 304, _, _) => ResponseFraming::None,
        _ if method_is_head => ResponseFraming::None,
        (_, Some(length), _) => ResponseFraming::Length(length),
        (_, None, Version::Http11) => ResponseFraming::Chunked,
        (_, None, Version::Http10) => ResponseFraming::Close,
    }
}

/// Appends `HTTP/1.1 STATUS REASON`; the registered reason when none is given. Always 1.1, the version that this
/// server speaks (RFC 9110 §6.2), also to HTTP/1.0 clients.
pub fn status_line(out: &mut Vec<u8>, status: u16, reason: Option<&str>) {
    debug_assert!((100..=999).contains(&status), "a status has three digits");
    let reason = reason.unwrap_or_else(|| registered_reason(status));
    debug_assert!(is_field_value(reason.as_bytes()));
    out.extend_from_slice(b"HTTP/1.1 ");
    append_number(out, u64::from(status));
    out.push(b' ');
    out.extend_from_slice(reason.as_bytes());
    out.extend_from_slice(b"\r\n");
}

/// Appends one field line. `name` is a token and `value` holds no control characters: check what came from elsewhere.
#[inline]
pub fn field(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    debug_assert!(is_field_name(name) && is_field_value(value));
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

/// Appends the field that `framing` needs. `content_length_for_head` is what a 304 or an answer to HEAD says about
/// the body that it does not carry; it must be `None` for 1xx and 204 (RFC 9110 §8.6).
pub fn framing_fields(out: &mut Vec<u8>, framing: ResponseFraming, content_length_for_head: Option<u64>) {
    let length = match framing {
        ResponseFraming::Length(length) => Some(length),
        ResponseFraming::None => content_length_for_head,
        ResponseFraming::Chunked => {
            out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
            None
        }
        ResponseFraming::Close => None,
    };
    if let Some(length) = length {
        out.extend_from_slice(b"Content-Length: ");
        append_number(out, length);
        out.extend_from_slice(b"\r\n");
    }
}

/// Appends `Connection` where the version's default is not what happens: `close` whenever the connection ends
/// (harmless in HTTP/1.0, where it is the default), `keep-alive` when it lives on in HTTP/1.0.
#[inline]
pub fn connection_field(out: &mut Vec<u8>, keep_alive: bool, version: Version) {
    match (keep_alive, version) {
        (true, Version::Http11) => {}
        (true, Version::Http10) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
        (false, _) => out.extend_from_slice(b"Connection: close\r\n"),
    }
}

/// Appends the empty line that ends a head.
#[inline]
pub fn end_head(out: &mut Vec<u8>) {
    out.extend_from_slice(b"\r\n");
}

/// A chunk's size line: what stands before its data.
#[derive(Clone, Copy, Debug)]
pub struct ChunkHead {
    bytes: [u8; 18],
    start: u8,
}

impl std::ops::Deref for ChunkHead {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[usize::from(self.start)..]
    }
}

impl AsRef<[u8]> for ChunkHead {
    fn as_ref(&self) -> &[u8] {
        self
    }
}

/// The line before a chunk of `len` bytes, which [`CHUNK_END`] must follow.
///
/// # Panics
/// When `len` is zero: an empty chunk would end the body. That is [`last_chunk`]'s to do.
pub fn chunk_head(len: usize) -> ChunkHead {
    assert!(len > 0, "an empty chunk ends the body; use last_chunk");
    let mut bytes = *b"0000000000000000\r\n";
    let mut start = 16;
    let mut rest = len;
    while rest > 0 {
        start -= 1;
        bytes[start] = b"0123456789abcdef"[rest & 15];
        rest >>= 4;
    }
    ChunkHead { bytes, start: start as u8 }
}

/// Appends the chunk that ends a body, with trailers that passed [`crate::is_forbidden_trailer`].
pub fn last_chunk(out: &mut Vec<u8>, trailers: &[Trailer]) {
    out.extend_from_slice(b"0\r\n");
    for trailer in trailers {
        field(out, &trailer.name, &trailer.value);
    }
    out.extend_from_slice(b"\r\n");
}

fn append_number(out: &mut Vec<u8>, number: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// The reason phrases of the IANA registry; empty for codes that it does not have.
pub fn registered_reason(status: u16) -> &'static str {
    match status {
        100 => "Continue",
        101 => "Switching Protocols",
        102 => "Processing",
        103 => "Early Hints",
        200 => "OK",
        201 => "Created",
        202 => "Accepted",
        203 => "Non-Authoritative Information",
        204 => "No Content",
        205 => "Reset Content",
        206 => "Partial Content",
        207 => "Multi-Status",
        208 => "Already Reported",
        226 => "IM Used",
        300 => "Multiple Choices",
        301 => "Moved Permanently",
        302 => "Found",
        303 => "See Other",
        304 => "Not Modified",
        305 => "Use Proxy",
        307 => "Temporary Redirect",
        308 => "Permanent Redirect",
        400 => "Bad Request",
        401 => "Unauthorized",
        402 => "Payment Required",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        406 => "Not Acceptable",
        407 => "Proxy Authentication Required",
        408 => "Request Timeout",
        409 => "Conflict",
        410 => "Gone",
        411 => "Length Required",
        412 => "Precondition Failed",
        413 => "Content Too Large",
        414 => "URI Too Long",
        415 => "Unsupported Media Type",
        416 => "Range Not Satisfiable",
        417 => "Expectation Failed",
        421 => "Misdirected Request",
        422 => "Unprocessable Content",
        423 => "Locked",
        424 => "Failed Dependency",
        425 => "Too Early",
        426 => "Upgrade Required",
        428 => "Precondition Required",
        429 => "Too Many Requests",
        431 => "Request Header Fields Too Large",
        451 => "Unavailable For Legal Reasons",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        505 => "HTTP Version Not Supported",
        506 => "Variant Also Negotiates",
        507 => "Insufficient Storage",
        508 => "Loop Detected",
        511 => "Network Authentication Required",
        _ => "",
    }
}
