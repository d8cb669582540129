//! Commands that look at traffic: log, live figures, digests, shards.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Target;
use crate::digests::DigestFormat;
use crate::logs::{Moment, StatusPattern};

pub(super) const LOGS_HELP: &str = "\
Without FILE, the log of this machine's node: its administration says where that is, or the node file (--config).
Rotated files come first, the oldest before all; compressed ones are left out (`zcat access.log.*.gz | littoral logs -`).
Lines of both formats are read, ours in JSON and everybody's combined. One that is neither is counted, not fatal.

Examples:
  littoral logs -f                                   what happens now
  littoral logs --since 10m --status 5xx             the failures of the last ten minutes
  littoral logs --json --cache miss | jq -r .target  what was fetched

Exit codes: 0 read; 1 a file cannot be read, or the node keeps no log file; 2 the command line is wrong;
3 no node answered.";

pub(super) const TOP_HELP: &str = "\
Keys: q, Escape or Ctrl-C quits.
Without a terminal: --once prints one frame, --json an object for each interval (with --once, one).

Exit codes: 0 quit; 2 the command line is wrong; 3 no node answered.";

pub(super) const DIGESTS_HELP: &str = "\
Examples:
  littoral digests --format csv > requests.csv
  littoral digests > requests.digests; littoral digests --format oracle requests.digests > requests.oracleGeneral

Exit codes: 0 written; 1 the node takes no digests, or the file holds none; 2 the command line is wrong;
3 no node answered.";

pub(super) const SHARD_HELP: &str = "\
The path chooses, the query does not: a new version of an asset stays where it was. The same path has the same shard
for ever, whatever the order of the hostnames; one that is added takes its share from all others.

Examples:
  littoral shard https://www.example.com/img/a.png                      by the site in force on the running node
  littoral shard -c littoral.toml https://www.example.com/img/a.png     by the site files
  littoral shard --hosts s1.example.com,s2.example.com /img/a.png       without a site

Exit codes: 0 said; 1 no site answers for the host, or it has no shards; 2 the command line is wrong;
3 no node answered.";

#[derive(Args, Debug)]
pub(crate) struct Logs {
    /// Log files, read in this order; `-` is standard input
    #[arg(value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// Go on with what is written from now on, across rotation; first the last 10 lines, or --lines
    #[arg(short, long)]
    pub(crate) follow: bool,
    /// Only the last N lines that fit
    #[arg(short = 'n', long, value_name = "N", value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    pub(crate) lines: Option<u32>,
    /// Only requests since then: a duration (10m, 2h, 1d) or a time (2026-11-21T05:00:00Z)
    #[arg(long, value_name = "WHEN")]
    pub(crate) since: Option<Moment>,
    /// Only requests before then, written like --since
    #[arg(long, value_name = "WHEN", conflicts_with = "follow")]
    pub(crate) until: Option<Moment>,
    /// Only of this site (repeatable)
    #[arg(long, value_name = "SITE")]
    pub(crate) site: Vec<String>,
    /// Only for this host (repeatable)
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Vec<String>,
    /// Only with this status: 404, or 5xx (repeatable)
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Vec<StatusPattern>,
    /// Only with this cache result: hit, stale, revalidated, miss, collapsed, pass, local (repeatable)
    #[arg(long, value_name = "RESULT", value_parser = clap::builder::PossibleValuesParser::new(CACHE_RESULTS))]
    pub(crate) cache: Vec<String>,
    /// Only the request with this id
    #[arg(long, value_name = "ID")]
    pub(crate) id: Option<String>,
    /// Print an object of JSON a line
    #[arg(long)]
    pub(crate) json: bool,
    /// The node file that says where the log is, instead of a running node
    #[arg(short, long = "config", value_name = "NODEFILE", conflicts_with = "files")]
    pub(crate) config: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) target: Target,
}

/// As the log names them.
const CACHE_RESULTS: [&str; 7] = ["hit", "stale", "revalidated", "miss", "collapsed", "pass", "local"];

#[derive(Args, Debug)]
pub(crate) struct Top {
    /// Print one frame and end; it looks at one interval
    #[arg(long)]
    pub(crate) once: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    /// Time between two looks: 200ms to 1h
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = interval)]
    pub(crate) interval: Duration,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Args, Debug)]
pub(crate) struct Digests {
    /// A file of digests to export, instead of those of the running node
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// The form to write
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: DigestFormat,
    #[command(flatten)]
    pub(crate) target: Target,
}

#[derive(Args, Debug)]
pub(crate) struct Shard {
    /// URLs of assets; with --hosts, paths too
    #[arg(required = true, value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// The hostnames to choose from, separated by commas
    #[arg(long, value_name = "HOST", value_delimiter = ',', conflicts_with = "config")]
    pub(crate) hosts: Vec<String>,
    /// The node file whose sites say the hostnames, instead of a running node
    #[arg(short, long = "config", value_name = "NODEFILE")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) target: Target,
}

fn interval(text: &str) -> Result<Duration, String> {
    let parsed = littoral_model::parse_duration(text)
        .map_err(|mistake| format!("{mistake}: a whole number and ms, s, m or h, such as 1s"))?;
    let bounds = Duration::from_millis(200)..=Duration::from_secs(3600);
    if bounds.contains(&parsed) { Ok(parsed) } else { Err("200ms to 1h".to_owned()) }
}
