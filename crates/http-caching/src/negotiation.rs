//! One written form for request fields that mean the same (RFC 9111 §4.1), so that they select the same variant.
//!
//! `Accept-Encoding` becomes the set of codings that the client takes, `Accept-Language` its ranges by preference;
//! any other field keeps its members and loses what whitespace and line breaks lie between them. What cannot be
//! understood is kept as it is: two requests that might differ never look alike.

use smallvec::SmallVec;

use crate::coding::Accepted;
use crate::fields::Fields;
use crate::known::Known;
use crate::list;

/// Most members that are sorted; a longer field is kept as it is.
const MEMBERS_MAX: usize = 32;
/// Begins a field that is kept as it is where others have a canonical form. No field value holds it.
const AS_IS: u8 = 0;

/// Appends the canonical form of the codings that `request` takes, of those known here: sorted, joined by commas, such
/// as `br,gzip`, with `!identity` where that is refused. Preferences among them are dropped: any of them is acceptable.
/// Nothing is appended where only identity is taken.
///
/// Returns whether the field is there. Origins see the same ([`Accepted::for_origin`]) and nothing else, so what is not
/// told apart here cannot make a difference there.
pub fn accept_encoding(request: &Fields, out: &mut Vec<u8>) -> bool {
    let accepted = Accepted::of(request);
    accepted.write_canonical(out);
    accepted.is_said()
}

/// Appends the canonical form of the languages that `request` prefers: lower case, by falling weight, then by name,
/// such as `de,en,fr;500` (weight in thousandths). The order of equal weights is no preference (RFC 9110 §12.5.4).
///
/// Returns whether the field is there.
pub fn accept_language(request: &Fields, out: &mut Vec<u8>) -> bool {
    if !request.has(Known::AcceptLanguage) {
        return false;
    }
    let Some(ranges) = language_ranges(request) else {
        out.push(AS_IS);
        return plain(request, b"accept-language", out);
    };
    for (index, (range, weight)) in ranges.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend(range.iter().map(u8::to_ascii_lowercase));
        if *weight < 1000 {
            out.extend_from_slice(format!(";{weight}").as_bytes());
        }
    }
    true
}

/// Whether a stored response in this one language is what `request` would select: its single most preferred range is
/// this language. For a cache that matches variants by what they are rather than by how they were asked for.
pub fn prefers_language(request: &Fields, content_language: &[u8]) -> bool {
    let mut stored = list::members(content_language);
    let (Some(language), None) = (stored.next(), stored.next()) else { return false };
    match language_ranges(request).as_deref() {
        Some([(range, weight), rest @ ..]) => {
            *weight > 0
                && range.eq_ignore_ascii_case(language)
                && rest.first().is_none_or(|(_, next)| next < weight)
        }
        _ => false,
    }
}

/// Appends the values of all lines of the field `name`: members (split at commas outside quoted strings) without
/// surrounding whitespace, joined by commas. Returns whether the field is there.
pub fn plain(request: &Fields, name: &[u8], out: &mut Vec<u8>) -> bool {
    let mut found = false;
    for line in request.named(name) {
        if found {
            out.push(b',');
        }
        found = true;
        // Empty members are kept: for a field that is no list they are part of the value.
        let mut first = true;
        for member in split_outside_quotes(line) {
            if !first {
                out.push(b',');
            }
            first = false;
            out.extend_from_slice(list::trim(member));
        }
    }
    found
}

fn split_outside_quotes(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut quoted = false;
    let mut escaped = false;
    line.split(move |&byte| {
        if escaped {
            escaped = false;
        } else if quoted && byte == b'\\' {
            escaped = true;
        } else if byte == b'"' {
            quoted = !quoted;
        }
        byte == b',' && !quoted
    })
}

type LanguageRanges<'a> = SmallVec<[(&'a [u8], u16); 8]>;

/// The language ranges by falling weight, then name; `None` if one of them cannot be read.
fn language_ranges(request: &Fields) -> Option<LanguageRanges<'_>> {
    let mut ranges = LanguageRanges::new();
    for member in request.list(Known::AcceptLanguage) {
        let (range, weight) = weighted(member);
        let well_formed = range.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'*'));
        if range.is_empty() || !well_formed || ranges.len() == MEMBERS_MAX {
            return None;
        }
        ranges.push((range, weight?));
    }
    ranges.sort_unstable_by(|(a, a_weight), (b, b_weight)| {
        b_weight.cmp(a_weight).then_with(|| compare_folded(a, b))
    });
    ranges.dedup_by(|(a, a_weight), (b, b_weight)| a_weight == b_weight && a.eq_ignore_ascii_case(b));
    Some(ranges)
}

/// A member without its parameters, and its weight in thousandths (1000 where none is given); `None` for a weight or
/// parameter that is malformed (RFC 9110 §12.4.2).
pub(crate) fn weighted(member: &[u8]) -> (&[u8], Option<u16>) {
    let mut parts = member.split(|&b| b == b';');
    let name = list::trim(parts.next().unwrap_or_default());
    let weight = match (parts.next(), parts.next()) {
        (None, _) => Some(1000),
        (Some(parameter), None) => match list::trim(parameter) {
            [b'q' | b'Q', b'=', value @ ..] => thousandths(value),
            _ => None,
        },
        _ => None,
    };
    (name, weight)
}

fn thousandths(value: &[u8]) -> Option<u16> {
    let (whole, fraction) = match value {
        [whole @ (b'0' | b'1')] => (whole, &[][..]),
        [whole @ (b'0' | b'1'), b'.', fraction @ ..] if fraction.len() <= 3 => (whole, fraction),
        _ => return None,
    };
    let mut sum = u16::from(whole - b'0');
    for place in 0..3 {
        let digit = fraction.get(place).copied().unwrap_or(b'0');
        if !digit.is_ascii_digit() {
            return None;
        }
        sum = sum * 10 + u16::from(digit - b'0');
    }
    (sum <= 1000).then_some(sum)
}

fn compare_folded(a: &[u8], b: &[u8]) -> std::cmp::Ordering {
    let fold = |byte: &u8| byte.to_ascii_lowercase();
    a.iter().map(fold).cmp(b.iter().map(fold))
}
