//! Which fields an answer has: those of the origin or of what is stored, what the site's rules change of them, and
//! what the edge says itself.

use crate::field_rules::{Changes, are_static};
use crate::note::Outcome;
use crate::request::Request;
use crate::request_id::RequestId;
use crate::respond::{Head, Place, Response, Shape};
use crate::subject::{AnswerFields, response_scope, scope, subject};
use crate::transform::Form;
use crate::worker::Worker;
use littoral_cache::StoredResponse;
use littoral_h1::response;
use littoral_http_caching::{Fields, Known};
use littoral_rules::Scope;

/// What clients are told of a response that never changes (RFC 8246): a year is the longest that caches believe.
const IMMUTABLE: &[u8] = b"cache-control: public, max-age=31536000, immutable\r\n";

/// Appends the field lines of `answer` in HTTP/1.1's form, without those that belong to framing and connection.
pub(crate) fn write_fields(worker: &Worker, request: &Request, answer: &Response, out: &mut Vec<u8>) {
    let now = worker.now();
    let fields = answer.fields();
    match &answer.head {
        Head::Stored(stored, shape, form) => {
            if !(matches!(shape, Shape::Whole | Shape::Range(_))
                && write_block(answer, stored, shape, *form, out))
            {
                with_changes(worker, request, answer, fields, |changes| {
                    let start = out.len();
                    write_lines(answer, stored, shape, *form, changes, out);
                    keep_block(answer, stored, shape, *form, &out[start..]);
                });
            }
            write_moment(answer, stored, shape, now, out);
        }
        Head::Fields(fields) => {
            with_changes(worker, request, answer, fields, |changes| {
                for line in fields.iter() {
                    let is_ours = line.known == Known::XRequestId && worker.shared.clients.request_id_header;
                    if !is_ours
                        && goes_to_clients(answer.place.as_ref(), line.known, line.name)
                        && changes.keep(line.name)
                    {
                        response::field(out, line.name, line.value);
                    }
                }
                write_new(changes, out);
            });
            if !fields.has(Known::Date) {
                response::field(out, b"date", &worker.date(now));
            }
        }
    }
    out.extend_from_slice(b"cache-status: ");
    for upstream in fields.all(Known::CacheStatus) {
        out.extend_from_slice(upstream);
        out.extend_from_slice(b", ");
    }
    answer.note.write(&worker.shared.name, out);
    out.extend_from_slice(b"\r\nvia: 1.1 ");
    out.extend_from_slice(worker.shared.name.as_bytes());
    out.extend_from_slice(b"\r\n");
    write_request_id(worker, &request.id, out);
}

/// By what a client and an operator speak of the same request.
pub(crate) fn write_request_id(worker: &Worker, id: &RequestId, out: &mut Vec<u8>) {
    if worker.shared.clients.request_id_header {
        response::field(out, b"x-request-id", id.as_bytes());
    }
}

