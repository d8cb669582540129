//! Bytes to values, strictly: a reader over one whole message, and what can be wrong with it.
//!
//! All forms are big-endian and begin with a version of their own, so that a node tells "newer than I know" from
//! "broken". What a value means is decided by the modules that own it.

use std::fmt;

/// Why bytes are not what they should be.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum DecodeError {
    /// They end too early.
    Short,
    /// Something follows behind the end.
    Trailing,
    /// A version that this build does not know.
    Version(u8),
    /// A discriminant that this version does not have; names what it chooses.
    Unknown(&'static str),
    /// A length, count or number beyond its limit; names it.
    TooLarge(&'static str),
    /// Text that is not UTF-8, or empty where something must stand; names it.
    BadText(&'static str),
    /// Parts that contradict each other; says how.
    Contradiction(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Short => f.write_str("ends too early"),
            DecodeError::Trailing => f.write_str("has bytes behind its end"),
            DecodeError::Version(version) => {
                write!(f, "has version {version}, which this build does not know")
            }
            DecodeError::Unknown(what) => write!(f, "has an unknown {what}"),
            DecodeError::TooLarge(what) => write!(f, "has a {what} beyond its limit"),
            DecodeError::BadText(what) => write!(f, "has a {what} that is no text"),
            DecodeError::Contradiction(how) => write!(f, "contradicts itself: {how}"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// What is left of a message.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads all of `bytes` with `read`; what is left over is a mistake.
    pub(crate) fn whole<T>(
        bytes: &'a [u8],
        read: impl FnOnce(&mut Reader<'a>) -> Result<T, DecodeError>,
    ) -> Result<T, DecodeError> {
        let mut reader = Reader { rest: bytes };
        let value = read(&mut reader)?;
        if reader.rest.is_empty() { Ok(value) } else { Err(DecodeError::Trailing) }
    }

    pub(crate) fn version(&mut self, known: u8) -> Result<(), DecodeError> {
        match self.u8()? {
            version if version == known => Ok(()),
            version => Err(DecodeError::Version(version)),
        }
    }

    pub(crate) fn u8(&mut self) -> Result<u8, DecodeError> {
        Ok(self.array::<1>()?[0])
    }

    pub(crate) fn u32(&mut self) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    pub(crate) fn u64(&mut self) -> Result<u64, DecodeError> {
        Ok(u64::from_be_bytes(self.array()?))
    }

    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (taken, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Short)?;
        self.rest = rest;
        Ok(*taken)
    }

    /// Text behind its length.
    pub(crate) fn text(&mut self, bytes_max: usize, what: &'static str) -> Result<Box<str>, DecodeError> {
        let length = self.u32()? as usize;
        if length > bytes_max {
            return Err(DecodeError::TooLarge(what));
        }
        let (text, rest) = self.rest.split_at_checked(length).ok_or(DecodeError::Short)?;
        self.rest = rest;
        std::str::from_utf8(text).map(Into::into).map_err(|_| DecodeError::BadText(what))
    }
}

/// Writes what [`Reader::text`] reads. The caller has checked the length.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    out.extend(u32::try_from(text.len()).expect("limits of texts are far below 4 GiB").to_be_bytes());
    out.extend(text.as_bytes());
}
