//! Python's values as far as they occur in configuration, and operators on them.
//!
//! An operation gives an error where Python raises an exception and where its result is not certain.

use super::machine::{self, Symbol};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// `None`.
    None,
    /// `True` or `False`.
    Bool(bool),
    /// A whole number; one of more than 64 bits is not followed.
    Int(i64),
    /// A number with a fraction.
    Float(f64),
    /// A text.
    Text(String),
    /// A list.
    List(Vec<Value>),
    /// A tuple.
    Tuple(Vec<Value>),
    /// A dict, in its order; keys are texts, whole numbers, `bool`s or `None`, and each is there once.
    Dict(Vec<(Value, Value)>),
    /// A number that hangs on the machine.
    Machine(Symbol),
    /// A function of the file, which is never run.
    Function {
        /// `lambda` has none but this.
        name: String,
        /// How many arguments it takes by their place: what Gunicorn holds a hook against, `get_arity` in
        /// `gunicorn/util.py`.
        arity: usize,
    },
    /// A class of the file, by its name.
    Class(String),
    /// Something of a module, by its dotted path: `os.environ`, `builtins.int`.
    Path(String),
}

/// Why what hangs on the machine is not decided.
const MACHINE: &str = "it depends on the number of processors";

/// The longest text or list that is computed.
const MAX_LENGTH: usize = 10_000;

impl Value {
    /// Whether it counts as true.
    pub(super) fn truth(&self) -> Result<bool, String> {
        Ok(match self {
            Value::None => false,
            Value::Bool(value) => *value,
            Value::Int(value) => *value != 0,
            Value::Float(value) => *value != 0.0,
            Value::Text(value) => !value.is_empty(),
            Value::List(items) | Value::Tuple(items) => !items.is_empty(),
            Value::Dict(items) => !items.is_empty(),
            Value::Machine(number) => return number.truth().ok_or_else(|| MACHINE.to_string()),
            Value::Function { .. } => true,
            Value::Class(name) => return Err(format!("the class `{name}` is not followed")),
            Value::Path(path) => return Err(format!("`{path}` is not followed")),
        })
    }

    /// Whether it is equal to another plain one just where both are the same, numbers aside.
    fn is_plain(&self) -> bool {
        match self {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => true,
            Value::List(_) | Value::Tuple(_) => true,
            Value::Dict(_)
            | Value::Machine(_)
            | Value::Function { .. }
            | Value::Class(_)
            | Value::Path(_) => false,
        }
    }

    /// How large it is, in bytes, about.
    pub(super) fn weight(&self) -> usize {
        match self {
            Value::Text(text) | Value::Path(text) => 8 + text.len(),
            Value::List(items) | Value::Tuple(items) => 8 + items.iter().map(Value::weight).sum::<usize>(),
            Value::Dict(items) => {
                8 + items.iter().map(|(key, value)| key.weight() + value.weight()).sum::<usize>()
            }
            _ => 8,
        }
    }

    /// How deep lists lie in it.
    pub(super) fn depth(&self) -> usize {
        match self {
            Value::List(items) | Value::Tuple(items) => 1 + items.iter().map(Value::depth).max().unwrap_or(0),
            Value::Dict(items) => 1 + items.iter().map(|(_, value)| value.depth()).max().unwrap_or(0),
            _ => 0,
        }
    }

    /// The value as a number, where it is one.
    pub(super) fn number(&self) -> Option<Number> {
        match self {
            Value::Bool(value) => Some(Number::Int(i64::from(*value))),
            Value::Int(value) => Some(Number::Int(*value)),
            Value::Float(value) => Some(Number::Float(*value)),
            _ => None,
        }
    }

    /// The value as `str()` gives it.
    pub(super) fn text(&self) -> Result<String, String> {
        match self {
            Value::None => Ok("None".into()),
            Value::Bool(true) => Ok("True".into()),
            Value::Bool(false) => Ok("False".into()),
            Value::Int(value) => Ok(value.to_string()),
            Value::Float(value) => Ok(Number::Float(*value).repr()),
            Value::Text(value) => Ok(value.clone()),
            _ => Err("its text is not followed".into()),
        }
    }
}

/// A number of either kind.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Number {
    /// Whole.
    Int(i64),
    /// With a fraction.
    Float(f64),
}

