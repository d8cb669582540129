//! Tokens to a tree. `not` binds tighter than `and`, that tighter than `xor`, that tighter than `or`.

use super::lex::{Kind, Token, tokens};
use super::tree::{
    Expression, FUNCTIONS, Field, INDEXED, Member, OPERATORS, Operator, Right, Span, Text, Value,
};
use super::{FILTER_BYTES_MAX, FILTER_DEPTH_MAX, FILTER_NODES_MAX, words};
use crate::mistake::TextMistake;

type Parsed<T> = Result<T, TextMistake>;

/// Reads `text`, or says the first thing that is wrong with its form.
pub(super) fn tree(text: &str) -> Parsed<Expression<'_>> {
    if text.len() > FILTER_BYTES_MAX {
        let message = format!("the expression is longer than {FILTER_BYTES_MAX} bytes");
        return Err(TextMistake::new(0..text.len(), message, "too long")
            .hint("several behaviors or rules may each take a part of it"));
    }
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0, nodes: 0 };
    if parser.tokens.len() == 1 {
        return Err(TextMistake::new(0..text.len(), "the expression is empty", "nothing")
            .hint("leave the key out where there is no condition"));
    }
    let tree = parser.expression()?;
    match parser.peek() {
        Kind::End => Ok(tree),
        _ => Err(parser.unexpected_behind()),
    }
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
    nodes: usize,
}

/// The levels of precedence, the loosest first.
#[derive(Copy, Clone)]
enum Level {
    Or,
    Xor,
    And,
}

impl Level {
    fn names(self) -> [&'static str; 2] {
        match self {
            Level::Or => ["or", "||"],
            Level::Xor => ["xor", "^^"],
            Level::And => ["and", "&&"],
        }
    }
}

