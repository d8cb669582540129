//! `[resolver]`: how the names of origins become addresses.

use super::check_path;
use crate::section::{Empty, Section};
use crate::{Bounds, Spanned, quoted};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// The keys of `[resolver]`, for hints.
pub(super) const KEYS: &[&str] =
    &["servers", "hosts_file", "timeout", "lifetime_min", "lifetime_max", "stale_max"];

/// Most name servers. 8.
const SERVERS_MAX: usize = 8;
const DNS_PORT: u16 = 53;

const fn millis(default: u64, least: u64, most: u64) -> Bounds<Duration> {
    Bounds::new(Duration::from_millis(default), Duration::from_millis(least), Duration::from_millis(most))
}

const DAY_MILLIS: u64 = 86_400_000;
const TIMEOUT: Bounds<Duration> = millis(2_000, 50, 30_000);
const LIFETIME_MIN: Bounds<Duration> = millis(1_000, 100, 3_600_000);
const LIFETIME_MAX: Bounds<Duration> = millis(3_600_000, 1_000, 7 * DAY_MILLIS);
const STALE_MAX: Bounds<Duration> = millis(3_600_000, 0, 7 * DAY_MILLIS);

/// How the names of origins are resolved.
///
/// # Reconfigure
/// It holds from the next start; the machine's own files are read again whenever they change.
#[derive(Clone, PartialEq, Debug)]
pub struct ResolverSection {
    /// Name servers, in order of preference; port 53 unless they say another. Default: those of `/etc/resolv.conf`.
    /// At most 8.
    pub servers: Vec<Spanned<SocketAddr>>,
    /// Names that need no question. Default `/etc/hosts`.
    pub hosts_file: Option<Spanned<String>>,
    /// Longest wait for one name server. Default 2 s; 50 ms to 30 s.
    pub timeout: Duration,
    /// Shortest time for which an answer is used. Default 1 s; 100 ms to 1 h.
    pub lifetime_min: Duration,
    /// Longest time for which an answer is used. Default 1 h; 1 s to 7 d. Not below `lifetime_min`.
    pub lifetime_max: Duration,
    /// How long the last good answer is used beyond that while the name servers fail. Default 1 h; 0 s to 7 d.
    pub stale_max: Duration,
}

pub(super) fn read(node: &Section<'_>) -> ResolverSection {
    let Some(section) = node.section("resolver", "`resolver` of the node") else {
        return ResolverSection::default();
    };
    let servers =
        section.texts("servers", SERVERS_MAX, Empty::Refused("leave the key out to ask the machine's own"));
    let servers = servers.map(|list| list.value).unwrap_or_default();
    let resolver = ResolverSection {
        servers: servers.into_iter().filter_map(|text| server(&section, text)).collect(),
        hosts_file: section.text("hosts_file").filter(|path| check_path(&section, "hosts_file", path)),
        timeout: section.duration("timeout", TIMEOUT),
        lifetime_min: section.duration("lifetime_min", LIFETIME_MIN),
        lifetime_max: section.duration("lifetime_max", LIFETIME_MAX),
        stale_max: section.duration("stale_max", STALE_MAX),
    };
    if resolver.lifetime_max < resolver.lifetime_min
        && let Some(place) = section.place("lifetime_max").or_else(|| section.place("lifetime_min"))
    {
        let message = format!("`lifetime_max` of {} is below `lifetime_min`", section.name());
        section.reader().report(section.reader().mistake(&place, message, "no time lies between them"));
    }
    section.finish(&[]);
    resolver
}

fn server(section: &Section<'_>, text: Spanned<String>) -> Option<Spanned<SocketAddr>> {
    let address = text.parse::<SocketAddr>().ok();
    let address = address.or_else(|| text.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, DNS_PORT)));
    match address.filter(|address| address.port() != 0) {
        Some(address) => Some(Spanned::new(address, text.span)),
        None => {
            let message = format!("{} is not the address of a name server", quoted(&text));
            let mistake = section.reader().mistake(&text.span, message, "not an address");
            let hint = "as in \"9.9.9.9\", \"[2620:fe::fe]:53\" or \"127.0.0.1:5353\"; a name would need a name server first";
            section.reader().report(mistake.hint(hint));
            None
        }
    }
}

impl Default for ResolverSection {
    fn default() -> ResolverSection {
        ResolverSection {
            servers: Vec::new(),
            hosts_file: None,
            timeout: TIMEOUT.default,
            lifetime_min: LIFETIME_MIN.default,
            lifetime_max: LIFETIME_MAX.default,
            stale_max: STALE_MAX.default,
        }
    }
}
