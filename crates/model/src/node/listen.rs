//! `[listen]`, `[tls]` and `[admin]`: the addresses that a node takes.

use super::check_path;
use crate::section::{Empty, Section};
use crate::{Spanned, quoted};
use std::net::{IpAddr, SocketAddr};

/// The keys of `[listen]`, for hints.
pub(super) const KEYS: &[&str] = &["http", "https"];
/// The keys of `[admin]`, for hints.
pub(super) const ADMIN_KEYS: &[&str] = &["listen", "token", "token_file"];

/// The keys of `[tls]`, for hints.
pub(super) const TLS_KEYS: &[&str] = &["certificate_file", "key_file"];

/// Most addresses in one list. 16.
const ADDRESSES_MAX: usize = 16;
/// Shortest token. Bytes.
const TOKEN_BYTES_MIN: usize = 16;

/// Addresses for clients.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ListenSection {
    /// Without TLS. `None`: the caller's default; an empty list: none. At most 16.
    pub http: Option<Vec<Spanned<SocketAddr>>>,
    /// With TLS. Likewise.
    pub https: Option<Vec<Spanned<SocketAddr>>>,
}

/// The certificate for clients, in PEM files.
#[derive(Clone, PartialEq, Debug)]
pub struct TlsSection {
    /// The chain, the node's own certificate first.
    pub certificate_file: Spanned<String>,
    /// Its private key.
    pub key_file: Spanned<String>,
}

/// Administration: metrics, purges, reloads, explanations.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct AdminSection {
    /// A Unix socket, TCP, or several. Default: the caller's; an empty list: none. At most 16.
    pub listen: Option<Vec<Spanned<AdminAddress>>>,
    /// What callers over TCP must present. Default: one that the node makes and keeps in its data folder.
    pub token: Option<Token>,
}

/// Where administration listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AdminAddress {
    /// A Unix socket's path: `"/run/littoral/admin.sock"` or `"unix:admin.sock"`.
    Unix(String),
    /// An address and port. Every user and browser of the machine reaches it, loopback or not: hence the token.
    Tcp(SocketAddr),
}

/// A secret, or the file that holds it.
#[derive(Clone, PartialEq, Eq)]
pub enum Token {
    /// `token`: at least 16 bytes.
    Text(Spanned<String>),
    /// `token_file`: a file with the token in its first line.
    File(Spanned<String>),
}

impl std::fmt::Debug for Token {
    /// Without the secret.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Token::Text(_) => f.write_str("Text(…)"),
            Token::File(path) => f.debug_tuple("File").field(&path.value).finish(),
        }
    }
}

pub(super) fn read(node: &Section<'_>) -> ListenSection {
    let Some(section) = node.section("listen", "`listen` of the node") else {
        return ListenSection::default();
    };
    let addresses = |key| {
        let texts = section.texts(key, ADDRESSES_MAX, Empty::Allowed)?;
        Some(texts.value.into_iter().filter_map(|text| read_address(&section, key, text)).collect())
    };
    let listen = ListenSection { http: addresses("http"), https: addresses("https") };
    report_shared(&section, &listen);
    section.finish(&[("[admin]", ADMIN_KEYS)]);
    listen
}

pub(super) fn read_tls(node: &Section<'_>) -> Option<TlsSection> {
    let section = node.section("tls", "`tls` of the node")?;
    let path = |key: &'static str| {
        if section.place(key).is_none() {
            section.missing(key, "a certificate and its key go together");
        }
        section.text(key).filter(|path| check_path(&section, key, path))
    };
    let files = (path("certificate_file"), path("key_file"));
    section.finish(&[("[listen]", KEYS)]);
    let (Some(certificate_file), Some(key_file)) = files else { return None };
    Some(TlsSection { certificate_file, key_file })
}

pub(super) fn read_admin(node: &Section<'_>) -> AdminSection {
    let Some(section) = node.section("admin", "`admin` of the node") else { return AdminSection::default() };
    let listen = section.texts("listen", ADDRESSES_MAX, Empty::Allowed).map(|texts| {
        texts.value.into_iter().filter_map(|text| read_admin_address(&section, text)).collect::<Vec<_>>()
    });
    let token = read_token(&section);
    section.finish(&[("[listen]", KEYS)]);
    AdminSection { listen, token }
}

