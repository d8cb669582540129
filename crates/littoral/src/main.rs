//! The binary: reads the command line and hands over to the command's own module.
//!
//! `up` runs a node; `check` reads files; the other commands ask a running node through its
//! administration.

mod admin;
mod check;
mod cli;
mod client;
mod commands;
mod console;
mod data;
mod demo;
mod digests;
mod exit;
mod logs;
mod node;
mod shards;
mod sites;
mod top;
mod up;

use std::process::ExitCode;

use clap::Parser;

use cli::{Cli, Command};

/// Threads free what other threads have allocated, all day long: mimalloc is made for that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Cli::parse().command {
        Command::Up(arguments) => up::up(&arguments),
        Command::Check(arguments) => check::check(&arguments),
        Command::Reload(arguments) => commands::reload(&arguments),
        Command::Purge(arguments) => commands::purge(&arguments),
        Command::Explain(arguments) => commands::explain(&arguments),
        Command::Status(arguments) => commands::status(&arguments),
        Command::Metrics(arguments) => commands::metrics(&arguments),
        Command::Logs(arguments) => logs::logs(&arguments),
        Command::Top(arguments) => top::top(&arguments),
        Command::Digests(arguments) => commands::digests(&arguments),
        Command::Shard(arguments) => commands::shard(&arguments),
    }
}
