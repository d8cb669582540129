//! A response head and the request before it: judged for storing, for reuse, and against each other.
//!
//! The input is a status in its first two bytes, then lines `name: value`; those before an empty line are the request's.

use littoral_http_caching::{
    CacheRules, ClientDirectives, Fields, Method, QualifiedForms, RequestDirectives, RequestView,
    ResponseView, Reuse, SECONDS_MAX, SelectingKey, Times, Vary, conditional_fields, evaluate, freshen,
    head_freshens, hop_by_hop, judge_reuse, judge_storing, may_serve_disconnected, may_serve_on_error,
    partial, selects, stored_fields,
};

const NOW: i64 = 1_795_262_400;

/// Panics when a judgement contradicts another, or a number leaves its bounds.
pub fn run(input: &[u8]) {
    let Some((head, text)) = input.split_at_checked(2) else { return };
    let status = u16::from_le_bytes([head[0], head[1]]) % 1000;
    let split = text.windows(2).position(|pair| pair == b"\n\n");
    let (request, response) = match split {
        Some(at) => (fields(&text[..at]), fields(&text[at + 2..])),
        None => (Fields::default(), fields(text)),
    };
    let rules = CacheRules {
        client_directives: if head[0] & 1 == 0 { ClientDirectives::Ignore } else { ClientDirectives::Honour },
        qualified_forms: if head[1] & 128 == 0 { QualifiedForms::Whole } else { QualifiedForms::Withhold },
        ..CacheRules::default()
    };
    let judged = judge_storing(
        &RequestView { method: Method::Get, fields: &request },
        &ResponseView { status, fields: &response, close_delimited: false },
        Times { requested: NOW - 1, received: NOW },
        &rules,
    );
    let asked = RequestDirectives::parse(&request);
    if let Ok(terms) = judged {
        assert!((1..=SECONDS_MAX).contains(&terms.corrected_initial_age), "the way here took a second");
        assert!(terms.freshness_lifetime <= SECONDS_MAX);
        for now in [i64::MIN, 0, NOW - 1, NOW, NOW + 1, NOW + 3600, NOW + (1 << 31), i64::MAX] {
            assert!(terms.current_age(now) <= SECONDS_MAX);
            match judge_reuse(&terms, None, now) {
                Reuse::Fresh => assert!(terms.is_fresh(now) && !terms.no_cache),
                Reuse::StaleWhileRevalidate => assert!(!terms.is_fresh(now) && !terms.no_cache),
                Reuse::MustRevalidate(_) => assert!(!terms.is_fresh(now) || terms.no_cache),
            }
            let _ = judge_reuse(&terms, Some(&asked), now);
            let stale_use = may_serve_on_error(&terms, now) || may_serve_disconnected(&terms, now);
            assert!(!(stale_use && terms.no_cache));
        }
        let stored = stored_fields(&response, &rules);
        assert!(stored.iter().all(|line| !hop_by_hop::is_always_hop_by_hop(line.known)));
        let vary = Vary::of(&stored).expect("what may be stored has a Vary that can be followed");
        let key = SelectingKey::of(&vary, &request);
        assert_eq!(key.as_bytes().is_empty(), vary.is_empty());
    }
    let updated = freshen(&response, &request);
    assert!(updated.len() <= response.len() + request.len());
    let _ = (selects(&response, &request), head_freshens(&response, &request), conditional_fields(&response));
    let _ = (partial::combinable(&response, &request), partial::content_range(&response));
    let _ = evaluate(Method::Get, &request, response.named(b"etag").next(), Some(NOW), status);
}

fn fields(text: &[u8]) -> Fields {
    text.split(|&b| b == b'\n')
        .filter_map(|line| {
            let colon = line.iter().position(|&b| b == b':')?;
            (colon <= usize::from(u16::MAX)).then(|| (&line[..colon], &line[colon + 1..]))
        })
        .collect()
}
