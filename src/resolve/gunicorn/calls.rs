//! Functions and methods whose results are known.

use super::evaluate::{combine, evaluate};
use super::machine;
use super::scope::Scope;
use super::value::{self, Number, Value};
use crate::syntax::gunicorn::Expression;
use crate::value::Possible;

/// What `os.sched_getaffinity(0)` gives.
const AFFINITY: &str = "os.sched_getaffinity(0)";

type Arguments = [(Option<String>, Expression)];

/// A call of something that a module holds.
pub(super) fn function(scope: &Scope, path: &str, arguments: &Arguments) -> Possible<Value> {
    if matches!(path, "os.environ.get" | "os.getenv") {
        return environment(scope, arguments);
    }
    if let "multiprocessing.cpu_count" | "os.cpu_count" | "psutil.cpu_count" | "os.process_cpu_count" = path {
        return match arguments {
            [] => Possible::Known(machine::processors(&format!(
                "{}()",
                path.rsplit('.').next().unwrap_or(path)
            ))),
            _ => Possible::Unknown("the call is not followed".into()),
        };
    }
    let Some(values) = positional(scope, arguments) else {
        return Possible::Unknown(format!("`{path}` with named arguments is not followed"));
    };
    combine(&values, |values| call(path, values).ok_or_else(|| format!("`{path}()` is not followed")))
}

/// `value[index]`.
pub(super) fn subscript(scope: &Scope, value: Possible<Value>, index: &Expression) -> Possible<Value> {
    let index = evaluate(scope, index);
    if let Possible::Known(Value::Path(path)) = &value {
        let Possible::Known(Value::Text(name)) = &index else {
            return Possible::Unknown("the expression is not followed".into());
        };
        if path != "os.environ" {
            return Possible::Unknown(format!("`{path}` is not followed"));
        }
        return scope.variable(name).try_map(|variable| {
            variable.map(Value::Text).ok_or_else(|| format!("`{name}` is not set: Gunicorn does not start"))
        });
    }
    combine(&[value, index], |values| match values {
        [Value::List(items) | Value::Tuple(items), Value::Int(at)] => {
            let at = if *at < 0 { *at + items.len() as i64 } else { *at };
            let item = usize::try_from(at).ok().and_then(|at| items.get(at));
            item.cloned().ok_or_else(|| "the index is out of range".into())
        }
        _ => Err("the subscript is not followed".into()),
    })
}

/// A call of a method of a value.
pub(super) fn method(
    scope: &Scope,
    value: Possible<Value>,
    name: &str,
    arguments: &Arguments,
) -> Possible<Value> {
    let Some(mut values) = positional(scope, arguments) else {
        return Possible::Unknown(format!("`.{name}` with named arguments is not followed"));
    };
    values.insert(0, value);
    combine(&values, |values| {
        text_method(name, values).ok_or_else(|| format!("`.{name}()` is not followed on these values"))
    })
}

fn positional(scope: &Scope, arguments: &Arguments) -> Option<Vec<Possible<Value>>> {
    arguments.iter().map(|(name, value)| name.is_none().then(|| evaluate(scope, value))).collect()
}

/// `os.environ.get(name, default)`.
fn environment(scope: &Scope, arguments: &Arguments) -> Possible<Value> {
    let (name, default) = match arguments {
        [(None, name)] => (name, None),
        [(None, name), (None, default)] => (name, Some(default)),
        [(None, name), (Some(key), default)] if key == "default" => (name, Some(default)),
        _ => return Possible::Unknown("the call is not followed".into()),
    };
    let Possible::Known(Value::Text(name)) = evaluate(scope, name) else {
        return Possible::Unknown("which variable is read is not known".into());
    };
    let default = default.map_or(Possible::Known(Value::None), |default| evaluate(scope, default));
    match scope.variable(&name) {
        Possible::Known(Some(text)) => Possible::Known(Value::Text(text)),
        Possible::Known(None) => default,
        Possible::OneOf(variables) => variables
            .into_iter()
            .map(|variable| {
                variable.map_or_else(|| default.clone(), |text| Possible::Known(Value::Text(text)))
            })
            .reduce(Possible::or)
            .unwrap_or(default),
        // What may set it is not seen, and mostly nothing does.
        Possible::Unknown(why) if scope.writes => Possible::Unknown(why),
        Possible::Usually { .. } | Possible::Unknown(_) => {
            default.unless(&format!("`{name}` is set in the environment"))
        }
    }
}

