//! Cache keys: bytes that are compared, with a hash that only finds the place.
//!
//! What goes into the bytes (site, method class, canonical URL, chosen fields) is the edge's to decide. The
//! hash is keyed once per process, so that nobody outside can aim at collisions; it is never written
//! down.

use std::sync::LazyLock;

use ahash::RandomState;

/// An owned key, as the store keeps it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Key {
    /// Hash of `bytes`; differs between processes.
    pub hash: u64,
    /// The whole key.
    pub bytes: Box<[u8]>,
}

/// A key in somebody's buffer: what a lookup needs, without allocation.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct KeyRef<'a> {
    /// Hash of `bytes`; differs between processes.
    pub hash: u64,
    /// The whole key.
    pub bytes: &'a [u8],
}

impl Key {
    /// The key with these bytes.
    pub fn new(bytes: &[u8]) -> Key {
        KeyRef::new(bytes).to_key()
    }

    /// The same key, borrowed.
    pub fn as_key_ref(&self) -> KeyRef<'_> {
        KeyRef { hash: self.hash, bytes: &self.bytes }
    }
}

impl<'a> KeyRef<'a> {
    /// The key with these bytes; hashes them once.
    pub fn new(bytes: &'a [u8]) -> KeyRef<'a> {
        KeyRef { hash: hash(bytes), bytes }
    }

    /// An owned copy.
    pub fn to_key(self) -> Key {
        Key { hash: self.hash, bytes: self.bytes.into() }
    }
}

/// The process's keyed hash.
pub(crate) fn hash(bytes: &[u8]) -> u64 {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEYS.hash_one(bytes)
}
