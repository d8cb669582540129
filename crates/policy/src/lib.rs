//! A site compiled: hosts, origin servers, behaviors with their matchers, cache rules and keys; or all its mistakes.
//!
//! On the path this stands between what people wrote (`model`) and what serves it: `edge` holds one [`PolicySet`]
//! at a time and never looks at a file. Everything here is pure and, once made, immutable.
//!
//! Deliberately absent: files, sockets, clock, and any state that a request changes.

mod behavior;
mod compile;
mod compression;
mod errors;
mod field_rules;
mod files;
mod group;
mod hosts;
mod origin;
mod rate;
mod redirect;
mod site;
mod status;

pub use behavior::{
    Behavior, BypassConditions, CacheMode, HostKey, KeyPolicy, QueryKey, RangeForward, STEERING_FIELDS,
};
pub use compile::{check, compile, read_site};
pub use compression::{COMPRESSED_TYPES, Coding, Compression};
pub use errors::{ErrorPage, ErrorSource};
pub use field_rules::{FieldChange, FieldRule};
pub use files::{Files, NAMED_FILE_BYTES_MAX, NoFiles};
pub use group::{Balance, Ejection, Failover, HashKey, Member, OriginGroup};
pub use hosts::{Claim, HostConflict, PolicySet};
pub use origin::{
    Address, ClientIdentity, HostHeader, OriginProtocol, OriginSecret, OriginServer, OriginTls, Probe,
    S3Signing,
};
pub use rate::{RateKey, RateLimit};
pub use redirect::{PathRewrite, Redirect};
pub use site::{Site, SiteIds};
pub use status::StatusSet;
