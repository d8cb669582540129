//! How large the parts of a request may be. Each limit has a default and bounds; nothing is clamped.

use std::fmt;

/// The limits of one listener. Heads and bodies beyond them are refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Bytes of a whole request head, empty lines before it included. Default 32 KiB; 1 KiB to 64 KiB. Beyond: 431.
    pub head_bytes_max: usize,
    /// Bytes of a request target. Default 8 KiB; 256 to 64 KiB. Beyond: 414.
    pub target_bytes_max: usize,
    /// Field lines in a head, and in a trailer section. Default 100; 8 to 256. Beyond: 431.
    pub fields_max: usize,
    /// Bytes of a chunk's size line, extensions and line end included. Default 256; 32 to 4 KiB. Beyond: 400.
    pub chunk_line_bytes_max: usize,
    /// Bytes of a trailer section, its empty last line included. Default 8 KiB; 256 to 64 KiB. Beyond: 431.
    pub trailer_bytes_max: usize,
}

impl Limits {
    /// The longest head that offsets of sixteen bits can describe.
    pub const HEAD_BYTES_MOST: usize = 64 << 10;
    /// The most field lines that a parser has room for.
    pub const FIELDS_MOST: usize = 256;

    /// These limits, if each lies within its bounds, or every one that does not.
    pub fn validate(self) -> Result<Limits, Vec<LimitError>> {
        let bounds = [
            ("head_bytes_max", self.head_bytes_max, 1 << 10, Self::HEAD_BYTES_MOST),
            ("target_bytes_max", self.target_bytes_max, 256, Self::HEAD_BYTES_MOST),
            ("fields_max", self.fields_max, 8, Self::FIELDS_MOST),
            ("chunk_line_bytes_max", self.chunk_line_bytes_max, 32, 4 << 10),
            ("trailer_bytes_max", self.trailer_bytes_max, 256, Self::HEAD_BYTES_MOST),
        ];
        let mistakes: Vec<_> = bounds
            .into_iter()
            .filter(|&(_, given, least, most)| given < least || given > most)
            .map(|(limit, given, least, most)| LimitError { limit, given, least, most })
            .collect();
        if mistakes.is_empty() { Ok(self) } else { Err(mistakes) }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            head_bytes_max: 32 << 10,
            target_bytes_max: 8 << 10,
            fields_max: 100,
            chunk_line_bytes_max: 256,
            trailer_bytes_max: 8 << 10,
        }
    }
}

/// A limit outside its bounds: the operator's mistake.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct LimitError {
    /// The limit's name, as in [`Limits`].
    pub limit: &'static str,
    /// What was asked for.
    pub given: usize,
    /// The least allowed.
    pub least: usize,
    /// The most allowed.
    pub most: usize,
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let LimitError { limit, given, least, most } = self;
        write!(f, "{limit} is {given}, outside {least} to {most}")
    }
}

impl std::error::Error for LimitError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_lie_within_their_bounds() {
        assert_eq!(Limits::default().validate(), Ok(Limits::default()));
    }

    #[test]
    fn every_limit_out_of_bounds_is_reported_at_once() {
        let limits = Limits { head_bytes_max: 65 << 10, fields_max: 0, ..Limits::default() };
        let mistakes = limits.validate().expect_err("two limits are out of bounds");
        assert_eq!(mistakes.len(), 2);
        assert_eq!(mistakes[0].to_string(), "head_bytes_max is 66560, outside 1024 to 65536");
    }
}
