//! The few system calls that the standard library does not offer, each behind a safe function.
//!
//! Nothing here decides anything: no retries, no defaults, no policy.
#![allow(
    unsafe_code,
    reason = "coarse clocks, resource limits, inherited descriptors and SCM_RIGHTS have no safe interface; \
              each block passes only pointers to live locals"
)]

use std::io;
use std::mem;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::time::Duration;

/// Most descriptors that one `SCM_RIGHTS` message can carry (the kernel's `SCM_MAX_FD`).
pub(crate) const DESCRIPTORS_PER_MESSAGE_MAX: usize = 253;

/// Wall clock since the epoch, with the resolution of the scheduler tick (1 to 10 ms): a few nanoseconds
/// to read.
pub(crate) fn realtime_coarse() -> Duration {
    read_clock(libc::CLOCK_REALTIME_COARSE)
}

/// Time since boot that never steps, at full resolution (about 20 ns to read, no system call).
pub(crate) fn monotonic() -> Duration {
    read_clock(libc::CLOCK_MONOTONIC)
}

fn read_clock(id: libc::clockid_t) -> Duration {
    let mut at = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `at` is a live, writable timespec. The call fails only for an unknown clock id, and both
    // ids used are older than any kernel that Rust supports; then `at` would stay zero.
    unsafe { libc::clock_gettime(id, &mut at) };
    Duration::new(at.tv_sec.max(0).cast_unsigned(), u32::try_from(at.tv_nsec).unwrap_or(0))
}

/// Soft and hard limit of open descriptors (`RLIMIT_NOFILE`).
pub(crate) fn descriptor_limit() -> io::Result<(u64, u64)> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is a live, writable rlimit.
    let done = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit) };
    if done == 0 { Ok((limit.rlim_cur, limit.rlim_max)) } else { Err(io::Error::last_os_error()) }
}

/// Sets the soft limit of open descriptors; `hard` is passed on unchanged.
pub(crate) fn set_descriptor_limit(soft: u64, hard: u64) -> io::Result<()> {
    let limit = libc::rlimit { rlim_cur: soft, rlim_max: hard };
    // SAFETY: `limit` is a live rlimit that the call only reads.
    let done = unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Gives the calling thread the lowest weight among those that compete for a processor (nice 19).
pub(crate) fn be_nice() -> io::Result<()> {
    // SAFETY: setpriority takes no pointers; 0 is the calling thread, as Linux has it.
    let done = unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, 19) };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// The number of clock ticks per second in which `/proc` counts processor time.
pub(crate) fn ticks_per_second() -> u64 {
    // SAFETY: sysconf takes no pointers.
    let ticks = unsafe { libc::sysconf(libc::_SC_CLK_TCK) };
    u64::try_from(ticks).ok().filter(|&ticks| ticks > 0).unwrap_or(100)
}

/// The bytes of a memory page.
pub(crate) fn page_bytes() -> u64 {
    // SAFETY: sysconf takes no pointers.
    let bytes = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    u64::try_from(bytes).ok().filter(|&bytes| bytes > 0).unwrap_or(4096)
}

/// Takes ownership of a descriptor that the process was started with, and marks it close-on-exec.
/// `None` if no such descriptor is open.
///
/// The caller sees to it that each descriptor is taken at most once.
pub(crate) fn take_inherited(descriptor: RawFd) -> Option<OwnedFd> {
    // SAFETY: fcntl with these commands takes no pointers; a closed descriptor gives EBADF.
    let open = unsafe { libc::fcntl(descriptor, libc::F_SETFD, libc::FD_CLOEXEC) } == 0;
    // SAFETY: the descriptor is open, and by this function's contract nothing else in the process owns it.
    open.then(|| unsafe { OwnedFd::from_raw_fd(descriptor) })
}

/// Sends `descriptors` with `payload` as one message.
pub(crate) fn send_descriptors(
    socket: &UnixStream,
    payload: &[u8],
    descriptors: &[RawFd],
) -> io::Result<usize> {
    if descriptors.is_empty() || descriptors.len() > DESCRIPTORS_PER_MESSAGE_MAX {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "1 to 253 descriptors fit one message"));
    }
    let mut control = ControlBuffer::new();
    let mut part = libc::iovec { iov_base: payload.as_ptr().cast_mut().cast(), iov_len: payload.len() };
    let descriptor_bytes = size_of_val(descriptors);
    // SAFETY: an all-zero msghdr is valid; every pointer set below outlives the sendmsg call; the control
    // buffer is aligned for cmsghdr and has room for DESCRIPTORS_PER_MESSAGE_MAX descriptors.
    let sent = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = libc::CMSG_SPACE(descriptor_bytes as u32) as usize;
        let header = libc::CMSG_FIRSTHDR(&message);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(descriptor_bytes as u32) as usize;
        std::ptr::copy_nonoverlapping(
            descriptors.as_ptr().cast::<u8>(),
            libc::CMSG_DATA(header),
            descriptor_bytes,
        );
        libc::sendmsg(socket.as_raw_fd(), &message, libc::MSG_NOSIGNAL)
    };
    usize::try_from(sent).map_err(|_| io::Error::last_os_error())
}

/// Receives one message: the bytes written into `payload` and the descriptors that came with them, all
/// close-on-exec. An error if the kernel had to cut descriptors off.
pub(crate) fn receive_descriptors(
    socket: &UnixStream,
    payload: &mut [u8],
) -> io::Result<(usize, Vec<OwnedFd>)> {
    let mut control = ControlBuffer::new();
    let mut part = libc::iovec { iov_base: payload.as_mut_ptr().cast(), iov_len: payload.len() };
    let mut descriptors = Vec::new();
    // SAFETY: as in `send_descriptors`; headers are walked only by the CMSG macros within the length that
    // the kernel reported, and each descriptor it installed is owned by nobody else.
    let (received, flags) = unsafe {
        let mut message: libc::msghdr = mem::zeroed();
        message.msg_iov = &mut part;
        message.msg_iovlen = 1;
        message.msg_control = control.0.as_mut_ptr().cast();
        message.msg_controllen = size_of_val(&control.0);
        let received = libc::recvmsg(socket.as_raw_fd(), &mut message, libc::MSG_CMSG_CLOEXEC);
        let received = usize::try_from(received).map_err(|_| io::Error::last_os_error())?;
        let mut header = libc::CMSG_FIRSTHDR(&message);
        while !header.is_null() {
            if (*header).cmsg_level == libc::SOL_SOCKET && (*header).cmsg_type == libc::SCM_RIGHTS {
                let bytes = (*header).cmsg_len - libc::CMSG_LEN(0) as usize;
                let first = libc::CMSG_DATA(header).cast::<RawFd>();
                for at in 0..bytes / size_of::<RawFd>() {
                    descriptors.push(OwnedFd::from_raw_fd(first.add(at).read_unaligned()));
                }
            }
            header = libc::CMSG_NXTHDR(&message, header);
        }
        (received, message.msg_flags)
    };
    if flags & libc::MSG_CTRUNC != 0 {
        return Err(io::Error::other(
            "descriptors were cut off the message: is the descriptor limit reached?",
        ));
    }
    Ok((received, descriptors))
}

/// Room for one control message of the most descriptors, aligned as `cmsghdr` wants it.
struct ControlBuffer([u64; 160]);

impl ControlBuffer {
    fn new() -> Self {
        const { assert!(160 * 8 >= 24 + DESCRIPTORS_PER_MESSAGE_MAX * 4) };
        ControlBuffer([0; 160])
    }
}
