//! What happened between two looks, as rates and shares. Serialized, it is what `--json` prints: stable, documented in
//! docs/administration.md.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use super::Look;
use super::samples::{Sample, Samples};

/// The node over one interval. Rates are per second; `None` where nothing happened that has one.
#[derive(Serialize, Debug, Default)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) uptime_seconds: u64,
    pub(super) workers: u64,
    pub(super) draining: bool,
    pub(super) interval_seconds: f64,
    pub(super) requests_per_second: f64,
    /// Of the requests, those answered from the cache.
    pub(super) hit_share: Option<f64>,
    pub(super) p50_seconds: Option<f64>,
    pub(super) p99_seconds: Option<f64>,
    pub(super) sent_bytes_per_second: f64,
    pub(super) received_bytes_per_second: f64,
    pub(super) origin_bytes_per_second: f64,
    /// Answers with 5xx.
    pub(super) errors_per_second: f64,
    pub(super) refusals_per_second: f64,
    pub(super) connections: f64,
    pub(super) connections_per_second: f64,
    pub(super) cache_bytes: f64,
    pub(super) cache_budget_bytes: f64,
    pub(super) cache_responses: f64,
    pub(super) evictions_per_second: f64,
    pub(super) fills: f64,
    pub(super) log_records_per_second: f64,
    pub(super) log_records_lost_per_second: f64,
    /// Since the start.
    pub(super) log_records_lost: f64,
    pub(super) resident_bytes: f64,
    pub(super) host_memory_bytes: f64,
    pub(super) host_memory_available_bytes: f64,
    /// Cores that the process keeps busy.
    pub(super) cores: f64,
    /// Of the host's processor time, what went to other machines.
    pub(super) steal_share: Option<f64>,
    pub(super) sites: Vec<SiteView>,
    pub(super) origins: Vec<OriginView>,
    pub(super) statuses: Vec<StatusView>,
}

/// One site.
#[derive(Serialize, Debug)]
pub(super) struct SiteView {
    pub(super) site: String,
    pub(super) requests_per_second: f64,
    pub(super) hit_share: Option<f64>,
    pub(super) sent_bytes_per_second: f64,
    pub(super) errors_per_second: f64,
    pub(super) cache_bytes: f64,
    pub(super) cache_responses: f64,
}

/// One origin server.
#[derive(Serialize, Debug)]
pub(super) struct OriginView {
    pub(super) site: String,
    pub(super) origin: String,
    pub(super) requests_per_second: f64,
    /// Without an answer, or with 5xx.
    pub(super) errors_per_second: f64,
    pub(super) connections: f64,
    pub(super) connections_max: f64,
    pub(super) queue: f64,
    /// Nothing speaks against asking it: neither its answers nor its probes.
    pub(super) well: Option<bool>,
    pub(super) head_p50_seconds: Option<f64>,
    pub(super) head_p99_seconds: Option<f64>,
    pub(super) received_bytes_per_second: f64,
}

/// One status.
#[derive(Serialize, Debug)]
pub(super) struct StatusView {
    pub(super) status: u16,
    pub(super) requests_per_second: f64,
    pub(super) share: f64,
}

impl View {
    pub(super) fn between(before: &Look, now: &Look) -> View {
        let seconds = now.at.duration_since(before.at).as_secs_f64();
        let rates = Rates { before: &before.samples, now: &now.samples, seconds: seconds.max(0.001) };
        let gauge = |name: &str| now.samples.total(name);
        let text = |name: &str| now.status[name].as_str().unwrap_or_default().to_owned();
        let number = |name: &str| now.status[name].as_u64().unwrap_or_default();
        let requests = rates.of("littoral_requests_total", |_| true);
        View {
            name: text("name"),
            version: text("version"),
            uptime_seconds: number("uptime_seconds"),
            workers: number("workers"),
            draining: now.status["draining"] == Value::Bool(true),
            interval_seconds: (seconds * 1000.0).round() / 1000.0,
            requests_per_second: requests,
            hit_share: share(rates.of("littoral_requests_total", is_hit), requests),
            p50_seconds: rates.quantile("littoral_request_seconds", 0.5, |_| true),
            p99_seconds: rates.quantile("littoral_request_seconds", 0.99, |_| true),
            sent_bytes_per_second: rates.of("littoral_sent_bytes_total", |_| true),
            received_bytes_per_second: rates.of("littoral_received_bytes_total", |_| true),
            origin_bytes_per_second: rates.of("littoral_origin_received_bytes_total", |_| true),
            errors_per_second: rates.of("littoral_requests_total", is_error),
            refusals_per_second: rates.of("littoral_refusals_total", |_| true),
            connections: gauge("littoral_connections"),
            connections_per_second: rates.of("littoral_connections_total", |_| true),
            cache_bytes: gauge("littoral_cache_bytes"),
            cache_budget_bytes: gauge("littoral_cache_budget_bytes"),
            cache_responses: gauge("littoral_cache_responses"),
            evictions_per_second: rates.of("littoral_cache_evictions_total", |_| true),
            fills: gauge("littoral_fills"),
            log_records_per_second: rates.of("littoral_log_records_total", |_| true),
            log_records_lost_per_second: rates.of("littoral_log_records_lost_total", |_| true),
            log_records_lost: gauge("littoral_log_records_lost_total"),
            resident_bytes: gauge("process_resident_memory_bytes"),
            host_memory_bytes: gauge("littoral_host_memory_bytes"),
            host_memory_available_bytes: gauge("littoral_host_memory_available_bytes"),
            cores: rates.of("process_cpu_seconds_total", |_| true),
            steal_share: share(
                rates.of("littoral_host_steal_ticks_total", |_| true),
                rates.of("littoral_host_cpu_ticks_total", |_| true),
            ),
            sites: sites(&rates),
            origins: origins(&rates),
            statuses: statuses(&rates, requests),
        }
    }
}

