//! The chunked transfer coding (RFC 9112 §7.1), undone octet by octet outside of data, so that it can be cut anywhere.
//!
//! Stricter than the RFC: no whitespace around sizes and extensions, no LF without CR, at most 16 digits.

use crate::octets::{is_field_octet, is_token_octet, trim_ows};
use crate::scan::{FieldScanner, or_control};
use crate::{Decoded, Limits, Refusal, Trailer, is_forbidden_trailer};

/// The most digits of a chunk size, zeros in front included.
const SIZE_DIGITS_MAX: u8 = 16;
/// How many bytes of chunk lines may be sent beyond 16 a chunk and twice its data, over the whole body. A client
/// that sends a byte at a time stays below; one that sends extensions instead of data does not.
const OVERHEAD_BYTES_MAX: u64 = 16 << 10;

/// What the next octet may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Size { digits: u8 },
    ExtensionNameStart,
    ExtensionName,
    ExtensionValueStart,
    ExtensionToken,
    ExtensionQuoted,
    ExtensionEscape,
    ExtensionQuotedEnd,
    LineLf,
    Data,
    DataCr,
    DataLf,
    Trailers,
    End,
}

/// Undoes one chunked body.
#[derive(Clone, Debug)]
pub(crate) struct ChunkDecoder {
    state: State,
    /// The current chunk's size while its line is read, then what is left of its data.
    size: u64,
    line_bytes: usize,
    overhead_bytes: u64,
    limits: Limits,
    scanner: FieldScanner,
    section: Vec<u8>,
    trailers: Vec<Trailer>,
}

impl ChunkDecoder {
    pub(crate) fn new(limits: &Limits) -> ChunkDecoder {
        ChunkDecoder {
            state: State::Size { digits: 0 },
            size: 0,
            line_bytes: 0,
            overhead_bytes: 0,
            limits: *limits,
            scanner: FieldScanner::default(),
            section: Vec::new(),
            trailers: Vec::new(),
        }
    }

    /// The first run of data in `buf`, with the lines before it consumed.
    pub(crate) fn decode(&mut self, buf: &[u8]) -> Result<Decoded, Refusal> {
        let mut at = 0;
        while at < buf.len() && self.state != State::End {
            if self.state == State::Data {
                let taken = usize::try_from(self.size).unwrap_or(usize::MAX).min(buf.len() - at);
                self.size -= taken as u64;
                if self.size == 0 {
                    self.state = State::DataCr;
                }
                return Ok(Decoded { consumed: at + taken, data: at..at + taken, end: false });
            }
            self.push(buf[at])?;
            at += 1;
        }
        Ok(Decoded::nothing(at, self.is_end()))
    }

    pub(crate) fn is_end(&self) -> bool {
        self.state == State::End
    }

    pub(crate) fn trailers(&self) -> &[Trailer] {
        &self.trailers
    }

    fn push(&mut self, b: u8) -> Result<(), Refusal> {
        match self.state {
            State::DataCr if b == b'\r' => self.state = State::DataLf,
            State::DataLf if b == b'\n' => self.begin_line(),
            State::DataCr if b == b'\n' => return Err(Refusal::BareLf),
            State::DataLf => return Err(Refusal::BareCr),
            State::DataCr => return Err(Refusal::ChunkEndMalformed),
            State::Trailers => self.push_trailer(b)?,
            _ => self.push_line(b)?,
        }
        Ok(())
    }

    fn begin_line(&mut self) {
        self.state = State::Size { digits: 0 };
        self.size = 0;
        self.line_bytes = 0;
    }

    /// One octet of `chunk-size [ chunk-ext ] CRLF`.
    fn push_line(&mut self, b: u8) -> Result<(), Refusal> {
        self.line_bytes += 1;
        let next = match self.state {
            State::Size { digits } => self.push_size(b, digits)?,
            State::LineLf if b == b'\n' => return self.end_line(),
            State::LineLf => return Err(Refusal::BareCr),
            state => extension(state, b)?,
        };
        if self.line_bytes >= self.limits.chunk_line_bytes_max {
            return Err(Refusal::ChunkExtensionTooLong);
        }
        self.state = next;
        Ok(())
    }

