//! Python's values as far as they occur in configuration.
//!
//! Whatever is worked out of values gives an error where Python raises an exception and where its result is not certain.

use std::rc::Rc;

use super::machine::Symbol;
use super::number::Number;
use crate::syntax::gunicorn::Expression;

/// A value.
#[derive(Clone, Debug)]
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
    /// A set; its order is not known. Its items are as the keys of a dict.
    Set(Vec<Value>),
    /// What is gone through once and kept nowhere: a `range`, a generator, the items of a dict.
    Iterator(Vec<Value>),
    /// A number that hangs on the machine.
    Machine(Symbol),
    /// A function of the file, which is never run.
    Function {
        /// `lambda` has none but this.
        name: String,
        /// How many arguments it takes by their place: what Gunicorn holds a hook against, `get_arity` in
        /// `gunicorn/util.py`.
        arity: usize,
        /// What a call without arguments gives, where it does nothing else.
        returns: Option<Body>,
    },
    /// A class of the file, by its name.
    Class(String),
    /// Something of a module, by its dotted path: `os.environ`, `builtins.int`.
    Path(String),
}

/// Whether two are the same in every respect: 1 and `True` are not, and neither are 0.0 and -0.0.
impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::None, Value::None) => true,
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::Int(a), Value::Int(b)) => a == b,
            (Value::Float(a), Value::Float(b)) => a.to_bits() == b.to_bits(),
            (Value::Text(a), Value::Text(b))
            | (Value::Class(a), Value::Class(b))
            | (Value::Path(a), Value::Path(b)) => a == b,
            (Value::List(a), Value::List(b))
            | (Value::Tuple(a), Value::Tuple(b))
            | (Value::Set(a), Value::Set(b))
            | (Value::Iterator(a), Value::Iterator(b)) => a == b,
            (Value::Dict(a), Value::Dict(b)) => a == b,
            (Value::Machine(a), Value::Machine(b)) => a == b,
            (
                Value::Function { name, arity, returns },
                Value::Function { name: other, arity: arity_too, returns: returns_too },
            ) => name == other && arity == arity_too && returns == returns_too,
            _ => false,
        }
    }
}

/// The expression that a function returns.
#[derive(Clone, Debug)]
pub(super) struct Body(pub(super) Rc<Expression>);

impl PartialEq for Body {
    fn eq(&self, other: &Body) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

/// Why what hangs on the machine is not decided.
pub(super) const MACHINE: &str = "it depends on the number of processors";

/// The longest text or list that is worked out, in bytes and in items.
pub(super) const MAX_LENGTH: usize = 10_000;

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
            Value::Set(items) => !items.is_empty(),
            Value::Dict(items) => !items.is_empty(),
            Value::Iterator(_) => return Err("an iterator is not followed".into()),
            Value::Machine(number) => return number.truth().ok_or_else(|| MACHINE.to_string()),
            Value::Function { .. } => true,
            Value::Class(name) => return Err(format!("the class `{name}` is not followed")),
            Value::Path(path) => return Err(format!("`{path}` is not followed")),
        })
    }

    /// Whether it is equal to another plain one just where both are the same, numbers aside.
    pub(super) fn is_plain(&self) -> bool {
        match self {
            Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_) => true,
            Value::List(_) | Value::Tuple(_) => true,
            Value::Dict(_)
            | Value::Set(_)
            | Value::Iterator(_)
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
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Iterator(items) => {
                8 + items.iter().map(Value::weight).sum::<usize>()
            }
            Value::Dict(items) => {
                8 + items.iter().map(|(key, value)| key.weight() + value.weight()).sum::<usize>()
            }
            _ => 8,
        }
    }

    /// The value as another module has it: what a function gives hangs on the names of its own.
    ///
    /// # Errors
    /// If functions lie in it.
    pub(super) fn outside(self) -> Result<Value, String> {
        match self {
            Value::Function { name, arity, .. } => Ok(Value::Function { name, arity, returns: None }),
            Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Dict(_) if self.holds_function() => {
                Err("functions of another module are not followed".into())
            }
            other => Ok(other),
        }
    }

    fn holds_function(&self) -> bool {
        match self {
            Value::Function { .. } => true,
            Value::List(items) | Value::Tuple(items) | Value::Set(items) => {
                items.iter().any(Value::holds_function)
            }
            Value::Dict(items) => {
                items.iter().any(|(key, value)| key.holds_function() || value.holds_function())
            }
            _ => false,
        }
    }

    /// How deep lists lie in it.
    pub(super) fn depth(&self) -> usize {
        match self {
            Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::Iterator(items) => {
                1 + items.iter().map(Value::depth).max().unwrap_or(0)
            }
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

    /// Whether it can be changed in place, or holds what can.
    pub(super) fn is_changeable(&self) -> bool {
        matches!(self, Value::List(_) | Value::Tuple(_) | Value::Dict(_) | Value::Set(_))
    }

    /// What going through it gives.
    pub(super) fn items(&self) -> Result<Vec<Value>, String> {
        match self {
            Value::List(items) | Value::Tuple(items) | Value::Iterator(items) => Ok(items.clone()),
            Value::Text(text) if text.len() <= MAX_ITEMS => {
                Ok(text.chars().map(|c| Value::Text(c.to_string())).collect())
            }
            Value::Dict(entries) => Ok(entries.iter().map(|(key, _)| key.clone()).collect()),
            _ => Err("what is gone through is not followed".into()),
        }
    }
}

/// The most items that are gone through.
pub(super) const MAX_ITEMS: usize = 128;

/// A text without the whitespace at its ends, as `str.strip()` has it.
pub(super) fn strip(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || ('\x1c'..='\x1f').contains(&c))
}