fn is_hit(sample: &Sample) -> bool {
    matches!(sample.label("cache"), "hit" | "stale")
}

fn is_error(sample: &Sample) -> bool {
    sample.label("status").starts_with('5')
}

fn share(part: f64, whole: f64) -> Option<f64> {
    (whole > 0.0).then(|| part / whole)
}

fn sites(rates: &Rates<'_>) -> Vec<SiteView> {
    let mut names: Vec<&str> = ["littoral_requests_total", "littoral_cache_site_bytes"]
        .into_iter()
        .flat_map(|name| rates.now.of(name))
        .map(|sample| sample.label("site"))
        .collect();
    names.sort_unstable();
    names.dedup();
    let mut sites: Vec<SiteView> = names
        .into_iter()
        .map(|name| {
            let of_site = |sample: &Sample| sample.label("site") == name;
            let requests = rates.of("littoral_requests_total", of_site);
            let hits = rates.of("littoral_requests_total", |sample| of_site(sample) && is_hit(sample));
            SiteView {
                site: name.to_owned(),
                requests_per_second: requests,
                hit_share: share(hits, requests),
                sent_bytes_per_second: rates.of("littoral_sent_bytes_total", of_site),
                errors_per_second: rates
                    .of("littoral_requests_total", |sample| of_site(sample) && is_error(sample)),
                cache_bytes: rates.now.sum("littoral_cache_site_bytes", of_site),
                cache_responses: rates.now.sum("littoral_cache_site_responses", of_site),
            }
        })
        .collect();
    // The busiest first; equal ones keep their names' order, so that rows do not jump about.
    sites.sort_by(|a, b| b.requests_per_second.total_cmp(&a.requests_per_second));
    sites
}

fn origins(rates: &Rates<'_>) -> Vec<OriginView> {
    let mut origins: Vec<OriginView> = (rates.now.of("littoral_origin_connections").iter())
        .map(|sample| {
            let (site, origin) = (sample.label("site"), sample.label("origin"));
            let of = |sample: &Sample| sample.label("site") == site && sample.label("origin") == origin;
            let failed = |sample: &Sample| {
                of(sample) && !matches!(sample.label("result"), "1xx" | "2xx" | "3xx" | "4xx")
            };
            OriginView {
                site: site.to_owned(),
                origin: origin.to_owned(),
                requests_per_second: rates.of("littoral_origin_requests_total", of),
                errors_per_second: rates.of("littoral_origin_requests_total", failed),
                connections: sample.value,
                connections_max: rates.now.sum("littoral_origin_connections_max", of),
                queue: rates.now.sum("littoral_origin_queue", of),
                well: rates
                    .now
                    .of("littoral_origin_well")
                    .iter()
                    .find(|sample| of(sample))
                    .map(|s| s.value != 0.0),
                head_p50_seconds: rates.quantile("littoral_origin_head_seconds", 0.5, of),
                head_p99_seconds: rates.quantile("littoral_origin_head_seconds", 0.99, of),
                received_bytes_per_second: rates.of("littoral_origin_received_bytes_total", of),
            }
        })
        .collect();
    origins.sort_by(|a, b| b.requests_per_second.total_cmp(&a.requests_per_second));
    origins
}

fn statuses(rates: &Rates<'_>, requests: f64) -> Vec<StatusView> {
    let mut statuses = BTreeMap::new();
    for sample in rates.now.of("littoral_requests_total") {
        if let Ok(status) = sample.label("status").parse::<u16>() {
            statuses.entry(status).or_insert_with(|| {
                let text = status.to_string();
                rates.of("littoral_requests_total", |sample| sample.label("status") == text)
            });
        }
    }
    statuses
        .into_iter()
        .map(|(status, rate)| StatusView {
            status,
            requests_per_second: rate,
            share: share(rate, requests).unwrap_or(0.0),
        })
        .collect()
}

