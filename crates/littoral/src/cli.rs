//! The command line: what can be asked for, and how it is explained.
//!
//! Only shapes and words; what a command does is in the module of its name.

mod traffic;

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

pub(crate) use traffic::{Digests, Logs, Shard, Top};

const EXIT_CODES: &str = "\
Exit codes:
  0  done
  1  files have mistakes, or the node refused what was asked
  2  the command line is wrong
  3  no node answered
  4  the node could not start
  5  the node stopped before everything in flight had finished";

const START_EXAMPLES: &str = "\
Three ways to start:
  littoral up --demo                                 a demo site, to look around
  littoral up --origin https://app.example.com       in front of an origin, without files
  littoral up -c /etc/littoral/littoral.toml         from a node file and site files

Signals:
  TERM, INT  finish what is in flight (30 s at most), then stop; a second one stops at once
  HUP        apply changed site files and open the access log anew
  USR1       open the access log anew

Exit codes: 0 stopped, everything in flight finished; 4 could not start; 5 stopped with requests cut off.";

/// A content delivery network that one engineer can run.
#[derive(Parser, Debug)]
#[command(name = "littoral", version, after_help = EXIT_CODES, propagate_version = false)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Run this node
    #[command(after_help = START_EXAMPLES)]
    Up(Up),
    /// Read node and site files and report every mistake in them
    #[command(after_help = "Exit codes: 0 no mistakes, 1 mistakes.")]
    Check(Check),
    /// Apply changed site files to the running node
    #[command(
        after_help = "Exit codes: 0 applied, 1 a file was refused (its old form serves on), 3 no node answered."
    )]
    Reload(Reload),
    /// Make stored responses unusable
    #[command(after_help = EXIT_CODES)]
    Purge(Purge),
    /// Say what the node would do with a URL, and why
    #[command(after_help = EXIT_CODES)]
    Explain(Explain),
    /// Say what the node holds and does
    #[command(after_help = EXIT_CODES)]
    Status(Status),
    /// Print the node's metrics in Prometheus' text format
    #[command(after_help = EXIT_CODES)]
    Metrics(Metrics),
    /// Read the access log: of this machine's node, of files, or of standard input
    #[command(after_help = traffic::LOGS_HELP)]
    Logs(Logs),
    /// Watch what the node does, live
    #[command(after_help = traffic::TOP_HELP)]
    Top(Top),
    /// Write the digests of sampled requests to standard output
    #[command(after_help = traffic::DIGESTS_HELP)]
    Digests(Digests),
    /// Say which of a site's shard hostnames an asset's URL belongs to
    #[command(after_help = traffic::SHARD_HELP)]
    Shard(Shard),
}

#[derive(Args, Debug, Default)]
pub(crate) struct Up {
    /// Node file; without any of --config, --origin and --demo: /etc/littoral/littoral.toml
    #[arg(short, long = "config", value_name = "FILE", conflicts_with_all = ["origin", "demo"])]
    pub(crate) config: Option<PathBuf>,
    /// Serve this origin for every host, without any file
    #[arg(long, value_name = "URL", conflicts_with = "demo")]
    pub(crate) origin: Option<String>,
    /// Serve a demo site from an origin inside this process
    #[arg(long)]
    pub(crate) demo: bool,
    /// Listen here for HTTP (repeatable; replaces what the node file says; port 0 takes any free port)
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) http: Vec<SocketAddr>,
    /// Listen here for HTTPS (repeatable)
    #[arg(long, value_name = "ADDR", value_parser = address)]
    pub(crate) https: Vec<SocketAddr>,
    /// Certificate chain for HTTPS, PEM; without it one is made that nobody vouches for
    #[arg(long, value_name = "PEM", requires = "key")]
    pub(crate) certificate: Option<PathBuf>,
    /// Private key of the certificate, PEM
    #[arg(long, value_name = "PEM", requires = "certificate")]
    pub(crate) key: Option<PathBuf>,
    /// Administration: a path for a Unix socket, or an address for TCP with a token
    #[arg(long, value_name = "ADDR")]
    pub(crate) admin: Option<String>,
    /// Folder for what the node keeps
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Threads that serve requests; default: one for each processor
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) workers: Option<u16>,
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    /// Node files, with the site files that they name, and site files
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
}

