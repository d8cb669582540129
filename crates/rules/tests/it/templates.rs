//! Templates, rewrites and the choice of a shard.

use crate::request::{Lines, Written};
use littoral_rules::{Captures, ResponseScope, Rewrite, Scope, Template, Variables, shard};

const REQUEST: &str = "GET https://a.example/x/y.js?v=1&w=&v=2 from ::ffff:192.0.2.7 in DE by 2 | x-a: 1 | x-a: 2 \
                       | cookie: s=abc; t=; s=z";

fn render(text: &str, request: &str) -> String {
    let template =
        Template::parse(text, Variables::RESPONSE).unwrap_or_else(|wrong| panic!("{text}: {wrong:?}"));
    let (written, lines) = (Written::new(request), Lines(vec![("etag".to_owned(), b"\"e\"".to_vec())]));
    let response = ResponseScope { status: 404, cache: b"hit", headers: &lines };
    let scope = Scope {
        request_id: b"id7",
        node: b"n1",
        site: b"shop",
        behavior: b"/img/*",
        response: Some(response),
        ..Scope::new(written.subject())
    };
    let mut out = b">".to_vec();
    template.render(&scope, &mut out);
    assert_eq!((template.as_str(), template.to_string().as_str()), (text, text));
    String::from_utf8(out).unwrap()
}

#[test]
fn variables_are_written_as_they_came() {
    for (text, expected) in [
        ("", ">"),
        ("plain", ">plain"),
        ("${scheme}://${host}${path}${query}", ">https://a.example/x/y.js?v=1&w=&v=2"),
        ("${method} ${protocol} ${client.ip} ${country}", ">GET 2 192.0.2.7 DE"),
        ("${request.id} ${node} ${site} ${behavior}", ">id7 n1 shop /img/*"),
        ("${header.X-A}|${header.x-b}", ">1, 2|"),
        ("${cookie.s}${cookie.t}${cookie.u}", ">abc"),
        ("${query.v}-${query.w}-${query.x}", ">1--"),
        ("${status} ${cache} ${response.header.ETag}", ">404 hit \"e\""),
        ("5$$ $${host}", ">5$ ${host}"),
        ("ü${country}", ">üDE"),
    ] {
        assert_eq!(render(text, REQUEST), expected, "{text}");
    }
    assert_eq!(render("[${query}${country}${header.a}]", "GET http://h/"), ">[]");
    assert_eq!(render("[${query}]", "GET http://h/?"), ">[?]");
}

#[test]
fn no_value_ends_a_line() {
    let lines = Lines(vec![("x".to_owned(), b"a\r\nb\0c".to_vec())]);
    let written = Written::new("GET http://h/");
    let mut subject = written.subject();
    subject.headers = &lines;
    let mut out = Vec::new();
    Template::parse("${header.x}", Variables::REQUEST).unwrap().render(&Scope::new(subject), &mut out);
    assert_eq!(out, b"a  b c");
}

#[test]
fn a_template_says_what_it_is() {
    let parse = |text: &str| Template::parse(text, Variables::REQUEST.with_captures(1)).unwrap();
    assert_eq!(parse("a$$b").as_literal(), Some("a$b"));
    assert_eq!(parse("").as_literal(), Some(""));
    assert_eq!(parse("a${host}").as_literal(), None);
    assert_eq!(parse("https://x/${host}").literal_prefix(), "https://x/");
    assert!(
        parse("/a?b").writes_query()
            && parse("/a${query}").writes_query()
            && !parse("/${query.a}").writes_query()
    );
    let template = parse("${host}${header.B}${header.A}${header.a}${cookie.c}${query.d}${1}${node}");
    let reads = template.reads();
    assert_eq!(reads.headers, ["a".into(), "b".into()].into());
    assert_eq!((&*reads.cookies, &*reads.parameters), (&["c".into()][..], &["d".into()][..]));
    assert!(reads.host && reads.path && !reads.query && !reads.client);
}

fn applied(rewrite: &Rewrite, request: &str) -> Option<String> {
    let written = Written::new(request);
    let mut out = Vec::new();
    let applies = rewrite.apply(&Scope::new(written.subject()), &mut out);
    assert_eq!(rewrite.matches(written.subject().path), applies);
    assert!(applies || out.is_empty());
    applies.then(|| String::from_utf8(out).unwrap())
}

#[test]
fn a_prefix_is_exchanged_and_the_rest_kept() {
    for (from, to, request, expected) in [
        ("/app/", "/", "GET http://h/app/x/y?z", Some("/x/y")),
        ("/app/", "/", "GET http://h/app/", Some("/")),
        ("/app/", "/", "GET http://h/app", None),
        ("/old/", "https://${host}/new/", "GET http://h/old/a", Some("https://h/new/a")),
        ("/old/", "/new/${1}.html${query}", "GET http://h/old/a?b", Some("/new/a.html?b")),
        ("/old", "/new", "GET http://h/older", Some("/newer")),
        // No part of a path becomes a parameter of its own.
        (
            "/q/",
            "/search?path=${1}&x=1",
            "GET http://h/q/a&admin=1+2;b%2Fc",
            Some("/search?path=a%26admin=1%2B2%3Bb%2Fc&x=1"),
        ),
        ("/q/", "/search?path=", "GET http://h/q/a&admin=1", Some("/search?path=a%26admin=1")),
        ("/q/", "/a&b/${1}", "GET http://h/q/c&d", Some("/a&b/c&d")),
    ] {
        let rewrite = Rewrite::prefix(from, to, Variables::REQUEST).unwrap();
        assert_eq!(applied(&rewrite, request).as_deref(), expected, "{from} {to} {request}");
        assert_eq!((rewrite.from(), rewrite.to().as_str()), (Some(from), to));
    }
}

