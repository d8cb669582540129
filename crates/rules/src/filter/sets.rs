//! Sets of texts and of addresses: sorted once, searched by halves.

use std::cmp::Ordering;
use std::net::IpAddr;

/// Texts; in any case of ASCII, if they are kept in lower case for that.
#[derive(Clone, Debug)]
pub(super) struct TextSet {
    members: Box<[Box<str>]>,
    in_any_case: bool,
}

impl TextSet {
    /// Members in lower case, if `in_any_case`.
    pub(super) fn new(mut members: Vec<Box<str>>, in_any_case: bool) -> TextSet {
        members.sort_unstable();
        TextSet { members: members.into(), in_any_case }
    }

    pub(super) fn contains(&self, value: &[u8]) -> bool {
        let order: fn(&[u8], &[u8]) -> Ordering = if self.in_any_case {
            |member, value| member.iter().copied().cmp(lowered(value))
        } else {
            <[u8]>::cmp
        };
        self.members.binary_search_by(|member| order(member.as_bytes(), value)).is_ok()
    }
}

fn lowered(value: &[u8]) -> impl Iterator<Item = u8> {
    value.iter().map(u8::to_ascii_lowercase)
}

/// Addresses, as ranges that neither touch nor overlap. IPv4 in IPv6 form is IPv4.
#[derive(Clone, Debug)]
pub(super) struct AddressSet {
    v4: Box<[(u32, u32)]>,
    v6: Box<[(u128, u128)]>,
}

impl AddressSet {
    /// Of addresses with the length of their prefix, which is at most that of the address.
    pub(super) fn new(members: &[(IpAddr, u8)]) -> AddressSet {
        let mut v4 = Vec::new();
        let mut v6 = Vec::new();
        for (address, length) in members {
            match address {
                IpAddr::V4(address) => {
                    let host = u32::MAX.checked_shr(u32::from(*length)).unwrap_or(0);
                    v4.push((u128::from(address.to_bits() & !host), u128::from(address.to_bits() | host)));
                }
                IpAddr::V6(address) => {
                    let host = u128::MAX.checked_shr(u32::from(*length)).unwrap_or(0);
                    v6.push((address.to_bits() & !host, address.to_bits() | host));
                }
            }
        }
        let narrow = |bits: u128| u32::try_from(bits).unwrap_or(u32::MAX);
        let v4 = merged(v4).into_iter().map(|(first, last)| (narrow(first), narrow(last))).collect();
        AddressSet { v4, v6: merged(v6).into() }
    }

    #[inline]
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        match address.to_canonical() {
            IpAddr::V4(address) => within(&self.v4, address.to_bits()),
            IpAddr::V6(address) => within(&self.v6, address.to_bits()),
        }
    }
}

fn within<T: PartialOrd + Copy>(ranges: &[(T, T)], bits: T) -> bool {
    let behind = ranges.partition_point(|(first, _)| *first <= bits);
    behind.checked_sub(1).is_some_and(|at| bits <= ranges[at].1)
}

fn merged(mut ranges: Vec<(u128, u128)>) -> Vec<(u128, u128)> {
    ranges.sort_unstable();
    let mut merged: Vec<(u128, u128)> = Vec::new();
    for (first, last) in ranges {
        match merged.last_mut() {
            Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
            _ => merged.push((first, last)),
        }
    }
    merged
}
