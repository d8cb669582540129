//! What tests may not do: sleep, take a port of their own choice, hide behind a short name.

use crate::finding::{Check, Finding};
use crate::lexer::{Source, words};

/// Words in a test's name from which on it can be a sentence.
const NAME_WORDS_MIN: usize = 3;
/// Ports at which nothing listens, for tests of a refused connection.
const PORTS_OF_NOBODY: &[u32] = &[0, 1, 9];
/// How an address that may be listened on begins.
const HOSTS: &[&str] = &["127.0.0.1:", "127.0.0.2:", "0.0.0.0:", "localhost:", "[::1]:", "[::]:"];

/// Judges the test code of one Rust file.
pub fn check(source: &Source<'_>) -> Vec<Finding> {
    let code: Vec<&str> = source.code.lines().collect();
    let literals: Vec<&str> = source.literals.lines().collect();
    let mut findings = Vec::new();
    for (index, line) in code.iter().enumerate().filter(|(index, _)| source.is_test_line(*index)) {
        let find = |check, message: String, remedy: &str| {
            Finding::new(check, &source.file.path, index + 1, message, remedy)
        };
        if words(line).any(|word| matches!(word.text, "sleep" | "sleep_until") && word.after.starts_with('('))
        {
            let remedy = "wait for the event itself, or move the injected clock";
            findings.push(find(Check::TestSleeps, "a test that sleeps".into(), remedy));
        }
        if let Some(port) = fixed_port(line, literals[index]) {
            let remedy = "take port 0 and ask for the address";
            findings.push(find(Check::TestPort, format!("a test that takes port {port}"), remedy));
        }
        if is_test_attribute(line) {
            findings.extend(short_name(&code[index + 1..]).map(|name| {
                let remedy = "let the name say what holds: `stale_response_is_served_while_origin_is_down`";
                find(Check::TestName, format!("a test called `{name}`"), remedy)
            }));
        }
    }
    findings
}

fn is_test_attribute(line: &str) -> bool {
    let line = line.trim();
    line == "#[test]" || line.starts_with("#[tokio::test")
}

fn short_name<'a>(after: &[&'a str]) -> Option<&'a str> {
    let line = after.iter().find(|line| words(line).any(|word| word.text == "fn"))?;
    let name = words(line).skip_while(|word| word.text != "fn").nth(1)?.text;
    (name.split('_').filter(|part| !part.is_empty()).count() < NAME_WORDS_MIN).then_some(name)
}

/// A port, other than nobody's, that a line connects to or listens on.
fn fixed_port(code: &str, literals: &str) -> Option<u32> {
    let opens = |text: &str| matches!(text, "bind" | "connect" | "listen" | "TcpListener" | "TcpStream");
    let asks = ["--http", "--https", "--admin"].iter().any(|option| literals.contains(option));
    if asks || words(code).any(|word| opens(word.text)) {
        let written = HOSTS.iter().flat_map(|host| literals.split(host).skip(1)).filter_map(leading_number);
        return written.chain(built(code)).find(|port| !PORTS_OF_NOBODY.contains(port));
    }
    None
}

/// The port of `SocketAddr::from(([127, 0, 0, 1], 8080))` or `("127.0.0.1", 8080)`.
fn built(code: &str) -> Option<u32> {
    let tail = code.split("],").nth(1).filter(|_| code.contains("(["))?;
    leading_number(tail.trim_start())
}

fn leading_number(text: &str) -> Option<u32> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text[..end].parse().ok()
}
