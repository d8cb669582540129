//! Records and their frames. What they mean for a node that starts is in `compaction`.

use super::checksum::crc32c;
use crate::entry::{EpochId, Logged};
use crate::position::Position;
use crate::progress::{Lost, Stand};
use crate::purge::Purge;
use crate::ties::Tie;
use crate::wire::{DecodeError, Reader};

/// One thing that a journal remembers.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// A process started: own positions have this epoch from here on.
    Life(u32),
    /// An entry of control's log took the node's own position `own`.
    Applied {
        /// Where it stands in the node's own sequence.
        own: Position,
        /// Entry and place in control's log.
        logged: Logged,
    },
    /// An unsafe method invalidated here.
    Local {
        /// Where it stands in the node's own sequence.
        own: Position,
        /// What it made unusable.
        purge: Purge,
    },
    /// Everything older than `own` is to be fetched anew: control no longer has what the node missed, or the journal
    /// was damaged, or compaction gave up precision.
    Floor {
        /// Where it stands in the node's own sequence.
        own: Position,
    },
    /// Where the node stands in control's log, whatever records came before.
    Stand {
        /// Own position at which it stood there.
        own: Position,
        /// Where.
        stand: Stand,
    },
    /// Which own positions were which of control's, for positions before the stand.
    Tie(Tie),
}

/// What stood behind the last good record.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Debug)]
pub enum Cut {
    /// Nothing: the journal ends with a whole record.
    Clean,
    /// A record that was being written when the machine stopped; it was never durable.
    Torn,
    /// A record that does not add up; what stood there may have been acknowledged.
    Damaged(DecodeError),
}

const VERSION: u8 = 1;
const HEAD_BYTES: usize = 12;

impl Record {
    /// Longest payload: an applied purge with the longest name, and some room.
    const PAYLOAD_BYTES_MAX: usize = Purge::NAME_BYTES_MAX + 256;

    /// Appends the record's frame.
    ///
    /// # Errors
    /// When a purge in it has no encoded form, see [`Purge::encode`]; then nothing is appended.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        let mut payload = vec![VERSION];
        self.put(&mut payload)?;
        let length = u32::try_from(payload.len()).expect("bounded by the longest name").to_be_bytes();
        out.extend(length);
        out.extend(length.map(|byte| !byte));
        out.extend(crc32c(&[&length, &payload]).to_be_bytes());
        out.extend(payload);
        Ok(())
    }

    fn put(&self, out: &mut Vec<u8>) -> Result<(), DecodeError> {
        match self {
            Record::Life(life) => {
                out.push(0);
                out.extend(life.to_be_bytes());
            }
            Record::Applied { own, logged } => {
                out.push(1);
                out.extend(own.encode());
                logged.put(out)?;
            }
            Record::Local { own, purge } => {
                out.push(2);
                out.extend(own.encode());
                purge.put(out)?;
            }
            Record::Floor { own } => {
                out.push(3);
                out.extend(own.encode());
            }
            Record::Stand { own, stand } => {
                out.push(4);
                out.extend(own.encode());
                out.extend(stand.control.encode());
                out.extend(stand.id.0.to_be_bytes());
                out.push(u8::from(stand.lost.is_some()));
                if let Some(lost) = stand.lost {
                    out.extend(lost.known.encode());
                    out.extend(lost.back.encode());
                }
            }
            Record::Tie(tie) => {
                out.push(5);
                out.extend(tie.own.encode());
                out.extend(tie.control.encode());
                out.extend(tie.run.to_be_bytes());
                out.extend(tie.back.encode());
            }
        }
        Ok(())
    }

    fn read(reader: &mut Reader<'_>) -> Result<Record, DecodeError> {
        reader.version(VERSION)?;
        match reader.u8()? {
            0 => match reader.u32()? {
                life if life > Position::EPOCH_MAX => Err(DecodeError::TooLarge("life")),
                life => Ok(Record::Life(life)),
            },
            1 => Ok(Record::Applied { own: Position::read(reader)?, logged: Logged::read(reader)? }),
            2 => Ok(Record::Local { own: Position::read(reader)?, purge: Purge::read(reader)? }),
            3 => Ok(Record::Floor { own: Position::read(reader)? }),
            4 => Ok(Record::Stand { own: Position::read(reader)?, stand: read_stand(reader)? }),
            5 => read_tie(reader).map(Record::Tie),
            _ => Err(DecodeError::Unknown("record")),
        }
    }
}

fn read_stand(reader: &mut Reader<'_>) -> Result<Stand, DecodeError> {
    Ok(Stand {
        control: Position::read(reader)?,
        id: EpochId(reader.u64()?),
        lost: match reader.u8()? {
            0 => None,
            1 => Some(Lost { known: Position::read(reader)?, back: Position::read(reader)? }),
            _ => return Err(DecodeError::Unknown("presence")),
        },
    })
}

fn read_tie(reader: &mut Reader<'_>) -> Result<Tie, DecodeError> {
    let (own, control) = (Position::read(reader)?, Position::read(reader)?);
    let (run, back) = (reader.u64()?, Position::read(reader)?);
    if run > Position::NUMBER_MAX - own.number.max(control.number) {
        return Err(DecodeError::TooLarge("run"));
    }
    Ok(Tie { own, control, run, back })
}

/// The records of a journal up to the first that is not whole, how many bytes they take, and what follows them.
/// The owner of the file cuts it to that length before it appends.
pub fn decode_journal(bytes: &[u8]) -> (Vec<Record>, usize, Cut) {
    let mut records = Vec::new();
    let mut at = 0;
    while let Some(frame) = Some(&bytes[at..]).filter(|rest| !rest.is_empty()) {
        match decode_frame(frame) {
            Ok((record, length)) => {
                records.push(record);
                at += length;
            }
            Err(cut) => return (records, at, cut),
        }
    }
    (records, at, Cut::Clean)
}

fn decode_frame(bytes: &[u8]) -> Result<(Record, usize), Cut> {
    // A file that was made longer before it was written ends in zeros.
    if bytes.iter().all(|&byte| byte == 0) {
        return Err(Cut::Torn);
    }
    let (&length, rest) = bytes.split_first_chunk::<4>().ok_or(Cut::Torn)?;
    let (&complement, rest) = rest.split_first_chunk::<4>().ok_or(Cut::Torn)?;
    let (&sum, rest) = rest.split_first_chunk::<4>().ok_or(Cut::Torn)?;
    // A rotten length would make whole records behind it look like a tail that was never written.
    if complement != length.map(|byte| !byte) {
        return Err(Cut::Damaged(DecodeError::Contradiction("its length is another")));
    }
    let payload_bytes = u32::from_be_bytes(length) as usize;
    if payload_bytes > Record::PAYLOAD_BYTES_MAX {
        return Err(Cut::Damaged(DecodeError::TooLarge("record")));
    }
    let payload = rest.get(..payload_bytes).ok_or(Cut::Torn)?;
    if crc32c(&[&length, payload]) != u32::from_be_bytes(sum) {
        return Err(Cut::Damaged(DecodeError::Contradiction("its checksum is another")));
    }
    let record = Reader::whole(payload, Record::read).map_err(Cut::Damaged)?;
    Ok((record, HEAD_BYTES + payload_bytes))
}
