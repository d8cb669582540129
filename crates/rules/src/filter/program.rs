//! What is evaluated: a tree of logical operators over tests of one field each.

use crate::Subject;

/// A part of a condition.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(bool),
}

impl Node {
    pub(super) fn holds(&self, _subject: &Subject<'_>) -> bool {
        match self {
            Node::Constant(holds) => *holds,
        }
    }
}