impl Number {
    /// The number as `repr()` gives it: the fewest digits that are this float, with an exponent below 1e-4 and from 1e16.
    ///
    /// Source: `float_repr_style` and `repr` in "sys" and "Built-in Functions" of the Python documentation.
    pub(super) fn repr(self) -> String {
        let value = match self {
            Number::Int(value) => return value.to_string(),
            Number::Float(value) => value,
        };
        if value.is_nan() {
            return "nan".into();
        }
        if value.is_infinite() {
            return if value > 0.0 { "inf".into() } else { "-inf".into() };
        }
        let scientific = format!("{value:e}");
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        match exponent.parse::<i32>() {
            Ok(exponent) if value != 0.0 && !(-4..16).contains(&exponent) => {
                let sign = if exponent < 0 { '-' } else { '+' };
                format!("{digits}e{sign}{:02}", exponent.abs())
            }
            _ => {
                let plain = value.to_string();
                if plain.contains('.') { plain } else { plain + ".0" }
            }
        }
    }

    /// The number as Python converts it where a float takes part.
    pub(super) fn float(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

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

fn not_followed(operator: &str) -> String {
    format!("`{operator}` on these values is not followed")
}

fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    if let (Value::Machine(_), _) | (_, Value::Machine(_)) = (left, right) {
        return machine::compare("==", left, right).ok_or_else(|| MACHINE.into());
    }
    if let (Some(a), Some(b)) = (left.number(), right.number()) {
        return match (a, b) {
            (Number::Int(a), Number::Int(b)) => Ok(a == b),
            _ => Ok(a.float() == b.float()),
        };
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
        (Value::List(items) | Value::Tuple(items), item) => {
            let mut found = false;
            for other in items {
                found |= equal(other, item)?;
            }
            Ok(found)
        }
        _ => Err(not_followed("in")),
    }
}

fn order(operator: &str, left: &Value, right: &Value) -> Result<bool, String> {
    if let (Value::Machine(_), _) | (_, Value::Machine(_)) = (left, right) {
        return machine::compare(operator, left, right).ok_or_else(|| MACHINE.into());
    }
    let ordering = match (left, right, left.number(), right.number()) {
        (_, _, Some(Number::Int(a)), Some(Number::Int(b))) => Some(a.cmp(&b)),
        (_, _, Some(a), Some(b)) => a.float().partial_cmp(&b.float()),
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
        ("%", Value::Text(format), Value::Tuple(items)) => percent(format, items).map(Value::Text),
        ("%", Value::Text(_), Value::List(_) | Value::Path(_)) => Err(refuse()),
        ("%", Value::Text(format), item) => percent(format, std::slice::from_ref(item)).map(Value::Text),
        _ => Err(refuse()),
    }
}

fn integers(operator: &str, a: i64, b: i64) -> Option<Value> {
    let value = match operator {
        "+" => a.checked_add(b)?,
        "-" => a.checked_sub(b)?,
        "*" => a.checked_mul(b)?,
        // Floor division and its remainder take the sign of the divisor.
        "//" if b != 0 => {
            let quotient = a.checked_div(b)?;
            if a % b != 0 && (a < 0) != (b < 0) { quotient - 1 } else { quotient }
        }
        "%" if b != 0 => {
            let rest = a.checked_rem(b)?;
            if rest != 0 && (rest < 0) != (b < 0) { rest + b } else { rest }
        }
        "**" => a.checked_pow(u32::try_from(b).ok()?)?,
        "<<" if (0..63).contains(&b) => a.checked_mul(1 << b)?,
        ">>" if (0..63).contains(&b) => a >> b,
        "&" => a & b,
        "|" => a | b,
        "^" => a ^ b,
        // Beyond 2^53 Python divides integers more exactly than floats would.
        "/" if b != 0 && a.abs() < 1 << 53 && b.abs() < 1 << 53 => {
            return Some(Value::Float(a as f64 / b as f64));
        }
        _ => return None,
    };
    Some(Value::Int(value))
}

fn floats(operator: &str, a: f64, b: f64) -> Option<Value> {
    let value = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        _ => return None,
    };
    value.is_finite().then_some(Value::Float(value))
}

/// `format % items`, with plain `%s` and `%d` alone.
fn percent(format: &str, items: &[Value]) -> Result<String, String> {
    let refuse = || not_followed("%");
    let mut items = items.iter();
    let mut text = String::new();
    let mut pieces = format.split('%');
    text.push_str(pieces.next().unwrap_or_default());
    while let Some(piece) = pieces.next() {
        match piece.chars().next() {
            // `%%`
            None => {
                text.push('%');
                text.push_str(pieces.next().ok_or_else(refuse)?);
            }
            Some('s') => {
                text.push_str(&items.next().ok_or_else(refuse)?.text()?);
                text.push_str(&piece[1..]);
            }
            Some('d' | 'i') => {
                let Some(Value::Int(number)) = items.next() else { return Err(refuse()) };
                text.push_str(&number.to_string());
                text.push_str(&piece[1..]);
            }
            Some(_) => return Err(refuse()),
        }
    }
    match items.next() {
        None if text.len() <= MAX_LENGTH => Ok(text),
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

/// A text without the whitespace at its ends, as `str.strip()` has it.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}
