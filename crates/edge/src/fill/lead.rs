//! The task that fetches for a fill: sends the request, judges the head, appends the body, stores the whole. It goes
//! on when the client that began it leaves; what it may cost is bounded by the origin's time-outs and by the size
//! of what may be stored.

use super::state::{Ended, Fill, Phase};
use crate::lookup::{stored_variant, verdict};
use crate::origin::{Fetched, OriginError, OriginResponse, Outgoing, RequestBody, fetch_from_group};
use crate::respond::Place;
use crate::serve::Wanted;
use crate::transform::choose;
use crate::worker::Worker;
use littoral_cache::{Body, Content, PartialBody, ResponseParts, SiteIx, Store, StoredResponse};
use littoral_http_caching::media_type::type_guard;
use littoral_http_caching::{
    Fields, Known, Method, NotStored, RequestView, ResponseView, SelectingKey, Terms, Times, Vary, freshen,
    judge_storing, may_serve_on_error, partial, selects, stored_fields, storing::last_modified,
};
use littoral_ledger::{Position, SiteKey, Verdict};
use std::rc::Rc;
use std::sync::Arc;
use tokio::sync::oneshot;

/// A response larger than this part of the store's budget is not worth collecting: the store would not keep it.
const STORED_PART_MIN: u64 = 4;

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

struct Lead {
    worker: Rc<Worker>,
    fill: Arc<Fill>,
    hash: u64,
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
        let vary = Vary::of(&fields).map_err(|_| NotStored::VaryStar)?;
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
                    self.worker.report.borrow().received_from_origin(
                        judged.place,
                        self.fill.asked(),
                        piece.len(),
                    );
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
        if received > bytes_max {
            Some(NotStored::TooLarge.as_str())
        } else if self.fill.is_too_much(received) {
            Some("fill-memory")
        } else {
            None
        }
    }

    fn end(&self, ended: Ended) {
        self.fill.publish_end(ended);
        self.worker.follows.wake_local(&self.fill);
    }

    fn store(&self, judged: &Judged<'_>, head: &StoredResponse) {
        // Purged on its way: what was fetched since must not be put aside for it.
        if !is_live(&self.worker, head) {
            return self.worker.report.borrow().not_stored("purged");
        }
        // A later fetch has taken its place: what that brings must not give way to this.
        if !self.worker.shared.fills.is_current(self.hash, &self.fill) {
            return self.worker.report.borrow().not_stored("overtaken");
        }
        let store = &self.worker.shared.store;
        let body = Body::from_pieces(self.fill.pieces());
        let parts = head.parts().clone();
        let parts = if head.status == 206 {
            match self.combined(judged, parts, body) {
                Some(parts) => parts,
                None => return self.worker.report.borrow().not_stored(NotStored::PartialUnusable.as_str()),
            }
        } else {
            ResponseParts { content: Content::Whole(body), ..parts }
        };
        let stored = Arc::new(StoredResponse::new(parts));
        // A new response in the place of the one that was to be validated, whatever it varies by now.
        if let Some(stale) = &judged.wanted.stale
            && store.replace(&judged.wanted.key, stale, stored.clone())
        {
            return self.encode_behind(judged, &stored);
        }
        match store.insert(&judged.wanted.key, SiteIx(judged.place.site().index), stored.clone()) {
            Ok(()) => self.encode_behind(judged, &stored),
            Err(reason) => self.worker.report.borrow().not_stored(reason.as_str()),
        }
    }

    /// Who came first, or meanwhile, got codings made on the way; those who come later get better ones.
    fn encode_behind(&self, judged: &Judged<'_>, stored: &Arc<StoredResponse>) {
        let now = self.worker.now();
        let own = choose::for_stored(judged.place, judged.client, stored).missing;
        let wanted = own.into_iter().chain(self.fill.wanted_codings());
        for coding in wanted.filter(|coding| stored.ask_for(*coding, now)) {
            self.worker.shared.jobs.ask(judged.wanted.key.clone(), stored, coding);
        }
    }

    /// A part as it is stored: as part of a 200, with what is stored of the same version already (RFC 9111 §3.4).
    fn combined(&self, judged: &Judged<'_>, new: ResponseParts, body: Body) -> Option<ResponseParts> {
        let range = partial::content_range(&new.fields)?;
        if body.len() != range.last - range.first + 1 {
            return None;
        }
        let content = Content::Partial(PartialBody::new(range.complete?, range.first, body)?);
        let known = stored_variant(&self.worker, judged.wanted.key.as_key_ref(), judged.client)
            .filter(|known| partial::combinable(&known.fields, &new.fields) && is_live(&self.worker, known));
        let Some(known) = known else {
            return Some(ResponseParts { status: 200, fields: whole_fields(&new.fields), content, ..new });
        };
        let combined = known.content.combine(&content)?;
        let fields = partial::combine_fields(&known.fields, &new.fields);
        let effective = new.effective.min(known.effective);
        let parts =
            ResponseParts { status: 200, content: combined, effective, stored_at: known.stored_at, ..new };
        Some(with_fields(&self.worker, judged.place, judged.client, parts, fields))
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
        let terms = judge_storing(&request, &view, times, &behavior.rules);
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

/// What a fetched head is judged with.
struct Judged<'a> {
    place: &'a Place,
    wanted: &'a Wanted,
    /// The fields that the origin saw.
    sent: &'a Fields,
    /// The fields that the client sent.
    client: &'a Fields,
}

