//! The secret that administration over TCP asks for.
//!
//! Loopback is no exception: every local user and every web page in a browser reaches it.

use std::fmt;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::{self, Read};
use std::path::Path;

use crate::data;

/// Random bytes in a token that we make.
const BYTES: usize = 32;
/// Fewest characters of a token that an operator gives.
const CHARACTERS_MIN: usize = 16;

/// A bearer token (RFC 6750). Shown nowhere, also not by `Debug`.
#[derive(Clone)]
pub(crate) struct Token(Box<str>);

impl Token {
    /// A token that the operator gives.
    pub(crate) fn given(text: &str) -> Result<Token, String> {
        let text = text.trim();
        match text.chars().count() {
            n if n < CHARACTERS_MIN => Err(format!(
                "the administration token has {n} characters, at least {CHARACTERS_MIN} are needed"
            )),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => {
                Err("the administration token holds characters other than visible ASCII".to_owned())
            }
            _ => Ok(Token(text.into())),
        }
    }

    /// The token kept in `file`, made on first use, readable by the node's own user only.
    pub(crate) fn kept_in(file: &Path) -> io::Result<Token> {
        match fs::read_to_string(file) {
            Ok(text) => Token::given(&text).map_err(|why| io::Error::new(io::ErrorKind::InvalidData, why)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let mut random = [0; BYTES];
                File::open("/dev/urandom")?.read_exact(&mut random)?;
                let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
                data::write_secret(file, &format!("{token}\n"))?;
                Ok(Token(token.into()))
            }
            Err(error) => Err(error),
        }
    }

    /// Whether an `Authorization` value carries this token. Takes as long for a wrong token as for a
    /// right one of the same length.
    pub(super) fn admits(&self, authorization: &[u8]) -> bool {
        let Some((scheme, offered)) = authorization.split_at_checked(7) else { return false };
        let own = self.0.as_bytes();
        let difference = offered.iter().zip(own).fold(0, |sum, (a, b)| sum | black_box(a ^ b));
        scheme.eq_ignore_ascii_case(b"Bearer ") && offered.len() == own.len() && difference == 0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_token_behind_its_scheme_is_admitted() {
        let token = Token::given("0123456789abcdef\n").expect("long enough");
        assert!(token.admits(b"Bearer 0123456789abcdef"));
        assert!(token.admits(b"bearer 0123456789abcdef"));
        for wrong in
            ["", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdeff", "Basic 0123456789abcdef"]
        {
            assert!(!token.admits(wrong.as_bytes()), "{wrong}");
        }
    }

    #[test]
    fn a_weak_token_is_refused() {
        assert!(Token::given("short").is_err());
        assert!(Token::given("with a blank in the middle").is_err());
    }
}
