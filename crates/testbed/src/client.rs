//! A small strict HTTP/1.1 client on a blocking socket: it reads exactly one reply by its framing, and fails the test
//! on anything odd.
//!
//! Every read has a time limit. It can send any bytes at all; what it accepts is the narrow middle of RFC 9112.

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use socket2::SockRef;

use crate::gate::WAIT_MAX;
use crate::reply::Reply;

/// Why there is no whole reply.
#[derive(Debug)]
pub enum NoReply {
    /// The connection ended before the first byte of a reply.
    Closed,
    /// The connection ended, or was reset, inside the reply; what came until then.
    CutOff(Box<Reply>),
    /// Not a byte came for the client's read time.
    Silence(Box<Reply>),
    /// What came is not what RFC 9112 lets a server send.
    Odd(String),
}

impl fmt::Display for NoReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => write!(f, "the connection ended before a reply"),
            Self::CutOff(reply) => write!(f, "the connection ended inside the reply\n{reply}"),
            Self::Silence(reply) => write!(f, "nothing more came of the reply\n{reply}"),
            Self::Odd(what) => write!(f, "odd reply: {what}"),
        }
    }
}

/// One connection to the edge (or to an origin).
pub struct Client {
    stream: TcpStream,
    unread: Vec<u8>,
    was_reset: bool,
}

impl Client {
    /// Connects; reads wait [`WAIT_MAX`] at most.
    ///
    /// # Panics
    /// When nobody listens there.
    #[must_use]
    pub fn connect(to: SocketAddr) -> Self {
        let stream =
            TcpStream::connect_timeout(&to, WAIT_MAX).unwrap_or_else(|e| panic!("connect {to}: {e}"));
        stream.set_nodelay(true).expect("a connected socket takes TCP_NODELAY");
        stream.set_write_timeout(Some(WAIT_MAX)).expect("a connected socket takes a time-out");
        Self { stream, unread: Vec::new(), was_reset: false }.patient_for(WAIT_MAX)
    }

    /// Reads wait that long at most.
    #[must_use]
    pub fn patient_for(self, wait_max: Duration) -> Self {
        self.stream.set_read_timeout(Some(wait_max)).expect("a connected socket takes a time-out");
        self
    }

