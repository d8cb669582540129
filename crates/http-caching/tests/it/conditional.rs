//! Conditions of requests, and those we send ourselves (RFC 9110 §13, RFC 9111 §4.3).

use littoral_http_caching::entity_tag::EntityTag;
use littoral_http_caching::{Method, Precondition, conditional_fields, evaluate, storing};

use crate::support::{NOW, head, same, table};

#[test]
fn conditions_are_evaluated_in_their_order() {
    use Precondition::{Failed, NotModified, Proceed};
    let both = "ETag: \"abc\"\nLast-Modified: {-3000}";
    let rows: &[(&str, &str, Precondition)] = &[
        (both, "", Proceed),
        // If-None-Match
        (both, "If-None-Match: \"abc\"", NotModified),
        (both, "If-None-Match: \"x\"", Proceed),
        (both, "If-None-Match: \"ABC\"", Proceed),
        (both, "If-None-Match: *", NotModified),
        (both, "If-None-Match:", Proceed),
        (both, "If-None-Match: \"abc\", \"1\", \"2\"", NotModified),
        (both, "If-None-Match: \"1\", \"abc\", \"2\"", NotModified),
        (both, "If-None-Match: \"1\", \"2\", \"abc\"", NotModified),
        (both, "If-None-Match: \"1\",W/\"abc\"", NotModified),
        (both, "If-None-Match: \"1\"\nIf-None-Match: \"abc\"", NotModified),
        (both, "If-None-Match: \"1\"\nIf-None-Match: *", NotModified),
        (both, "If-None-Match: \"1, abc\"", Proceed),
        (both, "If-None-Match: \"a\", *", Proceed),
        ("ETag: W/\"abc\"", "If-None-Match: W/\"abc\"", NotModified),
        ("ETag: W/\"abc\"", "If-None-Match: \"abc\"", NotModified),
        ("ETag: \"a,b\"", "If-None-Match: \"a,b\"", NotModified),
        ("ETag: \"a\\\"", "If-None-Match: \"a\\\", \"x\"", NotModified),
        ("ETag: \"abc\u{fc}\"", "If-None-Match: \"abc\u{fc}\"", NotModified),
        ("ETag: \"\"", "If-None-Match: \"\"", NotModified),
        ("", "If-None-Match: \"abc\"", Proceed),
        ("", "If-None-Match: *", NotModified),
        // Tags without quotation marks are compared by their text.
        (both, "If-None-Match: abc", NotModified),
        ("ETag: abc", "If-None-Match: abc", NotModified),
        ("ETag: abc", "If-None-Match: \"abc\"", NotModified),
        ("ETag: abc", "If-None-Match: x, abc", NotModified),
        ("ETag: abc", "If-None-Match: abcd", Proceed),
        ("ETag: w/\"abc\"", "If-None-Match: w/\"abc\"", NotModified),
        ("ETag: W\\\"abc\"", "If-None-Match: W\\\"abc\"", NotModified),
        ("ETag: W\"abc\"", "If-None-Match: W\"abc\"", NotModified),
        // If-None-Match switches If-Modified-Since off.
        (both, "If-None-Match: \"abc\"\nIf-Modified-Since: {-10000}", NotModified),
        (both, "If-None-Match: \"x\"\nIf-Modified-Since: {0}", Proceed),
        (both, "If-None-Match:\nIf-Modified-Since: {0}", Proceed),
        // If-Modified-Since
        (both, "If-Modified-Since: {-3000}", NotModified),
        (both, "If-Modified-Since: {-2000}", NotModified),
        (both, "If-Modified-Since: {+9000}", NotModified),
        (both, "If-Modified-Since: {-3001}", Proceed),
        (both, "If-Modified-Since: Saturday, 21-Nov-26 12:00:00 GMT", NotModified),
        (both, "If-Modified-Since: Sat Nov 21 12:00:00 2026", NotModified),
        (both, "If-Modified-Since: yesterday", Proceed),
        (both, "If-Modified-Since: 0", Proceed),
        (both, "If-Modified-Since: {-3000}\nIf-Modified-Since: {-3000}", Proceed),
        (both, "If-Modified-Since: {-3000}; length=5", Proceed),
        ("ETag: \"abc\"", "If-Modified-Since: {0}", Proceed),
        // If-Match compares strongly.
        (both, "If-Match: \"abc\"", Proceed),
        (both, "If-Match: *", Proceed),
        (both, "If-Match: \"x\", \"abc\"", Proceed),
        (both, "If-Match: \"x\"", Failed),
        (both, "If-Match: W/\"abc\"", Failed),
        (both, "If-Match: abc", Failed),
        (both, "If-Match:", Failed),
        ("ETag: W/\"abc\"", "If-Match: W/\"abc\"", Failed),
        ("ETag: abc", "If-Match: abc", Proceed),
        ("", "If-Match: \"abc\"", Failed),
        // If-Unmodified-Since, which If-Match switches off.
        (both, "If-Unmodified-Since: {-3000}", Proceed),
        (both, "If-Unmodified-Since: {-3001}", Failed),
        (both, "If-Unmodified-Since: never", Proceed),
        ("ETag: \"abc\"", "If-Unmodified-Since: {-3001}", Proceed),
        (both, "If-Match: \"abc\"\nIf-Unmodified-Since: {-3001}", Proceed),
        (both, "If-Match: \"x\"\nIf-Unmodified-Since: {0}", Failed),
        // First the one, then the other.
        (both, "If-Match: \"abc\"\nIf-None-Match: \"abc\"", NotModified),
        (both, "If-Match: \"x\"\nIf-None-Match: \"abc\"", Failed),
        (both, "If-Unmodified-Since: {0}\nIf-Modified-Since: {0}", NotModified),
    ];
    table(rows, |(stored, request, expected)| {
        let (stored, request_fields) = (head(stored), head(request));
        let etag = stored.named(b"etag").next();
        let modified = storing::last_modified(&stored);
        for (method, status, expected) in [
            (Method::Get, 200, *expected),
            (Method::Head, 206, *expected),
            (Method::Get, 404, Proceed),
            (Method::Get, 301, Proceed),
            (Method::Get, 500, Proceed),
        ] {
            let what = format!("{method:?} {request} against {status} {stored:?}");
            same(&what, evaluate(method, &request_fields, etag, modified, status), expected)?;
        }
        Ok(())
    });
}

