//! Operators on values.

use super::machine;
use super::number::{self, Number, floats, integers};
use super::percent;
use super::value::{MACHINE, MAX_ITEMS, MAX_LENGTH, Value};

/// `left operator right`, for every operator but `and` and `or`.
pub(super) fn binary(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    match operator {
        "==" => equal(left, right).map(Value::Bool),
        "!=" => equal(left, right).map(|same| Value::Bool(!same)),
        "is" => identical(left, right).map(Value::Bool),
        "is not" => identical(left, right).map(|same| Value::Bool(!same)),
        "in" => contains(right, left).map(Value::Bool),
        "not in" => contains(right, left).map(|found| Value::Bool(!found)),
        "<" | "<=" | ">" | ">=" => order(operator, left, right).map(Value::Bool),
        _ => arithmetic(operator, left, right),
    }
}

/// Why an operator has no result.
pub(super) fn not_followed(operator: &str) -> String {
    format!("`{operator}` on these values is not followed")
}

/// Whether two values are equal.
pub(super) fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    if let (Value::Machine(_), _) | (_, Value::Machine(_)) = (left, right) {
        return machine::compare("==", left, right).ok_or_else(|| MACHINE.into());
    }
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return number::compare(a, b).map(|it| it.is_eq()).ok_or_else(|| not_followed("=="));
    }
    match (left, right) {
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            if a.len() != b.len() {
                return Ok(false);
            }
            // Every pair, as one that is not followed may raise an exception.
            let pairs: Vec<bool> = a.iter().zip(b).map(|(a, b)| equal(a, b)).collect::<Result<_, _>>()?;
            Ok(pairs.iter().all(|same| *same))
        }
        (a, b) if a.is_plain() && b.is_plain() => Ok(a == b),
        _ => Err(not_followed("==")),
    }
}

fn identical(left: &Value, right: &Value) -> Result<bool, String> {
    match (left, right) {
        (Value::Path(_), _) | (_, Value::Path(_)) => Err(not_followed("is")),
        (Value::None, other) | (other, Value::None) => Ok(*other == Value::None),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Bool(_), _) | (_, Value::Bool(_)) => Ok(false),
        _ => Err(not_followed("is")),
    }
}

fn contains(container: &Value, item: &Value) -> Result<bool, String> {
    match (container, item) {
        (Value::Text(text), Value::Text(part)) => Ok(text.contains(part.as_str())),
        (Value::Dict(entries), item) => {
            is_key(item)?;
            entries.iter().try_fold(false, |found, (key, _)| Ok(found | equal(key, item)?))
        }
        (Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Iterator(items), item) => {
            if let Value::Set(_) = container {
                is_key(item)?;
            }
            let mut found = false;
            for other in items {
                found |= equal(other, item)?;
            }
            Ok(found)
        }
        _ => Err(not_followed("in")),
    }
}

/// Whether `left operator right` holds, for `<` and its kin.
pub(super) fn order(operator: &str, left: &Value, right: &Value) -> Result<bool, String> {
    if let (Value::Machine(_), _) | (_, Value::Machine(_)) = (left, right) {
        return machine::compare(operator, left, right).ok_or_else(|| MACHINE.into());
    }
    let ordering = match (left, right, left.number(), right.number()) {
        (_, _, Some(a), Some(b)) => number::compare(a, b),
        (Value::Text(a), Value::Text(b), _, _) => Some(a.chars().cmp(b.chars())),
        _ => None,
    };
    let ordering = ordering.ok_or_else(|| not_followed(operator))?;
    Ok(match operator {
        "<" => ordering.is_lt(),
        "<=" => ordering.is_le(),
        ">" => ordering.is_gt(),
        _ => ordering.is_ge(),
    })
}

