//! What a behavior matches: paths, methods and hosts, compiled once and evaluated for every request.
//!
//! On the path this stands between the normalized request and the behavior chosen for it. Evaluating allocates
//! nothing and costs at most one pass over the path for each pattern, of which there are at most
//! [`PATTERNS_MAX`] in one matcher.
//!
//! Deliberately absent: normalization (patterns and paths must both come normalized), files and their spans,
//! sockets, clock, and any state between two evaluations.

mod host;
mod matcher;
mod method;
mod path;

pub use host::{HostMistake, HostPattern, check_host};
pub use matcher::{Matcher, PATTERNS_MAX, Subject, TooManyPatterns};
pub use method::{MethodMistake, MethodSet};
pub use path::{PATTERN_BYTES_MAX, PathMistake, PathPattern, WILDCARDS_MAX};
/// Replaced when the language lands.
#[derive(Clone, Debug)]
pub struct Filter;
/// Replaced when the language lands.
#[derive(Clone, Debug)]
pub struct Template;
/// Replaced when the language lands.
#[derive(Clone, Debug)]
pub struct Rewrite;
