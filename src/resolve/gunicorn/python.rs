//! Values as Python writes them, in its own words of refusal.

use super::format;
use super::value::Value;

/// A value as `repr()` writes it, with dots for what cannot be told.
pub(super) fn repr(value: &Value) -> String {
    match value {
        // Its address in the memory stands behind that.
        Value::Function { name, .. } => format!("<function {name} at 0x...>"),
        other => format::repr(other).unwrap_or_else(|_| "...".into()),
    }
}

/// A value as `str()` writes it.
pub(super) fn str(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        other => repr(other),
    }
}

/// What `"...%s" % value` gives: a tuple fills in its items, and only one is asked for.
pub(super) fn formatted(before: &str, value: &Value) -> String {
    match value {
        Value::Tuple(items) => match items.as_slice() {
            [item] => format!("{before}{}", str(item)),
            [] => "not enough arguments for format string".into(),
            _ => "not all arguments converted during string formatting".into(),
        },
        other => format!("{before}{}", str(other)),
    }
}

/// The name of a value's type.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::None => "NoneType",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Text(_) => "str",
        Value::List(_) => "list",
        Value::Tuple(_) => "tuple",
        Value::Dict(_) => "dict",
        Value::Set(_) => "set",
        Value::Machine(_) => "int",
        Value::Function { .. } => "function",
        Value::Class(_) => "type",
        _ => "object",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_as_python_writes_them() {
        let text = |text: &str| Value::Text(text.into());
        for (value, expected) in [
            (text("a"), "'a'"),
            (text("it's"), "\"it's\""),
            (text("a\\\n"), "'a\\\\\\n'"),
            (Value::Tuple(vec![Value::Int(3)]), "(3,)"),
            (Value::List(vec![text("a"), Value::None]), "['a', None]"),
            (Value::Float(1.5), "1.5"),
            (text("5 s é"), "'5 s é'"),
            (text("\u{2003}"), "..."),
        ] {
            assert_eq!(repr(&value), expected);
        }
        assert_eq!(formatted("x: ", &Value::Tuple(vec![text("a")])), "x: a");
    }
}