/// Hands what the behavior's rules make of these fields to `write`.
fn with_changes(
    worker: &Worker,
    request: &Request,
    answer: &Response,
    fields: &Fields,
    write: impl FnOnce(&Changes<'_>),
) {
    let rules = match &answer.place {
        Some(place) => place.behavior().map(|behavior| &*behavior.response_fields),
        None => None,
    };
    let (Some(place), Some(rules)) = (&answer.place, rules.filter(|rules| !rules.is_empty())) else {
        return write(&Changes::default());
    };
    let id = request.id.as_bytes();
    let shown = AnswerFields(fields);
    let scope = Scope {
        response: Some(response_scope(answer.status, &answer.note, &shown)),
        ..scope(place, &worker.shared.name, subject(request), id)
    };
    write(&Changes::of(rules, &scope, |name| fields.named(name).next().is_some()));
}

fn write_new(changes: &Changes<'_>, out: &mut Vec<u8>) {
    for (name, value) in changes.lines() {
        response::field(out, name, value);
    }
}

/// The stored response's lines under its shape, and what the rules add.
fn write_lines(
    answer: &Response,
    stored: &StoredResponse,
    shape: &Shape,
    form: Form,
    changes: &Changes<'_>,
    out: &mut Vec<u8>,
) {
    let place = answer.place.as_ref();
    for line in stored.fields.iter() {
        let shown = match shape {
            Shape::NotModified => is_repeated_in_304(place, stored, line.known),
            Shape::Whole => is_in_block(place, stored, line.known, line.name),
            Shape::Range(_) => {
                line.known != Known::ContentRange && is_in_block(place, stored, line.known, line.name)
            }
            Shape::Multipart(_) => {
                !matches!(line.known, Known::ContentType | Known::ContentRange)
                    && is_in_block(place, stored, line.known, line.name)
            }
        };
        if shown && form.keeps(line.known, line.name) && changes.keep(line.name) {
            response::field(out, line.name, line.value);
        }
    }
    form.lines(&stored.fields, matches!(shape, Shape::NotModified), |known, value| {
        let name = known.as_str().as_bytes();
        if changes.keep(name) {
            response::field(out, name, value);
        }
    });
    write_new(changes, out);
}

/// What is said anew with each answer.
fn write_moment(answer: &Response, stored: &StoredResponse, shape: &Shape, now: i64, out: &mut Vec<u8>) {
    match shape {
        Shape::Whole | Shape::NotModified => {}
        Shape::Range(content_range) => response::field(out, b"content-range", content_range.as_bytes()),
        Shape::Multipart(boundary) => {
            out.extend_from_slice(b"content-type: multipart/byteranges; boundary=");
            out.extend_from_slice(boundary.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    let age = stored.terms.current_age(now);
    let reused = matches!(answer.note.outcome, Outcome::Hit | Outcome::Stale);
    write_downstream_lifetime(answer.place.as_ref(), stored.status, age, out);
    if age > 0 || reused {
        out.extend_from_slice(b"age: ");
        out.extend_from_slice(itoa::Buffer::new().format(age).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// Names what the serialized lines of a stored response are made of beside the response: `None` where they are made
/// anew for each answer.
fn block_key(answer: &Response, stored: &StoredResponse, shape: &Shape, form: Form) -> Option<u64> {
    if form.is_made_on_the_way() {
        return None;
    }
    let single = match shape {
        Shape::Whole => true,
        Shape::Range(_) => !stored.fields.has(Known::ContentRange),
        Shape::Multipart(_) | Shape::NotModified => false,
    };
    let Some(place) = &answer.place else { return single.then_some(0) };
    let Some(behavior) = place.behavior() else { return single.then_some(0) };
    (single && are_static(&behavior.response_fields))
        .then(|| place.site().version << 16 | u64::from(behavior.index) << 1 | 1)
}

/// Writes the lines that were serialized before; false where there are none.
fn write_block(
    answer: &Response,
    stored: &StoredResponse,
    shape: &Shape,
    form: Form,
    out: &mut Vec<u8>,
) -> bool {
    let block = block_key(answer, stored, shape, form).and_then(|key| match form {
        Form::Kept(coding) => stored.encoded_head(coding, key),
        _ => stored.derived(key),
    });
    block.inspect(|block| out.extend_from_slice(block)).is_some()
}

/// Serialized once and kept with the response for as long as the behavior sends the same.
fn keep_block(answer: &Response, stored: &StoredResponse, shape: &Shape, form: Form, lines: &[u8]) {
    if let Some(key) = block_key(answer, stored, shape, form) {
        match form {
            Form::Kept(coding) => stored.keep_encoded_head(coding, key, lines.into()),
            _ => stored.keep_derived(key, lines.into()),
        };
    }
}

/// The lifetime that clients are told, which counts from now: their caches take the age off again.
fn write_downstream_lifetime(place: Option<&Place>, status: u16, age: u32, out: &mut Vec<u8>) {
    if is_immutable(place, status) {
        out.extend_from_slice(IMMUTABLE);
    } else if let Some(seconds) = downstream_lifetime(place) {
        out.extend_from_slice(b"cache-control: max-age=");
        out.extend_from_slice(itoa::Buffer::new().format(seconds.saturating_add(age)).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn downstream_lifetime(place: Option<&Place>) -> Option<u32> {
    place.and_then(Place::behavior).and_then(|behavior| behavior.lifetime_downstream)
}

/// Only what was found never changes: a 404 may be another answer tomorrow.
fn is_immutable(place: Option<&Place>, status: u16) -> bool {
    matches!(status, 200 | 203 | 206)
        && place.and_then(Place::behavior).is_some_and(|behavior| behavior.immutable)
}

/// Whether clients are told another lifetime than the origin's.
fn has_own_lifetime(place: Option<&Place>, status: u16) -> bool {
    downstream_lifetime(place).is_some() || is_immutable(place, status)
}

/// Age is said anew for each answer, and so are lifetimes where the behavior gives its own.
fn is_in_block(place: Option<&Place>, stored: &StoredResponse, known: Known, name: &[u8]) -> bool {
    match known {
        // The name of the request that fetched it says nothing of this one.
        Known::Age | Known::XRequestId => false,
        Known::CacheControl | Known::Expires if has_own_lifetime(place, stored.status) => false,
        _ => goes_to_clients(place, known, name),
    }
}

/// Framing belongs to the connection, surrogate keys and our own cache control to the nodes.
fn goes_to_clients(place: Option<&Place>, known: Known, name: &[u8]) -> bool {
    match known {
        Known::ContentLength
        | Known::TransferEncoding
        | Known::CacheStatus
        | Known::LittoralCdnCacheControl => false,
        Known::SurrogateKey | Known::CacheTag | Known::Other => !place.is_some_and(|place| {
            place.site().surrogate_key_fields.iter().any(|field| name.eq_ignore_ascii_case(field.as_ref()))
        }),
        _ => true,
    }
}

/// RFC 9110 §15.4.5: the fields that a 304 repeats.
fn is_repeated_in_304(place: Option<&Place>, stored: &StoredResponse, known: Known) -> bool {
    match known {
        Known::ETag | Known::ContentLocation | Known::Date | Known::Vary | Known::CdnCacheControl => true,
        Known::CacheControl | Known::Expires => !has_own_lifetime(place, stored.status),
        Known::LastModified => {
            let always =
                place.and_then(Place::behavior).is_some_and(|behavior| behavior.last_modified_in_304);
            always || !stored.fields.has(Known::ETag)
        }
        _ => false,
    }
}
