//! Questions to the kernel about a connected socket that the standard library does not ask.
#![allow(
    unsafe_code,
    reason = "ioctl and TCP_INFO have no safe wrapper among our dependencies; they write into values that we own"
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

/// The smoothed round-trip time that the kernel has measured on a TCP connection (`TCP_INFO`, tcp(7)), in
/// microseconds; `None` where it does not say. A system call.
pub fn round_trip_micros(socket: &impl AsFd) -> Option<u32> {
    // SAFETY: all of its members are integers, for which zero is a value.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    // SAFETY: the descriptor is open for the length of the call, and the kernel writes at most `length` bytes to `info`.
    let done = unsafe {
        libc::getsockopt(
            socket.as_fd().as_raw_fd(),
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut info).cast(),
            &raw mut length,
        )
    };
    (done == 0 && info.tcpi_rtt != 0).then_some(info.tcpi_rtt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};
    use std::net::{TcpListener, TcpStream};

    #[test]
    fn a_connection_that_has_moved_bytes_has_a_round_trip_time_and_a_file_has_none() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let mut client = TcpStream::connect(listener.local_addr().expect("bound")).expect("it listens");
        let (mut server, _) = listener.accept().expect("it connects");
        server.write_all(b"x").and_then(|()| client.read_exact(&mut [0])).expect("an open connection");
        assert!(round_trip_micros(&server).is_some_and(|micros| micros < 1_000_000));
        let file = std::fs::File::open("/dev/null").expect("there is always /dev/null");
        assert_eq!(round_trip_micros(&file), None);
    }
}
