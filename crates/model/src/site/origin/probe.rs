//! `probe = { … }` of an origin: how it is asked whether it is well.

use super::millis;
use crate::section::{Empty, Section};
use crate::{Bounds, Span, Spanned};
use std::time::Duration;

/// The keys of the table, for hints.
const KEYS: &[&str] = &["path", "method", "host", "interval", "timeout", "healthy", "unhealthy", "statuses"];

const INTERVAL: Bounds<Duration> = millis(5_000, 500, 3_600_000);
const TIMEOUT: Bounds<Duration> = millis(2_000, 50, 60_000);
const HEALTHY: Bounds<u64> = Bounds::new(2, 1, 100);
const UNHEALTHY: Bounds<u64> = Bounds::new(3, 1, 100);

/// What a probe asks with.
#[derive(Copy, Clone, PartialEq, Eq, Debug, Default)]
pub enum ProbeMethod {
    /// `GET`
    #[default]
    Get,
    /// `HEAD`
    Head,
}

/// An active probe as written.
#[derive(Clone, PartialEq, Debug)]
pub struct ProbeSection {
    /// Where the table stands.
    pub span: Span,
    /// Path and query. `None`: it could not be read.
    pub path: Option<Spanned<String>>,
    /// Default `GET`.
    pub method: ProbeMethod,
    /// The `Host` of the probe. Default: that of the origin's URL.
    pub host: Option<Spanned<String>>,
    /// From the end of one probe to the next. Default 5 s; 500 ms to 1 h.
    pub interval: Duration,
    /// Longest wait for the answer's head, connecting included. Default 2 s; 50 ms to 1 min.
    pub timeout: Duration,
    /// Good probes in a row after which it is well. Default 2; 1 to 100.
    pub healthy: u32,
    /// Bad probes in a row after which it is not. Default 3; 1 to 100.
    pub unhealthy: u32,
    /// Statuses that are good. Default `2xx`.
    pub statuses: Option<Vec<Spanned<String>>>,
}

pub(super) fn read(origin: &Section<'_>) -> Option<ProbeSection> {
    const METHODS: &[(&str, ProbeMethod)] = &[("GET", ProbeMethod::Get), ("HEAD", ProbeMethod::Head)];
    let section = origin.section("probe", format!("`probe` of {}", origin.name()))?;
    let probe = ProbeSection {
        span: section.span().clone(),
        path: section.needed_text("path", "as in path = \"/healthz\""),
        method: section.choice("method", METHODS).map(|method| method.value).unwrap_or_default(),
        host: section.text("host"),
        interval: section.duration("interval", INTERVAL),
        timeout: section.duration("timeout", TIMEOUT),
        healthy: section.count("healthy", HEALTHY) as u32,
        unhealthy: section.count("unhealthy", UNHEALTHY) as u32,
        statuses: section.statuses("statuses", Empty::Refused("leave it out to take 200 to 299 as good")),
    };
    section.finish(&[("`probe`", KEYS), ("the origin itself", super::KEYS)]);
    Some(probe)
}
