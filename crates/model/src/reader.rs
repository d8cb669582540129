//! One reading of one file: its TOML and the mistakes found so far.
//!
//! After a mistake of syntax the parser goes on as well as it can, so what it then yields is checked too, but for
//! lines with such mistakes and for what seems to be absent: that may only have been lost.

use crate::{FILE_BYTES_MAX, Mistake, Span, quoted};
use std::cell::RefCell;
use toml::Spanned as Parsed;
use toml::de::{DeTable, Error};

/// Most mistakes of syntax that are reported; what follows the first few is noise.
const SYNTAX_MISTAKES_MAX: usize = 16;

/// Collects the mistakes of one file.
pub(crate) struct Reader<'s> {
    file: &'s str,
    source: &'s str,
    syntax: Vec<Mistake>,
    found: RefCell<Vec<Mistake>>,
}

impl<'s> Reader<'s> {
    /// Parses `source`. The table holds what could be understood.
    pub(crate) fn new(source: &'s str, file: &'s str) -> (Reader<'s>, Parsed<DeTable<'s>>) {
        let reader = Reader { file, source, syntax: Vec::new(), found: RefCell::default() };
        if source.len() > FILE_BYTES_MAX {
            let mistake = Mistake::of_file(file, format!("the file is longer than {FILE_BYTES_MAX} bytes"));
            return (Reader { syntax: vec![mistake], ..reader }, Parsed::new(0..0, DeTable::new()));
        }
        let (table, errors) = DeTable::parse_recoverable(source);
        let mut syntax: Vec<Mistake> = Vec::new();
        for error in errors {
            let mistake = syntax_mistake(source, file, &error);
            // One slip often makes several errors in a row; the first says it.
            let same_line = |other: &Mistake| line_of(source, other) == line_of(source, &mistake);
            if syntax.len() < SYNTAX_MISTAKES_MAX && !syntax.iter().any(same_line) {
                syntax.push(mistake);
            }
        }
        Mistake::sort(&mut syntax);
        (Reader { syntax, ..reader }, table)
    }

    pub(crate) fn file(&self) -> &'s str {
        self.file
    }

    /// Whether the TOML itself was in order.
    pub(crate) fn is_sound(&self) -> bool {
        self.syntax.is_empty()
    }

    pub(crate) fn mistake(
        &self,
        span: &Span,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> Mistake {
        Mistake::at(self.file, span, message, label)
    }

    pub(crate) fn report(&self, mistake: Mistake) {
        self.found.borrow_mut().push(mistake);
    }

    /// Reports that something is not there, unless it may just not have been understood.
    pub(crate) fn report_absence(&self, mistake: Mistake) {
        if self.is_sound() {
            self.report(mistake);
        }
    }

    /// All mistakes: of syntax first, then the others, each by place.
    pub(crate) fn finish(self) -> Vec<Mistake> {
        let mut found = self.found.into_inner();
        let source = self.source;
        // Below a broken header, nothing is known of what belongs to which table.
        let broken_header = self.syntax.iter().filter(|syntax| is_header(source, syntax));
        let end = broken_header.filter_map(|syntax| line_of(source, syntax)).min().unwrap_or(usize::MAX);
        found.retain(|mistake| {
            let line = line_of(source, mistake);
            line.is_none_or(|line| line < end)
                && !self.syntax.iter().any(|syntax| line_of(source, syntax) == line)
        });
        Mistake::sort(&mut found);
        let mut all = self.syntax;
        all.append(&mut found);
        all
    }
}

fn line_of(source: &str, mistake: &Mistake) -> Option<usize> {
    let start = mistake.span.as_ref()?.start.min(source.len());
    Some(source.as_bytes()[..start].iter().filter(|byte| **byte == b'\n').count())
}

/// Whether a mistake of syntax stands in a table's header.
fn is_header(source: &str, mistake: &Mistake) -> bool {
    let line = line_of(source, mistake).and_then(|line| source.split('\n').nth(line));
    line.is_some_and(|line| line.trim_start().starts_with('['))
}

fn syntax_mistake(source: &str, file: &str, error: &Error) -> Mistake {
    let (what, label) = match error.message().split_once(", expected ") {
        Some((what, "nothing")) => (what, String::new()),
        Some((what, expected)) => (what, format!("expected {expected}")),
        None => (error.message(), String::new()),
    };
    let span = error.span().unwrap_or(0..0);
    let value = source.get(span.clone()).unwrap_or_default();
    match what {
        "duplicate key" => {
            Mistake::at(file, &span, format!("the key {} is given twice", quoted(value)), "given before")
        }
        "string values must be quoted" if is_bare_word(value) => {
            let message = "the file is not TOML: a text lacks its quotes";
            Mistake::at(file, &span, message, "no quotes").hint(format!("\"{value}\""))
        }
        "invalid basic string" if label.ends_with("`\"`") => {
            Mistake::at(file, &span, "the file is not TOML: a text is not closed", label)
        }
        _ => Mistake::at(file, &span, format!("the file is not TOML: {what}"), label),
    }
}

/// A value that only lacks its quotes.
fn is_bare_word(value: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-/:*%".contains(c);
    !value.is_empty()
        && value.len() <= 60
        && value.chars().all(fits)
        && value.contains(|c: char| c.is_alphanumeric())
}
