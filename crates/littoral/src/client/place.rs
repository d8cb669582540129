//! Where a node's administration may be: a Unix socket or a TCP address.

use std::env;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use crate::data;

/// A node's administration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum AdminPlace {
    /// A Unix socket; its mode says who may use it.
    Unix(PathBuf),
    /// `host:port`; needs the token.
    Tcp(String),
}

impl AdminPlace {
    /// The places where a node on this machine listens unless told otherwise, nearest first.
    pub(crate) fn usual() -> Vec<AdminPlace> {
        let mut folders = vec![PathBuf::from(data::DEMO_FOLDER)];
        folders.extend(data::user_folder());
        folders.push(PathBuf::from(data::SYSTEM_FOLDER));
        folders.into_iter().map(|folder| AdminPlace::Unix(folder.join(data::ADMIN_SOCKET))).collect()
    }

    /// For the `Host` field.
    pub(crate) fn authority(&self) -> &str {
        match self {
            AdminPlace::Unix(_) => "localhost",
            AdminPlace::Tcp(authority) => authority,
        }
    }
}

impl FromStr for AdminPlace {
    type Err = String;

    /// `unix:PATH`, a path (it has a slash or ends in `.sock`), `http://HOST:PORT` or `HOST:PORT`.
    fn from_str(text: &str) -> Result<AdminPlace, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return Ok(AdminPlace::Unix(PathBuf::from(path.strip_prefix("//").unwrap_or(path))));
        }
        if text.starts_with("https://") {
            return Err(format!(
                "administration speaks plain HTTP, not `{text}`: use the Unix socket, or a tunnel such as \
                 `ssh -L 9180:127.0.0.1:9180 HOST`"
            ));
        }
        let authority = text.strip_prefix("http://").map(|rest| rest.trim_end_matches('/'));
        let tcp = authority.unwrap_or(text);
        let is_tcp =
            tcp.rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        match (authority, is_tcp) {
            (_, true) if !tcp.contains('/') => Ok(AdminPlace::Tcp(tcp.to_owned())),
            (None, _) if text.contains('/') || text.ends_with(".sock") => {
                Ok(AdminPlace::Unix(PathBuf::from(text)))
            }
            _ => Err(format!(
                "`{text}` is no administration address: expected unix:/PATH, /PATH or http://HOST:PORT"
            )),
        }
    }
}

impl fmt::Display for AdminPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AdminPlace::Unix(path) => write!(f, "{}", path.display()),
            AdminPlace::Tcp(authority) => write!(f, "http://{authority}"),
        }
    }
}

/// Why a connection failed, in the words of the one who wants to administer.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::NotFound => "no socket there".to_owned(),
        io::ErrorKind::ConnectionRefused => {
            "nobody listens there (a node that has died leaves its socket)".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            let user = env::var("USER").map(|user| format!(" (you are {user})")).unwrap_or_default();
            format!("permission denied: only the node's own user and root may administer it{user}")
        }
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_and_addresses_are_told_apart() {
        let unix = |path: &str| Ok(AdminPlace::Unix(PathBuf::from(path)));
        let tcp = |authority: &str| Ok(AdminPlace::Tcp(authority.to_owned()));
        for (text, expected) in [
            ("unix:/run/a.sock", unix("/run/a.sock")),
            ("unix:///run/a.sock", unix("/run/a.sock")),
            ("/run/a:1", unix("/run/a:1")),
            ("admin.sock", unix("admin.sock")),
            ("http://127.0.0.1:9180", tcp("127.0.0.1:9180")),
            ("http://[::1]:9180/", tcp("[::1]:9180")),
            ("127.0.0.1:9180", tcp("127.0.0.1:9180")),
        ] {
            assert_eq!(text.parse(), expected, "{text}");
        }
        for text in ["https://a:1", "", "http://a/b", "nonsense"] {
            assert!(text.parse::<AdminPlace>().is_err(), "{text}");
        }
    }
}
