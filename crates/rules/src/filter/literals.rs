//! Constants of conditions: addresses, and texts that a field could never have. A comparison that no request can
//! meet is a mistake, not a condition that silently never holds.

use super::tree::{Field, Right, Span, Text, Value};
use crate::mistake::TextMistake;
use crate::{MethodMistake, MethodSet, PathMistake, PathPattern, check_host};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// What of a value a text is compared with.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Place {
    Whole,
    Start,
    End,
    Within,
    /// The whole, with `*` for any bytes.
    Wildcard,
}

/// Whether `value` can have `text` at `place`.
pub(super) fn judge(value: &Value<'_>, text: &Text<'_>, place: Place) -> Result<(), TextMistake> {
    let written = text.text.as_ref();
    let mistake = |message: String| TextMistake::new(text.span.clone(), message, "never true");
    if written.is_empty() && matches!(place, Place::Start | Place::End | Place::Within) {
        let mistake =
            TextMistake::new(text.span.clone(), "every text has the empty text in it", "always true");
        return Err(mistake.hint("whether there is a value, `exists(…)` asks"));
    }
    if place == Place::Wildcard && written.contains("**") {
        return Err(TextMistake::new(text.span.clone(), "two `*` in a row are as good as one", "`**`")
            .hint("write one"));
    }
    if value.is_lower {
        return match written.bytes().any(|b| b.is_ascii_uppercase()) {
            true => Err(mistake("`lower(…)` has no capitals".to_owned())
                .hint(format!("write `\"{}\"`", written.to_ascii_lowercase()))),
            false => Ok(()),
        };
    }
    match (&value.field, place) {
        (Field::Host, _) => host(written, place, mistake),
        (Field::Path, _) => path(written, place, mistake),
        (Field::Query, Place::Whole | Place::Start) if written.starts_with('?') => {
            Err(mistake("`query` stands without its `?`".to_owned())
                .hint(format!("write `\"{}\"`", &written[1..])))
        }
        (Field::Extension, Place::Whole | Place::Start) if written.starts_with('.') => {
            Err(mistake("`extension` stands without its dot".to_owned())
                .hint(format!("write `\"{}\"`", &written[1..])))
        }
        (Field::Extension, _) if written.contains('/') => Err(mistake("no extension has a `/`".to_owned())),
        (Field::Method, Place::Whole) => method(written, mistake),
        (Field::Scheme, Place::Whole) => scheme(written, mistake),
        (Field::Protocol, Place::Whole) => protocol(written, mistake),
        (Field::Country, Place::Whole) => country(written, mistake),
        _ => Ok(()),
    }
}

type Judged = Result<(), TextMistake>;

fn host(text: &str, place: Place, mistake: impl Fn(String) -> TextMistake) -> Judged {
    if text.bytes().any(|b| b.is_ascii_uppercase()) {
        let lower = text.to_ascii_lowercase();
        return Err(
            mistake("hosts are compared in lower case".to_owned()).hint(format!("write `\"{lower}\"`"))
        );
    }
    if place != Place::Whole {
        return Ok(());
    }
    if text.starts_with("*.") {
        let mistake = mistake("`==` and `in` know no wildcards".to_owned());
        return Err(mistake.hint(format!("write `host wildcard \"{text}\"`")));
    }
    check_host(text).map_err(|wrong| {
        let mistake = mistake(format!("the host `{}` {wrong}", text.escape_debug()));
        match text.rsplit_once(':') {
            Some((name, port)) if !name.is_empty() && port.parse::<u16>().is_ok() => {
                mistake.hint(format!("write `\"{name}\"`"))
            }
            _ => mistake,
        }
    })
}

