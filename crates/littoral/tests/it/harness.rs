//! Starts the binary, waits for what it says, asks it over HTTP, and ends it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

/// Longest that anything here is waited for: a slow machine, not a slow node.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// The binary with a folder of its own as home and current directory.
pub(crate) fn littoral(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_littoral"));
    command
        .current_dir(folder)
        .env("HOME", folder)
        .env_remove("XDG_STATE_HOME")
        .env_remove("LITTORAL_ADMIN")
        .env_remove("LITTORAL_TOKEN");
    command
}

/// Runs a command to its end: exit code, standard output, standard error.
pub(crate) fn run(command: &mut Command) -> (i32, String, String) {
    let Output { status, stdout, stderr } = command.stdin(Stdio::null()).output().unwrap();
    (status.code().unwrap_or(-1), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// A running node.
pub(crate) struct Node {
    child: Child,
    said: Arc<(Mutex<String>, Condvar)>,
    pub(crate) folder: Arc<tempfile::TempDir>,
}

impl Node {
    /// Starts `littoral up` in a new folder and waits until everything listens.
    pub(crate) fn start(arguments: &[&str]) -> Node {
        Node::start_in(Arc::new(tempfile::tempdir().unwrap()), arguments)
    }

    pub(crate) fn start_in(folder: Arc<tempfile::TempDir>, arguments: &[&str]) -> Node {
        let mut child = littoral(folder.path())
            .arg("up")
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let said = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (hearing, stderr) = (said.clone(), BufReader::new(child.stderr.take().unwrap()));
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                hearing.0.lock().unwrap().push_str(&(line + "\n"));
                hearing.1.notify_all();
            }
        });
        let node = Node { child, said, folder };
        node.wait_until_said("  access log  ");
        if arguments.contains(&"--demo") {
            node.wait_until_said("REVALIDATION");
            node.wait_until_said("tides.html");
        }
        node
    }

    /// Everything said on standard error so far.
    pub(crate) fn said(&self) -> String {
        self.said.0.lock().unwrap().clone()
    }

    pub(crate) fn wait_until_said(&self, what: &str) {
        let (text, changed) = &*self.said;
        let deadline = Instant::now() + PATIENCE;
        let mut text = text.lock().unwrap();
        while !text.contains(what) {
            let left = deadline.checked_duration_since(Instant::now());
            let left = left.unwrap_or_else(|| panic!("`{what}` was never said, but:\n{text}"));
            text = changed.wait_timeout(text, left).unwrap().0;
        }
    }

    /// The value behind a name in the announcement, such as `http` or `admin`.
    pub(crate) fn announced(&self, name: &str) -> String {
        let said = self.said();
        let line = said.lines().find_map(|line| line.trim_start().strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no `{name}` in:\n{said}")).trim().to_owned()
    }

    /// The first plain address.
    pub(crate) fn address(&self) -> SocketAddr {
        let url = self.announced("http");
        url.split_whitespace().next().unwrap().strip_prefix("http://").unwrap().parse().unwrap()
    }

    pub(crate) fn admin_socket(&self) -> PathBuf {
        self.folder.path().join(self.announced("admin"))
    }

    /// Runs another command against this node.
    pub(crate) fn command(&self, arguments: &[&str]) -> (i32, String, String) {
        run(littoral(self.folder.path()).args(arguments).env("LITTORAL_ADMIN", self.admin_socket()))
    }

    /// The answer's head and body.
    pub(crate) fn get(&self, target: &str) -> (String, String) {
        get(self.address(), target, "")
    }

    pub(crate) fn signal(&self, name: &str) {
        let done = Command::new("kill").args(["-s", name, &self.child.id().to_string()]).status().unwrap();
        assert!(done.success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for the process's end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(Instant::now() < deadline, "the node does not end:\n{}", self.said());
            // The process's end closes its standard error, which wakes nobody here: look again soon.
            let (text, changed) = &*self.said;
            drop(changed.wait_timeout(text.lock().unwrap(), Duration::from_millis(20)).unwrap());
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a request without reading the answer.
pub(crate) fn send(address: SocketAddr, target: &str, fields: &str) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "GET {target} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{fields}\r\n").unwrap();
    stream
}

/// Reads the answer to its end.
pub(crate) fn receive(mut stream: TcpStream) -> (String, String) {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let answer = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no whole head: {answer:?}"));
    (head.to_owned(), body.to_owned())
}

pub(crate) fn get(address: SocketAddr, target: &str, fields: &str) -> (String, String) {
    receive(send(address, target, fields))
}

/// The value of a response field.
pub(crate) fn field<'a>(head: &'a str, name: &str) -> &'a str {
    head.lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(found, _)| found.eq_ignore_ascii_case(name))
        .map_or("", |(_, value)| value.trim())
}

pub(crate) fn status(head: &str) -> u16 {
    head.split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status: {head}"))
}
