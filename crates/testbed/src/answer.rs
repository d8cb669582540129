//! What an origin answers, good or bad: a builder, and its rendering into steps on the wire.
//!
//! An [`Answer`] is plain by default (`Content-Length`, connection kept); each further call makes it differ in one
//! way. It adds no field that the test did not ask for but those of framing: no `Date`, no `Server`.

use std::time::Duration;

use crate::gate::Gate;
use crate::request::Request;

/// A scripted answer.
#[derive(Clone, Debug)]
pub struct Answer {
    status: u16,
    fields: Vec<(String, Vec<u8>)>,
    directives: Vec<String>,
    body: Vec<u8>,
    framing: Framing,
    trailers: Vec<(String, String)>,
    before: Vec<Step>,
    faults: Vec<(usize, Step)>,
    drip: Option<(usize, Duration)>,
    end: End,
    raw: Option<Vec<u8>>,
    conditional: bool,
    ranged: bool,
}

/// One thing the origin does on the connection.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Send(Vec<u8>),
    Hold(Gate),
    Wait(Duration),
    Hang,
    Reset,
    Close,
    Echo,
}

#[derive(Clone, Debug, PartialEq)]
enum Framing {
    Length,
    Declared(u64),
    Chunked(usize),
    UntilClose,
    None,
}

#[derive(Clone, Debug, PartialEq)]
enum End {
    KeepAlive,
    SaidClose,
    SilentClose,
    Echo,
}

/// 200 with that content.
#[must_use]
pub fn ok(body: impl Into<Vec<u8>>) -> Answer {
    status(200, body)
}

/// Any status with that content.
#[must_use]
pub fn status(status: u16, body: impl Into<Vec<u8>>) -> Answer {
    Answer {
        status,
        fields: Vec::new(),
        directives: Vec::new(),
        body: body.into(),
        framing: Framing::Length,
        trailers: Vec::new(),
        before: Vec::new(),
        faults: Vec::new(),
        drip: None,
        end: End::KeepAlive,
        raw: None,
        conditional: false,
        ranged: false,
    }
}

/// 304 without content.
#[must_use]
pub fn not_modified() -> Answer {
    status(304, "")
}

/// These bytes and no others, whatever they mean; then the connection is closed.
#[must_use]
pub fn raw(bytes: impl Into<Vec<u8>>) -> Answer {
    let mut answer = status(0, "");
    answer.raw = Some(bytes.into());
    answer.end = End::SilentClose;
    answer
}

/// 101 for that token; what comes on the connection afterwards is sent back.
#[must_use]
pub fn switch_to_echo(token: &str) -> Answer {
    let mut answer = status(101, "").header("Connection", "Upgrade").header("Upgrade", token);
    answer.framing = Framing::None;
    answer.end = End::Echo;
    answer
}

/// Nothing at all: the connection is held open, silent, until the peer or the test ends.
#[must_use]
pub fn hang() -> Answer {
    let mut answer = raw("");
    answer.before.push(Step::Hang);
    answer
}

/// The connection is reset without an answer.
#[must_use]
pub fn reset() -> Answer {
    let mut answer = raw("");
    answer.before.push(Step::Reset);
    answer
}

impl Answer {
    /// Adds a field line.
    #[must_use]
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        self.fields.push((name.to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Adds a directive, or several, to the one `Cache-Control` line.
    #[must_use]
    pub fn cache_control(mut self, directives: &str) -> Self {
        self.directives.push(directives.to_owned());
        self
    }

    /// `Cache-Control: max-age`, seconds.
    #[must_use]
    pub fn max_age(self, seconds: u32) -> Self {
        self.cache_control(&format!("max-age={seconds}"))
    }

    /// `Cache-Control: s-maxage`, seconds.
    #[must_use]
    pub fn s_maxage(self, seconds: u32) -> Self {
        self.cache_control(&format!("s-maxage={seconds}"))
    }

    /// `Cache-Control: stale-if-error`, seconds.
    #[must_use]
    pub fn stale_if_error(self, seconds: u32) -> Self {
        self.cache_control(&format!("stale-if-error={seconds}"))
    }

    /// `Cache-Control: stale-while-revalidate`, seconds.
    #[must_use]
    pub fn stale_while_revalidate(self, seconds: u32) -> Self {
        self.cache_control(&format!("stale-while-revalidate={seconds}"))
    }

    /// `ETag`, quotes included in `tag`.
    #[must_use]
    pub fn etag(self, tag: &str) -> Self {
        self.header("ETag", tag)
    }

    /// `Vary`.
    #[must_use]
    pub fn vary(self, names: &str) -> Self {
        self.header("Vary", names)
    }

    /// Answers 304 to a request whose `If-None-Match` names this answer's `ETag`.
    #[must_use]
    pub fn conditional(mut self) -> Self {
        self.conditional = true;
        self
    }

    /// Answers 206 to a request for one range of bytes.
    #[must_use]
    pub fn ranged(mut self) -> Self {
        self.ranged = true;
        self
    }

    /// Transfer coding `chunked`, at most `chunk_bytes` in each.
    #[must_use]
    pub fn chunked(mut self, chunk_bytes: usize) -> Self {
        self.framing = Framing::Chunked(chunk_bytes.max(1));
        self
    }

    /// A trailer field; makes the answer chunked if it is not.
    #[must_use]
    pub fn trailer(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.to_owned()));
        if matches!(self.framing, Framing::Chunked(_)) { self } else { self.chunked(4096) }
    }

