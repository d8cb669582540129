//! An answer on its way to the client: its head, its body, and what the cache had to do with it. Protocols write
//! it; this module says which fields it has.

use crate::current::Snapshot;
use crate::fill::FillReader;
use crate::note::{Note, Outcome};
use crate::origin::OriginBody;
use crate::worker::Worker;
use bytes::Bytes;
use littoral_cache::{HotEntry, StoredResponse};
use littoral_h1::response;
use littoral_http_caching::{Fields, Known};
use littoral_policy::{Behavior, Site};
use std::ops::{Deref, Range};
use std::rc::Rc;
use std::sync::Arc;

/// A stored response as a request holds it: through the thread's hot table, which touches no count that another
/// thread shares, or by itself.
#[derive(Clone)]
pub(crate) enum Held {
    /// The variant of this number in a hot entry.
    Hot(Rc<HotEntry>, usize),
    /// On its own.
    Shared(Arc<StoredResponse>),
}

impl Held {
    /// For other threads and for longer than one answer.
    pub(crate) fn to_shared(&self) -> Arc<StoredResponse> {
        match self {
            Held::Hot(hot, nth) => hot.entry().variants()[*nth].clone(),
            Held::Shared(stored) => stored.clone(),
        }
    }
}

impl Deref for Held {
    type Target = StoredResponse;

    fn deref(&self) -> &StoredResponse {
        match self {
            Held::Hot(hot, nth) => &hot.entry().variants()[*nth],
            Held::Shared(stored) => stored,
        }
    }
}

/// Where a request belongs: a site of the policy it began with, and a behavior of the site.
#[derive(Clone)]
pub(crate) struct Place {
    policy: Rc<Snapshot>,
    site: usize,
    behavior: Option<usize>,
}

impl Place {
    pub(crate) fn new(policy: Rc<Snapshot>, site: usize) -> Place {
        Place { policy, site, behavior: None }
    }

    pub(crate) fn with_behavior(mut self, behavior: usize) -> Place {
        self.behavior = Some(behavior);
        self
    }

    pub(crate) fn site(&self) -> &Arc<Site> {
        &self.policy.sites()[self.site]
    }

    pub(crate) fn behavior(&self) -> Option<&Arc<Behavior>> {
        self.behavior.map(|index| &self.site().behaviors[index])
    }
}

/// An answer.
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) head: Head,
    pub(crate) body: Body,
    /// Length of the body; of the one that is left out, for HEAD and 304. `None`: unknown until its end.
    pub(crate) length: Option<u64>,
    pub(crate) note: Note,
    pub(crate) place: Option<Place>,
    /// The connection is closed behind it.
    pub(crate) close: bool,
    /// After a 101.
    pub(crate) upgrade: Option<hyper::upgrade::OnUpgrade>,
}

/// The fields of an answer.
pub(crate) enum Head {
    /// Those of a stored response, or of one that is being stored.
    Stored(Held, Shape),
    /// As given.
    Fields(Box<Fields>),
}

/// What is made of a stored response.
pub(crate) enum Shape {
    /// All of it.
    Whole,
    /// One range: the value of `Content-Range`.
    Range(Box<str>),
    /// Several ranges: the boundary between them.
    Multipart(Box<str>),
    /// 304.
    NotModified,
}

/// The body of an answer.
pub(crate) enum Body {
    Empty,
    Bytes(Bytes),
    /// Bytes of a stored response.
    Stored(Held, Range<u64>),
    /// Several ranges of a stored response.
    Multipart(Held, Box<Multipart>),
    /// As it is being fetched, for this request and perhaps others.
    Fill(FillReader),
    /// As it comes from the origin, for this request alone.
    Origin(Box<OriginBody>),
}

/// The parts of a `multipart/byteranges` body, each behind its own small head.
pub(crate) struct Multipart {
    pub(crate) parts: Vec<(Vec<u8>, Range<u64>)>,
    pub(crate) end: Vec<u8>,
}

impl Response {
    /// A small answer made here.
    pub(crate) fn local(status: u16, detail: &'static str) -> Response {
        let body = if matches!(status, 204 | 304) {
            Bytes::new()
        } else {
            Bytes::from(format!("{status} {}: {detail}\n", response::registered_reason(status)))
        };
        let mut fields = Fields::builder();
        if !body.is_empty() {
            fields.push_known(Known::ContentType, "text/plain; charset=utf-8");
        }
        fields.push_known(Known::CacheControl, "no-store");
        Response {
            status,
            head: Head::Fields(Box::new(fields.finish())),
            length: Some(body.len() as u64),
            body: if body.is_empty() { Body::Empty } else { Body::Bytes(body) },
            note: Note::local(detail),
            place: None,
            close: false,
            upgrade: None,
        }
    }

    pub(crate) fn at(mut self, place: &Place) -> Response {
        self.place = Some(place.clone());
        self
    }

    pub(crate) fn closing(mut self) -> Response {
        self.close = true;
        self
    }

    pub(crate) fn with_field(mut self, known: Known, value: &[u8]) -> Response {
        if let Head::Fields(fields) = &self.head {
            let mut more = Fields::builder();
            more.extend_from(fields, |_, _| true);
            more.push_known(known, value);
            self.head = Head::Fields(Box::new(more.finish()));
        }
        self
    }
}

