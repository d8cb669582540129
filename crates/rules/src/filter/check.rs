//! Types: which operator goes with which field and which value. What passes becomes a program.

use super::FILTER_REGEXES_MAX;
use super::literals::{Place, address_of, judge, range_of};
use super::program::{Node, Source, Test};
use super::sets::{AddressSet, TextSet};
use super::tree::{Expression, Field, Member, Operator, Right, Span, Text, Value};
use crate::mistake::{MISTAKES_MAX, TextMistake};
use crate::names::is_token;
use crate::path::Glob;
use crate::pattern::Pattern;
use crate::reads::{Reads, add_name};
use memchr::memmem::Finder;

/// The program of `tree`, or all that is wrong with its meaning.
pub(super) fn program(text: &str, tree: &Expression<'_>) -> Result<(Node, Reads), Vec<TextMistake>> {
    let mut checker = Checker { text, reads: Reads::default(), regexes: 0, mistakes: Vec::new() };
    let root = checker.node(tree);
    checker.mistakes.truncate(MISTAKES_MAX);
    if checker.mistakes.is_empty() { Ok((root, checker.reads)) } else { Err(checker.mistakes) }
}

struct Checker<'t> {
    text: &'t str,
    reads: Reads,
    regexes: usize,
    mistakes: Vec<TextMistake>,
}

/// A comparison: the operator and what it stands between.
struct Operation<'c, 't> {
    value: &'c Value<'t>,
    operator: Operator,
    operator_span: &'c Span,
    right: &'c Right<'t>,
    right_span: &'c Span,
}

impl<'t> Checker<'t> {
    fn node(&mut self, expression: &Expression<'_>) -> Node {
        match expression {
            Expression::Constant(holds) => Node::Constant(*holds),
            Expression::Not(inner) => self.node(inner).not(),
            Expression::And(parts) => Node::joined(self.nodes(parts), true),
            Expression::Or(parts) => Node::joined(self.nodes(parts), false),
            Expression::Xor(parts) => Node::odd(self.nodes(parts)),
            leaf => self.leaf(leaf).unwrap_or_else(|mistake| {
                self.mistakes.push(mistake);
                Node::Constant(false)
            }),
        }
    }

