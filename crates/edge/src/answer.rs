//! What a stored response, or one that is being stored, says to one request: conditions first (RFC 9110 §13), then
//! ranges (§14).

mod arriving;

pub(crate) use arriving::from_fill;

use crate::note::{Note, Outcome};
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response, Shape};
use crate::transform::choose::{self, Choice};
use crate::transform::{Form, TagText, compress, range};
use crate::worker::Worker;
use littoral_http_caching::{Known, Method, Precondition, RangeAnswer, evaluate};

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
    let modified = held.last_modified.unwrap_or(held.terms.date);
    if let Some(answer) = settled(place, request, &held, Some(modified), choice.condition, note) {
        return answer;
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
        RangeAnswer::Unsatisfiable => return unsatisfiable(place, length, note),
    };
    answer(place, status, Head::Stored(held, shape, form), body, Some(length), note)
}

/// The answer where the request's conditions say that it gets no content; `form` is the one that they are about.
fn settled(
    place: &Place,
    request: &Request,
    held: &Held,
    modified: Option<i64>,
    form: Form,
    note: Note,
) -> Option<Response> {
    let mut text = TagText::new();
    let etag = form.etag_asked(&request.fields, &held.fields, &mut text);
    match evaluate(request.method, &request.fields, etag, modified, held.status) {
        Precondition::Proceed => None,
        Precondition::NotModified => {
            let head = Head::Stored(held.clone(), Shape::NotModified, form);
            Some(answer(place, 304, head, Body::Empty, None, note))
        }
        Precondition::Failed => {
            Some(Response { note, ..Response::local(412, "precondition-failed") }.at(place))
        }
    }
}

fn unsatisfiable(place: &Place, complete_length: u64, note: Note) -> Response {
    let value = range::unsatisfied_range(complete_length);
    Response { note, ..Response::local(416, "range-unsatisfiable") }
        .with_field(Known::ContentRange, value.as_bytes())
        .at(place)
}

fn answer(place: &Place, status: u16, head: Head, body: Body, length: Option<u64>, note: Note) -> Response {
    Response { status, head, body, length, note, place: Some(place.clone()), close: false, upgrade: None }
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
