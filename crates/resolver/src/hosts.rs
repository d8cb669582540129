//! The hosts file: addresses of names that need no name server.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

/// Names read from a hosts file at most; further ones are ignored.
const HOSTS_MAX: usize = 16_384;

/// A hosts file as read.
#[derive(Default)]
pub(crate) struct Hosts {
    addresses: HashMap<Box<str>, Vec<IpAddr>>,
}

impl Hosts {
    /// Lines of an address and its names; what is no such line is passed over, as everywhere.
    pub(crate) fn parse(text: &str) -> Hosts {
        let mut hosts = Hosts::default();
        for line in text.lines() {
            let line = line.split('#').next().unwrap_or_default();
            let mut words = line.split_ascii_whitespace();
            let Some(Ok(address)) = words.next().map(str::parse::<IpAddr>) else { continue };
            for name in words {
                if hosts.addresses.len() >= HOSTS_MAX {
                    return hosts;
                }
                let name = name.trim_end_matches('.').to_ascii_lowercase();
                let known = hosts.addresses.entry(name.into()).or_default();
                if !known.contains(&address) {
                    known.push(address);
                }
            }
        }
        hosts
    }

    /// The addresses of a name in lower case. `localhost` and what lies below it is this machine, whatever a name
    /// server would say (RFC 6761 §6.3).
    pub(crate) fn find(&self, name: &str) -> Option<Arc<[IpAddr]>> {
        if let Some(found) = self.addresses.get(name) {
            return Some(found.as_slice().into());
        }
        (name == "localhost" || name.ends_with(".localhost"))
            .then(|| [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)].as_slice().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_all_addresses_that_lines_give_them() {
        let hosts = Hosts::parse(
            "127.0.0.1 Here\n# 1.2.3.4 no\nnonsense x\n::1 here ip6 # end\n10.0.0.1\tapp. www\n",
        );
        let of =
            |name| hosts.find(name).map(|found| found.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(of("here"), Some(vec!["127.0.0.1".to_owned(), "::1".to_owned()]));
        assert_eq!(of("app"), Some(vec!["10.0.0.1".to_owned()]));
        assert_eq!(of("no"), None);
        assert_eq!(of("x"), None);
        assert_eq!(of("deep.localhost"), Some(vec!["127.0.0.1".to_owned(), "::1".to_owned()]));
    }
}
