//! The HTTP/1.1 server codec (RFC 9112): bytes in, messages out, and the way back for responses.
//!
//! It stands between the connection's bytes and the router. A [`RequestParser`] turns the front of a buffer into a
//! [`RequestHead`] made of offsets into that buffer, a [`BodyDecoder`] undoes the framing of what follows, and
//! [`response`] writes heads and chunks.
//!
//! Two habits shape all of it. *What is ambiguous is refused, not repaired*: whatever two parsers on a path could
//! read as two different messages ends in a [`Refusal`], after which the connection must be closed. *How the bytes
//! were cut into packets never matters*: the same bytes give the same messages and the same refusals, whole or one
//! at a time.
//!
//! Deliberately absent: sockets, clocks, async, the meaning of fields that do not govern the message itself, and
//! any normalization of the target.
//!
//! ```
//! use littoral_h1::{BodyDecoder, Limits, RequestParser};
//!
//! let limits = Limits::default();
//! let received = b"POST /a HTTP/1.1\r\nHost: example.com\r\nContent-Length: 2\r\n\r\nhiGET /b HT";
//! let head = RequestParser::new().parse(received, &limits)?.expect("it is whole");
//! assert_eq!(head.target.of(received), b"/a");
//! assert_eq!(head.host.of(received), b"example.com");
//! let behind = &received[head.head_len..];
//! let body = BodyDecoder::new(head.framing, &limits).decode(behind)?;
//! assert_eq!((&behind[body.data], body.end), (&b"hi"[..], true));
//! assert_eq!(&behind[body.consumed..], b"GET /b HT");
//! # Ok::<(), littoral_h1::Refusal>(())
//! ```

mod body;
mod chunked;
mod governing;
mod head;
mod limits;
mod octets;
mod refusal;
pub mod response;
mod scan;
mod span;
mod target;
mod trailers;

pub use body::{BodyDecoder, Decoded};
pub use governing::RequestFraming;
pub use head::{RequestHead, RequestParser, Version};
pub use limits::{LimitError, Limits};
pub use octets::{is_field_name, is_field_value};
pub use refusal::Refusal;
pub use response::{
    CHUNK_END, CONTINUE_100, ChunkHead, ResponseFraming, choose_framing, chunk_head, connection_field,
    end_head, field, framing_fields, last_chunk, registered_reason, status_line,
};
pub use span::{FieldSpan, Span};
pub use target::{Authority, Scheme, TargetForm};
pub use trailers::{Trailer, is_forbidden_trailer};
