//! One thing that tidy found, and how it is said.

use std::fmt;

/// The checks. `as_str` is what an entry of `exceptions.toml` names.
#[derive(Copy, Clone, PartialEq, Eq, Debug)]
pub enum Check {
    /// An edge between crates that the floors forbid, or a chain of crates that is too long.
    CrateEdge,
    /// A crate that the table of floors does not have, or whose manifest leaves the house's form.
    Manifest,
    /// A lowest-floor crate that knows sockets, a clock or an async runtime.
    Purity,
    /// A file without `//!` at its top.
    Header,
    /// A file that is too long.
    FileLength,
    /// A name that says nothing, or that the glossary replaces.
    Name,
    /// A marker of unfinished work.
    Unfinished,
    /// `unsafe` allowed without a written reason.
    UnsafeReason,
    /// A test that sleeps.
    TestSleeps,
    /// A test that takes a port of its own choice.
    TestPort,
    /// A test whose name is no sentence.
    TestName,
    /// A second test binary in one crate.
    TestBinary,
    /// A word that must not stand in the project.
    Word,
    /// A page that names a file which is not there, or lacks a metric or limit that is.
    Page,
    /// An exception that is not needed, or gives no reason.
    Exception,
}

impl Check {
    /// The name by which messages and `exceptions.toml` call this check.
    pub fn as_str(self) -> &'static str {
        match self {
            Check::CrateEdge => "crate-edge",
            Check::Manifest => "manifest",
            Check::Purity => "purity",
            Check::Header => "header",
            Check::FileLength => "file-length",
            Check::Name => "name",
            Check::Unfinished => "unfinished",
            Check::UnsafeReason => "unsafe-reason",
            Check::TestSleeps => "test-sleeps",
            Check::TestPort => "test-port",
            Check::TestName => "test-name",
            Check::TestBinary => "test-binary",
            Check::Word => "word",
            Check::Page => "page",
            Check::Exception => "exception",
        }
    }
}

/// What was found, where, and what to do about it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Which check found it.
    pub check: Check,
    /// Path from the workspace root, with `/`.
    pub path: String,
    /// Line, from 1.
    pub line: usize,
    /// What stands there and should not, or is missing.
    pub message: String,
    /// What to do instead.
    pub remedy: String,
}

impl Finding {
    /// A finding at `line` (from 1) of `path`.
    pub fn new(
        check: Check,
        path: &str,
        line: usize,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Finding {
        Finding { check, path: path.to_owned(), line, message: message.into(), remedy: remedy.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Finding { check, path, line, message, remedy } = self;
        write!(f, "{path}:{line}: {message} [{}]\n  remedy: {remedy}", check.as_str())
    }
}
