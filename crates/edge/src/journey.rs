//! What a request takes along that goes on to an origin: why the cache could not answer, and what it wants of it.

use crate::key::KeyText;
use crate::request::Request;
use crate::respond::Place;
use crate::rewrite;
use crate::target::TargetMistake;
use crate::worker::Worker;
use bytes::Bytes;
use littoral_cache::{Content, Key, StoredResponse};
use littoral_http_caching::{Fwd, Method, requested_range};
use littoral_ledger::SiteKey;
use littoral_policy::RangeForward;
use std::ops::Range;
use std::sync::Arc;

/// A request on its way to an origin.
pub(crate) struct Journey {
    pub(crate) place: Place,
    pub(crate) way: Way,
}

pub(crate) enum Way {
    /// To the origin and back, without the cache.
    Pass { forward: Fwd, detail: Option<&'static str>, upgrade: Option<Vec<u8>> },
    /// For the cache, together with others that ask the same.
    Fetch(Box<Wanted>),
}

/// What a request wants of the cache and did not get.
#[derive(Clone)]
pub(crate) struct Wanted {
    pub(crate) key: Key,
    pub(crate) site: SiteKey,
    /// Where in the key the canonical URL lies.
    pub(crate) url: Range<usize>,
    pub(crate) target: Bytes,
    pub(crate) stale: Option<Arc<StoredResponse>>,
    /// Why the cache could not answer.
    pub(crate) forward: Fwd,
    pub(crate) detail: Option<&'static str>,
    /// The client's `Range` goes to the origin.
    pub(crate) ranged: bool,
}

impl Journey {
    /// The limit for the request's body, announced or not.
    pub(crate) fn body_bytes_max(&self) -> u64 {
        self.place.behavior().expect("routed").request_body_bytes_max
    }

    /// Whether nobody but this client has anything of it.
    pub(crate) fn is_for_client_alone(&self) -> bool {
        matches!(self.way, Way::Pass { .. })
    }

    /// Lets go of the connection's buffer.
    pub(crate) fn detach(&mut self) {
        if let Way::Fetch(wanted) = &mut self.way {
            wanted.target = Bytes::copy_from_slice(&wanted.target);
        }
    }
}

/// What the cache did not answer, and why.
pub(crate) struct Miss<'a> {
    pub(crate) key: &'a KeyText,
    /// Of the key.
    pub(crate) hash: u64,
    pub(crate) stale: Option<Arc<StoredResponse>>,
    pub(crate) forward: Fwd,
    pub(crate) detail: Option<&'static str>,
}

impl Miss<'_> {
    /// How the request goes on.
    ///
    /// # Errors
    /// What a rewrite makes of it is no target.
    pub(crate) fn way(self, worker: &Worker, place: &Place, request: &Request) -> Result<Way, TargetMistake> {
        if request.method == Method::Head {
            return Ok(Way::Pass { forward: self.forward, detail: self.detail, upgrade: None });
        }
        Ok(Way::Fetch(Box::new(self.wanted(worker, place, request)?)))
    }

    /// What is to be fetched for all who want it.
    ///
    /// # Errors
    /// What a rewrite makes of it is no target.
    pub(crate) fn wanted(
        self,
        worker: &Worker,
        place: &Place,
        request: &Request,
    ) -> Result<Wanted, TargetMistake> {
        let Miss { key, hash, stale, forward, detail } = self;
        let behavior = place.behavior().expect("routed");
        let target = rewrite::origin_target(place, &worker.shared.name, request, &key.target)?;
        let ranged = behavior.ranges == RangeForward::Forward
            && requested_range(&request.fields).is_some()
            && !stale.as_ref().is_some_and(|stale| matches!(stale.content, Content::Whole(_)));
        Ok(Wanted {
            key: Key { hash, bytes: key.bytes.as_slice().into() },
            site: SiteKey(place.site().key),
            url: key.url.clone(),
            target: target.as_bytes().clone(),
            stale,
            forward,
            detail,
            ranged,
        })
    }
}
