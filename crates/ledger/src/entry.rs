//! What control's log is made of: purges, and two entries about the log itself.
//!
//! ```text
//! epoch 1   (1,49) purge   (1,50) purge   (1,51) purge … (1,57) purge      lost with the store
//!                              \
//! epoch 2                       (2,50) Epoch{branch (1,50)}   (2,51) Renew{lost (1,57)}   (2,52) purge
//! ```
//!
//! A restored, or lossily promoted, store begins a new epoch with a mark at (its epoch, the number at which it
//! branches off): later than all that any node has seen of the old epoch, so that taking it over never goes back.
//! When a node asks that knows more of the old epoch than the branch, control enters [`Entry::Renew`]: from then on
//! nobody uses what is older. Not even its validators: what is lost may have been a hard purge, and those are for
//! origins whose validators lie.

use crate::position::Position;
use crate::purge::Purge;
use crate::wire::{DecodeError, Reader};

/// Tells two histories apart that count the same epoch: drawn at random when the epoch begins.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct EpochId(pub u64);

/// One entry of control's log.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// What an operator asked for.
    Purge(Purge),
    /// All of every site must be fetched anew before it is used again: purges up to `lost` are known to some node
    /// and to no log.
    Renew {
        /// The latest position of an earlier epoch that a node was found to know beyond the branch.
        lost: Position,
    },
    /// The epoch begins.
    Epoch {
        /// Which history this is.
        id: EpochId,
        /// The last position of earlier epochs that belongs to this history.
        branch: Position,
    },
}

/// An entry in its place.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Logged {
    /// Its place.
    pub at: Position,
    /// What stands there.
    pub entry: Entry,
}

const VERSION: u8 = 1;

impl Entry {
    pub(crate) fn put(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        out.push(VERSION);
        match self {
            Entry::Purge(purge) => {
                out.push(0);
                purge.put(out)?;
            }
            Entry::Renew { lost } => {
                out.push(1);
                out.extend(lost.encode());
            }
            Entry::Epoch { id, branch } => {
                out.push(2);
                out.extend(id.0.to_be_bytes());
                out.extend(branch.encode());
            }
        }
        Ok(())
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Entry, DecodeError> {
        reader.version(VERSION)?;
        match reader.u8()? {
            0 => Purge::read(reader).map(Entry::Purge),
            1 => Ok(Entry::Renew { lost: Position::read(reader)? }),
            2 => Ok(Entry::Epoch { id: EpochId(reader.u64()?), branch: Position::read(reader)? }),
            _ => Err(DecodeError::Unknown("entry")),
        }
    }
}

impl Logged {
    /// The form for wires and disks.
    ///
    /// # Errors
    /// When a purge in it has none, see [`Purge::encode`].
    pub fn encode(&self) -> Result<Vec<u8>, DecodeError> {
        let mut out = Vec::new();
        self.put(&mut out)?;
        Ok(out)
    }

    /// Reads the form of [`encode`](Self::encode), all of it.
    ///
    /// # Errors
    /// When anything is not exactly as `encode` writes it, or an epoch's mark does not stand where it branches off.
    pub fn decode(bytes: &[u8]) -> Result<Logged, DecodeError> {
        Reader::whole(bytes, Logged::read)
    }

    pub(crate) fn put(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        out.extend(self.at.encode());
        self.entry.put(out)
    }

    pub(crate) fn read(reader: &mut Reader<'_>) -> Result<Logged, DecodeError> {
        let logged = Logged { at: Position::read(reader)?, entry: Entry::read(reader)? };
        match logged.entry {
            Entry::Epoch { branch, .. } if !begins_at(logged.at, branch) => {
                Err(DecodeError::Contradiction("an epoch begins where it branches off"))
            }
            _ => Ok(logged),
        }
    }
}

/// Whether an epoch's mark may stand at `at`.
pub(crate) fn begins_at(at: Position, branch: Position) -> bool {
    at.epoch > branch.epoch && at.number == branch.number
}
