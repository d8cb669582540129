//! The page that Prometheus scrapes. Names are the glossary's; labels are the names that log and `Cache-Status` use.

use super::groups::{render_groups, render_health};
use super::{DigestRing, Tally};
use crate::note::Outcome;
use crate::origin::permits::origin_id;
use crate::worker::Shared;
use littoral_cache::Store;
use littoral_runtime::exposition::FamilyKind::{Counter, Gauge, Histogram};
use littoral_runtime::{Exposition, HistogramSum};
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::Ordering;

/// The page, as text in exposition format 0.0.4.
pub(crate) fn render(shared: &Shared) -> String {
    let mut page = Exposition::new();
    let sum = Sum::of(shared);
    sum.render_requests(&mut page);
    sum.render_reasons(&mut page);
    sum.render_limits(&mut page);
    sum.render_connections(&mut page);
    sum.render_origins(&mut page);
    render_admission(shared, &mut page);
    render_origin_connections(shared, &mut page);
    render_health(shared, &mut page);
    render_groups(shared, &mut page);
    render_cache(shared, &mut page);
    render_site_shares(shared, &mut page);
    super::compression::render(shared, &mut page);
    render_log(shared, &mut page);
    render_digests(shared, &mut page);
    page.finish()
}

/// All threads' counts, in an order that does not change from scrape to scrape.
#[derive(Default)]
struct Sum {
    requests: BTreeMap<(String, u16, Outcome), u64>,
    sent_bytes: BTreeMap<String, u64>,
    refusals: BTreeMap<&'static str, u64>,
    rate_limited: BTreeMap<(String, Box<str>), u64>,
    origin_errors: BTreeMap<&'static str, u64>,
    not_stored: BTreeMap<&'static str, u64>,
    accepted: u64,
    open: i64,
    durations: HistogramSum,
    received_bytes: BTreeMap<String, u64>,
    origins: BTreeMap<(String, String), OriginSum>,
}

/// One origin server's part.
#[derive(Default)]
struct OriginSum {
    results: BTreeMap<&'static str, u64>,
    heads: HistogramSum,
    body_bytes: u64,
}

impl Sum {
    fn of(shared: &Shared) -> Sum {
        let mut sum = Sum::default();
        let names = shared.reporter.site_names.lock();
        let name = |index: u32| names.get(&index).map_or_else(|| "-".to_owned(), |name| name.to_string());
        for thread in &shared.reporter.threads {
            sum.add(&thread.tally.lock(), &name);
            sum.durations.add(&thread.durations);
        }
        sum
    }

    fn add(&mut self, tally: &Tally, name: &impl Fn(u32) -> String) {
        for (&(site, status, outcome), count) in &tally.requests {
            *self.requests.entry((name(site), status, outcome)).or_default() += count;
        }
        for (&site, bytes) in &tally.sent_bytes {
            *self.sent_bytes.entry(name(site)).or_default() += bytes;
        }
        for ((site, limit), count) in &tally.rate_limited {
            *self.rate_limited.entry((name(*site), limit.clone())).or_default() += count;
        }
        for (&site, bytes) in &tally.received_bytes {
            *self.received_bytes.entry(name(site)).or_default() += bytes;
        }
        for (&site, origins) in &tally.origins {
            for origin in origins {
                let sum = self.origins.entry((name(site), origin.name.to_string())).or_default();
                for (result, count) in &origin.results {
                    *sum.results.entry(result).or_default() += count;
                }
                sum.heads.add(&origin.heads);
                sum.body_bytes += origin.body_bytes;
            }
        }
        let reasons = [
            (&mut self.refusals, &tally.refusals),
            (&mut self.origin_errors, &tally.origin_errors),
            (&mut self.not_stored, &tally.not_stored),
        ];
        for (sum, counts) in reasons {
            for (reason, count) in counts {
                *sum.entry(reason).or_default() += count;
            }
        }
        self.accepted += tally.connections_accepted;
        self.open += tally.connections_open;
    }

