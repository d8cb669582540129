//! A generation as it travels: the list of its parts, each with a version and the hash of its content.
//!
//! A part is one site, zone, certificate, the membership. Its version is the position of the generation in which it
//! last changed; what its content means is judged by who applies it.

use crate::entry::EpochId;
use crate::position::Position;
use crate::wire::{DecodeError, Reader, put_text};

/// The hash of a part's content, by whatever function the link uses for blobs.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ContentHash(pub [u8; 32]);

/// One part as a generation has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Part {
    /// What it is, such as `site/example.com`. 1 to [`Manifest::NAME_BYTES_MAX`] bytes.
    pub name: Box<str>,
    /// The generation in which it last changed.
    pub version: Position,
    /// Its content; `None` takes the part away. A part that is not listed is taken away, too, but only by a committed
    /// generation: a candidate says it in so many words.
    pub content: Option<ContentHash>,
}

/// All parts of a generation, sorted by name.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Manifest {
    at: Position,
    id: EpochId,
    parts: Vec<Part>,
}

const VERSION: u8 = 1;

impl Manifest {
    /// Most parts of a generation.
    pub const PARTS_MAX: usize = 65_536;
    /// Longest name of a part.
    pub const NAME_BYTES_MAX: usize = 512;

    /// The generation `at`, of the history `id`, with these parts in any order.
    ///
    /// # Errors
    /// When there are too many, one has no or too long a name, two have one name, or one changed after `at`.
    pub fn new(at: Position, id: EpochId, mut parts: Vec<Part>) -> Result<Manifest, DecodeError> {
        parts.sort_by(|a, b| a.name.cmp(&b.name));
        let manifest = Manifest { at, id, parts };
        manifest.check()?;
        Ok(manifest)
    }

    /// Its place in the sequence of generations.
    pub fn at(&self) -> Position {
        self.at
    }

    /// Which history of its epoch.
    pub fn id(&self) -> EpochId {
        self.id
    }

    /// Its parts by name.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// The part of this name.
    pub fn part(&self, name: &str) -> Option<&Part> {
        self.parts.binary_search_by(|part| (*part.name).cmp(name)).ok().map(|nth| &self.parts[nth])
    }

    /// The same content as the first generation of a new epoch, for a restored control: every part is versioned anew,
    /// so that nodes which have seen later ones take what was restored.
    #[must_use]
    pub fn begin_epoch(mut self, at: Position, id: EpochId) -> Manifest {
        self.parts.iter_mut().for_each(|part| part.version = at);
        Manifest { at, id, parts: self.parts }
    }

    /// The form for wires and disks.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![VERSION];
        out.extend(self.at.encode());
        out.extend(self.id.0.to_be_bytes());
        out.extend(u32::try_from(self.parts.len()).expect("at most PARTS_MAX").to_be_bytes());
        for part in &self.parts {
            put_text(&mut out, &part.name);
            out.extend(part.version.encode());
            out.push(u8::from(part.content.is_some()));
            out.extend(part.content.iter().flat_map(|content| content.0));
        }
        out
    }

    /// Reads the form of [`encode`](Self::encode), all of it.
    ///
    /// # Errors
    /// When anything is not exactly as `encode` writes it.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, DecodeError> {
        let manifest = Reader::whole(bytes, |reader| {
            reader.version(VERSION)?;
            let (at, id) = (Position::read(reader)?, EpochId(reader.u64()?));
            let count = reader.u32()? as usize;
            if count > Self::PARTS_MAX {
                return Err(DecodeError::TooLarge("number of parts"));
            }
            let parts = (0..count).map(|_| read_part(reader)).collect::<Result<_, _>>()?;
            Ok(Manifest { at, id, parts })
        })?;
        manifest.check()?;
        Ok(manifest)
    }

    fn check(&self) -> Result<(), DecodeError> {
        if self.parts.len() > Self::PARTS_MAX {
            return Err(DecodeError::TooLarge("number of parts"));
        }
        for part in &self.parts {
            match part.name.len() {
                0 => return Err(DecodeError::BadText("name of a part")),
                length if length > Self::NAME_BYTES_MAX => {
                    return Err(DecodeError::TooLarge("name of a part"));
                }
                _ if part.version > self.at => {
                    return Err(DecodeError::Contradiction("a part changed after its generation"));
                }
                _ => {}
            }
        }
        match self.parts.is_sorted_by(|a, b| a.name < b.name) {
            true => Ok(()),
            false => Err(DecodeError::Contradiction("its parts are not sorted by name, each once")),
        }
    }
}

fn read_part(reader: &mut Reader<'_>) -> Result<Part, DecodeError> {
    Ok(Part {
        name: reader.text(Manifest::NAME_BYTES_MAX, "name of a part")?,
        version: Position::read(reader)?,
        content: match reader.u8()? {
            0 => None,
            1 => Some(ContentHash(reader.array()?)),
            _ => return Err(DecodeError::Unknown("presence")),
        },
    })
}
