//! Saying no: problem documents (RFC 9457).

use hyper::StatusCode;
use serde_json::{Value, json};

/// Why a request to the administration was not done. `type` is `about:blank`: the status says what kind
/// of problem it is, the title which.
#[derive(Debug)]
pub(crate) struct Problem {
    pub(crate) status: StatusCode,
    pub(crate) title: &'static str,
    /// What was expected, what was found, what to do.
    pub(crate) detail: String,
    /// Further members of the document, such as a list of mistakes.
    pub(crate) more: Vec<(&'static str, Value)>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, title, detail: detail.into(), more: Vec::new() }
    }

    /// The request body is not what the endpoint takes.
    pub(crate) fn malformed(error: &serde_json::Error) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "the request body is not understood", error.to_string())
    }

    pub(super) fn document(&self) -> Value {
        let mut document = json!({
            "type": "about:blank",
            "title": self.title,
            "status": self.status.as_u16(),
            "detail": self.detail,
        });
        for (name, value) in &self.more {
            document[*name] = value.clone();
        }
        document
    }
}
