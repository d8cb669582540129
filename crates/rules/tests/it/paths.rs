//! Path patterns: what they match, what is none, what covers what.

use littoral_rules::{PathMistake, PathPattern};

#[test]
fn patterns_match_what_they_say() {
    for (pattern, path, expected) in [
        ("/", "/", true),
        ("/", "/a", false),
        ("/robots.txt", "/robots.txt", true),
        ("/robots.txt", "/robots.txt/", false),
        ("/robots.txt", "/Robots.txt", false),
        ("*", "/", true),
        ("/*", "/anything/at/all", true),
        ("/img/*", "/img/", true),
        ("/img/*", "/img/a/b.png", true),
        ("/img/*", "/img", false),
        ("/img/*", "/images/a", false),
        ("/img*", "/img", true),
        ("*.jpg", "/a/b.jpg", true),
        ("*.jpg", "/.jpg", true),
        ("*.jpg", "/a.jpg/", false),
        ("/a/*/b", "/a/x/b", true),
        ("/a/*/b", "/a/x/y/b", true),
        ("/a/*/b", "/a//b", true),
        ("/a/*/b", "/a/b", false),
        ("/a*a", "/a", false),
        ("/a*a", "/aa", true),
        ("*/a/*", "/a/", true),
        ("*/a/*", "/b/a/c", true),
        ("*/a/*", "/b/ac", false),
        ("/*.min.*", "/x.min.js", true),
        ("/*.min.*", "/x.mi.js", false),
        ("/a*b*c", "/abbc", true),
        ("/a*b*c", "/acb", false),
        ("/a*b*c", "/a-c-b-c", true),
        ("/%C3%BC", "/%C3%BC", true),
    ] {
        let compiled = PathPattern::new(pattern).unwrap_or_else(|mistake| panic!("{pattern} {mistake}"));
        assert_eq!(compiled.matches(path.as_bytes()), expected, "{pattern} {path}");
    }
}

#[test]
fn a_pattern_that_could_never_match_is_a_mistake() {
    let not_normalized = |text: &str| PathMistake::NotNormalized { normalized: text.into() };
    for (pattern, expected) in [
        ("", PathMistake::Empty),
        ("img", PathMistake::NoSlash),
        ("/a**", PathMistake::DoubleWildcard),
        ("/a?b", PathMistake::Query),
        ("/a#b", PathMistake::Query),
        ("/a b", not_normalized("/a%20b")),
        ("/é", not_normalized("/%C3%A9")),
        ("/%7e", not_normalized("/~")),
        ("/%2f", not_normalized("/%2F")),
        ("/a\\b", not_normalized("/a%5Cb")),
        ("/a/./b", PathMistake::DotSegment),
        ("/a/..", PathMistake::DotSegment),
        ("/%2e%2e/", PathMistake::DotSegment),
        ("/%4", PathMistake::BrokenEscape),
        ("/%", PathMistake::BrokenEscape),
        ("/%zz", PathMistake::BrokenEscape),
        ("/%é", PathMistake::BrokenEscape),
        ("/a*b*c*d*e*f*g*h*i*", PathMistake::TooManyWildcards),
    ] {
        assert_eq!(PathPattern::new(pattern).err(), Some(expected), "{pattern}");
    }
    assert_eq!(PathPattern::new(&format!("/{}", "a".repeat(1024))).err(), Some(PathMistake::TooLong));
}

#[test]
fn a_pattern_covers_those_that_match_less() {
    for (pattern, other, expected) in [
        ("*", "/a", true),
        ("/*", "*.jpg", true),
        ("/img/*", "/img/a/*.png", true),
        ("/img/*", "/img/*", true),
        ("/img/*", "/img/", true),
        ("/img/*", "/im*", false),
        ("*.jpg", "/img/*.jpg", true),
        ("*.jpg", "/img/*", false),
        ("/a/*/b", "/a/*/c/*/b", true),
        ("/a", "/a*", false),
        ("/a", "*", false),
    ] {
        let covers = PathPattern::new(pattern).unwrap().covers(&PathPattern::new(other).unwrap());
        assert_eq!(covers, expected, "{pattern} {other}");
    }
}
