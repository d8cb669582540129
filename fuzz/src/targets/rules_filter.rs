//! Conditions. The input is lines: a condition, a path, a query, then header lines `name: value`.

use littoral_rules::{Filter, Headers, Subject, TextMistake};
use std::net::IpAddr;

struct Lines<'a>(Vec<(&'a [u8], &'a [u8])>);

impl Headers for Lines<'_> {
    fn any(&self, name: &[u8], visit: &mut dyn FnMut(&[u8]) -> bool) -> bool {
        self.0.iter().any(|(known, value)| *known == name && visit(value))
    }
}

/// Panics when a mistake points outside its text, or a condition and its negation, its double or its doubled form
/// do not agree with it.
pub fn run(input: &[u8]) {
    let mut lines = input.split(|&byte| byte == b'\n');
    let Ok(text) = std::str::from_utf8(lines.next().unwrap_or_default()) else { return };
    let filter = match Filter::parse(text) {
        Ok(filter) => filter,
        Err(mistakes) => return check(text, &mistakes),
    };
    assert_eq!(filter.as_str(), text);
    let (path, query) = (lines.next().unwrap_or_default(), lines.next());
    let headers = Lines(lines.filter_map(pair).collect());
    let path = [b"/", path].concat();
    let mut subject = Subject::new(b"a.example", &path, b"GET");
    (subject.query, subject.headers) = (query, &headers);
    if let Some([first, .., last]) = query {
        subject.client = IpAddr::from([10, 0, *first, *last]);
        subject.country = Some([*first, *last]);
    }
    let holds = filter.matches(&subject);
    assert!(filter.constant().is_none_or(|constant| constant == holds));
    for (form, expected) in [
        (format!("not ({text})"), !holds),
        (format!("({text}) and ({text})"), holds),
        (format!("({text}) or ({text})"), holds),
        (format!("({text}) xor ({text})"), false),
        (format!("({text}) xor true"), !holds),
    ] {
        // Only a limit may stand against it.
        if let Ok(other) = Filter::parse(&form) {
            assert_eq!(other.matches(&subject), expected, "{form}");
        }
    }
}

/// Each mistake is within the text, and there is one.
pub(super) fn check(text: &str, mistakes: &[TextMistake]) {
    assert!(!mistakes.is_empty(), "{text}");
    for mistake in mistakes {
        assert!(text.get(mistake.span.clone()).is_some(), "{mistake:?}");
        assert!(!mistake.span.is_empty() || text.is_empty(), "{mistake:?}");
    }
}

fn pair(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let colon = line.iter().position(|&byte| byte == b':')?;
    Some((&line[..colon], line[colon + 1..].trim_ascii()))
}
