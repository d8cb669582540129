//! What would happen to a request, and why: site, behavior, key, origins, stored variants with their freshness and
//! purge state, and every rule that the request meets. It goes through the functions that a request goes through, and
//! changes nothing.

mod limits;
mod members;
mod probe;

use crate::access;
use crate::current::Snapshot;
use crate::edge::Edge;
use crate::field_rules::Changes;
use crate::key::{self, KeyText};
use crate::lookup::{self, Usable, usable, verdict};
use crate::origin::group::hash_of;
use crate::request::Request;
use crate::respond::{Head, Place};
use crate::serve::{Course, course};
use crate::subject::{keyed_subject, scope, subject};
use crate::transform::choose;
use crate::transform::form::Form;
use crate::{redirect, rewrite, route};
pub use limits::ExplainedLimit;
use littoral_cache::{Content, KeyRef, Store, StoredResponse};
use littoral_http_caching::{Accepted, Known, Method};
use littoral_ledger::Verdict;
use littoral_policy::FieldRule;
pub use members::ExplainedMember;
use probe::Described;
pub(crate) use probe::{Probe, ProbeError, probe};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

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
    /// The client's address. Default 127.0.0.1.
    #[serde(default)]
    pub from: Option<IpAddr>,
    /// Bytes of content that it brings. Default: none.
    #[serde(default)]
    pub body_bytes: Option<u64>,
}

fn get() -> String {
    "GET".to_owned()
}

impl ExplainRequest {
    /// A plain `GET`.
    pub fn get(url: impl Into<String>) -> ExplainRequest {
        ExplainRequest { url: url.into(), method: get(), headers: Vec::new(), from: None, body_bytes: None }
    }
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
    /// Nobody would get an answer but a refusal: its name.
    Refused(&'static str),
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
            ExplainError::Refused(reason) => write!(f, "such a request is refused when it is read: {reason}"),
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
    /// The origin server or group that the behavior fetches from.
    pub origin: Option<String>,
    /// The members of that group, as they stand.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<ExplainedMember>,
    /// The rate limits that the request counts under, and what they leave its client.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<ExplainedLimit>,
    /// The target as the origin would see it, rewritten if the behavior does.
    pub target: Option<String>,
    /// Where a redirect sends the client.
    pub location: Option<String>,
    /// The status of an answer that is made here.
    pub status: Option<u16>,
    /// Fields that rules set for the origin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin_fields: Vec<(String, String)>,
    /// Fields that rules keep from the origin.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origin_fields_removed: Vec<String>,
    /// Rules for the answer's fields that this request meets: `set x-served-by`, in the order in which they apply.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub answer_rules: Vec<String>,
    /// The canonical URL: what a purge names.
    pub url: Option<String>,
    /// The whole key, readable.
    pub key: Option<String>,
    /// What would happen: `hit`, `stale`, `revalidate`, `miss`, `pass`, `redirect` or `refuse`.
    pub outcome: String,
    /// Why, in words.
    pub why: String,
    /// Codings that the behavior offers and this client takes, the one that it gets first: where the response is one
    /// that is compressed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub codings: Vec<String>,
    /// The form in which the stored response would be sent: `as-stored`, `kept br` (with the response), `made br` (on
    /// the way) or `unpacked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<String>,
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
    /// Content codings in which it is kept besides, and the bytes of each.
    #[serde(default)]
    pub encodings: Vec<(String, u64)>,
    /// `live`, `soft-purged` or `purged`.
    pub purge: String,
    /// The purge position that it was fetched at.
    pub effective_position: u64,
}

impl Edge {
    /// Explains what would happen to a request.
    ///
    /// # Errors
    /// When the request could not even be sent.
    pub fn explain(&self, asked: &ExplainRequest) -> Result<Explanation, ExplainError> {
        let described = Described {
            url: &asked.url,
            method: &asked.method,
            headers: &asked.headers,
            from: asked.from,
            body_bytes: asked.body_bytes,
        };
        let request = probe::request(&described, &self.shared.limits.h1).map_err(|error| match error {
            ProbeError::NotAUrl(why) => ExplainError::NotAUrl(asked.url.clone(), why),
            ProbeError::BadMethod => ExplainError::BadMethod(asked.method.clone()),
            ProbeError::BadHeader(name) => ExplainError::BadHeader(name),
            ProbeError::Refused(reason) => ExplainError::Refused(reason),
            ProbeError::NoSite => unreachable!("a request alone has no site"),
        })?;
        let explanation =
            Explanation { purge_position: self.shared.fence.position().number, ..Explanation::default() };
        Ok(match route::route(Snapshot::new(self.policy()), &self.shared.name, &request) {
            Ok(place) => self.explain_at(&place, &request, explanation.at(&place)),
            Err(turned) => {
                let explanation = match &turned.answer.place {
                    Some(place) => explanation.at(place),
                    None => explanation,
                };
                let reason = turned.answer.note.detail.unwrap_or("refused");
                let why = match reason {
                    "no-site" => "no site of the node answers for the host".to_owned(),
                    "no-behavior" => "no behavior of the site matches".to_owned(),
                    "method-not-allowed" => {
                        "`allow_methods` of the behavior does not have the method".to_owned()
                    }
                    "request-body-too-large" => {
                        "it brings more than `request_body_max` of the behavior".to_owned()
                    }
                    "loop" => "it has come by this node too often already".to_owned(),
                    _ => format!("the answer is {}", turned.answer.status),
                };
                let why = format!("{why} ({reason})");
                Explanation { status: Some(turned.answer.status), ..explanation }.because("refuse", &why)
            }
        })
    }

