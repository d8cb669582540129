//! `littoral shard`: which of a site's shard hostnames an asset's URL belongs to.

use std::path::Path;
use std::process::ExitCode;

use hyper::Method;
use serde_json::{Value, json};

use super::{failed, parsed, print_json};
use crate::cli::Shard;
use crate::client;
use crate::console;
use crate::exit;
use crate::shards::{self, Sharded};
use crate::sites::{self, SiteBook, SitePattern, SiteSource};

/// Prints each URL under its shard.
pub(crate) fn shard(arguments: &Shard) -> ExitCode {
    let hosts: Vec<&str> =
        arguments.hosts.iter().map(|host| host.trim()).filter(|host| !host.is_empty()).collect();
    let found = if !hosts.is_empty() {
        all(&arguments.urls, |url| shards::of_hosts(&hosts, None, url))
    } else if let Some(file) = &arguments.config {
        of_files(file, &arguments.urls)
    } else {
        let question = json!({ "urls": arguments.urls });
        let answer = client::ask(&arguments.target, &Method::POST, "/v1/shard", Some(&question));
        match answer.map_err(|error| failed(&error)).and_then(|body| parsed(&body)) {
            Ok(answer) => Ok(answer["shards"].clone()),
            Err(code) => return code,
        }
    };
    match found {
        Ok(shards) if arguments.json => print_json(&json!({ "shards": shards })),
        Ok(shards) => {
            for shard in shards.as_array().into_iter().flatten() {
                console::say(console::plain("sharded", &shard["sharded"]));
            }
        }
        Err(why) => {
            console::fail(why, None);
            return exit::REFUSED.into();
        }
    }
    ExitCode::SUCCESS
}

fn all(urls: &[String], of: impl Fn(&str) -> Result<Sharded, String>) -> Result<Value, String> {
    let shards: Vec<Sharded> = urls.iter().map(|url| of(url)).collect::<Result<_, _>>()?;
    serde_json::to_value(shards).map_err(|error| error.to_string())
}

/// By the site files that a node file names.
fn of_files(file: &Path, urls: &[String]) -> Result<Value, String> {
    let (node, base) = sites::read_node(file)?;
    let patterns = node.sites.iter().map(|pattern| SitePattern::new(&base, &pattern.value));
    let patterns = patterns.collect::<Result<Vec<_>, _>>().map_err(|error| error.to_string())?;
    let (policy, report) = SiteBook::new(SiteSource::Files(patterns)).reload();
    if report.refused > 0 {
        let hint = "files with mistakes are left out: `littoral check` explains them";
        console::tell(format_args!("{}: {hint}", console::count(report.refused, "site file")));
    }
    let policy = policy.ok_or_else(|| format!("no site of {} is sound", file.display()))?;
    all(urls, |url| shards::of_policy(&policy, url))
}
