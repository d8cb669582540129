//! What unsafe requests invalidate (RFC 9111 §4.4).

use littoral_http_caching::invalidate::{Target, also_invalidated};
use littoral_http_caching::{Method, invalidates};

use crate::support::{head, same, table};

#[test]
fn non_error_answers_to_unsafe_methods_invalidate() {
    for name in ["POST", "PUT", "DELETE", "PATCH", "M-SEARCH", "get", "PURGE"] {
        let method = Method::of(name.as_bytes());
        for status in [200, 201, 204, 301, 303, 304, 399] {
            assert!(invalidates(method, status), "{name} {status}");
        }
        for status in [100, 199, 400, 404, 412, 500, 503, 599] {
            assert!(!invalidates(method, status), "{name} {status}");
        }
    }
    for name in ["GET", "HEAD", "OPTIONS"] {
        assert!(!invalidates(Method::of(name.as_bytes()), 200), "{name}");
    }
}

#[test]
fn references_are_resolved_on_the_same_origin_only() {
    let http = Target { scheme: "http", authority: b"a.example", path_and_query: b"/b/c/d?q" };
    let https = Target { scheme: "https", authority: b"a.example:8443", ..http };
    let rows: &[(&Target<'_>, &str, Option<&str>)] = &[
        (&http, "", Some("/b/c/d?q")),
        (&http, "#frag", Some("/b/c/d?q")),
        (&http, "?y", Some("/b/c/d?y")),
        (&http, "g", Some("/b/c/g")),
        (&http, "./g", Some("/b/c/g")),
        (&http, "g/", Some("/b/c/g/")),
        (&http, "/g", Some("/g")),
        (&http, "g?y", Some("/b/c/g?y")),
        (&http, "g?y/./x", Some("/b/c/g?y/./x")),
        (&http, "g#s", Some("/b/c/g")),
        (&http, ".", Some("/b/c/")),
        (&http, "./", Some("/b/c/")),
        (&http, "..", Some("/b/")),
        (&http, "../g", Some("/b/g")),
        (&http, "../..", Some("/")),
        (&http, "../../../g", Some("/g")),
        (&http, "/./g", Some("/g")),
        (&http, "/../g", Some("/g")),
        (&http, "g.", Some("/b/c/g.")),
        (&http, "..g", Some("/b/c/..g")),
        (&http, "g/./h/../i", Some("/b/c/g/i")),
        (&http, "/a//b", Some("/a//b")),
        (&http, "http://a.example/x", Some("/x")),
        (&http, "HTTP://A.EXAMPLE/x", Some("/x")),
        (&http, "http://a.example:80/x", Some("/x")),
        (&http, "http://a.example:/x", Some("/x")),
        (&http, "http://a.example", Some("/")),
        (&http, "http://a.example?q", Some("/?q")),
        (&http, "//a.example/x?y", Some("/x?y")),
        (&http, "http://a.example:8080/x", None),
        (&http, "http://b.example/x", None),
        (&http, "http://u@a.example/x", None),
        (&http, "http://a.example.evil/x", None),
        (&http, "//b.example/x", None),
        (&http, "https://a.example/x", None),
        (&http, "http:g", None),
        (&http, "mailto:x", None),
        (&http, "data:,x", None),
        (&http, "/x y", None),
        (&http, "/x\\y", None),
        (&http, "/a:b", Some("/a:b")),
        (&https, "https://a.example:8443/x", Some("/x")),
        (&https, "https://a.example/x", None),
        (&https, "/x", Some("/x")),
    ];
    table(rows, |(target, reference, expected)| {
        let found = target.resolve(reference.as_bytes()).map(|path| String::from_utf8(path).unwrap());
        same(reference, found, expected.map(str::to_owned))
    });
}

#[test]
fn location_and_content_location_are_invalidated_with_the_target() {
    let target = Target { scheme: "http", authority: b"a.example", path_and_query: b"/x" };
    let rows: &[(&str, &[&str])] = &[
        ("", &[]),
        ("Location: /y", &["/y"]),
        ("Content-Location: z\nLocation: y", &["/y", "/z"]),
        ("Location: http://a.example/y", &["/y"]),
        ("Location: http://b.example/y", &[]),
        ("Location: /x", &[]),
        ("Location: /y\nLocation: /z", &[]),
    ];
    table(rows, |(text, expected)| {
        let found: Vec<_> =
            also_invalidated(&target, &head(text)).map(|path| String::from_utf8(path).unwrap()).collect();
        same(text, found, expected.iter().map(|&path| path.to_owned()).collect())
    });
}
