//! What holds for all inputs.

use bytes::Bytes;
use littoral_http_caching::cache_status::CacheStatus;
use littoral_http_caching::invalidate::Target;
use littoral_http_caching::structured::dictionary;
use littoral_http_caching::{
    CacheRules, ClientDirectives, Fields, Known, Method, QualifiedForms, RangeAnswer, RequestDirectives,
    RequestView, ResponseView, Reuse, SECONDS_MAX, SelectingKey, Times, Vary, conditional_fields, date,
    evaluate, freshen, head_freshens, hop_by_hop, judge_reuse, judge_storing, list, may_serve_disconnected,
    may_serve_on_error, parse_content_range, partial, range, selects, stored_fields,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// Names that mean something here, and some that do not.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => prop::sample::select(vec![
            "Cache-Control", "CDN-Cache-Control", "Age", "Date", "Expires", "Last-Modified", "ETag", "Vary",
            "Connection", "Set-Cookie", "Content-Range", "Content-Length", "Content-Type", "Pragma", "If-Match",
            "If-None-Match", "If-Range", "If-Modified-Since", "If-Unmodified-Since", "Range", "Cookie",
            "Authorization", "Accept-Encoding", "Accept-Language", "Content-Language", "Transfer-Encoding",
        ]).prop_map(str::to_owned),
        1 => "[a-zA-Z0-9-]{1,12}",
    ]
}

/// Values made of pieces that occur, and arbitrary bytes.
fn value() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "max-age=",
        "s-maxage=",
        "stale-while-revalidate=",
        "stale-if-error=",
        "no-cache",
        "no-store",
        "private",
        "public",
        "must-revalidate",
        "must-understand",
        "immutable",
        "\"",
        "\\",
        ",",
        ", ",
        ";q=",
        ";",
        "=",
        "*",
        "0",
        "1",
        "60",
        "3600",
        "99999999999999999999",
        "-",
        "bytes=",
        "bytes ",
        "/",
        "W/",
        "a",
        "gzip",
        "br",
        "en",
        "Sat, 21 Nov 2026 12:00:00 GMT",
        "Sun Nov  6 08:49:37 1994",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "(",
        ")",
        "?1",
        " ",
        "\t",
        "only-if-cached",
        "max-stale",
        "min-fresh=",
        "multipart/byteranges",
        "close",
    ]);
    prop_oneof![
        5 => vec(piece, 0..8).prop_map(|pieces| pieces.concat().into_bytes()),
        1 => vec(any::<u8>(), 0..40),
    ]
}

fn lines() -> impl Strategy<Value = Vec<(String, Vec<u8>)>> {
    vec((name(), value()), 0..24)
}

fn fields() -> impl Strategy<Value = Fields> {
    lines().prop_map(|lines| lines.into_iter().collect())
}

