//! Values as Python writes them, in its own words of refusal.

use super::number::Number;
use super::value::Value;

/// A value as `repr()` writes it.
pub(super) fn repr(value: &Value) -> String {
    let mut text = String::new();
    write(value, &mut text);
    text
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

/// Values lie in each other as deep as the evaluator lets them, which is not deep.
fn write(value: &Value, text: &mut String) {
    match value {
        Value::None => text.push_str("None"),
        Value::Bool(value) => text.push_str(if *value { "True" } else { "False" }),
        Value::Int(number) => text.push_str(&number.to_string()),
        Value::Float(number) => text.push_str(&Number::Float(*number).repr()),
        Value::Text(value) => quote(value, text),
        Value::List(items) => {
            text.push('[');
            list(items, text);
            text.push(']');
        }
        Value::Tuple(items) => {
            text.push('(');
            list(items, text);
            if items.len() == 1 {
                text.push(',');
            }
            text.push(')');
        }
        Value::Dict(entries) => {
            text.push('{');
            for (at, (key, value)) in entries.iter().enumerate() {
                if at > 0 {
                    text.push_str(", ");
                }
                write(key, text);
                text.push_str(": ");
                write(value, text);
            }
            text.push('}');
        }
        // Its address in the memory stands behind that.
        Value::Function { name, .. } => text.push_str(&format!("<function {name} at 0x...>")),
        _ => text.push_str("..."),
    }
}

fn list(items: &[Value], text: &mut String) {
    for (at, item) in items.iter().enumerate() {
        if at > 0 {
            text.push_str(", ");
        }
        write(item, text);
    }
}

fn quote(value: &str, text: &mut String) {
    let mark = if value.contains('\'') && !value.contains('"') { '"' } else { '\'' };
    text.push(mark);
    for c in value.chars() {
        match c {
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            c if c == mark => text.extend(['\\', c]),
            c if c.is_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => text.push(c),
        }
    }
    text.push(mark);
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
        ] {
            assert_eq!(repr(&value), expected);
        }
        assert_eq!(formatted("x: ", &Value::Tuple(vec![text("a")])), "x: a");
    }
}
