//! Ranges of bytes (RFC 9110 §14).

use std::ops::Range;

use littoral_http_caching::range::resolve;
use littoral_http_caching::{ByteSpec, ContentRange, RangeAnswer, parse_content_range, requested_range};

use crate::support::{NOW, head, same, table};

fn answer(ranges: &[Range<u64>]) -> RangeAnswer {
    match ranges {
        [] => RangeAnswer::Unsatisfiable,
        [one] => RangeAnswer::One(one.clone()),
        many => RangeAnswer::Many(many.iter().cloned().collect()),
    }
}

#[test]
fn ranges_are_resolved_against_the_length() {
    let whole = RangeAnswer::Whole;
    let none = RangeAnswer::Unsatisfiable;
    let sixteen = (0..16).map(|n| format!("{0}-{0}", n * 2)).collect::<Vec<_>>().join(",");
    let seventeen = format!("{sixteen},50-50");
    let thousand = (0..1000).map(|n| format!("{n}-")).collect::<Vec<_>>().join(",");
    let rows: Vec<(&str, u64, RangeAnswer)> = vec![
        ("bytes=0-0", 11, answer(&[0..1])),
        ("bytes=0-1", 11, answer(&[0..2])),
        ("bytes=1-", 11, answer(&[1..11])),
        ("bytes=0-", 11, answer(&[0..11])),
        ("bytes=-1", 11, answer(&[10..11])),
        ("bytes=-11", 11, answer(&[0..11])),
        ("bytes=-12", 11, answer(&[0..11])),
        ("bytes=-99999999999999999999999", 11, answer(&[0..11])),
        ("bytes=5-99", 11, answer(&[5..11])),
        ("bytes=5-99999999999999999999999", 11, answer(&[5..11])),
        ("bytes=10-10", 11, answer(&[10..11])),
        ("bytes=11-11", 11, none.clone()),
        ("bytes=11-", 11, none.clone()),
        ("bytes=99999999999999999999999-", 11, none.clone()),
        ("bytes=99999999999999999999999-99999999999999999999999", 11, none.clone()),
        ("bytes=-0", 11, none.clone()),
        ("bytes=-0, -0", 11, none.clone()),
        ("bytes=-0, 0-0", 11, answer(&[0..1])),
        ("bytes=0-18446744073709551615", u64::MAX, answer(&[0..u64::MAX])),
        ("bytes=18446744073709551614-", u64::MAX, answer(&[u64::MAX - 1..u64::MAX])),
        ("bytes=18446744073709551615-", u64::MAX, none.clone()),
        // Of nothing.
        ("bytes=0-", 0, none.clone()),
        ("bytes=0-0", 0, none.clone()),
        ("bytes=-5", 0, whole.clone()),
        ("bytes=-0", 0, none.clone()),
        ("bytes=0-, -5", 0, whole.clone()),
        // Several.
        ("bytes=0-1,4-5", 11, answer(&[0..2, 4..6])),
        ("bytes= 0-1 , 4-5 ", 11, answer(&[0..2, 4..6])),
        ("bytes=4-5,0-1", 11, answer(&[0..2, 4..6])),
        ("bytes=0-1,-2", 11, answer(&[0..2, 9..11])),
        ("bytes=0-5,3-8", 11, answer(&[0..9])),
        ("bytes=0-1,2-3", 11, answer(&[0..4])),
        ("bytes=0-8,2-3", 11, answer(&[0..9])),
        ("bytes=0-,0-,0-,0-", 11, answer(&[0..11])),
        ("bytes=0-1,20-30", 11, answer(&[0..2])),
        ("bytes=20-30,40-", 11, none.clone()),
        ("bytes=0-1,,4-5", 11, answer(&[0..2, 4..6])),
        (",bytes=0-1", 11, whole.clone()),
        ("bytes=,0-1,", 11, answer(&[0..2])),
        (&sixteen, 100, whole.clone()),
        (&thousand, 2000, whole.clone()),
        // Malformed, or not ours.
        ("", 11, whole.clone()),
        ("bytes", 11, whole.clone()),
        ("bytes=", 11, whole.clone()),
        ("bytes=,", 11, whole.clone()),
        ("bytes=-", 11, whole.clone()),
        ("bytes=5-4", 11, whole.clone()),
        ("bytes=0-1,5-4", 11, whole.clone()),
        ("bytes=a-b", 11, whole.clone()),
        ("bytes=1", 11, whole.clone()),
        ("bytes=1-2-3", 11, whole.clone()),
        ("bytes=--1", 11, whole.clone()),
        ("bytes=+1-2", 11, whole.clone()),
        ("bytes=1 -2", 11, whole.clone()),
        ("bytes=1- 2", 11, whole.clone()),
        ("bytes =0-1", 11, whole.clone()),
        ("bytes:0-1", 11, whole.clone()),
        ("bytes=0-1;x", 11, whole.clone()),
        ("bytes=0x1-2", 11, whole.clone()),
        ("BYTES=0-1", 11, answer(&[0..2])),
        ("Bytes=0-1", 11, answer(&[0..2])),
        ("items=0-1", 11, whole.clone()),
        ("seconds=0-1", 11, whole.clone()),
    ];
    table(rows, |(value, length, expected)| {
        let request = head(&format!("Range: {value}"));
        same(&format!("{value} of {length}"), resolve(&request, None, None, None, *length), expected.clone())
    });
    let of = |list: &str| resolve(&head(&format!("Range: bytes={list}")), None, None, None, 100);
    assert!(matches!(of(&sixteen), RangeAnswer::Many(ranges) if ranges.len() == 16));
    assert_eq!(of(&seventeen), whole, "more than sixteen ranges are silly");
    assert_eq!(resolve(&head(""), None, None, None, 11), whole);
    assert_eq!(resolve(&head("Range: bytes=0-1\nRange: bytes=2-3"), None, None, None, 11), whole);
}