/// Counters at two moments.
struct Rates<'a> {
    before: &'a Samples,
    now: &'a Samples,
    seconds: f64,
}

impl Rates<'_> {
    /// By how much the samples have grown, a second. A node that was started anew counts from zero.
    fn of(&self, name: &str, fits: impl Fn(&Sample) -> bool) -> f64 {
        let (before, now) = (self.before.sum(name, &fits), self.now.sum(name, &fits));
        (if now < before { now } else { now - before }) / self.seconds
    }

    /// The quantile of what a histogram has counted between the two moments, interpolated within its bucket; the last
    /// bound where it lies beyond.
    fn quantile(&self, name: &str, q: f64, fits: impl Fn(&Sample) -> bool) -> Option<f64> {
        let bucket = format!("{name}_bucket");
        let mut bounds: Vec<(f64, f64)> = Vec::new();
        for sample in self.now.of(&bucket).iter().filter(|sample| fits(sample)) {
            let bound: f64 = sample.label("le").parse().ok()?;
            let same = |other: &Sample| fits(other) && other.label("le") == sample.label("le");
            let before = self.before.sum(&bucket, same);
            let grown = if sample.value < before { sample.value } else { sample.value - before };
            bounds.push((bound, grown));
        }
        bounds.sort_by(|a, b| a.0.total_cmp(&b.0));
        let rank = bounds.last().map(|(_, count)| count * q).filter(|rank| *rank > 0.0)?;
        let (mut lower, mut below) = (0.0, 0.0);
        for (bound, count) in bounds {
            if count >= rank {
                let within = if bound.is_infinite() || count <= below {
                    0.0
                } else {
                    (rank - below) / (count - below)
                };
                let width = if bound.is_infinite() { 0.0 } else { bound - lower };
                return Some(lower + width * within);
            }
            (lower, below) = (bound, count);
        }
        None
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    /// Two looks, ten seconds apart.
    pub(crate) fn looks(before: &str, now: &str) -> (Look, Look) {
        let at = Instant::now();
        let status =
            serde_json::json!({ "name": "fra1", "version": "0.1.0", "workers": 2, "uptime_seconds": 90_061 });
        let look = |at, page| Look { at, samples: Samples::parse(page), status: status.clone() };
        (look(at, before), look(at + Duration::from_secs(10), now))
    }

    #[test]
    fn rates_and_shares_are_those_of_the_interval() {
        let (before, now) = looks(
            "littoral_requests_total{site=\"a\",status=\"200\",cache=\"hit\"} 100\nlittoral_sent_bytes_total{site=\"a\"} 5\n",
            "littoral_requests_total{site=\"a\",status=\"200\",cache=\"hit\"} 130\n\
             littoral_requests_total{site=\"a\",status=\"502\",cache=\"miss\"} 10\nlittoral_sent_bytes_total{site=\"a\"} 1005\n",
        );
        let view = View::between(&before, &now);
        assert_eq!((view.requests_per_second, view.hit_share), (4.0, Some(0.75)));
        assert_eq!((view.errors_per_second, view.sent_bytes_per_second), (1.0, 100.0));
        let statuses: Vec<_> = view.statuses.iter().map(|s| (s.status, s.share)).collect();
        assert_eq!(statuses, [(200, 0.75), (502, 0.25)]);
        assert_eq!((view.p50_seconds, view.steal_share), (None, None));
    }

    #[test]
    fn a_node_that_was_started_anew_counts_from_zero() {
        let (before, now) = looks("littoral_connections_total 1000\n", "littoral_connections_total 20\n");
        assert_eq!(View::between(&before, &now).connections_per_second, 2.0);
    }

    #[test]
    fn quantiles_are_those_of_what_came_in_the_interval() {
        let page = |counts: [u32; 4]| {
            let bounds = ["0.001", "0.01", "0.1", "+Inf"];
            let lines = bounds.iter().zip(counts);
            lines
                .map(|(le, n)| format!("littoral_request_seconds_bucket{{le=\"{le}\"}} {n}\n"))
                .collect::<String>()
        };
        let (before, now) = looks(&page([1000, 1000, 1000, 1000]), &page([1000, 1050, 1100, 1100]));
        let view = View::between(&before, &now);
        assert!(view.p50_seconds.is_some_and(|p50| (p50 - 0.01).abs() < 1e-9), "{:?}", view.p50_seconds);
        assert!(view.p99_seconds.is_some_and(|p99| (0.098..0.0983).contains(&p99)), "{:?}", view.p99_seconds);
        let (before, now) = looks(&page([0; 4]), &page([0, 0, 0, 5]));
        assert_eq!(View::between(&before, &now).p50_seconds, Some(0.1), "beyond the last bound");
    }
}
