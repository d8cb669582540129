//! HTTP caching as pure functions: RFC 9110 (semantics, as far as a cache needs it), RFC 9111 (caching),
//! RFC 9211 (`Cache-Status`), RFC 9213 (targeted cache control), RFC 5861 (stale content) and RFC 8246 (`immutable`).
//!
//! On the path this stands under everything that decides: `edge` asks it whether a response may be stored, whether a
//! stored one may be reused, which range a client wants; `cache` keeps its [`Fields`] and [`Terms`].
//!
//! Deliberately absent: sockets, clock, async, and any memory of earlier calls. Time is an argument, everywhere.
//! Nothing here panics on bytes from outside.

pub mod cache_status;
pub mod coding;
pub mod conditional;
pub mod date;
pub mod directives;
pub mod entity_tag;
pub mod fields;
pub mod freshen;
mod freshness;
pub mod hop_by_hop;
pub mod invalidate;
pub mod known;
pub mod list;
pub mod media_type;
pub mod method;
pub mod negotiation;
mod origin;
pub mod partial;
pub mod range;
pub mod reuse;
pub mod revalidate;
pub mod rules;
pub mod storing;
pub mod structured;
pub mod targeted;
pub mod terms;
pub mod vary;

pub use cache_status::{CacheStatus, Fwd};
pub use coding::{Accepted, Coding, ContentCoding};
pub use conditional::{Precondition, evaluate};
pub use date::Seconds;
pub use directives::{MaxStale, RequestDirectives, ResponseDirectives};
pub use fields::{FieldLine, Fields, FieldsBuilder};
pub use freshen::{HeadUpdate, freshen, head_freshens, selects};
pub use invalidate::invalidates;
pub use known::Known;
pub use method::Method;
pub use range::{ByteSpec, ContentRange, RangeAnswer, parse_content_range, requested_range};
pub use reuse::{Reuse, Revalidate, judge_reuse, may_serve_disconnected, may_serve_on_error};
pub use revalidate::conditional_fields;
pub use rules::{CacheRules, ClientDirectives, OriginDirectives, QualifiedForms, RequestCookie, SetCookie};
pub use storing::{
    NotStored, RequestView, ResponseView, Times, judge_storing, judge_storing_post, stored_fields,
};
pub use terms::Terms;
pub use vary::{SelectingKey, Vary, VaryStar, selecting_key};

/// Longest time that is told apart, in seconds: 2^31 (RFC 9111 §1.2.2). Larger numbers in fields count as this.
pub const SECONDS_MAX: u32 = 1 << 31;
