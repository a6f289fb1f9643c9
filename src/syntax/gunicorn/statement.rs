//! One logical line to statements.

use pest::Parser;
use pest::iterators::Pair;

use super::expression::{Reader, opaque, operator};
use super::lines::{Line, Reading};
use super::tree::{Expression, Header, Import, Keyword, Statement, StatementKind};
use super::{Grammar, Rule, brackets};
use crate::source::{FileId, Span};

/// What a logical line is.
pub(super) enum Read {
    /// Statements that are complete.
    Statements(Vec<Statement>),
    /// The first line of a block, its header with it.
    Opener(Keyword, Header),
    /// A line that is not known, and that a block may follow.
    OpaqueOpener(Statement),
}

/// Reads a logical line.
pub(super) fn read(file: FileId, text: &str, line: &Line) -> Read {
    let slice = &text[line.range.clone()];
    let span = Span::new(file, line.range.clone());
    let whole = || Statement { span, kind: StatementKind::Evaluate(opaque(span, slice)) };
    if let Reading::Opaque { colon } = line.reading {
        return if colon { Read::OpaqueOpener(whole()) } else { Read::Statements(vec![whole()]) };
    }
    let Ok(mut pairs) = Grammar::parse(Rule::line, slice) else {
        return Read::Statements(vec![whole()]);
    };
    let reader = Reader { file, base: line.range.start, depth: 0 };
    let mut statements = Vec::new();
    for pair in pairs.next().into_iter().flat_map(Pair::into_inner) {
        match pair.as_rule() {
            Rule::compound => return compound(&reader, pair),
            Rule::simple => statements.extend(simple(&reader, pair)),
            Rule::decorator => {
                let value = pair.into_inner().find(|part| part.as_rule() == Rule::element);
                let kind =
                    value.map_or_else(|| whole().kind, |it| StatementKind::Decorator(reader.element(it)));
                statements.push(Statement { span, kind });
            }
            _ => {}
        }
    }
    let colon = slice.ends_with(':');
    match statements.pop() {
        Some(last) if colon && statements.is_empty() => Read::OpaqueOpener(last),
        last => Read::Statements(statements.into_iter().chain(last).collect()),
    }
}

fn compound(reader: &Reader, pair: Pair<Rule>) -> Read {
    let span = reader.span(&pair);
    let mut keyword = Keyword::While;
    let mut header = Header::Nothing;
    let mut body = None;
    let mut is_async = false;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::word_async => is_async = true,
            Rule::element => header = Header::Expression(reader.element(part)),
            Rule::header => header = Header::Expression(reader.opaque(&part)),
            Rule::for_header
            | Rule::with_header
            | Rule::except_header
            | Rule::class_header
            | Rule::signature => {
                header = header_of(reader, part);
            }
            Rule::suite => {
                let inline: Vec<Statement> = part
                    .into_inner()
                    .filter(|part| part.as_rule() == Rule::simple)
                    .filter_map(|part| simple(reader, part))
                    .collect();
                body = (!inline.is_empty()).then_some(inline);
            }
            rule => keyword = keyword_of(rule).unwrap_or(keyword),
        }
    }
    if let Header::Def(_, parameters) = &mut header {
        parameters.is_async = is_async;
    }
    match body {
        Some(body) => {
            Read::Statements(vec![Statement { span, kind: StatementKind::Block { keyword, header, body } }])
        }
        None => Read::Opener(keyword, header),
    }
}

fn header_of(reader: &Reader, pair: Pair<Rule>) -> Header {
    let span = reader.span(&pair);
    let nothing = || opaque(span, "");
    let rule = pair.as_rule();
    let name = pair.clone().into_inner().find(|part| part.as_rule() == Rule::name);
    let name = name.map(|name| name.as_str().to_string());
    let find = |rule: Rule| pair.clone().into_inner().find(|part| part.as_rule() == rule);
    match rule {
        Rule::for_header => {
            let target = find(Rule::targets).map_or_else(nothing, |part| reader.targets(part));
            let values = find(Rule::elements).map_or_else(nothing, |part| reader.elements(part));
            Header::For(target, values)
        }
        Rule::with_header => {
            let items = pair.into_inner().filter(|part| part.as_rule() == Rule::with_item);
            Header::With(items.map(|item| with_item(reader, item)).collect())
        }
        Rule::except_header => {
            Header::Except(find(Rule::elements).map_or_else(nothing, |part| reader.elements(part)), name)
        }
        Rule::class_header => {
            let arguments = find(Rule::call).map_or_else(Vec::new, |call| brackets::arguments(reader, call));
            Header::Class(name.unwrap_or_default(), arguments)
        }
        _ => Header::Def(name.unwrap_or_default(), reader.parameters(pair)),
    }
}

