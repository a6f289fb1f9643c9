//! Pairs of the grammar to expressions.

use pest::iterators::Pair;

use super::Rule;
use super::lines::is_template;
use super::literal;
use super::tree::{Expression, ExpressionKind, Part, Trailer};
use crate::source::{FileId, Span};

/// Where a logical line lies in its file.
pub(super) struct Reader {
    pub(super) file: FileId,
    pub(super) base: usize,
}

impl Reader {
    /// The span of a pair in the file.
    pub(super) fn span(&self, pair: &Pair<Rule>) -> Span {
        let span = pair.as_span();
        Span::new(self.file, self.base + span.start()..self.base + span.end())
    }

    /// An expression of whose value nothing is known.
    pub(super) fn opaque(&self, pair: &Pair<Rule>) -> Expression {
        opaque(self.span(pair), pair.as_str())
    }

    /// One side of an assignment.
    pub(super) fn value(&self, pair: Pair<Rule>) -> Expression {
        match pair.into_inner().next() {
            Some(inner) if inner.as_rule() == Rule::expressions => self.expressions(inner),
            Some(inner) => self.opaque(&inner),
            None => opaque(Span::new(self.file, self.base..self.base), ""),
        }
    }

    /// Expressions between commas: a tuple, or a single one without a comma.
    pub(super) fn expressions(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let (mut items, tuple) = self.items(pair);
        if tuple {
            return Expression { span, kind: ExpressionKind::Tuple(items) };
        }
        items.pop().unwrap_or(Expression { span, kind: ExpressionKind::Tuple(Vec::new()) })
    }

