//! `/etc/resolv.conf` as resolv.conf(5) describes it: name servers, where names are searched, how many dots make a
//! name whole. Other options are the C library's own.

use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV6};

/// Name servers taken from the file, as the C library does.
const NAMESERVERS_MAX: usize = 3;
/// Domains searched at most.
const SEARCH_MAX: usize = 6;
const NDOTS_MAX: usize = 15;
const DNS_PORT: u16 = 53;

/// What the machine says about names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct ResolvConf {
    pub(crate) servers: Vec<SocketAddr>,
    pub(crate) search: Vec<Box<str>>,
    pub(crate) ndots: usize,
}

impl Default for ResolvConf {
    /// A machine without the file: a name server of its own.
    fn default() -> ResolvConf {
        ResolvConf {
            servers: vec![SocketAddr::from((Ipv4Addr::LOCALHOST, DNS_PORT))],
            search: Vec::new(),
            ndots: 1,
        }
    }
}

impl ResolvConf {
    /// Lines that say nothing known are passed over.
    pub(crate) fn parse(text: &str) -> ResolvConf {
        let mut conf = ResolvConf { servers: Vec::new(), ..ResolvConf::default() };
        for line in text.lines() {
            if line.starts_with(['#', ';']) {
                continue;
            }
            let mut words = line.split_ascii_whitespace();
            match words.next() {
                Some("nameserver") if conf.servers.len() < NAMESERVERS_MAX => {
                    conf.servers.extend(words.next().and_then(server));
                }
                // The last of them counts.
                Some("search" | "domain") => {
                    conf.search = words.take(SEARCH_MAX).filter_map(domain).collect();
                }
                Some("options") => {
                    for option in words {
                        if let Some(Ok(dots)) = option.strip_prefix("ndots:").map(str::parse::<usize>) {
                            conf.ndots = dots.min(NDOTS_MAX);
                        }
                    }
                }
                _ => {}
            }
        }
        if conf.servers.is_empty() {
            conf.servers = ResolvConf::default().servers;
        }
        conf
    }

    /// The names to ask for, in order, for one as it was written.
    pub(crate) fn candidates(&self, name: &str) -> Vec<String> {
        if let Some(whole) = name.strip_suffix('.') {
            return vec![whole.to_owned()];
        }
        let searched = self.search.iter().map(|domain| format!("{name}.{domain}"));
        let dots = name.bytes().filter(|byte| *byte == b'.').count();
        if dots >= self.ndots {
            std::iter::once(name.to_owned()).chain(searched).collect()
        } else {
            searched.chain(std::iter::once(name.to_owned())).collect()
        }
    }
}

fn domain(word: &str) -> Option<Box<str>> {
    let domain = word.trim_matches('.').to_ascii_lowercase();
    (!domain.is_empty()).then(|| domain.into())
}

/// An address, for IPv6 maybe with a zone in digits; named zones need the machine's interfaces, which nobody asks
/// here.
fn server(word: &str) -> Option<SocketAddr> {
    if let Ok(address) = word.parse::<IpAddr>() {
        return Some(SocketAddr::new(address, DNS_PORT));
    }
    let (address, zone) = word.split_once('%')?;
    Some(SocketAddrV6::new(address.parse().ok()?, DNS_PORT, 0, zone.parse().ok()?).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_the_c_library_does() {
        let conf = ResolvConf::parse(
            "; x\nsearch old.test\nnameserver 192.0.2.1\nnameserver nonsense\nnameserver 2001:db8::1\n\
             nameserver fe80::1%3\nnameserver 192.0.2.4\noptions edns0 ndots:2 timeout:9\nsearch A.test. b.test",
        );
        let servers: Vec<_> = conf.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["192.0.2.1:53", "[2001:db8::1]:53", "[fe80::1%3]:53"]);
        assert_eq!(conf.candidates("app.x"), ["app.x.a.test", "app.x.b.test", "app.x"]);
        assert_eq!(conf.candidates("a.b.c"), ["a.b.c", "a.b.c.a.test", "a.b.c.b.test"]);
        assert_eq!(conf.candidates("app."), ["app"]);
    }

    #[test]
    fn an_empty_file_means_a_name_server_on_this_machine() {
        assert_eq!(ResolvConf::parse("# nothing\n"), ResolvConf::default());
    }
}
