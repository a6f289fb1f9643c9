//! Pairs of the grammar to expressions.

use pest::iterators::Pair;

use super::Rule;
use super::lines::is_template;
use super::tree::{Expression, ExpressionKind, Parameters, Part, Trailer};
use super::{brackets, literal, strings};
use crate::source::{FileId, Span};

/// How often the body of a lambda may be a conditional expression that ends in another lambda; what nests deeper is opaque.
const MAX_LAMBDAS: usize = 16;

/// Where a piece of text lies in its file, and how many f-strings it lies in.
pub(super) struct Reader {
    pub(super) file: FileId,
    pub(super) base: usize,
    pub(super) depth: usize,
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
            Some(inner) => self.whole(inner),
            None => opaque(Span::new(self.file, self.base..self.base), ""),
        }
    }

    /// What may stand where a statement takes a value.
    pub(super) fn whole(&self, pair: Pair<Rule>) -> Expression {
        match pair.as_rule() {
            Rule::elements => self.elements(pair),
            Rule::yield_expression => self.yields(pair),
            Rule::element => self.element(pair),
            Rule::expression => self.expression(pair),
            _ => self.opaque(&pair),
        }
    }

    /// Expressions between commas: a tuple, or a single one without a comma.
    pub(super) fn elements(&self, pair: Pair<Rule>) -> Expression {
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
                Rule::element => items.push(self.element(part)),
                Rule::target => items.push(self.target(part)),
                Rule::comma => comma = true,
                _ => {}
            }
        }
        (items, comma)
    }

    /// An expression, or `*a`, or `a := b`.
    pub(super) fn element(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let (mut star, mut name, mut value) = (false, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::star => star = true,
                Rule::name => name = Some(part.as_str().to_string()),
                Rule::expression => value = Some(self.expression(part)),
                _ => {}
            }
        }
        let value = value.unwrap_or_else(|| opaque(span, ""));
        match (star, name) {
            (true, _) => Expression { span, kind: ExpressionKind::Starred(Box::new(value)) },
            (false, Some(name)) => Expression { span, kind: ExpressionKind::Walrus(name, Box::new(value)) },
            (false, None) => value,
        }
    }

    /// What a loop binds: one name, or several.
    pub(super) fn targets(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let (mut items, tuple) = self.items(pair);
        match items.pop() {
            Some(only) if !tuple => only,
            last => {
                items.extend(last);
                Expression { span, kind: ExpressionKind::Tuple(items) }
            }
        }
    }

    /// One of them.
    pub(super) fn target(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let mut star = false;
        let mut value = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::star => star = true,
                Rule::operand => value = Some(self.operand(part)),
                _ => {}
            }
        }
        let value = value.unwrap_or_else(|| opaque(span, ""));
        if star { Expression { span, kind: ExpressionKind::Starred(Box::new(value)) } } else { value }
    }

    fn yields(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let value = pair.into_inner().find(|part| matches!(part.as_rule(), Rule::element | Rule::elements));
        Expression { span, kind: ExpressionKind::Yield(value.map(|value| Box::new(self.whole(value)))) }
    }

    /// An expression: rows with `if` and `else` between them, and the heads of lambdas before some of them.
    pub(super) fn expression(&self, pair: Pair<Rule>) -> Expression {
        let span = self.span(&pair);
        let whole = pair.clone();
        // Each lambda's body reaches to the end.
        let mut bodies: Vec<(Vec<Parameters>, Vec<Expression>)> = vec![(Vec::new(), Vec::new())];
        for part in pair.into_inner() {
            match (part.as_rule(), bodies.last_mut()) {
                (Rule::lambda_head, Some((heads, rows))) if rows.is_empty() => {
                    heads.push(self.parameters(part))
                }
                (Rule::lambda_head, _) => bodies.push((vec![self.parameters(part)], Vec::new())),
                (Rule::row, Some((_, rows))) => rows.push(self.row(part)),
                _ => {}
            }
        }
        if bodies.len() > MAX_LAMBDAS {
            return self.opaque(&whole);
        }
        let mut behind: Option<Expression> = None;
        for (heads, mut rows) in bodies.into_iter().rev() {
            let Some(last) = behind.take().or_else(|| rows.pop()) else { return self.opaque(&whole) };
            let start = rows.first().map_or(last.span.start, |first| first.span.start);
            let body = if rows.is_empty() {
                last
            } else {
                let mut cases = Vec::with_capacity(rows.len() / 2);
                let mut rows = rows.into_iter();
                while let (Some(value), Some(condition)) = (rows.next(), rows.next()) {
                    cases.push((value, condition));
                }
                let kind = ExpressionKind::Choice(cases, Box::new(last));
                Expression { span: Span { start, ..span }, kind }
            };
            behind = Some(if heads.is_empty() {
                body
            } else {
                Expression { span, kind: ExpressionKind::Lambda(heads, Box::new(body)) }
            });
        }
        behind.unwrap_or_else(|| self.opaque(&whole))
    }

    /// The parameters of a function or of a lambda.
    pub(super) fn parameters(&self, pair: Pair<Rule>) -> Parameters {
        let mut all = Parameters::default();
        // Behind `*` or `*args` only names are given by name.
        let mut by_place = true;
        let kinds = [Rule::parameter, Rule::lambda_parameter];
        for parameter in pair.into_inner() {
            if !kinds.contains(&parameter.as_rule()) {
                // The type of what is returned.
                if parameter.as_rule() == Rule::element {
                    all.evaluated.push(self.element(parameter));
                }
                continue;
            }
            let mut stars = false;
            let mut name = None;
            for part in parameter.into_inner() {
                match part.as_rule() {
                    Rule::stars => stars = true,
                    Rule::name => name = Some(part.as_str().to_string()),
                    Rule::element | Rule::expression => all.evaluated.push(self.whole(part)),
                    _ => {}
                }
            }
            by_place &= !stars;
            all.takes.by_place += usize::from(by_place && name.is_some());
            all.takes.names.extend(name);
        }
        all
    }

    /// Operands and operators.
    pub(super) fn row(&self, pair: Pair<Rule>) -> Expression {
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
            Rule::strings => return strings::join(self, pair),
            Rule::number => match literal::number(pair.as_str()) {
                Some(kind) => kind,
                None => return self.opaque(&pair),
            },
            Rule::constant => match pair.as_str() {
                "True" => ExpressionKind::Bool(true),
                "False" => ExpressionKind::Bool(false),
                "None" => ExpressionKind::None,
                _ => ExpressionKind::Ellipsis,
            },
            Rule::name => ExpressionKind::Name(pair.as_str().into()),
            Rule::parenthesis => return brackets::parenthesis(self, pair),
            Rule::list => return brackets::list(self, pair),
            Rule::braces => return brackets::braces(self, pair),
            _ => return self.opaque(&pair),
        };
        Expression { span, kind }
    }

    fn trailer(&self, pair: Pair<Rule>) -> Option<Trailer> {
        Some(match pair.as_rule() {
            Rule::attribute => Trailer::Attribute(
                pair.into_inner().find(|part| part.as_rule() == Rule::identifier)?.as_str().into(),
            ),
            Rule::call => Trailer::Call(brackets::arguments(self, pair)),
            Rule::subscript => Trailer::Subscript(brackets::subscript(self, pair)),
            _ => Trailer::Opaque(self.opaque(&pair)),
        })
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

/// Whether a pair is nothing but space.
pub(super) fn is_trivia(rule: Rule) -> bool {
    matches!(rule, Rule::space | Rule::continuation | Rule::newline | Rule::comment)
}

/// The operators, each as it is told apart in a row.
const OPERATORS: [&str; 27] = [
    "and", "or", "not", "not in", "in", "is not", "is", "**", "//", "<<", ">>", "==", "!=", "<=", ">=", "<",
    ">", "+", "-", "*", "/", "%", "@", "&", "|", "^", "await",
];

/// An operator as it is told apart.
pub(super) fn operator(text: &str) -> &'static str {
    let two_words = text.len() > 3 && text.starts_with(['n', 'i']);
    let wanted = match (two_words, text.as_bytes().first()) {
        (true, Some(b'n')) => "not in",
        (true, _) => "is not",
        (false, _) => text,
    };
    OPERATORS.iter().copied().find(|operator| *operator == wanted).unwrap_or("~")
}