#[test]
fn a_match_fails_an_unsafe_request_rather_than_shortening_it() {
    let put = |text: &str| evaluate(Method::Put, &head(text), Some(b"\"abc\""), Some(NOW), 200);
    assert_eq!(put("If-None-Match: *"), Precondition::Failed);
    assert_eq!(put("If-None-Match: \"x\""), Precondition::Proceed);
    assert_eq!(put("If-Modified-Since: {0}"), Precondition::Proceed);
}

#[test]
fn tags_are_read_as_they_come() {
    let rows: &[(&str, Option<(bool, bool, &str)>)] = &[
        ("\"a\"", Some((false, true, "a"))),
        ("W/\"a\"", Some((true, true, "a"))),
        ("w/\"a\"", Some((true, true, "a"))),
        ("\"\"", Some((false, true, ""))),
        ("a", Some((false, false, "a"))),
        ("W/a", Some((false, false, "W/a"))),
        ("\"a", Some((false, false, "\"a"))),
        ("\"", Some((false, false, "\""))),
        ("W/\"", Some((false, false, "W/\""))),
        ("\"a\"b\"", Some((false, false, "\"a\"b\""))),
        ("", None),
        ("  ", None),
    ];
    table(rows, |(text, expected)| {
        let found = EntityTag::read(text.as_bytes())
            .map(|tag| (tag.weak, tag.quoted, std::str::from_utf8(tag.opaque).unwrap()));
        same(text, found, *expected)
    });
}

#[test]
fn a_stored_response_is_validated_by_the_origin_s_own_words() {
    let rows: &[(&str, Option<&str>, Option<&str>)] = &[
        ("", None, None),
        ("ETag: \"a\"", Some("\"a\""), None),
        ("ETag: W/\"a\"", Some("W/\"a\""), None),
        ("ETag: a", Some("a"), None),
        ("ETag:", None, None),
        ("ETag: \"a\"\nETag: \"b\"", None, None),
        ("Last-Modified: Sun Nov  6 08:49:37 1994", None, Some("Sun Nov  6 08:49:37 1994")),
        ("Last-Modified: x", None, None),
        (
            "ETag: \"a\"\nLast-Modified: Sun, 06 Nov 1994 08:49:37 GMT",
            Some("\"a\""),
            Some("Sun, 06 Nov 1994 08:49:37 GMT"),
        ),
    ];
    table(rows, |(text, tag, modified)| {
        let stored = head(text);
        same(text, conditional_fields(&stored), (tag.map(str::as_bytes), modified.map(str::as_bytes)))
    });
}
