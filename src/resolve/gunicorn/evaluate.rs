//! Expressions to values. What is not followed is unknown; nothing is guessed.

use super::calls;
use super::scope::Scope;
use super::value::{self, Value};
use crate::syntax::gunicorn::{Expression, ExpressionKind, Part, Trailer};
use crate::value::{Possible, either};

/// The most combinations of possible values that are worked out.
const MAX_COMBINATIONS: usize = 16;

/// How deep lists may lie in each other.
const MAX_NESTED: usize = 4;

/// The value of an expression.
pub(super) fn evaluate(scope: &Scope, expression: &Expression) -> Possible<Value> {
    match &expression.kind {
        ExpressionKind::Text(text) => Possible::Known(Value::Text(text.clone())),
        ExpressionKind::Int(number) => Possible::Known(Value::Int(*number)),
        ExpressionKind::Float(number) => Possible::Known(Value::Float(*number)),
        ExpressionKind::Bool(value) => Possible::Known(Value::Bool(*value)),
        ExpressionKind::None => Possible::Known(Value::None),
        ExpressionKind::Name(name) => scope.lookup(name),
        ExpressionKind::Tuple(items) => items_of(scope, items).map(Value::Tuple),
        ExpressionKind::List(items) => items_of(scope, items).map(Value::List),
        ExpressionKind::Trailed(head, trailers) => trailed(scope, head, trailers),
        ExpressionKind::Row(parts) => row(scope, parts),
        ExpressionKind::Choice(cases, last) => choice(scope, cases, last),
        ExpressionKind::Template | ExpressionKind::Opaque { template: true, .. } => {
            Possible::Unknown("a template fills it in".into())
        }
        ExpressionKind::Walrus(_, value) => evaluate(scope, value),
        ExpressionKind::Lambda(heads, _) => match heads.first() {
            Some(head) => {
                let arity = head.takes.by_place;
                Possible::Known(Value::Function { name: "lambda".into(), arity })
            }
            None => not_followed(),
        },
        ExpressionKind::Dict(entries) if entries.is_empty() => Possible::Known(Value::Dict(Vec::new())),
        ExpressionKind::Opaque { .. }
        | ExpressionKind::Set(_)
        | ExpressionKind::Dict(_)
        | ExpressionKind::Comprehension(_)
        | ExpressionKind::Starred(_)
        | ExpressionKind::Spread(_)
        | ExpressionKind::Yield(_)
        | ExpressionKind::Format(_)
        | ExpressionKind::Slice(_)
        | ExpressionKind::Ellipsis => not_followed(),
    }
}

fn not_followed() -> Possible<Value> {
    Possible::Unknown("the expression is not followed".into())
}

/// Whether an expression counts as true.
pub(super) fn truth(scope: &Scope, expression: &Expression) -> Possible<bool> {
    evaluate(scope, expression).try_map(|value| value.truth()).distinct()
}

/// A function of values of which each may be one of several.
pub(super) fn combine(
    operands: &[Possible<Value>],
    f: impl Fn(&[Value]) -> Result<Value, String>,
) -> Possible<Value> {
    combinations(operands).try_map(|values| f(&values))
}

fn combinations(operands: &[Possible<Value>]) -> Possible<Vec<Value>> {
    let mut rows: Vec<Vec<Value>> = vec![Vec::new()];
    let mut unless: Option<String> = None;
    for operand in operands {
        let (values, condition) = match operand {
            Possible::Unknown(why) => return Possible::Unknown(why.clone()),
            Possible::Usually { values, unless } => (values.as_slice(), Some(unless)),
            known => (known.candidates().unwrap_or_default(), None),
        };
        if let Some(condition) = condition {
            unless = Some(unless.map_or_else(|| condition.clone(), |other| either(&other, condition)));
        }
        if rows.len() * values.len() > MAX_COMBINATIONS {
            return Possible::Unknown("it has too many possible values".into());
        }
        rows = rows
            .iter()
            .flat_map(|row| values.iter().map(move |value| row.iter().chain([value]).cloned().collect()))
            .collect();
    }
    Possible::from_parts(rows, unless)
}

fn items_of(scope: &Scope, items: &[Expression]) -> Possible<Vec<Value>> {
    let values: Vec<Possible<Value>> = items.iter().map(|item| evaluate(scope, item)).collect();
    // `a = [a]` nests one level deeper with each statement.
    combinations(&values).try_map(|values| match values.iter().map(Value::depth).max() {
        Some(depth) if depth >= MAX_NESTED => Err("it is nested too deep to be followed".into()),
        _ => Ok(values),
    })
}

fn choice(scope: &Scope, cases: &[(Expression, Expression)], last: &Expression) -> Possible<Value> {
    // From the last to the first: each is what it says, or what is behind it.
    let mut result = evaluate(scope, last);
    for (value, condition) in cases.iter().rev() {
        let condition = truth(scope, condition);
        if condition == Possible::Known(false) {
            continue;
        }
        let value = evaluate(scope, value);
        result = match condition {
            Possible::Known(_) => value,
            Possible::Usually { values, unless } => match (value.clone().or(result.clone()), &values[..]) {
                (Possible::Unknown(_), [true]) => value.unless(&unless),
                (Possible::Unknown(_), [false]) => result.unless(&unless),
                (either, _) => either,
            },
            Possible::OneOf(_) | Possible::Unknown(_) => value.or(result),
        };
    }
    result
}

