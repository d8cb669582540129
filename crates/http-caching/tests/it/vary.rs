//! Variants: what is varied by, and which requests select the same (RFC 9111 §4.1).

use littoral_http_caching::vary::selects_by_language;
use littoral_http_caching::{SelectingKey, Vary, VaryStar, selecting_key};

use crate::support::{head, same, table};

#[test]
fn vary_names_fields_or_forbids_reuse() {
    let many = (0..16).map(|n| format!("f{n:02}")).collect::<Vec<_>>().join(",");
    let too_many = format!("{many},g");
    let rows: &[(&str, Result<&str, VaryStar>)] = &[
        ("", Ok("")),
        ("Vary:", Ok("")),
        ("Vary: ,", Ok("")),
        ("Vary: Foo", Ok("foo")),
        ("Vary: Foo, Bar", Ok("bar foo")),
        ("Vary: foo\nVary: BAR, Foo", Ok("bar foo")),
        ("Vary: foo,foo", Ok("foo")),
        ("Vary: *", Err(VaryStar)),
        ("Vary: *, *", Err(VaryStar)),
        ("Vary: *\nVary: *", Err(VaryStar)),
        ("Vary: , *", Err(VaryStar)),
        ("Vary:\nVary: *", Err(VaryStar)),
        ("Vary: *, Foo", Err(VaryStar)),
        ("Vary: Foo, *", Err(VaryStar)),
        ("Vary: Foo\nVary: *", Err(VaryStar)),
        ("Vary: Foo Bar", Err(VaryStar)),
        ("Vary: Foo;Bar", Err(VaryStar)),
        ("Vary: \"Foo\"", Err(VaryStar)),
        ("Vary: Fo\u{f6}", Err(VaryStar)),
        ("Vary: a*", Ok("a*")),
    ];
    let names = |text: &str| {
        Vary::of(&head(text)).map(|vary| {
            vary.iter().map(|name| String::from_utf8(name.to_vec()).unwrap()).collect::<Vec<_>>().join(" ")
        })
    };
    table(rows, |(text, expected)| same(text, names(text), expected.map(str::to_owned)));
    assert_eq!(names(&format!("Vary: {many}")).unwrap().split(' ').count(), 16);
    assert_eq!(names(&format!("Vary: {too_many}")), Err(VaryStar), "the number of names is bounded");
}

