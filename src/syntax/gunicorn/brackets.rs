//! What stands in brackets: items, comprehensions, arguments and subscripts.

use pest::iterators::Pair;

use super::Rule;
use super::expression::Reader;
use super::tree::{Clause, Comprehension, Expression, ExpressionKind, Makes};
use crate::source::Span;

/// What is read of the insides of brackets.
#[derive(Default)]
struct Inside {
    /// Keys are those of a dict, or the names of arguments.
    items: Vec<(Option<Expression>, Expression)>,
    clauses: Vec<Clause>,
    comma: bool,
    /// Whether there is a key, or something is spread as one.
    keyed: bool,
}

fn read(reader: &Reader, pair: Pair<Rule>) -> Inside {
    let mut inside = Inside::default();
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::element | Rule::yield_expression => inside.items.push((None, reader.whole(part))),
            Rule::entry => inside.entry(reader, part),
            Rule::comprehension => inside.clauses.push(clause(reader, part)),
            Rule::comma => inside.comma = true,
            _ => {}
        }
    }
    inside
}

impl Inside {
    fn entry(&mut self, reader: &Reader, pair: Pair<Rule>) {
        let (mut key, mut value) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::double_star => self.keyed = true,
                Rule::row => value = Some(reader.row(part)),
                Rule::element => key = Some(reader.element(part)),
                Rule::expression => value = Some(reader.expression(part)),
                _ => {}
            }
        }
        match (key, value) {
            (Some(only), None) => self.items.push((None, only)),
            (key, Some(value)) => {
                self.keyed = true;
                self.items.push((key, value));
            }
            (None, None) => {}
        }
    }

    /// A comprehension, if there is a loop in it.
    fn comprehension(&mut self, makes: Makes) -> Option<ExpressionKind> {
        if self.clauses.is_empty() {
            return None;
        }
        let (item, value) = match self.items.pop()? {
            (Some(key), value) => (key, Some(value)),
            (None, item) => (item, None),
        };
        let clauses = std::mem::take(&mut self.clauses);
        Some(ExpressionKind::Comprehension(Box::new(Comprehension { makes, item, value, clauses })))
    }

    fn values(self) -> Vec<Expression> {
        self.items.into_iter().map(|(_, value)| value).collect()
    }
}

fn clause(reader: &Reader, pair: Pair<Rule>) -> Clause {
    let span = reader.span(&pair);
    let nothing = || Expression { span, kind: ExpressionKind::Ellipsis };
    let mut clause = Clause { target: nothing(), values: nothing(), conditions: Vec::new() };
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::targets => clause.target = reader.targets(part),
            Rule::row => clause.values = reader.row(part),
            Rule::condition => {
                let row = part.into_inner().find(|part| part.as_rule() == Rule::row);
                clause.conditions.extend(row.map(|row| reader.row(row)));
            }
            _ => {}
        }
    }
    clause
}

/// `(a)`, `(a, b)`, `()` and `(a for b in c)`.
pub(super) fn parenthesis(reader: &Reader, pair: Pair<Rule>) -> Expression {
    let span = reader.span(&pair);
    let mut inside = read(reader, pair);
    let kind = match inside.comprehension(Makes::Generator) {
        Some(kind) => kind,
        None if inside.comma || inside.items.is_empty() => ExpressionKind::Tuple(inside.values()),
        None => match inside.items.pop() {
            Some((_, only)) => only.kind,
            None => ExpressionKind::Tuple(Vec::new()),
        },
    };
    Expression { span, kind }
}

/// `[a, b]` and `[a for b in c]`.
pub(super) fn list(reader: &Reader, pair: Pair<Rule>) -> Expression {
    let span = reader.span(&pair);
    let mut inside = read(reader, pair);
    let kind = inside.comprehension(Makes::List).unwrap_or_else(|| ExpressionKind::List(inside.values()));
    Expression { span, kind }
}

/// `{a: b, **c}`, `{a, b}`, and the comprehensions of both.
pub(super) fn braces(reader: &Reader, pair: Pair<Rule>) -> Expression {
    let span = reader.span(&pair);
    let mut inside = read(reader, pair);
    let makes = if inside.keyed { Makes::Dict } else { Makes::Set };
    let kind = match inside.comprehension(makes) {
        Some(kind) => kind,
        None if inside.keyed || inside.items.is_empty() => ExpressionKind::Dict(inside.items),
        None => ExpressionKind::Set(inside.values()),
    };
    Expression { span, kind }
}

/// The arguments of a call, with their names.
pub(super) fn arguments(reader: &Reader, pair: Pair<Rule>) -> Vec<(Option<String>, Expression)> {
    let mut arguments = Vec::new();
    let mut clauses = Vec::new();
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::argument => arguments.extend(argument(reader, part)),
            Rule::comprehension => clauses.push(clause(reader, part)),
            _ => {}
        }
    }
    if clauses.is_empty() {
        return arguments;
    }
    // The one argument is a generator without parentheses of its own.
    let Some((name, item)) = arguments.pop() else { return arguments };
    let span = item.span;
    let generator = Comprehension { makes: Makes::Generator, item, value: None, clauses };
    arguments.push((name, Expression { span, kind: ExpressionKind::Comprehension(Box::new(generator)) }));
    arguments
}

fn argument(reader: &Reader, pair: Pair<Rule>) -> Option<(Option<String>, Expression)> {
    let span = reader.span(&pair);
    let mut name = None;
    let mut spread = false;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::identifier => name = Some(part.as_str().to_string()),
            Rule::double_star => spread = true,
            Rule::expression | Rule::element => {
                let value = reader.whole(part);
                return Some(if spread {
                    (None, Expression { span, kind: ExpressionKind::Spread(Box::new(value)) })
                } else {
                    (name, value)
                });
            }
            _ => {}
        }
    }
    None
}

/// What stands in the brackets of a subscript.
pub(super) fn subscript(reader: &Reader, pair: Pair<Rule>) -> Expression {
    let span = reader.span(&pair);
    let mut items = Vec::new();
    let mut comma = false;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::slice => items.extend(slice(reader, part)),
            Rule::comma => comma = true,
            _ => {}
        }
    }
    match items.pop() {
        Some(only) if !comma => only,
        last => {
            items.extend(last);
            Expression { span: Span { start: span.start, ..span }, kind: ExpressionKind::Tuple(items) }
        }
    }
}

fn slice(reader: &Reader, pair: Pair<Rule>) -> Option<Expression> {
    let span = reader.span(&pair);
    let mut parts: [Option<Expression>; 3] = [None, None, None];
    let mut at = 0;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::slice_colon => at += 1,
            Rule::element | Rule::expression => {
                if let Some(slot) = parts.get_mut(at) {
                    *slot = Some(reader.whole(part));
                }
            }
            _ => {}
        }
    }
    if at == 0 {
        let [only, ..] = parts;
        return only;
    }
    Some(Expression { span, kind: ExpressionKind::Slice(Box::new(parts)) })
}