fn path(text: &str, place: Place, mistake: impl Fn(String) -> TextMistake) -> Judged {
    if let Some(at) = text.find(['?', '#']) {
        let what = if text[at..].starts_with('?') { "query" } else { "fragment" };
        let mistake = mistake(format!("a path has no {what}"));
        return Err(if what == "query" {
            mistake.hint("the query is `query`, its parameters `query[\"…\"]`")
        } else {
            mistake
        });
    }
    let is_at_start = matches!(place, Place::Whole | Place::Start | Place::Wildcard);
    if is_at_start && !text.starts_with(['/', '*']) {
        let meant = if place == Place::Wildcard { format!("*{text}") } else { format!("/{text}") };
        return Err(mistake("paths begin with `/`".to_owned()).hint(format!("write `\"{meant}\"`")));
    }
    if place == Place::Whole && text.starts_with('*') {
        return Err(
            mistake("paths begin with `/`".to_owned()).hint(format!("write `path wildcard \"{text}\"`"))
        );
    }
    // What stands for a whole path is judged as patterns are; a part may begin and end anywhere.
    let whole = if place == Place::Whole { text.to_owned() } else { format!("*{}*", text.trim_matches('*')) };
    match PathPattern::new(&whole) {
        Err(PathMistake::NotNormalized { normalized }) => {
            let meant = if place == Place::Whole { normalized } else { normalized.trim_matches('*').into() };
            Err(mistake("paths are compared in their normal form".to_owned())
                .hint(format!("write `\"{meant}\"`")))
        }
        Err(wrong @ PathMistake::DotSegment) => {
            Err(mistake(format!("the path {wrong}, which no normal form has")))
        }
        // Lengths and wildcards are those of patterns; an escape may be cut in two.
        _ => Ok(()),
    }
}

fn method(text: &str, mistake: impl Fn(String) -> TextMistake) -> Judged {
    let Err(wrong) = MethodSet::new([text]) else { return Ok(()) };
    let wrong = wrong.first().map_or(MethodMistake::NotAToken, |(_, wrong)| *wrong);
    let mistake = mistake(format!("the method `{}` {wrong}", text.escape_debug()));
    Err(match wrong {
        MethodMistake::LowerCase => mistake.hint(format!("write `\"{}\"`", text.to_ascii_uppercase())),
        _ => mistake,
    })
}

fn scheme(text: &str, mistake: impl Fn(String) -> TextMistake) -> Judged {
    match text {
        "http" | "https" => Ok(()),
        _ => Err(mistake(format!("there is no scheme `{}` here", text.escape_debug()))
            .hint("schemes are `\"http\"` and `\"https\"`")),
    }
}

fn protocol(text: &str, mistake: impl Fn(String) -> TextMistake) -> Judged {
    let short = text.trim_start_matches(|letter: char| !letter.is_ascii_digit());
    let short = if short == "2.0" || short == "3.0" { &short[..1] } else { short };
    match text {
        "1.0" | "1.1" | "2" | "3" => Ok(()),
        _ => {
            let mistake = mistake(format!("there is no protocol `{}`", text.escape_debug()));
            Err(match short {
                "1.0" | "1.1" | "2" | "3" => mistake.hint(format!("write `\"{short}\"`")),
                _ => mistake.hint("protocols are `\"1.0\"`, `\"1.1\"`, `\"2\"` and `\"3\"`"),
            })
        }
    }
}

fn country(text: &str, mistake: impl Fn(String) -> TextMistake) -> Judged {
    let upper = text.to_ascii_uppercase();
    if upper.len() != 2 || !upper.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(mistake(format!("`{}` is not the code of a country", text.escape_debug()))
            .hint("codes are the two letters of ISO 3166: `\"DE\"`"));
    }
    if upper != text {
        return Err(mistake("codes of countries are compared in capitals".to_owned())
            .hint(format!("write `\"{upper}\"`")));
    }
    Ok(())
}

