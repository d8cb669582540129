//! Regular expressions over bytes, in time linear in the text (no back references, no look-around).
//!
//! Whether one matches is asked of a whole automaton built beforehand, which needs no scratch memory and is shared
//! by all threads unwritten. Where that would be too large, and for captures, the general engine works with scratch
//! memory that a thread makes once. Classes such as `\w` and `(?i)` know ASCII alone; `.` is any byte but a line's end.

use crate::mistake::TextMistake;
use crate::scope::{CAPTURES_MAX, Captures};
use regex_automata::dfa::{Automaton, StartKind, dense};
use regex_automata::nfa::thompson;
use regex_automata::util::primitives::NonMaxUsize;
use regex_automata::{Input, meta};
use regex_syntax::hir::Hir;
use std::ops::Range;

/// Longest regular expression. 1024 bytes.
pub const REGEX_BYTES_MAX: usize = 1024;
/// Nested groups and repetitions of a regular expression.
const NEST_MAX: u32 = 32;
/// Bytes of the compiled program, counted repetitions written out.
const PROGRAM_BYTES_MAX: usize = 256 << 10;
/// Bytes of an automaton that is built beforehand.
const AUTOMATON_BYTES_MAX: usize = 64 << 10;
/// Bytes that building it may take.
const BUILDING_BYTES_MAX: usize = 512 << 10;
/// Bytes of states that the general engine keeps for each thread.
const SCRATCH_BYTES_MAX: usize = 128 << 10;

/// A compiled regular expression; found anywhere in the text unless it says `^` and `$`.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    whole: Option<dense::DFA<Vec<u32>>>,
    general: meta::Regex,
}

impl Pattern {
    /// Compiles `text`. The span of a mistake is within it.
    pub(crate) fn new(text: &str) -> Result<Pattern, TextMistake> {
        let everything = 0..text.len();
        if text.len() > REGEX_BYTES_MAX {
            let message = format!("the regular expression is longer than {REGEX_BYTES_MAX} bytes");
            return Err(TextMistake::new(everything, message, "too long"));
        }
        let hir = parse(text)?;
        let properties = hir.properties();
        if properties.minimum_len() == Some(0) && properties.look_set().is_empty() {
            let mistake = TextMistake::new(
                everything,
                "the regular expression matches every text",
                "even the empty one",
            );
            return Err(
                mistake.hint("an expression is found anywhere in the text; `^` and `$` tie it to its ends")
            );
        }
        if properties.explicit_captures_len() >= CAPTURES_MAX {
            let message = format!("the regular expression has more than {} groups", CAPTURES_MAX - 1);
            return Err(
                TextMistake::new(everything, message, "too many").hint("`(?:…)` groups without capturing")
            );
        }
        Pattern::compile(&hir).ok_or_else(|| {
            TextMistake::new(everything, "the regular expression is too large once compiled", "too large")
                .hint("counted repetitions (`x{1000}`) are written out: use fewer, or `*` and `+`")
        })
    }

    /// A regular expression of our own making, in any case of ASCII; `None` if it becomes too large.
    pub(crate) fn in_any_case(regex: &str) -> Option<Pattern> {
        Pattern::compile(&parse(&format!("(?i){regex}")).ok()?)
    }

    fn compile(hir: &Hir) -> Option<Pattern> {
        let config = meta::Config::new()
            .utf8_empty(false)
            .nfa_size_limit(Some(PROGRAM_BYTES_MAX))
            .onepass_size_limit(Some(AUTOMATON_BYTES_MAX))
            .hybrid_cache_capacity(SCRATCH_BYTES_MAX);
        let general = meta::Builder::new().configure(config).build_from_hir(hir).ok()?;
        Some(Pattern { whole: whole(hir), general })
    }

    /// Groups, without the whole.
    pub(crate) fn groups(&self) -> usize {
        self.general.captures_len() - 1
    }

    /// Whether it is found in `text`.
    #[inline]
    pub(crate) fn matches(&self, text: &[u8]) -> bool {
        let input = Input::new(text).earliest(true);
        match &self.whole {
            // An automaton that was built without quitting bytes always comes to an end; the general engine is
            // what would be right otherwise.
            Some(whole) => whole
                .try_search_fwd(&input)
                .map_or_else(|_| self.general.is_match(input), |end| end.is_some()),
            None => self.general.is_match(input),
        }
    }

    /// What its groups took of `text`, if it is found.
    pub(crate) fn captures<'t>(&self, text: &'t [u8]) -> Option<Captures<'t>> {
        // Most texts are not meant: they are told apart without scratch memory.
        if self.whole.is_some() && !self.matches(text) {
            return None;
        }
        let mut slots: [Option<NonMaxUsize>; CAPTURES_MAX * 2] = [None; CAPTURES_MAX * 2];
        let used = 2 * (self.groups() + 1);
        self.general.search_slots(&Input::new(text), slots.get_mut(..used)?)?;
        let mut captures = Captures::default();
        for (group, ends) in slots.chunks_exact(2).enumerate() {
            if let [Some(start), Some(end)] = ends {
                captures.set(group, &text[start.get()..end.get()]);
            }
        }
        Some(captures)
    }
}

fn whole(hir: &Hir) -> Option<dense::DFA<Vec<u32>>> {
    let program = thompson::Config::new()
        .utf8(false)
        .which_captures(thompson::WhichCaptures::None)
        .nfa_size_limit(Some(PROGRAM_BYTES_MAX));
    let program = thompson::Compiler::new().configure(program).build_from_hir(hir).ok()?;
    let config = dense::Config::new()
        .start_kind(StartKind::Unanchored)
        .dfa_size_limit(Some(AUTOMATON_BYTES_MAX))
        .determinize_size_limit(Some(BUILDING_BYTES_MAX));
    dense::Builder::new().configure(config).build_from_nfa(&program).ok()
}

fn parse(text: &str) -> Result<Hir, TextMistake> {
    let parser = regex_syntax::ParserBuilder::new()
        .unicode(false)
        .utf8(false)
        .nest_limit(NEST_MAX)
        .build()
        .parse(text);
    parser.map_err(|error| {
        let (what, span) = match &error {
            regex_syntax::Error::Parse(error) => (error.kind().to_string(), span_of(error.span())),
            regex_syntax::Error::Translate(error) => (error.kind().to_string(), span_of(error.span())),
            _ => ("cannot be read".to_owned(), 0..text.len()),
        };
        TextMistake::new(within(span, text), format!("the regular expression is wrong: {what}"), "here")
    })
}

fn span_of(span: &regex_syntax::ast::Span) -> Range<usize> {
    span.start.offset..span.end.offset
}

/// At least one character where there is one, since an empty place is hard to point at.
fn within(span: Range<usize>, text: &str) -> Range<usize> {
    // What ends too early is shown at its last character.
    let last = text.char_indices().next_back().map_or(0, |(place, _)| place);
    let start = span.start.min(last);
    let one = text[start..].chars().next().map_or(0, char::len_utf8);
    start..span.end.clamp(start + one, text.len())
}
