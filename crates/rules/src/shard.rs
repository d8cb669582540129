//! The host that a path is asked for under, when a site is spread over several (domain sharding).
//!
//! Rendezvous hashing (Thaler and Ravishankar, 1998): each host gets a score for the path and the highest wins, so
//! that the order of the hosts does not matter and a host that is added or removed moves no path between others.
//!
//! The choice is stable for ever: pages that name assets by their shard are written elsewhere and stay in caches.
//! `docs/rules.md` has test vectors for those who compute it in their own language.

use crate::hash::{fnv1a, mix};

/// The position among `hosts` of the one that serves `path`. Hosts in lower case; the path without its query, as
/// it stands in the page. 0 for no hosts.
pub fn shard(hosts: &[impl AsRef<str>], path: &[u8]) -> usize {
    let scored = hosts.iter().map(AsRef::as_ref).enumerate();
    // Of two equal scores, which 64 bits make as good as impossible, the lesser name wins.
    scored
        .max_by_key(|(_, host)| (score(host.as_bytes(), path), std::cmp::Reverse(*host)))
        .map_or(0, |(position, _)| position)
}

/// FNV-1a of 64 bits over host, a zero byte and path, then the finalizer of SplitMix64.
fn score(host: &[u8], path: &[u8]) -> u64 {
    mix(fnv1a(host.iter().chain([&0]).chain(path)))
}
