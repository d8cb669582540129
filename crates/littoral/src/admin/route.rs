//! From a request to one of the node's operations, and its answer to a response.

use std::convert::Infallible;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::Body;
use hyper::header::{ALLOW, AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE};
use hyper::{Method, Request, Response, StatusCode};
use littoral_runtime::{Drain, exposition};
use serde_json::{Value, json};
use std::error::Error;

use super::{Operations, Problem, Token};
use crate::digests::DigestFormat;

/// Largest request body: thousands of URLs to purge.
const BODY_BYTES_MAX: usize = 1 << 20;

/// Who may ask, and whether the node is about to leave.
pub(super) struct Guard {
    pub(super) token: Option<Token>,
    pub(super) drain: Drain,
}

#[derive(Copy, Clone, PartialEq, Eq)]
enum Endpoint {
    Metrics,
    Status,
    Health,
    Readiness,
    Purge,
    Explain,
    Reload,
    Digests,
    Shard,
}

impl Endpoint {
    fn at(path: &str) -> Option<Endpoint> {
        Some(match path {
            "/metrics" => Endpoint::Metrics,
            "/v1/status" => Endpoint::Status,
            "/healthz" => Endpoint::Health,
            "/readyz" => Endpoint::Readiness,
            "/v1/purge" => Endpoint::Purge,
            "/v1/explain" => Endpoint::Explain,
            "/v1/reload" => Endpoint::Reload,
            "/v1/digests" => Endpoint::Digests,
            "/v1/shard" => Endpoint::Shard,
            _ => return None,
        })
    }

    fn allow(self) -> &'static str {
        match self {
            Endpoint::Purge | Endpoint::Explain | Endpoint::Reload | Endpoint::Shard => "POST",
            _ => "GET, HEAD",
        }
    }

    fn takes(self, method: &Method) -> bool {
        self.allow().split(", ").any(|allowed| allowed == method.as_str())
    }

    /// Health and readiness are for load balancers and say nothing but yes and no.
    fn is_open(self) -> bool {
        matches!(self, Endpoint::Health | Endpoint::Readiness)
    }
}

/// Answers one request; a refusal is an answer too.
pub(super) async fn answer<B>(
    request: Request<B>,
    operations: &dyn Operations,
    guard: &Guard,
) -> Result<Response<Full<Bytes>>, Infallible>
where
    B: Body<Data = Bytes>,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let endpoint = Endpoint::at(request.uri().path());
    if !endpoint.is_some_and(Endpoint::is_open) && !guard.admits(&request) {
        return Ok(unauthorized());
    }
    let Some(endpoint) = endpoint else {
        return Ok(refuse(&Problem::new(
            StatusCode::NOT_FOUND,
            "no such endpoint",
            "there are /metrics, /healthz, /readyz, /v1/status, /v1/digests, /v1/purge, /v1/explain, /v1/shard and \
             /v1/reload",
        )));
    };
    if !endpoint.takes(request.method()) {
        let mut response = refuse(&Problem::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "another method is needed",
            format!("this endpoint takes {}", endpoint.allow()),
        ));
        response.headers_mut().insert(ALLOW, HeaderValue::from_static(endpoint.allow()));
        return Ok(response);
    }
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = match Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) => return Ok(refuse(&unreadable(&*error))),
    };
    Ok(perform(endpoint, &query, &body, operations, guard).unwrap_or_else(|problem| refuse(&problem)))
}

