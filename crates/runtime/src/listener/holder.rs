//! Who holds a port: from the socket tables in `/proc/net` to the process with that socket open.
//!
//! Asked only after a bind has failed. It sees what the kernel lets this user see, and says so when that
//! is not enough.

use std::fmt;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::overlap;

/// A process that listens on the port.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Holder {
    /// The kernel's short name of the process (15 bytes at most), such as `nginx`.
    pub name: String,
    /// Its process id.
    pub pid: u32,
}

/// What a search for a port's holders came to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum HolderSearch {
    /// These processes have it open; several when workers share it.
    Found(Vec<Holder>),
    /// Somebody listens, but this user may not see which process: it belongs to the user with this id.
    Hidden {
        /// The holder's user id.
        uid: u32,
    },
    /// No listening socket is visible: another network namespace, or it was closed meanwhile.
    Unseen,
}

impl fmt::Display for HolderSearch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HolderSearch::Found(holders) => {
                if let [Holder { pid, .. }] = holders[..]
                    && pid == std::process::id()
                {
                    return f.write_str("this process itself: is the address listed twice?");
                }
                for (at, holder) in holders.iter().take(4).enumerate() {
                    let comma = if at > 0 { ", " } else { "" };
                    write!(f, "{comma}`{}` (pid {})", holder.name, holder.pid)?;
                }
                match holders.len() {
                    0..=4 => Ok(()),
                    more => write!(f, " and {} more", more - 4),
                }
            }
            HolderSearch::Hidden { uid } => {
                let user = user_name(*uid).map_or_else(|| uid.to_string(), |name| format!("`{name}`"));
                write!(f, "a process of user {user} that this user may not see (root would)")
            }
            HolderSearch::Unseen => f.write_str("a process that cannot be seen from here"),
        }
    }
}

/// Looks for the processes that listen on `wanted` or on an address that overlaps it.
pub(super) fn find(wanted: SocketAddr) -> HolderSearch {
    let sockets: Vec<ListeningSocket> = ["/proc/net/tcp", "/proc/net/tcp6"]
        .iter()
        .filter_map(|table| fs::read_to_string(table).ok())
        .flat_map(|table| table.lines().filter_map(ListeningSocket::parse).collect::<Vec<_>>())
        .filter(|socket| socket.address.port() == wanted.port() && overlap(socket.address.ip(), wanted.ip()))
        .collect();
    let holders = processes_with(&sockets.iter().map(|socket| socket.inode).collect::<Vec<_>>());
    match (holders.is_empty(), sockets.first()) {
        (false, _) => HolderSearch::Found(holders),
        (true, Some(socket)) => HolderSearch::Hidden { uid: socket.uid },
        (true, None) => HolderSearch::Unseen,
    }
}

#[derive(PartialEq, Eq, Debug)]
struct ListeningSocket {
    address: SocketAddr,
    uid: u32,
    inode: u64,
}

impl ListeningSocket {
    /// A line of `/proc/net/tcp` or `tcp6`; `None` unless it is in state LISTEN (0A).
    fn parse(line: &str) -> Option<ListeningSocket> {
        let fields: Vec<&str> = line.split_ascii_whitespace().collect();
        let [_, local, _, "0A", _, _, _, uid, _, inode, ..] = fields[..] else { return None };
        let (address, port) = local.split_once(':')?;
        let port = u16::from_str_radix(port, 16).ok()?;
        Some(ListeningSocket {
            address: SocketAddr::new(parse_address(address)?, port),
            uid: uid.parse().ok()?,
            inode: inode.parse().ok()?,
        })
    }
}

/// Words of 32 bits in hexadecimal, each in the machine's own byte order.
fn parse_address(text: &str) -> Option<IpAddr> {
    let words: Vec<[u8; 4]> = (0..text.len() / 8)
        .map(|at| u32::from_str_radix(text.get(at * 8..at * 8 + 8)?, 16).ok().map(u32::to_ne_bytes))
        .collect::<Option<_>>()?;
    match words[..] {
        [word] => Some(Ipv4Addr::from(word).into()),
        [a, b, c, d] => {
            let mut bytes = [0; 16];
            for (part, word) in bytes.chunks_exact_mut(4).zip([a, b, c, d]) {
                part.copy_from_slice(&word);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

/// Every process of which we may see that it has one of the sockets open.
fn processes_with(inodes: &[u64]) -> Vec<Holder> {
    let links: Vec<String> = inodes.iter().map(|inode| format!("socket:[{inode}]")).collect();
    let Ok(processes) = fs::read_dir("/proc") else { return Vec::new() };
    let mut holders: Vec<Holder> = processes
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .filter(|pid| has_open(*pid, &links))
        .map(|pid| Holder { name: process_name(pid), pid })
        .collect();
    holders.sort_by_key(|holder| holder.pid);
    holders
}

fn has_open(pid: u32, links: &[String]) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{pid}/fd")) else { return false };
    descriptors.flatten().any(|descriptor| {
        fs::read_link(descriptor.path())
            .is_ok_and(|target| target.to_str().is_some_and(|target| links.iter().any(|link| link == target)))
    })
}

fn process_name(pid: u32) -> String {
    fs::read_to_string(format!("/proc/{pid}/comm"))
        .map_or_else(|_| "?".to_owned(), |name| name.trim().to_owned())
}

fn user_name(uid: u32) -> Option<String> {
    let users = fs::read_to_string("/etc/passwd").ok()?;
    users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)?.parse() == Ok(uid)).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn a_listening_line_is_read_and_others_are_not() {
        let line = "   1: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000    33        0 4711 1 0";
        let socket = ListeningSocket::parse(line).expect("a listening socket");
        assert_eq!(socket.address, "127.0.0.1:8080".parse().expect("an address"));
        assert_eq!((socket.uid, socket.inode), (33, 4711));
        assert_eq!(ListeningSocket::parse(&line.replace(" 0A ", " 01 ")), None);
        assert_eq!(ListeningSocket::parse("  sl  local_address rem_address   st"), None);
        assert_eq!(parse_address("00000000000000000000000001000000"), Some(Ipv6Addr::LOCALHOST.into()));
    }

    #[test]
    fn what_cannot_be_seen_is_said() {
        let hidden = HolderSearch::Hidden { uid: 0 }.to_string();
        assert!(hidden.contains("user `root`") && hidden.contains("may not see"), "{hidden}");
        assert!(HolderSearch::Unseen.to_string().contains("cannot be seen"));
    }
}
