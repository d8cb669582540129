//! Counts and quantities within bounds: durations, sizes, shares.

use super::Section;
use super::meant::{every, weeks};
use crate::units::{
    UnitMistake, format_duration, format_percent, format_size, parse_duration, parse_percent, parse_size,
};
use crate::{Bounds, Span, Spanned, quoted};
use std::time::Duration;
use toml::Spanned as Parsed;
use toml::de::DeValue;

impl Section<'_> {
    pub(crate) fn count(&self, key: &'static str, bounds: Bounds<u64>) -> u64 {
        let Some(value) = self.value(key) else { return bounds.default };
        let count = match value.get_ref() {
            DeValue::Integer(integer) => i128::from_str_radix(integer.as_str(), integer.radix()).ok(),
            _ => return self.wrong_kind(key, value, "a whole number", None).unwrap_or(bounds.default),
        };
        let least = count.is_some_and(|count| count < i128::from(bounds.least));
        match count.and_then(|count| u64::try_from(count).ok()).filter(|count| bounds.allow(*count)) {
            Some(count) => count,
            None => {
                self.out_of_bounds(key, &value.span(), least, bounds, |count| count.to_string());
                bounds.default
            }
        }
    }

    pub(crate) fn duration(&self, key: &'static str, bounds: Bounds<Duration>) -> Duration {
        self.bounded(key, &DURATION, bounds).map_or(bounds.default, |found| found.value)
    }

    /// A time that the protocol counts in seconds.
    pub(crate) fn seconds(&self, key: &'static str, bounds: Bounds<Duration>) -> Option<Spanned<u32>> {
        let found = self.bounded(key, &DURATION, bounds)?;
        self.whole_seconds(key, &found)
    }

    /// As [`Section::seconds`], for a value that stands elsewhere than directly in this table.
    pub(crate) fn as_seconds(
        &self,
        key: &str,
        value: &Parsed<DeValue<'_>>,
        bounds: Bounds<Duration>,
    ) -> Option<Spanned<u32>> {
        let found = self.as_bounded(key, value, &DURATION, bounds)?;
        self.whole_seconds(key, &found)
    }

    fn whole_seconds(&self, key: &str, found: &Spanned<Duration>) -> Option<Spanned<u32>> {
        if found.subsec_nanos() != 0 {
            let message = format!("`{key}` of {} is not in whole seconds", self.name);
            let hint = "freshness is counted in seconds; the least is `1s`, and `0s` is none";
            self.reader.report(self.reader.mistake(&found.span, message, "part of a second").hint(hint));
            return None;
        }
        let seconds = u32::try_from(found.as_secs()).ok()?;
        Some(Spanned::new(seconds, found.span.clone()))
    }

    pub(crate) fn size(&self, key: &'static str, bounds: Bounds<u64>) -> u64 {
        self.bounded(key, &SIZE, bounds).map_or(bounds.default, |found| found.value)
    }

    pub(crate) fn percent(&self, key: &'static str, bounds: Bounds<u64>) -> Option<Spanned<u64>> {
        self.bounded(key, &PERCENT, bounds)
    }

    fn bounded<T: PartialOrd + Copy>(
        &self,
        key: &'static str,
        unit: &Unit<T>,
        bounds: Bounds<T>,
    ) -> Option<Spanned<T>> {
        self.as_bounded(key, self.value(key)?, unit, bounds)
    }

    fn as_bounded<T: PartialOrd + Copy>(
        &self,
        key: &str,
        value: &Parsed<DeValue<'_>>,
        unit: &Unit<T>,
        bounds: Bounds<T>,
    ) -> Option<Spanned<T>> {
        let text = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            // Without its quotes, a number still says what was meant.
            DeValue::Integer(integer) if integer.radix() == 10 => integer.as_str().replace('_', ""),
            _ => return self.wrong_kind(key, value, unit.noun, Some(unit.example)),
        };
        match (unit.parse)(&text) {
            Ok(parsed) if bounds.allow(parsed) => Some(Spanned::new(parsed, value.span())),
            Ok(parsed) => {
                self.out_of_bounds(key, &value.span(), parsed < bounds.least, bounds, unit.format);
                None
            }
            Err(mistake) => {
                let message = format!("`{key}` of {} is not {}: {}", self.name, unit.noun, quoted(&text));
                let hint = match mistake {
                    UnitMistake::NoUnit => match unit.usual {
                        Some(usual) => format!("say its unit, as in \"{text}{usual}\""),
                        None => format!("say its unit: {}", unit.example),
                    },
                    UnitMistake::DecimalUnit => {
                        let number = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
                        let letter = text[number.len()..].chars().next().unwrap_or('M').to_ascii_uppercase();
                        format!("sizes count in 1024s: \"{number}{letter}iB\"")
                    }
                    UnitMistake::UnknownUnit if weeks(&text).is_some() && unit.usual == Some("s") => {
                        format!("in days: \"{}d\"", weeks(&text).unwrap_or_default())
                    }
                    UnitMistake::NoNumber => match every(&text) {
                        Some(ours) if unit.usual == Some("s") => format!("did you mean \"{ours}\"?"),
                        _ => unit.example.to_owned(),
                    },
                    _ => unit.example.to_owned(),
                };
                self.reader.report(self.reader.mistake(&value.span(), message, mistake.as_str()).hint(hint));
                None
            }
        }
    }

    fn out_of_bounds<T: Copy>(
        &self,
        key: &str,
        span: &Span,
        too_little: bool,
        bounds: Bounds<T>,
        show: impl Fn(T) -> String,
    ) {
        let (least, most) = (show(bounds.least), show(bounds.most));
        let message = format!("`{key}` of {} is out of bounds", self.name);
        let label = if too_little {
            format!("less than the least, {least}")
        } else {
            format!("more than the most, {most}")
        };
        let hint = format!("{least} to {most}");
        self.reader.report(self.reader.mistake(span, message, label).hint(hint));
    }
}

/// How a quantity is written.
struct Unit<T> {
    noun: &'static str,
    example: &'static str,
    /// The unit to suggest for a bare number, where one is likelier than the others.
    usual: Option<&'static str>,
    parse: fn(&str) -> Result<T, UnitMistake>,
    format: fn(T) -> String,
}

const DURATION: Unit<Duration> = Unit {
    noun: "a duration",
    example: "a whole number and `ms`, `s`, `m`, `h` or `d`, as in \"15s\"",
    usual: Some("s"),
    parse: parse_duration,
    format: format_duration,
};
const SIZE: Unit<u64> = Unit {
    noun: "a size",
    example: "a whole number and `B`, `KiB`, `MiB`, `GiB` or `TiB`, as in \"64KiB\"",
    usual: None,
    parse: parse_size,
    format: format_size,
};
const PERCENT: Unit<u64> = Unit {
    noun: "a share",
    example: "a whole number and `%`, as in \"25%\"",
    usual: Some("%"),
    parse: parse_percent,
    format: format_percent,
};
