//! Templates as they are written: `${name}`, `$$`, and text.

use super::{Part, Variable, Variables};
use crate::mistake::{MISTAKES_MAX, TextMistake, nearest};
use crate::names::is_token;
use std::ops::Range;

/// Longest template. 4 KiB.
pub const TEMPLATE_BYTES_MAX: usize = 4096;
/// Most variables of one template. 64.
pub const VARIABLES_MAX: usize = 64;

const PLAIN: [(&str, Variable); 12] = [
    ("host", Variable::Host),
    ("path", Variable::Path),
    ("query", Variable::Query),
    ("method", Variable::Method),
    ("scheme", Variable::Scheme),
    ("protocol", Variable::Protocol),
    ("client.ip", Variable::Client),
    ("country", Variable::Country),
    ("request.id", Variable::RequestId),
    ("node", Variable::Node),
    ("site", Variable::Site),
    ("behavior", Variable::Behavior),
];
const OF_THE_ANSWER: [(&str, Variable); 2] = [("status", Variable::Status), ("cache", Variable::Cache)];

/// What users of other servers write, and what it is called here.
const FOREIGN: [(&str, &str); 18] = [
    ("uri", "${path}"),
    ("request_uri", "${path}${query}"),
    ("url", "${scheme}://${host}${path}${query}"),
    ("args", "${query}"),
    ("query_string", "${query}"),
    ("is_args", "${query}"),
    ("ip", "${client.ip}"),
    ("client_ip", "${client.ip}"),
    ("remote_addr", "${client.ip}"),
    ("http_host", "${host}"),
    ("request_method", "${method}"),
    ("request_id", "${request.id}"),
    ("server_protocol", "${protocol}"),
    ("server_name", "${host}"),
    ("hostname", "${node}"),
    ("user_agent", "${header.user-agent}"),
    ("referer", "${header.referer}"),
    ("upstream_cache_status", "${cache}"),
];

/// The parts of `text`, neighbouring literals joined, or its mistakes.
pub(super) fn parts(text: &str, which: Variables) -> Result<Vec<Part>, Vec<TextMistake>> {
    let mut parser = Parser { text, which, literal: String::new(), parts: Vec::new(), mistakes: Vec::new() };
    parser.run();
    if parser.mistakes.is_empty() { Ok(parser.parts) } else { Err(parser.mistakes) }
}

struct Parser<'t> {
    text: &'t str,
    which: Variables,
    literal: String,
    parts: Vec<Part>,
    mistakes: Vec<TextMistake>,
}

