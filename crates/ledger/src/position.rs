//! A place in the sequence of purges: (epoch, number), totally ordered, never going back.
//!
//! Inside the fence a position is one 64-bit word, so that threads read it with one load.

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
