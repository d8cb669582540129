//! Durations, sizes and shares as they are written in files: a whole number and its unit, nothing left to guess.

use std::fmt;
use std::time::Duration;

const DURATION_UNITS: [(&str, u64); 5] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];
const SIZE_UNITS: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Why a text is no duration, size or share.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum UnitMistake {
    /// Nothing at all.
    Empty,
    /// No whole number in front.
    NoNumber,
    /// A number with a fraction, a sign or an exponent.
    NotWhole,
    /// A number alone.
    NoUnit,
    /// A unit that is none of these.
    UnknownUnit,
    /// `MB`: 1000 or 1024 to the kilo?
    DecimalUnit,
    /// More than can be counted.
    TooLarge,
}

/// A whole number and `ms`, `s`, `m`, `h` or `d`: `"500ms"`, `"2h"`.
pub fn parse_duration(text: &str) -> Result<Duration, UnitMistake> {
    parse(text, &DURATION_UNITS).map(Duration::from_millis)
}

/// A whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`, in bytes: `"64KiB"`, `"20GiB"`.
pub fn parse_size(text: &str) -> Result<u64, UnitMistake> {
    parse(text, &SIZE_UNITS)
}

/// A whole number and `%`: `"25%"`.
pub fn parse_percent(text: &str) -> Result<u64, UnitMistake> {
    parse(text, &[("%", 1)])
}

/// The shortest form that [`parse_duration`] reads back; parts of a millisecond are dropped.
pub fn format_duration(duration: Duration) -> String {
    let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    // Nobody writes no time at all in milliseconds.
    if millis == 0 { "0s".to_owned() } else { format(millis, &DURATION_UNITS) }
}

/// The shortest form that [`parse_size`] reads back.
pub fn format_size(bytes: u64) -> String {
    format(bytes, &SIZE_UNITS)
}

/// The form that [`parse_percent`] reads back.
pub fn format_percent(percent: u64) -> String {
    format(percent, &[("%", 1)])
}

fn parse(text: &str, units: &[(&str, u64)]) -> Result<u64, UnitMistake> {
    if text.is_empty() {
        return Err(UnitMistake::Empty);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        let signed = unit.starts_with(['-', '+']) && unit[1..].starts_with(|c: char| c.is_ascii_digit());
        return Err(if signed { UnitMistake::NotWhole } else { UnitMistake::NoNumber });
    }
    if unit.is_empty() {
        return Err(UnitMistake::NoUnit);
    }
    if unit.starts_with(['.', ',', '_']) {
        return Err(UnitMistake::NotWhole);
    }
    let Some((_, factor)) = units.iter().find(|(name, _)| *name == unit) else {
        let decimal =
            units.len() > 1 && ["KB", "kB", "MB", "GB", "TB", "K", "k", "M", "G", "T"].contains(&unit);
        let is_size = units.iter().any(|(name, _)| *name == "MiB");
        return Err(if decimal && is_size { UnitMistake::DecimalUnit } else { UnitMistake::UnknownUnit });
    };
    number.parse::<u64>().ok().and_then(|number| number.checked_mul(*factor)).ok_or(UnitMistake::TooLarge)
}

/// In the largest unit that needs no fraction.
fn format(count: u64, units: &[(&str, u64)]) -> String {
    let fits = |(_, factor): &&(&str, u64)| count.is_multiple_of(*factor) && (count > 0 || *factor == 1);
    let (unit, factor) = units.iter().rev().find(fits).expect("the smallest unit is 1");
    format!("{}{unit}", count / factor)
}

impl UnitMistake {
    /// A few words to stand beside the value.
    pub fn as_str(self) -> &'static str {
        match self {
            UnitMistake::Empty => "empty",
            UnitMistake::NoNumber => "no number in front",
            UnitMistake::NotWhole => "not a whole number",
            UnitMistake::NoUnit => "no unit",
            UnitMistake::UnknownUnit => "unknown unit",
            UnitMistake::DecimalUnit => "1000 or 1024?",
            UnitMistake::TooLarge => "too large",
        }
    }
}

impl fmt::Display for UnitMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::error::Error for UnitMistake {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_units() {
        for (text, expected) in [
            ("500ms", Ok(500)),
            ("0s", Ok(0)),
            ("15s", Ok(15_000)),
            ("2h", Ok(7_200_000)),
            ("1d", Ok(86_400_000)),
            ("", Err(UnitMistake::Empty)),
            ("s", Err(UnitMistake::NoNumber)),
            ("15", Err(UnitMistake::NoUnit)),
            ("1.5h", Err(UnitMistake::NotWhole)),
            ("-1s", Err(UnitMistake::NotWhole)),
            ("15 s", Err(UnitMistake::UnknownUnit)),
            ("15sec", Err(UnitMistake::UnknownUnit)),
            ("1h30m", Err(UnitMistake::UnknownUnit)),
            ("99999999999999999999s", Err(UnitMistake::TooLarge)),
            ("1000000000000000d", Err(UnitMistake::TooLarge)),
        ] {
            assert_eq!(parse_duration(text), expected.map(Duration::from_millis), "{text}");
        }
    }

    #[test]
    fn sizes_are_read_with_their_units() {
        for (text, expected) in [
            ("1B", Ok(1)),
            ("64KiB", Ok(65_536)),
            ("20GiB", Ok(20 << 30)),
            ("20GB", Err(UnitMistake::DecimalUnit)),
            ("20G", Err(UnitMistake::DecimalUnit)),
            ("20gib", Err(UnitMistake::UnknownUnit)),
            ("20", Err(UnitMistake::NoUnit)),
        ] {
            assert_eq!(parse_size(text), expected, "{text}");
        }
    }
}
