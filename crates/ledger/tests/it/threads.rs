//! The promise across threads: what was purged before a judgement began is judged purged.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use littoral_ledger::{Fence, Kind, Limits, Position, Purge, Scope, SiteKey, Verdict};

const SITE: SiteKey = SiteKey(1);
const PURGES: u64 = 3_000;

#[test]
fn no_judgement_that_begins_after_a_purge_returned_misses_it() {
    // Small limits, so that growth, overflow and odd prefixes happen while readers read.
    let fence = Fence::new(Limits { entries_max: 700, odd_prefixes_max: 8 });
    let done = AtomicU64::new(0);
    let url = |nth: u64| format!("h/{}/{nth}", nth % 7);
    let subjects: Vec<_> =
        (0..PURGES).map(|nth| (fence.subject(SITE, url(nth).as_bytes(), []), url(nth))).collect();
    thread::scope(|scope| {
        for reader in 0..3u64 {
            let (fence, done, subjects) = (&fence, &done, &subjects);
            scope.spawn(move || {
                let mut random = reader.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1;
                loop {
                    let purged = done.load(Ordering::Acquire);
                    if purged > 0 {
                        random ^= random << 13;
                        random ^= random >> 7;
                        random ^= random << 17;
                        let (subject, url) = &subjects[(random % purged) as usize];
                        let before = fence.site_position(SITE);
                        assert!(
                            before.number >= purged,
                            "a purge returned before its position was published"
                        );
                        assert_eq!(fence.judge(subject, url.as_bytes(), Position::default()), Verdict::Hard);
                    }
                    // Whoever reads a position, then judges, may remember the two together: so a position
                    // must not be seen before the table that belongs to it.
                    let seen = fence.site_position(SITE).number;
                    if seen > 0 {
                        let (subject, url) = &subjects[seen as usize - 1];
                        let verdict = fence.judge(subject, url.as_bytes(), Position::default());
                        assert_eq!(verdict, Verdict::Hard, "purge {seen} was announced, not yet published");
                    }
                    if purged == PURGES {
                        break;
                    }
                }
            });
        }
        for nth in 0..PURGES {
            let scope = match nth % 50 {
                0 => Scope::Prefix(url(nth)[..url(nth).len()].into()),
                _ => Scope::Url(url(nth).into()),
            };
            fence.apply(&Purge { site: SITE, scope, kind: Kind::Hard });
            if nth % 500 == 499 {
                // Nothing is stored at or before the default position but what the test judges.
                fence.forget_older_than(Position::default());
            }
            done.store(nth + 1, Ordering::Release);
        }
    });
    assert_eq!(fence.position().number, PURGES);
}