fn trailed(scope: &Scope, head: &Expression, trailers: &[Trailer]) -> Possible<Value> {
    let mut value = evaluate(scope, head);
    let mut method: Option<&str> = None;
    for trailer in trailers {
        value = match (trailer, method.take()) {
            (Trailer::Attribute(name), None) => match &value {
                Possible::Known(Value::Path(path)) => Possible::Known(Value::Path(format!("{path}.{name}"))),
                _ => {
                    method = Some(name);
                    value
                }
            },
            (Trailer::Call(arguments), Some(method)) => calls::method(scope, value, method, arguments),
            (Trailer::Call(arguments), None) => match &value {
                Possible::Known(Value::Path(path)) => calls::function(scope, path, arguments),
                Possible::Unknown(why) => Possible::Unknown(why.clone()),
                _ => Possible::Unknown("the call is not followed".into()),
            },
            (Trailer::Subscript(index), None) => calls::subscript(scope, value, index),
            _ => Possible::Unknown("the expression is not followed".into()),
        };
    }
    match (method, value) {
        (Some(_), Possible::Unknown(why)) => Possible::Unknown(why),
        (Some(method), _) => Possible::Unknown(format!("`.{method}` is not followed")),
        (None, value) => value.distinct(),
    }
}

/// An operator that waits for its right side.
struct Waiting {
    operator: &'static str,
    binds: u8,
    prefix: bool,
}

/// An operand, and whether it is the result of a comparison: then another one makes a chain.
type Operand = (Possible<Value>, bool);

/// A row of operands and operators, by precedence.
///
/// Source: "Operator precedence" in the Python language reference.
fn row(scope: &Scope, parts: &[Part]) -> Possible<Value> {
    let mut operands: Vec<Operand> = Vec::new();
    let mut waiting: Vec<Waiting> = Vec::new();
    for part in parts {
        match part {
            Part::Operand(expression) => operands.push((evaluate(scope, expression), false)),
            Part::Prefix(operator) => {
                let binds = if *operator == "not" { 3 } else { 11 };
                waiting.push(Waiting { operator, binds, prefix: true });
            }
            Part::Infix(operator) => {
                let binds = precedence(operator);
                let right = *operator == "**";
                while waiting.last().is_some_and(|top| top.binds > binds || top.binds == binds && !right) {
                    reduce(&mut operands, &mut waiting);
                }
                waiting.push(Waiting { operator, binds, prefix: false });
            }
        }
    }
    while !waiting.is_empty() {
        reduce(&mut operands, &mut waiting);
    }
    match operands.pop() {
        Some((value, _)) if operands.is_empty() => value.distinct(),
        _ => Possible::Unknown("the expression is not followed".into()),
    }
}

fn precedence(operator: &str) -> u8 {
    match operator {
        "or" => 1,
        "and" => 2,
        "|" => 5,
        "^" => 6,
        "&" => 7,
        "<<" | ">>" => 8,
        "+" | "-" => 9,
        "*" | "/" | "//" | "%" | "@" => 10,
        "**" => 12,
        _ => 4,
    }
}

fn reduce(operands: &mut Vec<Operand>, waiting: &mut Vec<Waiting>) {
    let Some(Waiting { operator, binds, prefix }) = waiting.pop() else { return };
    let Some((right, _)) = operands.pop() else { return };
    if prefix {
        operands.push((combine(&[right], |values| value::prefix(operator, &values[0])), false));
        return;
    }
    let Some((left, chained)) = operands.pop() else { return };
    let comparison = binds == 4;
    let value = match operator {
        _ if comparison && chained => Possible::Unknown("a chain of comparisons is not followed".into()),
        "and" | "or" => shortcut(operator == "or", left, right),
        _ => combine(&[left, right], |values| value::binary(operator, &values[0], &values[1])),
    };
    operands.push((value, comparison));
}

/// `left and right`, `left or right`: the right side counts only where the left one does not decide.
fn shortcut(or: bool, left: Possible<Value>, right: Possible<Value>) -> Possible<Value> {
    let decides = |value: &Value| value.truth().map(|truth| truth == or);
    let (values, unless) = match left.clone().parts() {
        Ok(parts) => parts,
        Err(_) => return left,
    };
    let verdicts: Result<Vec<bool>, String> = values.iter().map(decides).collect();
    match verdicts {
        Err(why) => Possible::Unknown(why),
        Ok(verdicts) if verdicts.iter().all(|decided| *decided) => left,
        Ok(verdicts) => {
            let kept: Vec<Value> = values
                .iter()
                .zip(&verdicts)
                .filter(|(_, kept)| **kept)
                .map(|(value, _)| value.clone())
                .collect();
            let value = kept.into_iter().fold(right, |so_far, value| so_far.or(Possible::Known(value)));
            match unless {
                Some(condition) => value.unless(&condition),
                None => value,
            }
        }
    }
}
