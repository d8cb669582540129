//! Questions to the kernel about a connected socket that the standard library does not ask.
#![allow(
    unsafe_code,
    reason = "ioctl has no safe wrapper among our dependencies; it writes one integer that we own"
)]

use std::os::fd::{AsFd, AsRawFd};

/// Bytes that were handed to the kernel for sending and have not been acknowledged by the peer (`SIOCOUTQ`,
/// tcp(7)); zero where the kernel does not say.
pub fn unacknowledged_bytes(socket: &impl AsFd) -> u64 {
    let mut queued: libc::c_int = 0;
    // SAFETY: the descriptor is open for the length of the call, and TIOCOUTQ (the same number as SIOCOUTQ)
    // writes one int to the address given.
    let done = unsafe { libc::ioctl(socket.as_fd().as_raw_fd(), libc::TIOCOUTQ, &raw mut queued) };
    if done == 0 { u64::try_from(queued).unwrap_or(0) } else { 0 }
}
