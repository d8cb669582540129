//! One behavior's conditions together: any of its paths, any of its methods, any of its hosts, and its `when`.

use crate::{Filter, HostPattern, MethodSet, PathPattern, Subject};
use std::fmt;

/// Most path patterns, and most host patterns, of one matcher. 64.
pub const PATTERNS_MAX: usize = 64;

/// Compiled conditions; all four must hold.
#[derive(Clone, Debug)]
pub struct Matcher {
    paths: Box<[PathPattern]>,
    methods: Option<MethodSet>,
    hosts: Box<[HostPattern]>,
    when: Option<Filter>,
}

/// More than [`PATTERNS_MAX`] patterns.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct TooManyPatterns;

impl Matcher {
    /// Everything.
    pub fn any() -> Matcher {
        Matcher { paths: Box::default(), methods: None, hosts: Box::default(), when: None }
    }

    /// An empty list stands for no condition, as does `None`.
    pub fn new(
        paths: Vec<PathPattern>,
        methods: Option<MethodSet>,
        hosts: Vec<HostPattern>,
        when: Option<Filter>,
    ) -> Result<Matcher, TooManyPatterns> {
        if paths.len() > PATTERNS_MAX || hosts.len() > PATTERNS_MAX {
            return Err(TooManyPatterns);
        }
        let paths = if paths.iter().any(PathPattern::is_any) { Vec::new() } else { paths };
        let hosts = if hosts.contains(&HostPattern::Any) { Vec::new() } else { hosts };
        let methods = methods.filter(|methods| *methods != MethodSet::all());
        let when = when.filter(|when| when.constant() != Some(true));
        Ok(Matcher { paths: paths.into(), methods, hosts: hosts.into(), when })
    }

    /// Whether the request meets all conditions. Allocates nothing; the costliest condition comes last.
    #[inline]
    pub fn matches(&self, subject: &Subject<'_>) -> bool {
        self.methods.as_ref().is_none_or(|methods| methods.allows(subject.method))
            && (self.hosts.is_empty() || self.hosts.iter().any(|host| host.matches(subject.host)))
            && (self.paths.is_empty() || self.paths.iter().any(|path| path.matches(subject.path)))
            && self.when.as_ref().is_none_or(|when| when.matches(subject))
    }

    /// Whether some request for this URL may match: its method and what `when` looks at are not known.
    pub fn may_match_url(&self, host: &[u8], path: &[u8]) -> bool {
        (self.hosts.is_empty() || self.hosts.iter().any(|known| known.matches(host)))
            && (self.paths.is_empty() || self.paths.iter().any(|known| known.matches(path)))
    }

    /// Whether every request matches.
    pub fn is_any(&self) -> bool {
        self.paths.is_empty() && self.methods.is_none() && self.hosts.is_empty() && self.when.is_none()
    }

    /// The free condition, if there is one that decides anything.
    pub fn when(&self) -> Option<&Filter> {
        self.when.as_ref()
    }

    /// Whether every request that `other` matches is matched by this one. A yes is certain; a no may come where
    /// only several patterns together cover another.
    pub fn covers(&self, other: &Matcher) -> bool {
        let methods = match (&self.methods, &other.methods) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => mine.covers(theirs),
        };
        // What a condition lets through is not reasoned about: it covers itself alone.
        let when = match (&self.when, &other.when) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(mine), Some(theirs)) => mine.as_str() == theirs.as_str(),
        };
        methods
            && when
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
