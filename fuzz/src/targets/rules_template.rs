//! Templates and rewrites. The input is lines: a template, a prefix, a regular expression, a path, a query.

use super::rules_filter::check;
use littoral_rules::{Rewrite, RewriteMistake, RewriteText, Scope, Subject, Template, Variables};

/// Panics when a mistake points outside its text, or what is written can end a line or differs from what it should be.
pub fn run(input: &[u8]) {
    let mut lines = input.splitn(5, |&byte| byte == b'\n');
    let mut text = || std::str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let (template, prefix, regex) = (text(), text(), text());
    let path = [b"/", lines.next().unwrap_or_default()].concat();
    let mut subject = Subject::new(b"a.example", &path, b"GET");
    subject.query = lines.next();
    let scope = Scope { request_id: b"\r\n\0", ..Scope::new(subject) };
    match Template::parse(template, Variables::REQUEST.with_captures(9)) {
        Ok(compiled) => {
            let mut out = Vec::new();
            compiled.render(&scope, &mut out);
            assert!(!out.iter().any(|byte| matches!(byte, b'\r' | b'\n' | 0)), "{template}");
            assert!(out.starts_with(compiled.literal_prefix().as_bytes()), "{template}");
            assert!(compiled.as_literal().is_none_or(|literal| literal.as_bytes() == out), "{template}");
        }
        Err(mistakes) => check(template, &mistakes),
    }
    for (from, rewrite) in [
        (prefix, Rewrite::prefix(prefix, template, Variables::REQUEST)),
        (regex, Rewrite::regex(regex, template, Variables::REQUEST)),
        ("", Rewrite::whole(template, Variables::REQUEST)),
    ] {
        match rewrite {
            Ok(rewrite) => {
                let mut out = Vec::new();
                let applies = rewrite.apply(&scope, &mut out);
                assert_eq!(applies, rewrite.matches(&path), "{from}");
                assert!(applies || out.is_empty(), "{from}");
            }
            Err(mistakes) => mistakes.iter().for_each(|RewriteMistake { text, mistake }| {
                let text = if *text == RewriteText::From { from } else { template };
                check(text, std::slice::from_ref(mistake));
            }),
        }
    }
}
