//! `littoral digests`: the digests of sampled requests, of the running node or of a file, in the form that is wanted.

use std::fs;
use std::process::ExitCode;

use hyper::Method;

use super::failed;
use crate::cli::Digests;
use crate::client;
use crate::console;
use crate::exit;

/// Writes the digests to standard output.
pub(crate) fn digests(arguments: &Digests) -> ExitCode {
    if console::is_terminal() && arguments.format != crate::digests::DigestFormat::Csv {
        console::fail("this form is not for terminals", Some("write it to a file: littoral digests > FILE"));
        return exit::USAGE.into();
    }
    // The node hands out what it has; other forms are made here, where nothing waits for it.
    let binary = match &arguments.file {
        Some(file) => match fs::read(file) {
            Ok(binary) => binary,
            Err(error) => return refused(&format!("cannot read {}: {error}", file.display())),
        },
        None => match client::ask(&arguments.target, &Method::GET, "/v1/digests?format=binary", None) {
            Ok(binary) => binary.to_vec(),
            Err(error) => return failed(&error),
        },
    };
    match arguments.format.export(binary) {
        Ok(bytes) => {
            console::say_bytes(&bytes);
            ExitCode::SUCCESS
        }
        Err(mistake) => refused(&mistake.to_string()),
    }
}

fn refused(why: &str) -> ExitCode {
    console::fail(why, None);
    exit::REFUSED.into()
}
