//! A compiled origin group: which origin servers stand for one another, who is asked first, and who next.
//!
//! A behavior always names a group; an origin server that it names directly stands in a group of its own.

use crate::StatusSet;
use std::time::Duration;

/// Origin servers that have the same to offer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OriginGroup {
    /// What behaviors, metrics and logs call it.
    pub name: Box<str>,
    /// In the file's order. Never empty.
    pub members: Box<[Member]>,
    /// Who is asked first.
    pub balance: Balance,
    /// When another one is asked.
    pub failover: Failover,
    /// When a member is left out for a while because of its answers; `None`: never.
    pub ejection: Option<Ejection>,
    /// How long a member that came back takes to its full share. Zero: at once. 0 s to 1 h.
    pub slow_start: Duration,
}

/// A member of a group.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Member {
    /// Its place among the site's origin servers.
    pub origin: usize,
    /// Its part of the requests, beside those of the others. 1 to 1000.
    pub weight: u32,
    /// It is asked only when all that are none cannot be.
    pub backup: bool,
}

/// Who of a group is asked first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Balance {
    /// The first that is well.
    First,
    /// Each by its weight, in turns.
    Weighted,
    /// Of two drawn by weight, the one with fewer requests under way for its weight.
    LeastRequests,
    /// The same one for the same key; few keys move when a member comes or goes (rendezvous hashing, by weight).
    Hash(HashKey),
}

/// What is hashed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HashKey {
    /// Canonical host, path and query.
    Url,
    /// The path.
    Path,
    /// The client's address.
    Client,
    /// A request field's value, its name in lower case; without one, the URL.
    Header(Box<str>),
    /// A cookie's value; without one, the URL.
    Cookie(Box<str>),
}

/// When another member is asked in place of one that failed. Only requests that may be repeated are: idempotent, and
/// their body not begun; one that cannot have reached a member always may.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Failover {
    /// After: no connection, refused handshake, full queue.
    pub on_connect: bool,
    /// After: no response head in time.
    pub on_timeout: bool,
    /// After: a connection that broke before the head, or an answer that is not HTTP.
    pub on_reset: bool,
    /// After answers of these statuses.
    pub on_statuses: StatusSet,
    /// Most members asked for one request, the first included. 1 to 10.
    pub tries_max: u32,
    /// Most further tries, in percent of first tries, over ten seconds or so; ten are always free. 0 to 100.
    pub retry_share_percent: u32,
}

/// When a member is left out because of its answers (passive health). At least one member always stays.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Ejection {
    /// Failures in a row: no answer, or one of the failover statuses. 1 to 1000.
    pub failures: u32,
    /// How long it is left out; doubled each time it fails again at once, up to ten times. 1 s to 1 h.
    pub time: Duration,
    /// Most of the members, in percent, that are left out so at one time. 1 to 100.
    pub share_max_percent: u32,
}
