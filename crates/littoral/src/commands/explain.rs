//! `littoral explain`: what the node would do with a request, and why.

use std::process::ExitCode;

use hyper::Method;
use serde_json::json;

use super::{failed, parsed, print_json};
use crate::cli::Explain;
use crate::client;
use crate::console::{self, Paint};

/// Prints the explanation.
pub(crate) fn explain(arguments: &Explain) -> ExitCode {
    let question = json!({
        "url": arguments.url,
        "method": arguments.method,
        "headers": arguments.headers,
        "from": arguments.from,
        "body_bytes": arguments.body_bytes,
    });
    let answer = client::ask(&arguments.target, &Method::POST, "/v1/explain", Some(&question));
    match answer.map_err(|error| failed(&error)).and_then(|body| parsed(&body)) {
        Ok(explanation) if arguments.json => print_json(&explanation),
        Ok(explanation) => console::say(console::outline(Paint::for_stdout(), &explanation)),
        Err(code) => return code,
    }
    ExitCode::SUCCESS
}
