//! Words that an expression does not know: what was probably meant.

use super::tree::{FIELDS, FUNCTIONS, INDEXED, OPERATORS, Span};
use crate::mistake::{TextMistake, nearest};

/// What users of Cloudflare, nginx, Varnish and HAProxy write, and what it is called here.
const FOREIGN: [(&str, &str); 42] = [
    ("http.host", "host"),
    ("http.request.uri.path", "path"),
    ("http.request.uri.path.extension", "extension"),
    ("http.request.uri.query", "query"),
    ("http.request.uri", "path"),
    ("http.request.full_uri", "path"),
    ("http.request.method", "method"),
    ("http.request.version", "protocol"),
    ("http.request.headers", "header[\"…\"]"),
    ("http.request.uri.args", "query[\"…\"]"),
    ("http.request.cookies", "cookie[\"…\"]"),
    ("http.cookie", "header[\"cookie\"]"),
    ("http.user_agent", "header[\"user-agent\"]"),
    ("http.referer", "header[\"referer\"]"),
    ("http.x_forwarded_for", "header[\"x-forwarded-for\"]"),
    ("ip.src", "ip"),
    ("ip.src.country", "country"),
    ("ip.geoip.country", "country"),
    ("ssl", "scheme == \"https\""),
    ("req.url", "path"),
    ("req.method", "method"),
    ("req.http.host", "host"),
    ("req.http", "header[\"…\"]"),
    ("client.ip", "ip"),
    ("client", "ip"),
    ("address", "ip"),
    ("remote_addr", "ip"),
    ("src", "ip"),
    ("uri", "path"),
    ("url", "path"),
    ("request_uri", "path"),
    ("http_host", "host"),
    ("hostname", "host"),
    ("domain", "host"),
    ("args", "query"),
    ("ext", "extension"),
    ("geo", "country"),
    ("user_agent", "header[\"user-agent\"]"),
    ("referer", "header[\"referer\"]"),
    ("headers", "header[\"…\"]"),
    ("cookies", "cookie[\"…\"]"),
    ("verb", "method"),
];

const FOREIGN_FUNCTIONS: [(&str, &str); 14] = [
    ("startswith", "starts_with(…, \"…\")"),
    ("startsWith", "starts_with(…, \"…\")"),
    ("endswith", "ends_with(…, \"…\")"),
    ("endsWith", "ends_with(…, \"…\")"),
    ("tolower", "lower(…)"),
    ("to_lower", "lower(…)"),
    ("lowercase", "lower(…)"),
    ("length", "len(…)"),
    ("size", "len(…)"),
    ("has", "exists(…)"),
    ("defined", "exists(…)"),
    ("any", "a comparison: of several header lines, any may meet it"),
    ("regex_match", "FIELD matches r\"…\""),
    ("concat", "several comparisons"),
];

const FOREIGN_OPERATORS: [(&str, &str); 18] = [
    ("is", "=="),
    ("equals", "=="),
    ("equal", "=="),
    ("like", "wildcard"),
    ("glob", "wildcard"),
    ("strict", "wildcard"),
    ("match", "matches"),
    ("regex", "matches"),
    ("includes", "contains"),
    ("has", "contains"),
    ("starts_with", "starts_with(FIELD, \"…\")"),
    ("ends_with", "ends_with(FIELD, \"…\")"),
    ("exists", "exists(FIELD)"),
    ("begins", "starts_with(FIELD, \"…\")"),
    ("startswith", "starts_with(FIELD, \"…\")"),
    ("beginswith", "starts_with(FIELD, \"…\")"),
    ("endswith", "ends_with(FIELD, \"…\")"),
    ("ends", "ends_with(FIELD, \"…\")"),
];

fn foreign<'n>(table: &[(&str, &'n str)], name: &str) -> Option<&'n str> {
    table.iter().find(|(known, _)| *known == name).map(|(_, meant)| *meant)
}

pub(super) fn all_fields() -> String {
    let indexed = INDEXED.iter().map(|name| format!("`{name}[\"…\"]`"));
    let plain = FIELDS.iter().map(|name| format!("`{name}`"));
    format!("fields are {}", plain.chain(indexed).collect::<Vec<_>>().join(", "))
}

