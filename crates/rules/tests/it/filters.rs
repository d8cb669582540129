//! Conditions: what they mean, which requests meet them.

use crate::request::Written;
use littoral_rules::{Filter, HostPattern, Matcher, PathPattern};

fn filter(text: &str) -> Filter {
    Filter::parse(text).unwrap_or_else(|mistakes| panic!("{text}: {mistakes:?}"))
}

/// Each condition with requests that meet it, and requests that do not.
const TABLE: &[(&str, &[&str], &[&str])] = &[
    (
        r#"host == "a.example""#,
        &["GET http://a.example/"],
        &["GET http://b.example/", "GET http://a.example.b/"],
    ),
    (r#"host eq "a.example""#, &["GET http://a.example/"], &["GET http://b.example/"]),
    (r#"host != "a.example""#, &["GET http://b.example/"], &["GET http://a.example/"]),
    (r#"host in {"a.example" "b.example"}"#, &["GET http://b.example/"], &["GET http://c.example/"]),
    (r#"host in {"a.example", "b.example",}"#, &["GET http://a.example/"], &["GET http://c.example/"]),
    (r#"path == "/a""#, &["GET http://h/a", "GET http://h/a?b"], &["GET http://h/a/", "GET http://h/A"]),
    (r#"lower(path) == "/a""#, &["GET http://h/A", "GET http://h/a"], &["GET http://h/b"]),
    (r#"starts_with(path, "/api/")"#, &["GET http://h/api/x"], &["GET http://h/api", "GET http://h/"]),
    (
        r#"starts_with(lower(path), "/api/")"#,
        &["GET http://h/API/x"],
        &["GET http://h/AP", "GET http://h/xapi/"],
    ),
    (r#"ends_with(path, ".js")"#, &["GET http://h/x.js"], &["GET http://h/x.JS", "GET http://h/js"]),
    (r#"ends_with(lower(path), ".js")"#, &["GET http://h/x.JS"], &["GET http://h/", "GET http://h/x.js/"]),
    (r#"path contains "admin""#, &["GET http://h/x/admin/y"], &["GET http://h/x/Admin/y"]),
    (r#"lower(path) contains "admin""#, &["GET http://h/x/AdMin/y"], &["GET http://h/x/amdin"]),
    (r#"lower(path) contains "a.b""#, &["GET http://h/A.B"], &["GET http://h/axb"]),
    (
        r#"path matches r"^/v[0-9]+/(a|b)$""#,
        &["GET http://h/v12/b"],
        &["GET http://h/v/b", "GET http://h/v1/b/"],
    ),
    (r#"path ~ "\\.(?i:png|gif)$""#, &["GET http://h/x.PNG", "GET http://h/a.gif"], &["GET http://h/xgif"]),
    (
        r#"path wildcard "/a/*/c""#,
        &["GET http://h/a/b/c", "GET http://h/a//c"],
        &["GET http://h/a/c", "GET http://h/a/b/cd"],
    ),
    (r#"path wildcard "/a""#, &["GET http://h/a"], &["GET http://h/ab"]),
    (
        r#"lower(path) wildcard "*.jp*g""#,
        &["GET http://h/x.JPG", "GET http://h/x.jpeg"],
        &["GET http://h/x.jpg.txt"],
    ),
    (r#"host wildcard "*.a.example""#, &["GET http://x.a.example/"], &["GET http://a.example/"]),
    (
        r#"extension == "gz""#,
        &["GET http://h/x.tar.gz"],
        &["GET http://h/a.gz/b", "GET http://h/gz", "GET http://h/x.tar"],
    ),
    (r#"extension in {"png" "jpg"}"#, &["GET http://h/x.jpg"], &["GET http://h/x.JPG", "GET http://h/"]),
    (
        r#"lower(extension) in {"png" "jpg"}"#,
        &["GET http://h/x.JPG", "GET http://h/x.Png"],
        &["GET http://h/x.gif", "GET http://h/x.jp"],
    ),
    (r#"extension == """#, &["GET http://h/x."], &["GET http://h/x", "GET http://h/x.y"]),
    ("exists(extension)", &["GET http://h/x."], &["GET http://h/.a/x"]),
    (r#"query == "a=1""#, &["GET http://h/?a=1"], &["GET http://h/?a=1&b", "GET http://h/"]),
    (r#"query != "a=1""#, &["GET http://h/", "GET http://h/?"], &["GET http://h/?a=1"]),
    ("exists(query)", &["GET http://h/?", "GET http://h/?a"], &["GET http://h/"]),
    (
        r#"query["v"] == "2""#,
        &["GET http://h/?v=2", "GET http://h/?u=1&v=1&v=2"],
        &["GET http://h/?v=22", "GET http://h/?V=2", "GET http://h/?xv=2"],
    ),
    (
        r#"query["v"] == """#,
        &["GET http://h/?v", "GET http://h/?v=", "GET http://h/?a&v&b"],
        &["GET http://h/?", "GET http://h/?vv", "GET http://h/"],
    ),
    (r#"query["v"] == "a=b""#, &["GET http://h/?v=a=b"], &["GET http://h/?v=a"]),
    (r#"query["a"] == "x%20y""#, &["GET http://h/?a=x%20y"], &["GET http://h/?a=x+y"]),
    (r#"exists(query["v"])"#, &["GET http://h/?v"], &["GET http://h/?w=v"]),
    (r#"method == "POST""#, &["POST http://h/"], &["GET http://h/"]),
    (r#"method in {"GET" "HEAD" "PROPFIND"}"#, &["PROPFIND http://h/"], &["POST http://h/", "get http://h/"]),
    (r#"scheme == "https""#, &["GET https://h/"], &["GET http://h/"]),
    (r#"protocol == "2""#, &["GET http://h/ by 2"], &["GET http://h/ by 1.1", "GET http://h/"]),
    (r#"protocol in {"2" "3"}"#, &["GET http://h/ by 3"], &["GET http://h/ by 1.0"]),
    (
        "ip == 192.0.2.1",
        &["GET http://h/ from 192.0.2.1", "GET http://h/ from ::ffff:192.0.2.1"],
        &["GET http://h/ from 192.0.2.2"],
    ),
    ("ip != 2001:db8::1", &["GET http://h/"], &["GET http://h/ from 2001:db8::1"]),
    (
        "ip in {192.0.2.0/24 198.51.100.7 2001:db8::/32}",
        &[
            "GET http://h/ from 192.0.2.255",
            "GET http://h/ from 198.51.100.7",
            "GET http://h/ from 2001:db8:ffff::1",
        ],
        &["GET http://h/ from 192.0.3.0", "GET http://h/ from 198.51.100.8", "GET http://h/ from 2001:db9::"],
    ),
    (
        "ip in {10.0.0.0/8 10.1.0.0/16 11.0.0.0/8}",
        &["GET http://h/ from 10.1.2.3", "GET http://h/ from 11.255.255.255"],
        &["GET http://h/ from 12.0.0.0", "GET http://h/ from 9.255.255.255"],
    ),
    ("ip in {0.0.0.0/0}", &["GET http://h/ from 255.255.255.255"], &["GET http://h/ from ::1"]),
    ("ip in {::/0}", &["GET http://h/ from ::1"], &["GET http://h/ from 127.0.0.1"]),
    ("ip in {::ffff:10.0.0.0/104}", &["GET http://h/ from 10.9.9.9"], &["GET http://h/ from 11.0.0.0"]),
    (r#"country == "DE""#, &["GET http://h/ in DE"], &["GET http://h/ in AT", "GET http://h/"]),
    (r#"country != "DE""#, &["GET http://h/", "GET http://h/ in AT"], &["GET http://h/ in DE"]),
    (r#"country in {"DE" "AT" "CH"}"#, &["GET http://h/ in CH"], &["GET http://h/ in FR", "GET http://h/"]),
    ("exists(country)", &["GET http://h/ in FR"], &["GET http://h/"]),
    (
        r#"header["X-A"] == "1""#,
        &["GET http://h/ | x-a: 1", "GET http://h/ | x-a: 0 | x-a: 1"],
        &["GET http://h/", "GET http://h/ | x-a: 11"],
    ),
    (
        r#"header["x-a"] != "1""#,
        &["GET http://h/", "GET http://h/ | x-a: 0"],
        &["GET http://h/ | x-a: 0 | x-a: 1"],
    ),
    (
        r#"not header["x-a"] contains "b""#,
        &["GET http://h/", "GET http://h/ | x-a: acd"],
        &["GET http://h/ | x-a: abc"],
    ),
    (r#"exists(header["x-a"])"#, &["GET http://h/ | x-a:"], &["GET http://h/ | x-b: 1"]),
    (
        r#"lower(header["user-agent"]) contains "bot""#,
        &["GET http://h/ | user-agent: GoogleBot/2"],
        &["GET http://h/ | user-agent: curl"],
    ),
    (
        r#"len(header["x-a"]) > 3"#,
        &["GET http://h/ | x-a: 1234"],
        &["GET http://h/ | x-a: 123", "GET http://h/"],
    ),
    (
        r#"len(header["x-a"]) < 3"#,
        &["GET http://h/ | x-a: 12", "GET http://h/ | x-a:"],
        &["GET http://h/ | x-a: 123", "GET http://h/"],
    ),
    ("len(path) le 3", &["GET http://h/ab"], &["GET http://h/abc"]),
    ("len(path) >= 4", &["GET http://h/abc"], &["GET http://h/ab"]),
    ("len(path) == 3", &["GET http://h/ab"], &["GET http://h/a"]),
    ("len(path) ne 3", &["GET http://h/a"], &["GET http://h/ab"]),
    (
        r#"cookie["s"] == "1""#,
        &[
            "GET http://h/ | cookie: s=1",
            "GET http://h/ | cookie: a=2; s=1",
            "GET http://h/ | cookie: ss=2 | cookie: s=1",
        ],
        &["GET http://h/ | cookie: ss=1", "GET http://h/ | cookie: S=1", "GET http://h/ | cookie: s"],
    ),
    (r#"cookie["s"] == "\"1\"""#, &[r#"GET http://h/ | cookie: s="1""#], &["GET http://h/ | cookie: s=1"]),
    (
        r#"exists(cookie["s"])"#,
        &["GET http://h/ | cookie: a=b;s=;c=d"],
        &["GET http://h/ | cookie: a=s", "GET http://h/"],
    ),
    (r#"not host == "a" and path == "/x""#, &["GET http://b/x"], &["GET http://b/y", "GET http://a/x"]),
    (r#"! (host == "a" && path == "/x")"#, &["GET http://b/x", "GET http://a/y"], &["GET http://a/x"]),
    (
        r#"host == "a" or host == "b" and path == "/x""#,
        &["GET http://a/y", "GET http://b/x"],
        &["GET http://b/y"],
    ),
    (r#"(host == "a" or host == "b") and path == "/x""#, &["GET http://a/x"], &["GET http://a/y"]),
    (
        r#"host == "a" xor path == "/x" or method == "PUT""#,
        &["GET http://a/y", "GET http://b/x", "PUT http://a/x"],
        &["GET http://a/x"],
    ),
    (
        r#"host == "a" ^^ path == "/x" ^^ method == "PUT""#,
        &["PUT http://a/x", "GET http://a/y"],
        &["GET http://a/x"],
    ),
    (
        r#"host == "a" xor path == "/x" and method == "PUT""#,
        &["GET http://a/x", "PUT http://b/x"],
        &["PUT http://a/x", "GET http://b/x"],
    ),
    ("not not true", &["GET http://h/"], &[]),
    ("true and (false or not false) xor false", &["GET http://h/"], &[]),
    ("true xor true", &[], &["GET http://h/"]),
    (r##"path == r#"/"#"##, &["GET http://h/"], &["GET http://h/x"]),
    (r##"header["x"] == r#"a"b\"#"##, &[r#"GET http://h/ | x: a"b\"#], &[]),
    ("\n\thost\n==\"a\"\n", &["GET http://a/"], &["GET http://b/"]),
];

#[test]
fn conditions_hold_for_the_requests_that_they_mean() {
    for (text, met, unmet) in TABLE {
        let filter = filter(text);
        for (requests, expected) in [(met, true), (unmet, false)] {
            for request in *requests {
                assert_eq!(filter.matches(&Written::new(request).subject()), expected, "{text}\n{request}");
            }
        }
        assert_eq!(filter.as_str(), *text);
        assert_eq!(filter.to_string(), *text);
    }
}

#[test]
fn conditions_on_no_field_are_known_before_any_request() {
    for (text, expected) in [
        ("true", Some(true)),
        ("not true", Some(false)),
        (r#"host == "a" or true"#, Some(true)),
        (r#"host == "a" and false"#, Some(false)),
        (r#"host == "a" and true"#, None),
        ("true xor true xor true", Some(true)),
        (r#"host == "a""#, None),
    ] {
        assert_eq!(filter(text).constant(), expected, "{text}");
    }
}

#[test]
fn a_condition_says_what_it_reads() {
    let filter = filter(
        r#"header["X-B"] == "1" or header["x-a"] == "1" or lower(cookie["S"]) == "x" or exists(query["v"])
           or extension == "js" or ip == 10.0.0.1 or header["x-a"] == "2""#,
    );
    let reads = filter.reads();
    assert_eq!(reads.headers, ["x-a".into(), "x-b".into()].into());
    assert_eq!(reads.cookies, ["S".into()].into());
    assert_eq!(reads.parameters, ["v".into()].into());
    assert!(reads.path && reads.client);
    assert!(
        !reads.host && !reads.query && !reads.method && !reads.scheme && !reads.protocol && !reads.country
    );
    let mut more = reads.clone();
    more.add(
        Filter::parse(r#"exists(query) and header["x-0"] == "1" and scheme == "http""#).unwrap().reads(),
    );
    assert_eq!(more.headers, ["x-0".into(), "x-a".into(), "x-b".into()].into());
    assert!(more.query && more.scheme && more.path);
}

#[test]
fn a_matcher_with_a_condition_covers_only_its_like() {
    let matcher = |path: &str, when: Option<&str>| {
        Matcher::new(vec![PathPattern::new(path).unwrap()], None, Vec::new(), when.map(filter)).unwrap()
    };
    let (one, two) = (r#"host == "a""#, r#"host == "b""#);
    assert!(matcher("/a*", None).covers(&matcher("/ab", Some(one))));
    assert!(matcher("/a*", Some(one)).covers(&matcher("/ab", Some(one))));
    assert!(!matcher("/a*", Some(one)).covers(&matcher("/ab", Some(two))));
    assert!(!matcher("/a*", Some(one)).covers(&matcher("/ab", None)));
    assert!(!matcher("*", Some(one)).is_any() && matcher("*", Some("true")).is_any());
    assert!(matcher("*", Some("true")).when().is_none());
    let hosts = vec![HostPattern::new("a").unwrap()];
    let both = Matcher::new(Vec::new(), None, hosts, Some(filter(r#"method == "PUT""#))).unwrap();
    for (request, expected) in [("PUT http://a/", true), ("GET http://a/", false), ("PUT http://b/", false)] {
        assert_eq!(both.matches(&Written::new(request).subject()), expected, "{request}");
    }
}
