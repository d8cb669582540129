//! Which lines are wanted.

use std::str::FromStr;
use std::time::Duration;

use littoral_records::access::{Entry, parse_time};

use crate::cli::Logs;

/// A moment: so long ago, or a time.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) enum Moment {
    Ago(Duration),
    Millis(i64),
}

impl FromStr for Moment {
    type Err = String;

    fn from_str(text: &str) -> Result<Moment, String> {
        if let Ok(ago) = littoral_model::parse_duration(text) {
            return Ok(Moment::Ago(ago));
        }
        // A date alone is its midnight.
        let midnight = format!("{text}T00:00:00Z");
        parse_time(text.as_bytes())
            .or_else(|| parse_time(midnight.as_bytes()))
            .map(Moment::Millis)
            .ok_or_else(|| {
                "neither a duration (10m, 2h, 1d) nor a time (2026-11-21, 2026-11-21T05:00:00Z)".to_owned()
            })
    }
}

/// `404`, or a class: `4xx`.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub(crate) struct StatusPattern {
    least: u16,
    most: u16,
}

impl FromStr for StatusPattern {
    type Err = String;

    fn from_str(text: &str) -> Result<StatusPattern, String> {
        let wrong = || "a status such as 404, or a class such as 5xx".to_owned();
        let (digits, class) = match text.to_ascii_lowercase().strip_suffix("xx") {
            Some(class) => (class.to_owned(), true),
            None => (text.to_owned(), false),
        };
        let number: u16 = digits.parse().map_err(|_| wrong())?;
        match (class, number) {
            (true, 1..=5) => Ok(StatusPattern { least: number * 100, most: number * 100 + 99 }),
            (false, 100..=999) => Ok(StatusPattern { least: number, most: number }),
            _ => Err(wrong()),
        }
    }
}

pub(super) struct Filter {
    since_millis: Option<i64>,
    until_millis: Option<i64>,
    sites: Vec<String>,
    hosts: Vec<String>,
    statuses: Vec<StatusPattern>,
    caches: Vec<String>,
    id: Option<String>,
}

impl Filter {
    pub(super) fn new(arguments: &Logs, now_millis: i64) -> Filter {
        let millis = |moment: Moment| match moment {
            Moment::Ago(ago) => now_millis.saturating_sub(i64::try_from(ago.as_millis()).unwrap_or(i64::MAX)),
            Moment::Millis(millis) => millis,
        };
        Filter {
            since_millis: arguments.since.map(millis),
            until_millis: arguments.until.map(millis),
            sites: arguments.site.clone(),
            hosts: arguments.host.iter().map(|host| host.to_ascii_lowercase()).collect(),
            statuses: arguments.status.clone(),
            caches: arguments.cache.clone(),
            id: arguments.id.clone(),
        }
    }

    pub(super) fn since_millis(&self) -> Option<i64> {
        self.since_millis
    }

    pub(super) fn fits(&self, entry: &Entry<'_>) -> bool {
        let any = |wanted: &[String], found: &str| wanted.is_empty() || wanted.iter().any(|one| one == found);
        any(&self.sites, &entry.site)
            && any(&self.caches, &entry.cache)
            && (self.hosts.is_empty() || self.hosts.iter().any(|host| is_host(host, &entry.host)))
            && (self.statuses.is_empty()
                || self.statuses.iter().any(|s| (s.least..=s.most).contains(&entry.status)))
            && self.id.as_ref().is_none_or(|id| *id == entry.request_id)
            && self.since_millis.is_none_or(|since| entry.time_millis().is_some_and(|at| at >= since))
            && self.until_millis.is_none_or(|until| entry.time_millis().is_some_and(|at| at < until))
    }
}

/// With its port or without.
fn is_host(wanted: &str, found: &str) -> bool {
    found == wanted
        || found.rsplit_once(':').is_some_and(|(host, port)| host == wanted && port.parse::<u16>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_and_statuses_are_read_as_people_write_them() {
        assert_eq!("10m".parse(), Ok(Moment::Ago(Duration::from_secs(600))));
        assert_eq!("1970-01-02".parse(), Ok(Moment::Millis(86_400_000)));
        assert_eq!("1970-01-01T00:00:01Z".parse(), Ok(Moment::Millis(1000)));
        assert!("yesterday".parse::<Moment>().is_err());
        assert_eq!("5XX".parse(), Ok(StatusPattern { least: 500, most: 599 }));
        assert_eq!("404".parse(), Ok(StatusPattern { least: 404, most: 404 }));
        for wrong in ["", "xx", "6xx", "0xx", "4x", "99", "1000", "-1"] {
            assert!(wrong.parse::<StatusPattern>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_host_is_found_with_its_port_and_without() {
        assert!(is_host("a.example", "a.example") && is_host("a.example", "a.example:8080"));
        assert!(is_host("a.example:8080", "a.example:8080") && is_host("[::1]", "[::1]:80"));
        assert!(!is_host("a.example", "b.a.example") && !is_host("[:", "[::1]"));
    }
}
