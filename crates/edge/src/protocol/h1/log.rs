//! The access records of this protocol's exchanges, and the digests of those that are sampled.

use super::Connection;
use super::send::Sent;
use crate::note::Outcome;
use crate::protocol::socket::Transport;
use crate::report::{NO_SITE, Seen};
use crate::request::Request;
use crate::request_id::RequestId;
use crate::respond::{Place, Response};
use crate::worker::Worker;
use littoral_http_caching::Known;
use littoral_records::access::AccessRecord;
use std::rc::Rc;

/// Facts about a request that outlive it, for the log.
pub(super) struct Begin {
    pub(super) time_millis: i64,
    pub(super) nanos: u64,
}

impl<S: Transport> Connection<S> {
    /// What could not be read as a request is logged without one.
    pub(super) fn log_refusal(
        &mut self,
        worker: &Rc<Worker>,
        status: u16,
        reason: &'static str,
        id: &RequestId,
    ) {
        let record = AccessRecord {
            time_millis: worker.shared.clock.now_millis(),
            request_id: id.as_bytes(),
            node: worker.shared.name.as_bytes(),
            protocol: b"1.1",
            tls: self.socket.tls_version().unwrap_or_default().as_bytes(),
            scheme: self.peer.scheme.as_bytes(),
            cache: Outcome::Local.as_str().as_bytes(),
            detail: reason.as_bytes(),
            ..AccessRecord::empty(status, self.peer.address.ip())
        };
        let received = self.reader.take_body_bytes();
        worker.report.borrow_mut().answered(NO_SITE, Outcome::Local, received, &record);
    }

    /// One answered request.
    pub(super) fn log(
        &mut self,
        worker: &Rc<Worker>,
        request: &Request,
        answer: &Response,
        sent: &Sent,
        begin_at: &Begin,
    ) {
        let place = answer.place.as_ref();
        let site = place.map(Place::site);
        let note = &answer.note;
        let now_nanos = worker.shared.clock.monotonic_nanos();
        let since = |nanos: u64| nanos.saturating_sub(begin_at.nanos) / 1000;
        let asked = note.asked.zip(site);
        let record = AccessRecord {
            time_millis: begin_at.time_millis,
            duration_micros: since(now_nanos),
            first_byte_micros: since(if sent.head_nanos == 0 { now_nanos } else { sent.head_nanos }),
            body_bytes: sent.body_bytes,
            head_bytes: sent.head_bytes,
            generation: site.map_or(0, |site| site.version),
            ttl: note.ttl,
            origin_micros: note.asked.map(|asked| u64::from(asked.micros)),
            origin_status: note.forward_status.unwrap_or(0),
            origin_tries: note.asked.map_or(0, |asked| asked.tries),
            cut: sent.cut.is_some(),
            request_id: request.id.as_bytes(),
            node: worker.shared.name.as_bytes(),
            protocol: request.protocol.version().as_bytes(),
            tls: self.socket.tls_version().unwrap_or_default().as_bytes(),
            scheme: request.scheme.as_bytes(),
            method: &request.method_text,
            host: &request.authority,
            target: request.target.as_bytes(),
            range: request.fields.get(Known::Range).unwrap_or_default(),
            site: site.map_or(b"", |site| site.name.as_bytes()),
            behavior: place.and_then(Place::behavior).map_or(b"", |behavior| behavior.name.as_bytes()),
            cache: note.outcome.as_str().as_bytes(),
            forward: note.forward.map_or(b"", |fwd| fwd.as_str().as_bytes()),
            detail: sent.cut.or(note.detail).unwrap_or_default().as_bytes(),
            origin: asked
                .and_then(|(asked, site)| site.origins.get(usize::from(asked.origin)))
                .map_or(b"", |origin| origin.name.as_bytes()),
            referer: request.fields.get(Known::Referer).unwrap_or_default(),
            user_agent: request.fields.get(Known::UserAgent).unwrap_or_default(),
            ..AccessRecord::empty(answer.status, request.client.ip())
        };
        let index = site.map_or(NO_SITE, |site| site.index);
        let received = self.reader.take_body_bytes();
        let mut report = worker.report.borrow_mut();
        if let Some(digests) = report.sampled(&record, request.target.path()) {
            let seen = Seen { request, answer, round_trip_micros: self.socket.round_trip_micros() };
            digests.keep(&seen, &record);
        }
        report.answered(index, note.outcome, received, &record);
    }
}
