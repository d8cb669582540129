//! Networks: addresses that begin alike, as `10.0.0.0/8` or one address alone.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// Addresses that have their first `prefix` bits in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Network {
    /// Its first address; the bits behind the prefix are zero.
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NetworkMistake {
    /// No IP address in front of the `/`.
    NotAnAddress,
    /// No whole number behind the `/`, or more than the address has bits.
    NotAPrefix,
    /// Bits behind the prefix are set: the network that was meant, and the whole address.
    HostBits(Network, Network),
    /// IPv4 in IPv6's clothes; this is its own form.
    Mapped(Network),
}

impl Network {
    /// The network of `prefix` bits that `address` is in. `None`: the address has fewer.
    pub fn of(address: IpAddr, prefix: u8) -> Option<Network> {
        let address = match address {
            IpAddr::V4(v4) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix).min(32)).unwrap_or(0);
                (prefix <= 32).then(|| IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask)))
            }
            IpAddr::V6(v6) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix).min(128)).unwrap_or(0);
                (prefix <= 128).then(|| IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask)))
            }
        }?;
        Some(Network { address, prefix })
    }

    /// Whether `address` is in it. IPv4 is IPv4, in whichever form a socket gives it.
    pub fn contains(&self, address: IpAddr) -> bool {
        Network::of(address.to_canonical(), self.prefix) == Some(*self)
    }

    /// Whether it holds every address of its family.
    pub fn is_everyone(&self) -> bool {
        self.prefix == 0
    }
}

impl FromStr for Network {
    type Err = NetworkMistake;

    fn from_str(text: &str) -> Result<Network, NetworkMistake> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkMistake::NotAnAddress)?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => bits,
            Some(text) => {
                let plain =
                    text.bytes().all(|b| b.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
                text.parse().ok().filter(|_| plain).ok_or(NetworkMistake::NotAPrefix)?
            }
        };
        let network = Network::of(address, prefix).ok_or(NetworkMistake::NotAPrefix)?;
        let whole = Network { address, prefix: bits };
        if address.to_canonical() != address {
            let mapped = Network::of(address.to_canonical(), prefix.saturating_sub(96));
            return Err(NetworkMistake::Mapped(mapped.unwrap_or(whole)));
        }
        if network.address == address { Ok(network) } else { Err(NetworkMistake::HostBits(network, whole)) }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.address, self.prefix) {
            (IpAddr::V4(_), 32) | (IpAddr::V6(_), 128) => self.address.fmt(f),
            _ => write!(f, "{}/{}", self.address, self.prefix),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_in_their_one_spelling() {
        for text in ["10.0.0.0/8", "192.0.2.7", "0.0.0.0/0", "2001:db8::/32", "::1", "::/0", "fe80::/10"] {
            assert_eq!(text.parse::<Network>().map(|network| network.to_string()), Ok(text.to_owned()));
        }
        assert_eq!(
            "192.0.2.7/32".parse::<Network>().map(|network| network.to_string()),
            Ok("192.0.2.7".into())
        );
        let network = |text: &str| text.parse::<Network>().unwrap_or_else(|_| panic!("{text}"));
        for (text, mistake) in [
            ("", NetworkMistake::NotAnAddress),
            ("localhost", NetworkMistake::NotAnAddress),
            ("10/8", NetworkMistake::NotAnAddress),
            ("10.0.0.0/", NetworkMistake::NotAPrefix),
            ("10.0.0.0/33", NetworkMistake::NotAPrefix),
            ("10.0.0.0/08", NetworkMistake::NotAPrefix),
            ("10.0.0.0/+8", NetworkMistake::NotAPrefix),
            ("10.0.0.0/255.0.0.0", NetworkMistake::NotAPrefix),
            ("::/129", NetworkMistake::NotAPrefix),
            ("10.1.2.3/8", NetworkMistake::HostBits(network("10.0.0.0/8"), network("10.1.2.3"))),
            ("::ffff:10.0.0.0/104", NetworkMistake::Mapped(network("10.0.0.0/8"))),
        ] {
            assert_eq!(text.parse::<Network>(), Err(mistake), "{text}");
        }
    }

    #[test]
    fn a_network_contains_what_begins_as_it_does() {
        for (network, address, contained) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("10.0.0.0/8", "::ffff:10.0.0.1", true),
            ("10.0.0.0/8", "::a00:1", false),
            ("0.0.0.0/0", "203.0.113.1", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("2001:db8::/33", "2001:db8:7fff::1", true),
            ("2001:db8::/33", "2001:db8:8000::1", false),
            ("::/0", "::ffff:10.0.0.1", false),
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.6", false),
        ] {
            let (network, address): (Network, IpAddr) = (network.parse().unwrap(), address.parse().unwrap());
            assert_eq!(network.contains(address), contained, "{network} {address}");
        }
    }
}
