//! HTTP dates: three forms read, one written.

use littoral_http_caching::date::{format, parse, parse_at};

use crate::support::{NOW, same, table};

#[test]
fn dates_are_read_in_all_three_forms_and_refused_in_all_others() {
    let nov = Some(784_111_777);
    let aug_2050 = Some(2_544_400_878);
    let rows: &[(&str, Option<i64>)] = &[
        ("Sun, 06 Nov 1994 08:49:37 GMT", nov),
        ("Sunday, 06-Nov-94 08:49:37 GMT", nov),
        ("Sun Nov  6 08:49:37 1994", nov),
        ("Sun Nov 06 08:49:37 1994", nov),
        ("Thu, 01 Jan 1970 00:00:00 GMT", Some(0)),
        ("Wed, 31 Dec 1969 23:59:59 GMT", Some(-1)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(253_402_300_799)),
        ("Sat, 01 Jan 0000 00:00:00 GMT", Some(-62_167_219_200)),
        ("Tue, 19 Jan 2038 03:14:08 GMT", Some(1 << 31)),
        ("Sun, 21 Nov 2286 04:46:39 GMT", Some(10_000_039_599)),
        ("Thu, 29 Feb 2024 00:00:00 GMT", Some(1_709_164_800)),
        ("Tue, 29 Feb 2000 00:00:00 GMT", Some(951_782_400)),
        // Letter case is forgiven.
        ("THU, 18 Aug 2050 02:01:18 GMT", aug_2050),
        ("Thu, 18 AUG 2050 02:01:18 GMT", aug_2050),
        ("thu, 18 aug 2050 02:01:18 gMT", aug_2050),
        ("Thursday, 18-Aug-50 02:01:18 GMT", aug_2050),
        ("THURSDAY, 18-aug-50 02:01:18 gmt", aug_2050),
        // A weekday that is not the right one is forgiven.
        ("Mon, 18 Aug 2050 02:01:18 GMT", aug_2050),
        // A leap second is the second before it.
        ("Sat, 31 Dec 2016 23:59:60 GMT", Some(1_483_228_799)),
        // Everything else is not.
        ("", None),
        ("0", None),
        ("-1", None),
        ("now", None),
        ("784111777", None),
        ("Thu, 18 Aug 2050 02:01:18 UTC", None),
        ("Thu, 18 Aug 2050 02:01:18 AEST", None),
        ("Thu, 18 Aug 2050 02:01:18 +0000", None),
        ("Thu, 18 Aug 2050 02:01:18", None),
        ("Thu, 18 Aug 2050 02:01:18 GMT ", None),
        (" Thu, 18 Aug 2050 02:01:18 GMT", None),
        ("Thu, 18 Aug 50 02:01:18 GMT", None),
        ("Thu, 18 Aug 02050 02:01:18 GMT", None),
        ("Thu 18 Aug 2050 02:01:18 GMT", None),
        ("Thu, 18  Aug  2050 02:01:18 GMT", None),
        ("Thu,18 Aug 2050 02:01:18 GMT", None),
        ("Thu, 18-Aug-2050 02:01:18 GMT", None),
        ("Thu, 18 Aug 2050 02.01.18 GMT", None),
        ("Thu, 18 Aug 2050 2:01:18 GMT", None),
        ("Thu, 18 Aug 2050 24:00:00 GMT", None),
        ("Thu, 18 Aug 2050 02:60:00 GMT", None),
        ("Thu, 18 Aug 2050 02:00:61 GMT", None),
        ("Thu, 8 Aug 2050 02:01:18 GMT", None),
        ("Thu, 00 Aug 2050 02:01:18 GMT", None),
        ("Thu, 32 Aug 2050 02:01:18 GMT", None),
        ("Thu, 31 Jun 2050 02:01:18 GMT", None),
        ("Thu, 29 Feb 2023 00:00:00 GMT", None),
        ("Thu, 29 Feb 2100 00:00:00 GMT", None),
        ("Thx, 18 Aug 2050 02:01:18 GMT", None),
        ("Thu, 18 Agu 2050 02:01:18 GMT", None),
        ("Thu, 18 Aug 2O50 02:01:18 GMT", None),
        ("Thu, +8 Aug 2050 02:01:18 GMT", None),
        ("Thu, 18 Aug -050 02:01:18 GMT", None),
        ("Thu, 18-Aug-50 02:01:18 GMT", None),
        ("Thursday, 18-Aug-2050 02:01:18 GMT", None),
        ("Thursday, 18 Aug 50 02:01:18 GMT", None),
        ("Thursday 18-Aug-50 02:01:18 GMT", None),
        ("Thursday, 18-Aug-50 02:01:18", None),
        ("Thurs, 18-Aug-50 02:01:18 GMT", None),
        ("Thu Aug 18 02:01:18 2050 GMT", None),
        ("Thu Aug 8 02:01:18 2050", None),
        ("Thu, Aug  8 02:01:18 2050", None),
        ("Thu, 18 Aug 2050 02:01:18 GMT, Thu, 18 Aug 2050 02:01:18 GMT", None),
        ("2050-08-18T02:01:18Z", None),
    ];
    table(rows, |(text, expected)| same(text, parse(text.as_bytes()), *expected));
}

#[test]
fn two_digit_years_lie_at_most_fifty_years_ahead() {
    let at = |year: &str| parse(format!("Thu, 01 Jan {year} 00:00:00 GMT").as_bytes()).unwrap();
    let rows = [
        ("94", NOW, "1994"),
        ("26", NOW, "2026"),
        ("00", NOW, "2000"),
        ("76", NOW, "2076"),
        ("77", NOW, "1977"),
        ("99", NOW, "1999"),
        ("05", at("2080"), "2105"),
        ("30", at("2080"), "2130"),
        ("31", at("2080"), "2031"),
        ("80", at("2080"), "2080"),
        ("70", 0, "1970"),
        ("20", 0, "2020"),
        ("21", 0, "1921"),
    ];
    table(rows, |(digits, now, year)| {
        let text = format!("Thursday, 01-Jan-{digits} 00:00:00 GMT");
        same(&format!("{text} read at {now}"), parse_at(text.as_bytes(), *now), Some(at(year)))
    });
}

#[test]
fn a_written_date_reads_back_as_itself() {
    assert_eq!(&format(784_111_777), b"Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(&format(0), b"Thu, 01 Jan 1970 00:00:00 GMT");
    assert_eq!(&format(NOW), b"Sat, 21 Nov 2026 12:00:00 GMT");
    assert_eq!(&format(i64::MAX), b"Fri, 31 Dec 9999 23:59:59 GMT");
    assert_eq!(&format(i64::MIN), b"Sat, 01 Jan 0000 00:00:00 GMT");
    for day in (-719_528_i64..2_932_896).step_by(13) {
        let time = day * 86_400 + (day * 7919).rem_euclid(86_400);
        assert_eq!(parse(&format(time)), Some(time));
    }
}
