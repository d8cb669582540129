//! Storing and joining partial responses (RFC 9111 §3.3, §3.4).

use littoral_http_caching::partial::{combinable, combine_fields, content_range, if_range};
use littoral_http_caching::{CacheRules, NotStored};

use crate::support::{head, same, store, table};

#[test]
fn a_206_is_stored_when_it_says_which_bytes_it_holds() {
    let rows: &[(&str, Result<(), NotStored>)] = &[
        ("Content-Range: bytes 0-4/10", Ok(())),
        ("Content-Range: bytes 0-4/10\nContent-Length: 5", Ok(())),
        ("Content-Range: bytes 0-4/*", Ok(())),
        ("Content-Range: bytes 4-9/10\nContent-Length: 5", Err(NotStored::PartialUnusable)),
        ("Content-Range: bytes 0-4/10\nContent-Length: x", Err(NotStored::PartialUnusable)),
        ("Content-Range: bytes 0-4/3", Err(NotStored::PartialUnusable)),
        ("Content-Range: bytes */10", Err(NotStored::PartialUnusable)),
        ("Content-Range: x", Err(NotStored::PartialUnusable)),
        ("", Err(NotStored::PartialUnusable)),
        ("Content-Range: bytes 0-4/10\nContent-Range: bytes 0-4/10", Err(NotStored::PartialUnusable)),
        ("Content-Type: multipart/byteranges; boundary=x", Err(NotStored::PartialUnusable)),
        ("Content-Type: Multipart/ByteRanges\nContent-Range: bytes 0-4/10", Err(NotStored::PartialUnusable)),
    ];
    table(rows, |(text, expected)| {
        let text = format!("{text}\nCache-Control: max-age=9");
        same(&text, store("Range: bytes=0-4", 206, &text, &CacheRules::default()).map(|_| ()), *expected)?;
        same(&text, content_range(&head(&text)).is_some(), expected.is_ok())
    });
    // Content-Range means nothing on other statuses.
    assert!(store("", 200, "Content-Range: x\nCache-Control: max-age=9", &CacheRules::default()).is_ok());
}

#[test]
fn only_the_same_strong_validator_joins_parts() {
    let rows: &[(&str, &str, bool)] = &[
        ("ETag: \"a\"", "ETag: \"a\"", true),
        ("ETag: \"a\"", "ETag: \"b\"", false),
        ("ETag: W/\"a\"", "ETag: W/\"a\"", false),
        ("ETag: \"a\"", "ETag: W/\"a\"", false),
        ("ETag: a", "ETag: a", false),
        ("ETag: \"a\"", "", false),
        ("", "ETag: \"a\"", false),
        ("", "", false),
        (
            "ETag: \"a\"\nLast-Modified: {-90}\nDate: {0}",
            "ETag: \"a\"\nLast-Modified: {-80}\nDate: {0}",
            true,
        ),
        ("ETag: \"a\"\nLast-Modified: {-90}\nDate: {0}", "Last-Modified: {-90}\nDate: {0}", false),
        ("Last-Modified: {-90}\nDate: {-9}", "Last-Modified: {-90}\nDate: {0}", true),
        ("Last-Modified: {-90}\nDate: {-9}", "Last-Modified: {-91}\nDate: {0}", false),
        ("Last-Modified: {-90}\nDate: {-90}", "Last-Modified: {-90}\nDate: {0}", false),
        ("Last-Modified: {-90}", "Last-Modified: {-90}\nDate: {0}", false),
        ("Last-Modified: x\nDate: {0}", "Last-Modified: x\nDate: {0}", false),
        ("Last-Modified: {-90}\nDate: {0}\nContent-Encoding: gzip", "Last-Modified: {-90}\nDate: {0}", false),
    ];
    table(rows, |(stored, new, expected)| {
        same(&format!("{stored} + {new}"), combinable(&head(stored), &head(new)), *expected)
    });
}

#[test]
fn the_rest_is_asked_for_under_a_strong_validator() {
    let rows: &[(&str, Option<&str>)] = &[
        ("ETag: \"a\"\nLast-Modified: {-9}\nDate: {0}", Some("\"a\"")),
        ("ETag: W/\"a\"\nLast-Modified: {-9}\nDate: {0}", None),
        ("Last-Modified: Sun, 06 Nov 1994 08:49:37 GMT\nDate: {0}", Some("Sun, 06 Nov 1994 08:49:37 GMT")),
        ("Last-Modified: {0}\nDate: {0}", None),
        ("Date: {0}", None),
    ];
    table(rows, |(text, expected)| same(text, if_range(&head(text)), expected.map(str::as_bytes)));
}

#[test]
fn the_newer_part_s_fields_prevail() {
    let stored = head("ETag: \"a\"\nA: 1\nB: 2\nContent-Range: bytes 0-4/10\nContent-Length: 5\nDate: {-9}");
    let new = head("ETag: \"a\"\nA: 3\nContent-Range: bytes 5-9/10\nContent-Length: 5\nDate: {0}");
    assert_eq!(combine_fields(&stored, &new), head("B: 2\nETag: \"a\"\nA: 3\nDate: {0}"));
}
