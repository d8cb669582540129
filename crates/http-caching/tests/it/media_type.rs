//! Media types: patterns, and what a path's extension promises.

use littoral_http_caching::media_type::{TypeMismatch, matches, type_guard};

use crate::support::{same, table};

#[test]
fn patterns_match_types_without_their_parameters() {
    let rows: &[(&str, &str, bool)] = &[
        ("text/html", "text/html", true),
        ("text/html", "Text/HTML; charset=utf-8", true),
        ("text/html", "text/html5", false),
        ("text/html", "", false),
        ("text/*", "text/css", true),
        ("text/*", "text/", false),
        ("text/*", "application/text", false),
        ("*+json", "application/problem+json;v=1", true),
        ("*+json", "application/json", false),
        ("*+json", "+json", false),
    ];
    table(rows, |(pattern, found, expected)| same(found, matches(pattern, found.as_bytes()), *expected));
}

#[test]
fn a_page_does_not_pass_for_a_file() {
    let rows: &[(&str, Option<&str>, Option<(&str, &str)>)] = &[
        ("/a.css", Some("text/css"), None),
        ("/account/a.css", Some("text/html; charset=utf-8"), Some(("css", "style"))),
        ("/account;a.css", Some("text/html"), Some(("css", "style"))),
        ("/account/A.JS", Some("application/json"), Some(("js", "script"))),
        ("/a.js", Some("application/x-javascript"), None),
        ("/a.mjs", Some("text/javascript;charset=utf-8"), None),
        ("/a.png", Some("image/webp"), None),
        ("/a.png", Some("text/html"), Some(("png", "image"))),
        ("/a.svg", Some("image/svg+xml"), None),
        ("/a.woff2", Some("application/font-woff2"), None),
        ("/a.pdf", Some("text/html"), Some(("pdf", "document"))),
        ("/a.ts", Some("video/mp2t"), None),
        ("/a.tar.gz", Some("application/x-gzip"), None),
        ("/a.tar.gz", Some("application/gzip"), None),
        ("/a.json", Some("application/ld+json"), None),
        ("/a.json", Some("text/html"), Some(("json", "data"))),
        ("/a.png", Some("application/octet-stream"), None),
        ("/a.png", None, None),
        ("/a.png", Some(""), None),
        ("/account", Some("text/html"), None),
        ("/account/v1.2", Some("text/html"), None),
        ("/a.css/", Some("text/html"), None),
        ("/index.html", Some("text/html"), None),
    ];
    table(rows, |(path, found, expected)| {
        let expected = expected.map(|(extension, family)| TypeMismatch { extension, family });
        same(path, type_guard(path.as_bytes(), found.map(str::as_bytes)).err(), expected)
    });
}
