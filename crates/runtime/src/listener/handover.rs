//! Sockets between processes: taken from the service manager (`LISTEN_FDS`) or passed to a successor
//! over a Unix socket (`SCM_RIGHTS`).
//!
//! It passes sockets and nothing else: who sends to whom, and when the old process leaves, is decided
//! elsewhere.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};

use super::Listener;
use crate::sys;

/// First descriptor that a service manager passes (`SD_LISTEN_FDS_START`).
const FIRST_INHERITED: RawFd = 3;
/// Begins every message, so that something else on the socket is noticed.
const MAGIC: [u8; 4] = *b"LTL1";

/// Why sockets could not be taken over.
#[derive(Debug)]
pub enum HandoverError {
    /// `LISTEN_FDS` names more sockets than fit, or is no number.
    Malformed(String),
    /// A descriptor that was named is not open or is no listening socket.
    NotListening(RawFd),
    /// The socket between the processes failed.
    Io(io::Error),
}

impl fmt::Display for HandoverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HandoverError::Malformed(what) => write!(f, "the handover is malformed: {what}"),
            HandoverError::NotListening(descriptor) => {
                write!(f, "descriptor {descriptor} was handed over but is no listening socket")
            }
            HandoverError::Io(error) => write!(f, "handing sockets over failed: {error}"),
        }
    }
}

impl std::error::Error for HandoverError {}

impl From<io::Error> for HandoverError {
    fn from(error: io::Error) -> HandoverError {
        HandoverError::Io(error)
    }
}

/// The listening sockets that the service manager passed to this process: none unless `LISTEN_PID` is
/// our process id. Only the first call in a process gets them.
pub fn inherited() -> Result<Vec<Listener>, HandoverError> {
    static TAKEN: AtomicBool = AtomicBool::new(false);
    let variable = |name: &str| std::env::var(name).ok();
    let ours = variable("LISTEN_PID").is_some_and(|pid| pid == std::process::id().to_string());
    if !ours || TAKEN.swap(true, Ordering::SeqCst) {
        return Ok(Vec::new());
    }
    let count = inherited_count(&variable("LISTEN_FDS").unwrap_or_default())?;
    (FIRST_INHERITED..FIRST_INHERITED + count)
        .map(|descriptor| {
            sys::take_inherited(descriptor)
                .and_then(|owned| Listener::from_fd(owned).ok())
                .ok_or(HandoverError::NotListening(descriptor))
        })
        .collect()
}

fn inherited_count(text: &str) -> Result<RawFd, HandoverError> {
    match text.parse::<RawFd>() {
        Ok(count @ 0..=1024) => Ok(count),
        _ => Err(HandoverError::Malformed(format!("LISTEN_FDS is `{text}`, expected 0 to 1024"))),
    }
}

/// Passes the sockets to the process at the other end; both then have them open, and no connection in
/// their queues is lost. At most 253. Blocks until the kernel has taken the message.
pub fn send(to: &UnixStream, listeners: &[Listener]) -> Result<(), HandoverError> {
    let descriptors: Vec<RawFd> = listeners.iter().map(|listener| listener.as_fd().as_raw_fd()).collect();
    let sent = sys::send_descriptors(to, &MAGIC, &descriptors)?;
    if sent == MAGIC.len() { Ok(()) } else { Err(io::Error::from(io::ErrorKind::WriteZero).into()) }
}

/// Receives the sockets of one [`send`]. Blocks as the socket does: set a read time-out on it.
pub fn receive(from: &UnixStream) -> Result<Vec<Listener>, HandoverError> {
    let mut magic = [0; MAGIC.len()];
    let (received, descriptors) = sys::receive_descriptors(from, &mut magic)?;
    if received != MAGIC.len() || magic != MAGIC {
        return Err(HandoverError::Malformed("the other process speaks another protocol".to_owned()));
    }
    descriptors
        .into_iter()
        .map(|descriptor| {
            let number = descriptor.as_raw_fd();
            Listener::from_fd(descriptor).map_err(|_| HandoverError::NotListening(number))
        })
        .collect()
}
