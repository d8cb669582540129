//! Which form of a response a request gets: what the behavior's policy makes of the response, then what the client
//! accepts, then what is there. Pure but for the verdict that a stored response keeps.

use super::form::Form;
use crate::request::Request;
use crate::respond::Place;
use littoral_cache::{Content, StoredResponse};
use littoral_http_caching::coding::forbids_transforming;
use littoral_http_caching::entity_tag::{self, listed};
use littoral_http_caching::{
    Accepted, Coding, ContentCoding, Fields, Known, Method, media_type, partial, requested_range,
};
use littoral_policy::Compression;

/// Of `text/*`, and not meant by it.
const EVENTS: &str = "text/event-stream";

/// What a policy makes of a response.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fit {
    /// It stays as it is.
    Not,
    /// It may be encoded.
    Encode,
    /// It came in this coding, which may be taken off.
    Decode(Coding),
}

/// What a request gets of a response, and what it would have liked.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Choice {
    pub(crate) form: Form,
    /// The form that the request's conditions are about: what the client has may be another one.
    pub(crate) condition: Form,
    /// A coding that is not there and may be worth making.
    pub(crate) missing: Option<Coding>,
    /// Dates tell the forms that this client may have received apart: there is only one.
    pub(crate) dates_hold: bool,
}

impl Choice {
    const SOLE: Choice = Choice::of(Form::Sole, true);

    const fn of(form: Form, dates_hold: bool) -> Choice {
        Choice { form, condition: form, missing: None, dates_hold }
    }
}

/// What `policy` makes of a response. `length` is that of its content, if known.
pub(crate) fn fit(policy: &Compression, status: u16, fields: &Fields, length: Option<u64>) -> Fit {
    if matches!(status, 100..=199 | 204..=206 | 304) || fields.has(Known::ContentRange) {
        return Fit::Not;
    }
    fit_whole(policy, fields, length)
}

/// The same of what is whole, or of the whole that it is a part of.
fn fit_whole(policy: &Compression, fields: &Fields, length: Option<u64>) -> Fit {
    let fit = match ContentCoding::of(fields) {
        ContentCoding::Identity if length.is_none_or(|length| length >= policy.bytes_min.max(1)) => {
            Fit::Encode
        }
        ContentCoding::One(coding) if policy.decode => Fit::Decode(coding),
        _ => return Fit::Not,
    };
    let Some(found) = fields.get(Known::ContentType) else { return Fit::Not };
    // Events are written to be seen at once; whoever wants them encoded all the same names them.
    let is_events = media_type::matches(EVENTS, found);
    let is_worth_it = policy
        .types
        .iter()
        .any(|pattern| media_type::matches(pattern, found) && (!is_events || **pattern == *EVENTS));
    if is_worth_it && !forbids_transforming(fields) { fit } else { Fit::Not }
}

/// The same of a stored response, which remembers it.
fn fit_stored(place: &Place, policy: &Compression, stored: &StoredResponse) -> Fit {
    let behavior = place.behavior().map_or(0, |behavior| u64::from(behavior.index) + 1);
    let key = (place.site().version << 16 | behavior) & (u64::MAX >> 1);
    let remembered = match stored.verdict(key) {
        Some(fits) => fits,
        None => {
            let length = stored.content.complete_length();
            let fits = fit(policy, stored.status, &stored.fields, Some(length)) != Fit::Not;
            stored.keep_verdict(key, fits);
            fits
        }
    };
    match (remembered, stored.fields.has(Known::ContentEncoding)) {
        (false, _) => Fit::Not,
        (true, false) => Fit::Encode,
        (true, true) => match ContentCoding::of(&stored.fields) {
            ContentCoding::One(coding) => Fit::Decode(coding),
            _ => Fit::Encode,
        },
    }
}

/// The form of a stored response for a request. What is not made yet is not waited for: identity is served, or, where
/// that is refused, a coding is made on the way.
pub(crate) fn for_stored(place: &Place, request: &Fields, stored: &StoredResponse) -> Choice {
    let Some(policy) = policy(place) else { return Choice::SOLE };
    let fit = fit_stored(place, policy, stored);
    let accepted = Accepted::of(request);
    if fit != Fit::Encode {
        // Of a part nothing can be unpacked.
        let choice = unencoded(fit, &accepted);
        let is_whole = matches!(stored.content, Content::Whole(_));
        return if is_whole || choice.form != Form::Unpacked {
            choice
        } else {
            Choice::of(Form::Plain, true)
        };
    }
    let ranked = accepted.ranked(&policy.codings);
    let dates_hold = ranked.is_empty();
    if !matches!(stored.content, Content::Whole(_)) {
        return Choice::of(Form::Plain, dates_hold);
    }
    let missing = ranked.first().copied().filter(|coding| !stored.has_tried(*coding));
    let kept = |coding: Coding| stored.encoded_body(coding).is_some();
    let best = match ranked.iter().copied().find(|coding| kept(*coding)) {
        Some(coding) => Form::Kept(coding),
        None if accepted.takes_identity() => Form::Plain,
        None => ranked.first().map_or(Form::Plain, |coding| Form::Made(*coding)),
    };
    let named = match named_form(request, &stored.fields) {
        Some(None) if accepted.takes_identity() => Some(Form::Plain),
        Some(Some(coding)) if ranked.contains(&coding) && kept(coding) => Some(Form::Kept(coding)),
        Some(Some(coding)) if ranked.contains(&coding) => Some(Form::Made(coding)),
        _ => None,
    };
    // What was made on the way once is good for a 304, and no reason to make it again.
    let form = named.filter(|named| !named.is_made_on_the_way()).unwrap_or(best);
    Choice { form, condition: named.unwrap_or(best), missing, dates_hold }
}

