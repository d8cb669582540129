//! Conditions as they are written: the tree that the parser makes and the checker reads.

use std::borrow::Cow;
use std::ops::Range;

pub(super) type Span = Range<usize>;

/// A logical expression.
#[derive(Debug)]
pub(super) enum Expression<'t> {
    Constant(bool),
    Not(Box<Expression<'t>>),
    /// Two or more.
    And(Vec<Expression<'t>>),
    Or(Vec<Expression<'t>>),
    Xor(Vec<Expression<'t>>),
    /// `value operator right`
    Compare {
        value: Value<'t>,
        operator: Operator,
        operator_span: Span,
        right: Right<'t>,
        right_span: Span,
    },
    /// `starts_with(value, text)` or `ends_with(value, text)`
    Ends {
        value: Value<'t>,
        is_start: bool,
        text: Text<'t>,
        span: Span,
    },
    /// `exists(value)`
    Exists {
        value: Value<'t>,
        span: Span,
    },
}

/// What stands on the left of an operator.
#[derive(Debug)]
pub(super) struct Value<'t> {
    pub(super) field: Field<'t>,
    pub(super) field_span: Span,
    pub(super) is_lower: bool,
    pub(super) is_length: bool,
    /// Functions included.
    pub(super) span: Span,
}

/// What is looked at.
#[derive(Clone, Debug)]
pub(super) enum Field<'t> {
    Host,
    Path,
    Extension,
    Query,
    Method,
    Scheme,
    Protocol,
    Ip,
    Country,
    Header(Text<'t>),
    Cookie(Text<'t>),
    Parameter(Text<'t>),
}

/// A string. `inner` is where its text begins, if that stands there letter by letter.
#[derive(Clone, Debug)]
pub(super) struct Text<'t> {
    pub(super) text: Cow<'t, str>,
    pub(super) span: Span,
    pub(super) inner: Option<usize>,
}

/// Those that compare numbers come first.
#[derive(Copy, Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    Contains,
    Matches,
    Wildcard,
    In,
}

/// What stands on the right of an operator.
#[derive(Debug)]
pub(super) enum Right<'t> {
    Text(Text<'t>),
    /// A number, an address, or a word that is neither.
    Word(&'t str),
    Set(Vec<Member<'t>>),
}

/// One of a set.
#[derive(Debug)]
pub(super) enum Member<'t> {
    Text(Text<'t>),
    Word(&'t str, Span),
}

pub(super) const FIELDS: [&str; 9] =
    ["host", "path", "extension", "query", "method", "scheme", "protocol", "ip", "country"];
pub(super) const INDEXED: [&str; 3] = ["header", "cookie", "query"];
pub(super) const FUNCTIONS: [&str; 5] = ["starts_with", "ends_with", "exists", "lower", "len"];

/// Signs and words of operators.
pub(super) const OPERATORS: [(&str, Operator); 17] = [
    ("==", Operator::Equal),
    ("eq", Operator::Equal),
    ("!=", Operator::NotEqual),
    ("ne", Operator::NotEqual),
    ("<", Operator::Less),
    ("lt", Operator::Less),
    ("<=", Operator::LessEqual),
    ("le", Operator::LessEqual),
    (">", Operator::Greater),
    ("gt", Operator::Greater),
    (">=", Operator::GreaterEqual),
    ("ge", Operator::GreaterEqual),
    ("contains", Operator::Contains),
    ("matches", Operator::Matches),
    ("~", Operator::Matches),
    ("wildcard", Operator::Wildcard),
    ("in", Operator::In),
];

impl Field<'_> {
    /// The field without its name in brackets.
    pub(super) fn plain(name: &str) -> Option<Field<'static>> {
        Some(match name {
            "host" => Field::Host,
            "path" => Field::Path,
            "extension" => Field::Extension,
            "query" => Field::Query,
            "method" => Field::Method,
            "scheme" => Field::Scheme,
            "protocol" => Field::Protocol,
            "ip" => Field::Ip,
            "country" => Field::Country,
            _ => return None,
        })
    }

    /// Whether some requests have none.
    pub(super) fn may_be_absent(&self) -> bool {
        let always = [Field::Host, Field::Path, Field::Method, Field::Scheme, Field::Protocol, Field::Ip];
        !always.iter().any(|field| std::mem::discriminant(field) == std::mem::discriminant(self))
    }
}

impl Operator {
    pub(super) fn as_str(self) -> &'static str {
        OPERATORS.iter().find(|(_, operator)| *operator == self).map_or("", |(text, _)| text)
    }
}
