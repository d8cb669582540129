//! Request heads: the fast reading of a whole one, and the parser that chooses between it and the strict scanner.
//!
//! The fast reading is httparse's, whose vector instructions make it several times quicker than a loop over octets.
//! httparse takes bare LF, any number of empty lines and non-ASCII targets, so its result counts only when every
//! line is seen to end in CRLF and the target is clean; in any doubt `scan.rs` reads the head again and names the
//! fault.

use std::mem::MaybeUninit;

use smallvec::SmallVec;

use crate::governing::Governing;
use crate::octets::is_target_octet;
use crate::scan::{HeadScanner, METHOD_BYTES_MAX};
use crate::target::{Authority, TargetForm, target_form};
use crate::{FieldSpan, Limits, Refusal, RequestFraming, Span};

/// The version of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Version {
    /// HTTP/1.0: `Host` is optional, no transfer codings, closed after the answer unless `keep-alive` was asked for.
    Http10,
    /// HTTP/1.1.
    Http11,
}

/// A well-formed, unambiguous request head, as offsets into the buffer it was read from.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RequestHead {
    /// Bytes of the buffer that the head takes, empty lines before it and the one behind it included.
    pub head_len: usize,
    /// A token; never TRACE or CONNECT in any case.
    pub method: Span,
    /// The target as it was sent: visible ASCII without `#`.
    pub target: Span,
    /// What the target is.
    pub form: TargetForm,
    /// HTTP/1.0 or 1.1.
    pub version: Version,
    /// The authority that the request is for: the target's in absolute form, else `Host`. Valid as
    /// [`Authority::parse`] judges; empty only in HTTP/1.0 without either.
    pub host: Span,
    /// `host` without its port: in the sender's case, perhaps with a root dot, brackets around IPv6.
    pub host_name: Span,
    /// The port named in `host`.
    pub port: Option<u16>,
    /// All field lines in order.
    pub fields: SmallVec<[FieldSpan; 24]>,
    /// How the body is delimited.
    pub framing: RequestFraming,
    /// Whether the client lets the connection live on after the answer.
    pub keep_alive: bool,
    /// The value of `Upgrade`, in HTTP/1.1 when `Connection` lists it and there is one line of it.
    pub upgrade: Option<Span>,
    /// Whether the client waits for `100 Continue` before it sends the body; only with a body, only in HTTP/1.1.
    pub expect_continue: bool,
    /// Whether `TE: trailers` says that trailers may be sent back.
    pub te_trailers: bool,
}

/// Reads request heads from the front of a connection's buffer, one at a time.
///
/// A head that trickles in costs time linear in its length: the parser remembers how far it came.
#[derive(Clone, Debug, Default)]
pub struct RequestParser {
    scanner: HeadScanner,
}

impl RequestParser {
    /// Empty lines skipped before a request line (RFC 9112 §2.2 asks for at least one); more are refused.
    pub const EMPTY_LINES_MAX: usize = 4;

    /// A parser at the start of a message.
    pub fn new() -> RequestParser {
        RequestParser::default()
    }

