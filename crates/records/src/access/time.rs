//! Times as lines write them: RFC 3339 in JSON, `21/Nov/2026:05:00:00 +0000` in the combined format. Always in UTC
//! when written; any offset is read.

use littoral_http_caching::date::{civil, seconds};

const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

/// Appends RFC 3339 with milliseconds, in UTC: `2026-11-21T05:00:00.123Z`.
pub fn write_time(millis: i64, out: &mut Vec<u8>) {
    let at = Civil::of(millis);
    at.year(out);
    out.push(b'-');
    two(at.month, out);
    out.push(b'-');
    two(at.day, out);
    out.push(b'T');
    at.time_of_day(out);
    out.push(b'.');
    let fraction = millis.rem_euclid(1000);
    out.push(b'0' + (fraction / 100) as u8);
    two(fraction % 100, out);
    out.push(b'Z');
}

/// Appends the combined format's time, brackets not included.
pub(super) fn write_common(millis: i64, out: &mut Vec<u8>) {
    let at = Civil::of(millis);
    two(at.day, out);
    out.push(b'/');
    out.extend_from_slice(MONTHS[(at.month - 1) as usize]);
    out.push(b'/');
    at.year(out);
    out.push(b':');
    at.time_of_day(out);
    out.extend_from_slice(b" +0000");
}

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    second_of_day: i64,
}

impl Civil {
    fn of(millis: i64) -> Civil {
        // Times outside the years 0 to 9999 have no such form.
        let seconds = millis.div_euclid(1000).clamp(-62_167_219_200, 253_402_300_799);
        let (year, month, day) = civil(seconds.div_euclid(86_400));
        Civil { year, month, day, second_of_day: seconds.rem_euclid(86_400) }
    }

    fn year(&self, out: &mut Vec<u8>) {
        two(self.year / 100, out);
        two(self.year % 100, out);
    }

    fn time_of_day(&self, out: &mut Vec<u8>) {
        two(self.second_of_day / 3600, out);
        out.push(b':');
        two(self.second_of_day / 60 % 60, out);
        out.push(b':');
        two(self.second_of_day % 60, out);
    }
}

fn two(number: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(&[b'0' + (number / 10 % 10) as u8, b'0' + (number % 10) as u8]);
}

/// Milliseconds since 1970 of an RFC 3339 time, of any offset, with any fraction or none.
pub fn parse_time(text: &[u8]) -> Option<i64> {
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T' | b't' | b' ', rest @ ..] = text else {
        return None;
    };
    let (year, month) = (digits(&[*y0, *y1, *y2, *y3])?, digits(&[*m0, *m1])?);
    let (time, rest) = time_of_day(rest)?;
    let (fraction, zone) = match rest {
        [b'.', rest @ ..] => {
            let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
            let mut three = [b'0'; 3];
            let kept = length.min(3);
            three[..kept].copy_from_slice(&rest[..kept]);
            (if length == 0 { None } else { digits(&three) }?, &rest[length..])
        }
        rest => (0, rest),
    };
    let offset = match zone {
        b"Z" | b"z" => 0,
        [sign @ (b'+' | b'-'), h0, h1, b':', m0, m1] => offset(*sign, &[*h0, *h1], &[*m0, *m1])?,
        _ => return None,
    };
    Some((seconds(year, month, digits(&[*d0, *d1])?, time)? - offset) * 1000 + fraction)
}

/// Milliseconds since 1970 of the combined format's time.
pub(super) fn parse_common(text: &[u8]) -> Option<i64> {
    let [d0, d1, b'/', m0, m1, m2, b'/', y0, y1, y2, y3, b':', rest @ ..] = text else { return None };
    let month = MONTHS.iter().position(|month| **month == [*m0, *m1, *m2])? as i64 + 1;
    let (time, zone) = time_of_day(rest)?;
    let [b' ', sign @ (b'+' | b'-'), h0, h1, o0, o1] = zone else { return None };
    let offset = offset(*sign, &[*h0, *h1], &[*o0, *o1])?;
    let second = seconds(digits(&[*y0, *y1, *y2, *y3])?, month, digits(&[*d0, *d1])?, time)?;
    Some((second - offset) * 1000)
}

fn offset(sign: u8, hours: &[u8], minutes: &[u8]) -> Option<i64> {
    let (hours, minutes) = (digits(hours)?, digits(minutes)?);
    let seconds = (hours < 24 && minutes < 60).then_some(hours * 3600 + minutes * 60)?;
    Some(if sign == b'-' { -seconds } else { seconds })
}

/// `08:49:37` as seconds, and what follows it. A leap second counts as the one before.
fn time_of_day(text: &[u8]) -> Option<(i64, &[u8])> {
    let [h0, h1, b':', m0, m1, b':', s0, s1, rest @ ..] = text else { return None };
    let (hour, minute, second) = (digits(&[*h0, *h1])?, digits(&[*m0, *m1])?, digits(&[*s0, *s1])?);
    (hour < 24 && minute < 60 && second <= 60).then_some((hour * 3600 + minute * 60 + second.min(59), rest))
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read_back_as_they_were_written() {
        for millis in [0, 1_795_237_200_123, -1, 951_782_400_000, 253_402_300_799_999] {
            let (mut json, mut common) = (Vec::new(), Vec::new());
            write_time(millis, &mut json);
            write_common(millis, &mut common);
            assert_eq!(parse_time(&json), Some(millis), "{}", String::from_utf8_lossy(&json));
            assert_eq!(parse_common(&common), Some(millis.div_euclid(1000) * 1000));
        }
    }

    #[test]
    fn offsets_are_taken_off_and_nonsense_is_refused() {
        assert_eq!(parse_time(b"1970-01-01T01:00:00+01:00"), Some(0));
        assert_eq!(parse_time(b"1970-01-01T00:00:00.5Z"), Some(500));
        assert_eq!(parse_common(b"01/Jan/1970:00:00:00 -0130"), Some(5_400_000));
        for wrong in
            [&b"1970-13-01T00:00:00Z"[..], b"1970-02-30T00:00:00Z", b"1970-01-01T24:00:00Z", b"x", b""]
        {
            assert_eq!(parse_time(wrong), None);
        }
        assert_eq!(parse_common(b"01/Foo/1970:00:00:00 +0000"), None);
    }
}