fn read_token(section: &Section<'_>) -> Option<Token> {
    let text = section.text("token");
    text.iter().for_each(|token| section.reader().hide(&token.span));
    let file = section.text("token_file").filter(|path| check_path(section, "token_file", path));
    if let (Some(_), Some(file)) = (&text, &file) {
        let message = format!("{} has both `token` and `token_file`", section.name());
        section.reader().report(section.reader().mistake(&file.span, message, "one of the two"));
    }
    if let Some(short) = text.as_ref().filter(|text| text.len() < TOKEN_BYTES_MIN) {
        let message = format!("`token` of {} is shorter than {TOKEN_BYTES_MIN} bytes", section.name());
        let mistake = section.reader().mistake(&short.span, message, "easily guessed");
        section.reader().report(mistake.hint("`openssl rand -hex 24` makes one"));
    }
    text.map(Token::Text).or(file.map(Token::File))
}

fn read_address(section: &Section<'_>, key: &str, text: Spanned<String>) -> Option<Spanned<SocketAddr>> {
    if let Ok(address) = text.parse() {
        return Some(Spanned::new(address, text.span));
    }
    let message = format!("`{key}` of {} has {}, which is not an address", section.name(), quoted(&text));
    let mistake = section.reader().mistake(&text.span, message, "not an IP address and port");
    section.reader().report(mistake.hint(address_hint(&text)));
    None
}

fn address_hint(text: &str) -> String {
    let bare = text.trim_start_matches('[').trim_end_matches(']');
    if let Some(port) =
        text.strip_prefix(':').or(text.strip_prefix("*:")).and_then(|port| port.parse::<u16>().ok())
    {
        return format!("for every address: [\"0.0.0.0:{port}\", \"[::]:{port}\"]");
    }
    if let Ok(port) = text.parse::<u16>() {
        return format!("for every address: [\"0.0.0.0:{port}\", \"[::]:{port}\"]");
    }
    match bare.parse::<IpAddr>() {
        Ok(IpAddr::V4(address)) => format!("say the port too: \"{address}:80\""),
        Ok(IpAddr::V6(address)) => format!("say the port too: \"[{address}]:80\""),
        Err(_) => "as in \"0.0.0.0:80\" or \"[::]:80\"; names are not resolved".to_owned(),
    }
}

fn read_admin_address(section: &Section<'_>, text: Spanned<String>) -> Option<Spanned<AdminAddress>> {
    let path = text.strip_prefix("unix:").or(text.contains('/').then_some(&*text.value));
    if let Some(path) = path {
        let path = Spanned::new(path.to_owned(), text.span.clone());
        return check_path(section, "listen", &path).then(|| path.map(AdminAddress::Unix));
    }
    if let Ok(address) = text.parse() {
        return Some(Spanned::new(AdminAddress::Tcp(address), text.span));
    }
    let message = format!("`listen` of {} has {}, which is no address", section.name(), quoted(&text));
    let mistake = section.reader().mistake(&text.span, message, "neither a path nor an IP address and port");
    let hint = match text.strip_suffix(".sock") {
        Some(_) => format!("a socket beside the node file is \"unix:{}\"", text.value),
        None => "as in \"/run/littoral/admin.sock\" or \"127.0.0.1:9180\"".to_owned(),
    };
    section.reader().report(mistake.hint(hint));
    None
}

/// An address takes clients with TLS or without.
fn report_shared(section: &Section<'_>, listen: &ListenSection) {
    let http: Vec<SocketAddr> = listen.http.iter().flatten().map(|address| address.value).collect();
    for address in listen.https.iter().flatten() {
        // Port 0 is another one each time.
        if http.contains(address) && address.port() != 0 {
            let message = format!("{} has `{}` for both http and https", section.name(), address.value);
            section.reader().report(section.reader().mistake(&address.span, message, "taken for http"));
        }
    }
}
