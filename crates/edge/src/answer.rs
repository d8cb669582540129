//! What a stored response says to one request: conditions first (RFC 9110 §13), then ranges (§14).

use crate::note::{Note, Outcome};
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response, Shape};
use crate::transform::range;
use crate::worker::Worker;
use littoral_http_caching::{Known, Method, Precondition, RangeAnswer, conditional, evaluate};

/// The answer that a stored response gives to a request: conditions, then ranges.
pub(crate) fn from_stored(place: &Place, request: &Request, held: Held, note: Note) -> Response {
    let etag = held.fields.get(Known::ETag);
    let modified = conditional::modification_date(&held.fields, held.terms.received);
    match evaluate(request.method, &request.fields, etag, Some(modified), held.status) {
        Precondition::Proceed => {}
        Precondition::NotModified => return not_modified(place, held, note),
        Precondition::Failed => {
            return Response { note, ..Response::local(412, "precondition-failed") }.at(place);
        }
    }
    let length = held.content.complete_length();
    let answer = if held.status == 200 && request.method == Method::Get {
        littoral_http_caching::range::resolve(
            &request.fields,
            etag,
            held.last_modified,
            Some(held.terms.date),
            length,
        )
    } else {
        RangeAnswer::Whole
    };
    ranged(place, request, held, note, answer, length)
}

fn ranged(
    place: &Place,
    request: &Request,
    held: Held,
    note: Note,
    answer: RangeAnswer,
    length: u64,
) -> Response {
    let (status, shape, body, length) = match answer {
        RangeAnswer::Whole => (held.status, Shape::Whole, Body::Stored(held.clone(), 0..length), length),
        RangeAnswer::One(wanted) => (
            206,
            Shape::Range(range::content_range(&wanted, length)),
            Body::Stored(held.clone(), wanted.clone()),
            wanted.end - wanted.start,
        ),
        RangeAnswer::Many(parts) => {
            let (multipart, boundary, total) = range::multipart(&held.fields, &parts, length, request.number);
            (206, Shape::Multipart(boundary), Body::Multipart(held.clone(), Box::new(multipart)), total)
        }
        RangeAnswer::Unsatisfiable => {
            let answer = Response { note, ..Response::local(416, "range-unsatisfiable") };
            return answer
                .with_field(Known::ContentRange, range::unsatisfied_range(length).as_bytes())
                .at(place);
        }
    };
    Response {
        status,
        head: Head::Stored(held, shape),
        body,
        length: Some(length),
        note,
        place: Some(place.clone()),
        close: false,
        upgrade: None,
    }
}

pub(crate) fn not_modified(place: &Place, held: Held, note: Note) -> Response {
    Response {
        status: 304,
        head: Head::Stored(held, Shape::NotModified),
        body: Body::Empty,
        length: None,
        note,
        place: Some(place.clone()),
        close: false,
        upgrade: None,
    }
}

/// The same for one that is stale and may be used all the same, for the reason `detail`.
pub(crate) fn from_stale(
    worker: &Worker,
    place: &Place,
    request: &Request,
    held: Held,
    detail: &'static str,
) -> Response {
    let ttl = held.terms.freshness_left(worker.now());
    let note = Note { outcome: Outcome::Stale, detail: Some(detail), ..Note::hit(ttl) };
    from_stored(place, request, held, note)
}
