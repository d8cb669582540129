//! Methods, and all conditions together.

use littoral_rules::{HostPattern, Matcher, MethodMistake, MethodSet, PATTERNS_MAX, PathPattern, Subject};

fn paths(texts: &[&str]) -> Vec<PathPattern> {
    texts.iter().map(|text| PathPattern::new(text).unwrap()).collect()
}

fn hosts(texts: &[&str]) -> Vec<HostPattern> {
    texts.iter().map(|text| HostPattern::new(text).unwrap()).collect()
}

fn methods(names: &[&str]) -> Option<MethodSet> {
    Some(MethodSet::new(names.iter().copied()).unwrap())
}

#[test]
fn all_conditions_must_hold_and_within_one_any() {
    let matcher =
        Matcher::new(paths(&["/a/*", "*.b"]), methods(&["GET", "PURGE"]), hosts(&["x.y", "*.z"]), None)
            .unwrap();
    for (host, path, method, expected) in [
        ("x.y", "/a/", "GET", true),
        ("w.z", "/x.b", "PURGE", true),
        ("x.y", "/a/", "POST", false),
        ("x.y", "/c", "GET", false),
        ("z", "/a/", "GET", false),
    ] {
        let subject = Subject::new(host.as_bytes(), path.as_bytes(), method.as_bytes());
        assert_eq!(matcher.matches(&subject), expected, "{host} {path} {method}");
    }
}

#[test]
fn conditions_that_say_nothing_are_none() {
    let matcher =
        Matcher::new(paths(&["/x", "*"]), Some(MethodSet::all()), hosts(&["a.b", "*"]), None).unwrap();
    assert!(matcher.is_any() && Matcher::any().is_any());
    assert!(Matcher::new(paths(&["/x"; PATTERNS_MAX + 1]), None, Vec::new(), None).is_err());
}

#[test]
fn a_matcher_covers_those_that_match_less() {
    let narrow = Matcher::new(paths(&["/a/b", "/a/*.c"]), methods(&["GET"]), hosts(&["x.y"]), None).unwrap();
    let wide = Matcher::new(paths(&["/a/*"]), methods(&["GET", "HEAD"]), hosts(&["*.y"]), None).unwrap();
    assert!(wide.covers(&narrow) && !narrow.covers(&wide));
    assert!(Matcher::any().covers(&wide) && !wide.covers(&Matcher::any()) && wide.covers(&wide));
}

#[test]
fn methods_are_sets_of_names() {
    let set = MethodSet::new(["GET", "PROPFIND"]).unwrap();
    for (method, expected) in
        [("GET", true), ("PROPFIND", true), ("get", false), ("POST", false), ("", false)]
    {
        assert_eq!(set.allows(method.as_bytes()), expected, "{method}");
    }
    assert_eq!(set.to_string(), "GET, PROPFIND");
    assert_eq!(MethodSet::all().to_string(), "GET, HEAD, POST, PUT, DELETE, OPTIONS, PATCH");
    assert!(MethodSet::all().allows(b"MKCOL") && !MethodSet::all().allows(b"CONNECT"));
    assert!(MethodSet::all().covers(&set) && !set.covers(&MethodSet::all()));
}

#[test]
fn every_method_that_cannot_be_is_named() {
    let mistakes = MethodSet::new(["get", "GET", "GET", "TRACE", "connect", "A B", ""]).unwrap_err();
    assert_eq!(
        mistakes,
        [
            (0, MethodMistake::LowerCase),
            (2, MethodMistake::Repeated),
            (3, MethodMistake::Refused),
            (4, MethodMistake::Refused),
            (5, MethodMistake::NotAToken),
            (6, MethodMistake::NotAToken),
        ]
    );
    let names: Vec<String> = (0..17).map(|n| format!("M{n}")).collect();
    let mistakes = MethodSet::new(names.iter().map(String::as_str)).unwrap_err();
    assert_eq!(mistakes, [(16, MethodMistake::TooMany)]);
}
