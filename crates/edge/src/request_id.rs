//! What a request is called, here and at the origin: 128 random bits as 32 hex digits, or the name that a trusted
//! proxy gave it. Each thread takes its random bits out of a pool of its own, which costs a call into the
//! generator once for 64 requests.

use bytes::Bytes;
use rustls::crypto::SecureRandom;
use std::cell::RefCell;

/// Random bytes fetched at a time.
const POOL_BYTES: usize = 1024;
/// Of one id.
const ID_BYTES: usize = 16;

/// A request's name: nothing in it needs quoting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum RequestId {
    /// Made here.
    Made([u8; 2 * ID_BYTES]),
    /// Taken over from a trusted proxy.
    Taken(Bytes),
}

impl RequestId {
    /// As it is written.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            RequestId::Made(text) => text,
            RequestId::Taken(text) => text,
        }
    }
}

/// One thread's source of ids.
pub(crate) struct RequestIds {
    random: &'static dyn SecureRandom,
    pool: RefCell<Pool>,
}

struct Pool {
    bytes: Box<[u8; POOL_BYTES]>,
    used: usize,
}

impl Default for RequestIds {
    fn default() -> RequestIds {
        RequestIds {
            random: rustls::crypto::aws_lc_rs::default_provider().secure_random,
            pool: RefCell::new(Pool { bytes: Box::new([0; POOL_BYTES]), used: POOL_BYTES }),
        }
    }
}

impl RequestIds {
    /// The next one.
    pub(crate) fn make(&self) -> RequestId {
        let mut pool = self.pool.borrow_mut();
        if pool.used == POOL_BYTES {
            pool.used = 0;
            if self.random.fill(&mut pool.bytes[..]).is_err() {
                // No entropy to be had: ids are names, not secrets, and only have to differ.
                let state = ahash::RandomState::new();
                for (nth, chunk) in pool.bytes.chunks_exact_mut(8).enumerate() {
                    chunk.copy_from_slice(&state.hash_one(nth).to_le_bytes());
                }
            }
        }
        let start = pool.used;
        pool.used += ID_BYTES;
        let mut text = [0; 2 * ID_BYTES];
        for (pair, byte) in text.chunks_exact_mut(2).zip(&pool.bytes[start..start + ID_BYTES]) {
            const DIGITS: &[u8; 16] = b"0123456789abcdef";
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 0xf)];
        }
        RequestId::Made(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn ids_are_hex_and_all_different() {
        let (one, two) = (RequestIds::default(), RequestIds::default());
        let mut seen = HashSet::new();
        for ids in [one, two] {
            for _ in 0..500 {
                let id = ids.make();
                assert!(id.as_bytes().len() == 32 && id.as_bytes().iter().all(u8::is_ascii_hexdigit));
                assert!(seen.insert(id.as_bytes().to_vec()));
            }
        }
    }
}
