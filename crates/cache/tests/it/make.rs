//! Stored responses for tests.

use std::sync::Arc;

use littoral_cache::{Body, Content, Entry, Key, MemoryStore, ResponseParts, SiteIx, Store, StoredResponse};
use littoral_http_caching::{Fields, SelectingKey, Terms, Vary};
use littoral_ledger::{Fence, Limits, SiteKey};

pub(crate) const SITE: SiteIx = SiteIx(0);
pub(crate) const SITE_KEY: SiteKey = SiteKey(1);

pub(crate) fn fence() -> Fence {
    Fence::new(Limits::default())
}

pub(crate) fn fields(lines: &[(&str, &str)]) -> Fields {
    lines.iter().copied().collect()
}

/// What tests change of a response; the rest is plain.
pub(crate) struct Make<'a> {
    pub(crate) fence: &'a Fence,
    pub(crate) url: &'a str,
    pub(crate) body: Body,
    pub(crate) tags: &'a [&'a str],
    pub(crate) vary: &'a str,
    pub(crate) request: Fields,
    pub(crate) date: i64,
}

impl<'a> Make<'a> {
    pub(crate) fn new(fence: &'a Fence, url: &'a str, body: Body) -> Make<'a> {
        Make { fence, url, body, tags: &[], vary: "", request: Fields::default(), date: 1_000 }
    }

    pub(crate) fn parts(self) -> ResponseParts {
        let mut builder = Fields::builder();
        builder.push("content-type", "text/plain").push("etag", "\"1\"");
        if !self.vary.is_empty() {
            builder.push("vary", self.vary);
        }
        let fields = builder.finish();
        let vary = Vary::of(&fields).expect("tests vary by names");
        ResponseParts {
            status: 200,
            selecting: SelectingKey::of(&vary, &self.request),
            vary,
            fields,
            content: Content::Whole(self.body),
            encoded: Box::default(),
            terms: terms(self.date),
            last_modified: None,
            effective: self.fence.position(),
            subject: self.fence.subject(
                SITE_KEY,
                self.url.as_bytes(),
                self.tags.iter().map(|tag| tag.as_bytes()),
            ),
            url: self.url.as_bytes().into(),
            request_target: "/".into(),
            stored_at: self.date,
        }
    }

    pub(crate) fn response(self) -> Arc<StoredResponse> {
        Arc::new(StoredResponse::new(self.parts()))
    }
}

/// Fresh for a minute from `date`.
pub(crate) fn terms(date: i64) -> Terms {
    Terms {
        received: date,
        date,
        corrected_initial_age: 0,
        freshness_lifetime: 60,
        stale_while_revalidate: 0,
        stale_if_error: 0,
        stale_if_disconnected: 0,
        no_cache: false,
        must_revalidate: false,
        authorization_shared: false,
        has_validator: true,
        heuristic: false,
        immutable: false,
    }
}

pub(crate) fn body(len: usize) -> Body {
    Body::from_slice(&vec![b'x'; len])
}

/// A plain response of `len` bytes for `url`.
pub(crate) fn plain(fence: &Fence, url: &str, len: usize) -> Arc<StoredResponse> {
    Make::new(fence, url, body(len)).response()
}

/// Stores a plain response under its URL.
pub(crate) fn put(store: &MemoryStore, fence: &Fence, url: &str, len: usize) -> Arc<StoredResponse> {
    let response = plain(fence, url, len);
    store.insert(&Key::new(url.as_bytes()), SITE, Arc::clone(&response)).expect("there is room");
    response
}

pub(crate) fn get(store: &MemoryStore, url: &str) -> Option<Arc<Entry>> {
    store.lookup(Key::new(url.as_bytes()).as_key_ref())
}

/// Looks it up and counts a use.
pub(crate) fn hit(store: &MemoryStore, url: &str) -> bool {
    let found = get(store, url);
    found.is_some_and(|entry| entry.select(&Fields::default(), &mut Vec::new()).is_some())
}
