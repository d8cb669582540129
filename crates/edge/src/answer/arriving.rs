//! What a response says to one request while it is being fetched.

use super::{answer, settled, unsatisfiable};
use crate::fill::{Fill, FillReader};
use crate::lookup::is_live;
use crate::note::Note;
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response, Shape};
use crate::transform::choose::{self, Choice};
use crate::transform::{compress, range};
use crate::worker::Worker;
use littoral_cache::StoredResponse;
use littoral_http_caching::{Known, RangeAnswer};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

/// The bytes of a body whose length may not be known.
const WHOLE: Range<u64> = 0..u64::MAX;

/// The answer from a fill whose head is known and fits the request; `None` when the fill has let go of bytes that it
/// wants, or was purged meanwhile.
pub(crate) async fn from_fill(
    worker: &Rc<Worker>,
    place: &Place,
    request: &Request,
    fill: &Arc<Fill>,
    stored: Arc<StoredResponse>,
    note: Note,
) -> Option<Response> {
    let note = Note {
        forward_status: Some(stored.status),
        stored: true,
        ttl: Some(stored.terms.freshness_left(worker.now())),
        ..note
    };
    let length = fill.announced_length();
    let has_parts = stored.status == 200 && length.is_some();
    let choice = choose::for_passing(place, request, stored.status, &stored.fields, length, has_parts);
    let held = Held::Shared(stored);
    if let Some(answer) = settled(place, request, &held, held.last_modified, choice.condition, note) {
        return Some(answer);
    }
    if !choice.form.is_made_on_the_way() {
        return ranged(place, request, fill, held, &choice, note);
    }
    let (reader, form) = compress::from_fill(worker, fill, &held.fields, choice.form, WHOLE).await?;
    // It may have waited for the beginning of the body, and a purge may have come meanwhile.
    if !is_live(worker, &held) {
        return None;
    }
    let length = length.filter(|_| !form.is_made_on_the_way());
    let (status, head) = (held.status, Head::Stored(held, Shape::Whole, form));
    Some(answer(place, status, head, Body::Fill(reader), length, note))
}

fn ranged(
    place: &Place,
    request: &Request,
    fill: &Arc<Fill>,
    held: Held,
    choice: &Choice,
    note: Note,
) -> Option<Response> {
    let length = fill.announced_length();
    let wanted = match (held.status, length) {
        (200, Some(length)) => littoral_http_caching::range::resolve(
            &request.fields,
            held.fields.get(Known::ETag),
            held.last_modified.filter(|_| choice.dates_hold),
            Some(held.terms.date),
            length,
        ),
        _ => RangeAnswer::Whole,
    };
    let (status, shape, bytes, length) = match (wanted, length) {
        (RangeAnswer::One(range), Some(complete)) => {
            let bytes = range.end - range.start;
            (206, Shape::Range(range::content_range(&range, complete)), range, Some(bytes))
        }
        (RangeAnswer::Unsatisfiable, Some(complete)) => return Some(unsatisfiable(place, complete, note)),
        // Several ranges of what is not here yet: the whole is a permitted answer (RFC 9110 §14.2).
        _ => match (held.status, held.fields.get(Known::ContentRange)) {
            (206, Some(value)) => {
                (206, Shape::Range(String::from_utf8_lossy(value).into_owned().into()), WHOLE, length)
            }
            _ => (held.status, Shape::Whole, WHOLE, length),
        },
    };
    let body = Body::Fill(FillReader::new(fill.clone(), bytes)?);
    Some(answer(place, status, Head::Stored(held, shape, choice.form), body, length, note))
}
