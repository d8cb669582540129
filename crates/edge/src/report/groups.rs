//! Health of origin servers and retries of groups, for the metrics page. All of the policy in force are there, those
//! that nobody has asked yet, too.

use crate::origin::balance::Standing;
use crate::origin::health::Health;
use crate::origin::permits::OriginShared;
use crate::origin::roster::GroupShared;
use crate::worker::Shared;
use littoral_runtime::Exposition;
use littoral_runtime::exposition::FamilyKind::{Counter, Gauge};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(super) fn render_health(shared: &Shared, page: &mut Exposition) {
    let now = shared.clock.monotonic_nanos() / 1_000_000;
    let policy = shared.current.load();
    let mut rows: Vec<(&str, &str, Arc<OriginShared>)> = policy
        .sites()
        .iter()
        .flat_map(|site| site.origins.iter().map(move |origin| (&*site.name, origin)))
        .map(|(site, origin)| (site, &*origin.name, shared.origins.shared(origin)))
        .collect();
    rows.sort_by_key(|(site, origin, _)| (*site, *origin));
    let mut gauge = |name, help, of: &dyn Fn(&Health) -> u64| {
        page.family(name, Gauge, help);
        for (site, origin, known) in &rows {
            page.sample(&[("site", site), ("origin", origin)], of(&known.health));
        }
    };
    gauge("littoral_origin_well", "Whether nothing speaks against asking an origin server.", &|health| {
        u64::from(health.standing(now) == Standing::Well)
    });
    gauge("littoral_origin_under_way", "Requests under way at an origin server.", &|health| {
        health.under_way.load(Ordering::Relaxed).into()
    });
    page.family(
        "littoral_origin_ejections_total",
        Counter,
        "Times that an origin server was left out for its answers.",
    );
    for (site, origin, known) in &rows {
        let count = known.health.counts.ejections.load(Ordering::Relaxed);
        page.sample(&[("site", site), ("origin", origin)], count);
    }
    page.family("littoral_origin_probes_total", Counter, "Probes of an origin server, by result.");
    for (site, origin, known) in rows.iter().filter(|(.., known)| known.server.probe.is_some()) {
        let counts = &known.health.counts;
        for (result, count) in [("good", &counts.good_probes), ("bad", &counts.bad_probes)] {
            let labels = [("site", *site), ("origin", *origin), ("result", result)];
            page.sample(&labels, count.load(Ordering::Relaxed));
        }
    }
}

pub(super) fn render_groups(shared: &Shared, page: &mut Exposition) {
    let now = shared.clock.monotonic_nanos() / 1_000_000;
    let groups = GroupShared::all(shared, &shared.current.load());
    page.family(
        "littoral_group_exhausted",
        Gauge,
        "Whether no origin server of a group is well, so that the least bad are asked.",
    );
    for group in &groups {
        let labels = [("site", &*group.site), ("group", &*group.group.name)];
        page.sample(&labels, u64::from(group.is_exhausted(now)));
    }
    type Count = fn(&GroupShared) -> &AtomicU64;
    let families: [(&str, &str, Count); 3] = [
        ("littoral_group_retries_total", "Further tries at another origin server.", |group| {
            &group.counts.retries
        }),
        ("littoral_group_retries_refused_total", "Further tries that the budget did not allow.", |group| {
            &group.counts.refused
        }),
        (
            "littoral_group_last_resorts_total",
            "Tries at an origin server that was not well, since no better one was left.",
            |group| &group.counts.last_resorts,
        ),
    ];
    for (name, help, of) in families {
        page.family(name, Counter, help);
        for group in &groups {
            let labels = [("site", &*group.site), ("group", &*group.group.name)];
            page.sample(&labels, of(group).load(Ordering::Relaxed));
        }
    }
}
