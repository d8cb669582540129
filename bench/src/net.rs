//! Bare epoll and sockets: what both halves of the bench stand on.
//!
//! The one module with `unsafe`: the calls into libc, each wrapped so that its callers need none.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::time::Duration;

/// Readiness of many sockets.
pub struct Poll(OwnedFd);

/// What is ready: the token given with the socket.
pub type Token = u64;

impl Poll {
    /// A new epoll instance.
    pub fn new() -> io::Result<Self> {
        // SAFETY: no pointers; the descriptor is fresh and ours.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(checked(libc::epoll_create1(libc::EPOLL_CLOEXEC))?) }))
    }

    /// Watches a socket for input, and for room to write as well when `writing`.
    pub fn add(&self, socket: &impl AsRawFd, token: Token, writing: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_ADD, socket, token, writing)
    }

    /// Changes what a socket is watched for.
    pub fn modify(&self, socket: &impl AsRawFd, token: Token, writing: bool) -> io::Result<()> {
        self.control(libc::EPOLL_CTL_MOD, socket, token, writing)
    }

    fn control(&self, what: i32, socket: &impl AsRawFd, token: Token, writing: bool) -> io::Result<()> {
        let events = if writing { libc::EPOLLIN | libc::EPOLLOUT } else { libc::EPOLLIN };
        let mut event = libc::epoll_event { events: events as u32, u64: token };
        // SAFETY: `event` lives for the call.
        checked(unsafe { libc::epoll_ctl(self.0.as_raw_fd(), what, socket.as_raw_fd(), &mut event) })?;
        Ok(())
    }

    /// Waits, and puts the tokens of what is ready into `ready`.
    pub fn wait(&self, ready: &mut Vec<Token>, wait_max: Duration) -> io::Result<()> {
        let mut events = [libc::epoll_event { events: 0, u64: 0 }; 256];
        let millis = wait_max.as_millis() as i32;
        // SAFETY: `events` has room for as many as are asked for.
        let found = unsafe { libc::epoll_wait(self.0.as_raw_fd(), events.as_mut_ptr(), 256, millis) };
        ready.clear();
        match checked(found) {
            Ok(found) => ready.extend(events[..found as usize].iter().map(|event| event.u64)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// Takes up to `bytes` of input off a socket without copying them (`MSG_TRUNC`, tcp(7)).
pub fn discard(socket: &TcpStream, bytes: usize) -> io::Result<usize> {
    // SAFETY: with MSG_TRUNC, TCP writes nothing to the buffer.
    let taken = unsafe { libc::recv(socket.as_raw_fd(), std::ptr::null_mut(), bytes, libc::MSG_TRUNC) };
    if taken < 0 { Err(io::Error::last_os_error()) } else { Ok(taken as usize) }
}

/// Connects to a loopback port; the socket does not block.
pub fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(SocketAddrV4::new(Ipv4Addr::LOCALHOST, port))?;
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    Ok(stream)
}

/// A loopback port that is free now.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

/// Keeps the calling thread, and what it starts, on one core.
pub fn pin_to_core(core: usize) -> io::Result<()> {
    // SAFETY: a zeroed set is the empty set; it lives for the call.
    unsafe {
        let mut cores: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(core, &mut cores);
        checked(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &cores))?;
    }
    Ok(())
}

/// Starts a child that stays on one core, and is gone when we are.
pub fn spawn_on_core(command: &mut Command, core: usize) -> io::Result<Child> {
    // SAFETY: between fork and exec, two system calls and nothing else.
    unsafe {
        command.pre_exec(move || {
            checked(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
            pin_to_core(core)
        })
    };
    command.spawn()
}

/// Asks a process to end.
pub fn terminate(pid: u32) {
    // SAFETY: no pointers; the caller has not yet waited for the child, so the pid is still its.
    unsafe { libc::kill(pid as i32, libc::SIGTERM) };
}

/// Whether we are root.
pub fn is_root() -> bool {
    // SAFETY: cannot fail.
    unsafe { libc::geteuid() == 0 }
}

/// Brings `last` (a second, and how HTTP writes it: RFC 9110 §5.6.7) up to now.
pub fn http_date(last: &mut (i64, String)) {
    // SAFETY: `now` and `parts` live for the calls; gmtime_r fills all that strftime reads; the buffer is long enough.
    unsafe {
        let now = libc::time(std::ptr::null_mut());
        if now == last.0 {
            return;
        }
        let mut parts: libc::tm = std::mem::zeroed();
        libc::gmtime_r(&now, &mut parts);
        let mut text = [0u8; 40];
        let format = c"%a, %d %b %Y %H:%M:%S GMT";
        let length = libc::strftime(text.as_mut_ptr().cast(), text.len(), format.as_ptr(), &parts);
        *last = (now, String::from_utf8_lossy(&text[..length]).into_owned());
    }
}

/// Raises the limit of open files to what the system allows; gives the limit then in force.
pub fn raise_open_files() -> u64 {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` lives for both calls.
    unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &mut limit);
        limit.rlim_cur = limit.rlim_max;
        libc::setrlimit(libc::RLIMIT_NOFILE, &limit);
    }
    limit.rlim_cur
}

fn checked(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}
