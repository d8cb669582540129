//! What the origin serves: the same bytes in every run, made from a path, so that any reply can be checked.
//!
//! Bodies are windows of one pool of pseudo-random bytes: ten thousand representations cost one mebibyte.

/// How many keys the Zipf rows know: `/z/0` to `/z/9999`, of 4 to 64 KiB.
pub const ZIPF_KEYS: usize = 10_000;

const POOL_BYTES: usize = 1 << 20;

/// The pool of bytes, and which window of it belongs to which path.
pub struct Content {
    pool: Vec<u8>,
}

/// How a path may be stored.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Storing {
    /// Fresh for a day.
    Day,
    /// Never stored.
    Never,
}

impl Content {
    /// Makes the pool.
    pub fn new() -> Self {
        let mut random = Random::new(0x5eed);
        let words = (0..POOL_BYTES / 8).flat_map(|_| random.next().to_le_bytes());
        Self { pool: words.collect() }
    }

    /// The content of a target, query ignored; `None` for one that does not exist.
    pub fn of(&self, target: &[u8]) -> Option<(&[u8], Storing)> {
        let path = target.split(|&byte| byte == b'?').next()?;
        let (path, storing) = match path.strip_prefix(b"/pass") {
            Some(rest) => (rest, Storing::Never),
            None => (path.strip_prefix(b"/miss").unwrap_or(path), Storing::Day),
        };
        let window = match path {
            b"/1k" => &self.pool[..1 << 10],
            b"/16k" => &self.pool[..16 << 10],
            b"/128k" => &self.pool[..128 << 10],
            b"/1m" => &self.pool[..],
            _ => self.window(std::str::from_utf8(path.strip_prefix(b"/z/")?).ok()?.parse().ok()?)?,
        };
        Some((window, storing))
    }

    fn window(&self, key: usize) -> Option<&[u8]> {
        if key >= ZIPF_KEYS {
            return None;
        }
        let mut random = Random::new(key as u64 + 1);
        let length = 4096 + random.below(60 << 10);
        let start = random.below(POOL_BYTES - length);
        Some(&self.pool[start..start + length])
    }
}

/// A small generator (xorshift64*), seeded, so that runs repeat.
pub struct Random(u64);

impl Random {
    /// A generator with that seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        random.next();
        random.next();
        random
    }

    /// The next 64 bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 16) as usize % bound
    }

    /// A number from 0 up to, not including, 1.
    pub fn fraction(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// Ranks drawn with probability 1 ÷ rank (Zipf, exponent 1).
pub struct Zipf {
    cumulative: Vec<f64>,
}

impl Zipf {
    /// Over that many ranks.
    pub fn new(ranks: usize) -> Self {
        let mut sum = 0.0;
        let cumulative: Vec<f64> = (1..=ranks)
            .map(|rank| {
                sum += 1.0 / rank as f64;
                sum
            })
            .collect();
        Self { cumulative: cumulative.into_iter().map(|value| value / sum).collect() }
    }

    /// A rank, from 0.
    pub fn draw(&self, random: &mut Random) -> usize {
        let at = random.fraction();
        self.cumulative.partition_point(|&value| value < at).min(self.cumulative.len() - 1)
    }
}