    fn push_size(&mut self, b: u8, digits: u8) -> Result<State, Refusal> {
        let digit = match b {
            b'0'..=b'9' => b - b'0',
            b'a'..=b'f' => b - b'a' + 10,
            b'A'..=b'F' => b - b'A' + 10,
            b'\r' if digits > 0 => return Ok(State::LineLf),
            b';' if digits > 0 => return Ok(State::ExtensionNameStart),
            _ => return Err(or_control(b, Refusal::ChunkSizeMalformed)),
        };
        let size = self.size << 4 | u64::from(digit);
        if digits == SIZE_DIGITS_MAX || size > i64::MAX as u64 {
            return Err(Refusal::ChunkSizeMalformed);
        }
        self.size = size;
        Ok(State::Size { digits: digits + 1 })
    }

    fn end_line(&mut self) -> Result<(), Refusal> {
        let allowed = self.size.saturating_mul(2).saturating_add(16);
        self.overhead_bytes = (self.overhead_bytes + self.line_bytes as u64).saturating_sub(allowed);
        if self.overhead_bytes > OVERHEAD_BYTES_MAX {
            return Err(Refusal::ChunkExtensionTooLong);
        }
        self.state = if self.size == 0 { State::Trailers } else { State::Data };
        Ok(())
    }

    fn push_trailer(&mut self, b: u8) -> Result<(), Refusal> {
        self.section.push(b);
        if self.scanner.push(b, self.limits.fields_max)? {
            self.trailers = keep_allowed(&self.section);
            self.section = Vec::new();
            self.state = State::End;
        } else if self.section.len() >= self.limits.trailer_bytes_max {
            return Err(Refusal::TrailerTooLarge);
        }
        Ok(())
    }
}

/// One octet of `*( ";" name [ "=" ( token / quoted-string ) ] )` and the CR behind it. Extensions are checked, then
/// ignored.
fn extension(state: State, b: u8) -> Result<State, Refusal> {
    use State::*;
    match (state, b) {
        (ExtensionNameStart | ExtensionName, _) if is_token_octet(b) => Ok(ExtensionName),
        (ExtensionValueStart | ExtensionToken, _) if is_token_octet(b) => Ok(ExtensionToken),
        (ExtensionName, b'=') => Ok(ExtensionValueStart),
        (ExtensionValueStart, b'"') => Ok(ExtensionQuoted),
        (ExtensionQuoted, b'"') => Ok(ExtensionQuotedEnd),
        (ExtensionQuoted, b'\\') => Ok(ExtensionEscape),
        (ExtensionQuoted | ExtensionEscape, _) if is_field_octet(b) => Ok(ExtensionQuoted),
        (ExtensionName | ExtensionToken | ExtensionQuotedEnd, b';') => Ok(ExtensionNameStart),
        (ExtensionName | ExtensionToken | ExtensionQuotedEnd, b'\r') => Ok(LineLf),
        _ => Err(or_control(b, Refusal::ChunkExtensionMalformed)),
    }
}

/// The fields of a section that was scanned to its end, without those that trailers must not carry.
fn keep_allowed(section: &[u8]) -> Vec<Trailer> {
    let lines = section.split(|&b| b == b'\n').filter_map(|line| line.strip_suffix(b"\r"));
    lines
        .filter_map(|line| {
            let colon = line.iter().position(|&b| b == b':')?;
            let (name, value) = (&line[..colon], trim_ows(&line[colon + 1..]));
            (!is_forbidden_trailer(name)).then(|| Trailer { name: name.into(), value: value.into() })
        })
        .collect()
}
