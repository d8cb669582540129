//! What an operator may set, and what nobody needs to.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Names known at a time. At the limit the one unused for longest gives way. 4096.
pub const NAMES_MAX: usize = 4096;
/// Most name servers that an operator may name. 8.
pub const SERVERS_MAX: usize = 8;
/// Longest wait for one name server. 2 s.
pub const TIMEOUT_DEFAULT: Duration = Duration::from_secs(2);
/// Shortest time for which an answer is used. 1 s.
pub const LIFETIME_MIN_DEFAULT: Duration = Duration::from_secs(1);
/// Longest time for which an answer is used. 1 h.
pub const LIFETIME_MAX_DEFAULT: Duration = Duration::from_secs(3600);
/// How long the last good answer is used beyond its lifetime. 1 h.
pub const STALE_MAX_DEFAULT: Duration = Duration::from_secs(3600);

/// Longest time for which "there is no such name" is believed, whatever its SOA record says: whoever adds a missing
/// record should not have to wait for an hour. 1 min.
pub(crate) const ABSENT_LIFETIME_MAX: Duration = Duration::from_secs(60);
/// An answer of which one address family is missing, because its question failed, is used no longer. 30 s.
pub(crate) const PARTIAL_LIFETIME_MAX: Duration = Duration::from_secs(30);
/// After a failure without any answer to use, nobody asks again before. 1 s.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(1);
/// After a failure with an old answer to use, nobody asks again before. 5 s.
pub(crate) const RETRY_STALE_AFTER: Duration = Duration::from_secs(5);
/// Who could use the last good answer waits no longer for a new one. 500 ms.
pub(crate) const STALE_PATIENCE: Duration = Duration::from_millis(500);
/// With addresses of one family in hand, the other is waited for no longer. 500 ms.
pub(crate) const SECOND_FAMILY_PATIENCE: Duration = Duration::from_millis(500);
/// Questions for so many names are under way at a time; further ones wait. 64.
pub(crate) const LOOKUPS_MAX: usize = 64;
/// Each name server is asked so often before the question has failed. 2.
pub(crate) const ROUNDS: usize = 2;
/// Aliases followed where the name server does not do it. 8.
pub(crate) const ALIASES_MAX: usize = 8;

/// How names are resolved.
#[derive(Clone, Debug)]
pub struct ResolverConfig {
    /// Name servers, in order of preference. Empty: those of `resolv_conf`. At most [`SERVERS_MAX`].
    pub servers: Vec<SocketAddr>,
    /// Where the machine keeps its name servers; read again when it changes. Default `/etc/resolv.conf`.
    pub resolv_conf: PathBuf,
    /// Names that need no question; read again when it changes. Default `/etc/hosts`.
    pub hosts_file: PathBuf,
    /// Longest wait for one name server's answer; then the next is asked. Default [`TIMEOUT_DEFAULT`].
    pub timeout: Duration,
    /// Shortest time for which an answer is used, whatever its records say. Default [`LIFETIME_MIN_DEFAULT`].
    pub lifetime_min: Duration,
    /// Longest time for which an answer is used. Default [`LIFETIME_MAX_DEFAULT`].
    pub lifetime_max: Duration,
    /// How long the last good answer is used beyond its lifetime while the name servers fail. Default
    /// [`STALE_MAX_DEFAULT`].
    pub stale_max: Duration,
}

impl Default for ResolverConfig {
    fn default() -> ResolverConfig {
        ResolverConfig {
            servers: Vec::new(),
            resolv_conf: PathBuf::from("/etc/resolv.conf"),
            hosts_file: PathBuf::from("/etc/hosts"),
            timeout: TIMEOUT_DEFAULT,
            lifetime_min: LIFETIME_MIN_DEFAULT,
            lifetime_max: LIFETIME_MAX_DEFAULT,
            stale_max: STALE_MAX_DEFAULT,
        }
    }
}
