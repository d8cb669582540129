//! The commands that talk to a running node: each asks one question and prints the answer.

mod digests;
mod explain;
mod metrics;
mod purge;
mod reload;
mod shard;
mod status;

use std::process::ExitCode;

use serde_json::Value;

use crate::client::AskError;
use crate::console;
use crate::exit;

pub(crate) use digests::digests;
pub(crate) use explain::explain;
pub(crate) use metrics::metrics;
pub(crate) use purge::purge;
pub(crate) use reload::reload;
pub(crate) use shard::shard;
pub(crate) use status::status;

/// Prints why there is no answer; which exit code says so.
pub(crate) fn failed(error: &AskError) -> ExitCode {
    console::fail(error, error.hint());
    match error {
        AskError::Unreached(_) | AskError::Broken(..) => exit::UNREACHED.into(),
        AskError::Usage(_) => exit::USAGE.into(),
        AskError::Refused { .. } => exit::REFUSED.into(),
    }
}

/// The answer as a value; prints it if it is no JSON.
pub(crate) fn parsed(body: &[u8]) -> Result<Value, ExitCode> {
    serde_json::from_slice(body).map_err(|error| {
        console::fail(format!("the node's answer is no JSON: {error}"), Some("is it a littoral node?"));
        exit::UNREACHED.into()
    })
}

/// For machines: one line, members in the node's order.
fn print_json(value: &Value) {
    console::say(value);
}
