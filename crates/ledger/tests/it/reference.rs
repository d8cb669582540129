//! Random purges and fills against a reference that remembers everything.

use littoral_ledger::{Change, Fence, Kind, Limits, Position, Purge, Scope, SiteKey, Subject, Verdict};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Step {
    Purge(Purge),
    /// A fetch begins now; its response is judged from then on.
    Fill(SiteKey, String, Vec<String>),
    Forget,
    /// Everything older is to be fetched anew.
    Renew,
}

struct Filled {
    subject: Subject,
    site: SiteKey,
    url: String,
    tags: Vec<String>,
    effective: Position,
}

/// By the definition, over all purges ever.
fn expected(purges: &[(Position, Purge)], renewed: Position, filled: &Filled) -> Verdict {
    if renewed > filled.effective {
        return Verdict::Hard;
    }
    let covers = |purge: &Purge| {
        purge.site == filled.site
            && match &purge.scope {
                Scope::Everything => true,
                Scope::Host(host) => filled.url.split('/').next() == Some(host),
                Scope::Url(url) => **url == filled.url,
                Scope::Prefix(prefix) => filled.url.starts_with(&**prefix),
                Scope::Tag(tag) => filled.tags.iter().any(|own| **own == **tag),
            }
    };
    let later: Vec<&Purge> =
        purges.iter().filter(|(at, p)| *at > filled.effective && covers(p)).map(|(_, p)| p).collect();
    match later.iter().any(|purge| purge.kind == Kind::Hard) {
        true => Verdict::Hard,
        false if later.is_empty() => Verdict::Live,
        false => Verdict::Soft,
    }
}

fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Live => 0,
        Verdict::Soft => 1,
        Verdict::Hard => 2,
    }
}

fn site() -> impl Strategy<Value = SiteKey> {
    (1..4u64).prop_map(SiteKey)
}

fn url() -> impl Strategy<Value = String> {
    ("[gh]", "(/[ab]{0,2}){1,4}", "(\\?[ab/]{0,2})?").prop_map(|(host, path, query)| host + &path + &query)
}

fn tag() -> impl Strategy<Value = String> {
    "[a-d]"
}

fn scope() -> impl Strategy<Value = Scope> {
    prop_oneof![
        1 => Just(Scope::Everything),
        1 => "[gh]".prop_map(|host| Scope::Host(host.into())),
        6 => url().prop_map(|url| Scope::Url(url.into())),
        6 => (url(), any::<prop::sample::Index>())
            .prop_map(|(url, cut)| Scope::Prefix(url[..cut.index(url.len() + 1)].into())),
        4 => tag().prop_map(|tag| Scope::Tag(tag.into())),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let kind = prop_oneof![Just(Kind::Soft), Just(Kind::Hard)];
    prop_oneof![
        6 => (site(), scope(), kind).prop_map(|(site, scope, kind)| Step::Purge(Purge { site, scope, kind })),
        6 => (site(), url(), prop::collection::vec(tag(), 0..3))
            .prop_map(|(site, url, tags)| Step::Fill(site, url, tags)),
        1 => Just(Step::Forget),
        1 => Just(Step::Renew),
    ]
}

/// Runs the steps; after each, all fills are judged. Every third forgetting also drops the older half.
fn run(steps: Vec<Step>, limits: Limits, check: impl Fn(Verdict, Verdict)) -> Fence {
    let fence = Fence::new(limits);
    let mut purges = Vec::new();
    let mut renewed = Position::default();
    let mut fills: Vec<Filled> = Vec::new();
    for step in steps {
        match step {
            Step::Purge(purge) => purges.push((fence.apply(&purge), purge)),
            Step::Fill(site, url, tags) => {
                let subject = fence.subject(site, url.as_bytes(), tags.iter().map(|tag| tag.as_bytes()));
                fills.push(Filled { subject, site, url, tags, effective: fence.position() });
            }
            Step::Renew => renewed = fence.publish(Change::Renew),
            Step::Forget => {
                fills.drain(..fills.len() / 2);
                let now = fence.position();
                let oldest = fills.iter().map(|fill| fill.effective).min().unwrap_or(now);
                fence.forget_older_than(oldest);
            }
        }
        for fill in &fills {
            check(
                fence.judge(&fill.subject, fill.url.as_bytes(), fill.effective),
                expected(&purges, renewed, fill),
            );
        }
    }
    fence
}

proptest! {
    #![proptest_config(crate::cases(100))]

    #[test]
    fn a_fence_within_its_limits_judges_as_one_that_remembers_everything(
        steps in prop::collection::vec(step(), 1..80)
    ) {
        let fence = run(steps, Limits::default(), |judged, expected| assert_eq!(judged, expected));
        prop_assert_eq!(fence.overflows(), 0);
    }

    #[test]
    fn a_fence_at_its_limits_never_purges_too_little(steps in prop::collection::vec(step(), 1..120)) {
        let limits = Limits { entries_max: 16, odd_prefixes_max: 1 };
        let fence = run(steps, limits, |judged, expected| assert!(severity(judged) >= severity(expected)));
        prop_assert!(fence.len() <= 17);
    }

    #[test]
    fn positions_order_by_epoch_then_number(a: (u16, u32), b: (u16, u32)) {
        let (pa, pb) = (position(a), position(b));
        prop_assert_eq!(pa.cmp(&pb), (a.0, a.1).cmp(&(b.0, b.1)));
        prop_assert!(pa.next() > pa);
    }
}

fn position((epoch, number): (u16, u32)) -> Position {
    Position { epoch: epoch.into(), number: number.into() }
}
