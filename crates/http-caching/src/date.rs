//! HTTP dates (RFC 9110 §5.6.7): all three forms are read, the preferred one (IMF-fixdate) is written.
//!
//! Strict in form (separators, digit counts, zone), tolerant in letter case only, as recipients of `Expires` are asked
//! to be. The weekday must be a weekday; whether it is the right one is not checked. No clock: the one form that
//! depends on the present, the two-digit year, takes it as an argument.

/// Seconds since 1970-01-01T00:00:00Z, leap seconds not counted.
pub type Seconds = i64;

/// Longest date that is read: `Wednesday, 01-Jan-25 00:00:00 GMT`.
const LENGTH_MAX: usize = 33;
/// The first and last second of the years 0 to 9999, which is what four digits can name.
const EARLIEST: Seconds = -62_167_219_200;
const LATEST: Seconds = 253_402_300_799;
/// Length of IMF-fixdate.
pub const FIXDATE_LENGTH: usize = 29;
/// What two-digit years are measured against where no time is at hand: 2026-01-01.
const REFERENCE: Seconds = 1_767_225_600;

/// The time that `value` names, or `None` if it is not an HTTP date.
///
/// Two-digit years are read against the year 2026; use [`parse_at`] where the time is known.
pub fn parse(value: &[u8]) -> Option<Seconds> {
    parse_at(value, REFERENCE)
}

/// As [`parse`]; a two-digit year that would lie more than 50 years after `now` is taken to be in the past.
pub fn parse_at(value: &[u8], now: Seconds) -> Option<Seconds> {
    if value.len() > LENGTH_MAX {
        return None;
    }
    match value {
        // Sun, 06 Nov 1994 08:49:37 GMT
        [w0, w1, w2, b',', b' ', d0, d1, b' ', m0, m1, m2, b' ', y0, y1, y2, y3, b' ', time @ ..] => {
            weekday(&[*w0, *w1, *w2])?;
            let day = digits(&[*d0, *d1])?;
            let year = digits(&[*y0, *y1, *y2, *y3])?;
            seconds(year, month(&[*m0, *m1, *m2])?, day, time_gmt(time)?)
        }
        // Sun Nov  6 08:49:37 1994
        [w0, w1, w2, b' ', m0, m1, m2, b' ', d0, d1, b' ', time @ .., b' ', y0, y1, y2, y3] => {
            weekday(&[*w0, *w1, *w2])?;
            let day = if *d0 == b' ' { digits(&[*d1])? } else { digits(&[*d0, *d1])? };
            let year = digits(&[*y0, *y1, *y2, *y3])?;
            seconds(year, month(&[*m0, *m1, *m2])?, day, time_of_day(time)?)
        }
        _ => rfc850(value, now),
    }
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`
fn rfc850(value: &[u8], now: Seconds) -> Option<Seconds> {
    const DAYS: [&[u8]; 7] =
        [b"monday", b"tuesday", b"wednesday", b"thursday", b"friday", b"saturday", b"sunday"];
    let comma = value.iter().position(|&b| b == b',')?;
    let (day_name, rest) = value.split_at(comma);
    if !DAYS.iter().any(|day| day.eq_ignore_ascii_case(day_name)) {
        return None;
    }
    let [b',', b' ', d0, d1, b'-', m0, m1, m2, b'-', y0, y1, b' ', time @ ..] = rest else {
        return None;
    };
    let (day, month, time) = (digits(&[*d0, *d1])?, month(&[*m0, *m1, *m2])?, time_gmt(time)?);
    let this_year = civil(now.clamp(EARLIEST, LATEST).div_euclid(DAY)).0;
    let year = this_year - this_year.rem_euclid(100) + digits(&[*y0, *y1])?;
    let limit = this_year + 50;
    let year = if year > limit { year - 100 } else { year };
    // The century ahead, when the present century's year is 50 or more years gone.
    let year = if year + 100 <= limit { year + 100 } else { year };
    seconds(year, month, day, time)
}

/// The time as IMF-fixdate, such as `Sun, 06 Nov 1994 08:49:37 GMT`. Times outside the years 0 to 9999 are written as
/// the nearest time inside.
pub fn format(time: Seconds) -> [u8; FIXDATE_LENGTH] {
    let time = time.clamp(EARLIEST, LATEST);
    let (days, second) = (time.div_euclid(DAY), time.rem_euclid(DAY));
    let (year, month, day) = civil(days);
    let weekday = (days + 3).rem_euclid(7) as usize;
    let mut out = *b"Mon, 00 Jan 0000 00:00:00 GMT";
    out[..3].copy_from_slice(WEEKDAYS[weekday]);
    out[8..11].copy_from_slice(MONTHS[month as usize - 1]);
    two_digits(&mut out[5..7], day);
    two_digits(&mut out[12..14], year / 100);
    two_digits(&mut out[14..16], year % 100);
    two_digits(&mut out[17..19], second / 3600);
    two_digits(&mut out[20..22], second / 60 % 60);
    two_digits(&mut out[23..25], second % 60);
    out
}

const DAY: Seconds = 86_400;
const WEEKDAYS: [&[u8; 3]; 7] = [b"Mon", b"Tue", b"Wed", b"Thu", b"Fri", b"Sat", b"Sun"];
const MONTHS: [&[u8; 3]; 12] =
    [b"Jan", b"Feb", b"Mar", b"Apr", b"May", b"Jun", b"Jul", b"Aug", b"Sep", b"Oct", b"Nov", b"Dec"];

fn two_digits(out: &mut [u8], number: i64) {
    out[0] = b'0' + (number / 10) as u8;
    out[1] = b'0' + (number % 10) as u8;
}

fn weekday(name: &[u8; 3]) -> Option<usize> {
    WEEKDAYS.iter().position(|day| day.eq_ignore_ascii_case(name))
}

fn month(name: &[u8; 3]) -> Option<i64> {
    MONTHS.iter().position(|month| month.eq_ignore_ascii_case(name)).map(|index| index as i64 + 1)
}

fn digits(text: &[u8]) -> Option<i64> {
    text.iter().try_fold(0, |sum, b| b.is_ascii_digit().then(|| sum * 10 + i64::from(b - b'0')))
}

fn time_gmt(text: &[u8]) -> Option<i64> {
    let (time, zone) = text.split_at_checked(8)?;
    if !zone.eq_ignore_ascii_case(b" GMT") {
        return None;
    }
    time_of_day(time)
}

/// `08:49:37` as seconds; 60 is allowed as a leap second and counts as 59.
fn time_of_day(text: &[u8]) -> Option<i64> {
    let [h0, h1, b':', m0, m1, b':', s0, s1] = text else { return None };
    let (hour, minute, second) = (digits(&[*h0, *h1])?, digits(&[*m0, *m1])?, digits(&[*s0, *s1])?);
    if hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    Some(hour * 3600 + minute * 60 + second.min(59))
}

/// The second of a date of the proleptic Gregorian calendar and a time of day in seconds; `None` for a day that its
/// month does not have.
pub fn seconds(year: i64, month: i64, day: i64, time: i64) -> Option<Seconds> {
    if !(1..=12).contains(&month) {
        return None;
    }
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    if day < 1 || day > length {
        return None;
    }
    Some(days_from_civil(year, month, day) * DAY + time)
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar; eras of 400 years beginning in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// Year, month (1 to 12) and day (1 to 31) in the proleptic Gregorian calendar of a day since 1970-01-01.
pub fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (year_of_era + era * 400 + i64::from(month <= 2), month, day)
}
