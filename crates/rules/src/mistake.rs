//! What is wrong with a text of the operator's, and where in it.

use std::fmt;
use std::ops::Range;

/// Most mistakes that are told of one text; behind them comes nothing new. 16.
pub const MISTAKES_MAX: usize = 16;

/// One mistake in an expression, a template or a pattern. Who knows the file adds name, line and column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TextMistake {
    /// Bytes of the text; within it, on the borders of characters, and empty only at its end.
    pub span: Range<usize>,
    /// What is wrong, as a sentence without capital and full stop.
    pub message: String,
    /// What to write beside the place.
    pub label: String,
    /// What to do about it.
    pub hint: Option<String>,
}

impl TextMistake {
    pub(crate) fn new(
        span: Range<usize>,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> TextMistake {
        TextMistake { span, message: message.into(), label: label.into(), hint: None }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> TextMistake {
        self.hint = Some(hint.into());
        self
    }
}

impl fmt::Display for TextMistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TextMistake {}

/// The one of `names` that `name` was probably meant to be: at most a third of its letters differ.
pub(crate) fn nearest<'n>(name: &str, names: impl IntoIterator<Item = &'n str>) -> Option<&'n str> {
    const LETTERS_MAX: usize = 32;
    if name.len() > LETTERS_MAX {
        return None;
    }
    let lower = name.to_ascii_lowercase();
    names
        .into_iter()
        .map(|known| (distance(lower.as_bytes(), known.as_bytes()), known))
        .filter(|(distance, known)| *distance <= known.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, known)| known)
}

/// Letters to insert, drop, replace or swap with their neighbour.
fn distance(one: &[u8], two: &[u8]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=two.len()).collect();
    for (i, a) in one.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, b) in two.iter().enumerate() {
            let mut least = (last[j] + usize::from(a != b)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *a == two[j - 1] && one[i - 1] == *b {
                least = least.min(before[j - 1] + 1);
            }
            row.push(least);
        }
        before = std::mem::replace(&mut last, row);
    }
    last[two.len()]
}
