//! What `explain` is asked, and why it cannot say.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::net::IpAddr;

/// A request to be explained.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct ExplainRequest {
    /// An absolute URL.
    pub url: String,
    /// Default `GET`.
    #[serde(default = "get")]
    pub method: String,
    /// Further request fields, names and values.
    #[serde(default)]
    pub headers: Vec<(String, String)>,
    /// The client's address. Default 127.0.0.1.
    #[serde(default)]
    pub from: Option<IpAddr>,
    /// Bytes of content that it brings. Default: none.
    #[serde(default)]
    pub body_bytes: Option<u64>,
}

fn get() -> String {
    "GET".to_owned()
}

impl ExplainRequest {
    /// A plain `GET`.
    pub fn get(url: impl Into<String>) -> ExplainRequest {
        ExplainRequest { url: url.into(), method: get(), headers: Vec::new(), from: None, body_bytes: None }
    }
}

/// Why nothing can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExplainError {
    /// The URL cannot be read.
    NotAUrl(String, &'static str),
    /// The method is not a token.
    BadMethod(String),
    /// A header field's name or value cannot be sent.
    BadHeader(String),
    /// Nobody would get an answer but a refusal: its name.
    Refused(&'static str),
}

impl fmt::Display for ExplainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExplainError::NotAUrl(url, why) => {
                write!(f, "`{url}` is not a URL ({why}); expected something like https://example.com/path")
            }
            ExplainError::BadMethod(method) => {
                write!(f, "`{method}` is not a method; expected a token such as GET")
            }
            ExplainError::BadHeader(name) => write!(f, "`{name}` cannot be a header field"),
            ExplainError::Refused(reason) => write!(f, "such a request is refused when it is read: {reason}"),
        }
    }
}

impl std::error::Error for ExplainError {}