#[test]
fn requests_select_the_same_variant_exactly_when_their_fields_mean_the_same() {
    const ALIKE: bool = true;
    const APART: bool = false;
    let rows: &[(&str, &str, &str, bool)] = &[
        ("Foo", "Foo: 1", "Foo: 1", ALIKE),
        ("Foo", "Foo: 1", "foo: 1", ALIKE),
        ("foo", "Foo: 1", "FOO:   1  ", ALIKE),
        ("Foo", "Foo: 1", "Foo: 2", APART),
        ("Foo", "Foo: a", "Foo: A", APART),
        ("Foo", "Foo: 1", "", APART),
        ("Foo", "", "Foo: 1", APART),
        ("Foo", "", "Foo:", APART),
        ("Foo", "", "", ALIKE),
        ("Foo", "Foo: 1\nOther: 2", "Foo: 1\nOther: 3", ALIKE),
        ("Foo", "Foo: 1, 2", "Foo: 1\nFoo: 2", ALIKE),
        ("Foo", "Foo: 1,2", "Foo:  1, 2 ", ALIKE),
        ("Foo", "Foo: 1,2", "Foo: 1\t,\t2", ALIKE),
        ("Foo", "Foo: 1, 2", "Foo: 2, 1", APART),
        ("Foo", "Foo: 1,,2", "Foo: 1,2", APART),
        ("Foo", "Foo: 1 2", "Foo: 12", APART),
        ("Foo", "Foo: 1 2", "Foo: 1  2", APART),
        ("Foo", "Foo: \"a, b\"", "Foo: \"a,b\"", APART),
        ("Foo", "Foo: \"a\\\", b\"", "Foo: \"a\\\",b\"", APART),
        ("Foo", "Foo: \"a\", b", "Foo: \"a\",b", ALIKE),
        ("Foo, Bar", "Foo: 1\nBar: abc", "Bar: abc\nFoo: 1", ALIKE),
        ("Foo, Bar", "Foo: 1\nBar: abc", "Foo: 2\nBar: abc", APART),
        ("Foo, Bar", "Foo: 1\nBar: abc", "", APART),
        ("Foo, Bar", "Foo: 1", "Bar: 1", APART),
        ("Foo, Bar, Baz", "Foo: 1\nBaz: 789", "Foo: 1\nBaz: 789", ALIKE),
        ("Foo, Bar, Baz", "Foo: 1\nBar: abc\nBaz: 789", "Foo: 1\nBaz: 789\nBar: abcde", APART),
        // One field's end is not another's beginning.
        ("A, B", "A: x\nB: y", "A: xy\nB:", APART),
        ("A, B", "A: x", "B: x", APART),
        // Accept-Encoding: the set of codings.
        ("Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: br,gzip", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: BR;q=0.5, GZip ; q=1.0", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip\nAccept-Encoding: br", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip, br", "Accept-Encoding: gzip, br, zstd;q=0", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: x-gzip, identity", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip, gzip", "Accept-Encoding: gzip", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: gzip, br", APART),
        ("Accept-Encoding", "Accept-Encoding: gzip", "", APART),
        ("Accept-Encoding", "Accept-Encoding:", "", APART),
        ("Accept-Encoding", "Accept-Encoding:", "Accept-Encoding: identity", ALIKE),
        ("Accept-Encoding", "Accept-Encoding:", "Accept-Encoding: gzip;q=0", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: gzip, identity;q=0", APART),
        ("Accept-Encoding", "Accept-Encoding: gzip, *;q=0", "Accept-Encoding: gzip, identity;q=0", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: identity, *;q=0", "Accept-Encoding:", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: *", "Accept-Encoding: gzip", APART),
        ("Accept-Encoding", "Accept-Encoding: *", "Accept-Encoding: *, gzip;q=0", APART),
        ("Accept-Encoding", "Accept-Encoding: *, br", "Accept-Encoding: br, *;q=0.1", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip;q=x", "Accept-Encoding: gzip", APART),
        ("Accept-Encoding", "Accept-Encoding: !gzip, *", "Accept-Encoding: *, gzip;q=0", APART),
        ("Accept-Encoding", "Accept-Encoding: gzip;q=2", "Accept-Encoding: gzip;q=2", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: foo", "Accept-Encoding: gzip", APART),
        ("Accept-Encoding", "Accept-Encoding: gzip, br, zstd", "Accept-Encoding: *", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip", "Accept-Encoding: *, br;q=0, zstd;q=0", ALIKE),
        // What nobody here makes tells nothing apart: dictionaries would otherwise multiply the variants.
        (
            "Accept-Encoding",
            "Accept-Encoding: gzip, br",
            "Accept-Encoding: gzip, deflate, br, dcb, dcz",
            ALIKE,
        ),
        ("Accept-Encoding", "Accept-Encoding: deflate", "Accept-Encoding: x-my-own", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: deflate", "Accept-Encoding:", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip, br;q=x", "Accept-Encoding: gzip", ALIKE),
        ("Accept-Encoding", "Accept-Encoding: gzip, compress;q=0", "Accept-Encoding: gzip", ALIKE),
        // Accept-Language: preferences.
        ("Accept-Language", "Accept-Language: en, de", "Accept-Language: de, en", ALIKE),
        ("Accept-Language", "Accept-Language: en, de", "Accept-Language: eN, De", ALIKE),
        ("Accept-Language", "Accept-Language: en, de", "Accept-Language:  en ,   de", ALIKE),
        ("Accept-Language", "Accept-Language: en, de", "Accept-Language: en\nAccept-Language: de", ALIKE),
        ("Accept-Language", "Accept-Language: en;q=1.0, de;q=0.50", "Accept-Language: de;q=0.5,en", ALIKE),
        ("Accept-Language", "Accept-Language: en, de", "Accept-Language: en, de;q=0.9", APART),
        ("Accept-Language", "Accept-Language: en;q=0.8, de", "Accept-Language: en, de;q=0.8", APART),
        ("Accept-Language", "Accept-Language: en, en", "Accept-Language: en", ALIKE),
        ("Accept-Language", "Accept-Language: en", "Accept-Language: en-GB", APART),
        ("Accept-Language", "Accept-Language: en, *;q=0.1", "Accept-Language: en", APART),
        ("Accept-Language", "Accept-Language: en, de;q=0", "Accept-Language: en", APART),
        ("Accept-Language", "Accept-Language: en;500", "Accept-Language: en;q=0.5", APART),
        ("Accept-Language", "Accept-Language: en;q=0.5555", "Accept-Language: en;q=0.555", APART),
        ("Accept-Language", "Accept-Language: en", "", APART),
    ];
    table(rows, |(vary, one, other, alike)| {
        let vary = Vary::of(&head(&format!("Vary: {vary}"))).unwrap();
        let (one_key, other_key) =
            (SelectingKey::of(&vary, &head(one)), SelectingKey::of(&vary, &head(other)));
        same(&format!("{one:?} and {other:?}"), one_key == other_key, *alike)
    });
}

#[test]
fn a_long_field_is_compared_as_it_is() {
    let vary = Vary::of(&head("Vary: Accept-Language")).unwrap();
    let long = (0..10_000).map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let turned = (0..10_000).rev().map(|n| format!("c{n}")).collect::<Vec<_>>().join(",");
    let key = |value: &str| SelectingKey::of(&vary, &head(&format!("Accept-Language: {value}")));
    assert_eq!(key(&long), key(&long));
    assert_ne!(key(&long), key(&turned));
}

#[test]
fn a_key_can_be_written_into_a_buffer_that_is_kept() {
    let vary = Vary::of(&head("Vary: Foo")).unwrap();
    let mut out = b"before".to_vec();
    selecting_key(&vary, &head("Foo: x"), &mut out);
    assert_eq!(out.strip_prefix(b"before"), Some(SelectingKey::of(&vary, &head("Foo: x")).as_bytes()));
    assert_eq!(SelectingKey::of(&Vary::default(), &head("Foo: x")), SelectingKey::default());
    assert!(Vary::default().is_empty());
}

#[test]
fn a_variant_can_be_selected_by_its_language() {
    let rows: &[(&str, &str, &str, bool)] = &[
        // stored for, in, asked for
        ("Accept-Language: en, de", "de", "Accept-Language: fr;q=0.5, de;q=1.0", true),
        ("Accept-Language: en, de", "de", "Accept-Language: de", true),
        ("Accept-Language: en, de", "DE", "Accept-Language: de, fr;q=0.1", true),
        ("Accept-Language: en, de", "de", "Accept-Language: de, fr", false),
        ("Accept-Language: en, de", "de", "Accept-Language: fr, de;q=0.5", false),
        ("Accept-Language: en, de", "de", "Accept-Language: de-AT", false),
        ("Accept-Language: en, de", "de", "Accept-Language: *", false),
        ("Accept-Language: en, de", "de", "Accept-Language: de;q=0", false),
        ("Accept-Language: en, de", "de", "", false),
        ("Accept-Language: en, de", "de, en", "Accept-Language: de", false),
        ("Accept-Language: en, de", "", "Accept-Language: de", false),
        ("Accept-Language: en\nFoo: 1", "de", "Accept-Language: de\nFoo: 1", true),
        ("Accept-Language: en\nFoo: 1", "de", "Accept-Language: de\nFoo: 2", false),
        ("Accept-Language: en\nFoo: 1", "de", "Accept-Language: de", false),
    ];
    let vary = Vary::of(&head("Vary: Accept-Language, Foo")).unwrap();
    table(rows, |(stored_for, language, asked, expected)| {
        let key = SelectingKey::of(&vary, &head(stored_for));
        let stored = head(&format!("Content-Language: {language}"));
        same(asked, selects_by_language(&vary, &key, &stored, &head(asked)), *expected)
    });
    let other = Vary::of(&head("Vary: Foo")).unwrap();
    let key = SelectingKey::of(&other, &head("Foo: 1"));
    assert!(!selects_by_language(&other, &key, &head("Content-Language: de"), &head("Accept-Language: de")));
}
