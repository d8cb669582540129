//! Rust source told apart into code, comments and literals, byte by byte.
//!
//! Just enough of the language that a check does not take a word in a string for an identifier. It knows
//! nothing of grammar; macros and attributes are code.

use crate::workspace::TextFile;

#[derive(Copy, Clone, PartialEq, Eq)]
enum Class {
    Code,
    Comment,
    Literal,
}

/// A file with its three views. Each view has the length and the lines of the file; what does not belong
/// to it is blank.
pub struct Source<'a> {
    /// The file.
    pub file: &'a TextFile,
    /// Code alone.
    pub code: String,
    /// Comments alone.
    pub comments: String,
    /// Contents of string and character literals alone.
    pub literals: String,
    /// Index of the line at which the file's test module begins; `usize::MAX` if it has none.
    tests_from: usize,
}

impl<'a> Source<'a> {
    /// Tells `file` apart.
    pub fn lex(file: &'a TextFile) -> Source<'a> {
        let classes = classify(file.text.as_bytes());
        let code = view(&file.text, &classes, Class::Code);
        let comments = view(&file.text, &classes, Class::Comment);
        let literals = view(&file.text, &classes, Class::Literal);
        let tests_from = test_module_line(&code);
        Source { file, code, comments, literals, tests_from }
    }

    /// Whether line `index` (from 0) belongs to a test.
    pub fn is_test_line(&self, index: usize) -> bool {
        self.is_test_file() || index >= self.tests_from
    }

    /// Whether the whole file belongs to tests.
    pub fn is_test_file(&self) -> bool {
        self.file.path.contains("/tests/") || self.file.path.starts_with("tests/")
    }
}

/// An identifier or keyword in a line of code.
#[derive(Copy, Clone, Debug)]
pub struct Word<'a> {
    /// The word.
    pub text: &'a str,
    /// What stands before it in the line.
    pub before: &'a str,
    /// What stands after it in the line.
    pub after: &'a str,
}

/// The identifiers and keywords of one line of a `code` view.
pub fn words(line: &str) -> impl Iterator<Item = Word<'_>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + line[at..].find(|c: char| c.is_ascii_alphabetic() || c == '_')?;
        let tail = &line[start..];
        let length = tail.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(tail.len());
        at = start + length;
        Some(Word { text: &line[start..at], before: &line[..start], after: &line[at..] })
    })
}

fn view(text: &str, classes: &[Class], wanted: Class) -> String {
    let blank = |(index, c): (usize, char)| match c {
        '\n' => '\n',
        c if classes[index] == wanted => c,
        _ => ' ',
    };
    text.char_indices().map(blank).collect()
}

fn classify(text: &[u8]) -> Vec<Class> {
    let mut classes = vec![Class::Code; text.len()];
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let previous = at.checked_sub(1).map_or(b' ', |index| text[index]);
        let (class, length) = if rest.starts_with(b"//") {
            (Class::Comment, rest.iter().position(|&b| b == b'\n').unwrap_or(rest.len()))
        } else if rest.starts_with(b"/*") {
            (Class::Comment, block_comment(rest))
        } else if let Some(length) = raw_string(rest, previous) {
            (Class::Literal, length)
        } else if rest[0] == b'"' {
            (Class::Literal, quoted(rest, b'"'))
        } else if rest[0] == b'\'' {
            character(rest)
        } else {
            (Class::Code, 1)
        };
        classes[at..at + length].fill(class);
        at += length;
    }
    classes
}

fn block_comment(rest: &[u8]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        if rest[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    rest.len()
}

/// Length of a raw string that begins here, from its `r`.
fn raw_string(rest: &[u8], previous: u8) -> Option<usize> {
    let inside_word = previous.is_ascii_alphanumeric() && previous != b'b' && previous != b'c';
    if rest[0] != b'r' || inside_word || previous == b'_' {
        return None;
    }
    let hashes = rest[1..].iter().take_while(|&&b| b == b'#').count();
    if rest.get(1 + hashes) != Some(&b'"') {
        return None;
    }
    let body = 2 + hashes;
    let mut end = vec![b'"'];
    end.resize(1 + hashes, b'#');
    let closes = rest[body..].windows(end.len()).position(|window| window == end);
    Some(closes.map_or(rest.len(), |index| body + index + end.len()))
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            b'\\' => at += 2,
            b if b == quote => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// A character literal, or the tick of a lifetime.
fn character(rest: &[u8]) -> (Class, usize) {
    let width = match rest.get(1) {
        Some(b'\\') => return (Class::Literal, quoted(rest, b'\'')),
        Some(0xF0..) => 4,
        Some(0xE0..) => 3,
        Some(0xC0..) => 2,
        _ => 1,
    };
    if rest.get(1 + width) == Some(&b'\'') { (Class::Literal, 2 + width) } else { (Class::Code, 1) }
}

/// The line of `#[cfg(test)]` that stands over a module with a body; tests come last in a file.
fn test_module_line(code: &str) -> usize {
    let lines: Vec<&str> = code.lines().collect();
    let opens = |index: usize| {
        let next = lines.get(index + 1..).unwrap_or_default().iter().find(|l| !l.trim().starts_with('#'));
        lines[index].trim() == "#[cfg(test)]"
            && next.is_some_and(|line| line.trim().starts_with("mod ") && line.contains('{'))
    };
    (0..lines.len()).find(|&index| opens(index)).unwrap_or(usize::MAX)
}
