//! What each kind of purge covers, case by case.

use littoral_ledger::{Fence, Kind, Limits, Position, Purge, Scope, SiteKey, Verdict};

const SITE: SiteKey = SiteKey(7);
const OTHER: SiteKey = SiteKey(8);

fn fence() -> Fence {
    Fence::new(Limits::default())
}

fn purge(fence: &Fence, scope: Scope, kind: Kind) -> Position {
    fence.apply(&Purge { site: SITE, scope, kind })
}

fn verdict(fence: &Fence, url: &str, tags: &[&str], effective: Position) -> Verdict {
    let subject = fence.subject(SITE, url.as_bytes(), tags.iter().map(|tag| tag.as_bytes()));
    fence.judge(&subject, url.as_bytes(), effective)
}

#[test]
fn a_prefix_covers_urls_that_begin_with_its_bytes_and_no_others() {
    let table: &[(&str, &str, bool)] = &[
        ("h/im", "h/img/x", true),
        ("h/im", "h/im", true),
        ("h/im", "h/im?q", true),
        ("h/im", "h/i", false),
        ("h/im", "h/x/im", false),
        ("h/img/", "h/img/x", true),
        ("h/img/", "h/img/", true),
        ("h/img/", "h/img", false),
        ("h/img/", "h/img2/x", false),
        ("h/img/", "h/img?x=/img/", false),
        ("h/a?x=/", "h/a?x=/b", true),
        ("h/a?x=/", "h/a?x=", false),
        ("h/", "h/", true),
        ("h/", "h/a/b/c", true),
        ("h/", "h2/", false),
        ("h", "h2/", true),
        ("", "anything/at/all", true),
        ("h//", "h//a", true),
        ("h//", "h/a", false),
    ];
    for &(prefix, url, covered) in table {
        let fence = fence();
        purge(&fence, Scope::Prefix(prefix.into()), Kind::Hard);
        let expected = if covered { Verdict::Hard } else { Verdict::Live };
        assert_eq!(verdict(&fence, url, &[], Position::default()), expected, "{prefix} {url}");
    }
}

#[test]
fn a_prefix_deeper_than_the_segments_kept_is_still_exact() {
    let fence = fence();
    let deep = format!("h/{}", "a/".repeat(60));
    purge(&fence, Scope::Prefix(deep.as_str().into()), Kind::Hard);
    assert_eq!(verdict(&fence, &format!("{deep}x"), &[], Position::default()), Verdict::Hard);
    assert_eq!(verdict(&fence, &deep[..deep.len() - 1], &[], Position::default()), Verdict::Live);
    assert_eq!(verdict(&fence, "h/a/a/a/x", &[], Position::default()), Verdict::Live);
}

#[test]
fn a_host_covers_its_urls_only() {
    let fence = fence();
    purge(&fence, Scope::Host("h".into()), Kind::Hard);
    let never = Position::default();
    assert_eq!(verdict(&fence, "h/a?b", &[], never), Verdict::Hard);
    assert_eq!(verdict(&fence, "h", &[], never), Verdict::Hard);
    assert_eq!(verdict(&fence, "h2/a", &[], never), Verdict::Live);
    assert_eq!(verdict(&fence, "www.h/a", &[], never), Verdict::Live);
}

#[test]
fn only_purges_later_than_the_effective_position_count() {
    let fence = fence();
    let first = purge(&fence, Scope::Url("h/a".into()), Kind::Hard);
    assert_eq!(verdict(&fence, "h/a", &[], Position::default()), Verdict::Hard);
    assert_eq!(verdict(&fence, "h/a", &[], first), Verdict::Live);
    let second = purge(&fence, Scope::Url("h/b".into()), Kind::Hard);
    assert_eq!(second, first.next());
    assert_eq!(verdict(&fence, "h/a", &[], first), Verdict::Live);
    assert_eq!(verdict(&fence, "h/b", &[], first), Verdict::Hard);
}

#[test]
fn a_soft_purge_does_not_soften_a_hard_one() {
    let fence = fence();
    let url = || Scope::Url("h/a".into());
    purge(&fence, url(), Kind::Hard);
    let between = fence.position();
    purge(&fence, url(), Kind::Soft);
    assert_eq!(verdict(&fence, "h/a", &[], Position::default()), Verdict::Hard);
    assert_eq!(verdict(&fence, "h/a", &[], between), Verdict::Soft);
    purge(&fence, url(), Kind::Hard);
    assert_eq!(verdict(&fence, "h/a", &[], between), Verdict::Hard);
}

#[test]
fn another_sites_purges_neither_cover_nor_disturb() {
    let fence = fence();
    let before = fence.site_position(SITE);
    fence.apply(&Purge { site: OTHER, scope: Scope::Everything, kind: Kind::Hard });
    assert_eq!(fence.site_position(SITE), before);
    assert_eq!(verdict(&fence, "h/a", &["t"], Position::default()), Verdict::Live);
    purge(&fence, Scope::Everything, Kind::Hard);
    assert_eq!(verdict(&fence, "h/a", &[], Position::default()), Verdict::Hard);
    assert_eq!(fence.site_position(SITE), fence.position());
}

