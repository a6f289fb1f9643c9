//! Functions, methods and subscripts whose results are known.

use super::evaluate::{combine, value_of};
use super::number::{self, Number};
use super::value::{MAX_ITEMS, Value};
use super::view::View;
use super::{format, machine, methods, operators, posix};
use crate::syntax::gunicorn::{Expression, ExpressionKind};
use crate::value::Possible;

/// What `os.sched_getaffinity(0)` gives.
const AFFINITY: &str = "os.sched_getaffinity(0)";

/// What `Env()` of the package `environs` gives.
const ENVIRONS: &str = "environs.Env()";

type Arguments = [(Option<String>, Expression)];

/// A call of something that a module holds.
pub(super) fn function(view: &View, path: &str, arguments: &Arguments) -> Possible<Value> {
    match path {
        "os.environ.get" | "os.getenv" => return environment(view, arguments),
        "multiprocessing.cpu_count" | "os.cpu_count" | "os.process_cpu_count" | "psutil.cpu_count" => {
            return match arguments {
                [] => Possible::Known(machine::processors(&format!(
                    "{}()",
                    path.rsplit('.').next().unwrap_or(path)
                ))),
                _ => Possible::Unknown("the call is not followed".into()),
            };
        }
        "environs.Env" if arguments.is_empty() => return Possible::Known(Value::Path(ENVIRONS.into())),
        _ => {}
    }
    if let Some(kind) = path.strip_prefix(ENVIRONS).and_then(|rest| rest.strip_prefix('.')) {
        return of_environs(view, kind, arguments);
    }
    let names = names(arguments);
    with_values(view, &[], arguments, |values| {
        let (named, values) = split(values, &names);
        call(path, values, &named).ok_or_else(|| format!("`{path}()` is not followed"))
    })
}

/// `value[index]`.
pub(super) fn subscript(view: &View, value: Possible<Value>, index: &Expression) -> Possible<Value> {
    let is_slice = matches!(index.kind, ExpressionKind::Slice(_));
    let index = value_of(view, index);
    if let Possible::Known(Value::Path(path)) = &value {
        let Possible::Known(Value::Text(name)) = &index else {
            return Possible::Unknown("the expression is not followed".into());
        };
        if path != "os.environ" {
            return Possible::Unknown(format!("`{path}` is not followed"));
        }
        return view.scope.variable(name).try_map(|variable| {
            variable.map(Value::Text).ok_or_else(|| format!("`{name}` is not set: Gunicorn does not start"))
        });
    }
    combine(&[value, index], |values| {
        let found = match values {
            [value, Value::Tuple(parts)] if is_slice => slice(value, parts),
            [Value::List(items) | Value::Tuple(items), Value::Int(at)] => {
                place(*at, items.len()).map(|at| items[at].clone())
            }
            [Value::Text(text), Value::Int(at)] => {
                let place = place(*at, text.chars().count());
                place.and_then(|at| text.chars().nth(at)).map(|c| Value::Text(c.into()))
            }
            [Value::Dict(entries), key] => methods::entry(entries, key).flatten(),
            _ => None,
        };
        found.ok_or_else(|| "the subscript is not followed".into())
    })
}

/// Where an index means, if it is one of so many.
fn place(at: i64, length: usize) -> Option<usize> {
    let at = if at < 0 { at.checked_add(i64::try_from(length).ok()?)? } else { at };
    usize::try_from(at).ok().filter(|at| *at < length)
}

/// `value[start:stop:step]`.
fn slice(value: &Value, parts: &[Value]) -> Option<Value> {
    let items: Vec<Value> = match value {
        Value::List(items) | Value::Tuple(items) => items.clone(),
        Value::Text(text) if text.len() <= MAX_ITEMS => text.chars().map(|c| Value::Text(c.into())).collect(),
        _ => return None,
    };
    let length = i64::try_from(items.len()).ok()?;
    let number = |value: &Value| match value {
        Value::None => Some(None),
        Value::Int(number) => Some(Some(*number)),
        _ => None,
    };
    let [start, stop, step] = parts else { return None };
    let (start, stop, step) = (number(start)?, number(stop)?, number(step)?.unwrap_or(1));
    if step == 0 || step == i64::MIN {
        return None;
    }
    // The bounds as `PySlice_AdjustIndices` of CPython has them.
    let (low, high) = if step > 0 { (0, length) } else { (-1, length - 1) };
    let bound = |at: Option<i64>, default: i64| match at {
        None => default,
        Some(at) if at < 0 => at.saturating_add(length).max(low),
        Some(at) => at.min(high),
    };
    let (start, stop) = if step > 0 {
        (bound(start, 0), bound(stop, length))
    } else {
        (bound(start, length - 1), bound(stop, -1))
    };
    let mut picked = Vec::new();
    let mut at = start;
    while if step > 0 { at < stop } else { at > stop } {
        picked.push(items.get(usize::try_from(at).ok()?)?.clone());
        at = at.checked_add(step)?;
    }
    Some(match value {
        Value::List(_) => Value::List(picked),
        Value::Tuple(_) => Value::Tuple(picked),
        _ => {
            let text = picked.iter().map(|it| match it {
                Value::Text(text) => text.as_str(),
                _ => "",
            });
            Value::Text(text.collect())
        }
    })
}

