//! Programs that tests run beside the edge. Each ends with its test.

use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running program.
pub(crate) struct Running(Child);

impl Running {
    /// Starts it; what it says is nobody's business.
    pub(crate) fn start(command: &mut Command) -> Running {
        let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Running(quiet.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}")))
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.try_wait().is_ok_and(|ended| ended.is_some())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program, also where Debian's users do not look.
pub(crate) fn program(name: &str) -> PathBuf {
    let found = ["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"]
        .map(|folder| Path::new(folder).join(name))
        .into_iter()
        .find(|path| path.exists());
    found.unwrap_or_else(|| panic!("no {name}: is it installed (scripts/setup test)?"))
}

/// A port where nobody listened a moment ago, for programs that cannot be told to take any.
pub(crate) fn free_port() -> u16 {
    free_ports(1)[0]
}

/// So many different ones.
pub(crate) fn free_ports(count: usize) -> Vec<u16> {
    let held: Vec<TcpListener> = (0..count)
        .map(|_| TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("loopback has free ports"))
        .collect();
    held.iter().map(|port| port.local_addr().expect("bound").port()).collect()
}
