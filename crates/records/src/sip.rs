//! SipHash-2-4 (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012), 64 bits: a hash that nobody can
//! guess texts from who does not have the key, and that is the same for ever.
//!
//! Written out here since the standard library's hasher promises neither its algorithm nor its stability.

/// A keyed hash. Without its key, guessing a text and comparing hashes is of no use.
#[derive(Clone)]
pub struct KeyedHash {
    k0: u64,
    k1: u64,
}

impl KeyedHash {
    /// With a secret of 16 bytes.
    pub fn new(secret: [u8; 16]) -> KeyedHash {
        let half = |at: usize| {
            u64::from_le_bytes(secret[at..at + 8].try_into().expect("half of sixteen bytes is eight"))
        };
        KeyedHash { k0: half(0), k1: half(8) }
    }

    /// The hash of the parts, one behind the other as if they were one text.
    pub fn of(&self, parts: &[&[u8]]) -> u64 {
        let mut state = State {
            v0: self.k0 ^ 0x736f_6d65_7073_6575,
            v1: self.k1 ^ 0x646f_7261_6e64_6f6d,
            v2: self.k0 ^ 0x6c79_6765_6e65_7261,
            v3: self.k1 ^ 0x7465_6462_7974_6573,
        };
        let (mut word, mut filled, mut total) = (0_u64, 0_u32, 0_usize);
        for part in parts {
            total = total.wrapping_add(part.len());
            let mut rest = *part;
            if filled == 0 {
                while let Some((eight, tail)) = rest.split_first_chunk::<8>() {
                    state.take(u64::from_le_bytes(*eight));
                    rest = tail;
                }
            }
            for &byte in rest {
                word |= u64::from(byte) << (8 * filled);
                filled += 1;
                if filled == 8 {
                    state.take(word);
                    (word, filled) = (0, 0);
                }
            }
        }
        state.take(word | (total as u64) << 56);
        state.end()
    }
}

impl std::fmt::Debug for KeyedHash {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyedHash(..)")
    }
}

struct State {
    v0: u64,
    v1: u64,
    v2: u64,
    v3: u64,
}

impl State {
    fn take(&mut self, word: u64) {
        self.v3 ^= word;
        self.round();
        self.round();
        self.v0 ^= word;
    }

    fn end(mut self) -> u64 {
        self.v2 ^= 0xff;
        (0..4).for_each(|_| self.round());
        self.v0 ^ self.v1 ^ self.v2 ^ self.v3
    }

    fn round(&mut self) {
        self.v0 = self.v0.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(13) ^ self.v0;
        self.v0 = self.v0.rotate_left(32);
        self.v2 = self.v2.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(16) ^ self.v2;
        self.v0 = self.v0.wrapping_add(self.v3);
        self.v3 = self.v3.rotate_left(21) ^ self.v0;
        self.v2 = self.v2.wrapping_add(self.v1);
        self.v1 = self.v1.rotate_left(17) ^ self.v2;
        self.v2 = self.v2.rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_vectors_of_the_paper_hold_however_the_text_is_cut() {
        let secret: [u8; 16] = std::array::from_fn(|at| at as u8);
        let text: Vec<u8> = (0..64).collect();
        let hash = KeyedHash::new(secret);
        // From the reference implementation's vectors (lengths 0, 1, 7, 8, 15, 63).
        for (length, expected) in [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (63, 0x958a_324c_eb06_4572),
        ] {
            assert_eq!(hash.of(&[&text[..length]]), expected, "{length}");
            for cut in 0..=length {
                assert_eq!(hash.of(&[&text[..cut], &text[cut..length]]), expected, "{length} cut at {cut}");
            }
        }
    }
}
