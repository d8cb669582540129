//! An answer on its way to the client: its head, its body, and what the cache had to do with it. `head` says which
//! fields it has, protocols write it.

use crate::current::Snapshot;
use crate::fill::FillReader;
use crate::note::Note;
use crate::origin::OriginBody;
use crate::transform::{Form, Recoded};
use bytes::Bytes;
use littoral_cache::{HotEntry, StoredResponse};
use littoral_h1::response;
use littoral_http_caching::{Coding, Fields, Known};
use littoral_policy::{Behavior, Site};
use smallvec::SmallVec;
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
    /// Bytes of the content, or of what is kept of it in a coding.
    pub(crate) fn slices(&self, coding: Option<Coding>, range: Range<u64>) -> SmallVec<[&[u8]; 8]> {
        match coding {
            None => self.content.slices(range).collect(),
            Some(coding) => {
                self.encoded_body(coding).into_iter().flat_map(|body| body.slices(range.clone())).collect()
            }
        }
    }

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
    Stored(Held, Shape, Form),
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
    /// Bytes of a stored response, or of what is kept of it in a coding.
    Stored(Held, Option<Coding>, Range<u64>),
    /// Several ranges of the same.
    Multipart(Held, Option<Coding>, Box<Multipart>),
    /// As it is being fetched, for this request and perhaps others.
    Fill(FillReader),
    /// As it comes from the origin, for this request alone.
    Origin(Box<OriginBody>),
    /// Encoded or decoded on the way.
    Recoded(Box<Recoded>),
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

    /// Its own fields, before the edge adds any.
    pub(crate) fn fields(&self) -> &Fields {
        match &self.head {
            Head::Stored(stored, ..) => &stored.fields,
            Head::Fields(fields) => fields,
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
