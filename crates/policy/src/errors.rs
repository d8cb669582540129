//! A site's own pages in place of errors.

use crate::StatusSet;
use littoral_rules::Filter;
use std::sync::Arc;

/// A page that is sent in place of an error's.
#[derive(Clone, Debug)]
pub struct ErrorPage {
    /// The errors that it stands for.
    pub statuses: StatusSet,
    /// Whose errors.
    pub from: ErrorSource,
    /// The content.
    pub body: Arc<[u8]>,
    /// Its media type.
    pub content_type: Box<str>,
    /// The status that clients get. Default: the error's.
    pub answer_status: Option<u16>,
    /// Seconds in `Retry-After`. Default: none, or what the origin said.
    pub retry_after: Option<u32>,
    /// Only for requests that this matches.
    pub when: Option<Filter>,
}

/// Whose errors a page stands for.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum ErrorSource {
    /// Those that the edge makes: no origin answers, a limit is passed, nothing matches.
    Edge,
    /// Those that an origin sends.
    Origin,
    /// Both.
    All,
}
