//! The access records of this protocol's exchanges.

use super::Connection;
use super::send::Sent;
use crate::note::Outcome;
use crate::protocol::socket::Transport;
use crate::report::{AccessRecord, NO_SITE};
use crate::request::Request;
use crate::request_id::RequestId;
use crate::respond::{Place, Response};
use crate::worker::Worker;
use littoral_http_caching::Known;
use std::rc::Rc;

/// Facts about a request that outlive it, for the log.
pub(super) struct Begin {
    pub(super) time_millis: i64,
    pub(super) nanos: u64,
}

impl<S: Transport> Connection<S> {
    /// What could not be read as a request is logged without one.
    pub(super) fn log_refusal(&self, worker: &Rc<Worker>, status: u16, reason: &'static str, id: &RequestId) {
        let record = AccessRecord {
            time_millis: worker.shared.clock.now_millis(),
            duration_micros: 0,
            request_id: id.as_bytes(),
            body_bytes: 0,
            generation: 0,
            ttl: None,
            status,
            origin_status: 0,
            cut: false,
            client: self.peer.address.ip(),
            node: worker.shared.name.as_bytes(),
            protocol: b"1.1",
            scheme: self.peer.scheme.as_bytes(),
            method: b"",
            host: b"",
            target: b"",
            site: b"",
            behavior: b"",
            cache: b"local",
            forward: b"",
            detail: reason.as_bytes(),
            referer: b"",
            user_agent: b"",
        };
        worker.report.borrow_mut().answered(NO_SITE, Outcome::Local, &record);
    }
}

/// One answered request.
pub(super) fn log(worker: &Rc<Worker>, request: &Request, answer: &Response, sent: &Sent, begin_at: &Begin) {
    let place = answer.place.as_ref();
    let site = place.map(Place::site);
    let note = &answer.note;
    let nanos = worker.shared.clock.monotonic_nanos().saturating_sub(begin_at.nanos);
    let record = AccessRecord {
        time_millis: begin_at.time_millis,
        duration_micros: nanos / 1000,
        request_id: request.id_text(),
        body_bytes: sent.body_bytes,
        generation: site.map_or(0, |site| site.version),
        ttl: note.ttl,
        status: answer.status,
        origin_status: note.forward_status.unwrap_or(0),
        cut: sent.cut.is_some(),
        client: request.client.ip(),
        node: worker.shared.name.as_bytes(),
        protocol: request.protocol.version().as_bytes(),
        scheme: request.scheme.as_bytes(),
        method: &request.method_text,
        host: &request.authority,
        target: request.target.as_bytes(),
        site: site.map_or(b"", |site| site.name.as_bytes()),
        behavior: place.and_then(Place::behavior).map_or(b"", |behavior| behavior.name.as_bytes()),
        cache: note.outcome.as_str().as_bytes(),
        forward: note.forward.map_or(b"", |fwd| fwd.as_str().as_bytes()),
        detail: sent.cut.or(note.detail).unwrap_or("").as_bytes(),
        referer: request.fields.get(Known::Referer).unwrap_or(b""),
        user_agent: request.fields.get(Known::UserAgent).unwrap_or(b""),
    };
    let index = site.map_or(NO_SITE, |site| site.index);
    worker.report.borrow_mut().answered(index, note.outcome, &record);
}