impl<'t> Parser<'t> {
    fn expression(&mut self) -> Parsed<Expression<'t>> {
        self.level(Level::Or)
    }

    fn level(&mut self, level: Level) -> Parsed<Expression<'t>> {
        let mut parts = vec![self.below(level)?];
        while level.names().iter().any(|name| self.takes(name)) {
            self.count()?;
            parts.push(self.below(level)?);
        }
        if parts.len() == 1
            && let Some(one) = parts.pop()
        {
            return Ok(one);
        }
        Ok(match level {
            Level::Or => Expression::Or(parts),
            Level::Xor => Expression::Xor(parts),
            Level::And => Expression::And(parts),
        })
    }

    fn below(&mut self, level: Level) -> Parsed<Expression<'t>> {
        match level {
            Level::Or => self.level(Level::Xor),
            Level::Xor => self.level(Level::And),
            Level::And => self.unary(),
        }
    }

    fn unary(&mut self) -> Parsed<Expression<'t>> {
        let span = self.span();
        if self.takes("not") || self.takes("!") {
            self.count()?;
            let inner = self.deeper(&span, Parser::unary)?;
            return Ok(Expression::Not(Box::new(inner)));
        }
        if self.takes("(") {
            let inner = self.deeper(&span, Parser::expression)?;
            if !self.takes(")") {
                return Err(match self.peek() {
                    Kind::End => TextMistake::new(span, "a parenthesis has no end", "no `)` for this"),
                    _ => self.unexpected_behind(),
                });
            }
            return Ok(inner);
        }
        self.count()?;
        self.comparison()
    }

    fn comparison(&mut self) -> Parsed<Expression<'t>> {
        let span = self.span();
        match self.peek() {
            Kind::Word("true") => self.constant(true),
            Kind::Word("false") => self.constant(false),
            Kind::Word(name @ ("starts_with" | "ends_with")) => {
                let is_start = *name == "starts_with";
                self.ends(is_start, span)
            }
            Kind::Word("exists") => {
                self.at += 1;
                self.wants("(", "`exists` stands before a field in parentheses: `exists(header[\"x\"])`")?;
                let value = self.value()?;
                self.wants(")", "`exists` takes one field")?;
                Ok(Expression::Exists { value, span: span.start..self.end() })
            }
            _ => self.operation(),
        }
    }

    fn constant(&mut self, holds: bool) -> Parsed<Expression<'t>> {
        self.at += 1;
        Ok(Expression::Constant(holds))
    }

    fn ends(&mut self, is_start: bool, span: Span) -> Parsed<Expression<'t>> {
        let form = if is_start { "`starts_with(path, \"/a/\")`" } else { "`ends_with(path, \".js\")`" };
        let form = format!("the form is {form}");
        self.at += 1;
        self.wants("(", &form)?;
        let value = self.value()?;
        self.wants(",", &form)?;
        let text = self.string(&form)?;
        self.wants(")", &form)?;
        Ok(Expression::Ends { value, is_start, text, span: span.start..self.end() })
    }

    fn operation(&mut self) -> Parsed<Expression<'t>> {
        let value = self.value()?;
        let operator_span = self.span();
        let operator = self.operator(&value)?;
        let right_span = self.span();
        let right = match self.peek().clone() {
            Kind::Text(..) => Right::Text(self.string("")?),
            Kind::Word(word) => {
                self.at += 1;
                Right::Word(word)
            }
            Kind::Sign("{") => Right::Set(self.set()?),
            _ => {
                let operator = operator.as_str();
                let message = format!("`{operator}` has nothing on its right");
                return Err(TextMistake::new(self.span_or_last(), message, "a value must stand here"));
            }
        };
        let right_span = right_span.start..self.end();
        Ok(Expression::Compare { value, operator, operator_span, right, right_span })
    }

    fn operator(&mut self, value: &Value<'t>) -> Parsed<Operator> {
        let name = match self.peek() {
            Kind::Word(word) => *word,
            Kind::Sign(sign) => sign,
            Kind::Text(..) | Kind::End => "",
        };
        if let Some((_, operator)) = OPERATORS.iter().find(|(known, _)| *known == name) {
            self.at += 1;
            return Ok(*operator);
        }
        let written = &self.text[value.span.clone()];
        let is_connected = matches!(name, ")" | "and" | "or" | "xor" | "&&" | "||" | "^^" | "");
        if is_connected && !matches!(self.peek(), Kind::Text(..)) {
            let message = format!("`{written}` alone is no condition");
            let mistake = TextMistake::new(value.span.clone(), message, "compared with nothing");
            return Err(mistake.hint(match value.field.may_be_absent() {
                true => format!("write `exists({written})`, or compare it: `{written} == …`"),
                false => format!("compare it: `{written} == …`"),
            }));
        }
        Err(words::no_operator(name, written, self.span_or_last()))
    }

    fn value(&mut self) -> Parsed<Value<'t>> {
        let span = self.span();
        let Kind::Word(name) = self.peek().clone() else {
            if let (Kind::End, Some(Kind::Word(word))) = (self.peek(), self.before())
                && matches!(*word, "and" | "or" | "xor" | "not")
            {
                let message = format!("behind `{word}` a condition must stand");
                return Err(TextMistake::new(self.span_or_last(), message, "nothing behind this"));
            }
            let mistake = TextMistake::new(self.span_or_last(), "a field must stand here", "no field");
            return Err(mistake.hint(match self.peek() {
                Kind::Text(..) => "the field stands on the left: `host == \"example.com\"`".to_owned(),
                Kind::Sign("{") => "a set stands behind `in`: `ip in {192.0.2.0/24}`".to_owned(),
                _ => words::all_fields(),
            }));
        };
        if let Some(mistake) = words::no_operand(name, &span) {
            return Err(mistake);
        }
        self.at += 1;
        let followed_by_parenthesis = *self.peek() == Kind::Sign("(");
        match name {
            "lower" | "len" if followed_by_parenthesis => {
                self.at += 1;
                let inner = self.deeper(&span, Parser::value)?;
                self.wants(")", &format!("`{name}` takes one field"))?;
                self.applied(name, inner, span)
            }
            "starts_with" | "ends_with" | "exists" => {
                let message = format!("`{name}` is a condition of its own, no value");
                Err(TextMistake::new(span, message, "not a field"))
            }
            _ if *self.peek() == Kind::Sign("[") => self.indexed(name, span),
            _ => match Field::plain(name) {
                Some(field) if !followed_by_parenthesis => Ok(self.plain(field, span)),
                _ => Err(self.no_field(name, span, followed_by_parenthesis)),
            },
        }
    }

    fn plain(&self, field: Field<'t>, span: Span) -> Value<'t> {
        Value {
            field,
            field_span: span.clone(),
            is_lower: false,
            is_length: false,
            span: span.start..self.end(),
        }
    }

    fn applied(&self, name: &str, inner: Value<'t>, span: Span) -> Parsed<Value<'t>> {
        let span = span.start..self.end();
        if inner.is_length {
            let message = format!("`{name}` takes a text, and this is a number");
            return Err(TextMistake::new(inner.span, message, "a number"));
        }
        let (is_lower, is_length) = (name == "lower" || inner.is_lower, name == "len");
        Ok(Value { is_lower, is_length, span, ..inner })
    }

    fn indexed(&mut self, name: &'t str, span: Span) -> Parsed<Value<'t>> {
        let form = format!("the form is `{name}[\"name\"]`");
        if !INDEXED.contains(&name) {
            return Err(words::not_indexed(name, span));
        }
        self.at += 1;
        let text = self.string(&form)?;
        self.wants("]", &form)?;
        let field = match name {
            "header" => Field::Header(text),
            "cookie" => Field::Cookie(text),
            _ => Field::Parameter(text),
        };
        let span = span.start..self.end();
        Ok(self.plain(field, span))
    }

    fn no_field(&self, name: &str, span: Span, is_call: bool) -> TextMistake {
        if INDEXED.contains(&name) {
            let mistake =
                TextMistake::new(span, format!("`{name}` needs a name in brackets"), "of which name?");
            return mistake.hint(format!("write `{name}[\"…\"]`"));
        }
        if FUNCTIONS.contains(&name) {
            let mistake = TextMistake::new(span, format!("`{name}` needs parentheses"), "a function");
            return mistake.hint(format!("write `{name}(…)`"));
        }
        if is_call { words::no_function(name, span) } else { words::no_field(name, span) }
    }

    fn set(&mut self) -> Parsed<Vec<Member<'t>>> {
        let start = self.span();
        self.at += 1;
        let mut members = Vec::new();
        loop {
            let span = self.span();
            match self.peek().clone() {
                Kind::Sign("}") => {
                    self.at += 1;
                    return Ok(members);
                }
                Kind::Sign(",") if !members.is_empty() => self.at += 1,
                Kind::Text(..) => members.push(Member::Text(self.string("")?)),
                Kind::Word(word) => {
                    self.at += 1;
                    members.push(Member::Word(word, span));
                }
                Kind::End => return Err(TextMistake::new(start, "a set has no end", "no `}` for this")),
                Kind::Sign(sign) => {
                    let message = format!("`{sign}` cannot stand in a set");
                    return Err(TextMistake::new(span, message, "unexpected")
                        .hint("members are strings or addresses"));
                }
            }
        }
    }

    fn string(&mut self, form: &str) -> Parsed<Text<'t>> {
        let token = self.tokens[self.at].clone();
        if let Kind::Text(text, inner) = token.kind {
            self.at += 1;
            return Ok(Text { text, span: token.span, inner });
        }
        let mistake = TextMistake::new(self.span_or_last(), "a string must stand here", "no string");
        Err(mistake.hint(form))
    }

    /// One level further down, as far as it goes.
    fn deeper<T>(&mut self, span: &Span, inner: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.depth == FILTER_DEPTH_MAX {
            let message = format!("the expression is nested deeper than {FILTER_DEPTH_MAX} levels");
            return Err(TextMistake::new(span.clone(), message, "too deep"));
        }
        self.depth += 1;
        let result = inner(self);
        self.depth -= 1;
        result
    }

    fn count(&mut self) -> Parsed<()> {
        self.nodes += 1;
        if self.nodes > FILTER_NODES_MAX {
            let message =
                format!("the expression has more than {FILTER_NODES_MAX} comparisons and operators");
            let mistake = TextMistake::new(self.span_or_last(), message, "too many");
            return Err(mistake.hint("a set says in one comparison what many say: `host in {\"a\" \"b\"}`"));
        }
        Ok(())
    }

    fn unexpected_behind(&self) -> TextMistake {
        let span = self.span_or_last();
        let written = &self.text[span.clone()];
        match self.peek() {
            Kind::Sign(")") => TextMistake::new(span, "a `)` without `(`", "unexpected"),
            Kind::Word(word) => words::no_connection(word, span),
            Kind::Sign("==" | "!=") => {
                TextMistake::new(span, "conditions are not compared with each other", "unexpected")
                    .hint("a condition stands alone, `not` turns it round, `xor` says that two differ")
            }
            Kind::Sign("[") => {
                TextMistake::new(span, "brackets stand behind `header`, `cookie` and `query`", "unexpected")
            }
            _ => {
                let message = format!("`{written}` stands where the expression could end");
                TextMistake::new(span, message, "unexpected")
                    .hint("connect conditions with `and`, `or` or `xor`")
            }
        }
    }

    fn wants(&mut self, sign: &str, form: &str) -> Parsed<()> {
        if self.takes(sign) {
            return Ok(());
        }
        let message = format!("`{sign}` must stand here");
        Err(TextMistake::new(self.span_or_last(), message, "something else").hint(form))
    }

    fn takes(&mut self, name: &str) -> bool {
        let is_there = match self.peek() {
            Kind::Word(word) => *word == name,
            Kind::Sign(sign) => *sign == name,
            Kind::Text(..) | Kind::End => false,
        };
        self.at += usize::from(is_there);
        is_there
    }

    fn peek(&self) -> &Kind<'t> {
        &self.tokens[self.at].kind
    }

    fn before(&self) -> Option<&Kind<'t>> {
        self.at.checked_sub(1).map(|at| &self.tokens[at].kind)
    }

    fn span(&self) -> Span {
        self.tokens[self.at].span.clone()
    }

    /// Where to point: at the end, the last token.
    fn span_or_last(&self) -> Span {
        match (self.peek(), self.at) {
            (Kind::End, 1..) => self.tokens[self.at - 1].span.clone(),
            _ => self.span(),
        }
    }

    /// Where what was last taken ends.
    fn end(&self) -> usize {
        self.tokens[self.at.saturating_sub(1)].span.end
    }
}
