//! Cache settings and keys: into the rules of `http-caching`, and whether they contradict each other.

use super::Compiler;
use crate::{HostKey, KeyPolicy, QueryKey, STEERING_FIELDS};
use littoral_http_caching::{self as http, CacheRules};
use littoral_model::{
    self as model, CacheSection, ClientDirectives, KeySection, OriginDirectives, RequestCookie, SetCookie,
    Spanned, format_duration, quoted,
};
use std::time::Duration;

/// Fields that end with a connection (RFC 9110 §7.6.1).
const CONNECTION_FIELDS: [&str; 9] = [
    "connection",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Fields that ask about stored responses, or about a part of one.
const ASKING_FIELDS: [&str; 7] = [
    "if-match",
    "if-modified-since",
    "if-none-match",
    "if-range",
    "if-unmodified-since",
    "range",
    "cache-control",
];

impl Compiler<'_> {
    pub(super) fn cache_rules(&mut self, called: &str, cache: &CacheSection) -> CacheRules {
        self.check_lifetimes(called, cache);
        let seconds = |value: &Option<Spanned<u32>>| value.as_ref().map(|seconds| seconds.value);
        let mut rules = CacheRules {
            lifetime_forced: seconds(&cache.lifetime),
            lifetime_min: seconds(&cache.lifetime_min),
            lifetime_max: seconds(&cache.lifetime_max),
            lifetime_default: seconds(&cache.lifetime_default),
            origin_directives: match cache.origin_directives.as_ref().map(|choice| choice.value) {
                None | Some(OriginDirectives::Honour) => http::OriginDirectives::Honour,
                Some(OriginDirectives::Ignore) => http::OriginDirectives::Ignore,
            },
            client_directives: match cache.client_directives {
                ClientDirectives::Ignore => http::ClientDirectives::Ignore,
                ClientDirectives::Honour => http::ClientDirectives::Honour,
            },
            heuristic: cache.heuristic,
            status_lifetimes: cache
                .status_lifetimes
                .iter()
                .map(|entry| (entry.status, entry.seconds))
                .collect(),
            stale_while_revalidate: seconds(&cache.stale_while_revalidate),
            stale_if_error: seconds(&cache.stale_if_error),
            stale_if_disconnected: cache.stale_if_disconnected,
            set_cookie: match cache.set_cookie {
                SetCookie::Explicit => http::SetCookie::ExplicitOnly,
                SetCookie::Never => http::SetCookie::Never,
                SetCookie::Strip => http::SetCookie::Strip,
            },
            request_cookie: match cache.request_cookie {
                RequestCookie::Explicit => http::RequestCookie::ExplicitOnly,
                RequestCookie::Ignore => http::RequestCookie::Ignore,
            },
            close_delimited: cache.close_delimited,
            ..CacheRules::default()
        };
        if let Some(names) = &cache.targeted_fields {
            let names = self.field_names(&format!("`targeted_fields` of {called}"), names);
            rules.targeted_fields = names.into_iter().map(Into::into).collect();
        }
        rules
    }

    fn check_lifetimes(&mut self, called: &str, cache: &CacheSection) {
        if let Some(forced) = &cache.lifetime {
            for (name, span) in cache.lifetimes().into_iter().filter(|(name, _)| *name != "lifetime") {
                let message = format!("{called} has both `lifetime` and `{name}`");
                let lifetime = seconds(forced.value);
                let hint = format!(
                    "`lifetime` holds whatever the origin says, so {lifetime} it is; keep one of the two"
                );
                self.error(&span, message, "has no effect", hint);
            }
        }
        if let (Some(least), Some(most)) = (&cache.lifetime_min, &cache.lifetime_max)
            && least.value > most.value
        {
            let message = format!("`lifetime_min` of {called} is above its `lifetime_max`");
            let label = format!("more than {}", seconds(most.value));
            self.error(&least.span, message, label, "exchange the two, or keep one of them");
        }
        if let (Some(default), Some(most)) = (&cache.lifetime_default, &cache.lifetime_max)
            && cache.lifetime.is_none()
            && default.value > most.value
        {
            let message = format!("`lifetime_default` of {called} is above its `lifetime_max`");
            let label = format!("more than {}", seconds(most.value));
            self.warning(
                &default.span,
                message,
                label,
                "where the origin says nothing, it is kept longer than where it does",
            );
        }
        let ignores =
            cache.origin_directives.as_ref().filter(|choice| choice.value == OriginDirectives::Ignore);
        if let (Some(ignores), None, None) = (ignores, &cache.lifetime, &cache.lifetime_default) {
            let message = format!("{called} ignores what the origin says, but gives no lifetime of its own");
            let hint = "add `lifetime` or `lifetime_default`; lifetimes are guessed otherwise";
            self.warning(&ignores.span, message, "no lifetime beside it", hint);
        }
    }

    /// Whether the cache is used.
    pub(super) fn cache_mode(&mut self, called: &str, cache: &CacheSection) -> bool {
        let stores = cache.mode == model::CacheMode::Standard;
        if let (false, Some(setting)) = (stores, &cache.stores) {
            let message = format!("{called} bypasses the cache, so `{}` has no effect", setting.value);
            self.error(
                &setting.span,
                message,
                "nothing is stored",
                "leave it out, or leave out mode = \"bypass\"",
            );
        }
        stores
    }

    pub(super) fn key(&mut self, called: &str, key: &KeySection) -> KeyPolicy {
        let what = format!("the key of {called}");
        let query = match &key.query {
            model::QueryKey::All => QueryKey::All,
            model::QueryKey::None => QueryKey::None,
            model::QueryKey::Only(names) => QueryKey::Only(self.parameter_names(&what, names)),
            model::QueryKey::Except(names) => QueryKey::Except(self.parameter_names(&what, names)),
        };
        if let (QueryKey::None, Some(sort)) = (&query, key.sort_query.as_ref().filter(|sort| sort.value)) {
            let message = format!("{what} sorts query parameters, but keeps none");
            self.error(&sort.span, message, "nothing to sort", "leave it out, or keep some of the query");
        }
        KeyPolicy {
            query,
            sort_query: key.sort_query.as_ref().is_some_and(|sort| sort.value),
            headers: self.keyed_fields(&what, &key.headers),
            cookies: self.cookie_names(&what, &key.cookies),
            host: match key.host {
                model::HostKey::Canonical => HostKey::Canonical,
                model::HostKey::Client => HostKey::Client,
            },
            owner: None,
        }
    }

    fn keyed_fields(&mut self, what: &str, names: &[Spanned<String>]) -> Box<[Box<[u8]>]> {
        for name in names {
            let lower = name.to_ascii_lowercase();
            let Some((label, hint)) = why_not_keyed(&lower) else { continue };
            let message = format!("{what} has the field {}, which cannot be in a key", quoted(name));
            self.error(&name.span, message, label, hint);
        }
        self.field_names(what, names).into_iter().map(|name| name.into_bytes().into()).collect()
    }
}

/// A label and a hint for fields that say nothing about what is answered.
fn why_not_keyed(lower: &str) -> Option<(&'static str, &'static str)> {
    match lower {
        "host" => Some(("not a field like others", "for the client's host, say host = \"client\"")),
        "cookie" => Some(("every client has its own", "name single cookies: cookies = [\"…\"]")),
        "content-length" | "expect" => Some(("about the request's content", "leave it out")),
        "via" | "cdn-loop" => Some(("written by the edge", "leave it out")),
        _ if CONNECTION_FIELDS.contains(&lower) => Some(("ends with the connection", "leave it out")),
        _ if ASKING_FIELDS.contains(&lower) => {
            Some(("asks about what is stored", "leave it out: the edge answers it from what is stored"))
        }
        _ if STEERING_FIELDS.contains(&lower) => {
            Some(("never reaches the origin", "leave it out: clients' own are removed, the edge writes them"))
        }
        _ => None,
    }
}

fn seconds(seconds: u32) -> String {
    format_duration(Duration::from_secs(seconds.into()))
}
