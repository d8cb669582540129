//! gzip (RFC 1952), Brotli (RFC 7932) and Zstandard (RFC 8878) as streams: bytes in, bytes out, in steps whose memory
//! and output are bounded. Two levels: one for content that is on its way, one for content that is kept.
//!
//! On the path the edge's `transform` stands over it. Deliberately absent: HTTP, threads, time, and any choice of
//! what is worth encoding.
//!
//! # Memory
//! What one coder takes at most beside its output (`tests/it/memory.rs` measures it):
//!
//! | | [`Level::Quick`] | [`Level::Best`] | decoder |
//! |---|---|---|---|
//! | gzip | 0.7 MiB | 0.7 MiB | 0.1 MiB |
//! | Brotli | 5 MiB | 96 MiB | 18 MiB |
//! | Zstandard | 2 MiB | 96 MiB | 9 MiB |
//!
//! [`Encoder::memory_bytes`] and [`Decoder::memory_bytes`] give the same as numbers, for those who keep a budget.

mod decoder;
mod encoder;
mod error;
mod format;

pub use decoder::{DecodeLimits, Decoder, Step};
pub use encoder::{Encoder, Level};
pub use error::{DecodeError, EncodeError};
pub use format::Format;