    fn explain_at(&self, place: &Place, request: &Request, mut explanation: Explanation) -> Explanation {
        let node = &self.shared.name;
        explanation.answer_rules = answer_rules(place, request);
        explanation.codings = codings(place, request);
        explanation.limits = limits::limits(&self.shared, place, request);
        if let Some(limited) = access::explain(&self.shared, place, request) {
            let explanation = Explanation { status: Some(limited.limit.status), ..explanation };
            let (name, wait) = (&limited.limit.name, limited.wait_seconds());
            return explanation
                .because("refuse", &format!("the rate limit `{name}` is used up for {wait} s more"));
        }
        if let Some(answer) = redirect::redirect(place, node, request) {
            let location = match &answer.head {
                Head::Fields(fields) => fields.get(Known::Location).map(text),
                Head::Stored(..) => None,
            };
            let explanation = Explanation { status: Some(answer.status), location, ..explanation };
            return explanation.because("redirect", "a redirect of the behavior fits");
        }
        let key = key::build(place, request, Vec::new());
        explanation.url = Some(text(&key.bytes[key.url.clone()]));
        explanation.key = Some(
            format!("{}://{}", request.scheme, text(&key.bytes[key.url.start..]))
                .replace('\0', " | ")
                .replace('\n', "="),
        );
        match rewrite::origin_target(place, node, request, &key.target) {
            Ok(target) => explanation.target = Some(text(target.as_bytes())),
            Err(mistake) => {
                let explanation = Explanation { status: Some(500), ..explanation };
                let why = format!("a rewrite of the behavior makes no target of it: {}", mistake.as_str());
                return explanation.because("refuse", &why);
            }
        }
        explain_origin_fields(place, node, request, &key, &mut explanation);
        let hash = hash_of(place, request, &key.bytes[key.url.clone()]);
        explanation.members = members::members(&self.shared, place, hash);
        match course(place, request) {
            Course::Pass(_, Some("upgrade"), _) => {
                explanation.because("pass", "the client wants to change the protocol")
            }
            Course::Pass(_, Some("request-body"), _) => {
                explanation.because("pass", "the request brings content")
            }
            Course::Pass(_, Some("bypass-condition"), _) => {
                explanation.because("pass", "a bypass condition of the behavior holds")
            }
            Course::Pass(..) if !matches!(request.method, Method::Get | Method::Head) => {
                explanation.because("pass", "the method is not one that is answered from the cache")
            }
            Course::Pass(..) => explanation.because("pass", "the behavior bypasses the cache"),
            Course::Cache => self.explain_stored(place, request, &key, explanation),
        }
    }

