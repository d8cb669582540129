//! How many connections each client address has, over all threads. Touched when a connection begins and when it ends,
//! never by a request.

use parking_lot::Mutex;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

/// Parts of the table, each behind a lock of its own.
const SHARDS: usize = 64;

/// What counts as one client: an IPv4 address, or the first 64 bits of an IPv6 one, which is the least that a
/// subscriber gets.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) enum ClientNetwork {
    V4(u32),
    V6(u64),
}

impl ClientNetwork {
    pub(crate) fn of(address: IpAddr) -> ClientNetwork {
        match address.to_canonical() {
            IpAddr::V4(v4) => ClientNetwork::V4(v4.to_bits()),
            IpAddr::V6(v6) => ClientNetwork::V6((v6.to_bits() >> 64) as u64),
        }
    }
}

type Counts = HashMap<ClientNetwork, usize, ahash::RandomState>;

/// The table. It has an entry for each address that is connected, so the node's limit of connections bounds it.
pub(crate) struct Addresses {
    most: usize,
    hasher: ahash::RandomState,
    shards: Box<[Mutex<Counts>]>,
}

impl Addresses {
    pub(crate) fn new(most: usize) -> Addresses {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Addresses { most, hasher: ahash::RandomState::new(), shards }
    }

    fn shard(&self, network: ClientNetwork) -> &Mutex<Counts> {
        &self.shards[self.hasher.hash_one(network) as usize % SHARDS]
    }

    /// One more connection of this address; `None` where it has as many as it may.
    pub(crate) fn seat(self: &Arc<Self>, address: IpAddr) -> Option<Seat> {
        let network = ClientNetwork::of(address);
        let mut counts = self.shard(network).lock();
        let count = counts.entry(network).or_default();
        // An entry is there only while it counts something: a refused address has others.
        if *count >= self.most {
            return None;
        }
        *count += 1;
        Some(Seat { network, addresses: self.clone() })
    }
}

/// A connection that counts for its address until it ends.
pub(crate) struct Seat {
    network: ClientNetwork,
    addresses: Arc<Addresses>,
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut counts = self.addresses.shard(self.network).lock();
        if let Some(count) = counts.get_mut(&self.network) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.network);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_so_many_seats_and_gets_them_back() {
        let addresses = Arc::new(Addresses::new(2));
        let seat = |text: &str| addresses.seat(text.parse().unwrap());
        let (one, two) = (seat("192.0.2.1"), seat("::ffff:192.0.2.1"));
        assert!(one.is_some() && two.is_some() && seat("192.0.2.1").is_none());
        assert!(seat("192.0.2.2").is_some());
        drop(one);
        assert!(seat("192.0.2.1").is_some());
        drop(two);
        assert_eq!(addresses.shards.iter().map(|shard| shard.lock().len()).sum::<usize>(), 0);
    }

    #[test]
    fn an_ipv6_subscriber_is_one_client() {
        let addresses = Arc::new(Addresses::new(1));
        let seat = |text: &str| addresses.seat(text.parse().unwrap());
        let _one = seat("2001:db8:0:1::1").unwrap();
        assert!(seat("2001:db8:0:1:ffff::9").is_none());
        assert!(seat("2001:db8:0:2::1").is_some());
    }
}