    fn render_requests(&self, page: &mut Exposition) {
        page.family(
            "littoral_requests_total",
            Counter,
            "Requests answered, by site, status and cache result.",
        );
        for ((site, status, outcome), count) in &self.requests {
            let labels =
                [("site", site.as_str()), ("status", &status.to_string()), ("cache", outcome.as_str())];
            page.sample(&labels, *count);
        }
        page.family("littoral_sent_bytes_total", Counter, "Body bytes sent to clients, by site.");
        for (site, bytes) in &self.sent_bytes {
            page.sample(&[("site", site)], *bytes);
        }
        page.family("littoral_received_bytes_total", Counter, "Body bytes received from clients, by site.");
        for (site, bytes) in &self.received_bytes {
            page.sample(&[("site", site)], *bytes);
        }
        page.family(
            "littoral_request_seconds",
            Histogram,
            "From a request's head to the last byte of its answer.",
        );
        page.histogram(&[], &self.durations);
    }

    fn render_origins(&self, page: &mut Exposition) {
        page.family(
            "littoral_origin_requests_total",
            Counter,
            "Requests sent to an origin server, by class of status or reason of failure.",
        );
        for ((site, origin), sum) in &self.origins {
            for (result, count) in &sum.results {
                page.sample(&[("site", site), ("origin", origin), ("result", result)], *count);
            }
        }
        page.family(
            "littoral_origin_head_seconds",
            Histogram,
            "From a request to an origin server to its response head.",
        );
        for ((site, origin), sum) in &self.origins {
            page.histogram(&[("site", site), ("origin", origin)], &sum.heads);
        }
        page.family(
            "littoral_origin_received_bytes_total",
            Counter,
            "Body bytes received from an origin server.",
        );
        for ((site, origin), sum) in &self.origins {
            page.sample(&[("site", site), ("origin", origin)], sum.body_bytes);
        }
    }

    fn render_reasons(&self, page: &mut Exposition) {
        let families = [
            ("littoral_refusals_total", "Requests refused and answers cut off, by reason.", &self.refusals),
            ("littoral_origin_errors_total", "Failed fetches, by reason.", &self.origin_errors),
            ("littoral_not_stored_total", "Responses fetched and not stored, by reason.", &self.not_stored),
        ];
        for (name, help, counts) in families {
            page.family(name, Counter, help);
            for (reason, count) in counts {
                page.sample(&[("reason", reason)], *count);
            }
        }
    }

    fn render_limits(&self, page: &mut Exposition) {
        page.family("littoral_rate_limited_total", Counter, "Requests over a rate limit, by site and limit.");
        for ((site, limit), count) in &self.rate_limited {
            page.sample(&[("site", site), ("limit", limit)], *count);
        }
    }

    fn render_connections(&self, page: &mut Exposition) {
        page.family("littoral_connections_total", Counter, "Client connections accepted.");
        page.sample(&[], self.accepted);
        page.family("littoral_connections", Gauge, "Client connections open.");
        page.sample_f64(&[], self.open as f64);
    }
}

fn render_admission(shared: &Shared, page: &mut Exposition) {
    let histories = &shared.histories;
    page.family("littoral_rate_limit_clients", Gauge, "Clients that rate limits remember.");
    page.sample(&[], histories.len() as u64);
    page.family(
        "littoral_rate_limit_clients_forgotten_total",
        Counter,
        "Clients that rate limits forgot early, for want of room.",
    );
    page.sample(&[], histories.forgotten());
    page.family("littoral_memory_short", Gauge, "Whether new work is turned away for want of memory.");
    page.sample(&[], u64::from(shared.memory.is_short()));
    page.family("littoral_memory_shortages_total", Counter, "How often memory became short.");
    page.sample(&[], shared.memory.shortages());
    page.family("littoral_memory_reserve_bytes", Gauge, "Memory that is to stay available.");
    page.sample(&[], shared.memory.reserve_bytes());
}

