//! What is evaluated: a tree of logical operators over tests of one field each.

use super::sets::{AddressSet, TextSet};
use crate::Subject;
use crate::path::Glob;
use crate::pattern::Pattern;
use memchr::memmem::Finder;

/// A part of a condition.
#[derive(Clone, Debug)]
pub(super) enum Node {
    Constant(bool),
    Not(Box<Node>),
    All(Box<[Node]>),
    Any(Box<[Node]>),
    /// An odd number of them.
    Odd(Box<[Node]>),
    Address(AddressSet),
    Test(Source, Test),
}

/// Where the values of a test come from.
#[derive(Clone, Debug)]
pub(super) enum Source {
    Host,
    Path,
    Extension,
    Query,
    Method,
    Scheme,
    Protocol,
    Country,
    Header(Box<str>),
    Cookie(Box<str>),
    Parameter(Box<str>),
}

/// What a value is asked. Texts in any case are kept in lower case.
#[derive(Clone, Debug)]
pub(super) enum Test {
    Present,
    Equal(Box<str>),
    EqualInAnyCase(Box<str>),
    Starts(Box<str>),
    StartsInAnyCase(Box<str>),
    Ends(Box<str>),
    EndsInAnyCase(Box<str>),
    Contains(Box<Finder<'static>>),
    Glob(Box<Glob>),
    OneOf(TextSet),
    Pattern(Box<Pattern>),
    /// Bytes, at least and at most.
    Length(u32, u32),
}

impl Node {
    #[inline]
    pub(super) fn holds(&self, subject: &Subject<'_>) -> bool {
        match self {
            Node::Constant(holds) => *holds,
            Node::Not(node) => !node.holds(subject),
            Node::All(nodes) => nodes.iter().all(|node| node.holds(subject)),
            Node::Any(nodes) => nodes.iter().any(|node| node.holds(subject)),
            Node::Odd(nodes) => nodes.iter().fold(false, |odd, node| odd ^ node.holds(subject)),
            Node::Address(set) => set.contains(subject.client),
            Node::Test(source, test) => source.any(subject, test),
        }
    }

    pub(super) fn not(self) -> Node {
        match self {
            Node::Constant(holds) => Node::Constant(!holds),
            Node::Not(inner) => *inner,
            other => Node::Not(Box::new(other)),
        }
    }

    /// `and`, or `or` where `neutral` is false: parts that decide nothing go, one that decides all is all.
    pub(super) fn joined(parts: Vec<Node>, neutral: bool) -> Node {
        if parts.iter().any(|part| matches!(part, Node::Constant(holds) if *holds != neutral)) {
            return Node::Constant(!neutral);
        }
        let mut left: Vec<Node> =
            parts.into_iter().filter(|part| !matches!(part, Node::Constant(_))).collect();
        match left.len() {
            0 => Node::Constant(neutral),
            1 => left.remove(0),
            _ if neutral => Node::All(left.into()),
            _ => Node::Any(left.into()),
        }
    }

    pub(super) fn odd(parts: Vec<Node>) -> Node {
        let (constants, mut left): (Vec<_>, Vec<_>) =
            parts.into_iter().partition(|part| matches!(part, Node::Constant(_)));
        let flips = constants.iter().filter(|part| matches!(part, Node::Constant(true))).count() % 2 == 1;
        let odd = match left.len() {
            0 => Node::Constant(false),
            1 => left.remove(0),
            _ => Node::Odd(left.into()),
        };
        if flips { odd.not() } else { odd }
    }
}

impl Source {
    /// Whether there is a value that passes.
    #[inline]
    fn any(&self, subject: &Subject<'_>, test: &Test) -> bool {
        let mut passes = |value: &[u8]| test.passes(value);
        match self {
            Source::Host => test.passes(subject.host),
            Source::Path => test.passes(subject.path),
            Source::Extension => subject.extension().is_some_and(passes),
            Source::Query => subject.query.is_some_and(passes),
            Source::Method => test.passes(subject.method),
            Source::Scheme => test.passes(subject.scheme),
            Source::Protocol => test.passes(subject.protocol),
            Source::Country => subject.country.is_some_and(|country| test.passes(&country)),
            Source::Header(name) => subject.headers.any(name.as_bytes(), &mut passes),
            Source::Cookie(name) => subject.any_cookie(name.as_bytes(), &mut passes),
            Source::Parameter(name) => subject.any_parameter(name.as_bytes(), &mut passes),
        }
    }
}

impl Test {
    #[inline]
    fn passes(&self, value: &[u8]) -> bool {
        match self {
            Test::Present => true,
            Test::Equal(text) => value == text.as_bytes(),
            Test::EqualInAnyCase(text) => value.eq_ignore_ascii_case(text.as_bytes()),
            Test::Starts(text) => value.starts_with(text.as_bytes()),
            Test::StartsInAnyCase(text) => {
                value.get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
            }
            Test::Ends(text) => value.ends_with(text.as_bytes()),
            Test::EndsInAnyCase(text) => {
                let start = value.len().checked_sub(text.len());
                start.is_some_and(|start| value[start..].eq_ignore_ascii_case(text.as_bytes()))
            }
            Test::Contains(finder) => finder.find(value).is_some(),
            Test::Glob(glob) => glob.matches(value),
            Test::OneOf(set) => set.contains(value),
            Test::Pattern(pattern) => pattern.matches(value),
            Test::Length(least, most) => {
                u32::try_from(value.len()).is_ok_and(|len| *least <= len && len <= *most)
            }
        }
    }
}
