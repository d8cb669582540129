//! Rate limits: what tells clients apart, what each limit is called.

use super::Compiler;
use super::names::{is_parameter, is_token};
use crate::{RateKey, RateLimit};
use littoral_model::{BehaviorSection, RateLimitSection, Spanned, nearest, quoted};

const WORDS: [&str; 3] = ["address", "host", "path"];

impl Compiler<'_> {
    pub(super) fn rate_limits(
        &mut self,
        called: &str,
        behavior: &BehaviorSection,
    ) -> Option<Box<[RateLimit]>> {
        let limits: Vec<_> = behavior
            .rate_limits
            .iter()
            .enumerate()
            .map(|(at, section)| {
                let what = format!("rate limit {} of {called}", at + 1);
                self.rate_limit(&what, default_name(behavior, at), section)
            })
            .collect();
        limits.into_iter().collect()
    }

    fn rate_limit(&mut self, what: &str, default: String, section: &RateLimitSection) -> Option<RateLimit> {
        let name = match &section.name {
            None => Some(default),
            Some(name) => self.limit_name(what, name),
        };
        let key: Vec<_> = section.key.iter().map(|part| self.rate_key(what, part)).collect();
        let key: Option<Box<[_]>> = key.into_iter().collect();
        if let (Some([RateKey::Address]), Some(part)) = (key.as_deref(), section.key.first()) {
            let message = format!("{what} tells clients apart by their address alone");
            let hint = "whole offices and mobile networks share one; add what single clients have, as in \"cookie:session\"";
            self.warning(&part.span, message, "sheds crowds behind one address", hint);
        }
        if let (Some([RateKey::Host | RateKey::Path, ..]), Some(part)) = (key.as_deref(), section.key.first())
            && key.iter().flatten().all(|part| matches!(part, RateKey::Host | RateKey::Path))
        {
            let message = format!("{what} does not tell clients apart");
            let hint = "all of them together get so many requests; add \"address\" or \"cookie:NAME\" if that is not meant";
            self.warning(&part.span, message, "the same for all", hint);
        }
        let when = self.when(what, section.when.as_ref());
        Some(RateLimit {
            name: name?.into(),
            requests: section.requests,
            per: section.per,
            burst: section.burst.as_ref().map_or(section.requests, |burst| burst.value),
            key: key.filter(|key| !key.is_empty())?,
            status: section.status,
            when: when?,
        })
    }

    fn limit_name(&mut self, what: &str, name: &Spanned<String>) -> Option<String> {
        if name.is_empty() || name.len() > 256 || name.chars().any(char::is_control) {
            let message = format!("{what} cannot be called {}", quoted(name));
            self.error(&name.span, message, "not a name", "1 to 256 bytes without control characters");
            return None;
        }
        let names = self.file.behaviors.iter().flat_map(|behavior| {
            let limits = behavior.rate_limits.iter().enumerate();
            limits.map(|(at, limit)| match &limit.name {
                Some(other) => (other.span.start < name.span.start, other.value.clone()),
                None => (true, default_name(behavior, at)),
            })
        });
        if names.into_iter().any(|(comes_first, other)| comes_first && other == name.value) {
            let message = format!("two rate limits are called {}", quoted(name));
            self.error(
                &name.span,
                message,
                "called so before",
                "metrics and logs know them by name; give one another",
            );
            return None;
        }
        Some(name.value.clone())
    }

    fn rate_key(&mut self, what: &str, part: &Spanned<String>) -> Option<RateKey> {
        let key = match part.split_once(':') {
            Some(("header", name)) if is_token(name) => {
                Some(RateKey::Header(name.to_ascii_lowercase().into()))
            }
            Some(("cookie", name)) if is_token(name) => Some(RateKey::Cookie(name.into())),
            Some(("query", name)) if is_parameter(name) => Some(RateKey::Parameter(name.into())),
            Some(_) => None,
            None => match part.as_str() {
                "address" => Some(RateKey::Address),
                "host" => Some(RateKey::Host),
                "path" => Some(RateKey::Path),
                _ => None,
            },
        };
        if key.is_none() {
            let message = format!("the key of {what} cannot have {}", quoted(part));
            let hint = match (part.as_str(), nearest(part, WORDS)) {
                ("ip" | "client" | "client.ip", _) => "did you mean \"address\"?".to_owned(),
                (_, Some(near)) => format!("did you mean \"{near}\"?"),
                _ => "\"address\", \"host\", \"path\", \"header:NAME\", \"cookie:NAME\" and \"query:NAME\""
                    .to_owned(),
            };
            self.error(&part.span, message, "not one of its parts", hint);
        }
        key
    }
}

/// What a limit is called where the file does not say: as its behavior, with its place among several.
fn default_name(behavior: &BehaviorSection, at: usize) -> String {
    match behavior.rate_limits.len() {
        0 | 1 => behavior.name.value.clone(),
        _ => format!("{}#{}", *behavior.name, at + 1),
    }
}