#[test]
fn a_response_with_more_tags_than_are_kept_is_covered_by_every_tag() {
    let fence = fence();
    let many: Vec<String> = (0..400).map(|tag| tag.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    purge(&fence, Scope::Tag("399".into()), Kind::Hard);
    assert_eq!(verdict(&fence, "h/a", &many, Position::default()), Verdict::Hard);
    assert_eq!(verdict(&fence, "h/a", &many[..200], Position::default()), Verdict::Live);
}

#[test]
fn an_overflowing_table_purges_too_much_and_only_of_the_largest_site() {
    let fence = Fence::new(Limits { entries_max: 64, odd_prefixes_max: 2 });
    fence.apply(&Purge { site: OTHER, scope: Scope::Url("h/other".into()), kind: Kind::Hard });
    for nth in 0..200 {
        purge(&fence, Scope::Url(format!("h/{nth}").into()), Kind::Soft);
    }
    assert!(fence.overflows() >= 2);
    assert!(fence.len() <= 64);
    for nth in 0..200 {
        assert_eq!(verdict(&fence, &format!("h/{nth}"), &[], Position::default()), Verdict::Soft);
    }
    assert_eq!(verdict(&fence, "h/never", &[], Position::default()), Verdict::Soft, "the floor");
    assert_eq!(verdict(&fence, "h/never", &[], fence.position()), Verdict::Live);
    let other = fence.subject(OTHER, b"h/x", []);
    assert_eq!(fence.judge(&other, b"h/x", Position::default()), Verdict::Live);
}

#[test]
fn more_sites_than_entries_share_one_floor() {
    let fence = Fence::new(Limits { entries_max: 16, odd_prefixes_max: 2 });
    for site in 1..100 {
        fence.apply(&Purge { site: SiteKey(site), scope: Scope::Everything, kind: Kind::Hard });
    }
    assert!(fence.len() <= 16);
    for site in 1..100 {
        let subject = fence.subject(SiteKey(site), b"h/", []);
        assert_eq!(fence.judge(&subject, b"h/", Position::default()), Verdict::Hard, "{site}");
    }
}

#[test]
fn an_odd_prefix_too_many_is_shortened_to_its_last_slash() {
    let fence = Fence::new(Limits { entries_max: 64, odd_prefixes_max: 2 });
    for prefix in ["h/a/x", "h/b/x", "h/c/x", "h/a/x"] {
        purge(&fence, Scope::Prefix(prefix.into()), Kind::Hard);
    }
    assert_eq!(fence.overflows(), 1);
    assert_eq!(verdict(&fence, "h/a/y", &[], Position::default()), Verdict::Live);
    assert_eq!(verdict(&fence, "h/c/x1", &[], Position::default()), Verdict::Hard);
    assert_eq!(
        verdict(&fence, "h/c/y", &[], Position::default()),
        Verdict::Hard,
        "too much, never too little"
    );
    assert_eq!(verdict(&fence, "h/d/y", &[], Position::default()), Verdict::Live);
}

#[test]
fn what_is_forgotten_is_only_what_is_old_enough() {
    let fence = fence();
    let first = purge(&fence, Scope::Url("h/a".into()), Kind::Hard);
    purge(&fence, Scope::Prefix("h/od".into()), Kind::Hard);
    let third = purge(&fence, Scope::Url("h/b".into()), Kind::Soft);
    fence.forget_older_than(first);
    assert_eq!(fence.len(), 2);
    assert_eq!(verdict(&fence, "h/odd", &[], first), Verdict::Hard);
    assert_eq!(verdict(&fence, "h/b", &[], first), Verdict::Soft);
    fence.forget_older_than(third);
    assert!(fence.is_empty());
    assert_eq!(fence.position(), third);
}

#[test]
fn an_epoch_follows_when_its_numbers_are_used_up() {
    let last = Position { epoch: 3, number: Position::NUMBER_MAX };
    let fence = Fence::starting_at(Limits::default(), last);
    assert_eq!(fence.position(), last);
    let next = purge(&fence, Scope::Url("h/a".into()), Kind::Hard);
    assert_eq!(next, Position { epoch: 4, number: 0 });
    assert!(next > last);
    assert_eq!(verdict(&fence, "h/a", &[], last), Verdict::Hard);
    assert_eq!(verdict(&fence, "h/a", &[], next), Verdict::Live);
}

#[test]
fn an_effective_position_that_no_fence_gave_counts_as_the_oldest() {
    let fence = fence();
    purge(&fence, Scope::Everything, Kind::Hard);
    let made_up = Position { epoch: u32::MAX, number: u64::MAX };
    assert_eq!(verdict(&fence, "h/a", &[], made_up), Verdict::Hard);
}

#[test]
fn a_growing_table_keeps_every_purge_and_covers_nothing_else() {
    let fence = fence();
    for nth in 0..5_000 {
        purge(&fence, Scope::Url(format!("h/{nth}").into()), Kind::Hard);
    }
    assert_eq!((fence.len(), fence.overflows()), (5_000, 0));
    for nth in 0..10_000 {
        let expected = if nth < 5_000 { Verdict::Hard } else { Verdict::Live };
        assert_eq!(verdict(&fence, &format!("h/{nth}"), &[], Position::default()), expected, "{nth}");
    }
}