    fn explain_stored(
        &self,
        place: &Place,
        request: &Request,
        key: &KeyText,
        mut explanation: Explanation,
    ) -> Explanation {
        let entry = self.shared.store.lookup(KeyRef::new(&key.bytes));
        let variants = entry.as_ref().map_or(&[][..], |entry| entry.variants());
        let selected = entry.as_ref().and_then(|entry| entry.position(&request.fields, &mut Vec::new()));
        let described = variants.iter().enumerate();
        explanation.variants =
            described.map(|(nth, variant)| self.describe(variant, selected == Some(nth))).collect();
        let only_if_cached =
            lookup::directives(place, request).is_some_and(|directives| directives.only_if_cached);
        let forward = |explanation: Explanation, outcome, why: &str| {
            if only_if_cached {
                let explanation = Explanation { status: Some(504), ..explanation };
                return explanation.because("refuse", "the client wants only what is stored and fresh");
            }
            // A response to HEAD is not kept for others.
            let outcome = if request.method == Method::Head { "pass" } else { outcome };
            explanation.because(outcome, why)
        };
        let Some(stored) = selected.map(|nth| &variants[nth]) else {
            return match variants {
                [] => forward(explanation, "miss", "nothing is stored under the key"),
                _ => forward(explanation, "miss", "no stored variant has these selecting header fields"),
            };
        };
        let purged = verdict(&self.shared.fence, stored);
        match usable(stored, purged, place, request, self.shared.clock.now()) {
            Usable::Fresh => {
                explanation.form = Some(form(place, request, stored));
                explanation.because("hit", "the stored response is fresh")
            }
            Usable::Stale => {
                explanation.form = Some(form(place, request, stored));
                explanation.because("stale", "the stored response is served while it is revalidated")
            }
            Usable::Validate(_, why) => {
                let why = format!("the stored response must be validated first: {why}");
                forward(explanation, "revalidate", &why)
            }
            Usable::Not(_, Some("authorization")) => {
                let why = "the request carries credentials, and the stored response may not be shared";
                forward(explanation, "miss", why)
            }
            Usable::Not(_, Some(_)) => forward(explanation, "miss", "what is stored has been purged"),
            Usable::Not(_, None) => {
                forward(explanation, "miss", "the part that is stored is not the one asked for")
            }
        }
    }

    fn describe(&self, stored: &StoredResponse, selected: bool) -> StoredVariant {
        let now = self.shared.clock.now();
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
            encodings: stored
                .encoded
                .iter()
                .filter_map(|encoded| {
                    Some((encoded.coding.as_str().to_owned(), encoded.body.as_ref()?.len()))
                })
                .collect(),
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

    /// With what is said of a place.
    fn at(mut self, place: &Place) -> Explanation {
        let site = place.site();
        self.site = Some(site.name.to_string());
        self.site_version = Some(site.version);
        self.source = Some(site.source.to_string());
        if let Some(behavior) = place.behavior() {
            self.behavior = Some(behavior.name.to_string());
            // A site that only redirects has none.
            self.origin = site.groups.get(behavior.group).map(|group| group.name.to_string());
        }
        self
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// What rules make of the fields for the origin.
fn explain_origin_fields(
    place: &Place,
    node: &str,
    request: &Request,
    key: &KeyText,
    explanation: &mut Explanation,
) {
    let behavior = place.behavior().expect("placed");
    let id = request.id_text();
    let scope = scope(place, node, keyed_subject(place, request, &key.target), id);
    let changes =
        Changes::of(&behavior.request_fields, &scope, |name| request.fields.named(name).next().is_some());
    explanation.origin_fields = changes.lines().map(|(name, value)| (text(name), text(value))).collect();
    explanation.origin_fields_removed = changes.removed().map(text).collect();
}

/// The rules for the answer's fields whose conditions this request meets.
fn answer_rules(place: &Place, request: &Request) -> Vec<String> {
    let subject = subject(request);
    let met = |rule: &&FieldRule| rule.when.as_ref().is_none_or(|when| when.matches(&subject));
    let rules = &place.behavior().expect("placed").response_fields;
    rules.iter().filter(met).map(|rule| format!("{} {}", rule.change.as_str(), rule.name)).collect()
}

/// Codings on offer that this client takes, the best first.
fn codings(place: &Place, request: &Request) -> Vec<String> {
    let Some(policy) = place.behavior().and_then(|behavior| behavior.compression.as_ref()) else {
        return Vec::new();
    };
    let ranked = Accepted::of(&request.fields).ranked(&policy.codings);
    ranked.iter().map(|coding| coding.as_str().to_owned()).collect()
}

/// In which form a stored response would be sent.
fn form(place: &Place, request: &Request, stored: &StoredResponse) -> String {
    match choose::for_stored(place, &request.fields, stored).form {
        Form::Sole | Form::Plain => "as-stored".to_owned(),
        Form::Kept(coding) => format!("kept {}", coding.as_str()),
        Form::Made(coding) => format!("made {}", coding.as_str()),
        Form::Unpacked => "unpacked".to_owned(),
    }
}