    fn nodes(&mut self, parts: &[Expression<'_>]) -> Vec<Node> {
        parts.iter().map(|part| self.node(part)).collect()
    }

    fn leaf(&mut self, expression: &Expression<'_>) -> Result<Node, TextMistake> {
        match expression {
            Expression::Compare { value, operator, operator_span, right, right_span } => {
                self.compare(&Operation { value, operator: *operator, operator_span, right, right_span })
            }
            Expression::Ends { value, is_start, text, span } => self.ends(value, *is_start, text, span),
            Expression::Exists { value, span } => self.exists(value, span),
            _ => Ok(Node::Constant(false)),
        }
    }

    fn exists(&mut self, value: &Value<'_>, span: &Span) -> Result<Node, TextMistake> {
        if value.is_lower || value.is_length {
            let mistake =
                TextMistake::new(value.span.clone(), "`exists` takes a field as it is", "not a field");
            return Err(mistake.hint(format!("write `exists({})`", &self.text[value.field_span.clone()])));
        }
        if !value.field.may_be_absent() {
            let field = &self.text[value.field_span.clone()];
            let mistake =
                TextMistake::new(span.clone(), format!("`{field}` is there in every request"), "always true");
            return Err(
                mistake.hint("ask for `query`, `extension`, `country`, a header, a cookie or a parameter")
            );
        }
        Ok(Node::Test(self.source(value)?, Test::Present))
    }

    fn ends(
        &mut self,
        value: &Value<'_>,
        is_start: bool,
        text: &Text<'_>,
        span: &Span,
    ) -> Result<Node, TextMistake> {
        let name = if is_start { "starts_with" } else { "ends_with" };
        self.wants_text(value, name, span)?;
        judge(value, text, if is_start { Place::Start } else { Place::End })?;
        let kept: Box<str> = text.text.as_ref().into();
        let test = match (is_start, value.is_lower) {
            (true, false) => Test::Starts(kept),
            (true, true) => Test::StartsInAnyCase(kept),
            (false, false) => Test::Ends(kept),
            (false, true) => Test::EndsInAnyCase(kept),
        };
        Ok(Node::Test(self.source(value)?, test))
    }

    fn compare(&mut self, operation: &Operation<'_, '_>) -> Result<Node, TextMistake> {
        if operation.value.is_length {
            return self.compare_length(operation);
        }
        if matches!(operation.value.field, Field::Ip) {
            return self.compare_address(operation);
        }
        self.compare_text(operation)
    }

    /// A text where a text is needed.
    fn wants_text(&self, value: &Value<'_>, wanted_by: &str, span: &Span) -> Result<(), TextMistake> {
        if value.is_length {
            let message = format!("`{wanted_by}` compares texts, and this is a number");
            return Err(TextMistake::new(value.span.clone(), message, "a number"));
        }
        if matches!(value.field, Field::Ip) {
            let mistake = TextMistake::new(
                span.clone(),
                format!("`{wanted_by}` compares texts, and `ip` is an address"),
                "an address",
            );
            return Err(mistake.hint("write `ip in {192.0.2.0/24}`"));
        }
        Ok(())
    }

    fn compare_length(&mut self, operation: &Operation<'_, '_>) -> Result<Node, TextMistake> {
        let written = &self.text[operation.value.span.clone()];
        let number = match operation.right {
            Right::Word(word) => word.parse::<u32>().ok(),
            _ => None,
        };
        let Some(number) = number else {
            let mistake = TextMistake::new(
                operation.right_span.clone(),
                "a length is compared with a number",
                "no number",
            );
            let is_order = operation.operator < Operator::Contains;
            let sign = if is_order { operation.operator.as_str() } else { ">" };
            return Err(mistake.hint(format!("write `{written} {sign} 100`")));
        };
        let never = || {
            TextMistake::new(
                operation.operator_span.start..operation.right_span.end,
                "no length is below 0",
                "never true",
            )
        };
        let (least, most) = match operation.operator {
            Operator::Equal | Operator::NotEqual => (number, number),
            Operator::Less => (0, number.checked_sub(1).ok_or_else(never)?),
            Operator::LessEqual => (0, number),
            Operator::Greater => (number.saturating_add(1), u32::MAX),
            Operator::GreaterEqual => (number, u32::MAX),
            other => {
                let message = format!("`{}` does not compare numbers", other.as_str());
                let mistake = TextMistake::new(operation.operator_span.clone(), message, "for texts");
                return Err(mistake.hint("numbers are compared with `==`, `!=`, `<`, `<=`, `>` and `>=`"));
            }
        };
        if matches!(operation.value.field, Field::Ip) {
            let mistake =
                TextMistake::new(operation.value.span.clone(), "an address has no length", "an address");
            return Err(mistake.hint("write `ip in {192.0.2.0/24}`"));
        }
        let node = Node::Test(self.source(operation.value)?, Test::Length(least, most));
        Ok(if operation.operator == Operator::NotEqual { node.not() } else { node })
    }

    fn compare_address(&mut self, operation: &Operation<'_, '_>) -> Result<Node, TextMistake> {
        if operation.value.is_lower {
            let mistake = TextMistake::new(
                operation.value.span.clone(),
                "`lower` takes a text, and `ip` is an address",
                "an address",
            );
            return Err(mistake.hint("write `ip in {192.0.2.0/24}`"));
        }
        let is_negated = operation.operator == Operator::NotEqual;
        let members = match (operation.operator, operation.right) {
            (Operator::Equal | Operator::NotEqual, right) => {
                vec![(address_of(right, operation.right_span, is_negated)?, 128)]
            }
            (Operator::In, Right::Set(members)) => {
                self.members(members, operation.right_span, |member| match member {
                    Member::Word(word, span) => range_of(word, span),
                    Member::Text(text) => {
                        let mistake = TextMistake::new(
                            text.span.clone(),
                            "an address stands without quotes",
                            "a string",
                        );
                        Err(mistake.hint(format!("write `{}`", text.text)))
                    }
                })?
            }
            (Operator::In, right) => {
                let mistake = TextMistake::new(operation.right_span.clone(), "`in` needs a set", "no set");
                let word = match right {
                    Right::Word(word) => *word,
                    Right::Text(text) => text.text.as_ref(),
                    Right::Set(_) => "…",
                };
                return Err(mistake.hint(format!("write `ip in {{{word}}}`")));
            }
            (other, _) => {
                let message = format!("`{}` does not compare addresses", other.as_str());
                let mistake =
                    TextMistake::new(operation.operator_span.clone(), message, "for texts and numbers");
                return Err(mistake.hint("write `ip in {192.0.2.0/24}`"));
            }
        };
        self.reads.client = true;
        // An address alone is a prefix of all its bits.
        let members: Vec<_> =
            members.into_iter().map(|(address, bits)| (address, bits.min(bits_of(address)))).collect();
        let node = Node::Address(AddressSet::new(&members));
        Ok(if is_negated { node.not() } else { node })
    }

    fn compare_text(&mut self, operation: &Operation<'_, '_>) -> Result<Node, TextMistake> {
        let Operation { value, operator, operator_span, right, right_span } = *operation;
        let written = &self.text[value.span.clone()];
        if matches!(
            operator,
            Operator::Less | Operator::LessEqual | Operator::Greater | Operator::GreaterEqual
        ) {
            let message = format!("texts have no order for `{}`", operator.as_str());
            let mistake = TextMistake::new(operator_span.clone(), message, "for numbers");
            return Err(mistake.hint(format!("write `len({written}) {} 100`", operator.as_str())));
        }
        let test = match (operator, right) {
            (Operator::In, Right::Set(members)) => self.one_of(value, members, right_span)?,
            (Operator::In, right) => {
                let mistake = TextMistake::new(right_span.clone(), "`in` needs a set", "no set");
                let member = match right {
                    Right::Text(text) => text.text.as_ref(),
                    Right::Word(word) => word,
                    Right::Set(_) => "…",
                };
                return Err(mistake.hint(format!("write `{written} in {{\"{member}\"}}`")));
            }
            (_, Right::Text(text)) => self.text_test(value, operator, text)?,
            (_, Right::Word(word)) => {
                let mistake = TextMistake::new(
                    right_span.clone(),
                    format!("`{written}` is compared with a string"),
                    "no string",
                );
                return Err(mistake.hint(match Field::plain(word) {
                    Some(_) => {
                        format!("fields are not compared with each other; for the text write `\"{word}\"`")
                    }
                    None => format!("write `\"{word}\"`"),
                }));
            }
            (_, Right::Set(_)) => {
                let message = format!("`{}` takes one value, and this is a set", operator.as_str());
                let mistake = TextMistake::new(right_span.clone(), message, "a set");
                let set = &self.text[right_span.clone()];
                return Err(match operator {
                    Operator::Equal => mistake.hint(format!("write `{written} in {set}`")),
                    Operator::NotEqual => mistake.hint(format!("write `not {written} in {set}`")),
                    _ => mistake.hint("connect several with `or`"),
                });
            }
        };
        let node = Node::Test(self.source(value)?, test);
        Ok(if operator == Operator::NotEqual { node.not() } else { node })
    }

    fn one_of(
        &mut self,
        value: &Value<'_>,
        members: &[Member<'_>],
        span: &Span,
    ) -> Result<Test, TextMistake> {
        let texts: Vec<Box<str>> = self.members(members, span, |member| match member {
            Member::Text(text) => {
                judge(value, text, Place::Whole)?;
                Ok(text.text.as_ref().into())
            }
            Member::Word(word, span) => {
                let mistake = TextMistake::new(span.clone(), "members of this set are strings", "no string");
                Err(mistake.hint(format!("write `\"{word}\"`")))
            }
        })?;
        Ok(Test::OneOf(TextSet::new(texts, value.is_lower)))
    }

    /// Members of a set; all mistakes but the last are noted, the last is returned.
    fn members<T: PartialEq>(
        &mut self,
        members: &[Member<'_>],
        span: &Span,
        read: impl Fn(&Member<'_>) -> Result<T, TextMistake>,
    ) -> Result<Vec<T>, TextMistake> {
        if members.is_empty() {
            return Err(TextMistake::new(span.clone(), "the set is empty", "never true"));
        }
        let mut values = Vec::new();
        let mut wrong = Vec::new();
        for member in members {
            match read(member) {
                Ok(value) if values.contains(&value) => {
                    let span = match member {
                        Member::Text(text) => &text.span,
                        Member::Word(_, span) => span,
                    };
                    let message = format!("`{}` stands twice in the set", &self.text[span.clone()]);
                    wrong.push(TextMistake::new(span.clone(), message, "again"));
                }
                Ok(value) => values.push(value),
                Err(mistake) => wrong.push(mistake),
            }
        }
        match wrong.pop() {
            Some(last) => {
                self.mistakes.append(&mut wrong);
                Err(last)
            }
            None => Ok(values),
        }
    }

    fn text_test(
        &mut self,
        value: &Value<'_>,
        operator: Operator,
        text: &Text<'_>,
    ) -> Result<Test, TextMistake> {
        let kept: Box<str> = text.text.as_ref().into();
        match operator {
            Operator::Contains => {
                judge(value, text, Place::Within)?;
                if value.is_lower {
                    return self.in_any_case(&regex_syntax::escape(&kept), text);
                }
                Ok(Test::Contains(Box::new(Finder::new(kept.as_bytes()).into_owned())))
            }
            Operator::Wildcard => {
                judge(value, text, Place::Wildcard)?;
                if value.is_lower {
                    let parts: Vec<String> = kept.split('*').map(regex_syntax::escape).collect();
                    return self.in_any_case(&format!(r"(?s:\A{}\z)", parts.join(".*")), text);
                }
                Ok(match Glob::new(&kept) {
                    Some(glob) => Test::Glob(Box::new(glob)),
                    None => Test::Equal(kept),
                })
            }
            Operator::Matches => self.regex(value, text),
            _ => {
                judge(value, text, Place::Whole)?;
                Ok(if value.is_lower { Test::EqualInAnyCase(kept) } else { Test::Equal(kept) })
            }
        }
    }

    fn regex(&mut self, value: &Value<'_>, text: &Text<'_>) -> Result<Test, TextMistake> {
        if value.is_lower {
            let mistake = TextMistake::new(
                value.span.clone(),
                "`lower` does not go with regular expressions",
                "not here",
            );
            let field = &self.text[value.field_span.clone()];
            return Err(mistake.hint(format!("write `{field} matches r\"(?i){}\"`", text.text)));
        }
        self.count_regex(text)?;
        let pattern = Pattern::new(&text.text).map_err(|mistake| TextMistake {
            span: match text.inner {
                // An empty expression has nothing to point at.
                Some(start) if !mistake.span.is_empty() => {
                    start + mistake.span.start..start + mistake.span.end
                }
                _ => text.span.clone(),
            },
            ..mistake
        })?;
        Ok(Test::Pattern(Box::new(pattern)))
    }

    fn in_any_case(&mut self, regex: &str, text: &Text<'_>) -> Result<Test, TextMistake> {
        self.count_regex(text)?;
        match Pattern::in_any_case(regex) {
            Some(pattern) => Ok(Test::Pattern(Box::new(pattern))),
            None => Err(TextMistake::new(
                text.span.clone(),
                "the text is too long to look for in any case",
                "too long",
            )),
        }
    }

    fn count_regex(&mut self, text: &Text<'_>) -> Result<(), TextMistake> {
        self.regexes += 1;
        if self.regexes > FILTER_REGEXES_MAX {
            let message = format!("the expression has more than {FILTER_REGEXES_MAX} regular expressions");
            let mistake = TextMistake::new(text.span.clone(), message, "too many");
            return Err(mistake.hint("`(one|two)` asks for both at once; so do searches in any case count"));
        }
        Ok(())
    }

    /// Where the values come from; notes that it is read.
    fn source(&mut self, value: &Value<'_>) -> Result<Source, TextMistake> {
        let reads = &mut self.reads;
        let no_name = |text: &Text<'_>, what: &str| {
            TextMistake::new(
                text.span.clone(),
                format!("{} is not the name of a {what}", quoted(&text.text)),
                "no name",
            )
        };
        Ok(match &value.field {
            Field::Host => (reads.host = true, Source::Host).1,
            Field::Path => (reads.path = true, Source::Path).1,
            Field::Extension => (reads.path = true, Source::Extension).1,
            Field::Query => (reads.query = true, Source::Query).1,
            Field::Method => (reads.method = true, Source::Method).1,
            Field::Scheme => (reads.scheme = true, Source::Scheme).1,
            Field::Protocol => (reads.protocol = true, Source::Protocol).1,
            Field::Country => (reads.country = true, Source::Country).1,
            Field::Ip => {
                return Err(TextMistake::new(
                    value.span.clone(),
                    "`ip` is an address, no text",
                    "an address",
                ));
            }
            Field::Header(name) if is_token(&name.text) => {
                let name = name.text.to_ascii_lowercase();
                add_name(&mut reads.headers, &name);
                Source::Header(name.into())
            }
            Field::Header(name) => return Err(no_name(name, "header field")),
            Field::Cookie(name) if is_token(&name.text) => {
                add_name(&mut reads.cookies, &name.text);
                Source::Cookie(name.text.as_ref().into())
            }
            Field::Cookie(name) => return Err(no_name(name, "cookie")),
            Field::Parameter(name) if !name.text.is_empty() && !name.text.contains(['&', '=', '#']) => {
                add_name(&mut reads.parameters, &name.text);
                Source::Parameter(name.text.as_ref().into())
            }
            Field::Parameter(name) => return Err(no_name(name, "parameter")),
        })
    }
}

fn bits_of(address: std::net::IpAddr) -> u8 {
    if address.is_ipv4() { 32 } else { 128 }
}

fn quoted(text: &str) -> String {
    format!("`{}`", text.escape_debug())
}