#[test]
fn groups_of_an_expression_are_written() {
    for (pattern, to, path, expected) in [
        (r"^/(.+)_v[0-9a-f]+\.(js|css)$", "/${1}.${2}", "/a/main_v468df6b.js", Some("/a/main.js")),
        (r"^/(.+)_v[0-9a-f]+\.(js|css)$", "/${1}.${2}", "/a/main_v468dg6b.js", None),
        ("^/(a)?(b)?", "/[${1}][${2}]", "/b", Some("/[][b]")),
        ("/(x)", "/${1}${path}", "/a/x/b", Some("/x/a/x/b")),
        ("(?i)^/UP/(.)", "/${1}${1}", "/up/ab", Some("/aa")),
        (
            r"^/(\w+)/(\w+)/(\w+)/(\w+)/(\w+)/(\w+)/(\w+)/(\w+)/(\w+)$",
            "/${9}${1}",
            "/1/2/3/4/5/6/7/8/9",
            Some("/91"),
        ),
        // Too large for an automaton built beforehand.
        ("(a|b).{40}(c)$", "${1}${2}", &format!("/a{}c", "x".repeat(40)), Some("ac")),
        ("(a|b).{40}(c)$", "${1}${2}", &format!("/a{}c", "x".repeat(41)), None),
    ] {
        let rewrite =
            Rewrite::regex(pattern, to, Variables::REQUEST).unwrap_or_else(|wrong| panic!("{wrong:?}"));
        let request = format!("GET http://h{path}");
        assert_eq!(applied(&rewrite, &request).as_deref(), expected, "{pattern} {path}");
    }
}

#[test]
fn a_whole_text_takes_every_path() {
    let rewrite = Rewrite::whole("https://www.${host}${path}${query}", Variables::REQUEST).unwrap();
    assert_eq!(applied(&rewrite, "GET http://a.b/c?d").as_deref(), Some("https://www.a.b/c?d"));
    assert!(rewrite.from().is_none() && rewrite.reads().host && rewrite.reads().query);
    assert!(!Rewrite::whole("/x", Variables::REQUEST).unwrap().reads().path);
    assert!(Rewrite::prefix("/x", "/y", Variables::REQUEST).unwrap().reads().path);
}

#[test]
fn groups_that_are_not_there_are_empty() {
    let template = Template::parse("${1}", Variables::REQUEST.with_captures(1)).unwrap();
    let (written, captures) = (Written::new("GET http://h/"), Captures::default());
    let mut out = Vec::new();
    template.render(&Scope { captures: Some(&captures), ..Scope::new(written.subject()) }, &mut out);
    assert!(out.is_empty() && captures.group(1).is_none() && captures.group(99).is_none());
}

const SHARDS: [&str; 4] = ["s1.example.com", "s2.example.com", "s3.example.com", "s4.example.com"];

/// The same table stands in `docs/rules.md`: who computes shards elsewhere tests with it.
const VECTORS: [(&str, &str); 6] = [
    ("/", "s3.example.com"),
    ("/assets/main.css", "s1.example.com"),
    ("/assets/main.js", "s3.example.com"),
    ("/img/logo.svg", "s4.example.com"),
    ("/img/2026/11/shore.avif", "s4.example.com"),
    ("/fonts/text-%C3%BC.woff2", "s4.example.com"),
];

#[test]
fn shards_are_what_they_have_always_been() {
    let page = include_str!("../../../../docs/rules.md");
    for (path, host) in VECTORS {
        assert_eq!(SHARDS[shard(&SHARDS, path.as_bytes())], host, "{path}");
        assert!(page.contains(&format!("| `{path}` | `{host}` |")), "{path}");
    }
    assert_eq!(shard(&[""; 0], b"/"), 0);
}

#[test]
fn shards_are_even_and_no_path_moves_without_need() {
    let paths: Vec<String> = (0..20_000).map(|n| format!("/assets/{n}.js")).collect();
    let mut counts = [0u32; 4];
    for path in &paths {
        let chosen = shard(&SHARDS, path.as_bytes());
        counts[chosen] += 1;
        let reversed: Vec<&str> = SHARDS.into_iter().rev().collect();
        assert_eq!(reversed[shard(&reversed, path.as_bytes())], SHARDS[chosen]);
        let fewer = shard(&SHARDS[..3], path.as_bytes());
        assert!(chosen == 3 || chosen == fewer, "{path} moved between hosts that stayed");
    }
    assert!(counts.iter().all(|count| (4_700..5_300).contains(count)), "{counts:?}");
}
