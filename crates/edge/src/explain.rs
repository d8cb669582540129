//! What would happen to a request, and why: site, behavior, key, stored variants with their freshness and purge
//! state. It goes through the same functions as a request does, and changes nothing.

use crate::current::Snapshot;
use crate::edge::Edge;
use crate::key;
use crate::lookup::verdict;
use crate::request::{Protocol, Request, authority_and_host};
use crate::respond::Place;
use crate::target::Target;
use bytes::Bytes;
use littoral_cache::{Content, KeyRef, Store, StoredResponse};
use littoral_http_caching::{ClientDirectives, Fields, Known, Method, RequestDirectives, Reuse, judge_reuse};
use littoral_ledger::Verdict;
use littoral_policy::{CacheMode, PolicySet};
use littoral_rules::Subject;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

/// A request to be explained.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// An absolute URL.
    pub url: String,
    /// Default `GET`.
    #[serde(default = "get")]
    pub method: String,
    /// Further request fields, names and values.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
}

fn get() -> String {
    "GET".to_owned()
}

/// Why nothing can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainError {
    /// The URL cannot be read.
    NotAUrl(String, &'static str),
    /// The method is not a token.
    BadMethod(String),
    /// A header field's name or value cannot be sent.
    BadHeader(String),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExplainError::NotAUrl(url, why) => {
                write!(f, "`{url}` is not a URL ({why}); expected something like https://example.com/path")
            }
            ExplainError::BadMethod(method) => {
                write!(f, "`{method}` is not a method; expected a token such as GET")
            }
            ExplainError::BadHeader(name) => write!(f, "`{name}` cannot be a header field"),
        }
    }
}

impl std::error::Error for ExplainError {}

/// What would happen, and why.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Explanation {
    /// The site that answers; none: the request gets a 404.
    pub site: Option<String>,
    /// Version of the site's policy.
    pub site_version: Option<u64>,
    /// The file that it came from.
    pub source: Option<String>,
    /// The first behavior that matches; none: the request gets a 404.
    pub behavior: Option<String>,
    /// The origin server that the behavior fetches from.
    pub origin: Option<String>,
    /// The target as the origin would see it.
    pub target: Option<String>,
    /// The canonical URL: what a purge names.
    pub url: Option<String>,
    /// The whole key, readable.
    pub key: Option<String>,
    /// What would happen: `hit`, `stale`, `revalidate`, `miss`, `pass` or `refuse`.
    pub outcome: String,
    /// Why, in words.
    pub why: String,
    /// What is stored under the key.
    pub variants: Vec<StoredVariant>,
    /// Number of the last purge on this node.
    pub purge_position: u64,
}

/// A stored response as `explain` shows it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredVariant {
    /// Its status.
    pub status: u16,
    /// Whether this request would be answered from it.
    pub selected: bool,
    /// `Vary` of the response.
    pub vary: Vec<String>,
    /// Values of the selecting header fields, canonical.
    pub selecting: String,
    /// Bytes of content stored.
    pub bytes: u64,
    /// The content is stored in part.
    pub partial: bool,
    /// Current age in seconds.
    pub age: u32,
    /// Freshness lifetime in seconds.
    pub freshness_lifetime: u32,
    /// Seconds of freshness left; negative when stale.
    pub freshness_left: i64,
    /// The lifetime is a guess.
    pub heuristic: bool,
    /// Its entity tag.
    pub etag: Option<String>,
    /// `live`, `soft-purged` or `purged`.
    pub purge: String,
    /// The purge position that it was fetched at.
    pub effective_position: u64,
}

/// A request made from words, and where it belongs.
pub(crate) struct Probe {
    pub(crate) request: Request,
    pub(crate) site: usize,
    /// None where no behavior matches.
    pub(crate) place: Option<Place>,
}

