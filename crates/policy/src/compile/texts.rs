//! What several settings have in common: files that they name, sets of statuses, mistakes inside a text.

use super::Compiler;
use crate::{NAMED_FILE_BYTES_MAX, StatusSet};
use littoral_model::{Spanned, quoted};

impl Compiler<'_> {
    /// The content of a file that the site names.
    pub(super) fn content(&mut self, what: &str, path: &Spanned<String>, hint: &str) -> Option<Vec<u8>> {
        if path.is_empty() || path.contains('\0') {
            self.report(&path.span, format!("{what} is not a path"), "not a path");
            return None;
        }
        match self.files.read(path) {
            Ok(content) if content.len() > NAMED_FILE_BYTES_MAX => {
                let message = format!("{what} is longer than 1 MiB");
                self.error(&path.span, message, "too long", hint);
                None
            }
            Ok(content) => Some(content),
            Err(why) => {
                self.error(&path.span, format!("{what} {why}"), "not readable", hint);
                None
            }
        }
    }

    /// `404`, `5xx`. `None` where one is wrong.
    pub(super) fn statuses(&mut self, what: &str, names: &[Spanned<String>]) -> Option<StatusSet> {
        let mut set = Some(StatusSet::EMPTY);
        for name in names {
            match StatusSet::parse(name) {
                Some(statuses) => set = set.map(|set| set.union(statuses)),
                None => {
                    let message = format!("{what} names {}, which is no status", quoted(name));
                    self.error(
                        &name.span,
                        message,
                        "not a status",
                        "100 to 599, or a class of them: \"404\", \"5xx\"",
                    );
                    set = None;
                }
            }
        }
        set
    }
}
