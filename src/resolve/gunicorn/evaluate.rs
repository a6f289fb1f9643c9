//! Expressions to values. What is not followed is unknown; nothing is guessed.

use super::scope::Scope;
use super::value::{MAX_LENGTH, Value};
use super::view::View;
use super::{calls, comprehension, format, operators};
use crate::syntax::gunicorn::{Expression, ExpressionKind, Part, Piece, Trailer};
use crate::value::{Possible, either};

/// The most combinations of possible values that are worked out.
const MAX_COMBINATIONS: usize = 16;

/// How deep lists may lie in each other.
const MAX_NESTED: usize = 4;

/// The value of an expression of the module.
pub(super) fn evaluate(scope: &Scope, expression: &Expression) -> Possible<Value> {
    value_of(&View::new(scope), expression)
}

/// The value of an expression.
pub(super) fn value_of(view: &View, expression: &Expression) -> Possible<Value> {
    match &expression.kind {
        ExpressionKind::Text(text) => Possible::Known(Value::Text(text.clone())),
        ExpressionKind::Int(number) => Possible::Known(Value::Int(*number)),
        ExpressionKind::Float(number) => Possible::Known(Value::Float(*number)),
        ExpressionKind::Bool(value) => Possible::Known(Value::Bool(*value)),
        ExpressionKind::None => Possible::Known(Value::None),
        ExpressionKind::Name(name) => view.lookup(name),
        ExpressionKind::Tuple(items) => items_of(view, items).map(Value::Tuple),
        ExpressionKind::List(items) => items_of(view, items).map(Value::List),
        ExpressionKind::Trailed(head, trailers) => trailed(view, head, trailers),
        ExpressionKind::Row(parts) => row(view, parts),
        ExpressionKind::Choice(cases, last) => choice(view, cases, last),
        ExpressionKind::Template | ExpressionKind::Opaque { template: true, .. } => {
            Possible::Unknown("a template fills it in".into())
        }
        ExpressionKind::Walrus(_, value) => value_of(view, value),
        ExpressionKind::Lambda(heads, _) => match heads.first() {
            Some(head) => {
                let arity = head.takes.by_place;
                Possible::Known(Value::Function { name: "lambda".into(), arity, returns: None })
            }
            None => not_followed(),
        },
        ExpressionKind::Set(items) => {
            combine(&[items_of(view, items).map(Value::List)], |values| operators::set(values[0].items()?))
        }
        ExpressionKind::Dict(entries) => dict(view, entries),
        ExpressionKind::Comprehension(it) => comprehension::value(view, it),
        ExpressionKind::Format(pieces) => format_string(view, pieces),
        ExpressionKind::Slice(parts) => slice(view, parts),
        ExpressionKind::Opaque { .. }
        | ExpressionKind::Starred(_)
        | ExpressionKind::Spread(_)
        | ExpressionKind::Yield(_)
        | ExpressionKind::Ellipsis => not_followed(),
    }
}

fn not_followed() -> Possible<Value> {
    Possible::Unknown("the expression is not followed".into())
}

/// Whether an expression counts as true.
pub(super) fn truth(scope: &Scope, expression: &Expression) -> Possible<bool> {
    holds(&View::new(scope), expression)
}

/// Whether an expression counts as true.
pub(super) fn holds(view: &View, expression: &Expression) -> Possible<bool> {
    value_of(view, expression).try_map(|value| value.truth()).distinct()
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
            Possible::Usually(usual) => (usual.values.as_slice(), Some(&usual.unless)),
            known => (known.candidates().unwrap_or_default(), None),
        };
        if let Some(condition) = condition {
            unless = Some(unless.map_or_else(|| condition.clone(), |other| either(&other, condition)));
        }
        if rows.len() * values.len() > MAX_COMBINATIONS {
            return Possible::Unknown("it has too many possible values".into());
        }
        // A list of many items has mostly items of one value each.
        if let [only] = values {
            rows.iter_mut().for_each(|row| row.push(only.clone()));
            continue;
        }
        rows = rows
            .iter()
            .flat_map(|row| values.iter().map(move |value| row.iter().chain([value]).cloned().collect()))
            .collect();
    }
    Possible::from_parts(rows, unless)
}