/// An operator where a field must stand.
pub(super) fn no_operand(name: &str, span: &Span) -> Option<TextMistake> {
    let is_logical = matches!(name, "and" | "or" | "xor");
    if !is_logical && !OPERATORS.iter().any(|(known, _)| *known == name) {
        return None;
    }
    let what = if is_logical { "a condition" } else { "a field" };
    Some(TextMistake::new(span.clone(), format!("before `{name}` {what} must stand"), "nothing before this"))
}

pub(super) fn no_field(name: &str, span: Span) -> TextMistake {
    let mistake = TextMistake::new(span, format!("there is no field `{name}`"), "not defined");
    let is_foreign = foreign(&FOREIGN, &name.to_ascii_lowercase()).is_some();
    if let Some((kind, rest)) = name.split_once('.')
        && let Some(near) = nearest(kind, INDEXED)
        && !is_foreign
    {
        return mistake.hint(format!("write `{near}[\"{rest}\"]`"));
    }
    let near = nearest(name, FIELDS.into_iter().chain(INDEXED).chain(FUNCTIONS));
    mistake.hint(match (foreign(&FOREIGN, &name.to_ascii_lowercase()), near) {
        (Some(meant), _) => format!("write `{meant}`"),
        (None, Some(near)) if FIELDS.contains(&near) => format!("did you mean `{near}`?"),
        (None, Some(near)) if INDEXED.contains(&near) => format!("did you mean `{near}[\"…\"]`?"),
        (None, Some(near)) => format!("did you mean `{near}(…)`?"),
        (None, None) => all_fields(),
    })
}

pub(super) fn not_indexed(name: &str, span: Span) -> TextMistake {
    let mistake = TextMistake::new(span, format!("`{name}` has no names in brackets"), "not indexed");
    let lower = name.to_ascii_lowercase();
    match foreign(&FOREIGN, &lower).or_else(|| nearest(&lower, INDEXED)) {
        Some(meant) => mistake.hint(format!("write `{}[\"…\"]`", meant.trim_end_matches("[\"…\"]"))),
        None => mistake.hint("brackets stand behind `header`, `cookie` and `query`"),
    }
}

pub(super) fn no_function(name: &str, span: Span) -> TextMistake {
    let mistake = TextMistake::new(span, format!("there is no function `{name}`"), "not defined");
    mistake.hint(match (foreign(&FOREIGN_FUNCTIONS, name), nearest(name, FUNCTIONS)) {
        (Some(meant), _) if meant.starts_with("a comparison") => format!("write {meant}"),
        (Some(meant), _) => format!("write `{meant}`"),
        (None, Some(near)) => format!("did you mean `{near}(…)`?"),
        (None, None) => format!("functions are {}", FUNCTIONS.map(|name| format!("`{name}`")).join(", ")),
    })
}

pub(super) fn no_operator(name: &str, written: &str, span: Span) -> TextMistake {
    if name == "not" || name == "!" {
        let mistake = TextMistake::new(span, "`not` stands before the whole comparison", "not here");
        return mistake.hint(format!("write `not {written} …`"));
    }
    let message = format!("behind `{written}` an operator must stand");
    let mistake = TextMistake::new(span, message, "no operator");
    let lower = name.to_ascii_lowercase();
    let known = OPERATORS.iter().map(|(known, _)| *known);
    mistake.hint(match (foreign(&FOREIGN_OPERATORS, &lower), nearest(&lower, known)) {
        (Some(meant), _) => format!("write `{}`", meant.replace("FIELD", written)),
        (None, Some(near)) if !name.is_empty() => format!("did you mean `{near}`?"),
        _ => "operators are `==`, `!=`, `<`, `<=`, `>`, `>=`, `contains`, `matches`, `wildcard` and `in`"
            .to_owned(),
    })
}

pub(super) fn no_connection(word: &str, span: Span) -> TextMistake {
    let message = format!("`{word}` stands where the expression could end");
    let mistake = TextMistake::new(span, message, "unexpected");
    let lower = word.to_ascii_lowercase();
    match nearest(&lower, ["and", "or", "xor"]) {
        Some(near) => mistake.hint(format!("did you mean `{near}`?")),
        None => mistake.hint("connect conditions with `and`, `or` or `xor`"),
    }
}
