//! Mistakes as text, for people:
//!
//! ```text
//! error: behavior `/img/*` names the origin `s3-eu`, which does not exist
//!   --> shop.toml:14:18
//!    | origin = "s3-eu"
//!    |          ^^^^^^^ not defined
//!   hint: this site's origins are `s3-us` and `legacy`
//! ```
//!
//! Nothing of the file reaches a terminal as it is: control characters are replaced.

use crate::mistake::is_reordering;
use crate::{Mistake, Severity, Span};

/// Columns of a source line that are shown; a longer line is cut around the mistake.
const LINE_CHARS_MAX: usize = 96;
/// Columns kept in front of the mistake when a line is cut.
const LEAD_CHARS: usize = 24;

/// Plain text, each line ended.
pub fn render(mistake: &Mistake, source: &str) -> String {
    draw(mistake, source, &PLAIN)
}

/// With ANSI colours, for terminals.
pub fn render_colored(mistake: &Mistake, source: &str) -> String {
    draw(mistake, source, &COLORED)
}

/// All mistakes of one file in plain text, an empty line between them.
pub fn render_all(mistakes: &[Mistake], source: &str) -> String {
    mistakes.iter().map(|mistake| render(mistake, source)).collect::<Vec<_>>().join("\n")
}

struct Paint {
    error: &'static str,
    warning: &'static str,
    strong: &'static str,
    quiet: &'static str,
    end: &'static str,
}

const PLAIN: Paint = Paint { error: "", warning: "", strong: "", quiet: "", end: "" };
const COLORED: Paint = Paint {
    error: "\x1b[1;31m",
    warning: "\x1b[1;33m",
    strong: "\x1b[1m",
    quiet: "\x1b[1;34m",
    end: "\x1b[0m",
};

fn draw(mistake: &Mistake, source: &str, paint: &Paint) -> String {
    let Paint { strong, quiet, end, .. } = paint;
    let (color, word) = match mistake.severity {
        Severity::Error => (paint.error, "error"),
        Severity::Warning => (paint.warning, "warning"),
    };
    let file = fit(&mistake.file);
    let mut out = format!("{color}{word}{end}{strong}: {}{end}\n", fit(&mistake.message));
    match &mistake.span {
        None => out.push_str(&format!("  {quiet}-->{end} {file}\n")),
        Some(span) => {
            let place = Place::of(source, span, &mistake.hidden);
            out.push_str(&format!("  {quiet}-->{end} {file}:{}:{}\n", place.line, place.column));
            out.push_str(&format!("   {quiet}|{end} {}\n", place.shown).replace(" \n", "\n"));
            let carets = "^".repeat(place.carets);
            let space = " ".repeat(place.indent);
            let label =
                if mistake.label.is_empty() { String::new() } else { format!(" {}", fit(&mistake.label)) };
            out.push_str(&format!("   {quiet}|{end} {space}{color}{carets}{label}{end}\n"));
        }
    }
    if let Some(hint) = &mistake.hint {
        out.push_str(&format!("  {strong}hint:{end} {}\n", fit(hint)));
    }
    out
}

/// A span as a reader sees it.
struct Place {
    /// From 1.
    line: usize,
    /// In characters, from 1.
    column: usize,
    /// The line without its indentation, cut if it is long.
    shown: String,
    /// Characters of `shown` in front of the carets.
    indent: usize,
    carets: usize,
}