fn rules() -> impl Strategy<Value = CacheRules> {
    let seconds = || prop::option::of(prop_oneof![0..100_u32, any::<u32>()]);
    (seconds(), seconds(), seconds(), seconds(), seconds(), any::<u32>(), any::<[bool; 3]>()).prop_map(
        |(forced, min, max, default, stale, disconnected, [honour, withhold, close_delimited])| CacheRules {
            lifetime_forced: forced,
            lifetime_min: min,
            lifetime_max: max,
            lifetime_default: default,
            stale_if_error: stale,
            stale_while_revalidate: stale,
            stale_if_disconnected: disconnected,
            client_directives: if honour { ClientDirectives::Honour } else { ClientDirectives::Ignore },
            qualified_forms: if withhold { QualifiedForms::Withhold } else { QualifiedForms::Whole },
            close_delimited,
            ..CacheRules::default()
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn built_and_parsed_sections_agree(lines in lines()) {
        let built: Fields = lines.iter().map(|(name, value)| (name, value)).collect();
        let mut text = Vec::new();
        let mut spans = Vec::new();
        for (name, value) in &lines {
            let name_start = text.len();
            text.extend_from_slice(name.as_bytes());
            let value_start = text.len() + 2;
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            let trimmed = list::trim(value);
            let lead = value.iter().position(|b| !matches!(b, b' ' | b'\t')).unwrap_or(0);
            spans.push((name_start..name_start + name.len(), value_start + lead..value_start + lead + trimmed.len()));
        }
        let parsed = Fields::from_spans(Bytes::from(text), spans.into_iter());
        prop_assert_eq!(&built, &parsed);
        let mut again = Fields::builder();
        again.extend_from(&parsed, |_, _| true);
        let again = again.finish();
        prop_assert_eq!(&again, &built);
        prop_assert_eq!(again.len(), lines.len());
        for (name, _) in &lines {
            let here = lines.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name)).count();
            prop_assert_eq!(built.named(name.as_bytes()).count(), here);
            let known = Known::of(name.as_bytes());
            if known != Known::Other {
                prop_assert!(built.has(known));
                prop_assert_eq!(built.all(known).count(), here);
                prop_assert_eq!(built.get(known), built.named(name.as_bytes()).next());
            }
        }
    }

    #[test]
    fn judging_never_fails_and_terms_stay_in_bounds(
        request in fields(), response in fields(), status in 0..1000_u16, rules in rules(),
        requested in any::<i64>(), received in any::<i64>(), now in any::<i64>(), close_delimited in any::<bool>(),
    ) {
        let judged = judge_storing(
            &RequestView { method: Method::Get, fields: &request },
            &ResponseView { status, fields: &response, close_delimited },
            Times { requested, received },
            &rules,
        );
        let asked = RequestDirectives::parse(&request);
        if let Ok(terms) = judged {
            prop_assert!(terms.corrected_initial_age <= SECONDS_MAX);
            prop_assert!(terms.freshness_lifetime <= SECONDS_MAX);
            let age = terms.current_age(now);
            prop_assert!(age >= terms.corrected_initial_age && age <= SECONDS_MAX);
            prop_assert_eq!(terms.is_fresh(now), terms.freshness_left(now) > 0);
            match judge_reuse(&terms, None, now) {
                Reuse::Fresh => prop_assert!(terms.is_fresh(now) && !terms.no_cache),
                Reuse::StaleWhileRevalidate => {
                    prop_assert!(!terms.is_fresh(now) && !terms.no_cache && terms.stale_while_revalidate > 0);
                }
                Reuse::MustRevalidate(_) => prop_assert!(!terms.is_fresh(now) || terms.no_cache),
            }
            let _ = judge_reuse(&terms, Some(&asked), now);
            if terms.no_cache {
                prop_assert!(!may_serve_on_error(&terms, now) && !may_serve_disconnected(&terms, now));
            }
            // Staleness only grows.
            if !terms.is_fresh(now) {
                prop_assert!(!terms.is_fresh(now.saturating_add(1)));
            }
            let stored = stored_fields(&response, &rules);
            prop_assert!(stored.iter().all(|line| !hop_by_hop::is_always_hop_by_hop(line.known)));
            prop_assert!(Vary::of(&stored).is_ok());
        }
    }

    #[test]
    fn ranges_lie_in_bounds_sorted_and_apart(
        request in fields(), specs in "bytes=[0-9, -]{0,40}", length in prop_oneof![0..64_u64, any::<u64>()],
    ) {
        let mut builder = Fields::builder();
        builder.push("Range", specs).extend_from(&request, |known, _| known != Known::Range);
        match range::resolve(&builder.finish(), Some(b"\"a\""), Some(0), Some(9), length) {
            RangeAnswer::One(range) => prop_assert!(range.start < range.end && range.end <= length),
            RangeAnswer::Many(ranges) => {
                prop_assert!((2..=range::RANGES_MAX).contains(&ranges.len()));
                prop_assert!(ranges.iter().all(|range| range.start < range.end && range.end <= length));
                prop_assert!(ranges.windows(2).all(|pair| pair[0].end < pair[1].start));
            }
            RangeAnswer::Whole | RangeAnswer::Unsatisfiable => {}
        }
    }

    #[test]
    fn nothing_panics_on_any_fields(one in fields(), other in fields(), bytes in vec(any::<u8>(), 0..64)) {
        let _ = evaluate(Method::Get, &one, other.get(Known::ETag), Some(0), 200);
        let _ = (selects(&one, &other), head_freshens(&one, &other), conditional_fields(&one));
        let _ = (partial::content_range(&one), partial::combinable(&one, &other), partial::if_range(&one));
        let _ = partial::combine_fields(&one, &other);
        let _ = (date::parse(&bytes), parse_content_range(&bytes), dictionary(&bytes), Known::of(&bytes));
        let _ = (list::members(&bytes).count(), list::entity_tags(&bytes).count());
        let target = Target { scheme: "http", authority: b"a", path_and_query: b"/b/c?d" };
        if let Some(path) = target.resolve(&bytes) {
            prop_assert!(path.starts_with(b"/"));
        }
        let mut out = Vec::new();
        let text = String::from_utf8_lossy(&bytes);
        CacheStatus { cache: &text, key: Some(&text), detail: Some(&text), ..CacheStatus::default() }.append(&mut out);
        prop_assert!(out.iter().all(|b| (0x20..0x7f).contains(b)));
    }

    #[test]
    fn freshening_twice_is_freshening_once(stored in fields(), update in fields()) {
        let once = freshen(&stored, &update);
        let sorted = |fields: &Fields| {
            let mut lines: Vec<_> =
                fields.iter().map(|line| (line.name.to_ascii_lowercase(), line.value.to_vec())).collect();
            lines.sort();
            lines
        };
        if !update.has(Known::Connection) {
            prop_assert_eq!(sorted(&freshen(&once, &update)), sorted(&once));
        }
    }

    #[test]
    fn a_request_selects_what_it_selected_before(request in fields(), response in fields()) {
        if let Ok(vary) = Vary::of(&response) {
            prop_assert_eq!(SelectingKey::of(&vary, &request), SelectingKey::of(&vary, &request.clone()));
            prop_assert_eq!(SelectingKey::of(&vary, &request).as_bytes().is_empty(), vary.is_empty());
        }
    }

    #[test]
    fn a_time_written_is_the_time_read(time in -62_167_219_200_i64..253_402_300_800) {
        prop_assert_eq!(date::parse(&date::format(time)), Some(time));
    }
}
