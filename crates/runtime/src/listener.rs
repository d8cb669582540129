//! Listening sockets: made once at the start, one per worker and address, and handed to a successor.
//!
//! `holder` names who has a port that we wanted; `handover` passes sockets between processes. Accepting
//! is the edge's work, on the thread that owns the socket.

mod handover;
mod holder;

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use socket2::{Domain, Protocol, SockAddr, Socket, Type};

pub use handover::{HandoverError, inherited, receive, send};
pub use holder::{Holder, HolderSearch};

/// Connections that the kernel holds finished but not yet accepted, per socket. More are dropped and
/// retried by the client. The kernel lowers it to `net.core.somaxconn` (4096 by default).
pub const BACKLOG: i32 = 4096;

/// A listening TCP socket, non-blocking, bound with `SO_REUSEPORT`.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// `workers` sockets on one address; the kernel spreads connections over them. Port 0 takes any free
    /// port, the same for all. The unspecified IPv6 address takes IPv4 connections too.
    ///
    /// `SO_REUSEPORT` would let a second process of the same user join in silently, so a port that
    /// somebody listens on already is an error here.
    pub fn bind(address: SocketAddr, workers: usize) -> Result<Vec<Listener>, BindError> {
        bind(address, workers, false)
    }

    /// [`Listener::bind`] for several addresses: one row per address, in their order. `[::]` beside
    /// `0.0.0.0` of the same port leaves IPv4 to the latter.
    pub fn bind_all(addresses: &[SocketAddr], workers: usize) -> Result<Vec<Vec<Listener>>, BindError> {
        let beside_ipv4 = |address: &SocketAddr| {
            address.port() != 0
                && addresses.iter().any(|other| {
                    other.is_ipv4() && other.ip().is_unspecified() && other.port() == address.port()
                })
        };
        addresses.iter().map(|address| bind(*address, workers, beside_ipv4(address))).collect()
    }

    /// Takes over a socket that listens already, such as one that a predecessor handed on.
    pub fn from_fd(descriptor: OwnedFd) -> io::Result<Listener> {
        let socket = Socket::from(descriptor);
        if !socket.is_listener()? {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the descriptor is no listening socket"));
        }
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from(socket);
        let address = socket.local_addr()?;
        Ok(Listener { socket, address })
    }

    /// The address with the port that was really taken.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A second handle on the same socket and queue: one serves, one is kept to be handed on.
    pub fn try_clone(&self) -> io::Result<Listener> {
        Ok(Listener { socket: self.socket.try_clone()?, address: self.address })
    }

    /// For `tokio::net::TcpListener::from_std`, on the thread that will accept.
    pub fn into_std(self) -> TcpListener {
        self.socket
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

impl From<Listener> for OwnedFd {
    fn from(listener: Listener) -> OwnedFd {
        listener.socket.into()
    }
}

/// Why nothing can listen on an address. [`BindError::advice`] says what to do about it.
#[derive(Debug)]
pub struct BindError {
    /// The address wanted.
    pub address: SocketAddr,
    /// What stands in the way.
    pub cause: BindCause,
}

/// What stands in the way of listening on an address.
#[derive(Debug)]
pub enum BindCause {
    /// Somebody listens there already.
    Taken(HolderSearch),
    /// Ports below 1024 need a privilege that this process lacks.
    Privileged,
    /// No interface of this machine has the address.
    NotLocal,
    /// The machine has no sockets of this family (IPv6 switched off).
    FamilyUnsupported,
    /// Anything else the kernel said.
    Other(io::Error),
}

impl BindError {
    /// One sentence: what the operator can do.
    pub fn advice(&self) -> String {
        let address = self.address;
        match &self.cause {
            BindCause::Taken(search) => {
                let look = if matches!(search, HolderSearch::Found(_)) {
                    "stop it".to_owned()
                } else {
                    format!("find it with `sudo ss -ltnp 'sport = :{}'` and stop it", address.port())
                };
                format!("{look}, or listen on another port (port 0 takes any free one)")
            }
            BindCause::Privileged => "listen on a port from 1024 up, run as root, or grant the port: \
                 `sudo setcap cap_net_bind_service=+ep` on the binary, or \
                 `AmbientCapabilities=CAP_NET_BIND_SERVICE` in the systemd unit"
                .to_owned(),
            BindCause::NotLocal => {
                "see this machine's addresses with `ip -brief address`, or listen on all of them with `[::]`"
                    .to_owned()
            }
            BindCause::FamilyUnsupported => format!("listen on IPv4 instead: 0.0.0.0:{}", address.port()),
            BindCause::Other(_) => "see what the kernel says above".to_owned(),
        }
    }
}

impl fmt::Display for BindError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot listen on {}: ", self.address)?;
        match &self.cause {
            BindCause::Taken(search) => write!(f, "the port is taken by {search}"),
            BindCause::Privileged => f.write_str("ports below 1024 need a privilege that this process lacks"),
            BindCause::NotLocal => f.write_str("this machine does not have that address"),
            BindCause::FamilyUnsupported => f.write_str("this machine has no sockets of that family"),
            BindCause::Other(error) => write!(f, "{error}"),
        }
    }
}

impl std::error::Error for BindError {}

fn bind(address: SocketAddr, workers: usize, ipv6_only: bool) -> Result<Vec<Listener>, BindError> {
    let explain = |error: io::Error| BindError { address, cause: cause_of(address, error) };
    if address.port() != 0 {
        // Alone, without SO_REUSEPORT: fails if anybody listens, also a process of ours.
        open(address, ipv6_only, false).map_err(explain)?;
    }
    let mut listeners: Vec<Listener> = Vec::with_capacity(workers.max(1));
    for _ in 0..workers.max(1) {
        let wanted = listeners.first().map_or(address, |first| first.address);
        let listener = open(wanted, ipv6_only, true)
            .and_then(|socket| {
                socket.listen(BACKLOG)?;
                Listener::from_fd(socket.into())
            })
            .map_err(explain)?;
        listeners.push(listener);
    }
    Ok(listeners)
}

fn open(address: SocketAddr, ipv6_only: bool, share: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        let dual_stack = address.ip().is_unspecified() && !ipv6_only;
        socket.set_only_v6(!dual_stack)?;
    }
    // A port whose old connections linger in TIME_WAIT may be taken at once.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(share)?;
    socket.bind(&SockAddr::from(address))?;
    Ok(socket)
}

fn cause_of(address: SocketAddr, error: io::Error) -> BindCause {
    match error.raw_os_error() {
        Some(libc::EADDRINUSE) => BindCause::Taken(holder::find(address)),
        Some(libc::EACCES | libc::EPERM) if address.port() < 1024 => BindCause::Privileged,
        Some(libc::EADDRNOTAVAIL) if address.is_ipv6() && !crate::host::has_ipv6() => {
            BindCause::FamilyUnsupported
        }
        Some(libc::EADDRNOTAVAIL) => BindCause::NotLocal,
        Some(libc::EAFNOSUPPORT) => BindCause::FamilyUnsupported,
        _ => BindCause::Other(error),
    }
}

/// Whether sockets on the two addresses get in each other's way, ports aside.
fn overlap(a: IpAddr, b: IpAddr) -> bool {
    let (a, b) = (a.to_canonical(), b.to_canonical());
    a == b || a.is_unspecified() || b.is_unspecified()
}