fn with_item(reader: &Reader, pair: Pair<Rule>) -> (Expression, Option<Expression>) {
    let mut value = opaque(reader.span(&pair), "");
    let mut target = None;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::element => value = reader.element(part),
            Rule::target => target = Some(reader.target(part)),
            _ => {}
        }
    }
    (value, target)
}

fn keyword_of(rule: Rule) -> Option<Keyword> {
    Some(match rule {
        Rule::keyword_if => Keyword::If,
        Rule::keyword_elif => Keyword::Elif,
        Rule::keyword_else => Keyword::Else,
        Rule::keyword_while => Keyword::While,
        Rule::keyword_for => Keyword::For,
        Rule::keyword_try => Keyword::Try,
        Rule::keyword_except => Keyword::Except,
        Rule::keyword_finally => Keyword::Finally,
        Rule::keyword_with => Keyword::With,
        Rule::keyword_def => Keyword::Def,
        Rule::keyword_class => Keyword::Class,
        Rule::keyword_match => Keyword::Match,
        Rule::keyword_case => Keyword::Case,
        _ => return None,
    })
}

fn simple(reader: &Reader, pair: Pair<Rule>) -> Option<Statement> {
    let pair = pair.into_inner().find(|part| part.as_rule() != Rule::end)?;
    let span = reader.span(&pair);
    let kind = match pair.as_rule() {
        Rule::from_star => StatementKind::ImportAll(module(&pair)),
        Rule::from_import => {
            let from = module(&pair);
            let bound = pair.into_inner().filter(|part| part.as_rule() == Rule::bound_name);
            StatementKind::Import(bound.map(|part| from_import(&from, part)).collect())
        }
        Rule::plain_import => {
            let bound = pair.into_inner().filter(|part| part.as_rule() == Rule::bound_module);
            StatementKind::Import(bound.map(plain_import).collect())
        }
        Rule::global => {
            let names = pair.into_inner().filter(|part| part.as_rule() == Rule::name);
            StatementKind::Global(names.map(|part| part.as_str().to_string()).collect())
        }
        Rule::delete => {
            let values = pair.into_inner().find(|part| part.as_rule() == Rule::elements)?;
            StatementKind::Delete(reader.elements(values))
        }
        Rule::pass => StatementKind::Pass,
        Rule::jump => StatementKind::Jump,
        Rule::return_ => StatementKind::Return(values(reader, pair).pop()),
        Rule::raise_ => StatementKind::Raise(values(reader, pair)),
        Rule::assert_ => StatementKind::Assert(values(reader, pair)),
        Rule::assignment => assignment(reader, pair),
        _ => StatementKind::Evaluate(reader.opaque(&pair)),
    };
    Some(Statement { span, kind })
}

/// The expressions that a statement is made of.
fn values(reader: &Reader, pair: Pair<Rule>) -> Vec<Expression> {
    let values = pair.into_inner().filter(|part| matches!(part.as_rule(), Rule::element | Rule::elements));
    values.map(|part| reader.whole(part)).collect()
}

fn module(pair: &Pair<Rule>) -> String {
    let mut parts = pair.clone().into_inner();
    parts
        .find(|part| part.as_rule() == Rule::module)
        .map(|part| part.as_str().to_string())
        .unwrap_or_default()
}

fn from_import(module: &str, pair: Pair<Rule>) -> Import {
    let names: Vec<&str> =
        pair.into_inner().filter(|part| part.as_rule() == Rule::name).map(|part| part.as_str()).collect();
    let bound = names.last().copied().unwrap_or_default().to_string();
    Import { module: module.into(), name: names.first().map(|name| name.to_string()), bound }
}

fn plain_import(pair: Pair<Rule>) -> Import {
    let module = module(&pair);
    let alias = pair.into_inner().find(|part| part.as_rule() == Rule::name).map(|part| part.as_str());
    let bound = alias.unwrap_or_else(|| module.split('.').next().unwrap_or_default()).to_string();
    // `import a.b` binds the package `a`, `import a.b as c` the module itself.
    let module = if alias.is_some() { module } else { bound.clone() };
    Import { module, name: None, bound }
}

fn assignment(reader: &Reader, pair: Pair<Rule>) -> StatementKind {
    let mut values = Vec::new();
    let mut annotated = false;
    let mut changed = None;
    for part in pair.into_inner() {
        match part.as_rule() {
            Rule::value => values.push(reader.value(part)),
            Rule::annotation => annotated = true,
            Rule::augment => changed = Some(operator(part.as_str().trim_end_matches('='))),
            _ => {}
        }
    }
    let Some(value) = values.pop() else { return StatementKind::Pass };
    match (values.is_empty(), changed) {
        (true, _) if annotated => StatementKind::Pass,
        (true, _) => StatementKind::Evaluate(value),
        (false, Some(operator)) => StatementKind::Change { target: values.swap_remove(0), operator, value },
        (false, None) => StatementKind::Assign { targets: values, value },
    }
}
