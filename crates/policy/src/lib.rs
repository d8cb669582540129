//! A site compiled: hosts, origin servers, behaviors with their matchers, cache rules and keys; or all its mistakes.
//!
//! On the path this stands between what people wrote (`model`) and what serves it: `edge` holds one [`PolicySet`]
//! at a time and never looks at a file. Everything here is pure and, once made, immutable.
//!
//! Deliberately absent: files, sockets, clock, and any state that a request changes.

mod behavior;
mod compile;
mod hosts;
mod origin;
mod site;

pub use behavior::{
    Behavior, BypassConditions, CacheMode, HostKey, KeyPolicy, QueryKey, RangeForward, STEERING_FIELDS,
};
pub use compile::{check, compile, read_site};
pub use hosts::{Claim, HostConflict, PolicySet};
pub use origin::{HostHeader, OriginServer, Scheme};
pub use site::{Site, SiteIds};
