//! `[clients]`: who is in front of the node and may say so, and how much one client may take.

use crate::section::{Empty, Section};
use crate::{Bounds, Network, NetworkMistake, Spanned, quoted};

/// The keys of `[clients]`, for hints.
pub(super) const KEYS: &[&str] =
    &["trusted_proxies", "proxy_protocol", "forwarded", "request_id_header", "connections_per_address_max"];

/// Most networks in one list. 256.
const NETWORKS_MAX: usize = 256;
/// One IPv4 address can open some 64,000 connections to one port. A crowd behind one address shares these with all
/// that it does elsewhere.
const CONNECTIONS_PER_ADDRESS_MAX: Bounds<u64> = Bounds::new(20_000, 0, 4_194_304);

/// How the node meets its clients.
///
/// # Reconfigure
/// It holds from the next start.
#[derive(Clone, PartialEq, Debug)]
pub struct ClientsSection {
    /// Whose `X-Forwarded-*`, `Forwarded` and `X-Request-Id` are believed. Default nobody's; at most 256.
    pub trusted_proxies: Vec<Spanned<Network>>,
    /// Who begins each connection with a PROXY header; nobody else's is read. Default nobody; at most 256.
    pub proxy_protocol: Vec<Spanned<Network>>,
    /// Which fields trusted proxies write. Default [`ForwardedFields::Auto`].
    pub forwarded: ForwardedFields,
    /// Whether answers carry the request's id in `X-Request-Id`. Default true.
    pub request_id_header: bool,
    /// Most connections of one client address, of IPv6 of one /64. Default 20000; 0 (no limit) to 4194304. Beyond, new
    /// ones are closed at once. Trusted proxies and PROXY peers have none.
    pub connections_per_address_max: u32,
}

/// Which fields trusted proxies write; the other kind they may pass on as a client sent it.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum ForwardedFields {
    /// `"auto"`: `X-Forwarded-*` where there is any of them, else `Forwarded`. The default.
    #[default]
    Auto,
    /// `"x-forwarded"`
    XForwarded,
    /// `"forwarded"`
    Forwarded,
}

impl Default for ClientsSection {
    fn default() -> ClientsSection {
        ClientsSection {
            trusted_proxies: Vec::new(),
            proxy_protocol: Vec::new(),
            forwarded: ForwardedFields::default(),
            request_id_header: true,
            connections_per_address_max: CONNECTIONS_PER_ADDRESS_MAX.default as u32,
        }
    }
}

pub(super) fn read(node: &Section<'_>) -> ClientsSection {
    let Some(section) = node.section("clients", "`clients` of the node") else {
        return ClientsSection::default();
    };
    let choices = [
        ("auto", ForwardedFields::Auto),
        ("x-forwarded", ForwardedFields::XForwarded),
        ("forwarded", ForwardedFields::Forwarded),
    ];
    let forwarded = section.choice("forwarded", &choices);
    let clients = ClientsSection {
        trusted_proxies: read_networks(&section, "trusted_proxies"),
        proxy_protocol: read_networks(&section, "proxy_protocol"),
        forwarded: forwarded.as_ref().map(|choice| choice.value).unwrap_or_default(),
        request_id_header: section.flag("request_id_header", true),
        connections_per_address_max: section.count("connections_per_address_max", CONNECTIONS_PER_ADDRESS_MAX)
            as u32,
    };
    if let Some(forwarded) = forwarded.filter(|_| section.place("trusted_proxies").is_none()) {
        let message = format!("`forwarded` of {} has no effect", section.name());
        let mistake = section.reader().mistake(&forwarded.span, message, "nobody is believed");
        section.reader().report(mistake.hint("name in `trusted_proxies` whose fields these are"));
    }
    section.finish(&[("[limits]", super::limits::KEYS), ("[listen]", super::listen::KEYS)]);
    clients
}

fn read_networks(section: &Section<'_>, key: &'static str) -> Vec<Spanned<Network>> {
    let texts = section.texts(key, NETWORKS_MAX, Empty::Allowed).map(|texts| texts.value).unwrap_or_default();
    texts.into_iter().filter_map(|text| read_network(section, key, &text)).collect()
}

fn read_network(section: &Section<'_>, key: &str, text: &Spanned<String>) -> Option<Spanned<Network>> {
    let report = |label: &str, hint: String| {
        let message = format!("`{key}` of {} has {}, which is not a network", section.name(), quoted(text));
        section.reader().report(section.reader().mistake(&text.span, message, label).hint(hint));
    };
    match text.parse::<Network>() {
        Ok(network) => {
            if network.is_everyone() {
                let message = format!("`{key}` of {} names everyone", section.name());
                let mistake = section.reader().mistake(&text.span, message, "anybody can say to be anybody");
                let hint =
                    "name the networks that your proxies are in; right only where nobody else can connect";
                section.reader().report(mistake.hint(hint).warning());
            }
            return Some(Spanned::new(network, text.span.clone()));
        }
        Err(NetworkMistake::NotAnAddress) => report(
            "not an IP address",
            "as in \"10.0.0.0/8\", \"2001:db8::/32\" or \"192.0.2.7\"; names are not resolved".to_owned(),
        ),
        Err(NetworkMistake::NotAPrefix) => {
            report("not a number of bits", "0 to 32 bits for IPv4, 0 to 128 for IPv6".to_owned());
        }
        Err(NetworkMistake::HostBits(network, address)) => report(
            "bits behind the prefix are set",
            format!("the network is \"{network}\", the address \"{address}\""),
        ),
        Err(NetworkMistake::Mapped(network)) => report("IPv4 within IPv6", format!("it is \"{network}\"")),
    }
    None
}
