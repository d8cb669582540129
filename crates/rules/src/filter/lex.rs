//! Tokens of conditions.

use crate::mistake::TextMistake;
use std::borrow::Cow;
use std::ops::Range;

/// A token and its place.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) kind: Kind<'t>,
    pub(super) span: Range<usize>,
}

#[derive(Clone, PartialEq, Debug)]
pub(super) enum Kind<'t> {
    /// Fields, functions, named operators, numbers, addresses and ranges of addresses: a run of the letters that
    /// these have.
    Word(&'t str),
    /// A string, its escapes resolved, and where its text begins if it has no escapes.
    Text(Cow<'t, str>, Option<usize>),
    /// `==`, `{`, `(`, …
    Sign(&'static str),
    End,
}

/// Longest first: `==` must not be read as two of something.
const SIGNS: [&str; 18] =
    ["==", "!=", "<=", ">=", "&&", "||", "^^", "(", ")", "[", "]", "{", "}", ",", "<", ">", "!", "~"];

/// What other languages write, and what is meant by it here.
const FOREIGN_SIGNS: [(&str, &str); 11] = [
    ("===", "`==`"),
    ("!==", "`!=`"),
    ("=~", "`~`"),
    ("!~", "`not FIELD ~ \"…\"`"),
    ("<>", "`!=`"),
    ("=", "`==`"),
    ("&", "`and` or `&&`"),
    ("|", "`or` or `||`"),
    ("^", "`xor` or `^^`"),
    ("#", "no comments: an expression has none"),
    ("//", "no comments: an expression has none"),
];

/// The tokens of `text`, the last of which is [`Kind::End`].
pub(super) fn tokens(text: &str) -> Result<Vec<Token<'_>>, TextMistake> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(letter) = text[at..].chars().next() {
        if letter.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let token = token(text, at, letter)?;
        at = token.span.end;
        tokens.push(token);
    }
    tokens.push(Token { kind: Kind::End, span: at..at });
    Ok(tokens)
}

fn token(text: &str, at: usize, letter: char) -> Result<Token<'_>, TextMistake> {
    let rest = &text[at..];
    if letter == '"' {
        return quoted(text, at);
    }
    if letter == 'r' && matches!(rest.as_bytes().get(1), Some(b'"' | b'#')) {
        return raw(text, at);
    }
    let foreign =
        FOREIGN_SIGNS.iter().filter(|(sign, _)| rest.starts_with(sign)).max_by_key(|(sign, _)| sign.len());
    let sign = SIGNS.iter().find(|sign| rest.starts_with(**sign));
    if let Some((wrong, meant)) = foreign
        && sign.is_none_or(|sign| sign.len() < wrong.len())
    {
        let span = at..at + wrong.len();
        let mistake = TextMistake::new(span, format!("`{wrong}` means nothing here"), "no operator");
        let meant = if meant.starts_with('`') { format!("write {meant}") } else { (*meant).to_owned() };
        return Err(mistake.hint(meant));
    }
    if let Some(sign) = sign {
        return Ok(Token { kind: Kind::Sign(sign), span: at..at + sign.len() });
    }
    let length = rest.bytes().take_while(|b| is_word(*b)).count();
    if length > 0 {
        return Ok(Token { kind: Kind::Word(&rest[..length]), span: at..at + length });
    }
    Err(no_token(text, at, letter))
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_.:/-%".contains(&byte)
}

fn no_token(text: &str, at: usize, letter: char) -> TextMistake {
    let span = at..at + letter.len_utf8();
    match letter {
        '\'' => {
            let end = text[at + 1..].find('\'').map_or(text.len(), |length| at + length + 2);
            let mistake = TextMistake::new(at..end, "strings stand in double quotes", "single quotes");
            mistake.hint(format!("write `\"{}\"`", text[at + 1..end].trim_end_matches('\'')))
        }
        '$' => {
            let length = text[at + 1..].bytes().take_while(|b| is_word(*b) || b"{}".contains(b)).count();
            let mistake = TextMistake::new(at..at + 1 + length, "fields have no `$`", "no field");
            mistake.hint(
                "write `host`, `path`, `header[\"…\"]`; `${…}` is for the texts of redirects and values",
            )
        }
        '“' | '”' | '„' => {
            TextMistake::new(span, "strings stand in straight double quotes", "a typographic quote")
                .hint("write `\"`")
        }
        _ => TextMistake::new(span, format!("`{}` means nothing here", letter.escape_debug()), "unexpected"),
    }
}

/// `"…"` with `\"` and `\\`.
fn quoted(text: &str, at: usize) -> Result<Token<'_>, TextMistake> {
    let start = at + 1;
    let mut resolved: Option<String> = None;
    let mut letters = text[start..].char_indices();
    while let Some((offset, letter)) = letters.next() {
        let here = start + offset;
        match letter {
            '"' => {
                let span = at..here + 1;
                let kind = match resolved {
                    Some(resolved) => Kind::Text(Cow::Owned(resolved), None),
                    None => Kind::Text(Cow::Borrowed(&text[start..here]), Some(start)),
                };
                return Ok(Token { kind, span });
            }
            '\\' => {
                let resolved = resolved.get_or_insert_with(|| text[start..here].to_owned());
                match letters.next() {
                    Some((_, escaped @ ('"' | '\\'))) => resolved.push(escaped),
                    Some((_, other)) => return Err(bad_escape(text, at, here, other)),
                    None => break,
                }
            }
            other => {
                if let Some(resolved) = &mut resolved {
                    resolved.push(other);
                }
            }
        }
    }
    Err(TextMistake::new(at..text.len(), "a string has no end", "no `\"` behind this"))
}

fn bad_escape(text: &str, at: usize, here: usize, other: char) -> TextMistake {
    let span = here..here + 1 + other.len_utf8();
    let mistake =
        TextMistake::new(span, format!("there is no escape `\\{}`", other.escape_debug()), "not defined");
    let end = text[here + 1..].find('"').map_or(text.len(), |length| here + 1 + length);
    mistake.hint(format!(
        "strings know `\\\"` and `\\\\`; in a raw string backslashes are themselves: `r\"{}\"`",
        &text[at + 1..end]
    ))
}

/// `r"…"`, `r#"…"#`, and so on.
fn raw(text: &str, at: usize) -> Result<Token<'_>, TextMistake> {
    let hashes = text[at + 1..].bytes().take_while(|b| *b == b'#').count();
    let start = at + 1 + hashes;
    if text.as_bytes().get(start) != Some(&b'"') {
        return Err(TextMistake::new(
            at..start,
            "a raw string begins with `r\"` or `r#\"`",
            "no `\"` behind this",
        ));
    }
    let start = start + 1;
    let closing = format!("\"{}", "#".repeat(hashes));
    let Some(length) = text[start..].find(&closing) else {
        let message = format!("no `{closing}` behind this");
        return Err(TextMistake::new(at..text.len(), "a raw string has no end", message));
    };
    let end = start + length;
    let kind = Kind::Text(Cow::Borrowed(&text[start..end]), Some(start));
    Ok(Token { kind, span: at..end + closing.len() })
}
