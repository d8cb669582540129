//! Hosts: those of the site, the one that stands for them, the shards among them.

use super::Compiler;
use littoral_model::{Spanned, nearest, quoted};
use littoral_rules::{HostMistake, HostPattern, check_host};

/// Fields with surrogate keys where the file names none.
const SURROGATE_KEY_FIELDS: [&str; 2] = ["surrogate-key", "cache-tag"];

impl Compiler<'_> {
    pub(super) fn hosts(&mut self) -> Vec<HostPattern> {
        let mut hosts = Vec::new();
        for text in &self.file.hosts {
            match HostPattern::new(text) {
                // The same text twice was reported when it was read.
                Ok(host) if hosts.contains(&host) => {
                    if !self
                        .file
                        .hosts
                        .iter()
                        .any(|other| other.span.start < text.span.start && other == text)
                    {
                        let message = format!("the site names the host `{host}` twice");
                        self.error(&text.span, message, "named before", "case makes no difference in hosts");
                    }
                }
                Ok(host) => hosts.push(host),
                Err(mistake) => self.bad_host("a host of the site", text, mistake),
            }
        }
        hosts
    }

    pub(super) fn bad_host(&mut self, what: &str, text: &Spanned<String>, mistake: HostMistake) {
        let message = format!("{what}, {}, {mistake}", quoted(text));
        self.error(&text.span, message, "not a host", host_hint(text, mistake));
    }

    pub(super) fn canonical_host(&mut self, hosts: &[HostPattern]) -> Option<Box<str>> {
        let Some(text) = &self.file.canonical_host else {
            return hosts.iter().find_map(|host| match host {
                HostPattern::Exact(name) => Some(name.clone()),
                _ => None,
            });
        };
        let lower = text.to_ascii_lowercase();
        if lower.contains('*') {
            let message = format!("the canonical host {} has a wildcard", quoted(text));
            self.error(
                &text.span,
                message,
                "not a host",
                "one host that stands for all: \"www.example.com\"",
            );
            return None;
        }
        if let Err(mistake) = check_host(&lower) {
            self.bad_host("the canonical host", text, mistake);
            return None;
        }
        // Where a host could not be read, it may have been that one.
        if hosts.len() == self.file.hosts.len() && !hosts.iter().any(|host| host.matches(lower.as_bytes())) {
            let message = format!("the canonical host {} is not among the site's hosts", quoted(text));
            let hint = match nearest(&lower, self.file.hosts.iter().map(|host| host.as_str())) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("add it: hosts = [\"{lower}\", …]"),
            };
            self.error(&text.span, message, "the site does not answer for it", hint);
        }
        Some(lower.into())
    }

    /// The hosts among which a page's files are spread.
    pub(super) fn shards(&mut self, hosts: &[HostPattern], canonical: Option<&str>) -> Box<[Box<str>]> {
        let Some(shards) = &self.file.shards else { return Box::default() };
        let mut good: Vec<Box<str>> = Vec::new();
        for text in &shards.value {
            let lower = text.to_ascii_lowercase();
            if let Err(mistake) = check_host(&lower) {
                self.bad_host("a shard", text, mistake);
            } else if hosts.len() == self.file.hosts.len()
                && !hosts.iter().any(|host| host.matches(lower.as_bytes()))
            {
                let message = format!("the shard {} is not among the site's hosts", quoted(text));
                let hint = match nearest(&lower, self.file.hosts.iter().map(|host| host.as_str())) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("add it: hosts = [\"{lower}\", …]"),
                };
                self.error(&text.span, message, "the site does not answer for it", hint);
            } else if !good.iter().any(|known| **known == *lower) {
                good.push(lower.into());
            } else if !shards.value.iter().any(|other| other.span.start < text.span.start && other == text) {
                let message = format!("`shards` names {} twice", quoted(&lower));
                self.error(&text.span, message, "named before", "case makes no difference in hosts");
            }
        }
        if shards.value.len() < 2 {
            let message = "a page's files are spread over several shards; these are fewer than two";
            self.warning(
                &shards.span,
                message,
                "nothing to spread over",
                "name two to four hosts, or leave it out",
            );
        } else if canonical.is_none() {
            let message = "the shards share nothing: the site has no canonical host";
            let hint = "say canonical_host = \"…\", so that what is stored for one serves the others";
            self.warning(&shards.span, message, "each stores by itself", hint);
        }
        good.into()
    }

    pub(super) fn surrogate_key_fields(&mut self) -> Box<[Box<[u8]>]> {
        match &self.file.surrogate_key_fields {
            None => SURROGATE_KEY_FIELDS.iter().map(|name| name.as_bytes().into()).collect(),
            Some(names) => {
                let names = self.field_names("`surrogate_key_fields` of the site", names);
                names.into_iter().map(|name| name.into_bytes().into()).collect()
            }
        }
    }
}

pub(super) fn host_hint(text: &str, mistake: HostMistake) -> String {
    match mistake {
        HostMistake::Scheme => {
            let rest = text.split("://").nth(1).unwrap_or_default();
            format!("without its scheme: \"{}\"", rest.split('/').next().unwrap_or_default())
        }
        HostMistake::Port => {
            format!("without its port: \"{}\"", text.rsplit_once(':').map_or(text, |(host, _)| host))
        }
        HostMistake::Path => format!("without its path: \"{}\"", text.split('/').next().unwrap_or_default()),
        HostMistake::WildcardPlace => "as in \"*.example.com\", for every name under it".to_owned(),
        HostMistake::NotAscii => "write its ASCII form, which begins with `xn--`".to_owned(),
        HostMistake::Address if text.contains(':') => {
            "an IPv6 address stands in brackets and in its short form: \"[2001:db8::1]\"".to_owned()
        }
        HostMistake::Address => "four numbers up to 255, as in \"192.0.2.1\"".to_owned(),
        HostMistake::EmptyLabel if text.ends_with('.') => {
            format!("without the dot at its end: \"{}\"", text.trim_end_matches('.'))
        }
        HostMistake::Label if text.contains(',') => {
            format!("a text for each: [{}]", super::behavior::each(text))
        }
        HostMistake::Empty | HostMistake::TooLong | HostMistake::EmptyLabel | HostMistake::Label => {
            "letters, digits, `-` and `_` between dots, as in \"www.example.com\"".to_owned()
        }
    }
}
