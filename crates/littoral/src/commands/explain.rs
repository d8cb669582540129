//! `littoral explain`: what the node would do with a request, and why.

mod pages;

use std::process::ExitCode;

use hyper::Method;
use littoral_edge::Explanation;
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
    let value = match answer.map_err(|error| failed(&error)).and_then(|body| parsed(&body)) {
        Ok(value) => value,
        Err(code) => return code,
    };
    let paint = Paint::for_stdout();
    match serde_json::from_value::<Explanation>(value.clone()) {
        _ if arguments.json => print_json(&value),
        Ok(explanation) => console::say(pages::page(paint, &explanation)),
        // A node of another version: what it says, whatever that is.
        Err(_) => console::say(console::outline(paint, &value)),
    }
    ExitCode::SUCCESS
}