    /// The expressions, and whether there is a comma.
    fn items(&self, pair: Pair<Rule>) -> (Vec<Expression>, bool) {
        let mut items = Vec::new();
        let mut comma = false;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expression => items.push(self.expression(part)),
                Rule::comma => comma = true,
                _ => {}
            }
        }
        (items, comma)
    }

    /// An expression.
    pub(super) fn expression(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let mut rows: Vec<Expression> =
            pair.into_inner().filter(|part| part.as_rule() == Rule::row).map(|row| self.row(row)).collect();
        let Some(last) = rows.pop() else { return opaque(span, "") };
        if rows.is_empty() {
            return last;
        }
        let mut cases = Vec::with_capacity(rows.len() / 2);
        let mut rows = rows.into_iter();
        while let (Some(value), Some(condition)) = (rows.next(), rows.next()) {
            cases.push((value, condition));
        }
        Expression { span, kind: ExpressionKind::Choice(cases, Box::new(last)) }
    }

    fn row(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let mut parts: Vec<Part> = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::prefix_operator => parts.push(Part::Prefix(operator(part.as_str()))),
                Rule::infix_operator => parts.push(Part::Infix(operator(part.as_str()))),
                Rule::operand => parts.push(Part::Operand(self.operand(part))),
                _ => {}
            }
        }
        if let [Part::Operand(_)] = parts.as_slice()
            && let Some(Part::Operand(only)) = parts.pop()
        {
            return only;
        }
        Expression { span, kind: ExpressionKind::Row(parts) }
    }

    fn operand(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let mut parts = pair.into_inner().filter(|part| !is_trivia(part.as_rule()));
        let Some(first) = parts.next() else { return opaque(span, "") };
        let value = self.atom(first);
        let trailers: Vec<Trailer> = parts.filter_map(|part| self.trailer(part)).collect();
        if trailers.is_empty() {
            return value;
        }
        Expression { span, kind: ExpressionKind::Trailed(Box::new(value), trailers) }
    }

    fn atom(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let kind = match pair.as_rule() {
            Rule::template => ExpressionKind::Template,
            Rule::strings => return self.strings(pair),
            Rule::number => match literal::number(pair.as_str()) {
                Some(kind) => kind,
                None => return self.opaque(&pair),
            },
            Rule::constant => match pair.as_str() {
                "True" => ExpressionKind::Bool(true),
                "False" => ExpressionKind::Bool(false),
                "None" => ExpressionKind::None,
                _ => return self.opaque(&pair),
            },
            Rule::name => ExpressionKind::Name(pair.as_str().into()),
            Rule::parenthesis => {
                let inner = pair.into_inner().find(|part| part.as_rule() == Rule::expressions);
                inner.map_or(ExpressionKind::Tuple(Vec::new()), |inner| self.expressions(inner).kind)
            }
            Rule::list => {
                let inner = pair.into_inner().find(|part| part.as_rule() == Rule::expressions);
                ExpressionKind::List(inner.map_or(Vec::new(), |inner| self.items(inner).0))
            }
            _ => return self.opaque(&pair),
        };
        Expression { span, kind }
    }

    /// Strings side by side: they are one.
    fn strings(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let mut joined = String::new();
        let mut template = false;
        for part in pair.clone().into_inner().filter(|part| part.as_rule() == Rule::string) {
            match literal::string(part.as_str()) {
                Some(text) => {
                    template |= is_template(&text);
                    joined.push_str(&text);
                }
                None => return self.opaque(&pair),
            }
        }
        let kind = if template { ExpressionKind::Template } else { ExpressionKind::Text(joined) };
        Expression { span, kind }
    }

    fn trailer(&self, pair: Pair<Rule>) -> Option<Trailer> {
        Some(match pair.as_rule() {
            Rule::attribute => Trailer::Attribute(
                pair.into_inner().find(|part| part.as_rule() == Rule::identifier)?.as_str().into(),
            ),
            Rule::call => {
                let arguments = pair.into_inner().filter(|part| part.as_rule() == Rule::argument);
                Trailer::Call(arguments.filter_map(|argument| self.argument(argument)).collect())
            }
            Rule::subscript => {
                let index = pair.into_inner().find(|part| part.as_rule() == Rule::expression)?;
                Trailer::Subscript(self.expression(index))
            }
            _ => Trailer::Opaque(self.opaque(&pair)),
        })
    }

    fn argument(&self, pair: Pair<Rule>) -> Option<(Option<String>, Expression)> {
        let mut name = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::identifier => name = Some(part.as_str().to_string()),
                Rule::expression => return Some((name, self.expression(part))),
                _ => {}
            }
        }
        None
    }
}

/// An expression of whose value nothing is known; what it mentions is.
pub(super) fn opaque(span: Span, text: &str) -> Expression {
    let mut names: Vec<String> = text
        .split(|c: char| !(c.is_alphanumeric() || c == '_' || c > '\u{7f}'))
        .filter(|word| !word.is_empty() && !word.starts_with(|c: char| c.is_ascii_digit()))
        .map(String::from)
        .collect();
    names.dedup();
    let kind = ExpressionKind::Opaque {
        names,
        binds: text.contains(":="),
        calls: text.contains(['(', '@']),
        template: is_template(text),
    };
    Expression { span, kind }
}

fn is_trivia(rule: Rule) -> bool {
    matches!(rule, Rule::space | Rule::continuation | Rule::newline | Rule::comment)
}

/// The operators, each as it is told apart in a row.
const OPERATORS: [&str; 26] = [
    "and", "or", "not", "not in", "in", "is not", "is", "**", "//", "<<", ">>", "==", "!=", "<=", ">=", "<",
    ">", "+", "-", "*", "/", "%", "@", "&", "|", "^",
];

fn operator(text: &str) -> &'static str {
    let two_words = text.len() > 3 && text.starts_with(['n', 'i']);
    let wanted = match (two_words, text.as_bytes().first()) {
        (true, Some(b'n')) => "not in",
        (true, _) => "is not",
        (false, _) => text,
    };
    OPERATORS.iter().copied().find(|operator| *operator == wanted).unwrap_or("~")
}
