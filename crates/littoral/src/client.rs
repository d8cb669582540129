//! The commands' side of the administration interface: finds the node, asks, reads the answer.
//!
//! One request on one connection; no retries, since the operator sees the answer.

mod place;

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST};
use hyper::rt::{Read, Write};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::{TcpStream, UnixStream};

use crate::cli::Target;
pub(crate) use place::AdminPlace;

/// Longest wait for an answer.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Longest wait for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Largest answer read: digests may be 256 MiB.
const ANSWER_BYTES_MAX: usize = 320 << 20;

/// Why there is no answer to show.
#[derive(Debug)]
pub(crate) enum AskError {
    /// No node was reached: what was tried, and why each failed.
    Unreached(Vec<(AdminPlace, String)>),
    /// `--admin` or the token is unusable.
    Usage(String),
    /// The node was reached, but the exchange broke.
    Broken(AdminPlace, String),
    /// The node refused: its words.
    Refused { status: StatusCode, title: String, detail: String },
}

impl fmt::Display for AskError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AskError::Unreached(tried) => {
                f.write_str("no running node was found")?;
                tried.iter().try_for_each(|(place, why)| write!(f, "\n  tried {place}: {why}"))
            }
            AskError::Usage(what) => f.write_str(what),
            AskError::Broken(place, why) => write!(f, "{place} broke off: {why}"),
            AskError::Refused { status, title, detail, .. } => match detail.as_str() {
                "" => write!(f, "the node refused: {title} ({status})"),
                detail => write!(f, "{title}: {detail}"),
            },
        }
    }
}

impl AskError {
    pub(crate) fn hint(&self) -> Option<&'static str> {
        match self {
            AskError::Unreached(tried) if tried.len() > 1 => {
                Some("start one with `littoral up`, or name its socket with --admin or LITTORAL_ADMIN")
            }
            AskError::Unreached(_) => {
                Some("is the node running? `littoral up` prints where its administration is")
            }
            AskError::Refused { status, .. } if *status == StatusCode::UNAUTHORIZED => Some(
                "give the token in LITTORAL_TOKEN or with --token-file; it is `[admin] token` or `token_file` of the node file, else in DATA/admin.token",
            ),
            _ => None,
        }
    }
}

/// Asks the node; the body of a successful answer.
pub(crate) fn ask(
    target: &Target,
    method: &Method,
    path: &str,
    body: Option<&serde_json::Value>,
) -> Result<Bytes, AskError> {
    let places = match &target.admin {
        Some(text) => vec![text.parse().map_err(AskError::Usage)?],
        None => AdminPlace::usual(),
    };
    let token = token(target)?;
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| AskError::Usage(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let mut tried = Vec::new();
        for place in places {
            match tokio::time::timeout(CONNECT_TIMEOUT, connect(&place)).await {
                Ok(Ok(connection)) => {
                    let exchange = exchange(connection, &place, method, path, body, token.as_deref());
                    return tokio::time::timeout(TIMEOUT, exchange).await.unwrap_or_else(|_| {
                        Err(AskError::Broken(place, "no answer within 60 s".to_owned()))
                    });
                }
                Ok(Err(error)) => tried.push((place, place::why(&error))),
                Err(_) => tried.push((place, "no connection within 5 s".to_owned())),
            }
        }
        Err(AskError::Unreached(tried))
    })
}

fn token(target: &Target) -> Result<Option<String>, AskError> {
    match (&target.token_file, std::env::var("LITTORAL_TOKEN")) {
        (Some(file), _) => {
            std::fs::read_to_string(file).map(|text| Some(text.trim().to_owned())).map_err(|error| {
                AskError::Usage(format!("cannot read the token file {}: {error}", file.display()))
            })
        }
        (None, Ok(token)) if !token.is_empty() => Ok(Some(token)),
        _ => Ok(None),
    }
}

/// A byte stream to the node, of whichever kind.
trait Stream: Read + Write + Unpin + Send {}
impl<T: Read + Write + Unpin + Send> Stream for T {}

async fn connect(place: &AdminPlace) -> std::io::Result<Box<dyn Stream>> {
    Ok(match place {
        AdminPlace::Unix(path) => Box::new(TokioIo::new(UnixStream::connect(path).await?)),
        AdminPlace::Tcp(authority) => Box::new(TokioIo::new(TcpStream::connect(authority).await?)),
    })
}

async fn exchange(
    connection: Box<dyn Stream>,
    place: &AdminPlace,
    method: &Method,
    path: &str,
    body: Option<&serde_json::Value>,
    token: Option<&str>,
) -> Result<Bytes, AskError> {
    let broken = |error: &dyn fmt::Display| AskError::Broken(place.clone(), error.to_string());
    let (mut sender, driver) = http1::handshake(connection).await.map_err(|error| broken(&error))?;
    tokio::spawn(driver);
    let mut request = Request::builder().method(method).uri(path).header(HOST, place.authority());
    if let Some(token) = token {
        request = request.header(AUTHORIZATION, format!("Bearer {token}"));
    }
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = body.map_or_else(Bytes::new, |value| Bytes::from(value.to_string()));
    let request = request.body(Full::new(body)).map_err(|_| {
        AskError::Usage("the token holds characters that no header field may hold".to_owned())
    })?;
    let response = sender.send_request(request).await.map_err(|error| broken(&error))?;
    let status = response.status();
    let body = Limited::new(response.into_body(), ANSWER_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| broken(&error))?
        .to_bytes();
    if status.is_success() { Ok(body) } else { Err(refusal(status, &body)) }
}

/// A problem document (RFC 9457), or whatever else answered.
fn refusal(status: StatusCode, body: &[u8]) -> AskError {
    let body: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(|value| value.as_str()).unwrap_or_default().to_owned();
    let title = match text("title") {
        title if title.is_empty() => status.to_string(),
        title => title,
    };
    AskError::Refused { status, title, detail: text("detail") }
}