/// Items of a list, `*a` among them.
fn items_of(view: &View, items: &[Expression]) -> Possible<Vec<Value>> {
    let values: Vec<Possible<Value>> = items
        .iter()
        .map(|item| match &item.kind {
            ExpressionKind::Starred(inner) => {
                value_of(view, inner).try_map(|value| value.items().map(Value::Iterator))
            }
            _ => value_of(view, item).try_map(storable),
        })
        .collect();
    combinations(&values).try_map(|values| {
        let mut all = Vec::with_capacity(values.len());
        for (value, item) in values.into_iter().zip(items) {
            match (value, &item.kind) {
                (Value::Iterator(items), ExpressionKind::Starred(_)) => all.extend(items),
                (value, _) => all.push(value),
            }
        }
        // `a = [a]` nests one level deeper with each statement.
        match all.iter().map(Value::depth).max() {
            Some(depth) if depth >= MAX_NESTED => Err("it is nested too deep to be followed".into()),
            _ => Ok(all),
        }
    })
}

/// A value that may lie in another.
fn storable(value: Value) -> Result<Value, String> {
    match value {
        Value::Iterator(_) => Err("an iterator is not followed".into()),
        value => Ok(value),
    }
}

fn dict(view: &View, entries: &[(Option<Expression>, Expression)]) -> Possible<Value> {
    let mut parts = Vec::with_capacity(entries.len() * 2);
    for (key, value) in entries {
        parts.push(key.as_ref().map_or(Possible::Known(Value::None), |key| value_of(view, key)));
        parts.push(value_of(view, value).try_map(storable));
    }
    combine(&parts, |values| {
        let mut dict = Vec::new();
        for ((key, _), pair) in entries.iter().zip(values.chunks(2)) {
            match (key, pair) {
                (Some(_), [key, value]) => operators::put(&mut dict, key.clone(), value.clone())?,
                (None, [_, Value::Dict(more)]) => {
                    more.iter()
                        .try_for_each(|(key, value)| operators::put(&mut dict, key.clone(), value.clone()))?;
                }
                _ => return Err("what is spread here is not followed".into()),
            }
        }
        match dict.iter().map(|(_, value)| value.depth()).max() {
            Some(depth) if depth >= MAX_NESTED => Err("it is nested too deep to be followed".into()),
            _ => Ok(Value::Dict(dict)),
        }
    })
}

/// `a:b:c` as a tuple of three; only a subscript makes something of it.
fn slice(view: &View, parts: &[Option<Expression>; 3]) -> Possible<Value> {
    let part = |part: &Option<Expression>| {
        part.as_ref().map_or(Possible::Known(Value::None), |part| value_of(view, part))
    };
    combine(&parts.each_ref().map(part), |values| Ok(Value::Tuple(values.to_vec())))
}

/// An f-string. Formats of formats are at most as deep as the parser reads them.
fn format_string(view: &View, pieces: &[Piece]) -> Possible<Value> {
    let texts: Vec<Possible<Value>> = pieces
        .iter()
        .map(|piece| match piece {
            Piece::Text(text) => Possible::Known(Value::Text(text.clone())),
            Piece::Field { value, conversion, format, shown } => {
                let spec = format_string(view, format);
                combine(&[value_of(view, value), spec], |values| {
                    let [value, Value::Text(spec)] = values else {
                        return Err("the format is not known".into());
                    };
                    // `{value=}` shows it by `repr`, if nothing else is said.
                    let conversion = conversion.or((shown.is_some() && spec.is_empty()).then_some('r'));
                    let text = match conversion {
                        None => format::formatted(value, spec)?,
                        Some('r') => format::formatted(&Value::Text(format::repr(value)?), spec)?,
                        Some('s') => format::formatted(&Value::Text(format::str_of(value)?), spec)?,
                        Some(_) => return Err("the conversion is not followed".into()),
                    };
                    Ok(Value::Text(format!("{}{text}", shown.as_deref().unwrap_or_default())))
                })
            }
        })
        .collect();
    combine(&texts, |values| {
        let mut whole = String::new();
        for value in values {
            let Value::Text(text) = value else { return Err("a piece of it is not known".into()) };
            whole.push_str(text);
        }
        if whole.len() > MAX_LENGTH {
            Err("its value is too large to be followed".into())
        } else {
            Ok(Value::Text(whole))
        }
    })
}