#[test]
fn if_range_needs_the_very_same_representation() {
    let date = "Sat, 21 Nov 2026 11:00:00 GMT";
    let rows: &[(&str, &str, bool)] = &[
        // If-Range, stored fields, whether the range counts
        ("\"abc\"", "ETag: \"abc\"", true),
        (" \"abc\" ", "ETag: \"abc\"", true),
        ("\"x\"", "ETag: \"abc\"", false),
        ("W/\"abc\"", "ETag: W/\"abc\"", false),
        ("\"abc\"", "ETag: W/\"abc\"", false),
        ("W/\"abc\"", "ETag: \"abc\"", false),
        ("\"abc\"", "", false),
        ("abc", "ETag: abc", true),
        ("abc", "ETag: \"abc\"", false),
        ("*", "ETag: \"abc\"", false),
        ("\"abc\", \"x\"", "ETag: \"abc\"", false),
        ("", "ETag: \"abc\"", false),
        (date, "Last-Modified: {-3600}\nDate: {0}", true),
        (date, "Last-Modified: {-3600}\nDate: {-3599}", true),
        (date, "Last-Modified: {-3600}\nDate: {-3600}", false),
        (date, "Last-Modified: {-3600}", false),
        (date, "Last-Modified: {-3601}\nDate: {0}", false),
        (date, "Last-Modified: {-3599}\nDate: {0}", false),
        (date, "ETag: \"abc\"\nDate: {0}", false),
        ("Saturday, 21-Nov-26 11:00:00 GMT", "Last-Modified: {-3600}\nDate: {0}", true),
        ("yesterday", "Last-Modified: {-3600}\nDate: {0}", false),
    ];
    table(rows, |(condition, stored, counts)| {
        let request = head(&format!("Range: bytes=0-1\nIf-Range: {condition}"));
        let stored_fields = head(stored);
        let time = |name: &'static [u8]| {
            stored_fields.named(name).next().and_then(littoral_http_caching::date::parse)
        };
        let etag = stored_fields.named(b"etag").next();
        let found = resolve(&request, etag, time(b"last-modified"), time(b"date"), 11);
        let expected = if *counts { answer(&[0..2]) } else { RangeAnswer::Whole };
        same(&format!("{condition} against {stored}"), found, expected)
    });
    let twice = head("Range: bytes=0-1\nIf-Range: \"a\"\nIf-Range: \"a\"");
    assert_eq!(resolve(&twice, Some(b"\"a\""), None, Some(NOW), 11), RangeAnswer::Whole);
}

#[test]
fn content_ranges_are_sound_or_nothing() {
    let some = |first, last, complete| Some(ContentRange { first, last, complete });
    let rows: &[(&str, Option<ContentRange>)] = &[
        ("bytes 0-4/10", some(0, 4, Some(10))),
        ("bytes 4-9/10", some(4, 9, Some(10))),
        ("bytes 0-0/1", some(0, 0, Some(1))),
        ("bytes 0-4/*", some(0, 4, None)),
        ("BYTES 0-4/10", some(0, 4, Some(10))),
        (" bytes 0-4/10 ", some(0, 4, Some(10))),
        ("bytes 0-18446744073709551613/18446744073709551614", some(0, u64::MAX - 2, Some(u64::MAX - 1))),
        ("bytes 0-10/10", None),
        ("bytes 5-4/10", None),
        ("bytes */10", None),
        ("bytes */*", None),
        ("bytes 0-4", None),
        ("bytes 0-4/", None),
        ("bytes 0/10", None),
        ("bytes 0-/10", None),
        ("bytes -4/10", None),
        ("bytes=0-4/10", None),
        ("bytes  0-4/10", None),
        ("bytes 0-4/10/10", None),
        ("bytes 0-4/ 10", None),
        ("bytes 0- 4/10", None),
        ("bytes a-4/10", None),
        ("bytes 0-4/-1", None),
        ("bytes 0-18446744073709551615/*", None),
        ("bytes 0-18446744073709551616/*", None),
        ("bytes 99999999999999999999-99999999999999999999/*", None),
        ("items 0-4/10", None),
        ("byte 0-4/10", None),
        ("0-4/10", None),
        ("", None),
    ];
    table(rows, |(value, expected)| same(value, parse_content_range(value.as_bytes()), *expected));
    assert_eq!(parse_content_range(b"bytes 0-4/10").unwrap().range(), 0..5);
}

#[test]
fn what_is_asked_for_can_be_known_before_the_length() {
    let rows: &[(&str, Option<ByteSpec>)] = &[
        ("", None),
        ("Range: bytes=0-4", Some(ByteSpec::FromTo(0, 4))),
        ("Range: bytes=5-", Some(ByteSpec::From(5))),
        ("Range: bytes=-5", Some(ByteSpec::Suffix(5))),
        ("Range: bytes=0-4,8-", Some(ByteSpec::Many)),
        ("Range: bytes=4-0", None),
        ("Range: lines=0-4", None),
        ("Range: bytes=0-4\nIf-Range: \"x\"", Some(ByteSpec::FromTo(0, 4))),
    ];
    table(rows, |(text, expected)| same(text, requested_range(&head(text)), *expected));
    assert_eq!(ByteSpec::FromTo(2, 20).resolve(10), Some(2..10));
    assert_eq!(ByteSpec::Suffix(20).resolve(10), Some(0..10));
    assert_eq!(ByteSpec::From(10).resolve(10), None);
    assert_eq!(ByteSpec::Many.resolve(10), None);
}
