//! Updating stored fields from a 304 and from answers to `HEAD` (RFC 9111 §3.2, §4.3.4, §4.3.5).

use littoral_http_caching::{HeadUpdate, freshen, head_freshens, selects};

use crate::support::{head, same, table};

#[test]
fn a_304_updates_field_by_field() {
    let rows: &[(&str, &str, &str)] = &[
        ("A: 1\nB: 2", "", "A: 1\nB: 2"),
        ("A: 1\nB: 2", "A: 3", "B: 2\nA: 3"),
        ("a: 1\nA: 2\nB: 2", "A: 3\nA: 4", "B: 2\nA: 3\nA: 4"),
        ("A: 1", "C: 3", "A: 1\nC: 3"),
        ("A: 1", "A:", "A:"),
        ("Cache-Control: max-age=1", "Cache-Control: max-age=3600", "Cache-Control: max-age=3600"),
        (
            "Test-Header: a\nX-Content-Foo: b",
            "Test-Header: c\nX-Content-Foo: d",
            "Test-Header: c\nX-Content-Foo: d",
        ),
        ("Content-Foo: a", "Content-Foo: b", "Content-Foo: b"),
        ("Content-Type: a/b", "Content-Type: c/d", "Content-Type: c/d"),
        ("Content-Location: /foo", "Content-Location: /bar", "Content-Location: /bar"),
        ("Content-MD5: a", "Content-MD5: b", "Content-MD5: b"),
        ("Content-Security-Policy: a", "Content-Security-Policy: b", "Content-Security-Policy: b"),
        ("Expires: {0}", "Expires: {+9}", "Expires: {+9}"),
        ("Set-Cookie: a=b", "Set-Cookie: a=c", "Set-Cookie: a=c"),
        ("X-Frame-Options: deny", "X-Frame-Options: sameorigin", "X-Frame-Options: sameorigin"),
        ("Vary: A", "Vary: B", "Vary: B"),
        // What describes the stored bytes stays.
        ("Content-Length: 36", "Content-Length: 10", "Content-Length: 36"),
        ("Content-Length: 36", "Content-Length: 0", "Content-Length: 36"),
        ("", "Content-Length: 0", ""),
        ("Content-Encoding: gzip", "Content-Encoding: br", "Content-Encoding: gzip"),
        ("", "Content-Encoding: br", ""),
        ("Content-Range: bytes 0-4/5", "Content-Range: bytes 0-1/9", "Content-Range: bytes 0-4/5"),
        // What belongs to the connection never comes in.
        ("A: 1", "Transfer-Encoding: chunked\nConnection: close, b\nKeep-Alive: 5\nUpgrade: x\nb: 2", "A: 1"),
        ("B: 1", "Connection: b\nb: 2", "B: 1"),
        // Age and Date tell of one answer only.
        ("Age: 50\nDate: {-50}\nA: 1", "Date: {0}", "A: 1\nDate: {0}"),
        ("Age: 50\nDate: {-50}\nA: 1", "Date: {-3}\nAge: 3", "A: 1\nDate: {-3}"),
        ("Date: {-50}\nA: 1", "", "A: 1"),
        // Tags.
        ("ETag: \"a\"", "ETag: \"b\"", "ETag: \"b\""),
        ("ETag: W/\"a\"", "ETag: W/\"b\"", "ETag: W/\"b\""),
        ("ETag: \"a\"", "ETag: W/\"a\"", "ETag: W/\"a\""),
        ("ETag: W/\"a\"", "ETag: \"a\"", "ETag: W/\"a\""),
        ("A: 1", "ETag: \"a\"", "A: 1\nETag: \"a\""),
    ];
    table(rows, |(stored, update, expected)| {
        same(&format!("{stored:?} + {update:?}"), freshen(&head(stored), &head(update)), head(expected))
    });
}

#[test]
fn a_304_speaks_of_the_response_it_names() {
    let rows: &[(&str, &str, bool)] = &[
        ("ETag: \"a\"", "ETag: \"a\"", true),
        ("ETag: \"a\"", "ETag: \"b\"", false),
        ("ETag: \"a\"", "", true),
        ("ETag: \"a\"", "ETag: W/\"a\"", true),
        ("ETag: W/\"a\"", "ETag: W/\"a\"", true),
        ("ETag: W/\"a\"", "ETag: \"a\"", true),
        ("ETag: W/\"a\"", "ETag: W/\"b\"", false),
        ("ETag: a", "ETag: a", true),
        ("ETag: \"a\"\nLast-Modified: {-9}", "ETag: \"a\"\nLast-Modified: {-5}", true),
        ("ETag: \"a\"\nLast-Modified: {-9}", "Last-Modified: {-9}", true),
        ("ETag: \"a\"\nLast-Modified: {-9}", "Last-Modified: {-5}", false),
        ("Last-Modified: {-9}", "Last-Modified: {-9}", true),
        ("Last-Modified: {-9}", "Last-Modified: {-5}", false),
        ("Last-Modified: {-9}", "", true),
        ("Last-Modified: {-9}", "ETag: \"a\"", false),
        ("Last-Modified: {-9}", "ETag: \"a\"\nLast-Modified: {-9}", true),
        ("", "", true),
        ("", "Last-Modified: {-9}", true),
        ("", "ETag: \"a\"", false),
    ];
    table(rows, |(stored, update, expected)| {
        same(&format!("{stored:?} + {update:?}"), selects(&head(stored), &head(update)), *expected)
    });
}

#[test]
fn an_answer_to_head_freshens_invalidates_or_tells_nothing() {
    use HeadUpdate::{Freshen, Invalidate, Nothing};
    let rows: &[(&str, &str, HeadUpdate)] = &[
        ("ETag: \"a\"\nContent-Length: 5", "ETag: \"a\"\nContent-Length: 5", Freshen),
        ("ETag: \"a\"\nContent-Length: 5", "ETag: \"a\"", Freshen),
        ("ETag: \"a\"\nContent-Length: 5", "ETag: \"a\"\nContent-Length: 6", Invalidate),
        ("ETag: \"a\"\nContent-Length: 5", "ETag: \"b\"\nContent-Length: 5", Invalidate),
        ("ETag: \"a\"\nContent-Length: 5", "Content-Length: 5", Freshen),
        ("ETag: \"a\"\nContent-Length: 5", "Content-Length: 6", Invalidate),
        ("ETag: \"a\"", "ETag: W/\"a\"", Invalidate),
        ("ETag: W/\"a\"", "ETag: W/\"a\"", Freshen),
        ("Content-Length: 5", "ETag: \"a\"", Invalidate),
        ("Last-Modified: {-9}", "Last-Modified: {-9}", Freshen),
        ("Last-Modified: {-9}", "Last-Modified: {-5}", Invalidate),
        ("A: 1", "Last-Modified: {-5}", Invalidate),
        ("ETag: \"a\"\nLast-Modified: {-9}", "ETag: \"a\"\nLast-Modified: {-5}", Invalidate),
        ("A: 1", "A: 2", Nothing),
        ("ETag: \"a\"", "A: 2", Nothing),
        ("Content-Length: 5", "", Nothing),
        ("", "Content-Length: 5", Nothing),
    ];
    table(rows, |(stored, answer, expected)| {
        same(&format!("{stored:?} + {answer:?}"), head_freshens(&head(stored), &head(answer)), *expected)
    });
}