/// Which node, and in which form it is answered.
#[derive(Args, Debug, Default)]
pub(crate) struct Target {
    /// The node's administration: a Unix socket's path, unix:PATH, or http://HOST:PORT
    #[arg(long, value_name = "ADDR", env = "LITTORAL_ADMIN")]
    pub(crate) admin: Option<String>,
    /// File with the token for administration over TCP; or the token itself in LITTORAL_TOKEN
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(crate) struct Reload {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Purge {
    /// URLs to purge
    #[arg(value_name = "URL", help = "URLs to purge, such as https://example.com/a?b=c")]
    pub(crate) urls: Vec<String>,
    /// Purge everything with this surrogate key (repeatable)
    #[arg(long = "tag", value_name = "KEY")]
    pub(crate) tags: Vec<String>,
    /// Purge everything whose URL begins so (repeatable)
    #[arg(long = "prefix", value_name = "PREFIX")]
    pub(crate) prefixes: Vec<String>,
    /// Only in this site; named alone, all of it
    #[arg(long, value_name = "SITE")]
    pub(crate) site: Option<String>,
    /// All of --site, said aloud
    #[arg(long)]
    pub(crate) everything: bool,
    /// Make stale instead of absent: the origin is asked, and errors are bridged with what was stored
    #[arg(long)]
    pub(crate) soft: bool,
    /// Also let go of the bytes at once; not together with --soft
    #[arg(long, conflicts_with = "soft")]
    pub(crate) erase: bool,
    /// Return when every node has applied it (one node always has when it answers)
    #[arg(long)]
    pub(crate) wait: bool,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Explain {
    /// The URL as a client would ask for it
    #[arg(value_name = "URL")]
    pub(crate) url: String,
    /// The request's method
    #[arg(long, short = 'X', value_name = "METHOD", default_value = "GET")]
    pub(crate) method: String,
    /// A request header field, `Name: value` (repeatable)
    #[arg(long = "header", short = 'H', value_name = "FIELD", value_parser = header_field)]
    pub(crate) headers: Vec<(String, String)>,
    /// The client's address
    #[arg(long, value_name = "IP")]
    pub(crate) from: Option<IpAddr>,
    /// Bytes of content that the request brings
    #[arg(long = "body", value_name = "BYTES")]
    pub(crate) body_bytes: Option<u64>,
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Status {
    #[command(flatten)]
    pub(crate) target: Target,
    /// Print the answer as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Metrics {
    #[command(flatten)]
    pub(crate) target: Target,
}

/// `ADDR`: an IP address with a port, or `:PORT` for all addresses of the machine.
pub(crate) fn address(text: &str) -> Result<SocketAddr, String> {
    if let Some(port) = text.strip_prefix(':')
        && let Ok(port) = port.parse::<u16>()
    {
        return Ok(everywhere(port));
    }
    text.parse().map_err(|_| {
        let hint = match text.rsplit_once(':') {
            Some(("localhost", port)) => format!("write 127.0.0.1:{port}"),
            _ if text.parse::<IpAddr>().is_ok() => "the port is missing".to_owned(),
            _ if text.parse::<u16>().is_ok() => {
                format!("write :{text} for all addresses, or 127.0.0.1:{text}")
            }
            _ => "expected an IP address with a port, such as 127.0.0.1:8080, [::]:80 or :80".to_owned(),
        };
        format!("this is no address: {hint}")
    })
}

/// All addresses of the machine: IPv6 and IPv4 where there is IPv6.
pub(crate) fn everywhere(port: u16) -> SocketAddr {
    if littoral_runtime::host::has_ipv6() {
        (std::net::Ipv6Addr::UNSPECIFIED, port).into()
    } else {
        (std::net::Ipv4Addr::UNSPECIFIED, port).into()
    }
}

fn header_field(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once(':').ok_or("expected `Name: value`")?;
    if name.is_empty() || name.contains(char::is_whitespace) {
        return Err("the name before the colon has no blanks in it".to_owned());
    }
    Ok((name.to_owned(), value.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn an_address_that_is_none_says_how_to_write_it() {
        assert_eq!(address("127.0.0.1:0").map(|a| a.port()), Ok(0));
        assert_eq!(address(":8080").map(|a| (a.port(), a.ip().is_unspecified())), Ok((8080, true)));
        for (text, hint) in [
            ("localhost:80", "127.0.0.1:80"),
            ("8080", ":8080 for all"),
            ("::1", "port is missing"),
            ("x", "such as"),
        ] {
            let said = address(text).expect_err(text);
            assert!(said.contains(hint), "{text}: {said}");
        }
    }

    #[test]
    fn a_header_field_is_split_at_its_first_colon() {
        assert_eq!(header_field("Referer: http://a/"), Ok(("Referer".to_owned(), "http://a/".to_owned())));
        assert!(header_field("none").is_err() && header_field("a b: c").is_err());
    }
}
