//! Where an origin listens: `https://app:8443`, `http+unix:/run/app.sock`.

use crate::Address;
use crate::compile::{Compiler, host_hint};
use littoral_model::{OriginSection, Spanned, nearest, quoted};
use littoral_rules::{HostMistake, check_host};
use std::net::Ipv6Addr;

/// Longest path of a Unix socket: `sun_path` without its final zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// What an origin's URL says.
pub(super) struct OriginUrl {
    pub(super) tls: bool,
    pub(super) address: Address,
    /// As in a `Host` field.
    pub(super) authority: String,
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
    SocketHost,
    SocketPath,
    SocketPathTooLong,
}

impl Compiler<'_> {
    pub(super) fn origin_url(&mut self, section: &OriginSection) -> Option<OriginUrl> {
        let url = section.url.as_ref()?;
        parse(url).map_err(|mistake| self.bad_url(section, url, &mistake)).ok()
    }

    fn bad_url(&mut self, section: &OriginSection, url: &Spanned<String>, mistake: &UrlMistake) {
        let name = quoted(&section.name);
        let text = url.as_str();
        let (what, label, hint) = match mistake {
            UrlMistake::NoScheme => {
                ("has no scheme", "no scheme", format!("as in \"https://{}\"", text.trim_start_matches('/')))
            }
            UrlMistake::Scheme => ("has a scheme that is not supported", "not supported", scheme_hint(text)),
            UrlMistake::Credentials => (
                "has a user or password",
                "credentials",
                "leave them out; they would stand in every log".to_owned(),
            ),
            UrlMistake::Path => ("has a path", "scheme, host and port only", path_hint(text)),
            UrlMistake::QueryOrFragment => {
                ("has a query or fragment", "scheme, host and port only", "leave it out".to_owned())
            }
            UrlMistake::Port => ("has a port that is none", "not a port", "1 to 65535".to_owned()),
            UrlMistake::SocketHost => (
                "names a host before the socket's path",
                "not a path",
                "one slash: \"http+unix:/run/app.sock\"".to_owned(),
            ),
            UrlMistake::SocketPath => {
                ("names no socket", "not an absolute path", "as in \"http+unix:/run/app.sock\"".to_owned())
            }
            UrlMistake::SocketPathTooLong => (
                "names a socket with too long a path",
                "too long",
                format!("a socket's path has at most {SOCKET_PATH_BYTES_MAX} bytes"),
            ),
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

fn scheme_hint(text: &str) -> String {
    let scheme = text.split(':').next().unwrap_or_default();
    match nearest(scheme, ["http+unix", "https+unix"]) {
        Some(near) => format!("did you mean \"{near}:/…\"?"),
        None if scheme == "unix" => "say what is spoken there: \"http+unix:/…\"".to_owned(),
        None => "it is http, https, http+unix or https+unix".to_owned(),
    }
}

fn path_hint(text: &str) -> String {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let path = rest[authority_of(text).len()..].trim_end_matches('/');
    format!("to put one before every path that it is asked for: path_prefix = \"{path}\"")
}

fn parse(text: &str) -> Result<OriginUrl, UrlMistake> {
    for (scheme, tls) in [("http+unix:", false), ("https+unix:", true)] {
        if text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)) {
            let address = Address::Unix(socket_path(&text[scheme.len()..])?.into());
            return Ok(OriginUrl { tls, address, authority: "localhost".to_owned() });
        }
    }
    let (scheme, rest) = match text.split_once("://") {
        Some(parts) => parts,
        None if text.split(':').next().is_some_and(|scheme| scheme.ends_with("unix")) => {
            return Err(UrlMistake::Scheme);
        }
        None => return Err(UrlMistake::NoScheme),
    };
    let (tls, usual_port) = match scheme.to_ascii_lowercase().as_str() {
        "http" => (false, 80),
        "https" => (true, 443),
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
        None => usual_port,
        Some(port) => read_port(port).ok_or(UrlMistake::Port)?,
    };
    check_host(host).map_err(UrlMistake::Host)?;
    let authority = if port == usual_port { host.to_owned() } else { format!("{host}:{port}") };
    let host = host.trim_start_matches('[').trim_end_matches(']').into();
    Ok(OriginUrl { tls, address: Address::Tcp { host, port }, authority })
}

fn socket_path(path: &str) -> Result<&str, UrlMistake> {
    if path.starts_with("//") {
        return Err(UrlMistake::SocketHost);
    }
    let is_path = path.starts_with('/') && !path.ends_with('/') && !path.contains(['\0', '?', '#']);
    match path.len() {
        _ if !is_path => Err(UrlMistake::SocketPath),
        length if length > SOCKET_PATH_BYTES_MAX => Err(UrlMistake::SocketPathTooLong),
        _ => Ok(path),
    }
}

fn authority_of(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?', '#']).next().unwrap_or_default()
}

/// The host and what follows its colon. An IPv6 address without brackets has no port.
pub(super) fn split_port(authority: &str) -> (&str, Option<&str>) {
    let bare_ipv6 = authority.parse::<Ipv6Addr>().is_ok();
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') && !bare_ipv6 => (host, Some(port)),
        _ => (authority, None),
    }
}

pub(super) fn read_port(text: &str) -> Option<u16> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|port| digits && *port > 0)
}

/// Whether `text`, in lower case, can stand in a `Host` field.
pub(super) fn is_host_field(text: &str) -> bool {
    let (host, port) = split_port(text);
    port.is_none_or(|port| read_port(port).is_some()) && check_host(host).is_ok()
}