impl Parser<'_> {
    fn run(&mut self) {
        let text = self.text;
        if text.len() > TEMPLATE_BYTES_MAX {
            let message = format!("the text is longer than {TEMPLATE_BYTES_MAX} bytes");
            return self.mistakes.push(TextMistake::new(0..text.len(), message, "too long"));
        }
        let mut at = 0;
        while let Some(letter) = text[at..].chars().next() {
            if self.mistakes.len() == MISTAKES_MAX {
                return;
            }
            at = match letter {
                '$' => self.dollar(at),
                '\0'..='\x1f' | '\x7f' => self.control(at),
                _ => {
                    self.literal.push(letter);
                    at + letter.len_utf8()
                }
            };
        }
        self.end_literal();
        if self.parts.iter().filter(|part| matches!(part, Part::Variable(_))).count() > VARIABLES_MAX {
            let message = format!("the text has more than {VARIABLES_MAX} variables");
            self.mistakes.push(TextMistake::new(0..text.len(), message, "too many"));
        }
    }

    /// What stands at a `$`; where it goes on.
    fn dollar(&mut self, at: usize) -> usize {
        let behind = &self.text[at + 1..];
        if behind.starts_with('$') {
            self.literal.push('$');
            return at + 2;
        }
        let Some(inner) = behind.strip_prefix('{') else {
            return self.lone_dollar(at);
        };
        let Some(length) = inner.find('}') else {
            let mistake =
                TextMistake::new(at..self.text.len(), "a variable has no end", "no `}` behind this");
            self.mistakes.push(mistake.hint("variables are written `${name}`; a dollar is `$$`"));
            return self.text.len();
        };
        let name = &inner[..length];
        let end = at + 2 + length + 1;
        match self.variable(name, at..end) {
            Ok(variable) => {
                self.end_literal();
                self.parts.push(Part::Variable(variable));
            }
            Err(mistake) => self.mistakes.push(mistake),
        }
        end
    }

    fn lone_dollar(&mut self, at: usize) -> usize {
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || *b == b'_';
        let name = &self.text[at + 1..];
        let length = name.bytes().take_while(|b| is_name(b)).count();
        let name = &name[..length];
        let mistake =
            TextMistake::new(at..at + 1 + length, "a `$` without `{`", "neither variable nor dollar");
        self.mistakes.push(mistake.hint(if name.is_empty() {
            "a dollar is written `$$`".to_owned()
        } else {
            let meant = foreign(name).unwrap_or_else(|| format!("${{{name}}}"));
            format!("a variable is written `{meant}`, a dollar `$$`")
        }));
        at + 1 + length
    }

    fn control(&mut self, at: usize) -> usize {
        let mistake = TextMistake::new(at..at + 1, "the text has a control character", "not allowed");
        self.mistakes.push(mistake.hint("line ends, tabs and the like have no place in URLs and values"));
        at + 1
    }

    fn end_literal(&mut self) {
        if !self.literal.is_empty() {
            self.parts.push(Part::Literal(std::mem::take(&mut self.literal).into()));
        }
    }

    fn variable(&self, name: &str, span: Range<usize>) -> Result<Variable, TextMistake> {
        let known = PLAIN.iter().chain(&OF_THE_ANSWER).find(|(known, _)| *known == name);
        if let Some((_, variable)) = known {
            return if self.which.response || !OF_THE_ANSWER.iter().any(|(answer, _)| *answer == name) {
                Ok(variable.clone())
            } else {
                Err(no_answer_yet(name, span))
            };
        }
        if !name.is_empty() && name.bytes().all(|b| b.is_ascii_digit()) {
            return self.capture(name, span);
        }
        match name.split_once('.') {
            Some(("header", field)) => Ok(Variable::Header(field_name(field, span)?)),
            Some(("cookie", cookie)) if is_token(cookie) => Ok(Variable::Cookie(cookie.into())),
            Some(("cookie", _)) => Err(TextMistake::new(span, "this is not the name of a cookie", "no name")),
            Some(("query", parameter)) if !parameter.is_empty() && !parameter.contains(['&', '=', '#']) => {
                Ok(Variable::Parameter(parameter.into()))
            }
            Some(("query", _)) => {
                Err(TextMistake::new(span, "this is not the name of a parameter", "no name"))
            }
            Some(("response", rest)) if rest.starts_with("header.") => {
                let field = field_name(&rest["header.".len()..], span.clone())?;
                if self.which.response {
                    Ok(Variable::ResponseHeader(field))
                } else {
                    Err(no_answer_yet(name, span))
                }
            }
            _ => Err(self.unknown(name, span)),
        }
    }

    fn capture(&self, name: &str, span: Range<usize>) -> Result<Variable, TextMistake> {
        let captures = self.which.captures;
        match name.parse() {
            Ok(number) if (1..=captures).contains(&number) && !name.starts_with('0') => {
                Ok(Variable::Capture(number))
            }
            _ => {
                let mistake = TextMistake::new(span, format!("there is no group `${{{name}}}`"), "not there");
                Err(mistake.hint(match captures {
                    0 => "groups are those of a `regex` beside this text, or the rest behind a `prefix`"
                        .to_owned(),
                    1 => "there is one: `${1}`".to_owned(),
                    _ => format!("there are `${{1}}` to `${{{captures}}}`"),
                }))
            }
        }
    }

    fn unknown(&self, name: &str, span: Range<usize>) -> TextMistake {
        let mistake = TextMistake::new(span, format!("there is no variable `{name}`"), "not defined");
        let names = PLAIN.iter().chain(&OF_THE_ANSWER).map(|(known, _)| *known);
        let forms = ["header.NAME", "cookie.NAME", "query.NAME", "response.header.NAME"];
        if let Some(meant) = foreign(name) {
            return mistake.hint(format!("write `{meant}`"));
        }
        if let Some((kind, rest)) = name.split_once('.')
            && let Some(form) = nearest(kind, ["header", "cookie", "query"])
        {
            return mistake.hint(format!("did you mean `${{{form}.{rest}}}`?"));
        }
        match nearest(name, names) {
            Some(near) => mistake.hint(format!("did you mean `${{{near}}}`?")),
            None => {
                let all: Vec<&str> = PLAIN.iter().map(|(known, _)| *known).chain(forms).collect();
                mistake.hint(format!("variables are {}", all.join(", ")))
            }
        }
    }
}

fn no_answer_yet(name: &str, span: Range<usize>) -> TextMistake {
    TextMistake::new(span, format!("`{name}` is of the answer, which is not there yet"), "only for responses")
}

fn field_name(name: &str, span: Range<usize>) -> Result<Box<str>, TextMistake> {
    if is_token(name) {
        return Ok(name.to_ascii_lowercase().into());
    }
    Err(TextMistake::new(span, "this is not the name of a header field", "no name"))
}

fn foreign(name: &str) -> Option<String> {
    let lower = name.to_ascii_lowercase();
    if let Some((_, meant)) = FOREIGN.iter().find(|(known, _)| *known == lower) {
        return Some((*meant).to_owned());
    }
    let prefixed =
        [("http_", "header"), ("cookie_", "cookie"), ("arg_", "query"), ("sent_http_", "response.header")];
    let (prefix, form) =
        prefixed.iter().find(|(prefix, _)| lower.starts_with(prefix) && lower.len() > prefix.len())?;
    let rest = &lower[prefix.len()..];
    let rest = if form.ends_with("header") { rest.replace('_', "-") } else { rest.to_owned() };
    Some(format!("${{{form}.{rest}}}"))
}
