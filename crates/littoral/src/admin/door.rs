//! Where administration comes in: a Unix socket with mode 0600, or TCP behind a token.
//!
//! A socket that a dead process left is replaced; one on which a process still answers is not.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context, Poll};

use littoral_runtime::{BindError, Listener};
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::Token;

/// Connections that wait to be accepted.
const BACKLOG: i32 = 64;

/// A listening administration socket.
pub(crate) struct Door {
    socket: DoorSocket,
    token: Option<Token>,
}

enum DoorSocket {
    Unix { socket: Socket, path: PathBuf, file: Option<SocketFile> },
    Tcp(Listener),
}

/// Why administration cannot be offered.
#[derive(Debug)]
pub(crate) enum DoorError {
    /// A process answers on the socket.
    InUse { path: PathBuf, pid: Option<i32> },
    /// The path is taken by something that is no socket.
    NotASocket(PathBuf),
    /// The path does not fit a socket address (107 bytes).
    TooLong(PathBuf),
    /// The file system said no.
    Io { path: PathBuf, error: io::Error },
    /// The TCP address cannot be had.
    Tcp(BindError),
}

impl fmt::Display for DoorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DoorError::InUse { path, pid } => {
                write!(f, "another node is administered on {}", path.display())?;
                pid.map_or(Ok(()), |pid| write!(f, " (pid {pid})"))
            }
            DoorError::NotASocket(path) => {
                write!(f, "{} exists and is no socket: it is left alone", path.display())
            }
            DoorError::TooLong(path) => {
                write!(
                    f,
                    "the path of the administration socket is longer than 107 bytes: {}",
                    path.display()
                )
            }
            DoorError::Io { path, error } => {
                write!(f, "cannot make the administration socket {}: {error}", path.display())
            }
            DoorError::Tcp(error) => write!(f, "administration: {error}"),
        }
    }
}

impl DoorError {
    pub(crate) fn hint(&self) -> String {
        match self {
            DoorError::InUse { .. } => {
                "stop it, or give this node a folder of its own with --data DIR (or a socket with --admin)"
                    .to_owned()
            }
            DoorError::NotASocket(_) | DoorError::TooLong(_) => {
                "name another path with --admin PATH".to_owned()
            }
            DoorError::Io { .. } => {
                "name another folder with --data DIR, or another path with --admin".to_owned()
            }
            DoorError::Tcp(error) => error.advice(),
        }
    }
}

impl Door {
    /// Listens on a Unix socket that only the node's own user may use.
    pub(crate) fn unix(path: &Path) -> Result<Door, DoorError> {
        let io = |error| DoorError::Io { path: path.to_owned(), error };
        clear(path)?;
        let address = SockAddr::unix(path).map_err(|_| DoorError::TooLong(path.to_owned()))?;
        let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(io)?;
        socket.bind(&address).map_err(io)?;
        // The mode is set before anybody can connect: a bound socket that does not listen refuses all.
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).map_err(io)?;
        socket.listen(BACKLOG).map_err(io)?;
        socket.set_nonblocking(true).map_err(io)?;
        let file = Some(SocketFile::of(path).map_err(io)?);
        Ok(Door { socket: DoorSocket::Unix { socket, path: path.to_owned(), file }, token: None })
    }

    /// Listens on TCP; every request needs the token.
    pub(crate) fn tcp(address: std::net::SocketAddr, token: Token) -> Result<Door, DoorError> {
        let mut listeners = Listener::bind(address, 1).map_err(DoorError::Tcp)?;
        let listener = listeners.pop().expect("one worker has one listener");
        Ok(Door { socket: DoorSocket::Tcp(listener), token: Some(token) })
    }

    /// Where clients reach it, in the form that `--admin` takes.
    pub(crate) fn place(&self) -> String {
        match &self.socket {
            DoorSocket::Unix { path, .. } => path.display().to_string(),
            DoorSocket::Tcp(listener) => format!("http://{}", listener.address()),
        }
    }

    pub(super) fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }

    /// The socket's file, to be kept until the node has stopped.
    pub(super) fn take_file(&mut self) -> Option<SocketFile> {
        match &mut self.socket {
            DoorSocket::Unix { file, .. } => file.take(),
            DoorSocket::Tcp(_) => None,
        }
    }

    /// Begins to accept, on the thread that will.
    pub(super) fn into_listener(self) -> io::Result<DoorListener> {
        Ok(match self.socket {
            DoorSocket::Unix { socket, .. } => {
                let socket = std::os::unix::net::UnixListener::from(std::os::fd::OwnedFd::from(socket));
                DoorListener::Unix(tokio::net::UnixListener::from_std(socket)?)
            }
            DoorSocket::Tcp(listener) => {
                DoorListener::Tcp(tokio::net::TcpListener::from_std(listener.into_std())?)
            }
        })
    }
}

/// Removes a socket on which nobody answers.
fn clear(path: &Path) -> Result<(), DoorError> {
    let io = |error| DoorError::Io { path: path.to_owned(), error };
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(io(error)),
        Ok(found) if !found.file_type().is_socket() => return Err(DoorError::NotASocket(path.to_owned())),
        Ok(_) => {}
    }
    match UnixStream::connect(path) {
        Ok(stream) => {
            let pid = peer_pid(stream);
            Err(DoorError::InUse { path: path.to_owned(), pid })
        }
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path).map_err(io),
        Err(error) => Err(io(error)),
    }
}

/// The process at the other end, if the kernel says. Must be called where a tokio runtime is.
fn peer_pid(stream: UnixStream) -> Option<i32> {
    tokio::runtime::Handle::try_current().ok()?;
    stream.set_nonblocking(true).ok()?;
    tokio::net::UnixStream::from_std(stream).ok()?.peer_cred().ok()?.pid()
}

/// The socket's file, removed at the end if it is still ours.
pub(super) struct SocketFile {
    path: PathBuf,
    identity: (u64, u64),
}

impl SocketFile {
    fn of(path: &Path) -> io::Result<SocketFile> {
        Ok(SocketFile { path: path.to_owned(), identity: identity(path)? })
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    fs::symlink_metadata(path).map(|found| (found.dev(), found.ino()))
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Accepts from either kind of socket.
pub(super) enum DoorListener {
    Unix(tokio::net::UnixListener),
    Tcp(tokio::net::TcpListener),
}

impl DoorListener {
    pub(super) async fn accept(&self) -> io::Result<DoorStream> {
        Ok(match self {
            DoorListener::Unix(listener) => DoorStream::Unix(listener.accept().await?.0),
            DoorListener::Tcp(listener) => DoorStream::Tcp(listener.accept().await?.0),
        })
    }
}

/// A connection of either kind.
pub(super) enum DoorStream {
    Unix(tokio::net::UnixStream),
    Tcp(tokio::net::TcpStream),
}

impl AsyncRead for DoorStream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_read(context, buffer),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for DoorStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_write(context, bytes),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_flush(context),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            DoorStream::Unix(stream) => Pin::new(stream).poll_shutdown(context),
            DoorStream::Tcp(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}
