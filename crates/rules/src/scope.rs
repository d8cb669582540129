//! What a template is rendered with.

use crate::{Headers, Subject};

/// Groups of a regular expression, the whole (`${0}`, which templates do not offer) included. 10.
pub(crate) const CAPTURES_MAX: usize = 10;

/// What the groups of a rewrite took of the path.
#[derive(Copy, Clone, Debug, Default)]
pub struct Captures<'a> {
    groups: [Option<&'a [u8]>; CAPTURES_MAX],
}

impl<'a> Captures<'a> {
    /// What the group took; `None` where it took no part in the match, or is not there.
    pub fn group(&self, number: usize) -> Option<&'a [u8]> {
        self.groups.get(number).copied().flatten()
    }

    pub(crate) fn set(&mut self, number: usize, taken: &'a [u8]) {
        if let Some(group) = self.groups.get_mut(number) {
            *group = Some(taken);
        }
    }
}

/// What a template's variables stand for. Cheap to copy; borrows everything.
#[derive(Copy, Clone, Debug)]
pub struct Scope<'a> {
    /// The request.
    pub subject: Subject<'a>,
    /// What a regular expression took of the path; a rewrite sets its own.
    pub captures: Option<&'a Captures<'a>>,
    /// The id that the log and the origin know the request by.
    pub request_id: &'a [u8],
    /// The node's name.
    pub node: &'a [u8],
    /// The site's name.
    pub site: &'a [u8],
    /// The behavior's name.
    pub behavior: &'a [u8],
    /// The answer, where there is one.
    pub response: Option<ResponseScope<'a>>,
}

/// The answer that a template speaks of.
#[derive(Copy, Clone)]
pub struct ResponseScope<'a> {
    /// As it will be sent.
    pub status: u16,
    /// The cache's result as the access log names it: `hit`, `miss`, …
    pub cache: &'a [u8],
    /// Its header lines before rules changed them.
    pub headers: &'a dyn Headers,
}

impl<'a> Scope<'a> {
    /// A scope of the request alone; all names are empty.
    pub const fn new(subject: Subject<'a>) -> Scope<'a> {
        Scope {
            subject,
            captures: None,
            request_id: b"",
            node: b"",
            site: b"",
            behavior: b"",
            response: None,
        }
    }
}

impl std::fmt::Debug for ResponseScope<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(self.cache))
    }
}
