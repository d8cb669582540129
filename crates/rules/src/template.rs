//! Texts with variables: `https://${host}${path}${query}`. For redirects, rewrites and values of header rules.
//!
//! Values are written as they came, nothing is escaped; only CR, LF and NUL become a space (RFC 9110 §5.5), so that
//! no value can end a line. What the text becomes (a path, a URL, a field's value) its user judges.

mod parse;

use crate::reads::{Reads, add_name};
use crate::{Scope, Subject, TextMistake};
use std::fmt;
use std::io::Write;

pub use parse::{TEMPLATE_BYTES_MAX, VARIABLES_MAX};

/// Which variables a template may use.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub struct Variables {
    response: bool,
    captures: usize,
}

impl Variables {
    /// Those of a request.
    pub const REQUEST: Variables = Variables { response: false, captures: 0 };
    /// Those of a request and of the answer to it.
    pub const RESPONSE: Variables = Variables { response: true, captures: 0 };

    /// These, and `${1}` to `${captures}`; more than nine count as nine.
    #[must_use]
    pub const fn with_captures(self, captures: usize) -> Variables {
        Variables { captures: if captures > 9 { 9 } else { captures }, ..self }
    }
}

/// A compiled template.
#[derive(Clone, Debug)]
pub struct Template {
    text: Box<str>,
    parts: Box<[Part]>,
    reads: Reads,
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Part {
    Literal(Box<str>),
    Variable(Variable),
}

#[derive(Clone, PartialEq, Eq, Debug)]
enum Variable {
    Host,
    Path,
    Query,
    Method,
    Scheme,
    Protocol,
    Client,
    Country,
    RequestId,
    Node,
    Site,
    Behavior,
    Header(Box<str>),
    Cookie(Box<str>),
    Parameter(Box<str>),
    Capture(usize),
    Status,
    Cache,
    ResponseHeader(Box<str>),
}

impl Template {
    /// Compiles `text`, or says all that is wrong with it.
    pub fn parse(text: &str, which: Variables) -> Result<Template, Vec<TextMistake>> {
        let parts = parse::parts(text, which)?;
        let mut reads = Reads::default();
        for part in &parts {
            if let Part::Variable(variable) = part {
                variable.add_to(&mut reads);
            }
        }
        Ok(Template { text: text.into(), parts: parts.into(), reads })
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What of a request it writes. Node, site, behavior, request id and the answer's own are not in it.
    pub fn reads(&self) -> &Reads {
        &self.reads
    }

    /// The text, when it has no variable.
    pub fn as_literal(&self) -> Option<&str> {
        match &*self.parts {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text before the first variable.
    pub fn literal_prefix(&self) -> &str {
        match self.parts.first() {
            Some(Part::Literal(text)) => text,
            _ => "",
        }
    }

    /// Whether it writes a query of its own: a `?`, or `${query}`. Without, who redirects may want to append the
    /// request's.
    pub fn writes_query(&self) -> bool {
        self.parts.iter().any(|part| match part {
            Part::Literal(text) => text.contains('?'),
            Part::Variable(variable) => *variable == Variable::Query,
        })
    }

    pub(crate) fn writes_capture(&self, number: usize) -> bool {
        self.parts.contains(&Part::Variable(Variable::Capture(number)))
    }

    /// Appends the text to `out`. What is absent is written as nothing. Allocates only where `out` grows.
    pub fn render(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        for part in &self.parts {
            match part {
                Part::Literal(text) => out.extend_from_slice(text.as_bytes()),
                Part::Variable(variable) => variable.render(scope, out),
            }
        }
    }

    /// The same for a URL or a target: what stands behind a `?` that the template wrote is the value of a parameter,
    /// and cannot become a further one.
    pub(crate) fn render_target(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let mut in_query = false;
        for part in &self.parts {
            match part {
                Part::Literal(text) => {
                    in_query |= text.contains('?');
                    out.extend_from_slice(text.as_bytes());
                }
                Part::Variable(variable) if in_query => {
                    let start = out.len();
                    variable.render(scope, out);
                    variable.escape_in_query(out, start);
                }
                Part::Variable(variable) => variable.render(scope, out),
            }
        }
    }

    /// Appends the rest of a path behind what [`render_target`](Self::render_target) wrote.
    pub(crate) fn append_rest(&self, rest: &[u8], out: &mut Vec<u8>) {
        let start = out.len();
        out.extend_from_slice(rest);
        if self.writes_query() {
            Variable::Path.escape_in_query(out, start);
        }
    }
}

impl Variable {
    /// Escapes what has been written from `start` on, as far as it would divide a query. Parts of the path are escaped
    /// already where paths are; fields and cookies may hold anything.
    fn escape_in_query(&self, out: &mut Vec<u8>, start: usize) {
        let divides = |byte: u8| match self {
            Variable::Path | Variable::Capture(_) => matches!(byte, b'&' | b'+' | b'#' | b';'),
            Variable::Header(_) | Variable::Cookie(_) => {
                !(byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
            }
            _ => false,
        };
        if out[start..].iter().any(|&byte| divides(byte)) {
            for byte in out.split_off(start) {
                if divides(byte) {
                    let _ = write!(out, "%{byte:02X}");
                } else {
                    out.push(byte);
                }
            }
        }
    }

    fn render(&self, scope: &Scope<'_>, out: &mut Vec<u8>) {
        let Scope { subject, response, .. } = scope;
        match self {
            Variable::Host => push(subject.host, out),
            Variable::Path => push(subject.path, out),
            Variable::Query => {
                if let Some(query) = subject.query {
                    out.push(b'?');
                    push(query, out);
                }
            }
            Variable::Method => push(subject.method, out),
            Variable::Scheme => push(subject.scheme, out),
            Variable::Protocol => push(subject.protocol, out),
            Variable::Client => write_number(subject.client.to_canonical(), out),
            Variable::Country => out.extend_from_slice(subject.country.as_ref().map_or(&[][..], |name| name)),
            Variable::RequestId => push(scope.request_id, out),
            Variable::Node => push(scope.node, out),
            Variable::Site => push(scope.site, out),
            Variable::Behavior => push(scope.behavior, out),
            Variable::Header(_) | Variable::Cookie(_) | Variable::Parameter(_) => {
                self.render_named(subject, out);
            }
            Variable::Capture(number) => {
                push(scope.captures.and_then(|captures| captures.group(*number)).unwrap_or_default(), out);
            }
            Variable::Status => {
                if let Some(response) = response {
                    write_number(response.status, out);
                }
            }
            Variable::Cache => push(response.map_or(&[][..], |response| response.cache), out),
            Variable::ResponseHeader(name) => {
                if let Some(response) = response {
                    push_lines(|visit| response.headers.any(name.as_bytes(), visit), out);
                }
            }
        }
    }

    fn render_named(&self, subject: &Subject<'_>, out: &mut Vec<u8>) {
        let mut push_first = |value: &[u8]| {
            push(value, out);
            true
        };
        match self {
            Variable::Cookie(name) => {
                subject.any_cookie(name.as_bytes(), &mut push_first);
            }
            Variable::Parameter(name) => {
                subject.any_parameter(name.as_bytes(), &mut push_first);
            }
            Variable::Header(name) => push_lines(|visit| subject.headers.any(name.as_bytes(), visit), out),
            _ => {}
        }
    }

    fn add_to(&self, reads: &mut Reads) {
        match self {
            Variable::Host => reads.host = true,
            Variable::Path | Variable::Capture(_) => reads.path = true,
            Variable::Query => reads.query = true,
            Variable::Method => reads.method = true,
            Variable::Scheme => reads.scheme = true,
            Variable::Protocol => reads.protocol = true,
            Variable::Client => reads.client = true,
            Variable::Country => reads.country = true,
            Variable::Header(name) => add_name(&mut reads.headers, name),
            Variable::Cookie(name) => add_name(&mut reads.cookies, name),
            Variable::Parameter(name) => add_name(&mut reads.parameters, name),
            Variable::RequestId | Variable::Node | Variable::Site | Variable::Behavior => {}
            Variable::Status | Variable::Cache | Variable::ResponseHeader(_) => {}
        }
    }
}

/// Several lines become one list (RFC 9110 §5.3).
fn push_lines(lines: impl FnOnce(&mut dyn FnMut(&[u8]) -> bool) -> bool, out: &mut Vec<u8>) {
    let mut is_first = true;
    lines(&mut |value| {
        if !std::mem::take(&mut is_first) {
            out.extend_from_slice(b", ");
        }
        push(value, out);
        false
    });
}

fn push(value: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(value);
    for byte in &mut out[start..] {
        if matches!(byte, b'\r' | b'\n' | 0) {
            *byte = b' ';
        }
    }
}

fn write_number(number: impl fmt::Display, out: &mut Vec<u8>) {
    // Writing to a vector cannot fail.
    let _ = write!(out, "{number}");
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
