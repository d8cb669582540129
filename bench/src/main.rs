//! `littoral-bench`: the edge beside its peers on this machine.
//!
//! `compare` starts every server in turn behind one origin and measures the rows; `load` and `origin` are its two
//! halves by themselves, for measuring by hand. Nothing here is part of the product, and nothing leaves loopback.

mod compare;
mod content;
mod cpu;
mod histogram;
mod load;
mod net;
mod options;
mod origin;
mod report;
mod rows;
mod servers;
mod steal;

use std::process::ExitCode;

const USAGE: &str = "usage: littoral-bench compare [--servers A,B] [--rows R,S] [--rounds N] [--secs S]
                              [--littoral BINARY] [--out FILE]
       littoral-bench load --port P [--path /1k] [--zipf N] [--unique] [--header 'Name: value'] [--expect 200]
                           [--connections 64] [--secs 3] [--pid P]
       littoral-bench origin [--port 0]";

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let outcome = options::Options::parse(arguments).and_then(|options| match command.as_str() {
        "compare" => compare::run(&options),
        "load" => load::command(&options),
        "origin" => origin::command(&options),
        _ => Err(USAGE.to_owned()),
    });
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}
