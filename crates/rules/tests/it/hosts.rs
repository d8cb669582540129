//! Host patterns: what they match, what is none, what covers what.

use littoral_rules::{HostMistake, HostPattern, check_host};

#[test]
fn patterns_match_what_they_say() {
    for (pattern, host, expected) in [
        ("*", "", true),
        ("*", "example.com", true),
        ("example.com", "example.com", true),
        ("Example.COM", "example.com", true),
        ("example.com", "www.example.com", false),
        ("*.example.com", "www.example.com", true),
        ("*.example.com", "a.b.example.com", true),
        ("*.example.com", "example.com", false),
        ("*.example.com", ".example.com", false),
        ("*.example.com", "badexample.com", false),
        ("[2001:db8::1]", "[2001:db8::1]", true),
        ("192.0.2.1", "192.0.2.1", true),
        ("localhost", "localhost", true),
        ("_dmarc.example.com", "_dmarc.example.com", true),
    ] {
        let compiled = HostPattern::new(pattern).unwrap_or_else(|mistake| panic!("{pattern} {mistake}"));
        assert_eq!(compiled.matches(host.as_bytes()), expected, "{pattern} {host}");
    }
}

#[test]
fn what_no_request_can_name_is_a_mistake() {
    for (text, expected) in [
        ("", HostMistake::Empty),
        ("https://example.com", HostMistake::Scheme),
        ("example.com:80", HostMistake::Port),
        ("[::1]:80", HostMistake::Port),
        ("example.com/", HostMistake::Path),
        ("*example.com", HostMistake::WildcardPlace),
        ("a.*.com", HostMistake::WildcardPlace),
        ("**.com", HostMistake::WildcardPlace),
        ("*.192.0.2.1", HostMistake::WildcardPlace),
        ("*.[::1]", HostMistake::WildcardPlace),
        ("*.", HostMistake::Empty),
        ("é.example", HostMistake::NotAscii),
        ("a..b", HostMistake::EmptyLabel),
        (".a", HostMistake::EmptyLabel),
        ("a.", HostMistake::EmptyLabel),
        ("-a.b", HostMistake::Label),
        ("a-.b", HostMistake::Label),
        ("a b", HostMistake::Label),
        ("1.2.3", HostMistake::Address),
        ("1.2.3.400", HostMistake::Address),
        ("::1", HostMistake::Address),
        ("[::1", HostMistake::Address),
        ("[0:0::1]", HostMistake::Address),
        ("[::1]x", HostMistake::Address),
    ] {
        assert_eq!(HostPattern::new(text), Err(expected), "{text}");
    }
    assert_eq!(check_host(&"a".repeat(64)), Err(HostMistake::TooLong));
    assert_eq!(check_host(&"a.".repeat(127)[..253]), Ok(()));
    assert_eq!(check_host(&["a"; 128].join(".")), Err(HostMistake::TooLong));
}

#[test]
fn a_pattern_covers_those_that_match_less() {
    for (pattern, other, covers, overlaps) in [
        ("*", "*", true, true),
        ("*", "a.example", true, true),
        ("a.example", "*", false, true),
        ("*.example", "a.example", true, true),
        ("*.example", "*.a.example", true, true),
        ("*.a.example", "*.example", false, true),
        ("*.a.example", "*.b.example", false, false),
        ("*.example", "example", false, false),
        ("a.example", "a.example", true, true),
        ("a.example", "b.example", false, false),
    ] {
        let (one, two) = (HostPattern::new(pattern).unwrap(), HostPattern::new(other).unwrap());
        assert_eq!((one.covers(&two), one.overlaps(&two)), (covers, overlaps), "{pattern} {other}");
    }
}