/// A call of a method of a value.
pub(super) fn method(
    view: &View,
    value: Possible<Value>,
    name: &str,
    arguments: &Arguments,
) -> Possible<Value> {
    let names = names(arguments);
    with_values(view, &[value], arguments, |values| {
        let refuse = || format!("`.{name}()` is not followed on these values");
        let Some((value, values)) = values.split_first() else { return Err(refuse()) };
        let (named, values) = split(values, &names);
        methods::call(name, value, values, &named).ok_or_else(refuse)
    })
}

/// The names of the arguments that have one; they stand behind the others.
fn names(arguments: &Arguments) -> Vec<String> {
    arguments.iter().filter_map(|(name, _)| name.clone()).collect()
}

/// Values of arguments, parted into those with a name and those without.
fn split<'v>(values: &'v [Value], names: &[String]) -> (Vec<(String, Value)>, &'v [Value]) {
    let (by_place, named) = values.split_at(values.len() - names.len().min(values.len()));
    (names.iter().cloned().zip(named.iter().cloned()).collect(), by_place)
}

/// A function of values and of arguments, `*a` among them.
fn with_values(
    view: &View,
    before: &[Possible<Value>],
    arguments: &Arguments,
    f: impl Fn(&[Value]) -> Result<Value, String>,
) -> Possible<Value> {
    let mut values: Vec<Possible<Value>> = before.to_vec();
    let mut named = false;
    for (name, argument) in arguments {
        named |= name.is_some();
        let value = match &argument.kind {
            ExpressionKind::Starred(inner) if !named => match value_of(view, inner) {
                Possible::Known(value) => match value.items() {
                    Ok(items) => {
                        values.extend(items.into_iter().map(Possible::Known));
                        continue;
                    }
                    Err(why) => Possible::Unknown(why),
                },
                _ => Possible::Unknown("what is spread here is not followed".into()),
            },
            ExpressionKind::Starred(_) | ExpressionKind::Spread(_) => {
                Possible::Unknown("what is spread here is not followed".into())
            }
            _ if named && name.is_none() => Possible::Unknown("the call is not followed".into()),
            _ => value_of(view, argument),
        };
        values.push(value);
    }
    combine(&values, f)
}

/// `os.environ.get(name, default)`.
fn environment(view: &View, arguments: &Arguments) -> Possible<Value> {
    let (name, default) = match arguments {
        [(None, name)] => (name, None),
        [(None, name), (None, default)] => (name, Some(default)),
        [(None, name), (Some(key), default)] if key == "default" => (name, Some(default)),
        _ => return Possible::Unknown("the call is not followed".into()),
    };
    let Possible::Known(Value::Text(name)) = value_of(view, name) else {
        return Possible::Unknown("which variable is read is not known".into());
    };
    let default = default.map_or(Possible::Known(Value::None), |default| value_of(view, default));
    match view.scope.variable(&name) {
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
        Possible::Unknown(why) if view.scope.writes => Possible::Unknown(why),
        Possible::Usually(_) | Possible::Unknown(_) => {
            default.unless(&format!("`{name}` is set in the environment"))
        }
    }
}

/// `env.int(name, default)` and its kin of the package `environs`: the default as it is, where nothing sets the variable,
/// neither the environment nor a `.env` file.
fn of_environs(view: &View, kind: &str, arguments: &Arguments) -> Possible<Value> {
    let (name, default) = match arguments {
        [(None, name), (None, default)] => (name, default),
        [(None, name), (Some(key), default)] if key == "default" => (name, default),
        _ => return Possible::Unknown("the call is not followed".into()),
    };
    let (Possible::Known(Value::Text(name)), "int" | "str" | "bool" | "float") = (value_of(view, name), kind)
    else {
        return Possible::Unknown("the call is not followed".into());
    };
    value_of(view, default).unless(&format!("`{name}` is set in the environment"))
}