impl Judged<'_> {
    /// Whether a response is what its path looks like. Errors and redirects are pages for any path.
    fn is_of_its_kind(&self, response: &OriginResponse) -> bool {
        let url = &self.wanted.key.bytes[self.wanted.url.clone()];
        let path = url.split(|&byte| byte == b'?').next().unwrap_or_default();
        let found = response.fields.get(Known::ContentType);
        !(200..300).contains(&response.status) || type_guard(path, found).is_ok()
    }
}

fn head(
    worker: &Worker,
    judged: &Judged<'_>,
    status: u16,
    fields: Fields,
    terms: Terms,
    vary: Vary,
    effective: Position,
) -> StoredResponse {
    let url = &judged.wanted.key.bytes[judged.wanted.url.clone()];
    let subject = subject_of(worker, judged.place, url, &fields);
    StoredResponse::new(ResponseParts {
        status,
        selecting: SelectingKey::of(&vary, judged.client),
        vary,
        last_modified: last_modified(&fields),
        terms,
        effective,
        subject,
        url: url.into(),
        request_target: String::from_utf8_lossy(&judged.wanted.target).into(),
        stored_at: terms.received,
        content: Content::Whole(Body::empty()),
        encoded: Box::default(),
        fields,
    })
}

/// A stored response with its fields brought up to date, and with them what is read from fields: the surrogate keys
/// that purges name, and what it varies by. `client` are the fields of the request that it was found to fit.
pub(crate) fn with_fields(
    worker: &Worker,
    place: &Place,
    client: &Fields,
    parts: ResponseParts,
    fields: Fields,
) -> ResponseParts {
    // One that must not be reused for any other request is not stored; for this one the old choice stands.
    let vary = Vary::of(&fields).unwrap_or_else(|_| parts.vary.clone());
    let selecting =
        if vary == parts.vary { parts.selecting.clone() } else { SelectingKey::of(&vary, client) };
    let subject = subject_of(worker, place, &parts.url, &fields);
    ResponseParts { last_modified: last_modified(&fields), vary, selecting, subject, fields, ..parts }
}

/// The fields of a 206 as those of the whole.
fn whole_fields(fields: &Fields) -> Fields {
    let mut out = Fields::builder();
    out.extend_from(fields, |known, _| !matches!(known, Known::ContentRange | Known::ContentLength));
    out.finish()
}

/// What the fence looks at: URL and surrogate keys.
fn subject_of(worker: &Worker, place: &Place, url: &[u8], fields: &Fields) -> littoral_ledger::Subject {
    let site = place.site();
    let tags = site.surrogate_key_fields.iter().flat_map(|name| {
        fields.named(name.as_ref()).flat_map(|value| {
            value.split(|&b| b == b' ' || b == b',' || b == b'\t').filter(|tag| !tag.is_empty())
        })
    });
    worker.shared.fence.subject(SiteKey(site.key), url, tags)
}

fn is_live(worker: &Worker, stored: &StoredResponse) -> bool {
    verdict(&worker.shared.fence, stored) == Verdict::Live
}

/// Reasons that lie in the request: another one's answer may well be shared.
fn depends_on_request(reason: NotStored) -> bool {
    matches!(reason, NotStored::Authorization | NotStored::RequestCookie | NotStored::RequestNoStore)
}

/// RFC 9110 §6.6.1: a response without `Date` gets the time of its arrival.
fn with_date(fields: Fields, received: i64) -> Fields {
    if fields.has(Known::Date) {
        return fields;
    }
    let mut out = Fields::builder();
    out.extend_from(&fields, |_, _| true);
    out.push_known(Known::Date, littoral_http_caching::date::format(received));
    out.finish()
}

fn without_conditionals(fields: &Fields) -> Fields {
    let mut out = Fields::builder();
    out.extend_from(fields, |known, _| !matches!(known, Known::IfNoneMatch | Known::IfModifiedSince));
    out.finish()
}
