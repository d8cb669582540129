//! Sets of status codes: `404`, `5xx`.

use std::fmt;

/// Status codes from 100 to 599.
#[derive(Copy, Clone, PartialEq, Eq, Hash, Default)]
pub struct StatusSet {
    bits: [u64; 8],
}

impl StatusSet {
    /// None.
    pub const EMPTY: StatusSet = StatusSet { bits: [0; 8] };

    /// These; codes outside 100 to 599 are left out.
    pub fn of(codes: impl IntoIterator<Item = u16>) -> StatusSet {
        let mut set = StatusSet::EMPTY;
        for code in codes {
            set.insert(code);
        }
        set
    }

    /// A code or a class of codes, as in `503` or `5xx`.
    pub fn parse(text: &str) -> Option<StatusSet> {
        let bytes = text.as_bytes();
        let [class @ b'1'..=b'5', tens, units] = bytes else { return None };
        let class = u16::from(class - b'0') * 100;
        match (tens, units) {
            (b'x' | b'X', b'x' | b'X') => Some(StatusSet::of(class..class + 100)),
            (b'0'..=b'9', b'0'..=b'9') => {
                Some(StatusSet::of([class + u16::from(tens - b'0') * 10 + u16::from(units - b'0')]))
            }
            _ => None,
        }
    }

    /// Adds a code; one outside 100 to 599 is not.
    pub fn insert(&mut self, code: u16) {
        if let Some((word, bit)) = place(code) {
            self.bits[word] |= bit;
        }
    }

    /// Both together.
    #[must_use]
    pub fn union(mut self, other: StatusSet) -> StatusSet {
        self.bits.iter_mut().zip(other.bits).for_each(|(mine, theirs)| *mine |= theirs);
        self
    }

    /// Whether `code` is in it.
    #[inline]
    pub fn has(&self, code: u16) -> bool {
        place(code).is_some_and(|(word, bit)| self.bits[word] & bit != 0)
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.bits == [0; 8]
    }

    /// The codes, in order.
    pub fn iter(&self) -> impl Iterator<Item = u16> + '_ {
        (100..600).filter(|code| self.has(*code))
    }
}

fn place(code: u16) -> Option<(usize, u64)> {
    let at = usize::from(code.checked_sub(100)?);
    (at < 500).then_some((at / 64, 1 << (at % 64)))
}

impl fmt::Debug for StatusSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_and_classes_are_read_and_found_again() {
        let both = StatusSet::parse("404").unwrap().union(StatusSet::parse("5xx").unwrap());
        assert!(both.has(404) && both.has(500) && both.has(599));
        assert!(!both.has(403) && !both.has(499) && !both.has(600) && !both.has(99) && !both.has(0));
        assert_eq!(both.iter().count(), 101);
        for wrong in ["", "4", "40", "4x4", "x04", "6xx", "099", "4044", "4xx "] {
            assert_eq!(StatusSet::parse(wrong), None, "{wrong}");
        }
        assert!(StatusSet::of([42, 600]).is_empty());
    }
}
