//! A request as the origin received it, and the reading of one from a connection.
//!
//! Reads what a conforming proxy sends: it is no judge of requests, and whatever it cannot read ends the connection.

use std::io::{self, BufRead, Read};

/// Longest request body that the origin takes: 256 MiB.
const BODY_BYTES_MAX: u64 = 256 << 20;

/// One request, as it came over the wire.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// Method, as sent.
    pub method: String,
    /// Request-target, as sent: path and query.
    pub target: String,
    /// `HTTP/1.1` or what else stood there.
    pub version: String,
    /// Field lines in order, names as sent, values trimmed; bytes above 0x7f as Latin-1.
    pub fields: Vec<(String, String)>,
    /// Content, transfer coding removed.
    pub body: Vec<u8>,
    /// Trailer fields of a chunked body.
    pub trailers: Vec<(String, String)>,
    /// Whether the body came chunked.
    pub chunked: bool,
    /// The how-many-th request for this path it is, from 1.
    pub count: usize,
    /// The how-many-th connection to this origin it came on, from 1.
    pub connection: usize,
}

impl Request {
    /// The target up to the question mark.
    #[must_use]
    pub fn path(&self) -> &str {
        self.target.split('?').next().unwrap_or_default()
    }

    /// The target behind the question mark.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.target.split_once('?').map(|(_, query)| query)
    }

    /// The first field line of that name, case-insensitive.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    /// All field lines of that name, joined by `, `; empty when there is none.
    #[must_use]
    pub fn headers(&self, name: &str) -> String {
        let lines = self.fields.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name));
        lines.map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// The content as text, lossily.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Reads a request's head; `None` when the peer closed before its first byte.
pub(crate) fn read_head(from: &mut impl BufRead) -> io::Result<Option<Request>> {
    let mut line = Vec::new();
    if from.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let first = text_of_line(&line)?;
    let mut parts = first.split(' ');
    let mut part = || parts.next().map(str::to_owned).ok_or_else(|| odd("request line"));
    let mut request = Request { method: part()?, target: part()?, version: part()?, ..Request::default() };
    request.fields = read_fields(from)?;
    Ok(Some(request))
}

/// Reads the body that the request's fields promise.
pub(crate) fn read_body(from: &mut impl BufRead, request: &mut Request) -> io::Result<()> {
    request.chunked = request.headers("transfer-encoding").to_ascii_lowercase().ends_with("chunked");
    if request.chunked {
        return read_chunks(from, request);
    }
    let Some(length) = request.header("content-length") else { return Ok(()) };
    let length: u64 = length.parse().map_err(|_| odd("content-length"))?;
    read_exactly(from, length, &mut request.body)
}

fn read_chunks(from: &mut impl BufRead, request: &mut Request) -> io::Result<()> {
    loop {
        let line = read_line(from)?;
        let digits = line.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| odd("chunk size"))?;
        if size == 0 {
            request.trailers = read_fields(from)?;
            return Ok(());
        }
        read_exactly(from, size, &mut request.body)?;
        if !read_line(from)?.is_empty() {
            return Err(odd("chunk end"));
        }
    }
}

fn read_fields(from: &mut impl BufRead) -> io::Result<Vec<(String, String)>> {
    let mut fields = Vec::new();
    loop {
        let line = read_line(from)?;
        if line.is_empty() {
            return Ok(fields);
        }
        let (name, value) = line.split_once(':').ok_or_else(|| odd("field line"))?;
        fields.push((name.to_owned(), value.trim_matches([' ', '\t']).to_owned()));
    }
}

fn read_line(from: &mut impl BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    from.read_until(b'\n', &mut line)?;
    text_of_line(&line)
}

fn text_of_line(line: &[u8]) -> io::Result<String> {
    let line = line.strip_suffix(b"\r\n").ok_or_else(|| odd("end of line"))?;
    Ok(line.iter().map(|&byte| char::from(byte)).collect())
}

fn read_exactly(from: &mut impl BufRead, length: u64, into: &mut Vec<u8>) -> io::Result<()> {
    if length + into.len() as u64 > BODY_BYTES_MAX {
        return Err(odd("too long a body"));
    }
    let read = from.take(length).read_to_end(into)?;
    if read as u64 == length { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("odd {what}"))
}
