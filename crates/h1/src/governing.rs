//! The fields that govern the message itself, judged together: framing, host, connection, expectation.
//!
//! Each is looked at once, in the order of arrival; the verdict falls when all are known. All other fields pass by
//! at the price of a look at the length of their names.

use crate::octets::{is_token_octet, trim_ows};
use crate::{Refusal, Version};

/// How a request's body is delimited (RFC 9112 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RequestFraming {
    /// No body.
    None,
    /// `Content-Length`, zero included; at most 2⁶³ − 1.
    Length(u64),
    /// `Transfer-Encoding: chunked`.
    Chunked,
}

/// What was seen of the governing fields so far.
#[derive(Default)]
pub(crate) struct Governing<'a> {
    pub(crate) host: Option<&'a [u8]>,
    content_length: Option<u64>,
    /// What the `Transfer-Encoding` lines amount to, in order.
    codings: Codings,
    close: bool,
    keep_alive: bool,
    upgrade_option: bool,
    upgrade: Option<&'a [u8]>,
    upgrade_repeated: bool,
    expect_continue: bool,
    te_trailers: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Codings {
    #[default]
    Absent,
    /// The last coding so far is `chunked`, and it is the only `chunked`.
    Chunked,
    /// The same, with other codings before it.
    OthersThenChunked,
    /// The last coding so far is another one.
    Others,
}

/// The verdict.
pub(crate) struct Governed<'a> {
    pub(crate) framing: RequestFraming,
    pub(crate) keep_alive: bool,
    pub(crate) upgrade: Option<&'a [u8]>,
    pub(crate) expect_continue: bool,
    pub(crate) te_trailers: bool,
}

impl<'a> Governing<'a> {
    /// Takes one field line, if it is one that governs.
    #[inline]
    pub(crate) fn see(&mut self, name: &[u8], value: &'a [u8]) -> Result<(), Refusal> {
        match name.len() {
            2 if name.eq_ignore_ascii_case(b"te") => self.see_te(value),
            4 if name.eq_ignore_ascii_case(b"host") => return self.see_host(value),
            6 if name.eq_ignore_ascii_case(b"expect") => return self.see_expect(value),
            7 if name.eq_ignore_ascii_case(b"upgrade") => {
                self.upgrade_repeated |= self.upgrade.is_some();
                self.upgrade = Some(value);
            }
            10 if name.eq_ignore_ascii_case(b"connection") => return self.see_connection(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => return self.see_content_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                return self.see_transfer_encoding(value);
            }
            _ => {}
        }
        Ok(())
    }

    fn see_host(&mut self, value: &'a [u8]) -> Result<(), Refusal> {
        match self.host.replace(value) {
            None => Ok(()),
            Some(_) => Err(Refusal::HostRepeated),
        }
    }

    /// RFC 9110 §8.6. Identical repetitions may be taken by that section; here they are refused, since a list is
    /// where parsers differ.
    fn see_content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let length = decimal(value).ok_or(Refusal::ContentLengthMalformed)?;
        match self.content_length.replace(length) {
            None => Ok(()),
            Some(_) => Err(Refusal::ContentLengthRepeated),
        }
    }

    /// RFC 9112 §6.1. Several lines count as one list.
    fn see_transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for coding in value.split(|&b| b == b',').map(trim_ows) {
            let name = coding.split(|&b| b == b';').next().map_or(coding, trim_ows);
            if name.is_empty() || !name.iter().all(|&b| is_token_octet(b)) {
                return Err(Refusal::TransferEncodingMalformed);
            }
            let is_chunked = name.eq_ignore_ascii_case(b"chunked");
            self.codings = match (self.codings, is_chunked) {
                // RFC 9112 §7.1: chunked has no parameters and is applied once, last.
                (_, true) if name.len() != coding.len() => return Err(Refusal::TransferEncodingMalformed),
                (Codings::Chunked | Codings::OthersThenChunked, _) => {
                    return Err(Refusal::TransferEncodingMalformed);
                }
                (Codings::Absent, true) => Codings::Chunked,
                (Codings::Others, true) => Codings::OthersThenChunked,
                (_, false) => Codings::Others,
            };
        }
        Ok(())
    }

    /// RFC 9110 §7.6.1. Members may be empty.
    fn see_connection(&mut self, value: &[u8]) -> Result<(), Refusal> {
        for option in value.split(|&b| b == b',').map(trim_ows) {
            match option.len() {
                5 if option.eq_ignore_ascii_case(b"close") => self.close = true,
                10 if option.eq_ignore_ascii_case(b"keep-alive") => self.keep_alive = true,
                7 if option.eq_ignore_ascii_case(b"upgrade") => self.upgrade_option = true,
                _ if option.iter().all(|&b| is_token_octet(b)) => {}
                _ => return Err(Refusal::ConnectionMalformed),
            }
        }
        Ok(())
    }

    fn see_expect(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if !value.eq_ignore_ascii_case(b"100-continue") {
            return Err(Refusal::ExpectationUnknown);
        }
        self.expect_continue = true;
        Ok(())
    }

    /// RFC 9110 §10.1.4: whether trailers are welcome.
    fn see_te(&mut self, value: &[u8]) {
        self.te_trailers |=
            value.split(|&b| b == b',').any(|m| trim_ows(m).eq_ignore_ascii_case(b"trailers"));
    }

    /// What the fields amount to, all of them seen.
    pub(crate) fn judge(self, version: Version) -> Result<Governed<'a>, Refusal> {
        let is_11 = version == Version::Http11;
        let framing = self.framing(version)?;
        let has_body = !matches!(framing, RequestFraming::None | RequestFraming::Length(0));
        Ok(Governed {
            framing,
            keep_alive: !self.close && (is_11 || self.keep_alive),
            upgrade: self.upgrade.filter(|_| is_11 && self.upgrade_option && !self.upgrade_repeated),
            // RFC 9110 §10.1.1: ignored in HTTP/1.0, pointless without a body.
            expect_continue: self.expect_continue && is_11 && has_body,
            te_trailers: self.te_trailers && is_11,
        })
    }

    fn framing(&self, version: Version) -> Result<RequestFraming, Refusal> {
        match (self.codings, self.content_length) {
            (Codings::Absent, None) => Ok(RequestFraming::None),
            (Codings::Absent, Some(length)) => Ok(RequestFraming::Length(length)),
            (_, Some(_)) => Err(Refusal::BothLengths),
            _ if version == Version::Http10 => Err(Refusal::TransferEncodingIn10),
            (Codings::Chunked, None) => Ok(RequestFraming::Chunked),
            (Codings::OthersThenChunked, None) => Err(Refusal::TransferEncodingUnknown),
            (Codings::Others, None) => Err(Refusal::TransferEncodingMalformed),
        }
    }
}

/// Digits and nothing else, up to 2⁶³ − 1: beyond, some parsers see a negative number. No more than 19 of them:
/// endless zeros in front are nobody's length.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number = digits.iter().fold(0u64, |number, b| number * 10 + u64::from(b - b'0'));
    (number <= i64::MAX as u64).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::decimal;

    #[test]
    fn lengths_are_digits_below_two_to_the_63() {
        assert_eq!(decimal(b"0"), Some(0));
        assert_eq!(decimal(b"007"), Some(7));
        assert_eq!(decimal(b"9223372036854775807"), Some(i64::MAX as u64));
        for wrong in [
            "",
            "9223372036854775808",
            "00000000000000000001",
            "+1",
            "-1",
            "1 ",
            "0x1",
            "1,1",
            "1.0",
            "\u{661}",
        ] {
            assert_eq!(decimal(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