fn call(path: &str, values: &[Value]) -> Option<Value> {
    Some(match (path, values) {
        ("builtins.int", []) => Value::Int(0),
        ("os.sched_getaffinity", [Value::Int(0)]) => Value::Path(AFFINITY.into()),
        ("builtins.len", [Value::Path(path)]) if path == AFFINITY => {
            machine::processors("len(sched_getaffinity(0))")
        }
        ("builtins.int", [Value::Machine(number)]) => machine::rounded("int", number, f64::trunc)?,
        ("builtins.round", [Value::Machine(number)]) => {
            machine::rounded("round", number, f64::round_ties_even)?
        }
        ("math.ceil", [Value::Machine(number)]) => machine::rounded("ceil", number, f64::ceil)?,
        ("math.floor", [Value::Machine(number)]) => machine::rounded("floor", number, f64::floor)?,
        ("builtins.float", [Value::Machine(number)]) => machine::float(number)?,
        ("builtins.int", [value]) => Value::Int(integer(value)?),
        ("builtins.float", [Value::Text(text)]) => {
            let text = value::strip(text);
            let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
            Value::Float(text.parse().ok().filter(|_| plain)?)
        }
        ("builtins.float", [value]) => Value::Float(value.number()?.float()),
        ("builtins.str", []) => Value::Text(String::new()),
        ("builtins.str", [value]) => Value::Text(value.text().ok()?),
        ("builtins.bool", [value]) => Value::Bool(value.truth().ok()?),
        ("builtins.abs", [Value::Int(number)]) => Value::Int(number.checked_abs()?),
        ("builtins.len", [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
        ("builtins.len", [Value::List(items) | Value::Tuple(items)]) => Value::Int(items.len() as i64),
        ("builtins.list", [Value::List(items) | Value::Tuple(items)]) => Value::List(items.clone()),
        ("builtins.tuple", [Value::List(items) | Value::Tuple(items)]) => Value::Tuple(items.clone()),
        ("builtins.max" | "builtins.min", [Value::List(items) | Value::Tuple(items)]) => {
            extreme(path == "builtins.max", items)?
        }
        ("builtins.max" | "builtins.min", [_, _, ..]) => extreme(path == "builtins.max", values)?,
        ("os.path.join", [first, rest @ ..]) => join(first, rest)?,
        _ => return None,
    })
}

/// `int(value)`.
fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Text(text) => {
            let text = value::strip(text);
            let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
            let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
            text.parse().ok().filter(|_| plain)
        }
        other => match other.number()? {
            Number::Int(number) => Some(number),
            Number::Float(number) if number.abs() < 1e15 => Some(number.trunc() as i64),
            Number::Float(_) => None,
        },
    }
}

/// The first of the greatest, or of the smallest.
fn extreme(greatest: bool, items: &[Value]) -> Option<Value> {
    if items.len() > 1 && items.iter().any(|item| matches!(item, Value::Machine(_))) {
        return machine::extreme(greatest, items);
    }
    let mut items = items.iter();
    let mut best = items.next()?;
    for item in items {
        let operator = if greatest { ">" } else { "<" };
        if value::binary(operator, item, best).ok()? == Value::Bool(true) {
            best = item;
        }
    }
    Some(best.clone())
}

/// `os.path.join` as posixpath has it.
fn join(first: &Value, rest: &[Value]) -> Option<Value> {
    let Value::Text(first) = first else { return None };
    let mut path = first.clone();
    for part in rest {
        let Value::Text(part) = part else { return None };
        if part.starts_with('/') {
            path = part.clone();
        } else {
            if !path.is_empty() && !path.ends_with('/') {
                path.push('/');
            }
            path.push_str(part);
        }
    }
    Some(Value::Text(path))
}

fn text_method(name: &str, values: &[Value]) -> Option<Value> {
    let (Value::Text(text), arguments) = values.split_first()? else { return None };
    Some(match (name, arguments) {
        ("lower", []) if text.is_ascii() => Value::Text(text.to_ascii_lowercase()),
        ("upper", []) if text.is_ascii() => Value::Text(text.to_ascii_uppercase()),
        ("strip", []) => Value::Text(value::strip(text).into()),
        ("startswith", [Value::Text(part)]) => Value::Bool(text.starts_with(part.as_str())),
        ("endswith", [Value::Text(part)]) => Value::Bool(text.ends_with(part.as_str())),
        ("replace", [Value::Text(from), Value::Text(to)])
            if !from.is_empty() && text.len() * to.len() < 10_000 =>
        {
            Value::Text(text.replace(from.as_str(), to))
        }
        ("split", [Value::Text(by)]) if !by.is_empty() => {
            Value::List(text.split(by.as_str()).map(|part| Value::Text(part.into())).collect())
        }
        ("isdigit", []) if text.is_ascii() => {
            Value::Bool(!text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()))
        }
        ("format", arguments) => Value::Text(format(text, arguments)?),
        _ => return None,
    })
}

/// `text.format(arguments)` with `{}` and `{0}` alone.
fn format(text: &str, arguments: &[Value]) -> Option<String> {
    if text.contains("{{") || text.contains("}}") {
        return None;
    }
    let mut pieces = text.split('{');
    let first = pieces.next()?;
    let mut result = String::from(first);
    let mut automatic = 0;
    let mut manual = false;
    if first.contains('}') {
        return None;
    }
    for piece in pieces {
        let (field, rest) = piece.split_once('}')?;
        let at = if field.is_empty() {
            automatic += 1;
            automatic - 1
        } else {
            manual = true;
            field.bytes().all(|byte| byte.is_ascii_digit()).then(|| field.parse::<usize>().ok())??
        };
        if rest.contains('}') || manual && automatic > 0 {
            return None;
        }
        result.push_str(&arguments.get(at)?.text().ok()?);
        result.push_str(rest);
    }
    Some(result)
}
