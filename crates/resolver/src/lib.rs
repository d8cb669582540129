//! Names of origin servers to addresses, for as long as their records say.
//!
//! The system's `getaddrinfo` hides how long an answer holds, blocks the thread that asks, and shares nothing
//! between those who ask at once. This resolver speaks to the name servers itself: one question for many askers, an
//! answer used for its lifetime and renewed before it ends while it is in use, the last good answer used where the
//! name servers fail. The machine's hosts file comes first, as everywhere.
//!
//! It is a stub: recursion and validation are the name servers' part. It knows nothing of origins, ports or HTTP.

mod config;
mod files;
mod hosts;
mod lookup;
pub mod message;
mod resolv_conf;
mod resolver;
mod table;
mod transport;

pub use config::{
    LIFETIME_MAX_DEFAULT, LIFETIME_MIN_DEFAULT, NAMES_MAX, ResolverConfig, SERVERS_MAX, STALE_MAX_DEFAULT,
    TIMEOUT_DEFAULT,
};
pub use resolver::{Resolver, ResolverStat};
pub use table::ResolveError;
