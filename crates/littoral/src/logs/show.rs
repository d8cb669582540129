//! Entries for people, in columns, or for machines, an object a line.

use std::io::{self, BufWriter, Stdout, Write};

use littoral_records::access::Entry;

use crate::console::{self, Paint};

/// Prints entries. Once nobody reads what is printed, it is over.
pub(super) struct Show {
    out: BufWriter<Stdout>,
    paint: Paint,
    json: bool,
    /// The date that was said last.
    date: String,
    line: Vec<u8>,
    over: bool,
}

impl Show {
    pub(super) fn new(json: bool) -> Show {
        let out = BufWriter::with_capacity(256 * 1024, io::stdout());
        Show { out, paint: Paint::for_stdout(), json, date: String::new(), line: Vec::new(), over: false }
    }

    pub(super) fn entry(&mut self, entry: &Entry<'_>) {
        self.line.clear();
        if self.json {
            entry.write_json(&mut self.line);
        } else {
            let (date, time) = entry.time.split_once('T').unwrap_or(("", &entry.time));
            if date != self.date {
                self.date = clean(date);
                let heading = console_heading(self.paint, &self.date);
                self.line.extend_from_slice(heading.as_bytes());
            }
            self.line.extend_from_slice(row(self.paint, entry, time).as_bytes());
        }
        self.over |= self.out.write_all(&self.line).is_err();
    }

    pub(super) fn flush(&mut self) {
        self.over |= self.out.flush().is_err();
    }

    pub(super) fn finish(&mut self) {
        self.flush();
    }

    pub(super) fn is_over(&self) -> bool {
        self.over
    }
}

/// The date once, and what the columns are.
fn console_heading(paint: Paint, date: &str) -> String {
    let columns = format!(
        "{date:<12}  {:<6}  {:<11}  {:>9}  {:>9}  {:<15}  {:<6}  URL",
        "STATUS", "CACHE", "TIME", "BYTES", "CLIENT", "METHOD"
    );
    paint.bold(&columns) + "\n"
}

fn row(paint: Paint, entry: &Entry<'_>, time: &str) -> String {
    let status = format!("{:<6}", entry.status);
    let status = match entry.status {
        _ if entry.cut => paint.red(&status),
        500.. => paint.red(&status),
        400..500 => paint.yellow(&status),
        300..400 => paint.cyan(&status),
        _ => paint.green(&status),
    };
    let cache = format!("{:<11}", or_dash(&entry.cache));
    let cache = match &*entry.cache {
        "hit" | "revalidated" => paint.green(&cache),
        "stale" => paint.magenta(&cache),
        "miss" | "collapsed" => paint.yellow(&cache),
        _ => paint.dim(&cache),
    };
    let took = entry.duration_micros.map_or_else(|| "-".to_owned(), micros);
    let mut url = clean(&entry.host) + &clean(&entry.target);
    if url.is_empty() {
        url.push('-');
    }
    format!(
        "{:<12}  {status}  {cache}  {took:>9}  {:>9}  {:<15}  {:<6}  {url}{}\n",
        clean(time.trim_end_matches('Z')),
        console::bytes(entry.bytes),
        clean(&entry.client),
        or_dash(&entry.method),
        remark(paint, entry),
    )
}

/// What is worth saying behind the URL: the origin's part, and what went wrong.
fn remark(paint: Paint, entry: &Entry<'_>) -> String {
    let mut parts = Vec::new();
    if !entry.origin.is_empty() {
        let took = entry.origin_micros.map(micros).unwrap_or_default();
        parts.push(format!("{} {took}", clean(&entry.origin)));
    }
    if !entry.detail.is_empty() {
        let detail = clean(&entry.detail);
        parts.push(if entry.cut { format!("cut off: {detail}") } else { detail });
    }
    if parts.is_empty() { String::new() } else { paint.dim(&format!("  ({})", parts.join(", "))) }
}

fn or_dash(text: &str) -> String {
    if text.is_empty() { "-".to_owned() } else { clean(text) }
}

/// Text from clients must not drive the terminal.
fn clean(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

/// A time for people: `420 µs`, `12.3 ms`, `4.56 s`.
fn micros(micros: u64) -> String {
    match micros {
        0..1000 => format!("{micros} µs"),
        1000..10_000 => format!("{:.2} ms", micros as f64 / 1e3),
        10_000..1_000_000 => format!("{:.1} ms", micros as f64 / 1e3),
        _ => format!("{:.2} s", micros as f64 / 1e6),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_what_happened_and_its_columns_stand_under_their_names() {
        let line = br#"{"time":"2026-11-21T05:00:00.123Z","duration_us":12345,"status":502,"bytes":2048,"cut":true,"client":"192.0.2.7","method":"GET","host":"a.example","target":"/\u001b[2J","cache":"miss","origin":"app","origin_us":420,"detail":"reset"}"#;
        let entry = Entry::parse(line).expect("a line");
        let paint = Paint::off();
        let row = row(paint, &entry, "05:00:00.123Z");
        assert_eq!(
            row,
            "05:00:00.123  502     miss           12.3 ms    2.0 KiB  192.0.2.7        GET     a.example/\u{fffd}[2J  \
             (app 420 µs, cut off: reset)\n"
        );
        let heading = console_heading(paint, "2026-11-21");
        for (name, cell) in [
            ("STATUS", "502"),
            ("CACHE", "miss"),
            ("CLIENT", "192.0.2.7"),
            ("METHOD", "GET"),
            ("URL", "a.example"),
        ] {
            assert_eq!(heading.find(name), row.find(cell), "{name}");
        }
    }
}
