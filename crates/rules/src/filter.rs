//! Conditions as operators write them: `host == "example.com" and ip in {192.0.2.0/24}`.
//!
//! A text is cut into tokens (`lex`), read into a tree by precedence (`parse`), checked for types and for
//! comparisons that could never hold (`check`), and kept as what evaluation needs (`program`). Evaluation allocates
//! nothing; what it costs is bounded by the limits here and by the length of the values that it looks at.

mod check;
mod lex;
mod literals;
mod parse;
mod program;
mod sets;
mod tree;
mod words;

use crate::{Reads, Subject, TextMistake};
use program::Node;
use std::fmt;

/// Longest expression. 4 KiB.
pub const FILTER_BYTES_MAX: usize = 4096;
/// Most comparisons, functions and logical operators of one expression. 256.
pub const FILTER_NODES_MAX: usize = 256;
/// Deepest nesting of parentheses and `not`. 32.
pub const FILTER_DEPTH_MAX: usize = 32;
/// Most regular expressions of one expression. 32.
pub const FILTER_REGEXES_MAX: usize = 32;

/// A compiled condition.
#[derive(Clone, Debug)]
pub struct Filter {
    text: Box<str>,
    root: Node,
    reads: Reads,
}

impl Filter {
    /// Compiles `text`, or says what is wrong with it: the first mistake of its form, or all of its meaning.
    pub fn parse(text: &str) -> Result<Filter, Vec<TextMistake>> {
        let tree = parse::tree(text).map_err(|mistake| vec![mistake])?;
        let (root, reads) = check::program(text, &tree)?;
        Ok(Filter { text: text.into(), root, reads })
    }

    /// Whether the request meets the condition. Parts are evaluated from left to right, as far as they decide.
    #[inline]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.root.holds(subject)
    }

    /// What of a request it looks at.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The expression as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What it says of every request, when that is the same.
    pub fn constant(&self) -> Option<bool> {
        match self.root {
            Node::Constant(holds) => Some(holds),
            _ => None,
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
