//! Structured field dictionaries (RFC 9651, earlier RFC 8941), as far as targeted cache control needs them.
//!
//! The whole grammar of a dictionary is checked, since one error makes the field void; only the kinds of value that
//! directives use are kept apart. Parameters and the members of inner lists are checked and dropped.

/// A member's value.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Value {
    /// An integer of at most 15 digits.
    Integer(i64),
    /// A boolean; a key without a value is true.
    Boolean(bool),
    /// A string, escapes resolved.
    String(Box<[u8]>),
    /// A token.
    Token(Box<[u8]>),
    /// Anything else that is well formed: decimal, byte sequence, date, display string, inner list.
    Other,
}

/// A dictionary: keys in order of first appearance; a repeated key keeps its place and takes the last value.
pub type Dictionary = Vec<(Box<[u8]>, Value)>;

/// Most members read from one field; more make it void.
const MEMBERS_MAX: usize = 64;

/// The dictionary that `value` (all lines joined by commas) holds; `None` if it is not one. Empty is well formed.
pub fn dictionary(value: &[u8]) -> Option<Dictionary> {
    let mut input = Input(value);
    let mut members: Dictionary = Vec::new();
    input.skip(b" ");
    while !input.0.is_empty() {
        let key: Box<[u8]> = input.key()?.into();
        let value = if input.take(b'=') { input.item_or_inner_list()? } else { Value::Boolean(true) };
        input.parameters()?;
        match members.iter().position(|(known, _)| *known == key) {
            Some(place) => members[place].1 = value,
            None if members.len() == MEMBERS_MAX => return None,
            None => members.push((key, value)),
        }
        input.skip(b" \t");
        if input.0.is_empty() {
            break;
        }
        if !input.take(b',') {
            return None;
        }
        input.skip(b" \t");
        if input.0.is_empty() {
            return None;
        }
    }
    Some(members)
}

struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    fn peek(&self) -> Option<u8> {
        self.0.first().copied()
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        if found {
            self.0 = &self.0[1..];
        }
        found
    }

    fn skip(&mut self, set: &[u8]) {
        while self.peek().is_some_and(|b| set.contains(&b)) {
            self.0 = &self.0[1..];
        }
    }

    fn take_while(&mut self, accept: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.0.iter().position(|&b| !accept(b)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    /// RFC 9651 §4.2.3.3
    fn key(&mut self) -> Option<&'a [u8]> {
        if !self.peek().is_some_and(|b| b.is_ascii_lowercase() || b == b'*') {
            return None;
        }
        Some(self.take_while(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'_' | b'-' | b'.' | b'*')
        }))
    }

    /// RFC 9651 §4.2.3.2
    fn parameters(&mut self) -> Option<()> {
        while self.take(b';') {
            self.skip(b" ");
            self.key()?;
            if self.take(b'=') {
                self.bare_item()?;
            }
        }
        Some(())
    }

    fn item_or_inner_list(&mut self) -> Option<Value> {
        if self.peek() != Some(b'(') {
            return self.bare_item();
        }
        self.take(b'(');
        loop {
            self.skip(b" ");
            if self.take(b')') {
                return Some(Value::Other);
            }
            self.bare_item()?;
            self.parameters()?;
            if !matches!(self.peek(), Some(b' ' | b')')) {
                return None;
            }
        }
    }

    /// RFC 9651 §4.2.3.1
    fn bare_item(&mut self) -> Option<Value> {
        match self.peek()? {
            b'-' | b'0'..=b'9' => self.number(),
            b'"' => self.string().map(|text| Value::String(text.into())),
            b'*' | b'A'..=b'Z' | b'a'..=b'z' => {
                let token = self.take_while(|b| crate::list::is_tchar(b) || matches!(b, b':' | b'/'));
                Some(Value::Token(token.into()))
            }
            b':' => self.byte_sequence(),
            b'?' => self.boolean(),
            b'@' => self.date(),
            b'%' => self.display_string(),
            _ => None,
        }
    }

    fn number(&mut self) -> Option<Value> {
        let negative = self.take(b'-');
        let whole = self.take_while(|b| b.is_ascii_digit());
        if whole.is_empty() {
            return None;
        }
        if self.take(b'.') {
            let fraction = self.take_while(|b| b.is_ascii_digit());
            let fits = whole.len() <= 12 && (1..=3).contains(&fraction.len());
            return fits.then_some(Value::Other);
        }
        if whole.len() > 15 {
            return None;
        }
        let number = whole.iter().fold(0_i64, |sum, digit| sum * 10 + i64::from(digit - b'0'));
        Some(Value::Integer(if negative { -number } else { number }))
    }

    fn string(&mut self) -> Option<Vec<u8>> {
        self.take(b'"');
        let mut text = Vec::new();
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => return Some(text),
                b'\\' => {
                    let (&escaped, rest) = self.0.split_first()?;
                    if !matches!(escaped, b'"' | b'\\') {
                        return None;
                    }
                    self.0 = rest;
                    text.push(escaped);
                }
                0x20..=0x7e => text.push(byte),
                _ => return None,
            }
        }
    }

    fn byte_sequence(&mut self) -> Option<Value> {
        self.take(b':');
        self.take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'='));
        self.take(b':').then_some(Value::Other)
    }

    fn boolean(&mut self) -> Option<Value> {
        self.take(b'?');
        if self.take(b'1') {
            Some(Value::Boolean(true))
        } else {
            self.take(b'0').then_some(Value::Boolean(false))
        }
    }

    fn date(&mut self) -> Option<Value> {
        self.take(b'@');
        matches!(self.number()?, Value::Integer(_)).then_some(Value::Other)
    }

    fn display_string(&mut self) -> Option<Value> {
        self.take(b'%');
        if !self.take(b'"') {
            return None;
        }
        loop {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            match byte {
                b'"' => return Some(Value::Other),
                b'%' => {
                    let (escaped, rest) = self.0.split_at_checked(2)?;
                    if !escaped.iter().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
                        return None;
                    }
                    self.0 = rest;
                }
                0x20..=0x7e => {}
                _ => return None,
            }
        }
    }
}
