//! What can go wrong, by name.

use std::fmt;

/// Why bytes cannot be decoded.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum DecodeError {
    /// They are not of the format, or damaged.
    Malformed,
    /// They end before their end.
    Truncated,
    /// They need a larger window than is allowed.
    Window,
    /// They unfold into more bytes for each of theirs than is allowed.
    Ratio,
    /// They unfold into more bytes than are allowed.
    Length,
}

impl DecodeError {
    /// Label in metrics and logs.
    pub fn as_str(self) -> &'static str {
        match self {
            DecodeError::Malformed => "malformed",
            DecodeError::Truncated => "truncated",
            DecodeError::Window => "window",
            DecodeError::Ratio => "ratio",
            DecodeError::Length => "length",
        }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            DecodeError::Malformed => "the compressed bytes are malformed",
            DecodeError::Truncated => "the compressed bytes break off",
            DecodeError::Window => "the compressed bytes need too large a window",
            DecodeError::Ratio => "the compressed bytes unfold into too many for their number",
            DecodeError::Length => "the compressed bytes unfold into too many",
        })
    }
}

impl std::error::Error for DecodeError {}

/// The encoder failed: no memory, or a fault of the library.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub struct EncodeError;

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the encoder failed")
    }
}

impl std::error::Error for EncodeError {}