fn arithmetic(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let refuse = || not_followed(operator);
    if let (Value::Machine(_), _) | (_, Value::Machine(_)) = (left, right) {
        return machine::arithmetic(operator, left, right).ok_or_else(|| MACHINE.into());
    }
    if let (Value::Bool(a), Value::Bool(b)) = (left, right)
        && let Some(value) = booleans(operator, *a, *b)
    {
        return Ok(Value::Bool(value));
    }
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return match (a, b) {
            (Number::Int(a), Number::Int(b)) => integers(operator, a, b).ok_or_else(refuse),
            _ => floats(operator, a.float(), b.float()).ok_or_else(refuse),
        };
    }
    match (operator, left, right) {
        ("+", Value::Text(a), Value::Text(b)) if a.len() + b.len() <= MAX_LENGTH => {
            Ok(Value::Text(format!("{a}{b}")))
        }
        ("+", Value::List(a), Value::List(b)) if a.len() + b.len() <= MAX_LENGTH => {
            Ok(Value::List(a.iter().chain(b).cloned().collect()))
        }
        ("+", Value::Tuple(a), Value::Tuple(b)) if a.len() + b.len() <= MAX_LENGTH => {
            Ok(Value::Tuple(a.iter().chain(b).cloned().collect()))
        }
        ("%", Value::Text(format), items) => percent::format(format, items).map(Value::Text),
        ("*", Value::Int(times), sequence) | ("*", sequence, Value::Int(times)) => {
            repeat(sequence, *times).ok_or_else(refuse)
        }
        ("|", Value::Dict(a), Value::Dict(b)) => {
            let mut all = a.clone();
            b.iter().try_for_each(|(key, value)| put(&mut all, key.clone(), value.clone()))?;
            Ok(Value::Dict(all))
        }
        _ => Err(refuse()),
    }
}

/// `not`, `+`, `-` and `~` before a value.
pub(super) fn prefix(operator: &str, value: &Value) -> Result<Value, String> {
    let refuse = || not_followed(operator);
    if let (Value::Machine(number), "-" | "+") = (value, operator) {
        return machine::prefix(operator, number).ok_or_else(|| MACHINE.into());
    }
    match (operator, value.number()) {
        ("not", _) => value.truth().map(|truth| Value::Bool(!truth)),
        ("+", Some(Number::Int(number))) => Ok(Value::Int(number)),
        ("+", Some(Number::Float(number))) => Ok(Value::Float(number)),
        ("-", Some(Number::Int(number))) => number.checked_neg().map(Value::Int).ok_or_else(refuse),
        ("-", Some(Number::Float(number))) => Ok(Value::Float(-number)),
        ("~", Some(Number::Int(number))) => Ok(Value::Int(!number)),
        _ => Err(refuse()),
    }
}

/// Of two truths `&` and its kin make another.
fn booleans(operator: &str, a: bool, b: bool) -> Option<bool> {
    match operator {
        "&" => Some(a & b),
        "|" => Some(a | b),
        "^" => Some(a ^ b),
        _ => None,
    }
}

fn repeat(sequence: &Value, times: i64) -> Option<Value> {
    let times = usize::try_from(times.max(0)).ok()?;
    match sequence {
        Value::Text(text) if text.len().checked_mul(times)? <= MAX_LENGTH => {
            Some(Value::Text(text.repeat(times)))
        }
        Value::List(items) if items.len().checked_mul(times)? <= MAX_ITEMS => {
            Some(Value::List(items.iter().cloned().cycle().take(items.len() * times).collect()))
        }
        Value::Tuple(items) if items.len().checked_mul(times)? <= MAX_ITEMS => {
            Some(Value::Tuple(items.iter().cloned().cycle().take(items.len() * times).collect()))
        }
        _ => None,
    }
}

/// Whether a value may be the key of a dict or the item of a set, as far as they are followed.
pub(super) fn is_key(value: &Value) -> Result<(), String> {
    match value {
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Text(_) => Ok(()),
        _ => Err("what is a key here is not followed".into()),
    }
}

/// Sets an entry of a dict: an equal key keeps its place and its first form.
pub(super) fn put(entries: &mut Vec<(Value, Value)>, key: Value, value: Value) -> Result<(), String> {
    is_key(&key)?;
    for (old, held) in entries.iter_mut() {
        if equal(old, &key)? {
            *held = value;
            return Ok(());
        }
    }
    if entries.len() >= MAX_ITEMS {
        return Err("it has too many entries".into());
    }
    entries.push((key, value));
    Ok(())
}

/// The items of a set, each once.
pub(super) fn set(items: Vec<Value>) -> Result<Value, String> {
    let mut entries = Vec::new();
    items.into_iter().try_for_each(|item| put(&mut entries, item, Value::None))?;
    Ok(Value::Set(entries.into_iter().map(|(key, _)| key).collect()))
}
