//! W3C Trace Context: whether what a client sent may be passed on. What is malformed would break the trace of whoever
//! reads it next, or is no trace at all.

use smallvec::SmallVec;

/// Longest `traceparent` that is passed on; version 00 has 55 bytes.
const TRACEPARENT_BYTES_MAX: usize = 256;
/// Longest `tracestate`: its 32 members at their longest would be more than any head here may have.
const TRACESTATE_BYTES_MAX: usize = 8192;
/// Most members of a `tracestate` (§3.3.1.1).
const MEMBERS_MAX: usize = 32;

/// Whether this is a `traceparent` (§3.2.2), of version 00 or a later one that begins as it does.
pub fn is_traceparent(text: &[u8]) -> bool {
    let is_hex = |b: &u8| matches!(b, b'0'..=b'9' | b'a'..=b'f');
    let Some((head, rest)) = text.split_at_checked(55) else { return false };
    let (version, trace, parent, flags) = (&head[..2], &head[3..35], &head[36..52], &head[53..]);
    let parts = [version, trace, parent, flags];
    let well_formed = parts.iter().all(|part| part.iter().all(is_hex))
        && [2, 35, 52].iter().all(|&at| head[at] == b'-')
        && trace.iter().any(|&b| b != b'0')
        && parent.iter().any(|&b| b != b'0');
    let continues =
        rest.is_empty() || (version != b"00" && rest[0] == b'-' && rest.iter().all(u8::is_ascii_graphic));
    well_formed && version != b"ff" && continues && text.len() <= TRACEPARENT_BYTES_MAX
}

/// Whether these lines together are a `tracestate` (§3.3.1).
pub fn is_tracestate<'a>(lines: impl Iterator<Item = &'a [u8]>) -> bool {
    let mut keys: SmallVec<[&[u8]; 8]> = SmallVec::new();
    let mut bytes = 0;
    for line in lines {
        bytes += line.len() + 1;
        if bytes > TRACESTATE_BYTES_MAX {
            return false;
        }
        for member in line.split(|&b| b == b',').map(<[u8]>::trim_ascii).filter(|member| !member.is_empty()) {
            let Some(equals) = member.iter().position(|&b| b == b'=') else { return false };
            let (key, value) = (&member[..equals], &member[equals + 1..]);
            if !is_key(key) || !is_value(value) || keys.contains(&key) || keys.len() == MEMBERS_MAX {
                return false;
            }
            keys.push(key);
        }
    }
    !keys.is_empty()
}

/// §3.3.1.3.1: a vendor, or a tenant at a vendor.
fn is_key(key: &[u8]) -> bool {
    let in_key = |b: &u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/');
    let begins = |part: &[u8]| part.first().is_some_and(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9'));
    let is_part = |part: &[u8], most: usize| begins(part) && part.len() <= most && part.iter().all(in_key);
    match key.iter().position(|&b| b == b'@') {
        None => is_part(key, 256),
        Some(at) => is_part(&key[..at], 241) && is_part(&key[at + 1..], 14),
    }
}

/// §3.3.1.3.2.
fn is_value(value: &[u8]) -> bool {
    (1..=256).contains(&value.len())
        && value.iter().all(|&b| (b' '..=b'~').contains(&b) && b != b'=' && b != b',')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_traceparent_is_whole_or_none() {
        const GOOD: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        assert!(is_traceparent(GOOD.as_bytes()));
        assert!(is_traceparent(GOOD.replacen("00", "cc", 1).as_bytes()));
        assert!(is_traceparent(format!("{}-more", GOOD.replacen("00", "cc", 1)).as_bytes()));
        for bad in [
            String::new(),
            GOOD[..54].to_owned(),
            format!("{GOOD}-more"),
            format!("{GOOD} "),
            GOOD.to_uppercase(),
            GOOD.replacen("00", "ff", 1),
            format!("{}more", GOOD.replacen("00", "cc", 1)),
            GOOD.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
            GOOD.replace("b7ad6b7169203331", &"0".repeat(16)),
            GOOD.replace('-', "_"),
            GOOD.replace("0af", "0ag"),
            format!("{}-{}", GOOD.replacen("00", "cc", 1), "x".repeat(300)),
        ] {
            assert!(!is_traceparent(bad.as_bytes()), "{bad}");
        }
    }

    #[test]
    fn a_tracestate_is_whole_or_none() {
        let is = |lines: &[&str]| is_tracestate(lines.iter().map(|line| line.as_bytes()));
        assert!(is(&["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"]));
        assert!(is(&["rojo=1", " congo=2 , , tenant@vendor=a b"]));
        let many = (0..32).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        assert!(is(&[&many]));
        for bad in [
            "",
            ",",
            "rojo",
            "=1",
            "rojo=",
            "Rojo=1",
            "rojo=1,rojo=2",
            "ro jo=1",
            "rojo=a=b",
            "a@=1",
            "rojo=\u{7f}",
        ] {
            assert!(!is(&[bad]), "{bad}");
        }
        assert!(!is(&[&many, "one=more"]));
        assert!(!is(&[&format!("a={}", "x".repeat(257))]));
    }
}