fn call(path: &str, values: &[Value], named: &[(String, Value)]) -> Option<Value> {
    if let Some(name) = path.strip_prefix("os.path.") {
        return if named.is_empty() { posix::call(name, values) } else { None };
    }
    if !named.is_empty() {
        return with_names(path, values, named);
    }
    Some(match (path, values) {
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
        ("math.ceil", [Value::Float(number)]) if number.abs() < 1e15 => Value::Int(number.ceil() as i64),
        ("math.floor", [Value::Float(number)]) if number.abs() < 1e15 => Value::Int(number.floor() as i64),
        ("math.ceil" | "math.floor", [Value::Int(number)]) => Value::Int(*number),
        ("builtins.float", [Value::Machine(number)]) => machine::float(number)?,
        ("builtins.int", []) => Value::Int(0),
        ("builtins.int", [value]) => Value::Int(number::integer(value, 10)?),
        ("builtins.int", [value @ Value::Text(_), Value::Int(base @ (0 | 2 | 8 | 10 | 16))]) => {
            Value::Int(number::integer(value, u32::try_from(*base).ok()?)?)
        }
        ("builtins.float", []) => Value::Float(0.0),
        ("builtins.float", [Value::Text(text)]) => Value::Float(number::float(text)?),
        ("builtins.float", [value]) => Value::Float(value.number()?.float()),
        ("builtins.str", []) => Value::Text(String::new()),
        ("builtins.str", [value]) => Value::Text(format::str_of(value).ok()?),
        ("builtins.repr", [value]) => Value::Text(format::repr(value).ok()?),
        ("builtins.format", [value]) => Value::Text(format::str_of(value).ok()?),
        ("builtins.format", [value, Value::Text(spec)]) => Value::Text(format::formatted(value, spec).ok()?),
        ("builtins.bool", []) => Value::Bool(false),
        ("builtins.bool", [value]) => Value::Bool(value.truth().ok()?),
        ("builtins.abs", [value]) => match value.number()? {
            Number::Int(number) => Value::Int(number.checked_abs()?),
            Number::Float(number) => Value::Float(number.abs()),
        },
        ("builtins.round", [value]) => number::round(value, None)?,
        ("builtins.round", [value, Value::Int(digits)]) => number::round(value, Some(*digits))?,
        ("builtins.len", [Value::Text(text)]) => Value::Int(text.chars().count() as i64),
        ("builtins.len", [Value::List(items) | Value::Tuple(items) | Value::Set(items)]) => {
            Value::Int(items.len() as i64)
        }
        ("builtins.len", [Value::Dict(items)]) => Value::Int(items.len() as i64),
        ("builtins.max" | "builtins.min", [items]) => extreme(path == "builtins.max", &items.items().ok()?)?,
        ("builtins.max" | "builtins.min", [_, _, ..]) => extreme(path == "builtins.max", values)?,
        ("builtins.divmod", [a @ Value::Int(_), b @ Value::Int(_)]) => {
            Value::Tuple(vec![operators::binary("//", a, b).ok()?, operators::binary("%", a, b).ok()?])
        }
        ("builtins.pow", [a, b]) => operators::binary("**", a, b).ok()?,
        _ => return of_items(path, values),
    })
}

