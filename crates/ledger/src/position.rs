//! A place in a sequence: (epoch, number), totally ordered, never going back.
//!
//! There are three sequences: control's purges, control's generations, and the node's own, in which each purge
//! that it applies takes a place. Inside the fence a position is one 64-bit word, so that threads read it with one
//! load. On wires and disks it is [`Position::ENCODED_BYTES`] bytes that sort as positions do.

use crate::wire::{DecodeError, Reader};

/// A place in a sequence. A later epoch is later than every number of an earlier one; `(0, 0)`, the
/// default, is before everything.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Position {
    /// Grows when the sequence's store was restored or lossily promoted. At most [`Position::EPOCH_MAX`].
    pub epoch: u32,
    /// Grows by one with each purge. At most [`Position::NUMBER_MAX`].
    pub number: u64,
}

const NUMBER_BITS: u32 = 44;

impl Position {
    /// Largest epoch that a fence accepts.
    pub const EPOCH_MAX: u32 = (1 << (64 - NUMBER_BITS)) - 1;
    /// Largest number that a fence accepts: a million purges a second for half a year.
    pub const NUMBER_MAX: u64 = (1 << NUMBER_BITS) - 1;

    /// The position after this one. Past the last number of an epoch the next epoch begins.
    #[must_use]
    pub fn next(self) -> Position {
        if self.number < Self::NUMBER_MAX {
            Position { epoch: self.epoch, number: self.number + 1 }
        } else {
            Position { epoch: self.epoch + 1, number: 0 }
        }
    }

    /// Bytes of the encoded form.
    pub const ENCODED_BYTES: usize = 13;
    const VERSION: u8 = 1;

    /// The form for wires and disks: version, epoch, number, big-endian.
    pub fn encode(self) -> [u8; Self::ENCODED_BYTES] {
        let mut bytes = [Self::VERSION; Self::ENCODED_BYTES];
        bytes[1..5].copy_from_slice(&self.epoch.to_be_bytes());
        bytes[5..].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }

    /// Reads the form of [`encode`](Self::encode).
    ///
    /// # Errors
    /// When it is of another version, too short or long, or beyond [`EPOCH_MAX`](Self::EPOCH_MAX) or
    /// [`NUMBER_MAX`](Self::NUMBER_MAX).
    pub fn decode(bytes: &[u8]) -> Result<Position, DecodeError> {
        Reader::whole(bytes, Position::read)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Position, DecodeError> {
        reader.version(Self::VERSION)?;
        let (epoch, number) = (reader.u32()?, reader.u64()?);
        if epoch > Self::EPOCH_MAX {
            return Err(DecodeError::TooLarge("epoch"));
        }
        if number > Self::NUMBER_MAX {
            return Err(DecodeError::TooLarge("number"));
        }
        Ok(Position { epoch, number })
    }

    /// One word in the same order. What lies outside the limits cannot have come from a fence and packs as
    /// the earliest position: such a response counts as older than every purge.
    pub(crate) fn pack(self) -> u64 {
        if self.epoch > Self::EPOCH_MAX || self.number > Self::NUMBER_MAX {
            return 0;
        }
        (u64::from(self.epoch) << NUMBER_BITS) | self.number
    }

    pub(crate) fn unpack(word: u64) -> Position {
        let epoch = u32::try_from(word >> NUMBER_BITS).expect("20 bits are left");
        Position { epoch, number: word & Self::NUMBER_MAX }
    }
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.epoch, self.number)
    }
}