/// Appends the field lines of `answer` in HTTP/1.1's form, without those that belong to framing and connection.
pub(crate) fn write_fields(worker: &Worker, answer: &Response, out: &mut Vec<u8>) {
    let now = worker.now();
    let place = answer.place.as_ref();
    match &answer.head {
        Head::Stored(stored, shape) => write_stored(place, stored, shape, answer, now, out),
        Head::Fields(fields) => {
            for line in fields.iter().filter(|line| goes_to_clients(place, line.known, line.name)) {
                response::field(out, line.name, line.value);
            }
            if !fields.has(Known::Date) {
                response::field(out, b"date", &worker.date(now));
            }
        }
    }
    let fields = match &answer.head {
        Head::Stored(stored, _) => &stored.fields,
        Head::Fields(fields) => &**fields,
    };
    out.extend_from_slice(b"cache-status: ");
    for upstream in fields.all(Known::CacheStatus) {
        out.extend_from_slice(upstream);
        out.extend_from_slice(b", ");
    }
    answer.note.write(&worker.shared.name, out);
    out.extend_from_slice(b"\r\nvia: 1.1 ");
    out.extend_from_slice(worker.shared.name.as_bytes());
    out.extend_from_slice(b"\r\n");
}

fn write_stored(
    place: Option<&Place>,
    stored: &StoredResponse,
    shape: &Shape,
    answer: &Response,
    now: i64,
    out: &mut Vec<u8>,
) {
    match shape {
        Shape::NotModified => write_not_modified(place, stored, out),
        Shape::Whole => write_block(place, stored, out),
        Shape::Range(content_range) => {
            if stored.fields.has(Known::ContentRange) {
                append_block(place, stored, out, &[Known::ContentRange]);
            } else {
                write_block(place, stored, out);
            }
            response::field(out, b"content-range", content_range.as_bytes());
        }
        Shape::Multipart(boundary) => {
            append_block(place, stored, out, &[Known::ContentType, Known::ContentRange]);
            out.extend_from_slice(b"content-type: multipart/byteranges; boundary=");
            out.extend_from_slice(boundary.as_bytes());
            out.extend_from_slice(b"\r\n");
        }
    }
    let age = stored.terms.current_age(now);
    let reused = matches!(answer.note.outcome, Outcome::Hit | Outcome::Stale);
    write_downstream_lifetime(place, age, out);
    if age > 0 || reused {
        out.extend_from_slice(b"age: ");
        out.extend_from_slice(itoa::Buffer::new().format(age).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

/// The stored response's own fields, serialized once and kept with it for as long as the behavior sends the same.
fn write_block(place: Option<&Place>, stored: &StoredResponse, out: &mut Vec<u8>) {
    let made_for = place.map_or(0, |place| place.site().version << 33)
        | downstream_lifetime(place).map_or(0, |seconds| u64::from(seconds) << 1 | 1);
    if let Some(block) = stored.derived(made_for) {
        out.extend_from_slice(block);
        return;
    }
    let start = out.len();
    append_block(place, stored, out, &[]);
    stored.keep_derived(made_for, out[start..].into());
}

fn append_block(place: Option<&Place>, stored: &StoredResponse, out: &mut Vec<u8>, but: &[Known]) {
    for line in stored.fields.iter() {
        if is_in_block(place, line.known, line.name) && !but.contains(&line.known) {
            response::field(out, line.name, line.value);
        }
    }
}

/// The lifetime that clients are told, which counts from now: their caches take the age off again.
fn write_downstream_lifetime(place: Option<&Place>, age: u32, out: &mut Vec<u8>) {
    if let Some(seconds) = downstream_lifetime(place) {
        out.extend_from_slice(b"cache-control: max-age=");
        out.extend_from_slice(itoa::Buffer::new().format(seconds.saturating_add(age)).as_bytes());
        out.extend_from_slice(b"\r\n");
    }
}

fn downstream_lifetime(place: Option<&Place>) -> Option<u32> {
    place.and_then(Place::behavior).and_then(|behavior| behavior.lifetime_downstream)
}

/// Age is said anew for each answer, and so are lifetimes where the behavior gives its own.
fn is_in_block(place: Option<&Place>, known: Known, name: &[u8]) -> bool {
    match known {
        Known::Age => false,
        Known::CacheControl | Known::Expires if downstream_lifetime(place).is_some() => false,
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
fn write_not_modified(place: Option<&Place>, stored: &StoredResponse, out: &mut Vec<u8>) {
    let always_modified =
        place.and_then(Place::behavior).is_some_and(|behavior| behavior.last_modified_in_304);
    let has_etag = stored.fields.has(Known::ETag);
    for line in stored.fields.iter() {
        let repeated = match line.known {
            Known::ETag | Known::ContentLocation | Known::Date | Known::Vary | Known::CdnCacheControl => true,
            Known::CacheControl | Known::Expires => downstream_lifetime(place).is_none(),
            Known::LastModified => always_modified || !has_etag,
            _ => false,
        };
        if repeated {
            response::field(out, line.name, line.value);
        }
    }
}
