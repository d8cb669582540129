//! All that the commands print: results on standard output, messages on standard error.
//!
//! Colours only on a terminal (and not with `NO_COLOR`). A reader that has gone away is no error.

mod outline;

use std::fmt::Display;
use std::io::{self, IsTerminal, Write};

pub(crate) use outline::{outline, plain};

/// Prints a result, with a line feed.
pub(crate) fn say(text: impl Display) {
    let _ = writeln!(io::stdout().lock(), "{text}");
}

/// Prints a result as it is.
pub(crate) fn say_raw(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}

/// Prints bytes as they are.
pub(crate) fn say_bytes(bytes: &[u8]) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(bytes);
    let _ = out.flush();
}

/// Whether standard output is a terminal.
pub(crate) fn is_terminal() -> bool {
    io::stdout().is_terminal()
}

/// A plain message for the operator.
pub(crate) fn tell(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "littoral: {text}");
}

/// Something that the operator should look at, in full, as it is.
pub(crate) fn tell_raw(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// What failed and what to do about it.
pub(crate) fn fail(error: impl Display, hint: Option<&str>) {
    let paint = Paint::for_stderr();
    let mut err = io::stderr().lock();
    let _ = writeln!(err, "{} {error}", paint.red("error:"));
    if let Some(hint) = hint {
        let _ = writeln!(err, "  {} {hint}", paint.bold("hint:"));
    }
}

/// Colours, or none.
#[derive(Copy, Clone)]
pub(crate) struct Paint(bool);

impl Paint {
    pub(crate) fn for_stdout() -> Paint {
        Paint(io::stdout().is_terminal() && colours_wanted())
    }

    pub(crate) fn for_stderr() -> Paint {
        Paint(io::stderr().is_terminal() && colours_wanted())
    }

    /// No colours.
    #[cfg(test)]
    pub(crate) fn off() -> Paint {
        Paint(false)
    }

    pub(crate) fn is_on(self) -> bool {
        self.0
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.with("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.with("1;31", text)
    }

    pub(crate) fn green(self, text: &str) -> String {
        self.with("32", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.with("33", text)
    }

    pub(crate) fn magenta(self, text: &str) -> String {
        self.with("35", text)
    }

    pub(crate) fn cyan(self, text: &str) -> String {
        self.with("36", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
}

fn colours_wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// Columns as wide as their widest cell, two blanks apart; the heading bold.
pub(crate) fn table(paint: Paint, heading: &[&str], rows: &[Vec<String>]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(heading.get(column).map(|cell| cell.chars().count())).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..heading.len()).map(width).collect();
    let line = |cells: &mut dyn Iterator<Item = &str>| {
        let padded: Vec<String> = cells.zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        padded.join("  ").trim_end().to_owned()
    };
    let mut text = paint.bold(&line(&mut heading.iter().copied()));
    for row in rows {
        text.push('\n');
        text.push_str(&line(&mut row.iter().map(String::as_str)));
    }
    text
}

/// Names and values beneath each other, values aligned.
pub(crate) fn pairs(paint: Paint, rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let lines: Vec<String> = rows
        .iter()
        .map(|(name, value)| format!("{}  {value}", paint.dim(&format!("{name:<width$}"))))
        .collect();
    lines.join("\n")
}

/// Bytes for people: `1.5 MiB`.
pub(crate) fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let power = (n.max(1).ilog2() / 10).min(4);
    if power == 0 {
        return format!("{n} B");
    }
    format!("{:.1} {}", n as f64 / (1_u64 << (10 * power)) as f64, UNITS[power as usize])
}

/// Text that may come from an origin or a client: it must not drive the terminal.
pub(crate) fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// `1 file`, `2 files`.
pub(crate) fn count(n: usize, noun: &str) -> String {
    if n == 1 { format!("1 {noun}") } else { format!("{n} {noun}s") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [vec!["a".to_owned(), "long cell".to_owned()], vec!["longer".to_owned(), "b".to_owned()]];
        let text = table(Paint(false), &["ONE", "TWO"], &rows);
        assert_eq!(text, "ONE     TWO\na       long cell\nlonger  b");
    }

    #[test]
    fn sizes_are_rounded_to_their_unit() {
        let said: Vec<String> = [0, 1023, 1024, 1_572_864, 1 << 30].into_iter().map(bytes).collect();
        assert_eq!(said, ["0 B", "1023 B", "1.0 KiB", "1.5 MiB", "1.0 GiB"]);
    }
}