pub(crate) enum ProbeError {
    NotAUrl(&'static str),
    BadMethod,
    BadHeader(String),
    NoSite,
}

/// Makes a request from a URL and routes it.
pub(crate) fn probe(
    policy: &Arc<PolicySet>,
    url: &str,
    method: &str,
    headers: &[(String, String)],
) -> Result<Probe, ProbeError> {
    let request = request(url, method, headers)?;
    let site = policy.site_position(&request.host).ok_or(ProbeError::NoSite)?;
    let subject = Subject { host: &request.host, path: request.target.path(), method: &request.method_text };
    let place = policy.sites()[site]
        .behavior_position(&subject)
        .map(|behavior| Place::new(Snapshot::new(policy.clone()), site).with_behavior(behavior));
    Ok(Probe { request, site, place })
}

fn request(url: &str, method: &str, headers: &[(String, String)]) -> Result<Request, ProbeError> {
    let (scheme, rest) = url.split_once("://").ok_or(ProbeError::NotAUrl("no scheme"))?;
    let scheme = match scheme {
        "http" => "http",
        "https" => "https",
        _ => return Err(ProbeError::NotAUrl("scheme is neither http nor https")),
    };
    let rest = rest.split('#').next().unwrap_or(rest);
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if littoral_h1::Authority::parse(authority.as_bytes()).is_none() {
        return Err(ProbeError::NotAUrl("no host, or not a valid one"));
    }
    if !path.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(ProbeError::NotAUrl("characters that must be percent-encoded"));
    }
    let path = if path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let target =
        Target::normalize(Bytes::from(path)).map_err(|mistake| ProbeError::NotAUrl(mistake.as_str()))?;
    if !littoral_h1::is_field_name(method.as_bytes()) {
        return Err(ProbeError::BadMethod);
    }
    let mut fields = Fields::builder();
    for (name, value) in headers {
        if !littoral_h1::is_field_name(name.as_bytes()) || !littoral_h1::is_field_value(value.as_bytes()) {
            return Err(ProbeError::BadHeader(name.clone()));
        }
        fields.push(name.as_bytes(), value.trim().as_bytes());
    }
    let (authority, host) = authority_and_host(&Bytes::copy_from_slice(authority.as_bytes()));
    Ok(Request {
        protocol: Protocol::Http11,
        method: Method::of(method.as_bytes()),
        method_text: Bytes::copy_from_slice(method.as_bytes()),
        host,
        authority,
        target,
        fields: fields.finish(),
        scheme,
        client: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        body_length: None,
        has_body: false,
        upgrade: None,
        id: 0,
    })
}

impl Edge {
    /// Explains what would happen to a request.
    ///
    /// # Errors
    /// When the request could not even be sent.
    pub fn explain(&self, asked: &ExplainRequest) -> Result<Explanation, ExplainError> {
        let policy = self.policy();
        let mut explanation =
            Explanation { purge_position: self.shared.fence.position().number, ..Explanation::default() };
        let probe = match probe(&policy, &asked.url, &asked.method, &asked.headers) {
            Ok(probe) => probe,
            Err(ProbeError::NotAUrl(why)) => return Err(ExplainError::NotAUrl(asked.url.clone(), why)),
            Err(ProbeError::BadMethod) => return Err(ExplainError::BadMethod(asked.method.clone())),
            Err(ProbeError::BadHeader(name)) => return Err(ExplainError::BadHeader(name)),
            Err(ProbeError::NoSite) => {
                return Ok(explanation.because("refuse", "no site has this host: the answer is 404"));
            }
        };
        let site = &policy.sites()[probe.site];
        explanation.site = Some(site.name.to_string());
        explanation.site_version = Some(site.version);
        explanation.source = Some(site.source.to_string());
        let Some(place) = &probe.place else {
            return Ok(explanation.because("refuse", "no behavior of the site matches: the answer is 404"));
        };
        Ok(self.explain_at(place, &probe.request, explanation))
    }