/// Functions that make or go through lists.
fn of_items(path: &str, values: &[Value]) -> Option<Value> {
    Some(match (path, values) {
        ("builtins.list", []) => Value::List(Vec::new()),
        ("builtins.tuple", []) => Value::Tuple(Vec::new()),
        ("builtins.dict", []) => Value::Dict(Vec::new()),
        ("builtins.set" | "builtins.frozenset", []) => Value::Set(Vec::new()),
        ("builtins.list", [items]) => Value::List(items.items().ok()?),
        ("builtins.tuple", [items]) => Value::Tuple(items.items().ok()?),
        ("builtins.set", [items]) => operators::set(items.items().ok()?).ok()?,
        ("builtins.dict", [Value::Dict(entries)]) => Value::Dict(entries.clone()),
        ("builtins.dict", [pairs]) => {
            let mut entries = Vec::new();
            for pair in pairs.items().ok()? {
                let Value::Tuple(pair) = pair else { return None };
                let [key, value] = pair.as_slice() else { return None };
                operators::put(&mut entries, key.clone(), value.clone()).ok()?;
            }
            Value::Dict(entries)
        }
        ("builtins.range", [Value::Int(stop)]) => range(0, *stop, 1)?,
        ("builtins.range", [Value::Int(start), Value::Int(stop)]) => range(*start, *stop, 1)?,
        ("builtins.range", [Value::Int(start), Value::Int(stop), Value::Int(step)]) => {
            range(*start, *stop, *step)?
        }
        ("builtins.sorted", [Value::Set(items)]) => Value::List(sorted(items.clone())?),
        ("builtins.sorted", [items]) => Value::List(sorted(items.items().ok()?)?),
        ("builtins.reversed", [Value::List(items) | Value::Tuple(items)]) => {
            Value::Iterator(items.iter().rev().cloned().collect())
        }
        ("builtins.enumerate", [items]) => Value::Iterator(
            (0..)
                .zip(items.items().ok()?)
                .map(|(at, item)| Value::Tuple(vec![Value::Int(at), item]))
                .collect(),
        ),
        ("builtins.zip", [a, b]) => Value::Iterator(
            a.items().ok()?.into_iter().zip(b.items().ok()?).map(|(a, b)| Value::Tuple(vec![a, b])).collect(),
        ),
        ("builtins.sum", [items]) => sum(items, Value::Int(0))?,
        ("builtins.sum", [items, start]) => sum(items, start.clone())?,
        ("builtins.any" | "builtins.all", [items]) => {
            let any = path == "builtins.any";
            let mut found = !any;
            for item in items.items().ok()? {
                // What stands behind the one that decides is not looked at.
                if item.truth().ok()? == any {
                    found = any;
                    break;
                }
            }
            Value::Bool(found)
        }
        _ => return None,
    })
}

fn with_names(path: &str, values: &[Value], named: &[(String, Value)]) -> Option<Value> {
    let [(name, value)] = named else {
        return match (path, values) {
            ("builtins.dict", []) => Some(Value::Dict(
                named.iter().map(|(name, value)| (Value::Text(name.clone()), value.clone())).collect(),
            )),
            _ => None,
        };
    };
    match (path, values, name.as_str(), value) {
        ("builtins.dict", [], _, _) => Some(Value::Dict(vec![(Value::Text(name.clone()), value.clone())])),
        ("builtins.int", [text @ Value::Text(_)], "base", Value::Int(base)) => {
            call(path, &[text.clone(), Value::Int(*base)], &[])
        }
        ("builtins.round", [number], "ndigits", Value::Int(digits)) => number::round(number, Some(*digits)),
        ("builtins.sorted", [items], "reverse", Value::Bool(reverse)) => {
            // Equal items keep their order either way.
            let mut items = items.items().ok()?;
            if *reverse {
                items.reverse();
            }
            let mut items = sorted(items)?;
            if *reverse {
                items.reverse();
            }
            Some(Value::List(items))
        }
        ("builtins.max" | "builtins.min", [items], "default", default) => {
            match items.items().ok()?.as_slice() {
                [] => Some(default.clone()),
                items => extreme(path == "builtins.max", items),
            }
        }
        _ => None,
    }
}

fn range(start: i64, stop: i64, step: i64) -> Option<Value> {
    let mut items = Vec::new();
    let mut at = start;
    if step == 0 {
        return None;
    }
    while if step > 0 { at < stop } else { at > stop } {
        if items.len() >= MAX_ITEMS {
            return None;
        }
        items.push(Value::Int(at));
        at = at.checked_add(step)?;
    }
    Some(Value::Iterator(items))
}

/// By insertion, as an order that is not certain between two items makes all of it uncertain.
fn sorted(items: Vec<Value>) -> Option<Vec<Value>> {
    let mut all: Vec<Value> = Vec::with_capacity(items.len());
    for item in items {
        let mut at = all.len();
        while at > 0 && operators::order("<", &item, &all[at - 1]).ok()? {
            at -= 1;
        }
        all.insert(at, item);
    }
    Some(all)
}

fn sum(items: &Value, start: Value) -> Option<Value> {
    let items = items.items().ok()?;
    // Since 3.12 floats are summed up with more digits.
    if items
        .iter()
        .chain([&start])
        .any(|item| !matches!(item, Value::Int(_) | Value::Bool(_) | Value::Machine(_)))
    {
        return None;
    }
    items.iter().try_fold(start, |sum, item| operators::binary("+", &sum, item).ok())
}

/// The first of the greatest, or of the smallest.
fn extreme(greatest: bool, items: &[Value]) -> Option<Value> {
    if items.len() > 1 && items.iter().any(|item| matches!(item, Value::Machine(_))) {
        return machine::extreme(greatest, items);
    }
    let mut items = items.iter();
    let mut best = items.next()?;
    for item in items {
        if operators::order(if greatest { ">" } else { "<" }, item, best).ok()? {
            best = item;
        }
    }
    Some(best.clone())
}
