//! A site's own pages in place of errors: its maintenance page when no origin answers, its 404.

use crate::request::Request;
use crate::respond::{Body, Head, Place, Response};
use crate::subject::subject;
use bytes::Bytes;
use littoral_http_caching::{Fields, Known, Method};
use littoral_policy::{ErrorPage, ErrorSource};

/// Fields of an error that its page keeps: without them a client could not go on.
const KEPT: [Known; 4] = [Known::WwwAuthenticate, Known::ProxyAuthenticate, Known::Allow, Known::RetryAfter];

/// The answer, or the page that the site sends in its place.
pub(crate) fn dress(place: &Place, request: &Request, answer: Response) -> Response {
    if answer.status < 400 || place.site().error_pages.is_empty() {
        return answer;
    }
    let Some(page) = page(place, request, &answer) else { return answer };
    let fields = fields(page, &answer);
    let body = Bytes::from_owner(page.body.clone());
    let Response { status, note, place, close, body: former, .. } = answer;
    if let Body::Origin(former) = former {
        former.discard();
    }
    Response {
        status: page.answer_status.unwrap_or(status),
        head: Head::Fields(Box::new(fields)),
        length: Some(body.len() as u64),
        body: if request.method == Method::Head { Body::Empty } else { Body::Bytes(body) },
        note,
        place,
        close,
        upgrade: None,
    }
}

/// The page for an answer, if there is one.
pub(crate) fn page<'a>(place: &'a Place, request: &Request, answer: &Response) -> Option<&'a ErrorPage> {
    let by_origin =
        matches!(answer.head, Head::Stored(..)) || answer.note.forward_status == Some(answer.status);
    place.site().error_pages.iter().find(|page| {
        page.statuses.has(answer.status)
            && match page.from {
                ErrorSource::Edge => !by_origin,
                ErrorSource::Origin => by_origin,
                ErrorSource::All => true,
            }
            && page.when.as_ref().is_none_or(|when| when.matches(&subject(request)))
    })
}

fn fields(page: &ErrorPage, answer: &Response) -> Fields {
    let former = match &answer.head {
        Head::Stored(held, _, _) => &held.fields,
        Head::Fields(fields) => fields,
    };
    let mut out = Fields::builder();
    out.push_known(Known::ContentType, page.content_type.as_bytes());
    out.push_known(Known::CacheControl, "no-store");
    if let Some(seconds) = page.retry_after {
        out.push_known(Known::RetryAfter, seconds.to_string().as_bytes());
    }
    out.extend_from(former, |known, _| {
        KEPT.contains(&known) && !(known == Known::RetryAfter && page.retry_after.is_some())
    });
    out.finish()
}