/// All origin servers of the policy in force, those that nobody has asked yet too.
fn render_origin_connections(shared: &Shared, page: &mut Exposition) {
    let mut known = HashMap::new();
    shared.origins.visit(|server, used, queued| {
        known.insert(std::ptr::from_ref(server) as usize, (used, queued));
    });
    let policy = shared.current.load();
    let mut rows: Vec<(&str, &str, u32, u32, u32)> = policy
        .sites()
        .iter()
        .flat_map(|site| site.origins.iter().map(move |server| (site, server)))
        .map(|(site, server)| {
            let (used, queued) = known.get(&origin_id(server)).copied().unwrap_or_default();
            (&*site.name, &*server.name, used, queued, server.connections_max)
        })
        .collect();
    rows.sort_unstable();
    page.family("littoral_origin_connections", Gauge, "Connections to an origin server, busy and idle.");
    for (site, origin, used, ..) in &rows {
        page.sample(&[("site", site), ("origin", origin)], u64::from(*used));
    }
    page.family(
        "littoral_origin_connections_max",
        Gauge,
        "Connections to an origin server that there may be.",
    );
    for (site, origin, .., most) in &rows {
        page.sample(&[("site", site), ("origin", origin)], u64::from(*most));
    }
    page.family("littoral_origin_queue", Gauge, "Requests that wait for a connection to an origin server.");
    for (site, origin, _, queued, _) in &rows {
        page.sample(&[("site", site), ("origin", origin)], u64::from(*queued));
    }
}

fn render_site_shares(shared: &Shared, page: &mut Exposition) {
    let names = shared.reporter.site_names.lock();
    let mut sites: Vec<_> = (shared.store.stat().sites.into_iter())
        .filter_map(|site| Some((names.get(&site.site.0)?.to_string(), site)))
        .collect();
    sites.sort_by(|a, b| a.0.cmp(&b.0));
    page.family("littoral_cache_site_bytes", Gauge, "Memory that a site's stored responses take.");
    for (name, site) in &sites {
        page.sample(&[("site", name), ("tier", "memory")], site.bytes);
    }
    page.family(
        "littoral_cache_site_responses",
        Gauge,
        "A site's stored responses, variants counted singly.",
    );
    for (name, site) in &sites {
        page.sample(&[("site", name), ("tier", "memory")], site.responses);
    }
}

fn render_digests(shared: &Shared, page: &mut Exposition) {
    let sum = |of: fn(&DigestRing) -> u64| shared.reporter.digests.iter().map(|ring| of(ring)).sum();
    page.family("littoral_digests_total", Counter, "Digests of sampled requests taken.");
    page.sample(&[], sum(|ring| ring.taken.value()));
    page.family("littoral_digests_dropped_total", Counter, "Digests not taken, since they were being read.");
    page.sample(&[], sum(|ring| ring.dropped.value()));
}

fn render_cache(shared: &Shared, page: &mut Exposition) {
    let stat = shared.store.stat();
    page.family("littoral_cache_bytes", Gauge, "Memory that stored responses take, metadata included.");
    page.sample(&[("tier", "memory")], stat.bytes);
    page.family("littoral_cache_budget_bytes", Gauge, "Memory that stored responses may take.");
    page.sample(&[("tier", "memory")], stat.budget_bytes);
    page.family("littoral_cache_responses", Gauge, "Stored responses, variants counted singly.");
    page.sample(&[("tier", "memory")], stat.responses);
    page.family("littoral_cache_evictions_total", Counter, "Stored responses that made room for others.");
    page.sample(&[("tier", "memory")], stat.evictions);
    page.family("littoral_fills", Gauge, "Fetches under way that others may follow.");
    page.sample(&[], shared.fills.len() as u64);
    page.family("littoral_fill_bytes", Gauge, "Bytes that fetches under way hold in memory.");
    page.sample(&[], shared.fills.held_bytes());
    page.family("littoral_purge_position", Gauge, "Number of the last purge applied.");
    page.sample(&[], shared.fence.position().number);
    page.family(
        "littoral_purge_overflows_total",
        Counter,
        "Purge tables that overflowed into a site-wide floor.",
    );
    page.sample(&[], shared.fence.overflows());
}

fn render_log(shared: &Shared, page: &mut Exposition) {
    let lost: u64 = shared.reporter.threads.iter().map(|t| t.lost_records.load(Ordering::Relaxed)).sum();
    let stat = shared.reporter.log.lock().as_ref().map(|log| log.stat());
    page.family("littoral_log_records_lost_total", Counter, "Access-log records lost, by cause.");
    page.sample(&[("cause", "ring-full")], lost);
    page.sample(&[("cause", "write-failed")], stat.map_or(0, |stat| stat.lost_write_failed));
    page.family("littoral_log_records_total", Counter, "Access-log records written.");
    page.sample(&[], stat.map_or(0, |stat| stat.written));
}
