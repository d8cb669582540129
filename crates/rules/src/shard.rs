//! The host that a path is asked for under, when a site is spread over several (domain sharding).
//!
//! Rendezvous hashing (Thaler and Ravishankar, 1998): each host gets a score for the path and the highest wins, so
//! that the order of the hosts does not matter and a host that is added or removed moves no path between others.
//!
//! The choice is stable for ever: pages that name assets by their shard are written elsewhere and stay in caches.
//! `docs/rules.md` has test vectors for those who compute it in their own language.

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
    let bytes = host.iter().chain([&0]).chain(path);
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    });
    let hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