    /// Sends these bytes.
    ///
    /// # Panics
    /// When the peer has closed.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) -> &mut Self {
        self.stream.write_all(bytes.as_ref()).expect("the peer takes what is sent");
        self
    }

    /// Sends these bytes; false when the peer no longer takes them.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).is_ok()
    }

    /// Ends its own half of the connection.
    pub fn finish_sending(&mut self) -> &mut Self {
        let _ = self.stream.shutdown(Shutdown::Write);
        self
    }

    /// Goes away with a reset.
    pub fn reset(self) {
        let _ = SockRef::from(&self.stream).set_linger(Some(Duration::ZERO));
    }

    /// Keeps the receive window small, so that a server cannot get rid of a long body.
    pub fn receive_little(&mut self) -> &mut Self {
        let _ = SockRef::from(&self.stream).set_recv_buffer_size(4096);
        self
    }

    /// Sends a GET and reads its reply.
    ///
    /// # Panics
    /// When no whole, well-formed reply comes.
    pub fn get(&mut self, target: &str, host: &str) -> Reply {
        self.send(format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n")).reply("GET")
    }

    /// Reads the reply to a request of that method.
    ///
    /// # Panics
    /// When no whole, well-formed reply comes.
    pub fn reply(&mut self, method: &str) -> Reply {
        self.try_reply(method).unwrap_or_else(|why| panic!("{why}"))
    }

    /// Reads the reply to a request of that method.
    ///
    /// # Errors
    /// When no whole, well-formed reply comes.
    pub fn try_reply(&mut self, method: &str) -> Result<Reply, NoReply> {
        let mut reply = Reply::default();
        loop {
            self.read_head(&mut reply)?;
            if reply.status >= 200 || reply.status == 101 {
                break;
            }
            let interim = std::mem::take(&mut reply);
            if interim.header("content-length").is_some() || interim.header("transfer-encoding").is_some() {
                return Err(NoReply::Odd(format!("an interim reply with content\n{interim}")));
            }
            reply.interim = interim.interim;
            reply.interim.push((interim.status, interim.fields));
        }
        self.read_content(method, &mut reply)?;
        Ok(reply)
    }

    /// Reads whatever comes until the connection ends.
    ///
    /// # Panics
    /// When it does not end within the read time.
    pub fn read_to_end(&mut self) -> Vec<u8> {
        while self.fill().unwrap_or_else(|error| panic!("the connection does not end: {error}")) > 0 {}
        std::mem::take(&mut self.unread)
    }

    /// Reads exactly that many bytes, whatever they are.
    ///
    /// # Panics
    /// When they do not come.
    pub fn read_bytes(&mut self, count: usize) -> Vec<u8> {
        while self.unread.len() < count {
            let read = self.fill().unwrap_or_else(|error| panic!("{count} bytes do not come: {error}"));
            assert!(read > 0, "the connection ended; so far {:?}", String::from_utf8_lossy(&self.unread));
        }
        self.unread.drain(..count).collect()
    }

    /// The server closes the connection now, and sends nothing before.
    ///
    /// # Panics
    /// When it does something else.
    pub fn is_closed_by_peer(&mut self) {
        let rest = self.read_to_end();
        assert!(rest.is_empty(), "more came before the end: {:?}", String::from_utf8_lossy(&rest));
    }

    /// The connection still serves: a further exchange works on it.
    ///
    /// # Panics
    /// When it does not.
    pub fn is_still_open(&mut self, target: &str, host: &str) {
        let _ = self.get(target, host);
    }

    /// Nothing stands unread behind the last reply.
    ///
    /// # Panics
    /// When something does.
    pub fn has_nothing_unread(&mut self) {
        assert!(self.unread.is_empty(), "unread: {:?}", String::from_utf8_lossy(&self.unread));
    }

    fn read_head(&mut self, reply: &mut Reply) -> Result<(), NoReply> {
        let first = self.line(reply)?;
        (reply.version, reply.status, reply.reason) = status_line(&first).map_err(NoReply::Odd)?;
        reply.fields = self.fields(reply)?;
        Ok(())
    }

    fn fields(&mut self, reply: &mut Reply) -> Result<Vec<(String, String)>, NoReply> {
        let mut fields = Vec::new();
        loop {
            let line = self.line(reply)?;
            if line.is_empty() {
                return Ok(fields);
            }
            fields.push(field_line(&line).map_err(NoReply::Odd)?);
        }
    }

    fn read_content(&mut self, method: &str, reply: &mut Reply) -> Result<(), NoReply> {
        let odd = |what: &str, reply: &Reply| Err(NoReply::Odd(format!("{what}\n{reply}")));
        let lengths: Vec<_> = reply.headers("content-length");
        let codings: Vec<_> = reply.headers("transfer-encoding");
        if lengths.len() > 1 || codings.len() > 1 || (!lengths.is_empty() && !codings.is_empty()) {
            return odd("more than one framing", reply);
        }
        let length = match lengths.first() {
            Some(text) if text.is_empty() || !text.bytes().all(|b| b.is_ascii_digit()) => {
                return odd("a malformed content-length", reply);
            }
            Some(text) => Some(text.parse::<usize>().map_err(|e| NoReply::Odd(e.to_string()))?),
            None => None,
        };
        let coding = codings.first().map(|text| text.to_ascii_lowercase());
        if matches!(reply.status, 101 | 204) && (length.is_some() || coding.is_some()) {
            return odd("framing on a reply that has no content", reply);
        }
        if method == "HEAD" || matches!(reply.status, 101 | 204 | 304) {
            return Ok(());
        }
        if method == "CONNECT" && reply.status < 300 {
            return Ok(());
        }
        match (coding.as_deref(), length) {
            (Some("chunked"), _) => self.read_chunks(reply),
            (Some(_), _) => odd("an unknown transfer coding", reply),
            (None, Some(length)) => self.read_exactly(length, reply),
            (None, None) if reply.says_close() || reply.version == "HTTP/1.0" => self.read_until_close(reply),
            (None, None) => odd("no framing, and no word of closing", reply),
        }
    }

    fn read_chunks(&mut self, reply: &mut Reply) -> Result<(), NoReply> {
        reply.chunked = true;
        loop {
            let line = self.line(reply)?;
            if line.is_empty() || !line.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(NoReply::Odd(format!("the chunk size {line:?}\n{reply}")));
            }
            let size = usize::from_str_radix(&line, 16).map_err(|error| NoReply::Odd(error.to_string()))?;
            if size == 0 {
                reply.trailers = self.fields(reply)?;
                return Ok(());
            }
            self.read_exactly(size, reply)?;
            if !self.line(reply)?.is_empty() {
                return Err(NoReply::Odd(format!("no line end behind a chunk\n{reply}")));
            }
        }
    }

    fn read_exactly(&mut self, mut length: usize, reply: &mut Reply) -> Result<(), NoReply> {
        loop {
            let take = length.min(self.unread.len());
            reply.body.extend(self.unread.drain(..take));
            length -= take;
            if length == 0 {
                return Ok(());
            }
            self.more(reply)?;
        }
    }

    fn read_until_close(&mut self, reply: &mut Reply) -> Result<(), NoReply> {
        reply.until_close = true;
        loop {
            match self.fill() {
                Ok(0) => {
                    reply.body.append(&mut self.unread);
                    // Only a reset tells a part from the whole where no length was said.
                    let cut = self.was_reset;
                    return if cut { Err(NoReply::CutOff(Box::new(std::mem::take(reply)))) } else { Ok(()) };
                }
                Ok(_) => {}
                Err(error) => {
                    reply.body.append(&mut self.unread);
                    return Err(no_more(&error, reply));
                }
            }
        }
    }

    /// One line without its CR LF.
    fn line(&mut self, reply: &mut Reply) -> Result<String, NoReply> {
        loop {
            if let Some(end) = self.unread.iter().position(|&byte| byte == b'\n') {
                let line: Vec<u8> = self.unread.drain(..=end).collect();
                let Some(line) = line.strip_suffix(b"\r\n") else {
                    return Err(NoReply::Odd(format!(
                        "a bare LF behind {:?}",
                        String::from_utf8_lossy(&line)
                    )));
                };
                if line.contains(&b'\r') || line.contains(&0) {
                    return Err(NoReply::Odd(format!("CR or NUL in {:?}", String::from_utf8_lossy(line))));
                }
                return Ok(line.iter().map(|&byte| char::from(byte)).collect());
            }
            if self.unread.is_empty() && *reply == Reply::default() {
                match self.fill() {
                    Ok(0) => return Err(NoReply::Closed),
                    Ok(_) => {}
                    Err(error) if is_silence(&error) => return Err(no_more(&error, reply)),
                    Err(_) => return Err(NoReply::Closed),
                }
            } else {
                self.more(reply)?;
            }
        }
    }

    fn more(&mut self, reply: &mut Reply) -> Result<(), NoReply> {
        match self.fill() {
            Ok(0) => Err(NoReply::CutOff(Box::new(std::mem::take(reply)))),
            Ok(_) => Ok(()),
            Err(error) => Err(no_more(&error, reply)),
        }
    }

    fn fill(&mut self) -> io::Result<usize> {
        let mut piece = [0; 64 << 10];
        let read = match self.stream.read(&mut piece) {
            // Who resets has ended the connection, too; `no_more` tells a reply cut off by either.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                self.was_reset = true;
                0
            }
            other => other?,
        };
        self.unread.extend_from_slice(&piece[..read]);
        Ok(read)
    }
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut)
}

fn no_more(error: &io::Error, reply: &mut Reply) -> NoReply {
    let reply = Box::new(std::mem::take(reply));
    if is_silence(error) { NoReply::Silence(reply) } else { NoReply::CutOff(reply) }
}

fn status_line(line: &str) -> Result<(String, u16, String), String> {
    let odd = || format!("the status line {line:?}");
    let mut parts = line.splitn(3, ' ');
    let (Some(version), Some(code), Some(reason)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(odd());
    };
    if !matches!(version, "HTTP/1.1" | "HTTP/1.0") || code.len() != 3 {
        return Err(odd());
    }
    Ok((version.to_owned(), code.parse().map_err(|_| odd())?, reason.to_owned()))
}

fn field_line(line: &str) -> Result<(String, String), String> {
    let odd = || format!("the field line {line:?}");
    let (name, value) = line.split_once(':').ok_or_else(odd)?;
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    if name.is_empty() || !name.bytes().all(is_token) {
        return Err(odd());
    }
    Ok((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()))
}
