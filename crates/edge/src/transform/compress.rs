//! Compression on the path: what origins see of what clients accept, the form of a response that nobody shares, and
//! that of one that is being fetched for many. What stored responses are served as, `answer` asks `choose` itself.

use super::choose::{self, Choice};
use super::form::Form;
use super::recode::{Recoded, Recoding, Source};
use crate::fill::{Fill, FillReader, derived};
use crate::origin::OriginError;
use crate::request::Request;
use crate::respond::{Body, Head, Held, Place, Response};
use crate::worker::Worker;
use littoral_http_caching::coding::write_vary;
use littoral_http_caching::entity_tag::{self, EntityTag, listed, unmarked, without_marks};
use littoral_http_caching::{Accepted, Coding, ContentCoding, Fields, Known, Method};
use std::rc::Rc;
use std::sync::Arc;

/// A client's fields as an origin is to see them: the codings that can be dealt with here, in one spelling, and, where
/// the behavior compresses, the origin's own entity tags. Who wants the rest of what was encoded here gets it whole:
/// the origin has no such bytes.
pub(crate) fn for_origin(place: &Place, client: &Fields) -> Fields {
    let compresses = place.behavior().is_some_and(|behavior| behavior.compression.is_some());
    let resumes_encoded = compresses
        && client.get(Known::IfRange).and_then(EntityTag::read).is_some_and(|tag| unmarked(tag).is_some());
    let mut out = Fields::builder();
    out.reserve(client.text_bytes() + 16);
    for line in client.iter() {
        let changed = match line.known {
            Known::AcceptEncoding => continue,
            Known::Range | Known::IfRange if resumes_encoded => continue,
            Known::IfNoneMatch if compresses => without_marks(line.value, false),
            Known::IfMatch if compresses => without_marks(line.value, true),
            _ => None,
        };
        out.push(line.name, changed.as_deref().unwrap_or(line.value));
    }
    if let Some(accepted) = Accepted::of(client).for_origin() {
        out.push_known(Known::AcceptEncoding, accepted);
    }
    out.finish()
}

/// The answer in the form that its client gets, where no other client has anything of it.
pub(crate) async fn for_one(worker: &Rc<Worker>, request: &Request, mut answer: Response) -> Response {
    let (Some(place), Head::Fields(fields), None) = (&answer.place, &answer.head, &answer.upgrade) else {
        return answer;
    };
    if place.behavior().is_none_or(|behavior| behavior.compression.is_none()) {
        return answer;
    }
    if matches!(answer.status, 304 | 412) {
        if let Some(fields) = with_own_tag(request, fields) {
            answer.head = Head::Fields(Box::new(fields));
        }
        return answer;
    }
    let length = if request.method == Method::Head { announced(fields) } else { answer.length };
    let choice = choose::for_passing(place, request, answer.status, fields, length, false);
    if choice.form == Form::Sole {
        return answer;
    }
    let Some(recoding) = recoding(choice.form, fields) else {
        answer.head = Head::Fields(Box::new(choice.form.fields(fields)));
        return answer;
    };
    if request.method == Method::Head {
        answer.head = Head::Fields(Box::new(choice.form.fields(fields)));
        answer.length = None;
        return answer;
    }
    recode(worker, answer, choice.form, recoding).await
}

/// A coder between the answer's body and its client. Where none can be had, or the body turns out not to be what it
/// said, it goes as it came.
async fn recode(worker: &Rc<Worker>, mut answer: Response, form: Form, recoding: Recoding) -> Response {
    let Head::Fields(fields) = &answer.head else { return answer };
    let source = match std::mem::replace(&mut answer.body, Body::Empty) {
        Body::Origin(body) => Source::Origin(body),
        Body::Bytes(bytes) => Source::Bytes(bytes),
        other => {
            answer.body = other;
            return answer;
        }
    };
    let mut recoded = match Recoded::new(worker, source, recoding) {
        Ok(recoded) => recoded,
        Err(source) => {
            answer.head = Head::Fields(Box::new(Form::Plain.fields(fields)));
            answer.body = source.into_body();
            return answer;
        }
    };
    let mut form = form;
    if let Recoding::Decode(_) = recoding {
        match recoded.probe(worker).await {
            Ok(true) => {}
            Ok(false) => {
                worker.report.borrow().origin_failed(OriginError::Coding.as_str());
                form = Form::Plain;
            }
            Err(error) => return crate::pass::failed_at(worker, answer, error),
        }
    }
    answer.head = Head::Fields(Box::new(form.fields(fields)));
    answer.length = answer.length.filter(|_| !form.is_made_on_the_way());
    answer.body = Body::Recoded(Box::new(recoded));
    answer
}

