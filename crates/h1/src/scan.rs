//! The strict reader of field sections and request heads: octet by octet, left to right, resumable anywhere.
//!
//! It names the *first* octet that is wrong, whatever stands behind it, so how a head was cut into packets cannot
//! change the refusal. It runs when a head arrives in pieces or when the fast reading (`head.rs`) finds something
//! amiss; whole, well-formed heads never pass here. It judges syntax and sizes; what fields mean is judged once the
//! head is complete.

use crate::octets::{is_field_octet, is_target_octet, is_token_octet};
use crate::{Limits, Refusal};

/// The longest method told apart from garbage; the longest registered one has 17 letters.
pub(crate) const METHOD_BYTES_MAX: usize = 32;

/// What the next octet of a field section may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum FieldState {
    #[default]
    LineStart,
    Name,
    Value,
    LineLf,
    LastLf,
}

/// Scans field lines up to and with the empty line that ends them: a head's, or a trailer section's.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct FieldScanner {
    state: FieldState,
    fields: usize,
}

impl FieldScanner {
    /// Takes one octet; true when it was the last of the section.
    #[inline]
    pub(crate) fn push(&mut self, b: u8, fields_max: usize) -> Result<bool, Refusal> {
        use FieldState::*;
        self.state = match (self.state, b) {
            (LineStart, b'\r') => LastLf,
            (LineStart, b' ' | b'\t') if self.fields == 0 => return Err(Refusal::SpaceBeforeFields),
            (LineStart, b' ' | b'\t') => return Err(Refusal::ObsFold),
            (LineStart, _) if is_token_octet(b) => {
                self.fields += 1;
                if self.fields > fields_max {
                    return Err(Refusal::TooManyFields);
                }
                Name
            }
            (Name, _) if is_token_octet(b) => Name,
            (Name, b':') => Value,
            (Name, b' ' | b'\t') => return Err(Refusal::SpaceBeforeColon),
            (LineStart | Name, _) => return Err(or_control(b, Refusal::FieldNameMalformed)),
            (Value, _) if is_field_octet(b) => Value,
            (Value, b'\r') => LineLf,
            (Value, _) => return Err(or_control(b, Refusal::FieldValueMalformed)),
            (LineLf, b'\n') => LineStart,
            (LastLf, b'\n') => return Ok(true),
            (LineLf | LastLf, _) => return Err(Refusal::BareCr),
        };
        Ok(false)
    }
}

/// What the next octet of a head may be.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
enum HeadState {
    #[default]
    EmptyLine,
    EmptyLineLf,
    Method,
    Target,
    Version,
    RequestLineLf,
    Fields,
}

/// Scans one request head, remembering how far it came.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(crate) struct HeadScanner {
    state: HeadState,
    /// Octets of the buffer already taken.
    at: usize,
    /// Octets of the current element already taken.
    taken: usize,
    empty_lines: usize,
    major: u8,
    fields: FieldScanner,
}

impl HeadScanner {
    /// Whether nothing was taken yet.
    #[inline]
    pub(crate) fn is_fresh(&self) -> bool {
        self.at == 0
    }

    /// Takes what is new in `buf`, which begins with all that was given before; the head's length once it is whole.
    pub(crate) fn advance(&mut self, buf: &[u8], limits: &Limits) -> Result<Option<usize>, Refusal> {
        let end = buf.len().min(limits.head_bytes_max);
        while self.at < end {
            let b = buf[self.at];
            self.at += 1;
            if self.push(b, limits)? {
                return Ok(Some(self.at));
            }
        }
        if self.at >= limits.head_bytes_max { Err(Refusal::HeadTooLarge) } else { Ok(None) }
    }

    fn push(&mut self, b: u8, limits: &Limits) -> Result<bool, Refusal> {
        use HeadState::*;
        match self.state {
            EmptyLine => match b {
                b'\r' => self.state = EmptyLineLf,
                _ if is_token_octet(b) => self.enter(Method, 1),
                _ => return Err(or_control(b, Refusal::MethodMalformed)),
            },
            EmptyLineLf => {
                if b != b'\n' {
                    return Err(Refusal::BareCr);
                }
                self.empty_lines += 1;
                if self.empty_lines > crate::RequestParser::EMPTY_LINES_MAX {
                    return Err(Refusal::EmptyLines);
                }
                self.state = EmptyLine;
            }
            Method => match b {
                b' ' => self.enter(Target, 0),
                _ if !is_token_octet(b) => return Err(or_control(b, Refusal::MethodMalformed)),
                _ if self.taken == METHOD_BYTES_MAX => return Err(Refusal::MethodTooLong),
                _ => self.taken += 1,
            },
            Target => match b {
                b' ' if self.taken > 0 => self.enter(Version, 0),
                b'\r' if self.taken > 0 => return Err(Refusal::VersionMalformed),
                _ if !is_target_octet(b) => return Err(or_control(b, Refusal::TargetMalformed)),
                _ if self.taken == limits.target_bytes_max => return Err(Refusal::TargetTooLong),
                _ => self.taken += 1,
            },
            Version => self.push_version(b)?,
            RequestLineLf if b == b'\n' => self.state = Fields,
            RequestLineLf => return Err(Refusal::BareCr),
            Fields => return self.fields.push(b, limits.fields_max),
        }
        Ok(false)
    }

    /// `HTTP/` DIGIT `.` DIGIT CR, judged as a version once both digits are there.
    fn push_version(&mut self, b: u8) -> Result<(), Refusal> {
        const FORM: &[u8; 8] = b"HTTP/0.0";
        match (self.taken, b) {
            (8, b'\r') => self.state = HeadState::RequestLineLf,
            (5, b'0'..=b'9') => self.major = b,
            (7, b'0'..=b'1') if self.major == b'1' => {}
            (7, b'0'..=b'9') => return Err(Refusal::VersionUnsupported),
            (0..=4 | 6, _) if b == FORM[self.taken] => {}
            _ => return Err(or_control(b, Refusal::VersionMalformed)),
        }
        self.taken += 1;
        Ok(())
    }

    fn enter(&mut self, state: HeadState, taken: usize) {
        self.state = state;
        self.taken = taken;
    }
}

/// NUL and bare LF have names of their own wherever they stand; anything else is `otherwise`.
pub(crate) fn or_control(b: u8, otherwise: Refusal) -> Refusal {
    match b {
        0 => Refusal::Nul,
        b'\n' => Refusal::BareLf,
        _ => otherwise,
    }
}