    fn explain_at(&self, place: &Place, request: &Request, mut explanation: Explanation) -> Explanation {
        let behavior = place.behavior().expect("placed");
        explanation.behavior = Some(behavior.name.to_string());
        explanation.origin = Some(place.site().groups[behavior.group].name.to_string());
        let key = key::build(place, request, Vec::new());
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        explanation.target = Some(text(key.target.as_bytes()));
        explanation.url = Some(text(&key.bytes[key.url.clone()]));
        explanation.key = Some(
            format!("{}://{}", request.scheme, text(&key.bytes[key.url.start..]))
                .replace('\0', " | ")
                .replace('\n', "="),
        );
        if !behavior.methods.allows(&request.method_text) {
            return explanation
                .because("refuse", "the behavior does not allow the method: the answer is 405");
        }
        if !matches!(request.method, Method::Get | Method::Head) {
            return explanation.because("pass", "the method is not one that is answered from the cache");
        }
        if behavior.cache == CacheMode::Bypass {
            return explanation.because("pass", "the behavior bypasses the cache");
        }
        if key::bypasses(place, request) {
            return explanation.because("pass", "a bypass condition of the behavior holds");
        }
        self.explain_stored(place, request, &key, explanation)
    }

    fn explain_stored(
        &self,
        place: &Place,
        request: &Request,
        key: &key::KeyText,
        mut explanation: Explanation,
    ) -> Explanation {
        let Some(entry) = self.shared.store.lookup(KeyRef::new(&key.bytes)) else {
            return explanation.because("miss", "nothing is stored under the key");
        };
        let selected =
            entry.position(&request.fields, &mut Vec::new()).map(|nth| entry.variants()[nth].clone());
        explanation.variants = entry
            .variants()
            .iter()
            .map(|variant| {
                let chosen = selected.as_ref().is_some_and(|selected| Arc::ptr_eq(selected, variant));
                self.describe(variant, chosen)
            })
            .collect();
        let Some(stored) = selected else {
            return explanation.because("miss", "no stored variant has these selecting header fields");
        };
        if request.fields.has(Known::Authorization) && !stored.terms.authorization_shared {
            return explanation.because(
                "miss",
                "the request carries credentials, and the stored response may not be shared",
            );
        }
        match verdict(&self.shared.fence, &stored) {
            Verdict::Hard => return explanation.because("miss", "what is stored has been purged"),
            Verdict::Soft => return explanation.because("revalidate", "what is stored has been soft-purged"),
            Verdict::Live => {}
        }
        let rules = &place.behavior().expect("placed").rules;
        let directives = (rules.client_directives == ClientDirectives::Honour)
            .then(|| RequestDirectives::parse(&request.fields));
        match judge_reuse(&stored.terms, directives.as_ref(), self.shared.clock.now()) {
            Reuse::Fresh => explanation.because("hit", "the stored response is fresh"),
            Reuse::StaleWhileRevalidate => {
                explanation.because("stale", "the stored response is served while it is revalidated")
            }
            Reuse::MustRevalidate(why) => {
                let why = format!("the stored response must be validated first: {}", why.as_str());
                explanation.because("revalidate", &why)
            }
        }
    }

    fn describe(&self, stored: &StoredResponse, selected: bool) -> StoredVariant {
        let now = self.shared.clock.now();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        StoredVariant {
            status: stored.status,
            selected,
            vary: stored.vary.iter().map(text).collect(),
            selecting: text(stored.selecting.as_bytes()).replace(['\0', '\n'], "; "),
            bytes: stored.content.runs().map(|(_, body)| body.len()).sum(),
            partial: matches!(stored.content, Content::Partial(_)),
            age: stored.terms.current_age(now),
            freshness_lifetime: stored.terms.freshness_lifetime,
            freshness_left: stored.terms.freshness_left(now),
            heuristic: stored.terms.heuristic,
            etag: stored.fields.get(Known::ETag).map(text),
            purge: match verdict(&self.shared.fence, stored) {
                Verdict::Live => "live",
                Verdict::Soft => "soft-purged",
                Verdict::Hard => "purged",
            }
            .to_owned(),
            effective_position: stored.effective.number,
        }
    }
}

impl Explanation {
    fn because(mut self, outcome: &str, why: &str) -> Explanation {
        self.outcome = outcome.to_owned();
        self.why = why.to_owned();
        self
    }
}