/// The form of a response that is on its way here: a coding is made on the way, unless a range is wanted, of which
/// only identity has any. `ranges`: whether the response could be sent in part.
pub(crate) fn for_passing(
    place: &Place,
    request: &Request,
    status: u16,
    fields: &Fields,
    length: Option<u64>,
    ranges: bool,
) -> Choice {
    let Some(policy) = policy(place) else { return Choice::SOLE };
    let accepted = Accepted::of(&request.fields);
    if status == 206 {
        // It says what the whole would vary by (RFC 9110 §15.3.7).
        let complete = partial::content_range(fields).and_then(|range| range.complete);
        let is_encoded = complete.is_some() && fit_whole(policy, fields, complete) == Fit::Encode;
        let dates_hold = accepted.ranked(&policy.codings).is_empty();
        return if is_encoded { Choice::of(Form::Plain, dates_hold) } else { Choice::SOLE };
    }
    let fit = fit(policy, status, fields, length);
    if fit != Fit::Encode {
        return unencoded(fit, &accepted);
    }
    let ranked = accepted.ranked(&policy.codings);
    let wants_range = ranges && request.method == Method::Get && requested_range(&request.fields).is_some();
    let form = match ranked.first() {
        Some(coding) if !(wants_range && accepted.takes_identity()) => Form::Made(*coding),
        _ => Form::Plain,
    };
    let condition = match named_form(&request.fields, fields) {
        Some(None) if accepted.takes_identity() => Form::Plain,
        Some(Some(coding)) if ranked.contains(&coding) => Form::Made(coding),
        _ => form,
    };
    Choice { condition, ..Choice::of(form, ranked.is_empty()) }
}

/// What is not encoded here may have come encoded.
fn unencoded(fit: Fit, accepted: &Accepted) -> Choice {
    match fit {
        Fit::Decode(coding) if !accepted.takes(coding) && accepted.takes_identity() => {
            Choice::of(Form::Unpacked, false)
        }
        Fit::Decode(_) => Choice::of(Form::Plain, true),
        Fit::Not | Fit::Encode => Choice::SOLE,
    }
}

fn policy(place: &Place) -> Option<&Compression> {
    place.behavior()?.compression.as_ref()
}

/// The form of the response with these fields that the request's conditions name: who asks whether what he has is
/// still good, or wants the rest of it, is answered about that.
fn named_form(request: &Fields, fields: &Fields) -> Option<Option<Coding>> {
    let conditions = [Known::IfMatch, Known::IfNoneMatch, Known::IfRange];
    if !conditions.iter().any(|field| request.has(*field)) {
        return None;
    }
    let tag = entity_tag::of(fields)?;
    let found = conditions.iter().find_map(|field| listed(request, *field, tag));
    found.map(|(_, mark)| mark.flatten())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(text: &str) -> Fields {
        text.lines().filter_map(|line| line.split_once(": ")).collect()
    }

    #[test]
    fn what_is_encoded_is_whole_uncoded_of_a_worthy_type_and_not_small() {
        let policy = Compression::default();
        let rows: &[(u16, &str, Option<u64>, Fit)] = &[
            (200, "Content-Type: text/html", Some(1024), Fit::Encode),
            (200, "Content-Type: text/html", Some(1023), Fit::Not),
            (200, "Content-Type: text/html", None, Fit::Encode),
            (404, "Content-Type: text/html", Some(5000), Fit::Encode),
            (206, "Content-Type: text/html", Some(5000), Fit::Not),
            (204, "Content-Type: text/html", None, Fit::Not),
            (304, "Content-Type: text/html", None, Fit::Not),
            (200, "Content-Type: text/html\nContent-Range: bytes 0-1/2", Some(5000), Fit::Not),
            (200, "Content-Type: image/png", Some(5000), Fit::Not),
            (200, "X: y", Some(5000), Fit::Not),
            (200, "Content-Type: text/html\nCache-Control: no-transform", Some(5000), Fit::Not),
            (200, "Content-Type: text/html\nContent-Encoding: identity", Some(5000), Fit::Encode),
            (200, "Content-Type: text/html\nContent-Encoding: gzip", Some(10), Fit::Decode(Coding::Gzip)),
            (200, "Content-Type: application/gzip\nContent-Encoding: gzip", Some(5000), Fit::Not),
            (200, "Content-Type: text/html\nContent-Encoding: deflate", Some(5000), Fit::Not),
            (200, "Content-Type: text/html\nContent-Encoding: gzip, br", Some(5000), Fit::Not),
        ];
        for (status, text, length, expected) in rows {
            assert_eq!(
                fit(&policy, *status, &fields(text), *length),
                *expected,
                "{status} {text} {length:?}"
            );
        }
        let keeping = Compression { decode: false, ..policy };
        let gzipped = fields("Content-Type: text/html\nContent-Encoding: gzip");
        assert_eq!(fit(&keeping, 200, &gzipped, Some(5000)), Fit::Not);
    }
}
