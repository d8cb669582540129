//! Sets of request methods (RFC 9110 §9). The registered ones that sites use are bits; any other is compared by
//! name. Names are case-sensitive.

use std::fmt;

/// Most methods outside the well-known ones in one set.
const OTHERS_MAX: usize = 16;

const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"];

/// A set of methods. `TRACE` and `CONNECT` are in none: the edge refuses both.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct MethodSet {
    known: u8,
    others: Others,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Others {
    /// Every method but `TRACE` and `CONNECT`.
    All,
    Listed(Box<[Box<str>]>),
}

/// Why a text cannot be in a set of methods.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum MethodMistake {
    /// No token (RFC 9110 §5.6.2).
    NotAToken,
    /// Method names are in capitals; this one is well known in capitals.
    LowerCase,
    /// `TRACE` or `CONNECT`.
    Refused,
    /// Named twice.
    Repeated,
    /// More methods of one's own than a set has room for: 16.
    TooMany,
}

impl MethodSet {
    /// Every method but `TRACE` and `CONNECT`.
    pub fn all() -> MethodSet {
        MethodSet { known: (1 << KNOWN.len()) - 1, others: Others::All }
    }

    /// The methods named, or for each that cannot be in a set its place in the list and why.
    pub fn new<'a>(
        names: impl IntoIterator<Item = &'a str>,
    ) -> Result<MethodSet, Vec<(usize, MethodMistake)>> {
        let mut known = 0u8;
        let mut others: Vec<Box<str>> = Vec::new();
        let mut mistakes = Vec::new();
        for (place, name) in names.into_iter().enumerate() {
            let bit = known_bit(name.as_bytes());
            match judge(name) {
                Err(mistake) => mistakes.push((place, mistake)),
                Ok(()) if known & bit != 0 || others.iter().any(|other| **other == *name) => {
                    mistakes.push((place, MethodMistake::Repeated));
                }
                Ok(()) if bit != 0 => known |= bit,
                Ok(()) if others.len() == OTHERS_MAX => mistakes.push((place, MethodMistake::TooMany)),
                Ok(()) => others.push(name.into()),
            }
        }
        if mistakes.is_empty() {
            Ok(MethodSet { known, others: Others::Listed(others.into()) })
        } else {
            Err(mistakes)
        }
    }

    /// Whether `method` is in the set.
    #[inline]
    pub fn allows(&self, method: &[u8]) -> bool {
        let bit = known_bit(method);
        if bit != 0 {
            return self.known & bit != 0;
        }
        match &self.others {
            Others::All => !matches!(method, b"TRACE" | b"CONNECT"),
            Others::Listed(others) => others.iter().any(|other| other.as_bytes() == method),
        }
    }

    /// Whether every method of `other` is in this set.
    pub fn covers(&self, other: &MethodSet) -> bool {
        other.known & !self.known == 0
            && match (&self.others, &other.others) {
                (Others::All, _) => true,
                (Others::Listed(_), Others::All) => false,
                (Others::Listed(mine), Others::Listed(theirs)) => {
                    theirs.iter().all(|name| mine.contains(name))
                }
            }
    }

    /// The methods by name, for an `Allow` field (RFC 9110 §10.2.1). Of all methods, the well-known ones.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let known = KNOWN.iter().enumerate().filter(|(bit, _)| self.known & (1 << bit) != 0);
        let others: &[Box<str>] = match &self.others {
            Others::All => &[],
            Others::Listed(others) => others,
        };
        known.map(|(_, name)| *name).chain(others.iter().map(|name| &**name))
    }
}

impl Default for MethodSet {
    fn default() -> MethodSet {
        MethodSet::all()
    }
}

impl fmt::Display for MethodSet {
    /// As an `Allow` field has them: `GET, HEAD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, name) in self.names().enumerate() {
            let separator = if place == 0 { "" } else { ", " };
            write!(f, "{separator}{name}")?;
        }
        Ok(())
    }
}

impl fmt::Display for MethodMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            MethodMistake::NotAToken => "is not a method name",
            MethodMistake::LowerCase => "is not written in capitals",
            MethodMistake::Refused => "is never let through",
            MethodMistake::Repeated => "is named twice",
            MethodMistake::TooMany => "is one method too many",
        })
    }
}

impl std::error::Error for MethodMistake {}

fn known_bit(method: &[u8]) -> u8 {
    match method {
        b"GET" => 1,
        b"HEAD" => 1 << 1,
        b"POST" => 1 << 2,
        b"PUT" => 1 << 3,
        b"DELETE" => 1 << 4,
        b"OPTIONS" => 1 << 5,
        b"PATCH" => 1 << 6,
        _ => 0,
    }
}

fn judge(name: &str) -> Result<(), MethodMistake> {
    let is_token_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > 32 || !name.bytes().all(is_token_byte) {
        return Err(MethodMistake::NotAToken);
    }
    let capitals = name.to_ascii_uppercase();
    if matches!(capitals.as_str(), "TRACE" | "CONNECT") {
        return Err(MethodMistake::Refused);
    }
    if capitals != name && known_bit(capitals.as_bytes()) != 0 {
        return Err(MethodMistake::LowerCase);
    }
    Ok(())
}
