//! What would happen to a request, and why: site, behavior, key, origins, stored variants with their freshness and
//! purge state, and every rule that the request meets. It goes through the functions that a request goes through, and
//! changes nothing.

mod explanation;
mod limits;
mod members;
mod probe;
mod question;

pub use explanation::{Explanation, StoredVariant};
pub use limits::ExplainedLimit;
pub use members::ExplainedMember;
pub(crate) use probe::{Probe, ProbeError, probe};
pub use question::{ExplainError, ExplainRequest};

use crate::access;
use crate::current::Snapshot;
use crate::edge::Edge;
use crate::field_rules::Changes;
use crate::key::{self, KeyText};
use crate::lookup::{self, Usable, usable, verdict};
use crate::origin::group::hash_of;
use crate::request::Request;
use crate::respond::{Head, Place};
use crate::serve::{Course, course, may_stand_in};
use crate::subject::{keyed_subject, scope, subject};
use crate::transform::choose;
use crate::transform::form::Form;
use crate::{redirect, rewrite, route};
use littoral_cache::{Content, KeyRef, Store, StoredResponse};
use littoral_http_caching::{Accepted, Known, Method};
use littoral_ledger::Verdict;
use littoral_policy::FieldRule;
use probe::Described;

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
                let status = rewrite::unusable(mistake).status;
                let why = match status {
                    400 => "an S3 origin would read its path as another one".to_owned(),
                    _ => format!("a rewrite of the behavior makes no target of it: {}", mistake.as_str()),
                };
                return Explanation { status: Some(status), ..explanation }.because("refuse", &why);
            }
        }
        explain_origin_fields(place, node, request, &key, &mut explanation);
        let hash = hash_of(place, request, &key.bytes[key.url.clone()]);
        explanation.members = members::members(&self.shared, place, hash);
        match course(place, request) {
            Course::Pass(..) if self.shared.memory.is_short() => self.explain_shortage(None, explanation),
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
        let forward_with = |stale: Option<&StoredResponse>, explanation: Explanation, outcome, why: &str| {
            if only_if_cached {
                let explanation = Explanation { status: Some(504), ..explanation };
                return explanation.because("refuse", "the client wants only what is stored and fresh");
            }
            // A response to HEAD is not kept for others.
            let is_head = request.method == Method::Head;
            if self.shared.memory.is_short() {
                return self.explain_shortage(stale.filter(|_| !is_head), explanation);
            }
            explanation.because(if is_head { "pass" } else { outcome }, why)
        };
        let forward = |explanation, outcome, why: &str| forward_with(None, explanation, outcome, why);
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
                forward_with(Some(stored), explanation, "revalidate", &why)
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

    /// What is answered in the place of what an origin would say, `stale` being what it would be asked to validate.
    fn explain_shortage(&self, stale: Option<&StoredResponse>, explanation: Explanation) -> Explanation {
        if stale.is_some_and(|stale| may_stand_in(stale, self.shared.clock.now())) {
            return explanation.because("stale", "memory is short, and what is stored may stand in");
        }
        let explanation = Explanation { status: Some(503), ..explanation };
        explanation.because("refuse", "memory is short, and the answer needs an origin")
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
    let id = request.id.as_bytes();
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
