//! Answers of the administration interface for people: names and values, tables for lists, sections for
//! what is nested. Machines get the same answer with `--json`.
//!
//! It reads units from names (`_bytes`, `_seconds`, …), so that every number says what it counts.

use serde_json::{Map, Value};

use super::{Paint, bytes, clean, pairs, table};

/// The whole answer.
pub(crate) fn outline(paint: Paint, value: &Value) -> String {
    match value {
        Value::Object(members) => section(paint, "", members).join("\n\n"),
        other => plain("", other),
    }
}

/// A value as a person would write it; `name` says the unit.
pub(crate) fn plain(name: &str, value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => clean(text),
        Value::Bool(true) => "yes".to_owned(),
        Value::Bool(false) => "no".to_owned(),
        Value::Number(number) => with_unit(name, number),
        Value::Array(items) if items.is_empty() => "none".to_owned(),
        Value::Array(items) => items.iter().map(|item| plain(name, item)).collect::<Vec<_>>().join(", "),
        Value::Object(members) => {
            let pairs: Vec<String> =
                members.iter().map(|(name, v)| format!("{}={}", words(name), plain(name, v))).collect();
            pairs.join(" ")
        }
    }
}

/// First what is simple, then lists of things, then what is nested, each under its name.
fn section(paint: Paint, title: &str, members: &Map<String, Value>) -> Vec<String> {
    let is_table =
        |value: &Value| value.as_array().is_some_and(|items| items.first().is_some_and(Value::is_object));
    let mut simple: Vec<(String, String)> = Vec::new();
    let mut blocks = Vec::new();
    for (name, value) in members {
        let title = if title.is_empty() { words(name) } else { format!("{title} / {}", words(name)) };
        match value {
            Value::Object(nested) if !nested.is_empty() => blocks.extend(section(paint, &title, nested)),
            Value::Array(items) if is_table(value) => {
                blocks.push(format!("{}\n{}", paint.bold(&title), rows(paint, items)));
            }
            other => simple.push((label(name, other), plain(name, other))),
        }
    }
    if !simple.is_empty() {
        let heading = if title.is_empty() { String::new() } else { format!("{}\n", paint.bold(title)) };
        blocks.insert(0, heading + &pairs(paint, &simple));
    }
    blocks
}

/// Things of one kind: a column for each member that any of them has.
fn rows(paint: Paint, items: &[Value]) -> String {
    let mut columns: Vec<&String> = Vec::new();
    for name in items.iter().filter_map(Value::as_object).flat_map(Map::keys) {
        if !columns.contains(&name) {
            columns.push(name);
        }
    }
    let heading: Vec<String> = columns.iter().map(|name| words(name).to_uppercase()).collect();
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let cells: Vec<Vec<String>> = items
        .iter()
        .map(|item| columns.iter().map(|name| plain(name, &item[name.as_str()])).collect())
        .collect();
    table(paint, &heading, &cells)
}

/// The unit goes with the value, when the value has one.
fn label(name: &str, value: &Value) -> String {
    if value.is_number() { words(name) } else { name.replace('_', " ") }
}

/// `memory_bytes_max` is shown as `memory max`: the value says the unit.
fn words(name: &str) -> String {
    let parts: Vec<&str> = name.split('_').collect();
    let (unit, rest): (Vec<&str>, Vec<&str>) = parts.iter().partition(|part| UNITS.contains(part));
    if rest.is_empty() { unit.join(" ") } else { rest.join(" ") }
}

const UNITS: [&str; 6] = ["bytes", "seconds", "millis", "milliseconds", "micros", "nanos"];

fn with_unit(name: &str, number: &serde_json::Number) -> String {
    let unit = name.split('_').find(|part| UNITS.contains(part));
    match (unit, number.as_u64()) {
        (Some("bytes"), Some(n)) => bytes(n),
        (Some("seconds"), _) => format!("{number} s"),
        (Some("millis" | "milliseconds"), _) => format!("{number} ms"),
        (Some("micros"), _) => format!("{number} µs"),
        (Some("nanos"), _) => format!("{number} ns"),
        _ => number.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_answers_become_sections_and_lists_become_tables() {
        let value = json!({
            "site": "shop", "ready": true, "note": null,
            "store": { "memory_bytes": 2048, "responses": 3 },
            "variants": [{ "status": 200, "age_seconds": 4 }, { "status": 404 }],
        });
        let text = outline(Paint(false), &value);
        let expected = "site   shop\nready  yes\nnote   -\n\n\
                        store\nmemory     2.0 KiB\nresponses  3\n\n\
                        variants\nSTATUS  AGE\n200     4 s\n404     -";
        let sort = |text: &str| {
            let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        assert_eq!(sort(&text), sort(expected), "{text}");
    }

    #[test]
    fn text_cannot_drive_the_terminal() {
        assert_eq!(plain("", &json!("a\u{1b}[2Jb")), "a\u{fffd}[2Jb");
    }
}