    /// No length at all: the content ends where the connection does.
    #[must_use]
    pub fn until_close(mut self) -> Self {
        self.framing = Framing::UntilClose;
        self.end = End::SilentClose;
        self
    }

    /// Says `Content-Length: length`, whatever the content's length is; the connection closes behind a shorter one.
    #[must_use]
    pub fn declares_length(mut self, length: u64) -> Self {
        self.framing = Framing::Declared(length);
        if length > self.body.len() as u64 {
            self.end = End::SilentClose;
        }
        self
    }

    /// An interim answer, sent before this one.
    #[must_use]
    pub fn interim(mut self, status: u16, fields: &[(&str, &str)]) -> Self {
        let mut head = status_line(status);
        for (name, value) in fields {
            push_field(&mut head, name, value.as_bytes());
        }
        head.extend_from_slice(b"\r\n");
        self.before.push(Step::Send(head));
        self
    }

    /// Waits before anything else until the gate opens.
    #[must_use]
    pub fn held_by(mut self, gate: &Gate) -> Self {
        self.before.insert(0, Step::Hold(gate.clone()));
        self
    }

    /// Waits behind that many bytes of content until the gate opens; 0 is behind the head.
    #[must_use]
    pub fn held_after(mut self, body_bytes: usize, gate: &Gate) -> Self {
        self.faults.push((body_bytes, Step::Hold(gate.clone())));
        self
    }

    /// Falls silent behind that many bytes of content; 0 is behind the head.
    #[must_use]
    pub fn hangs_after(mut self, body_bytes: usize) -> Self {
        self.faults.push((body_bytes, Step::Hang));
        self
    }

    /// Resets the connection behind that many bytes of content; 0 is behind the head.
    #[must_use]
    pub fn resets_after(mut self, body_bytes: usize) -> Self {
        self.faults.push((body_bytes, Step::Reset));
        self
    }

    /// Closes the connection behind that many bytes of content, orderly as TCP sees it.
    #[must_use]
    pub fn closes_after(mut self, body_bytes: usize) -> Self {
        self.faults.push((body_bytes, Step::Close));
        self
    }

    /// Sends the content a few bytes at a time with a pause between.
    #[must_use]
    pub fn dripping(mut self, bytes: usize, pause: Duration) -> Self {
        self.drip = Some((bytes.max(1), pause));
        self
    }

    /// Says `Connection: close` and closes behind the answer.
    #[must_use]
    pub fn then_says_close(mut self) -> Self {
        self.end = End::SaidClose;
        self
    }

    /// Closes behind the answer without having said so: what a dying keep-alive connection looks like.
    #[must_use]
    pub fn then_closes(mut self) -> Self {
        self.end = End::SilentClose;
        self
    }

    /// The steps that answer `request` so.
    pub(crate) fn steps(&self, request: &Request) -> Vec<Step> {
        if self.conditional && self.matches_condition(request) {
            return self.as_not_modified().render(request);
        }
        match self.ranged.then(|| self.as_partial(request)).flatten() {
            Some(partial) => partial.render(request),
            None => self.render(request),
        }
    }

    fn render(&self, request: &Request) -> Vec<Step> {
        let mut steps = self.before.clone();
        match &self.raw {
            Some(raw) => steps.push(Step::Send(raw.clone())),
            None => {
                steps.push(Step::Send(self.head()));
                if request.method != "HEAD" && self.status >= 200 && !matches!(self.status, 204 | 304) {
                    self.render_content(&mut steps);
                }
            }
        }
        match self.end {
            End::KeepAlive => {}
            End::SaidClose | End::SilentClose => steps.push(Step::Close),
            End::Echo => steps.push(Step::Echo),
        }
        steps
    }

