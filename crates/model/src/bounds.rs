//! A limit's default, least and most, in one place: what the reader checks is what the message says.

/// The values that a setting may have. Both ends are allowed.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Bounds<T> {
    /// Used where the file says nothing.
    pub default: T,
    /// The least allowed.
    pub least: T,
    /// The most allowed.
    pub most: T,
}

impl<T: PartialOrd + Copy> Bounds<T> {
    /// `default` must lie between the other two.
    pub const fn new(default: T, least: T, most: T) -> Bounds<T> {
        Bounds { default, least, most }
    }

    /// Whether `value` is allowed.
    pub fn allow(&self, value: T) -> bool {
        self.least <= value && value <= self.most
    }
}
