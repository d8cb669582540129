//! What a behavior matches and writes: paths, methods, hosts and free conditions ([`Filter`]), compiled once and
//! evaluated for every request; texts with variables ([`Template`]), rewrites of the path ([`Rewrite`]) and choices that all
//! nodes make alike ([`shard()`], [`hash`]).
//!
//! On the path this stands between the normalized request and the behavior chosen for it, and wherever a rule of
//! that behavior has a condition of its own. Evaluating allocates nothing and costs at most one pass over the
//! values looked at for each pattern, of which there are at most [`PATTERNS_MAX`] in one matcher and
//! [`FILTER_NODES_MAX`] in one condition.
//!
//! Deliberately absent: normalization (patterns and paths must both come normalized), files and their spans,
//! sockets, clock, and any state between two evaluations.

mod filter;
pub mod hash;
mod host;
mod matcher;
mod method;
mod mistake;
mod names;
mod path;
mod pattern;
mod reads;
mod rewrite;
mod scope;
mod shard;
mod subject;
mod template;

pub use filter::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_NODES_MAX, FILTER_REGEXES_MAX, Filter};
pub use host::{HostMistake, HostPattern, check_host};
pub use matcher::{Matcher, PATTERNS_MAX, TooManyPatterns};
pub use method::{MethodMistake, MethodSet};
pub use mistake::{MISTAKES_MAX, TextMistake};
pub use path::{PATTERN_BYTES_MAX, PathMistake, PathPattern, WILDCARDS_MAX};
pub use pattern::REGEX_BYTES_MAX;
pub use reads::Reads;
pub use rewrite::{Rewrite, RewriteMistake, RewriteText};
pub use scope::{Captures, ResponseScope, Scope};
pub use shard::shard;
pub use subject::{Headers, NoHeaders, Subject};
pub use template::{TEMPLATE_BYTES_MAX, Template, VARIABLES_MAX, Variables};
