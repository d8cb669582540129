//! One behavior's conditions together: any of its paths, any of its methods, any of its hosts.

use crate::{HostPattern, MethodSet, PathPattern};
use std::fmt;

/// Most path patterns, and most host patterns, of one matcher. 64.
pub const PATTERNS_MAX: usize = 64;

/// What of a request the conditions look at.
#[derive(Copy, Clone, Debug)]
pub struct Subject<'a> {
    /// In lower case, without port.
    pub host: &'a [u8],
    /// Normalized, without query; begins with `/`.
    pub path: &'a [u8],
    /// As sent.
    pub method: &'a [u8],
}

/// Compiled conditions; all three must hold.
#[derive(Clone, Debug)]
pub struct Matcher {
    paths: Box<[PathPattern]>,
    methods: Option<MethodSet>,
    hosts: Box<[HostPattern]>,
}

/// More than [`PATTERNS_MAX`] patterns.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TooManyPatterns;

impl Matcher {
    /// Everything.
    pub fn any() -> Matcher {
        Matcher { paths: Box::default(), methods: None, hosts: Box::default() }
    }

    /// An empty list stands for no condition, as does `None`.
    pub fn new(
        paths: Vec<PathPattern>,
        methods: Option<MethodSet>,
        hosts: Vec<HostPattern>,
    ) -> Result<Matcher, TooManyPatterns> {
        if paths.len() > PATTERNS_MAX || hosts.len() > PATTERNS_MAX {
            return Err(TooManyPatterns);
        }
        let paths = if paths.iter().any(PathPattern::is_any) { Vec::new() } else { paths };
        let hosts = if hosts.contains(&HostPattern::Any) { Vec::new() } else { hosts };
        let methods = methods.filter(|methods| *methods != MethodSet::all());
        Ok(Matcher { paths: paths.into(), methods, hosts: hosts.into() })
    }

    /// Whether the request meets all conditions. Allocates nothing; the costliest condition comes last.
    #[inline]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.allows(subject.method))
            && (self.hosts.is_empty() || self.hosts.iter().any(|host| host.matches(subject.host)))
            && (self.paths.is_empty() || self.paths.iter().any(|path| path.matches(subject.path)))
    }

    /// Whether every request matches.
    pub fn is_any(&self) -> bool {
        self.paths.is_empty() && self.methods.is_none() && self.hosts.is_empty()
    }

    /// Whether every request that `other` matches is matched by this one. A yes is certain; a no may come where
    /// only several patterns together cover another.
    pub fn covers(&self, other: &Matcher) -> bool {
        let methods = match (&self.methods, &other.methods) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => mine.covers(theirs),
        };
        methods
            && covers_all(&self.hosts, &other.hosts, HostPattern::covers)
            && covers_all(&self.paths, &other.paths, PathPattern::covers)
    }
}

/// An empty list covers everything and is covered by nothing else.
fn covers_all<T>(mine: &[T], theirs: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    mine.is_empty()
        || (!theirs.is_empty() && theirs.iter().all(|theirs| mine.iter().any(|mine| covers(mine, theirs))))
}

impl fmt::Display for TooManyPatterns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "more than {PATTERNS_MAX} patterns")
    }
}

impl std::error::Error for TooManyPatterns {}
