//! The task that fetches for a fill: sends the request, judges the head, appends the body, stores the whole. It goes
//! on when the client that began it leaves; what it may cost is bounded by the origin's time-outs and by the size
//! of what may be stored.

use super::state::{Ended, Fill, Phase, WINDOW_BYTES_MAX};
use super::storing::{Judged, head, with_date, with_fields};
use crate::journey::Wanted;
use crate::origin::{Fetched, OriginError, OriginResponse, Outgoing, RequestBody, fetch_from_group};
use crate::respond::Place;
use crate::varying::followed;
use crate::worker::Worker;
use littoral_cache::{ResponseParts, Store, StoredResponse};
use littoral_http_caching::{
    Fields, Known, Method, NotStored, RequestView, ResponseView, Terms, Times, freshen, judge_storing,
    may_serve_on_error, selects, stored_fields,
};
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A response larger than this part of the store's budget is not worth collecting: the store would not keep it.
pub(super) const STORED_PART_MIN: u64 = 4;

/// All fills together hold at most this part of the store's budget, beside it, and a window for each.
pub(super) const HELD_PART: u64 = 2;

/// Everything that a fetch for the cache needs.
pub(crate) struct Plan {
    pub(crate) place: Place,
    pub(crate) outgoing: Outgoing,
    pub(crate) wanted: Wanted,
    /// The client's fields, among them the selecting ones.
    pub(crate) request_fields: Fields,
}

/// A response that may not be shared, for the request that asked for it.
pub(crate) struct Handoff {
    pub(crate) response: Box<OriginResponse>,
    /// Why it is not shared.
    pub(crate) reason: &'static str,
}

/// Fetches for `fill`, and leaves it over in any case.
pub(crate) async fn lead(worker: Rc<Worker>, fill: Arc<Fill>, plan: Plan, handoff: oneshot::Sender<Handoff>) {
    let mut lead = Lead { worker, fill, hash: plan.wanted.key.hash };
    lead.run(plan, handoff).await;
}

pub(super) struct Lead {
    pub(super) worker: Rc<Worker>,
    pub(super) fill: Arc<Fill>,
    pub(super) hash: u64,
}

impl Drop for Lead {
    /// However it ends, nobody waits for it any longer.
    fn drop(&mut self) {
        if !self.fill.is_over() {
            match self.fill.phase() {
                Phase::Waiting => self.fill.publish_phase(Phase::Failed(OriginError::Abandoned)),
                _ => self.fill.publish_end(Ended::Cut(OriginError::Abandoned)),
            }
        }
        self.worker.shared.fills.finish(self.hash, &self.fill);
        self.worker.follows.wake_local(&self.fill);
    }
}

impl Lead {
    async fn run(&mut self, plan: Plan, handoff: oneshot::Sender<Handoff>) {
        let Plan { place, outgoing, wanted, request_fields } = plan;
        let sent_fields = outgoing.fields.clone();
        let (method, target, hash) = (outgoing.method.clone(), outgoing.target.clone(), outgoing.hash);
        let mut requested = self.worker.now();
        let mut fetched = self.fetch(&place, outgoing).await;
        if let (Ok(response), Some(stale)) = (&fetched, &wanted.stale)
            && response.status == 304
        {
            let times = Times { requested, received: self.worker.now() };
            if self.freshened(&place, &wanted, stale, response, (&sent_fields, &request_fields), times) {
                return;
            }
            // It validates something else than what is stored: ask again, without conditions (RFC 9111 §4.3.4).
            let again = Outgoing {
                method,
                target,
                hash,
                fields: without_conditionals(&sent_fields),
                body: RequestBody::Empty,
                interim: None,
            };
            requested = self.worker.now();
            fetched = self.fetch(&place, again).await;
        }
        let response = match fetched {
            Ok(response) => response,
            Err(error) => return self.publish(Phase::Failed(error)),
        };
        let times = Times { requested, received: self.worker.now() };
        if matches!(response.status, 500 | 502 | 503 | 504)
            && wanted.stale.as_ref().is_some_and(|stale| may_serve_on_error(&stale.terms, times.received))
        {
            return self.publish(Phase::Failed(OriginError::Status(response.status)));
        }
        let judged = Judged { place: &place, wanted: &wanted, sent: &sent_fields, client: &request_fields };
        match self.judge(&judged, &response, times) {
            Ok(head) => self.take_body(&judged, Arc::new(head), response).await,
            Err(reason) => self.hand_over(&judged, response, reason, handoff),
        }
    }

    async fn fetch(&self, place: &Place, outgoing: Outgoing) -> Result<OriginResponse, OriginError> {
        let Fetched { asked, result } = fetch_from_group(&self.worker, place, outgoing).await;
        if let Some(asked) = asked {
            self.fill.note_asked(asked);
        }
        result
    }

    fn publish(&self, phase: Phase) {
        self.fill.publish_phase(phase);
        self.worker.follows.wake_local(&self.fill);
    }

    /// Not to be shared: the one that asked gets it, the others go for themselves.
    fn hand_over(
        &self,
        judged: &Judged<'_>,
        response: OriginResponse,
        reason: NotStored,
        handoff: oneshot::Sender<Handoff>,
    ) {
        self.worker.report.borrow().not_stored(reason.as_str());
        if response.status < 500 && !depends_on_request(reason) {
            let now = self.worker.now();
            self.worker.shared.fills.mark_unshared(judged.wanted.key.hash, &self.fill.key, now);
        }
        let _ = handoff.send(Handoff { response: Box::new(response), reason: reason.as_str() });
        self.publish(Phase::NotShared);
    }

