//! `littoral purge`: makes stored responses unusable and says how long that took.

use std::process::ExitCode;
use std::time::Instant;

use hyper::Method;
use serde_json::{Value, json};

use super::{failed, parsed, print_json};
use crate::cli::Purge;
use crate::client;
use crate::console;
use crate::exit;

/// Purges and prints what was purged.
pub(crate) fn purge(arguments: &Purge) -> ExitCode {
    if let Err(hint) = check(arguments) {
        console::fail("what is to be purged?", Some(hint));
        return exit::USAGE.into();
    }
    // A site named alone means all of it.
    let whole = arguments.urls.is_empty() && arguments.tags.is_empty() && arguments.prefixes.is_empty();
    let request = json!({
        "site": arguments.site,
        "urls": arguments.urls,
        "prefixes": arguments.prefixes,
        "tags": arguments.tags,
        "everything": whole,
        "soft": arguments.soft,
        "erase": arguments.erase,
    });
    let begun = Instant::now();
    let answer = client::ask(&arguments.target, &Method::POST, "/v1/purge", Some(&request));
    let round_trip_millis = begun.elapsed().as_secs_f64() * 1e3;
    match answer.map_err(|error| failed(&error)).and_then(|body| parsed(&body)) {
        Ok(receipt) if arguments.json => print_json(&receipt),
        Ok(receipt) => print(arguments, &receipt, round_trip_millis),
        Err(code) => return code,
    }
    ExitCode::SUCCESS
}

fn check(arguments: &Purge) -> Result<(), &'static str> {
    let narrow = !(arguments.urls.is_empty() && arguments.tags.is_empty() && arguments.prefixes.is_empty());
    match (narrow, arguments.everything, &arguments.site) {
        (true, false, _) | (false, _, Some(_)) => Ok(()),
        (true, true, _) => Err("--everything stands alone: leave out the URLs, tags and prefixes"),
        (false, true, None) => Err("everything of which site? name it with --site"),
        (false, false, None) => Err("name URLs, --tag, --prefix, or a whole --site"),
    }
}

fn print(arguments: &Purge, receipt: &Value, round_trip_millis: f64) {
    let how = if arguments.soft { "made stale" } else { "purged" };
    let mut what: Vec<String> = arguments.urls.clone();
    what.extend(arguments.prefixes.iter().map(|prefix| format!("{prefix}*")));
    what.extend(arguments.tags.iter().map(|tag| format!("surrogate key {tag}")));
    if let (true, Some(site)) = (what.is_empty(), &arguments.site) {
        what.push(format!("everything of {site}"));
    }
    what.iter().for_each(|what| console::say(format_args!("{how}  {what}")));
    let figure = |name: &str| console::plain(name, &receipt[name]);
    if arguments.erase {
        console::say(format_args!("erased  {} stored responses", figure("erased")));
    }
    let took = receipt["milliseconds"].as_f64().unwrap_or(round_trip_millis);
    console::say(format_args!(
        "1 node, {} of {} threads, position {}: {took:.2} ms ({round_trip_millis:.2} ms as seen from here)",
        figure("threads"),
        figure("threads_total"),
        figure("position"),
    ));
}
