//! What a stored response says to one request: conditions first (RFC 9110 §13), then ranges (§14).

use crate::note::{Note, Outcome};
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response, Shape};
use crate::transform::choose::{self, Choice};
use crate::transform::{Form, TagText, compress, range};
use crate::worker::Worker;
use littoral_http_caching::{Known, Method, Precondition, RangeAnswer, conditional, evaluate};

/// The answer that a stored response gives to a request: its form, conditions, then ranges.
pub(crate) fn from_stored(
    worker: &Worker,
    place: &Place,
    request: &Request,
    held: Held,
    note: Note,
) -> Response {
    let choice = choose::for_stored(place, &request.fields, &held);
    compress::ask_for_missing(worker, place, request, &held, &choice);
    let modified = conditional::modification_date(&held.fields, held.terms.received);
    let mut text = TagText::new();
    let etag = choice.condition.etag_asked(&request.fields, &held.fields, &mut text);
    match evaluate(request.method, &request.fields, etag, Some(modified), held.status) {
        Precondition::Proceed => {}
        Precondition::NotModified => return not_modified(place, held, choice.condition, note),
        Precondition::Failed => {
            return Response { note, ..Response::local(412, "precondition-failed") }.at(place);
        }
    }
    if choice.form.is_made_on_the_way() {
        return on_the_way(worker, place, request, held, choice.form, note);
    }
    ranged(place, request, held, note, &choice)
}

/// Encoded or decoded for this one client; as it is where that cannot be done.
fn on_the_way(
    worker: &Worker,
    place: &Place,
    request: &Request,
    held: Held,
    form: Form,
    note: Note,
) -> Response {
    let (form, body, length) = match compress::from_stored(worker, &held, form) {
        Some(_) if request.method == Method::Head => (form, Body::Empty, None),
        Some(recoded) => (form, Body::Recoded(Box::new(recoded)), None),
        None => {
            let length = held.content.complete_length();
            (Form::Plain, Body::Stored(held.clone(), None, 0..length), Some(length))
        }
    };
    let (status, head) = (held.status, Head::Stored(held, Shape::Whole, form));
    answer(place, status, head, body, length, note)
}

fn ranged(place: &Place, request: &Request, held: Held, note: Note, choice: &Choice) -> Response {
    let form = choice.form;
    let coding = form.kept_coding();
    let length = match coding.and_then(|coding| held.encoded_body(coding)) {
        Some(body) => body.len(),
        None => held.content.complete_length(),
    };
    let wanted = if held.status == 200 && request.method == Method::Get {
        let mut text = TagText::new();
        let etag = form.etag_asked(&request.fields, &held.fields, &mut text);
        let modified = held.last_modified.filter(|_| choice.dates_hold);
        littoral_http_caching::range::resolve(&request.fields, etag, modified, Some(held.terms.date), length)
    } else {
        RangeAnswer::Whole
    };
    let (status, shape, body, length) = match wanted {
        RangeAnswer::Whole => {
            (held.status, Shape::Whole, Body::Stored(held.clone(), coding, 0..length), length)
        }
        RangeAnswer::One(wanted) => (
            206,
            Shape::Range(range::content_range(&wanted, length)),
            Body::Stored(held.clone(), coding, wanted.clone()),
            wanted.end - wanted.start,
        ),
        RangeAnswer::Many(parts) => {
            let (multipart, boundary, total) = range::multipart(&held.fields, &parts, length, request.number);
            let body = Body::Multipart(held.clone(), coding, Box::new(multipart));
            (206, Shape::Multipart(boundary), body, total)
        }
        RangeAnswer::Unsatisfiable => {
            let answer = Response { note, ..Response::local(416, "range-unsatisfiable") };
            return answer
                .with_field(Known::ContentRange, range::unsatisfied_range(length).as_bytes())
                .at(place);
        }
    };
    answer(place, status, Head::Stored(held, shape, form), body, Some(length), note)
}

fn answer(place: &Place, status: u16, head: Head, body: Body, length: Option<u64>, note: Note) -> Response {
    Response { status, head, body, length, note, place: Some(place.clone()), close: false, upgrade: None }
}

pub(crate) fn not_modified(place: &Place, held: Held, form: Form, note: Note) -> Response {
    answer(place, 304, Head::Stored(held, Shape::NotModified, form), Body::Empty, None, note)
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
    from_stored(worker, place, request, held, note)
}