fn choice(view: &View, cases: &[(Expression, Expression)], last: &Expression) -> Possible<Value> {
    // From the last to the first: each is what it says, or what is behind it.
    let mut result = value_of(view, last);
    for (value, condition) in cases.iter().rev() {
        let condition = holds(view, condition);
        if condition == Possible::Known(false) {
            continue;
        }
        let value = value_of(view, value);
        result = match condition {
            Possible::Known(_) => value,
            Possible::Usually(usual) => match (value.clone().or(result.clone()), &usual.values[..]) {
                (Possible::Unknown(_), [true]) => value.unless(&usual.unless),
                (Possible::Unknown(_), [false]) => result.unless(&usual.unless),
                (either, _) => either,
            },
            Possible::OneOf(_) | Possible::Unknown(_) => value.or(result),
        };
    }
    result
}

fn trailed(view: &View, head: &Expression, trailers: &[Trailer]) -> Possible<Value> {
    let mut value = value_of(view, head);
    let mut method: Option<&str> = None;
    for trailer in trailers {
        value = match (trailer, method.take()) {
            (Trailer::Attribute(name), None) => match value.likely() {
                [Value::Path(_)] => value.try_map(|value| match value {
                    Value::Path(path) if path.len() <= MAX_LENGTH => {
                        Ok(Value::Path(format!("{path}.{name}")))
                    }
                    _ => Err("the expression is not followed".into()),
                }),
                _ => {
                    method = Some(name);
                    value
                }
            },
            (Trailer::Call(arguments), Some(method)) => calls::method(view, value, method, arguments),
            (Trailer::Call(arguments), None) => match (value.likely(), &value) {
                ([Value::Path(path)], Possible::Usually(usual)) => {
                    calls::function(view, path, arguments).unless(&usual.unless)
                }
                ([Value::Path(path)], _) => calls::function(view, path, arguments),
                ([Value::Function { returns: Some(body), .. }], Possible::Known(_))
                    if arguments.is_empty() =>
                {
                    match view.called() {
                        Some(view) => value_of(&view, &body.0),
                        None => Possible::Unknown("its functions call each other too deep".into()),
                    }
                }
                (_, Possible::Unknown(why)) => Possible::Unknown(why.clone()),
                _ => Possible::Unknown("the call is not followed".into()),
            },
            (Trailer::Subscript(index), None) => calls::subscript(view, value, index),
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

/// An operand, and the right side of the comparison that it comes from: another comparison behind it goes on from there.
type Operand = (Possible<Value>, Option<Possible<Value>>);

/// A row of operands and operators, by precedence.
///
/// Source: "Operator precedence" in the Python language reference.
fn row(view: &View, parts: &[Part]) -> Possible<Value> {
    let mut operands: Vec<Operand> = Vec::new();
    let mut waiting: Vec<Waiting> = Vec::new();
    for part in parts {
        match part {
            Part::Operand(expression) => operands.push((value_of(view, expression), None)),
            // `a + not b` is refused.
            Part::Prefix("not") if waiting.last().is_some_and(|top| top.binds > NOT) => {
                return not_followed();
            }
            Part::Prefix(operator) => {
                let binds = match *operator {
                    "not" => NOT,
                    "await" => 14,
                    _ => 11,
                };
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

/// How strongly `not` binds.
const NOT: u8 = 3;

/// How strongly `<`, `in`, `is` and their kin bind.
const COMPARISON: u8 = 4;

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
        _ => COMPARISON,
    }
}

fn reduce(operands: &mut Vec<Operand>, waiting: &mut Vec<Waiting>) {
    let Some(Waiting { operator, binds, prefix }) = waiting.pop() else { return };
    let Some((right, _)) = operands.pop() else { return };
    if prefix {
        operands.push((combine(&[right], |values| operators::prefix(operator, &values[0])), None));
        return;
    }
    let Some((left, chained)) = operands.pop() else { return };
    let apply = |left: Possible<Value>, right: Possible<Value>| {
        combine(&[left, right], |values| operators::binary(operator, &values[0], &values[1]))
    };
    operands.push(match (operator, chained) {
        ("and" | "or", _) => (shortcut(operator == "or", left, right), None),
        // `a < b < c` is `a < b and b < c`.
        (_, Some(middle)) if binds == COMPARISON => {
            (shortcut(false, left, apply(middle, right.clone())), Some(right))
        }
        _ if binds == COMPARISON => (apply(left, right.clone()), Some(right)),
        _ => (apply(left, right), None),
    });
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
