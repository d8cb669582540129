//! Metrics as text: the Prometheus exposition format 0.0.4.
//!
//! Writes what it is given, in the order given; it deliberately keeps no registry. A family's samples
//! must follow its [`Exposition::family`] without another family between.

use std::fmt::Write;

use crate::HistogramSum;

/// The `Content-Type` of the finished text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What kind of family follows, as the `TYPE` line names it.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum FamilyKind {
    /// Only grows; its name ends in `_total`.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Cumulative buckets, sum and count.
    Histogram,
}

/// A page of metrics being written.
#[derive(Debug, Default)]
pub struct Exposition {
    text: String,
    family: &'static str,
}

impl Exposition {
    /// An empty page.
    pub fn new() -> Exposition {
        Exposition::default()
    }

    /// Begins a family: its `HELP` and `TYPE` lines. `name` must be `[a-zA-Z_:][a-zA-Z0-9_:]*`.
    pub fn family(&mut self, name: &'static str, kind: FamilyKind, help: &str) -> &mut Exposition {
        debug_assert!(is_metric_name(name), "{name} is no metric name");
        debug_assert!(kind != FamilyKind::Counter || name.ends_with("_total"), "{name} lacks _total");
        self.family = name;
        self.text.push_str("# HELP ");
        self.text.push_str(name);
        self.text.push(' ');
        escape(&mut self.text, help, false);
        let kind = match kind {
            FamilyKind::Counter => "counter",
            FamilyKind::Gauge => "gauge",
            FamilyKind::Histogram => "histogram",
        };
        let _ = write!(self.text, "\n# TYPE {name} {kind}\n");
        self
    }

    /// One whole-numbered sample of the current family.
    pub fn sample(&mut self, labels: &[(&str, &str)], value: u64) -> &mut Exposition {
        self.line("", labels, None, format_args!("{value}"))
    }

    /// One sample of the current family with a sign or a fraction.
    pub fn sample_f64(&mut self, labels: &[(&str, &str)], value: f64) -> &mut Exposition {
        match value {
            v if v.is_nan() => self.line("", labels, None, format_args!("NaN")),
            v if v.is_infinite() => {
                self.line("", labels, None, format_args!("{}Inf", if v > 0.0 { '+' } else { '-' }))
            }
            v => self.line("", labels, None, format_args!("{v}")),
        }
    }

    /// Buckets, sum and count of the current family, in seconds.
    pub fn histogram(&mut self, labels: &[(&str, &str)], sum: &HistogramSum) -> &mut Exposition {
        for (bound_nanos, count) in sum.cumulative() {
            self.line("_bucket", labels, Some(&seconds(bound_nanos)), format_args!("{count}"));
        }
        let count = sum.count();
        self.line("_bucket", labels, Some("+Inf"), format_args!("{count}"));
        self.line("_sum", labels, None, format_args!("{}", sum.sum_seconds()));
        self.line("_count", labels, None, format_args!("{count}"))
    }

    /// The page.
    pub fn finish(self) -> String {
        self.text
    }

    fn line(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        le: Option<&str>,
        value: std::fmt::Arguments<'_>,
    ) -> &mut Exposition {
        debug_assert!(!self.family.is_empty(), "a sample stands before its family");
        self.text.push_str(self.family);
        self.text.push_str(suffix);
        let all = labels.iter().copied().chain(le.map(|bound| ("le", bound)));
        let mut any = false;
        for (name, value) in all {
            debug_assert!(is_label_name(name), "{name} is no label name");
            self.text.push(if any { ',' } else { '{' });
            any = true;
            self.text.push_str(name);
            self.text.push_str("=\"");
            escape(&mut self.text, value, true);
            self.text.push('"');
        }
        if any {
            self.text.push('}');
        }
        let _ = writeln!(self.text, " {value}");
        self
    }
}

/// A bound as a decimal fraction of a second without rounding: 1e-5 prints as `0.00001`.
fn seconds(nanos: u64) -> String {
    let whole = nanos / 1_000_000_000;
    let fraction = format!("{:09}", nanos % 1_000_000_000);
    match fraction.trim_end_matches('0') {
        "" => whole.to_string(),
        digits => format!("{whole}.{digits}"),
    }
}

/// Backslash and line feed are escaped everywhere, the quotation mark only in label values.
fn escape(out: &mut String, text: &str, quotes: bool) {
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '"' if quotes => out.push_str("\\\""),
            c => out.push(c),
        }
    }
}

fn is_metric_name(name: &str) -> bool {
    let mut bytes = name.bytes();
    bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_' || b == b':')
        && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b':')
}

fn is_label_name(name: &str) -> bool {
    is_metric_name(name) && !name.contains(':')
}