    /// The head at the front of `buf`, or `None` while it is incomplete. Call again with the same bytes and more
    /// behind them; after a head, with what follows its `head_len` bytes (and its body). `limits` must be valid.
    ///
    /// Refuses as soon as an octet is wrong, without waiting for the rest.
    #[inline]
    pub fn parse(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<RequestHead>, Refusal> {
        if self.scanner.is_fresh()
            && let decided @ (Ok(Some(_)) | Err(_)) = read(buf, limits)
        {
            return decided;
        }
        self.parse_strictly(buf, limits)
    }

    /// The slow path: heads in pieces, and heads that something is wrong with.
    #[cold]
    fn parse_strictly(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<RequestHead>, Refusal> {
        let scanned = self.scanner.advance(buf, limits);
        if !matches!(scanned, Ok(None)) {
            *self = RequestParser::new();
        }
        match scanned? {
            None => Ok(None),
            Some(head_len) => {
                let head = read(&buf[..head_len], limits)?;
                if head.is_some() { Ok(head) } else { Err(Refusal::ReadingsDiffer) }
            }
        }
    }
}

/// The fast reading. `None` when the head is incomplete or anything about its octets is not as it should be; what is
/// refused here is what well-formed lines amount to.
#[inline]
fn read(buf: &[u8], limits: &Limits) -> Result<Option<RequestHead>, Refusal> {
    let buf = &buf[..buf.len().min(limits.head_bytes_max)];
    let mut room = [const { MaybeUninit::uninit() }; Limits::FIELDS_MOST];
    let room = &mut room[..limits.fields_max.min(Limits::FIELDS_MOST)];
    let mut request = httparse::Request::new(&mut []);
    let Ok(httparse::Status::Complete(head_len)) = request.parse_with_uninit_headers(buf, room) else {
        return Ok(None);
    };
    let buf = &buf[..head_len];
    let (Some(method), Some(target)) = (request.method, request.path) else {
        return Ok(None);
    };
    let (method, target) = (method.as_bytes(), target.as_bytes());
    let lines_end_in_crlf = empty_lines_are_few(&buf[..offset(buf, method)])
        && buf.ends_with(b"\r\n\r\n")
        && request.headers.iter().all(|line| buf[..offset(buf, line.name.as_bytes())].ends_with(b"\r\n"));
    let target_is_clean =
        target.len() <= limits.target_bytes_max && target.iter().all(|&b| is_target_octet(b));
    if !lines_end_in_crlf || !target_is_clean || method.len() > METHOD_BYTES_MAX {
        return Ok(None);
    }
    let version = if request.version == Some(0) { Version::Http10 } else { Version::Http11 };
    judge(buf, method, target, version, request.headers).map(Some)
}

/// What the lines of a well-formed head amount to.
#[inline]
fn judge(
    buf: &[u8],
    method: &[u8],
    target: &[u8],
    version: Version,
    lines: &[httparse::Header<'_>],
) -> Result<RequestHead, Refusal> {
    if method.eq_ignore_ascii_case(b"TRACE") || method.eq_ignore_ascii_case(b"CONNECT") {
        return Err(Refusal::MethodForbidden);
    }
    let mut governing = Governing::default();
    let mut fields = SmallVec::with_capacity(lines.len());
    for line in lines {
        let name = line.name.as_bytes();
        governing.see(name, line.value)?;
        fields.push(FieldSpan { name: Span::locate(buf, name), value: Span::locate(buf, line.value) });
    }
    let target = Span::locate(buf, target);
    let form = target_form(method, target, buf)?;
    let (host, authority) = effective_host(buf, form, governing.host, version)?;
    let governed = governing.judge(version)?;
    Ok(RequestHead {
        head_len: buf.len(),
        method: Span::locate(buf, method),
        target,
        form,
        version,
        host,
        host_name: Span { start: host.start, len: authority.host.len() as u16 },
        port: authority.port,
        fields,
        framing: governed.framing,
        keep_alive: governed.keep_alive,
        upgrade: governed.upgrade.map(|value| Span::locate(buf, value)),
        expect_continue: governed.expect_continue,
        te_trailers: governed.te_trailers,
    })
}

/// The authority that counts (RFC 9112 §3.2). An absolute-form target's wins, but `Host` must agree with it:
/// RFC 9112 §3.2.2 tells proxies to ignore a `Host` that does not, and somebody before or behind us will not.
fn effective_host<'a>(
    buf: &'a [u8],
    form: TargetForm,
    host: Option<&'a [u8]>,
    version: Version,
) -> Result<(Span, Authority<'a>), Refusal> {
    let named = match host {
        Some(value) => Some(Authority::parse(value).ok_or(Refusal::HostMalformed)?),
        None if version == Version::Http11 => return Err(Refusal::HostMissing),
        None => None,
    };
    if let TargetForm::Absolute { scheme, authority: span, .. } = form {
        let authority = Authority::parse(span.of(buf)).ok_or(Refusal::TargetMalformed)?;
        if named.is_some_and(|named| !named.is_same(&authority, scheme)) {
            return Err(Refusal::HostMismatch);
        }
        return Ok((span, authority));
    }
    let nobody = Authority { host: &[], port: None };
    Ok((host.map_or(Span::default(), |value| Span::locate(buf, value)), named.unwrap_or(nobody)))
}

#[inline]
fn offset(buf: &[u8], part: &[u8]) -> usize {
    part.as_ptr().addr() - buf.as_ptr().addr()
}

/// Whether what stands before the request line is a few CRLFs and nothing else.
#[inline]
fn empty_lines_are_few(before: &[u8]) -> bool {
    before.len() <= 2 * RequestParser::EMPTY_LINES_MAX && before.chunks(2).all(|line| line == b"\r\n")
}