    fn head(&self) -> Vec<u8> {
        let mut head = status_line(self.status);
        for (name, value) in &self.fields {
            push_field(&mut head, name, value);
        }
        if !self.directives.is_empty() {
            push_field(&mut head, "Cache-Control", self.directives.join(", ").as_bytes());
        }
        match self.framing {
            Framing::Length if matches!(self.status, 204 | 304) => {}
            Framing::Length => {
                push_field(&mut head, "Content-Length", self.body.len().to_string().as_bytes());
            }
            Framing::Declared(length) => {
                push_field(&mut head, "Content-Length", length.to_string().as_bytes());
            }
            Framing::Chunked(_) => push_field(&mut head, "Transfer-Encoding", b"chunked"),
            Framing::UntilClose | Framing::None => {}
        }
        if self.end == End::SaidClose {
            push_field(&mut head, "Connection", b"close");
        }
        head.extend_from_slice(b"\r\n");
        head
    }

    fn render_content(&self, steps: &mut Vec<Step>) {
        let mut faults = self.faults.clone();
        faults.sort_by_key(|(at, _)| *at);
        let mut from = 0;
        for (at, fault) in faults {
            let at = at.min(self.body.len());
            self.render_piece(&self.body[from..at], steps);
            steps.push(fault);
            from = at;
        }
        self.render_piece(&self.body[from..], steps);
        if let Framing::Chunked(_) = self.framing {
            let mut last = b"0\r\n".to_vec();
            for (name, value) in &self.trailers {
                push_field(&mut last, name, value.as_bytes());
            }
            last.extend_from_slice(b"\r\n");
            steps.push(Step::Send(last));
        }
    }

    fn render_piece(&self, piece: &[u8], steps: &mut Vec<Step>) {
        let mut wire = Vec::with_capacity(piece.len());
        match self.framing {
            Framing::Chunked(chunk_bytes) => {
                for chunk in piece.chunks(chunk_bytes) {
                    wire.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
                    wire.extend_from_slice(chunk);
                    wire.extend_from_slice(b"\r\n");
                }
            }
            _ => wire.extend_from_slice(piece),
        }
        match self.drip {
            None if wire.is_empty() => {}
            None => steps.push(Step::Send(wire)),
            Some((bytes, pause)) => {
                for drop in wire.chunks(bytes) {
                    steps.push(Step::Send(drop.to_vec()));
                    steps.push(Step::Wait(pause));
                }
            }
        }
    }

    fn field(&self, name: &str) -> Option<&[u8]> {
        self.fields.iter().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_slice())
    }

    fn matches_condition(&self, request: &Request) -> bool {
        let wanted = request.headers("if-none-match");
        let etag = self.field("etag").map(String::from_utf8_lossy);
        etag.is_some_and(|etag| wanted.split(',').any(|tag| tag.trim() == etag))
    }

    fn as_not_modified(&self) -> Self {
        let mut answer = self.clone();
        answer.status = 304;
        answer.framing = Framing::Length;
        answer.fields.retain(|(name, _)| !name.to_ascii_lowercase().starts_with("content-"));
        answer
    }

    fn as_partial(&self, request: &Request) -> Option<Self> {
        let length = self.body.len();
        let (first, last) = request.header("range")?.strip_prefix("bytes=")?.split_once('-')?;
        if let Some(tag) = request.header("if-range")
            && self.field("etag") != Some(tag.as_bytes())
        {
            return None;
        }
        let (first, last) = match (first, last) {
            ("", suffix) => (length.saturating_sub(suffix.parse().ok()?), length - 1),
            (first, "") => (first.parse().ok()?, length - 1),
            (first, last) => (first.parse().ok()?, last.parse::<usize>().ok()?.min(length - 1)),
        };
        if first > last {
            return Some(status(416, "").header("Content-Range", format!("bytes */{length}")));
        }
        let mut answer = self.clone().header("Content-Range", format!("bytes {first}-{last}/{length}"));
        answer.status = 206;
        answer.body = self.body[first..=last].to_vec();
        Some(answer)
    }
}

fn status_line(status: u16) -> Vec<u8> {
    format!("HTTP/1.1 {status} Scripted\r\n").into_bytes()
}

fn push_field(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend_from_slice(name.as_bytes());
    head.extend_from_slice(b": ");
    head.extend_from_slice(value);
    head.extend_from_slice(b"\r\n");
}
