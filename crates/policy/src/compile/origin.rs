//! Origins: URLs, hosts to tell, files to trust.

use super::{Compiler, host_hint};
use crate::{Address as ServerAddress, HostHeader, OriginProtocol, OriginServer, OriginTls};
use littoral_model::{OriginSection, Spanned, quoted};
use littoral_rules::{HostMistake, check_host};
use std::net::Ipv6Addr;
use std::sync::Arc;

#[derive(Copy, Clone, PartialEq, Eq)]
enum Scheme {
    Http,
    Https,
}

impl Scheme {
    fn usual_port(self) -> u16 {
        match self {
            Scheme::Http => 80,
            Scheme::Https => 443,
        }
    }
}

/// Where an origin server is.
struct Address {
    scheme: Scheme,
    /// With brackets around IPv6.
    host: String,
    port: u16,
}

/// Why a text is no origin's URL.
enum UrlMistake {
    NoScheme,
    Scheme,
    Credentials,
    Path,
    QueryOrFragment,
    Port,
    Host(HostMistake),
}

impl Compiler<'_> {
    pub(super) fn origin(&mut self, section: &OriginSection) -> Option<OriginServer> {
        let host_header = self.host_header(section);
        let url = section.url.as_ref()?;
        let address = match parse_url(url) {
            Ok(address) => address,
            Err(mistake) => {
                self.bad_url(section, url, &mistake);
                return None;
            }
        };
        let roots = self.roots(section, &address);
        let Address { scheme, host, port } = address;
        let authority = if port == scheme.usual_port() { host.clone() } else { format!("{host}:{port}") };
        let host: Box<str> = host.trim_start_matches('[').trim_end_matches(']').into();
        Some(OriginServer {
            name: section.name.as_str().into(),
            tls: match scheme {
                Scheme::Http => None,
                Scheme::Https => Some(OriginTls { server_name: host.clone(), roots: roots?, identity: None }),
            },
            address: ServerAddress::Tcp { host, port },
            protocol: OriginProtocol::Http1,
            authority: authority.into(),
            host_header: host_header?,
            path_prefix: "".into(),
            secret: None,
            s3: None,
            probe: None,
            connections_max: section.connections_max,
            queue_max: section.queue_max,
            queue_timeout: section.queue_timeout,
            connect_timeout: section.connect_timeout,
            head_timeout: section.head_timeout,
            idle_timeout: section.idle_timeout,
            pool_idle_timeout: section.pool_idle_timeout,
        })
    }

    fn host_header(&mut self, section: &OriginSection) -> Option<HostHeader> {
        let Some(text) = &section.host else { return Some(HostHeader::Canonical) };
        match text.as_str() {
            "canonical" => return Some(HostHeader::Canonical),
            "origin" => return Some(HostHeader::Origin),
            _ => {}
        }
        let lower = text.to_ascii_lowercase();
        let (host, port) = split_port(&lower);
        if port.is_none_or(|port| read_port(port).is_some()) && check_host(host).is_ok() {
            return Some(HostHeader::Fixed(lower.into()));
        }
        let message =
            format!("the `host` that origin {} is told, {}, is not one", quoted(&section.name), quoted(text));
        self.error(
            &text.span,
            message,
            "not a host",
            "it is \"canonical\", \"origin\" or a host of your choice",
        );
        None
    }

    /// The certificates of the `ca_file`; `None` where it is wrong.
    fn roots(&mut self, section: &OriginSection, address: &Address) -> Option<Option<Arc<[u8]>>> {
        let Some(path) = &section.ca_file else { return Some(None) };
        let name = quoted(&section.name);
        if path.is_empty() || path.contains('\0') {
            self.report(&path.span, format!("`ca_file` of origin {name} is not a path"), "not a path");
            return None;
        }
        if address.scheme == Scheme::Http {
            let message = format!("origin {name} has a `ca_file`, but is spoken to without TLS");
            self.error(&path.span, message, "of no use", "begin its url with https://");
            return None;
        }
        match self.files.read(path) {
            Ok(content) => Some(Some(content.into())),
            Err(why) => {
                let message = format!("`ca_file` of origin {name} {why}");
                self.error(&path.span, message, "not readable", "certificates in PEM");
                None
            }
        }
    }

    fn bad_url(&mut self, section: &OriginSection, url: &Spanned<String>, mistake: &UrlMistake) {
        let name = quoted(&section.name);
        let text = url.as_str();
        let (what, label, hint) = match mistake {
            UrlMistake::NoScheme => {
                ("has no scheme", "no scheme", format!("as in \"https://{}\"", text.trim_start_matches('/')))
            }
            UrlMistake::Scheme => {
                ("has a scheme that is not supported", "not supported", "it is http or https".to_owned())
            }
            UrlMistake::Credentials => (
                "has a user or password",
                "credentials",
                "leave them out; they would stand in every log".to_owned(),
            ),
            UrlMistake::Path => (
                "has a path",
                "scheme, host and port only",
                "requests go to the origin with the path that they came with".to_owned(),
            ),
            UrlMistake::QueryOrFragment => {
                ("has a query or fragment", "scheme, host and port only", "leave it out".to_owned())
            }
            UrlMistake::Port => ("has a port that is none", "not a port", "1 to 65535".to_owned()),
            UrlMistake::Host(mistake) => {
                let message = format!("the url of origin {name} names a host that {mistake}");
                let host = split_port(authority_of(text)).0;
                self.error(&url.span, message, "not a host", host_hint(host, *mistake));
                return;
            }
        };
        self.error(&url.span, format!("the url of origin {name} {what}"), label, hint);
    }
}

fn parse_url(text: &str) -> Result<Address, UrlMistake> {
    let (scheme, rest) = text.split_once("://").ok_or(UrlMistake::NoScheme)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => Scheme::Http,
        "https" => Scheme::Https,
        "" => return Err(UrlMistake::NoScheme),
        _ => return Err(UrlMistake::Scheme),
    };
    if rest.contains(['?', '#']) {
        return Err(UrlMistake::QueryOrFragment);
    }
    let authority = authority_of(text);
    if authority.contains('@') {
        return Err(UrlMistake::Credentials);
    }
    if !matches!(&rest[authority.len()..], "" | "/") {
        return Err(UrlMistake::Path);
    }
    let lower = authority.to_ascii_lowercase();
    let (host, port) = split_port(&lower);
    let port = match port {
        None => scheme.usual_port(),
        Some(port) => read_port(port).ok_or(UrlMistake::Port)?,
    };
    check_host(host).map_err(UrlMistake::Host)?;
    Ok(Address { scheme, host: host.to_owned(), port })
}

fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The host and what follows its colon. An IPv6 address without brackets has no port.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let bare_ipv6 = authority.parse::<Ipv6Addr>().is_ok();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && !bare_ipv6 => (host, Some(port)),
        _ => (authority, None),
    }
}

fn read_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}
