//! The demo's paths that are no files: time, quotes, slow answers, cookies, variants, errors.
//!
//! Each shows one thing that a cache must get right; all their parameters are bounded.

use std::time::Duration;

use hyper::body::Body;
use hyper::header::{ACCEPT_LANGUAGE, CONTENT_LANGUAGE, HeaderName, HeaderValue, SET_COOKIE, VARY};
use hyper::{HeaderMap, Method, Request, Response, StatusCode};
use littoral_runtime::Clock;
use serde_json::json;

use super::answer::{self, DemoBody};
use super::stream;

/// Longest that `/slow` waits.
const SLOW_MILLIS_MAX: u64 = 10_000;
/// Largest body that `/large` sends: 1 GiB.
const LARGE_BYTES_MAX: u64 = 1 << 30;

const QUOTES: [&str; 8] = [
    "A smooth sea never made a skilled sailor.",
    "Any port in a storm.",
    "There is nothing, absolutely nothing, half so much worth doing as simply messing about in boats.",
    "The sea, once it casts its spell, holds one in its net of wonder forever.",
    "A ship in harbour is safe, but that is not what ships are built for.",
    "We cannot direct the wind, but we can adjust the sails.",
    "The cure for anything is salt water: sweat, tears or the sea.",
    "Worse things happen at sea.",
];

/// Whether `path` is one of ours.
#[cfg(test)]
pub(super) fn knows(path: &str) -> bool {
    ["/api/time", "/api/quote", "/slow", "/cookie", "/vary", "/large", "/error", "/headers", "/ws"]
        .contains(&path)
        || path.starts_with("/tagged/")
}

/// The answer, if the path is one of ours.
pub(super) async fn answer<B: Body>(request: &Request<B>, clock: &Clock) -> Option<Response<DemoBody>> {
    let query = request.uri().query().unwrap_or_default();
    let path = request.uri().path();
    let known = match path {
        "/api/time" => time(clock),
        "/api/quote" => quote(query, clock),
        "/slow" => slow(query).await,
        "/cookie" => cookie(clock),
        "/vary" => vary(request.headers()),
        "/large" => stream::large(number(query, "bytes", 1 << 20).min(LARGE_BYTES_MAX), request.headers()),
        "/error" => error(query),
        "/headers" => return Some(headers(request)),
        _ => tagged(path.strip_prefix("/tagged/")?),
    };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    Some(if reads { known } else { answer::method_not_allowed("GET, HEAD") })
}

fn time(clock: &Clock) -> Response<DemoBody> {
    answer::json("no-store", &json!({ "unix_millis": clock.now_millis() }))
}

fn quote(query: &str, clock: &Clock) -> Response<DemoBody> {
    let n = number(query, "n", 0);
    let text = QUOTES[(n % QUOTES.len() as u64) as usize];
    answer::json(
        "public, max-age=5, stale-while-revalidate=30, stale-if-error=300",
        &json!({ "n": n, "quote": text, "made_at_unix_millis": clock.now_millis() }),
    )
}

async fn slow(query: &str) -> Response<DemoBody> {
    let millis = number(query, "ms", 1000).min(SLOW_MILLIS_MAX);
    tokio::time::sleep(Duration::from_millis(millis)).await;
    answer::json("public, max-age=10", &json!({ "waited_millis": millis }))
}

fn cookie(clock: &Clock) -> Response<DemoBody> {
    let visit = clock.now_millis();
    let mut response = answer::json("private", &json!({ "visit": visit }));
    insert(&mut response, SET_COOKIE, &format!("visit={visit}; Path=/cookie; HttpOnly; SameSite=Lax"));
    response
}

fn vary(request: &HeaderMap) -> Response<DemoBody> {
    let wanted = request.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let (language, greeting) = wanted
        .split(',')
        .find_map(|range| match range.trim().get(..2)? {
            "de" => Some(("de", "Moin! Willkommen am Hafen.")),
            "fr" => Some(("fr", "Bonjour, et bienvenue au port.")),
            "en" => Some(("en", "Ahoy, and welcome to the harbour.")),
            _ => None,
        })
        .unwrap_or(("en", "Ahoy, and welcome to the harbour."));
    let body = format!("{greeting}\n");
    let mut response =
        answer::answer(StatusCode::OK, "text/plain; charset=utf-8", "public, max-age=60", body);
    insert(&mut response, VARY, "Accept-Language");
    insert(&mut response, CONTENT_LANGUAGE, language);
    response
}

fn tagged(name: &str) -> Response<DemoBody> {
    let mut response =
        answer::json("public, max-age=300", &json!({ "name": name, "tags": ["catch", "harbour"] }));
    insert(&mut response, HeaderName::from_static("surrogate-key"), "catch harbour");
    response
}

fn error(query: &str) -> Response<DemoBody> {
    let status =
        u16::try_from(number(query, "status", 503)).ok().filter(|status| (400..600).contains(status));
    match status.and_then(|status| StatusCode::from_u16(status).ok()) {
        Some(status) => answer::refusal(status, format!("{status}, as you asked")),
        None => answer::refusal(StatusCode::BAD_REQUEST, "status is a number from 400 to 599"),
    }
}

/// Any method: the request as it arrived here.
fn headers<B>(request: &Request<B>) -> Response<DemoBody> {
    let fields: Vec<[String; 2]> = request
        .headers()
        .iter()
        .map(|(name, value)| [name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()])
        .collect();
    let target = request.uri().to_string();
    answer::json(
        "no-store",
        &json!({ "method": request.method().as_str(), "target": target, "headers": fields }),
    )
}

/// A whole number from the query; `default` if it is missing or none.
fn number(query: &str, name: &str, default: u64) -> u64 {
    query
        .split('&')
        .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
        .and_then(|value| value.parse().ok())
        .unwrap_or(default)
}

fn insert(response: &mut Response<DemoBody>, name: HeaderName, value: &str) {
    let value = HeaderValue::from_str(value).expect("the demo's own field values are visible ASCII");
    response.headers_mut().insert(name, value);
}