/// The address on the right of `==` or `!=`.
pub(super) fn address_of(right: &Right<'_>, span: &Span, is_negated: bool) -> Result<IpAddr, TextMistake> {
    let not = if is_negated { "not " } else { "" };
    let word = match right {
        Right::Word(word) => *word,
        Right::Text(text) => {
            let mistake =
                TextMistake::new(span.clone(), "`ip` is an address and this is a string", "a string");
            let bare = text.text.as_ref();
            return Err(mistake.hint(match (bare.parse::<IpAddr>(), bare.split_once('/')) {
                (Ok(_), _) => format!("write `{bare}`"),
                (Err(_), Some((address, _))) if address.parse::<IpAddr>().is_ok() => {
                    format!("write `{not}ip in {{{bare}}}`")
                }
                _ => "write `ip in {192.0.2.0/24}`".to_owned(),
            }));
        }
        Right::Set(_) => {
            let mistake =
                TextMistake::new(span.clone(), "one address must stand here, and this is a set", "a set");
            return Err(mistake.hint(format!("write `{not}ip in {{…}}`")));
        }
    };
    match word.parse::<IpAddr>() {
        Ok(address) => Ok(address.to_canonical()),
        Err(_) if word.contains('/') => {
            let mistake =
                TextMistake::new(span.clone(), "one address must stand here, and this is a range", "a range");
            Err(mistake.hint(format!("write `{not}ip in {{{word}}}`")))
        }
        Err(_) => Err(no_address(word, span)),
    }
}

/// An address or a range of them, in a set.
pub(super) fn range_of(word: &str, span: &Span) -> Result<(IpAddr, u8), TextMistake> {
    let Some((address, length)) = word.split_once('/') else {
        let address = word.parse::<IpAddr>().map_err(|_| no_address(word, span))?.to_canonical();
        return Ok((address, if address.is_ipv4() { 32 } else { 128 }));
    };
    let address: IpAddr = address.parse().map_err(|_| no_address(address, span))?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length = match length.parse::<u8>() {
        Ok(length) if length <= bits && !word.ends_with(&format!("/0{length}")) => length,
        _ => {
            let message = format!("the length of a prefix is at most {bits}");
            return Err(TextMistake::new(span.clone(), message, "no range"));
        }
    };
    let network = network_of(address, length);
    if network != address {
        let message = format!("`{word}` has bits behind its prefix");
        let mistake = TextMistake::new(span.clone(), message, "not the beginning of the range");
        return Err(mistake.hint(format!("write `{network}/{length}`")));
    }
    match address.to_canonical() {
        // ::ffff:0:0/96 and what lies in it: no client has such an address, they count as IPv4.
        IpAddr::V4(v4) if address.is_ipv6() && length >= 96 => Ok((IpAddr::V4(v4), length - 96)),
        _ => Ok((address, length)),
    }
}

fn network_of(address: IpAddr, length: u8) -> IpAddr {
    let length = u32::from(length);
    match address {
        IpAddr::V4(v4) => {
            Ipv4Addr::from_bits(v4.to_bits() & !u32::MAX.checked_shr(length).unwrap_or(0)).into()
        }
        IpAddr::V6(v6) => {
            Ipv6Addr::from_bits(v6.to_bits() & !u128::MAX.checked_shr(length).unwrap_or(0)).into()
        }
    }
}

fn no_address(word: &str, span: &Span) -> TextMistake {
    let mistake = TextMistake::new(span.clone(), format!("`{word}` is not an address"), "no address");
    let octets: Vec<&str> = word.split('.').collect();
    let is_short = octets.len() < 4 && octets.iter().all(|octet| octet.parse::<u8>().is_ok());
    if is_short && octets.len() > 1 {
        let bits = octets.len() * 8;
        let network = [&octets[..], &["0"; 4][octets.len()..]].concat().join(".");
        return mistake.hint(format!("all that begin so are `{network}/{bits}`"));
    }
    mistake.hint("addresses are written as `192.0.2.1` or `2001:db8::1`, ranges as `192.0.2.0/24`")
}
