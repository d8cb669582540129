//! `littoral status`: what the node holds and does.

use std::process::ExitCode;

use hyper::Method;

use super::{failed, parsed, print_json};
use crate::cli::Status;
use crate::client;
use crate::console::{self, Paint};

/// Prints the node's state.
pub(crate) fn status(arguments: &Status) -> ExitCode {
    let answer = client::ask(&arguments.target, &Method::GET, "/v1/status", None);
    match answer.map_err(|error| failed(&error)).and_then(|body| parsed(&body)) {
        Ok(status) if arguments.json => print_json(&status),
        Ok(status) => console::say(console::outline(Paint::for_stdout(), &status)),
        Err(code) => return code,
    }
    ExitCode::SUCCESS
}
