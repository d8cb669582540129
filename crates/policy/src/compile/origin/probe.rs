//! How an origin is asked whether it is well.

use super::url::is_host_field;
use crate::compile::Compiler;
use crate::{Probe, StatusSet};
use littoral_model::{ProbeMethod, ProbeSection, Spanned, quoted};

impl Compiler<'_> {
    pub(super) fn probe(&mut self, name: &str, section: &ProbeSection) -> Option<Probe> {
        let what = format!("`probe` of origin {name}");
        let target = section.path.as_ref().and_then(|path| self.probe_target(&what, path));
        let statuses = match &section.statuses {
            None => Some(StatusSet::of(200..300)),
            Some(names) => self.statuses(&what, names),
        };
        let host = match &section.host {
            None => Some(None),
            Some(text) => self.probe_host(&what, text).map(Some),
        };
        Some(Probe {
            method: match section.method {
                ProbeMethod::Get => "GET".into(),
                ProbeMethod::Head => "HEAD".into(),
            },
            target: target?,
            host: host?,
            interval: section.interval,
            timeout: section.timeout,
            healthy_after: section.healthy,
            unhealthy_after: section.unhealthy,
            statuses: statuses?,
        })
    }

    fn probe_target(&mut self, what: &str, text: &Spanned<String>) -> Option<Box<str>> {
        let (path, query) = text.split_once('?').map_or((text.as_str(), ""), |(path, query)| (path, query));
        let sound_query = query.bytes().all(|b| b.is_ascii_graphic() && b != b'#');
        match self.plain_path(what, "path", path, text) {
            Some(()) if sound_query => Some(text.as_str().into()),
            Some(()) => {
                let message = format!("`path` in {what} has a query that no request can have");
                self.error(
                    &text.span,
                    message,
                    "not a query",
                    "visible ASCII; anything else is percent-encoded",
                );
                None
            }
            None => None,
        }
    }

    fn probe_host(&mut self, what: &str, text: &Spanned<String>) -> Option<Box<str>> {
        let lower = text.to_ascii_lowercase();
        if is_host_field(&lower) {
            return Some(lower.into());
        }
        let message = format!("`host` in {what}, {}, is not a host", quoted(text));
        self.error(&text.span, message, "not a host", "a host, with its port if it has one");
        None
    }
}