/// What a form takes.
pub(crate) fn recoding(form: Form, fields: &Fields) -> Option<Recoding> {
    match (form, ContentCoding::of(fields)) {
        (Form::Made(coding), _) => Some(Recoding::Encode(coding)),
        (Form::Unpacked, ContentCoding::One(coding)) => Some(Recoding::Decode(coding)),
        _ => None,
    }
}

/// A 304 or 412 tells the client of the tag that the client knows.
fn with_own_tag(request: &Request, fields: &Fields) -> Option<Fields> {
    let tag = entity_tag::of(fields)?;
    let conditions = [Known::IfNoneMatch, Known::IfMatch];
    let (own, mark) = conditions.iter().find_map(|field| listed(&request.fields, *field, tag))?;
    mark?;
    let mut out = Fields::builder();
    out.extend_from(fields, |known, _| !matches!(known, Known::ETag | Known::Vary));
    out.push_known(Known::ETag, own);
    let mut vary = Vec::new();
    write_vary(fields, &mut vary);
    out.push_known(Known::Vary, vary);
    Some(out.finish())
}

/// The length that the answer to a HEAD says that the content would have.
fn announced(fields: &Fields) -> Option<u64> {
    let text = std::str::from_utf8(fields.single(Known::ContentLength)?).ok()?;
    text.parse().ok()
}

/// A reader of a fill in the form chosen, and the form that it really is: as it came where no coder can be had or the
/// body is not what it said. `None` where the fill has let go of its first bytes.
pub(crate) async fn from_fill(
    worker: &Rc<Worker>,
    fill: &Arc<Fill>,
    fields: &Fields,
    form: Form,
    wanted: std::ops::Range<u64>,
) -> Option<(FillReader, Form)> {
    // Held meanwhile, so that the fill does not let go of its beginning.
    let plain = FillReader::new(fill.clone(), wanted)?;
    let Some(recoding) = recoding(form, fields) else { return Some((plain, form)) };
    let Some(reader) = derived(worker, fill, recoding) else { return Some((plain, Form::Plain)) };
    if let Recoding::Decode(_) = recoding
        && reader.begins(worker).await == Err(OriginError::Coding)
    {
        worker.report.borrow().origin_failed(OriginError::Coding.as_str());
        return Some((plain, Form::Plain));
    }
    Some((reader, form))
}

/// A stored response recoded on the way to one client; `None`: it goes as it is.
pub(crate) fn from_stored(worker: &Worker, held: &Held, form: Form) -> Option<Recoded> {
    let recoding = recoding(form, &held.fields)?;
    let mut recoded = Recoded::new(worker, Source::Stored(held.clone(), 0), recoding).ok()?;
    if matches!(recoding, Recoding::Decode(_)) && !recoded.probe_stored() {
        worker.report.borrow().origin_failed(OriginError::Coding.as_str());
        return None;
    }
    Some(recoded)
}

/// Has the coding made that a hit did not find.
pub(crate) fn ask_for_missing(
    worker: &Worker,
    place: &Place,
    request: &Request,
    held: &Held,
    choice: &Choice,
) {
    if let Some(coding) = choice.missing
        && held.ask_for(coding, worker.now())
    {
        ask(worker, place, request, held, coding);
    }
}

#[cold]
fn ask(worker: &Worker, place: &Place, request: &Request, held: &Held, coding: Coding) {
    let key = match held {
        Held::Hot(hot, _) => hot.entry().key().clone(),
        Held::Shared(_) => littoral_cache::Key::new(&crate::key::build(place, request, Vec::new()).bytes),
    };
    worker.shared.jobs.ask(key, &held.to_shared(), coding);
}
