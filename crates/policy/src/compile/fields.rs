//! Field rules: which fields may be changed, by what, and what else serves the purpose.

use super::Compiler;
use super::names::is_token;
use crate::{FieldChange, FieldRule};
use littoral_model::{FieldAction, FieldRuleSection, quoted};
use littoral_rules::Variables;

/// Fields that say how a message is framed or belong to one connection (RFC 9110 §7.6.1, RFC 9112 §6).
const FRAMING_FIELDS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "http2-settings",
    "keep-alive",
    "max-forwards",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether the field says how a message is framed, or ends with its connection.
pub(super) fn is_framing(lower: &str) -> bool {
    FRAMING_FIELDS.contains(&lower)
}

/// Which way the message goes that a rule changes.
#[derive(Copy, Clone, PartialEq, Eq)]
pub(super) enum Way {
    ToOrigin,
    ToClient,
}

/// A label and a hint.
type Why = (&'static str, &'static str);

impl Compiler<'_> {
    pub(super) fn field_rules(
        &mut self,
        called: &str,
        way: Way,
        sections: &[FieldRuleSection],
    ) -> Option<Box<[FieldRule]>> {
        let kind = if way == Way::ToOrigin { "request" } else { "response" };
        let rules: Vec<_> = sections
            .iter()
            .enumerate()
            .map(|(at, section)| {
                self.field_rule(&format!("{kind} rule {} of {called}", at + 1), way, section)
            })
            .collect();
        rules.into_iter().collect()
    }

    fn field_rule(&mut self, what: &str, way: Way, section: &FieldRuleSection) -> Option<FieldRule> {
        let name = self.ruled_field(what, way, section);
        let which = if way == Way::ToOrigin { Variables::REQUEST } else { Variables::RESPONSE };
        let value = section.value.as_ref().and_then(|text| self.value(what, text, which));
        let when = self.when(what, section.when.as_ref());
        let change = match section.action {
            FieldAction::Remove => FieldChange::Remove,
            FieldAction::Set => FieldChange::Set(value?),
            FieldAction::Add => FieldChange::Add(value?),
            FieldAction::Default => FieldChange::Default(value?),
        };
        Some(FieldRule { name: name?, change, when: when? })
    }

    fn ruled_field(&mut self, what: &str, way: Way, section: &FieldRuleSection) -> Option<Box<str>> {
        let name = &section.name;
        let lower = name.to_ascii_lowercase();
        if !is_token(name) {
            let message = format!("{what} is for {}, which is not a field name", quoted(name));
            let hint = match name.split_once(':') {
                Some((field, value)) => {
                    format!("the name alone: \"{}\", and value = \"{}\"", field.trim(), value.trim())
                }
                None => "letters, digits and `-`, as in \"X-Frame-Options\"".to_owned(),
            };
            self.error(&name.span, message, "not a field name", hint);
            return None;
        }
        let why = match way {
            Way::ToOrigin => self.why_not_to_origin(&lower, section.action),
            Way::ToClient => why_not_to_client(&lower, section.action),
        };
        if let Some((label, hint)) = why {
            let verb = match section.action {
                FieldAction::Set | FieldAction::Default => "set",
                FieldAction::Add => "add to",
                FieldAction::Remove => "remove",
            };
            self.error(&name.span, format!("{what} cannot {verb} the field {}", quoted(name)), label, hint);
            return None;
        }
        Some(lower.into())
    }

    fn why_not_to_origin(&self, lower: &str, action: FieldAction) -> Option<Why> {
        let removes = action == FieldAction::Remove;
        let is_secret = |header: &str| header.eq_ignore_ascii_case(lower);
        let signed = self.file.origins.iter().any(|origin| origin.s3.is_some());
        let mut secrets =
            self.file.origins.iter().filter_map(|origin| origin.secret.as_ref()?.header.as_ref());
        match lower {
            _ if is_framing(lower) => Some(FRAMED),
            "host" => Some((
                "not a field like others",
                "`host` of the origin says what it is told; `host = \"client\"` of the key, the client's",
            )),
            "via" | "cdn-loop" => {
                Some(("written by the edge", "without them, requests that go in circles are not noticed"))
            }
            "forwarded" | "x-forwarded-for" | "x-forwarded-host" | "x-forwarded-proto" if !removes => Some((
                "written by the edge",
                "it tells the client's address, host and scheme already; another name for something else, as in \"X-Real-IP\" with \"${client.ip}\"",
            )),
            "if-match"
            | "if-none-match"
            | "if-modified-since"
            | "if-unmodified-since"
            | "if-range"
            | "range" => Some((
                "the cache's own",
                "the edge asks about what it has stored; `ranges` of the cache says whether parts are asked for",
            )),
            _ if secrets.any(|header| is_secret(header)) => Some((
                "the secret of an origin",
                "it is set by `secret` of the origin, and clients' own are removed",
            )),
            "authorization" | "x-amz-date" | "x-amz-content-sha256" | "x-amz-security-token" if signed => {
                Some(("part of a signature", "requests to an origin with `s3` are signed by these"))
            }
            _ => None,
        }
    }
}

const FRAMED: Why =
    ("about the connection", "leave it out: it says how the message is sent, and the edge sends it");

fn why_not_to_client(lower: &str, action: FieldAction) -> Option<Why> {
    let removes = action == FieldAction::Remove;
    match lower {
        _ if is_framing(lower) => Some(FRAMED),
        "cache-status" => Some(("written by the edge", "each cache on the way adds to it (RFC 9211)")),
        "content-encoding" | "content-range" | "accept-ranges" => Some((
            "about the bytes that are sent",
            "`compression` of the behavior says what is encoded, and how",
        )),
        "age" | "date" => Some((
            "what caches reckon with",
            "`lifetime_downstream` of the cache says how long clients keep it",
        )),
        "etag" | "last-modified" if !removes => Some((
            "what clients ask by",
            "validators are the origin's: another one would never be found again",
        )),
        "vary" if action != FieldAction::Add => Some((
            "what caches tell variants by",
            "it can be added to: { add = \"Vary\", value = \"Origin\" }",
        )),
        "via" if !removes => Some(("written by proxies", "another name for what you want to say")),
        _ => None,
    }
}
