//! The few shapes of answer that the demo origin gives.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, combinators::UnsyncBoxBody};
use hyper::header::{ALLOW, CACHE_CONTROL, CONTENT_TYPE};
use hyper::{Response, StatusCode};
use std::convert::Infallible;

/// The body of every answer: whole, or made while it is sent.
pub(super) type DemoBody = UnsyncBoxBody<Bytes, Infallible>;

/// A body that is there already.
pub(super) fn whole(bytes: impl Into<Bytes>) -> DemoBody {
    Full::new(bytes.into()).boxed_unsync()
}

/// An answer with a content type and caching directives.
pub(super) fn answer(
    status: StatusCode,
    content_type: &'static str,
    cache_control: &'static str,
    body: impl Into<Bytes>,
) -> Response<DemoBody> {
    let mut response = Response::new(whole(body));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, http::HeaderValue::from_static(cache_control));
    response
}

/// JSON with caching directives.
pub(super) fn json(cache_control: &'static str, value: &serde_json::Value) -> Response<DemoBody> {
    answer(StatusCode::OK, "application/json", cache_control, format!("{value:#}\n"))
}

/// Plain text that is not to be kept.
pub(super) fn refusal(status: StatusCode, text: impl Into<String>) -> Response<DemoBody> {
    answer(status, "text/plain; charset=utf-8", "no-store", text.into() + "\n")
}

/// 405 with the methods that there are.
pub(super) fn method_not_allowed(allow: &'static str) -> Response<DemoBody> {
    let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, format!("this path takes {allow}"));
    response.headers_mut().insert(ALLOW, http::HeaderValue::from_static(allow));
    response
}