    /// The response's head as it will be stored, or why it will not be.
    fn judge(
        &self,
        judged: &Judged<'_>,
        response: &OriginResponse,
        times: Times,
    ) -> Result<StoredResponse, NotStored> {
        let behavior = judged.place.behavior().expect("routed");
        let request = RequestView { method: Method::Get, fields: judged.sent };
        let view = ResponseView {
            status: response.status,
            fields: &response.fields,
            close_delimited: response.close_delimited,
        };
        let terms = judge_storing(&request, &view, times, &behavior.rules)?;
        if behavior.type_guard && !judged.is_of_its_kind(response) {
            return Err(NotStored::TypeMismatch);
        }
        if response.length.is_some_and(|length| length > self.bytes_max(judged)) {
            return Err(NotStored::TooLarge);
        }
        let fields = with_date(stored_fields(&response.fields, &behavior.rules), times.received);
        let vary = followed(judged.place, &fields)?;
        let head = head(&self.worker, judged, response.status, fields, terms, vary, self.fill.effective);
        Ok(head)
    }

    fn bytes_max(&self, judged: &Judged<'_>) -> u64 {
        let behavior = judged.place.behavior().expect("routed");
        behavior.response_stored_bytes_max.min(self.worker.shared.memory_bytes / STORED_PART_MIN)
    }

    async fn take_body(&mut self, judged: &Judged<'_>, head: Arc<StoredResponse>, response: OriginResponse) {
        let OriginResponse { mut body, length, .. } = response;
        let bytes_max = self.bytes_max(judged);
        self.fill.announce(if body.is_end() { Some(0) } else { length });
        // A small body that is here already leaves with its head.
        self.publish(Phase::Head(head.clone()));
        let mut received = 0;
        let mut keeps = true;
        loop {
            let fill = &self.fill;
            if !std::future::poll_fn(|context| fill.poll_room(context)).await {
                return self.end(Ended::Cut(OriginError::Abandoned));
            }
            match body.next().await {
                None => break,
                Some(Ok(piece)) => {
                    received += piece.len() as u64;
                    self.fill.publish_piece(piece);
                    self.worker.follows.wake_local(&self.fill);
                    if keeps && let Some(reason) = self.refuses_more(received, bytes_max) {
                        // Who waited for the head reads on from here: without a reader a window has no purpose.
                        tokio::task::yield_now().await;
                        keeps = false;
                        self.worker.report.borrow().not_stored(reason);
                        self.fill.keep_window_only();
                    }
                }
                Some(Err(error)) => {
                    let report = self.worker.report.borrow();
                    report.origin_failed(error.as_str());
                    report.not_stored(NotStored::TransferFailed.as_str());
                    drop(report);
                    return self.end(Ended::Cut(error));
                }
            }
        }
        if keeps {
            self.store(judged, &head);
        }
        self.end(Ended::Whole);
    }

    /// Why a body of which so much has arrived is not collected any further: it only streams through a window then.
    fn refuses_more(&self, received: u64, bytes_max: u64) -> Option<&'static str> {
        let shared = &self.worker.shared;
        if received > bytes_max {
            Some(NotStored::TooLarge.as_str())
        } else if received > WINDOW_BYTES_MAX && shared.fills.held_bytes() > shared.memory_bytes / HELD_PART {
            Some("fill-memory")
        } else {
            None
        }
    }

    fn end(&self, ended: Ended) {
        self.fill.publish_end(ended);
        self.worker.follows.wake_local(&self.fill);
    }

    /// The stored response is still good: freshened, it answers all who wait (RFC 9111 §4.3.4).
    fn freshened(
        &self,
        place: &Place,
        wanted: &Wanted,
        stale: &Arc<StoredResponse>,
        response: &OriginResponse,
        (sent, client): (&Fields, &Fields),
        times: Times,
    ) -> bool {
        if !selects(&stale.fields, &response.fields) {
            return false;
        }
        let fields = with_date(freshen(&stale.fields, &response.fields), times.received);
        let behavior = place.behavior().expect("routed");
        let request = RequestView { method: Method::Get, fields: sent };
        let view = ResponseView { status: stale.status, fields: &fields, close_delimited: false };
        let terms = judge_storing(&request, &view, times, &behavior.rules)
            .and_then(|terms| followed(place, &fields).map(|_| terms));
        let fields = stored_fields(&fields, &behavior.rules);
        let parts = ResponseParts { effective: self.fill.effective, ..stale.parts().clone() };
        let parts = with_fields(&self.worker, place, client, parts, fields);
        match terms {
            Ok(terms) => {
                let response = Arc::new(StoredResponse::new(ResponseParts { terms, ..parts }));
                self.worker.shared.store.replace(&wanted.key, stale, response.clone());
                self.publish(Phase::Freshened { response, shared: true });
            }
            Err(reason) => {
                // It may answer this once, and is not kept.
                self.worker.report.borrow().not_stored(reason.as_str());
                self.worker.shared.store.remove_response(wanted.key.as_key_ref(), stale);
                let terms = Terms { received: times.received, freshness_lifetime: 0, ..stale.terms };
                let response = Arc::new(StoredResponse::new(ResponseParts { terms, ..parts }));
                self.publish(Phase::Freshened { response, shared: false });
            }
        }
        true
    }
}

/// Reasons that lie in the request: another one's answer may well be shared.
fn depends_on_request(reason: NotStored) -> bool {
    matches!(reason, NotStored::Authorization | NotStored::RequestCookie | NotStored::RequestNoStore)
}

fn without_conditionals(fields: &Fields) -> Fields {
    let mut out = Fields::builder();
    out.extend_from(fields, |known, _| !matches!(known, Known::IfNoneMatch | Known::IfModifiedSince));
    out.finish()
}
