//! Path and host patterns against plain forms of the same. The input is lines: a pattern, another, then paths.

use littoral_rules::{HostPattern, PathPattern};

/// Steps that the plain form may take before an input counts as too large for it.
const STEPS_MAX: u32 = 100_000;

/// Panics when a compiled pattern and its plain form disagree, or a covering pattern lets something through.
pub fn run(input: &[u8]) {
    let mut lines = input.split(|&byte| byte == b'\n');
    let mut text = || std::str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let (one, two) = (text(), text());
    let paths = (PathPattern::new(one), PathPattern::new(two));
    let hosts = (HostPattern::new(one), HostPattern::new(two));
    for subject in lines {
        if let Ok(pattern) = &paths.0 {
            // Paths begin with a slash; that is what makes `/*` match all of them.
            let path = [b"/", subject].concat();
            let mut steps = STEPS_MAX;
            if let Some(expected) = plain(one.as_bytes(), &path, &mut steps) {
                assert_eq!(pattern.matches(&path), expected, "{one}");
            }
            if let Ok(other) = &paths.1 {
                assert!(
                    !pattern.covers(other) || !other.matches(&path) || pattern.matches(&path),
                    "{one} {two}"
                );
            }
        }
        if let (Ok(pattern), Ok(other)) = (&hosts.0, &hosts.1) {
            assert!(
                !pattern.covers(other) || !other.matches(subject) || pattern.matches(subject),
                "{one} {two}"
            );
            assert!(
                pattern.overlaps(other) || !(pattern.matches(subject) && other.matches(subject)),
                "{one} {two}"
            );
        }
    }
}

/// What `*` means, by trying every length; `None` when that takes too long.
fn plain(pattern: &[u8], path: &[u8], steps: &mut u32) -> Option<bool> {
    *steps = steps.checked_sub(1)?;
    match pattern.split_first() {
        None => Some(path.is_empty()),
        Some((b'*', rest)) => {
            for len in 0..=path.len() {
                if plain(rest, &path[len..], steps)? {
                    return Some(true);
                }
            }
            Some(false)
        }
        Some((byte, rest)) => {
            if path.first() == Some(byte) {
                plain(rest, &path[1..], steps)
            } else {
                Some(false)
            }
        }
    }
}
