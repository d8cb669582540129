//! What of a fetched response is stored: its head, its content alone or combined with what is there, and the better
//! encodings that are asked for behind it.

use super::lead::Lead;
use crate::journey::Wanted;
use crate::lookup::{is_live, stored_variant};
use crate::origin::OriginResponse;
use crate::respond::Place;
use crate::transform::choose;
use crate::worker::Worker;
use littoral_cache::{Body, Content, PartialBody, ResponseParts, SiteIx, Store, StoredResponse};
use littoral_http_caching::media_type::type_guard;
use littoral_http_caching::{
    Fields, Known, NotStored, SelectingKey, Terms, Vary, partial, storing::last_modified,
};
use littoral_ledger::{Position, SiteKey};
use std::sync::Arc;

impl Lead {
    pub(super) fn store(&self, judged: &Judged<'_>, head: &StoredResponse) {
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
}

/// What a fetched head is judged with.
pub(super) struct Judged<'a> {
    pub(super) place: &'a Place,
    pub(super) wanted: &'a Wanted,
    /// The fields that the origin saw.
    pub(super) sent: &'a Fields,
    /// The fields that the client sent.
    pub(super) client: &'a Fields,
}

impl Judged<'_> {
    /// Whether a response is what its path looks like. Errors and redirects are pages for any path.
    pub(super) fn is_of_its_kind(&self, response: &OriginResponse) -> bool {
        let url = &self.wanted.key.bytes[self.wanted.url.clone()];
        let path = url.split(|&byte| byte == b'?').next().unwrap_or_default();
        let found = response.fields.get(Known::ContentType);
        !(200..300).contains(&response.status) || type_guard(path, found).is_ok()
    }
}

/// The head as it will be stored; its content follows.
pub(super) fn head(
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

/// RFC 9110 §6.6.1: a response without `Date` gets the time of its arrival.
pub(super) fn with_date(fields: Fields, received: i64) -> Fields {
    if fields.has(Known::Date) {
        return fields;
    }
    let mut out = Fields::builder();
    out.extend_from(&fields, |_, _| true);
    out.push_known(Known::Date, littoral_http_caching::date::format(received));
    out.finish()
}
