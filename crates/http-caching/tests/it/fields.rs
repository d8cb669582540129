//! Header sections: built, read, shared.

use bytes::Bytes;
use littoral_http_caching::{Fields, Known, list};

use crate::support::{head, same, table};

fn texts<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<&'a str> {
    values.map(|value| std::str::from_utf8(value).unwrap()).collect()
}

#[test]
fn spans_of_a_buffer_become_fields_without_copying() {
    let text = Bytes::from_static(b"Host: a.example\r\nX-One: 1\r\nhost: b\r\n");
    let fields =
        Fields::from_spans(text.clone(), [(0..4, 6..15), (17..22, 24..25), (27..31, 33..34)].into_iter());
    assert_eq!(fields.len(), 3);
    assert_eq!(fields.get(Known::Host), Some(&b"a.example"[..]));
    assert_eq!(texts(fields.all(Known::Host)), ["a.example", "b"]);
    assert_eq!(texts(fields.named(b"x-oNE")), ["1"]);
    assert_eq!(fields.single(Known::Host), None);
    assert_eq!(fields.get(Known::Host).unwrap().as_ptr(), text[6..].as_ptr());
    assert_eq!(fields.iter().next().unwrap().name, b"Host", "names keep their case");
}

#[test]
fn a_built_section_holds_exactly_its_text() {
    let fields = head("Content-Type: text/plain\nX: \nETag: \"a\"");
    assert_eq!(fields.memory_bytes(), "Content-Typetext/plainXETag\"a\"".len());
    assert_eq!(fields.text_bytes(), fields.memory_bytes());
    let many: Fields = (0..40).map(|n| (format!("x-{n}"), "v")).collect();
    assert_eq!(many.len(), 40);
    assert_eq!(many.text_bytes(), 10 * 4 + 30 * 5);
    assert_eq!(many.memory_bytes(), many.text_bytes() + 40 * 16, "lines beyond the inline ones count");
}

#[test]
fn absent_fields_are_absent() {
    let fields = head("X-Other: 1\nDate: {0}");
    assert!(!fields.has(Known::Other), "`Other` is no field");
    assert_eq!(fields.get(Known::Other), None);
    assert!(!fields.has(Known::Age));
    assert!(fields.has(Known::Date));
    assert_eq!(fields.named(b"age").count(), 0);
    assert_eq!(fields.named(b"").count(), 0);
    assert!(Fields::default().is_empty());
}

#[test]
fn sections_are_equal_by_their_lines() {
    assert_eq!(head("A: 1\nDate: x"), head("a:  1 \ndate: x"));
    assert_ne!(head("A: 1\nB: 2"), head("B: 2\nA: 1"));
    assert_ne!(head("A: 1"), head("A: 2"));
    assert_ne!(head("A: 1"), head("A: 1\nA: 1"));
}

#[test]
fn extending_keeps_what_is_asked_for() {
    let source = head("A: 1\nCookie: c\nB: 2");
    let mut builder = Fields::builder();
    builder.push_known(Known::Via, "1.1 x");
    builder.extend_from(&source, |known, _| known != Known::Cookie);
    let fields = builder.finish();
    assert_eq!(fields, head("Via: 1.1 x\nA: 1\nB: 2"));
    assert!(builder.finish().is_empty(), "a finished builder begins anew");
}

#[test]
fn lists_are_split_outside_quoted_strings() {
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        (",", &[]),
        (" , ,\t", &[]),
        ("a", &["a"]),
        ("a,b", &["a", "b"]),
        (" a ,\tb ", &["a", "b"]),
        (",a,,b,", &["a", "b"]),
        ("a b, c", &["a b", "c"]),
        (r#"a="b,c", d"#, &[r#"a="b,c""#, "d"]),
        (r#"a="b\",c", d"#, &[r#"a="b\",c""#, "d"]),
        (r#"a="b\\", d"#, &[r#"a="b\\""#, "d"]),
        (r#""a","b""#, &[r#""a""#, r#""b""#]),
        // A quotation mark that never closes hides nothing.
        (r#"a="b, no-store"#, &[r#"a="b"#, "no-store"]),
        (r#"a="b\", no-store"#, &[r#"a="b\""#, "no-store"]),
        (r#"", no-store"#, &["\"", "no-store"]),
        (r#"x="a,b", y="c, d"#, &[r#"x="a,b""#, "y=\"c", "d"]),
    ];
    table(rows, |(value, expected)| same(value, texts(list::members(value.as_bytes())), expected.to_vec()));
}

#[test]
fn entity_tags_hold_backslashes_as_they_are() {
    assert_eq!(texts(list::entity_tags(br#""a\", "b", W/"c,d""#)), [r#""a\""#, r#""b""#, r#"W/"c,d""#]);
}

#[test]
fn a_list_over_lines_is_one_list() {
    let fields = head("Vary: a, b\nX: y\nVary: c");
    assert_eq!(texts(fields.list(Known::Vary)), ["a", "b", "c"]);
}

#[test]
fn unclosed_quotes_cost_linear_time() {
    // Looking for each one's end anew would take hours.
    assert_eq!(list::members(&b"\"\\\"".repeat(1_000_000)).count(), 1);
}
