//! Heads as text, and the present of all tests.

use littoral_http_caching::{
    CacheRules, Fields, Method, NotStored, RequestView, ResponseView, Seconds, Terms, Times, date,
    judge_storing,
};

/// Sat, 21 Nov 2026 12:00:00 GMT
pub(crate) const NOW: Seconds = 1_795_262_400;

/// A header section from text: one line each, `Name: value`. `{-60}` stands for the HTTP date 60 seconds before [`NOW`],
/// `{+60}` for the one after, `{0}` for now.
pub(crate) fn head(text: &str) -> Fields {
    let mut builder = Fields::builder();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.trim_start().split_once(':').expect("a field line has a colon");
        builder.push(name, with_dates(value));
    }
    builder.finish()
}

fn with_dates(value: &str) -> String {
    let mut out = String::new();
    let mut rest = value;
    while let Some(open) = rest.find('{') {
        let close = rest[open..].find('}').expect("braces close") + open;
        out.push_str(&rest[..open]);
        let delta: i64 = rest[open + 1..close].parse().expect("a date is a number of seconds");
        out.push_str(std::str::from_utf8(&date::format(NOW + delta)).unwrap());
        rest = &rest[close + 1..];
    }
    out + rest
}

/// Judges a response, received in the instant in which its request was sent.
pub(crate) fn store(
    request: &str,
    status: u16,
    response: &str,
    rules: &CacheRules,
) -> Result<Terms, NotStored> {
    let (request, response) = (head(request), head(response));
    judge_storing(
        &RequestView { method: Method::Get, fields: &request },
        &ResponseView { status, fields: &response, close_delimited: false },
        Times { requested: NOW, received: NOW },
        rules,
    )
}

/// As [`store`], a plain `GET` answered with 200 under default rules.
pub(crate) fn store_200(response: &str) -> Result<Terms, NotStored> {
    store("", 200, response, &CacheRules::default())
}

/// Runs `check` on all rows and reports all that fail, not only the first.
pub(crate) fn table<Row>(rows: impl IntoIterator<Item = Row>, check: impl Fn(&Row) -> Result<(), String>) {
    let failures: Vec<String> = rows
        .into_iter()
        .enumerate()
        .filter_map(|(index, row)| check(&row).err().map(|why| format!("row {}: {why}", index + 1)))
        .collect();
    assert!(failures.is_empty(), "\n{}", failures.join("\n"));
}

/// `Ok` where both are the same, else both and what was looked at.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: T, expected: T) -> Result<(), String> {
    if found == expected {
        Ok(())
    } else {
        Err(format!("{what}\n    found    {found:?}\n    expected {expected:?}"))
    }
}
