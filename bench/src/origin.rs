//! The origin: one epoll loop that serves [`Content`] with the fields a cache wants to see, as cheaply as it can.
//!
//! It counts its requests (`/count` answers the number), so that a run can be checked to have been hits or misses. It
//! reads GET without content only.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::Duration;

use crate::content::{Content, Storing};
use crate::net::{self, Poll};
use crate::options::Options;

const HEAD_BYTES_MAX: usize = 16 << 10;
const LISTENER: u64 = u64::MAX;

/// `littoral-bench origin`: serves until it is ended.
pub fn command(options: &Options) -> Result<(), String> {
    net::raise_open_files();
    let port = options.number("port", 0)?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).map_err(|error| error.to_string())?;
    println!("{}", listener.local_addr().map_err(|error| error.to_string())?.port());
    serve(&listener).map_err(|error| error.to_string())
}

fn serve(listener: &TcpListener) -> io::Result<()> {
    let content = Content::new();
    let poll = Poll::new()?;
    listener.set_nonblocking(true)?;
    poll.add(listener, LISTENER, false)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut ready = Vec::new();
    let mut now = Now { date: (0, String::new()), count: 0 };
    loop {
        poll.wait(&mut ready, Duration::from_secs(3600))?;
        net::http_date(&mut now.date);
        for &token in &ready {
            if token == LISTENER {
                accept(listener, &poll, &mut connections)?;
                continue;
            }
            let slot = &mut connections[token as usize];
            let Some(connection) = slot else { continue };
            if connection.turn(&content, &poll, token, &mut now).is_err() {
                *slot = None;
            }
        }
    }
}

fn accept(listener: &TcpListener, poll: &Poll, connections: &mut Vec<Option<Connection>>) -> io::Result<()> {
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        let free = connections.iter().position(Option::is_none);
        let token = free.unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        poll.add(&stream, token as u64, false)?;
        connections[token] = Some(Connection { stream, input: Vec::new(), unsent: Vec::new(), sent: 0 });
    }
    Ok(())
}

/// What answers need to know: the date, and how many there were.
struct Now {
    date: (i64, String),
    count: u64,
}

struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    unsent: Vec<u8>,
    sent: usize,
}

impl Connection {
    /// Does what the socket allows; an error ends the connection.
    fn turn(&mut self, content: &Content, poll: &Poll, token: u64, now: &mut Now) -> io::Result<()> {
        if self.sent < self.unsent.len() && !self.flush()? {
            return Ok(());
        }
        if !self.unsent.is_empty() {
            self.unsent.clear();
            self.sent = 0;
            poll.modify(&self.stream, token, false)?;
        }
        let mut piece = [0; 4096];
        match self.stream.read(&mut piece) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => self.input.extend_from_slice(&piece[..read]),
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        }
        while let Some(end) = self.input.windows(4).position(|window| window == b"\r\n\r\n") {
            self.answer(end, content, now)?;
            self.input.drain(..end + 4);
        }
        if self.input.len() > HEAD_BYTES_MAX {
            return Err(ErrorKind::InvalidData.into());
        }
        if self.sent < self.unsent.len() { poll.modify(&self.stream, token, true) } else { Ok(()) }
    }

    fn answer(&mut self, end: usize, content: &Content, now: &mut Now) -> io::Result<()> {
        let head = &self.input[..end];
        let target = head.split(|&byte| byte == b' ').nth(1).unwrap_or_default();
        let text;
        let (head, body): (String, &[u8]) = if target == b"/count" {
            text = now.count.to_string();
            (fields("200 OK", text.len(), Storing::Never, now), text.as_bytes())
        } else {
            now.count += 1;
            match content.of(target) {
                Some((body, storing)) => (fields("200 OK", body.len(), storing, now), body),
                None => (fields("404 Not Found", 0, Storing::Never, now), b""),
            }
        };
        let mut written = 0;
        if self.unsent.is_empty() {
            match (&self.stream).write_vectored(&[IoSlice::new(head.as_bytes()), IoSlice::new(body)]) {
                Ok(bytes) => written = bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        }
        if written < head.len() {
            self.unsent.extend_from_slice(&head.as_bytes()[written..]);
            written = head.len();
        }
        self.unsent.extend_from_slice(&body[written - head.len()..]);
        Ok(())
    }

    /// Sends what is left; true when nothing is.
    fn flush(&mut self) -> io::Result<bool> {
        while self.sent < self.unsent.len() {
            match self.stream.write(&self.unsent[self.sent..]) {
                Ok(bytes) => self.sent += bytes,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }
}

fn fields(status: &str, length: usize, storing: Storing, now: &Now) -> String {
    let date = &now.date.1;
    let storing = match storing {
        Storing::Day => "public, max-age=86400",
        Storing::Never => "no-store",
    };
    format!(
        "HTTP/1.1 {status}\r\nServer: bench\r\nDate: {date}\r\nContent-Type: application/octet-stream\r\n\
         Content-Length: {length}\r\nLast-Modified: Wed, 01 Oct 2025 00:00:00 GMT\r\nETag: \"bench-{length}\"\r\n\
         Cache-Control: {storing}\r\n\r\n"
    )
}