impl Place {
    fn of(source: &str, span: &Span, hidden: &[Span]) -> Place {
        let start = floor_char(source, span.start);
        let stop = floor_char(source, span.end).max(start);
        let line_start = source[..start].rfind('\n').map_or(0, |at| at + 1);
        let text = source[line_start..].split('\n').next().unwrap_or_default().trim_end();
        let text_end = line_start + text.len();
        // Of a span over several lines, the first is marked.
        let marked = &source[start.min(text_end)..stop.clamp(start.min(text_end), text_end)];
        let column = source[line_start..start].chars().count();
        let carets = marked.chars().count().max(1);

        let indented = text.chars().take_while(|c| c.is_whitespace()).count().min(column);
        let is_hidden = |at: usize| {
            hidden.iter().any(|hidden| hidden.start < line_start + at && line_start + at + 1 < hidden.end)
        };
        let visible = text.char_indices().map(|(at, c)| if is_hidden(at) { '*' } else { c });
        let line: Vec<char> = visible.skip(indented).collect();
        let (shown, indent, carets) = cut(&line, column - indented, carets);
        Place {
            line: source[..start].matches('\n').count() + 1,
            column: column + 1,
            shown: fit(&shown),
            indent,
            carets,
        }
    }
}

/// A window of a long line with the mistake in it: the text, the mistake's column in it, its width.
fn cut(line: &[char], column: usize, carets: usize) -> (String, usize, usize) {
    if line.len() <= LINE_CHARS_MAX {
        return (line.iter().collect(), column, carets);
    }
    let from = if column + carets <= LINE_CHARS_MAX { 0 } else { column.saturating_sub(LEAD_CHARS) };
    let to = (from + LINE_CHARS_MAX).min(line.len());
    let mut shown: String = line[from.min(to)..to].iter().collect();
    let mut indent = column - from;
    if from > 0 {
        shown.insert(0, '…');
        indent += 1;
    }
    if to < line.len() {
        shown.push('…');
    }
    (shown, indent, carets.min((to - column.min(to)).max(1)))
}

/// One character for one: what a terminal would obey becomes a space or `\u{fffd}`.
fn fit(text: &str) -> String {
    let fit = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || is_reordering(c) => '\u{fffd}',
        c => c,
    };
    text.chars().map(fit).collect()
}

fn floor_char(source: &str, at: usize) -> usize {
    (0..=at.min(source.len())).rev().find(|at| source.is_char_boundary(*at)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistake_is_drawn_under_its_line() {
        let source = "[[behaviors]]\n        origin = \"s3-eu\"\n";
        let at = source.find("\"s3").expect("it is there");
        let mistake = Mistake::at(
            "shop.toml",
            &(at..at + 7),
            "behavior `/img/*` names the origin `s3-eu`, which does not exist",
            "not defined",
        )
        .hint("this site's origins are `s3-us` and `legacy`");
        let expected = "\
error: behavior `/img/*` names the origin `s3-eu`, which does not exist
  --> shop.toml:2:18
   | origin = \"s3-eu\"
   |          ^^^^^^^ not defined
  hint: this site's origins are `s3-us` and `legacy`
";
        assert_eq!(render(&mistake, source), expected);
    }

    #[test]
    fn a_long_line_is_cut_around_the_mistake() {
        let source = format!("{} = 1", "k".repeat(300));
        let drawn = render(&Mistake::at("f", &(303..304), "m", "l"), &source);
        let mut lines = drawn.lines().skip(2);
        let (line, carets) = (lines.next().unwrap(), lines.next().unwrap());
        let column = carets.chars().position(|c| c == '^').unwrap();
        assert_eq!(line.chars().nth(column), Some('1'), "{drawn}");
        assert!(line.chars().count() < 120, "{drawn}");
    }

    #[test]
    fn what_a_terminal_would_obey_is_replaced() {
        let drawn = render(&Mistake::at("f\x1b", &(0..3), "m\x1b[2J", "l\u{202e}"), "a\x1bb");
        assert!(!drawn.contains(['\x1b', '\u{202e}']), "{drawn:?}");
    }

    #[test]
    fn spans_outside_the_source_or_inside_a_character_do_no_harm() {
        for span in [0..1, 1..2, 5..9, 100..200] {
            let drawn = render(&Mistake::at("f", &span, "m", ""), "é\nb");
            assert!(drawn.contains('^'), "{drawn}");
        }
        assert!(render(&Mistake::at("f", &(0..0), "m", ""), "").contains('^'));
    }
}