fn perform(
    endpoint: Endpoint,
    query: &str,
    body: &[u8],
    operations: &dyn Operations,
    guard: &Guard,
) -> Result<Response<Full<Bytes>>, Problem> {
    Ok(match endpoint {
        Endpoint::Metrics => respond(StatusCode::OK, exposition::CONTENT_TYPE, operations.metrics()),
        Endpoint::Status => reply(&operations.status()),
        Endpoint::Health => reply(&json!({ "status": "ok" })),
        Endpoint::Readiness => {
            let draining = || guard.drain.is_draining().then(|| "the node is draining".to_owned());
            let ready = draining().map_or_else(|| operations.readiness(), Err);
            ready.map_err(|why| Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not ready", why))?;
            reply(&json!({ "status": "ready" }))
        }
        Endpoint::Purge => reply(&operations.purge(body)?),
        Endpoint::Explain => reply(&operations.explain(body)?),
        Endpoint::Reload => reply(&operations.reload()),
        Endpoint::Shard => reply(&operations.shard(body)?),
        Endpoint::Digests => digests(query, operations)?,
    })
}

/// `?format=binary` (unless said otherwise), `csv` or `oracle`.
fn digests(query: &str, operations: &dyn Operations) -> Result<Response<Full<Bytes>>, Problem> {
    let format: DigestFormat = match query {
        "" => DigestFormat::Binary,
        query => query.strip_prefix("format=").and_then(DigestFormat::named).ok_or_else(|| {
            let detail = format!("`?{query}` is none of ?format=binary, ?format=csv and ?format=oracle");
            Problem::new(StatusCode::BAD_REQUEST, "the query is not understood", detail)
        })?,
    };
    let binary = operations.digests().ok_or_else(|| {
        let detail = "the node file says [log] digests = \"0B\"";
        Problem::new(StatusCode::NOT_FOUND, "no digests are taken", detail)
    })?;
    let body = format.export(binary).map_err(|error| {
        Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the digests cannot be exported", error.to_string())
    })?;
    Ok(respond(StatusCode::OK, format.content_type(), body))
}

impl Guard {
    fn admits<B>(&self, request: &Request<B>) -> bool {
        let offered = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
        self.token.as_ref().is_none_or(|token| offered.is_some_and(|offered| token.admits(offered)))
    }
}

fn unauthorized() -> Response<Full<Bytes>> {
    let mut response = refuse(&Problem::new(
        StatusCode::UNAUTHORIZED,
        "the token is missing or wrong",
        "send `Authorization: Bearer TOKEN`; it is `[admin] token` or `token_file` of the node file, else in DATA/admin.token",
    ));
    let challenge = HeaderValue::from_static("Bearer realm=\"littoral\"");
    response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    response
}

fn unreadable(error: &(dyn Error + Send + Sync + 'static)) -> Problem {
    if error.is::<LengthLimitError>() {
        Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "the request body is too large", "1 MiB is the most")
    } else {
        Problem::new(StatusCode::BAD_REQUEST, "the request body broke off", error.to_string())
    }
}

fn reply(value: &Value) -> Response<Full<Bytes>> {
    respond(StatusCode::OK, "application/json", format!("{value}\n"))
}

fn refuse(problem: &Problem) -> Response<Full<Bytes>> {
    respond(problem.status, "application/problem+json", format!("{}\n", problem.document()))
}

fn respond(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(body.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Idle;

    impl Operations for Idle {
        fn metrics(&self) -> String {
            "up 1\n".to_owned()
        }
        fn status(&self) -> Value {
            json!({})
        }
        fn readiness(&self) -> Result<(), String> {
            Ok(())
        }
        fn reload(&self) -> Value {
            json!({ "files": [] })
        }
        fn purge(&self, request: &[u8]) -> Result<Value, Problem> {
            serde_json::from_slice(request).map_err(|error| Problem::malformed(&error))
        }
        fn explain(&self, _: &[u8]) -> Result<Value, Problem> {
            Ok(json!({}))
        }
        fn shard(&self, _: &[u8]) -> Result<Value, Problem> {
            Ok(json!({}))
        }
        fn digests(&self) -> Option<Vec<u8>> {
            Some(littoral_records::digest::write_file(100, 0, &[""], [].iter()))
        }
    }

    fn ask(
        guard: &Guard,
        method: &str,
        path: &str,
        authorization: &str,
        body: Vec<u8>,
    ) -> (u16, String, String) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header(AUTHORIZATION, authorization)
            .body(Full::new(Bytes::from(body)))
            .expect("a valid request");
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let response = match runtime.block_on(answer(request, &Idle, guard)) {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        let header = |name: &str| {
            response.headers().get(name).map_or("", |v| v.to_str().expect("visible ASCII")).to_owned()
        };
        let headers = [header("content-type"), header("allow"), header("www-authenticate")].join("|");
        let body = runtime.block_on(response.into_body().collect()).expect("a whole body").to_bytes();
        (status, headers, String::from_utf8_lossy(&body).into_owned())
    }

    #[test]
    fn each_endpoint_takes_its_methods_and_says_no_as_a_problem_document() {
        let guard = Guard { token: None, drain: Drain::new() };
        let problem = "application/problem+json||";
        for (method, path, body, status, headers) in [
            ("GET", "/metrics", "", 200, "text/plain; version=0.0.4; charset=utf-8||"),
            ("GET", "/v1/status", "", 200, "application/json||"),
            ("HEAD", "/healthz", "", 200, "application/json||"),
            ("GET", "/readyz", "", 200, "application/json||"),
            ("POST", "/v1/purge", "{}", 200, "application/json||"),
            ("POST", "/v1/purge", "{", 400, problem),
            ("POST", "/v1/reload", "", 200, "application/json||"),
            ("GET", "/v1/digests", "", 200, "application/vnd.littoral.digests||"),
            ("GET", "/v1/digests?format=csv", "", 200, "text/csv; charset=utf-8; header=present||"),
            ("GET", "/v1/digests?format=oracle", "", 200, "application/octet-stream||"),
            ("GET", "/v1/digests?format=xml", "", 400, problem),
            ("POST", "/v1/shard", "{}", 200, "application/json||"),
            ("GET", "/v1/purge", "", 405, "application/problem+json|POST|"),
            ("DELETE", "/metrics", "", 405, "application/problem+json|GET, HEAD|"),
            ("GET", "/v2/purge", "", 404, problem),
            ("GET", "/v1/purge/", "", 404, problem),
        ] {
            let got = ask(&guard, method, path, "", body.as_bytes().to_vec());
            assert_eq!((got.0, got.1.as_str()), (status, headers), "{method} {path}: {}", got.2);
            if status >= 400 {
                let document: Value = serde_json::from_str(&got.2).expect("JSON");
                assert_eq!(document["status"], status);
            }
        }
        assert_eq!(ask(&guard, "POST", "/v1/purge", "", vec![b' '; BODY_BYTES_MAX + 1]).0, 413);
    }

    #[test]
    fn with_a_token_all_but_health_needs_it_and_unknown_paths_reveal_nothing() {
        let guard = Guard { token: Token::given("0123456789abcdef").ok(), drain: Drain::new() };
        for path in ["/metrics", "/v1/purge", "/none"] {
            let (status, headers, _) = ask(&guard, "GET", path, "Bearer wrong", Vec::new());
            assert_eq!((status, headers.ends_with("Bearer realm=\"littoral\"")), (401, true), "{path}");
        }
        assert_eq!(ask(&guard, "GET", "/metrics", "Bearer 0123456789abcdef", Vec::new()).0, 200);
        assert_eq!(ask(&guard, "GET", "/healthz", "", Vec::new()).0, 200);
    }

    #[test]
    fn a_draining_node_is_healthy_but_not_ready() {
        let guard = Guard { token: None, drain: Drain::new() };
        guard.drain.begin();
        assert_eq!(ask(&guard, "GET", "/healthz", "", Vec::new()).0, 200);
        assert_eq!(ask(&guard, "GET", "/readyz", "", Vec::new()).0, 503);
    }
}
