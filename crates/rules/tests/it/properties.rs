//! The compiled forms against plain ones that are too slow to serve with.

use littoral_rules::{HostPattern, PathPattern};
use proptest::prelude::*;

/// What `*` means, by trying every length.
fn naive(pattern: &[u8], path: &[u8]) -> bool {
    match pattern.split_first() {
        None => path.is_empty(),
        Some((b'*', rest)) => (0..=path.len()).any(|len| naive(rest, &path[len..])),
        Some((byte, rest)) => path.first() == Some(byte) && naive(rest, &path[1..]),
    }
}

fn naive_host(pattern: &str, host: &str) -> bool {
    match pattern.strip_prefix('*') {
        Some("") => true,
        Some(under) => host.len() > under.len() && host.ends_with(under),
        None => pattern == host,
    }
}

fn cases() -> ProptestConfig {
    let cases = if std::env::var_os("LITTORAL_SOAK").is_some() { 500_000 } else { 5_000 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn path_patterns_match_as_the_plain_form_does(
        pattern in "[/*][ab/*]{0,8}",
        path in "/[ab/]{0,12}",
    ) {
        if let Ok(compiled) = PathPattern::new(&pattern) {
            prop_assert_eq!(compiled.matches(path.as_bytes()), naive(pattern.as_bytes(), path.as_bytes()));
        }
    }

    #[test]
    fn what_is_covered_matches_too(
        one in "[/*][ab/*]{0,5}",
        two in "[/*][ab/*]{0,5}",
        path in "/[ab/]{0,8}",
    ) {
        if let (Ok(one), Ok(two)) = (PathPattern::new(&one), PathPattern::new(&two))
            && one.covers(&two) && two.matches(path.as_bytes())
        {
            prop_assert!(one.matches(path.as_bytes()));
        }
    }

    #[test]
    fn host_patterns_match_as_the_plain_form_does(
        pattern in r"(\*|(\*\.)?[ab](\.[ab]){0,2})",
        host in r"[ab](\.[ab]){0,3}",
    ) {
        let compiled = HostPattern::new(&pattern).expect("made to be good");
        prop_assert_eq!(compiled.matches(host.as_bytes()), naive_host(&pattern, &host));
    }

    #[test]
    fn any_text_is_a_pattern_or_a_mistake(text in any::<String>(), path in any::<Vec<u8>>()) {
        let _ = HostPattern::new(&text).map(|host| host.matches(&path));
        if let Ok(pattern) = PathPattern::new(&text) {
            prop_assert!(pattern.covers(&pattern));
            pattern.matches(&path);
        }
    }
}
