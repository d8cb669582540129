//! One reading of one file: its TOML and the mistakes found so far.
//!
//! After a mistake of syntax the parser goes on as well as it can, so what it then yields is checked too, but for
//! lines with such mistakes and for what seems to be absent: that may only have been lost.

use crate::{FILE_BYTES_MAX, Mistake, Span, quoted};
use std::cell::{Cell, RefCell};
use toml::Spanned as Parsed;
use toml::de::{DeTable, Error};

/// Most mistakes of syntax that are reported; what follows the first few is noise.
const SYNTAX_MISTAKES_MAX: usize = 16;
/// Most other mistakes that are reported; the rest are counted.
const MISTAKES_MAX: usize = 256;

/// Collects the mistakes of one file.
pub(crate) struct Reader<'s> {
    file: &'s str,
    source: &'s str,
    lines: Lines,
    syntax: Vec<Mistake>,
    found: RefCell<Vec<Mistake>>,
    /// Mistakes beyond [`MISTAKES_MAX`].
    untold: Cell<usize>,
}

impl<'s> Reader<'s> {
    /// Parses `source`. The table holds what could be understood.
    pub(crate) fn new(source: &'s str, file: &'s str) -> (Reader<'s>, Parsed<DeTable<'s>>) {
        let mut reader = Reader {
            file,
            source,
            lines: Lines::of(source),
            syntax: Vec::new(),
            found: RefCell::default(),
            untold: Cell::new(0),
        };
        if source.len() > FILE_BYTES_MAX {
            reader
                .syntax
                .push(Mistake::of_file(file, format!("the file is longer than {FILE_BYTES_MAX} bytes")));
            return (reader, Parsed::new(0..0, DeTable::new()));
        }
        let (table, errors) = DeTable::parse_recoverable(source);
        for error in errors {
            if reader.syntax.len() == SYNTAX_MISTAKES_MAX {
                break;
            }
            let mistake = syntax_mistake(source, file, &error);
            // One slip often makes several errors in a row; the first says it.
            let line = reader.lines.line_of(&mistake);
            if !reader.syntax.iter().any(|other| reader.lines.line_of(other) == line) {
                reader.syntax.push(mistake);
            }
        }
        Mistake::sort(&mut reader.syntax);
        (reader, table)
    }

    pub(crate) fn file(&self) -> &'s str {
        self.file
    }

    /// The text of the file.
    pub(crate) fn source(&self) -> &'s str {
        self.source
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

    /// Whether further mistakes are only counted.
    pub(crate) fn is_full(&self) -> bool {
        self.found.borrow().len() >= MISTAKES_MAX
    }

    pub(crate) fn report(&self, mistake: Mistake) {
        if self.is_full() {
            self.untold.set(self.untold.get() + 1);
        } else {
            self.found.borrow_mut().push(mistake);
        }
    }

    /// Reports that something is not there, unless it may just not have been understood.
    pub(crate) fn report_absence(&self, mistake: Mistake) {
        if self.is_sound() {
            self.report(mistake);
        }
    }

    /// All mistakes: of syntax first, then the others, each by place.
    pub(crate) fn finish(self) -> Vec<Mistake> {
        let mut found = self.found.take();
        let broken: Vec<usize> =
            self.syntax.iter().filter_map(|mistake| self.lines.line_of(mistake)).collect();
        // Below a broken header, nothing is known of what belongs to which table.
        let broken_header = broken.iter().copied().find(|line| self.is_header(*line)).unwrap_or(usize::MAX);
        found.retain(|mistake| {
            let line = self.lines.line_of(mistake);
            line.is_none_or(|line| line < broken_header && !broken.contains(&line))
        });
        Mistake::sort(&mut found);
        let mut all = self.syntax;
        all.append(&mut found);
        if self.untold.get() > 0 {
            let message = format!("there are {} mistakes more", self.untold.get());
            all.push(Mistake::of_file(self.file, message));
        }
        all
    }

    /// Whether a table begins on the line.
    fn is_header(&self, line: usize) -> bool {
        self.source[self.lines.start(line)..].trim_start_matches([' ', '\t']).starts_with('[')
    }
}

/// Where the lines of a file begin, but for the first.
struct Lines(Vec<usize>);

impl Lines {
    fn of(source: &str) -> Lines {
        Lines(source.bytes().enumerate().filter(|(_, byte)| *byte == b'\n').map(|(at, _)| at + 1).collect())
    }

    /// The line of a mistake, from 0.
    fn line_of(&self, mistake: &Mistake) -> Option<usize> {
        let start = mistake.span.as_ref()?.start;
        Some(self.0.partition_point(|begin| *begin <= start))
    }

    fn start(&self, line: usize) -> usize {
        line.checked_sub(1).and_then(|before| self.0.get(before)).copied().unwrap_or(0)
    }
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
