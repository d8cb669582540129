//! Command-line options: `--name value`, or `--name` alone for the few that are switches.

use std::collections::BTreeMap;
use std::str::FromStr;

const SWITCHES: &[&str] = &["unique"];
const NAMES: &[&str] = &[
    "servers",
    "rows",
    "rounds",
    "secs",
    "littoral",
    "out",
    "port",
    "path",
    "zipf",
    "header",
    "expect",
    "connections",
    "pid",
    "unique",
];

/// What stood on the command line.
#[derive(Default)]
pub struct Options(BTreeMap<String, String>);

impl Options {
    /// Reads them; an unknown one is a mistake.
    pub fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut options = Self::default();
        while let Some(argument) = arguments.next() {
            let name = argument.strip_prefix("--").filter(|name| NAMES.contains(name));
            let name = name.ok_or_else(|| format!("`{argument}` is no option; they are {NAMES:?}"))?;
            let value = if SWITCHES.contains(&name) { Some(String::new()) } else { arguments.next() };
            options.0.insert(name.to_owned(), value.ok_or_else(|| format!("--{name} wants a value"))?);
        }
        Ok(options)
    }

    /// The option's value, if it was given and is not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// Whether the switch was given.
    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// The option's value as a number, or `default`.
    pub fn number<T: FromStr>(&self, name: &str, default: T) -> Result<T, String> {
        match self.text(name) {
            None => Ok(default),
            Some(text) => text.parse().map_err(|_| format!("--{name} wants a number, not `{text}`")),
        }
    }

    /// The option's value as a list with commas; empty when it was not given.
    pub fn list(&self, name: &str) -> Vec<&str> {
        self.text(name).map(|text| text.split(',').map(str::trim).collect()).unwrap_or_default()
    }
}
