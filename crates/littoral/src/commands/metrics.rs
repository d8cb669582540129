//! `littoral metrics`: the node's metrics as they are.

use std::process::ExitCode;

use hyper::Method;

use super::failed;
use crate::cli::Metrics;
use crate::client;
use crate::console;

/// Prints the metrics.
pub(crate) fn metrics(arguments: &Metrics) -> ExitCode {
    match client::ask(&arguments.target, &Method::GET, "/metrics", None) {
        Ok(text) => {
            console::say_raw(&String::from_utf8_lossy(&text));
            ExitCode::SUCCESS
        }
        Err(error) => failed(&error),
    }
}
