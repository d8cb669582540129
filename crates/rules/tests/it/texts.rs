//! Mistakes in conditions, templates and rewrites: `mistakes.txt` has each text with all that is said about it.
//! `LITTORAL_BLESS=1 cargo test -p littoral-rules` writes what is said now; read the difference before it is committed.

use littoral_rules::{Filter, Rewrite, RewriteText, Template, TextMistake, Variables};
use std::fmt::Write;
use std::path::Path;

fn said(kind: &str, text: &str) -> String {
    let mut out = String::new();
    let both =
        |text: &str| text.split_once(" -> ").map(|(from, to)| (from.to_owned(), to.to_owned())).unwrap();
    match kind {
        "filter" => Filter::parse(text).unwrap_err().iter().for_each(|one| show(&mut out, text, one)),
        "request" => {
            Template::parse(text, Variables::REQUEST)
                .unwrap_err()
                .iter()
                .for_each(|one| show(&mut out, text, one));
        }
        "response" => {
            Template::parse(text, Variables::RESPONSE)
                .unwrap_err()
                .iter()
                .for_each(|one| show(&mut out, text, one));
        }
        "prefix" | "regex" => {
            let (from, to) = both(text);
            let made = match kind {
                "prefix" => Rewrite::prefix(&from, &to, Variables::REQUEST),
                _ => Rewrite::regex(&from, &to, Variables::REQUEST),
            };
            for wrong in made.unwrap_err() {
                show(&mut out, if wrong.text == RewriteText::From { &from } else { &to }, &wrong.mistake);
            }
        }
        other => panic!("{other} is no kind of text"),
    }
    out
}

fn show(out: &mut String, text: &str, mistake: &TextMistake) {
    let TextMistake { span, message, label, hint } = mistake;
    assert!(
        text.is_char_boundary(span.start) && text.is_char_boundary(span.end) && span.start <= span.end,
        "{text}"
    );
    assert!(!span.is_empty() || text.is_empty(), "{text}: nothing to point at: {message}");
    writeln!(out, "  error: {message}").unwrap();
    writeln!(out, "     at: {} ({label})", &text[span.clone()]).unwrap();
    if let Some(hint) = hint {
        writeln!(out, "   hint: {hint}").unwrap();
    }
}

#[test]
fn every_mistake_is_told_with_its_place_and_what_to_do() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/mistakes.txt");
    let expected = std::fs::read_to_string(&path).unwrap();
    let texts = expected.lines().filter(|line| !line.is_empty() && !line.starts_with(' '));
    let mut actual = String::new();
    let mut count = 0;
    for line in texts {
        let (kind, text) = line.split_once(": ").unwrap_or_else(|| panic!("{line}"));
        let accepted = || panic!("{line}: no mistake");
        let said = std::panic::catch_unwind(|| said(kind, text)).unwrap_or_else(|_| accepted());
        writeln!(actual, "{line}\n{said}").unwrap();
        count += 1;
    }
    assert!(count >= 80, "{count}");
    if std::env::var_os("LITTORAL_BLESS").is_some() {
        std::fs::write(&path, &actual).unwrap();
    } else {
        assert_eq!(actual, expected);
    }
}

#[test]
fn limits_are_told_and_one_below_is_let_through() {
    let never = |text: &str| Filter::parse(text).unwrap_err().remove(0).message;
    let long = |len: usize| format!("header[\"x\"] == \"{}\"", "a".repeat(len - 17));
    assert_eq!(
        (long(4096).len(), never(&long(4097))),
        (4096, "the expression is longer than 4096 bytes".into())
    );
    assert!(Filter::parse(&long(4096)).is_ok());

    // Every comparison and every operator between two counts.
    let wide = |comparisons: usize| vec!["true"; comparisons].join("or ").replace("true", "true ");
    assert!(Filter::parse(&wide(128)).is_ok());
    assert_eq!(never(&wide(129)), "the expression has more than 256 comparisons and operators");

    let deep = |levels: usize| format!("{}true{}", "(".repeat(levels), ")".repeat(levels));
    assert!(Filter::parse(&deep(32)).is_ok() && Filter::parse(&format!("{}true", "!".repeat(32))).is_ok());
    assert_eq!(never(&deep(33)), "the expression is nested deeper than 32 levels");
    assert_eq!(never(&format!("{}true", "!".repeat(33))), "the expression is nested deeper than 32 levels");
    assert_eq!(never(&format!("{}path{} == 1", "len(".repeat(33), ")".repeat(33))), never(&deep(33)));

    let regexes = |count: usize| vec!["path~\"x\""; count].join(" or ");
    assert!(Filter::parse(&regexes(32)).is_ok());
    assert_eq!(never(&regexes(33)), "the expression has more than 32 regular expressions");
    let regex = |len: usize| format!("path ~ \"{}\"", "x".repeat(len));
    assert!(Filter::parse(&regex(1024)).is_ok());
    assert_eq!(never(&regex(1025)), "the regular expression is longer than 1024 bytes");
    let repeated = |times: usize| format!("path ~ \"(x{{{times}}}){{{times}}}\"");
    assert!(Filter::parse(&repeated(20)).is_ok());
    assert_eq!(never(&repeated(900)), "the regular expression is too large once compiled");

    let parse = |text: &str| Template::parse(text, Variables::REQUEST);
    assert!(parse(&"x".repeat(4096)).is_ok() && parse(&"${host}".repeat(64)).is_ok());
    assert_eq!(parse(&"x".repeat(4097)).unwrap_err()[0].message, "the text is longer than 4096 bytes");
    assert_eq!(parse(&"${host}".repeat(65)).unwrap_err()[0].message, "the text has more than 64 variables");
    assert_eq!(parse(&"${x}".repeat(20)).unwrap_err().len(), 16);
    assert_eq!(Filter::parse(&vec!["host == \"A\""; 20].join(" and ")).unwrap_err().len(), 16);
}
