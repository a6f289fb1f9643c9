//! Values as Gunicorn's validators take them.
//!
//! Source: the `validate_` functions of `gunicorn/config.py` of 20.1.0, 23.0.0 and 27.0.1.

use super::addresses;
use super::choices::choose;
use super::python::{formatted, repr, str, type_name};
use super::table::{Kind, Row, kind};
use super::value::{Value, strip};
use crate::model::{Datum, PerMachine, Table, Version};
use crate::value::{Duration, Possible};

/// Why a value gives no setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Trouble {
    /// Gunicorn refuses it, in these words.
    Refused(String),
    /// It is not known what comes of it, for this reason.
    Unknown(String),
}

/// The setting's value from a value of Python's.
pub(super) fn validate(
    row: &Row,
    version: Version,
    value: &Value,
    directory: &Possible<String>,
) -> Result<Datum, Trouble> {
    if let Value::Machine(number) = value {
        return match (kind(row, version), number.setting()) {
            (Kind::Int | Kind::Seconds, Some(number)) => Ok(Datum::PerMachine(Box::new(number))),
            _ => Err(Trouble::Unknown("it depends on the number of processors".into())),
        };
    }
    if !is_followed(value) {
        return Err(Trouble::Unknown(match value {
            Value::Path(path) => format!("`{path}` is not followed"),
            _ => format!("this value of `{}` is not followed", row.name),
        }));
    }
    match kind(row, version) {
        Kind::Int => natural(row, version, value).map(Datum::Int),
        Kind::Seconds => {
            let number = natural(row, version, value)?;
            Ok(Datum::Duration(Duration::seconds(u64::try_from(number).unwrap_or_default())))
        }
        Kind::Bool => boolean(value),
        // A function is called.
        Kind::Class if matches!(value, Value::Function { .. }) => Err(not_followed(row)),
        Kind::Text | Kind::Class => text(value),
        Kind::Texts => texts(row, value),
        Kind::Words => words(value).map(Datum::List),
        Kind::Addresses => addresses::list(row, version, words(value)?).map(Datum::List),
        Kind::Protocols => protocols(value).map(Datum::List),
        Kind::Account => account(row, value),
        Kind::Directory => match value {
            Value::None => {
                Err(refused("join() argument must be str, bytes, or os.PathLike object, not 'NoneType'"))
            }
            Value::Text(text) => absolute(strip(text), directory).map(Datum::Text).map_err(Trouble::Unknown),
            other => Err(Trouble::Refused(formatted("Not a string: ", other))),
        },
        Kind::Choice(choices) => choose(choices, value),
        Kind::Hook(arity) => hook(row, arity, value),
        Kind::Dictionary => dictionary(value),
        Kind::Statsd => addresses::statsd(version, text(value)?),
        Kind::Tls => match value {
            Value::Text(text) if version >= Version(21, 0, 0) => Ok(Datum::Text(text.clone())),
            Value::Int(number) if version >= Version(21, 0, 0) => Ok(Datum::Int(*number)),
            _ => Err(not_followed(row)),
        },
    }
}

fn refused(words: &str) -> Trouble {
    Trouble::Refused(words.into())
}

fn not_followed(row: &Row) -> Trouble {
    Trouble::Unknown(format!("this value of `{}` is not followed", row.name))
}

/// Whether all of a value is known as CPython has it. A class may be anything, also something to call.
fn is_followed(value: &Value) -> bool {
    match value {
        Value::List(items) | Value::Tuple(items) => items.iter().all(is_simple),
        Value::Dict(items) => items.iter().all(|(key, value)| is_simple(key) && is_simple(value)),
        Value::Function { .. } => true,
        other => is_simple(other),
    }
}

fn is_simple(value: &Value) -> bool {
    matches!(value, Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Text(_))
}

/// `validate_callable` and `validate_post_request`. A function is shown as `--print-config` shows it.
fn hook(row: &Row, arity: Option<usize>, value: &Value) -> Result<Datum, Trouble> {
    match value {
        Value::Text(path) if path.contains('.') => {
            Err(Trouble::Unknown(format!("what `{path}` is bound to is not followed")))
        }
        Value::Text(path) => Err(Trouble::Refused(format!(
            "Value '{path}' is not import string. Format: module[.submodules...].object"
        ))),
        Value::Function { name, arity: has, .. } => match arity {
            Some(arity) if arity == *has => Ok(Datum::Text(format!("<{}()>", shown(name)))),
            Some(arity) => Err(Trouble::Refused(format!("Value must have an arity of: {arity}"))),
            None if *has == 4 => Ok(Datum::Text(format!("<{}()>", shown(name)))),
            // Functions of fewer arguments are wrapped.
            None if matches!(has, 2 | 3) => {
                Ok(Datum::Text("<validate_post_request.<locals>.<lambda>()>".into()))
            }
            None => Err(refused("Value must have an arity of: 4")),
        },
        Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::List(_) | Value::Tuple(_) => {
            Err(Trouble::Refused(formatted("Value is not callable: ", value)))
        }
        Value::Dict(_) => Err(Trouble::Refused(format!("Value is not callable: {}", str(value)))),
        _ => Err(not_followed(row)),
    }
}

fn shown(name: &str) -> &str {
    if name == "lambda" { "<lambda>" } else { name }
}

/// `validate_dict`.
fn dictionary(value: &Value) -> Result<Datum, Trouble> {
    match value {
        Value::Dict(items) => Ok(match items.iter().map(texts_of).collect() {
            Some(entries) => Datum::Table(Box::new(Table { text: str(value), entries })),
            None => Datum::Text(str(value)),
        }),
        Value::Tuple(_) => Err(Trouble::Refused(formatted("Value is not a dictionary: ", value))),
        _ => Err(Trouble::Refused(format!("Value is not a dictionary: {} ", str(value)))),
    }
}

/// An entry of a dictionary, where both its sides are texts.
fn texts_of((name, value): &(Value, Value)) -> Option<(String, String)> {
    match (name, value) {
        (Value::Text(name), Value::Text(value)) => Some((name.clone(), value.clone())),
        _ => None,
    }
}

/// `validate_bool`.
fn boolean(value: &Value) -> Result<Datum, Trouble> {
    match value {
        Value::None => Ok(Datum::Unset),
        Value::Bool(value) => Ok(Datum::Bool(*value)),
        Value::Text(text) => match strip(&text.to_lowercase()) {
            "true" => Ok(Datum::Bool(true)),
            "false" => Ok(Datum::Bool(false)),
            _ => Err(Trouble::Refused(format!("Invalid boolean: {text}"))),
        },
        other => Err(Trouble::Refused(formatted("Invalid type for casting: ", other))),
    }
}

/// `validate_string`.
fn text(value: &Value) -> Result<Datum, Trouble> {
    match value {
        Value::None => Ok(Datum::Unset),
        Value::Text(text) => Ok(Datum::Text(strip(text).into())),
        other => Err(Trouble::Refused(formatted("Not a string: ", other))),
    }
}

/// `validate_list_string`.
fn texts(row: &Row, value: &Value) -> Result<Datum, Trouble> {
    match value {
        Value::Text(text) if !text.is_empty() => Ok(Datum::List(vec![strip(text).into()])),
        Value::List(items) | Value::Tuple(items) => {
            let mut all = Vec::new();
            for item in items {
                match item {
                    Value::Text(text) => all.push(strip(text).to_string()),
                    Value::None => return Err(not_followed(row)),
                    other => return Err(Trouble::Refused(formatted("Not a string: ", other))),
                }
            }
            Ok(Datum::List(all))
        }
        // Its keys are taken.
        Value::Dict(_) => Err(not_followed(row)),
        other if !other.truth().map_err(Trouble::Unknown)? => Ok(Datum::List(Vec::new())),
        other => Err(Trouble::Refused(format!("'{}' object is not iterable", type_name(other)))),
    }
}

/// `validate_string_to_list`.
fn words(value: &Value) -> Result<Vec<String>, Trouble> {
    let Datum::Text(text) = text(value)? else { return Ok(Vec::new()) };
    Ok(text.split(',').filter(|word| !word.is_empty()).map(|word| strip(word).into()).collect())
}

/// `validate_http_protocols`, which 25.0.0 brought.
fn protocols(value: &Value) -> Result<Vec<String>, Trouble> {
    let text = match value {
        Value::None => "",
        Value::Text(text) => text,
        _ => return Err(refused("http_protocols must be a string")),
    };
    let words: Vec<String> =
        text.split(',').map(|word| strip(word).to_lowercase()).filter(|word| !word.is_empty()).collect();
    if let Some(other) = words.iter().find(|word| !matches!(word.as_str(), "h1" | "h2")) {
        return Err(Trouble::Refused(format!("Invalid protocol '{other}'. Valid protocols: h1, h2")));
    }
    match words.len() {
        0 => Ok(vec!["h1".into()]),
        1 => Ok(words),
        2 if words[0] != words[1] => Ok(words),
        _ => Err(refused("Duplicate protocols specified")),
    }
}

/// `validate_user` and `validate_group`. Which names there are only the machine knows.
fn account(row: &Row, value: &Value) -> Result<Datum, Trouble> {
    match value {
        // The one that Gunicorn runs as.
        Value::None => {
            let text = if row.name == "user" { "os.geteuid()" } else { "os.getegid()" };
            Ok(Datum::PerMachine(Box::new(PerMachine { text: text.into(), low: 0, high: None })))
        }
        Value::Bool(value) => Ok(Datum::Bool(*value)),
        Value::Int(number) => Ok(Datum::Int(*number)),
        Value::Text(text) if text.is_empty() => Err(Trouble::Refused(format!("No such {}: ''", row.name))),
        Value::Text(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => {
            text.parse().map(Datum::Int).map_err(|_| not_followed(row))
        }
        Value::Text(text) if text.is_ascii() => Ok(Datum::Text(text.clone())),
        Value::Text(_) => Err(not_followed(row)),
        other => Err(Trouble::Refused(format!("'{}' object has no attribute 'isdigit'", type_name(other)))),
    }
}

/// A path as seen from a directory, `.` and `..` resolved as `os.path.normpath` does.
pub(super) fn absolute(path: &str, directory: &Possible<String>) -> Result<String, String> {
    let whole = match (path.starts_with('/'), directory) {
        (true, _) => path.to_string(),
        (false, Possible::Known(directory)) => format!("{directory}/{path}"),
        (false, _) => return Err("the directory that it is relative to is not known".into()),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Ok(format!("/{}", parts.join("/")))
}

/// What `int(text)` gives, with base 10 or with base 0.
pub(super) fn int(text: &str, any_base: bool) -> Option<i64> {
    super::number::from_text(text, if any_base { 0 } else { 10 })
}

/// Whether `int(text)` certainly fails, which is not said of what is only too large or too strange for [`int`].
pub(super) fn is_no_int(text: &str, any_base: bool) -> bool {
    let digits = |byte: &u8| {
        byte.is_ascii_hexdigit() || matches!(byte, b'x' | b'X' | b'o' | b'O' | b'_' | b'+' | b'-')
    };
    let strange = text.len() > 17 && text.trim().as_bytes().iter().all(digits);
    text.is_ascii() && !strange && int(text, any_base).is_none()
}

/// What `int(text)` says when it fails.
pub(super) fn no_int(text: &str, base: u32) -> String {
    format!("invalid literal for int() with base {base}: {}", repr(&Value::Text(text.into())))
}

/// `validate_pos_int`, and what is made of it for some settings of HTTP/2.
fn natural(row: &Row, version: Version, value: &Value) -> Result<i64, Trouble> {
    let number = match value {
        Value::Bool(value) => i64::from(*value),
        Value::Int(number) => *number,
        Value::Text(text) => match int(text, true) {
            Some(number) => number,
            None if is_no_int(text, true) => return Err(Trouble::Refused(no_int(text, 0))),
            None => return Err(not_followed(row)),
        },
        _ => return Err(refused("int() can't convert non-string with explicit base")),
    };
    // The bounds of 27.0.1; whether earlier releases have them too was not looked up.
    let out_of_bounds = |words: String| {
        if version >= Version(27, 0, 0) { Trouble::Refused(words) } else { not_followed(row) }
    };
    match row.name {
        "http2_max_frame_size" if !(16_384..=16_777_215).contains(&number) => Err(out_of_bounds(format!(
            "http2_max_frame_size must be between 16384 and 16777215, got {number}"
        ))),
        _ if number < 0 => Err(Trouble::Refused(format!("Value must be positive: {number}"))),
        "http2_max_concurrent_streams" if number < 1 => {
            Err(out_of_bounds(format!("HTTP/2 max concurrent streams must be at least 1: {number}")))
        }
        "http2_initial_window_size" if number >= 1 << 31 => {
            Err(out_of_bounds(format!("HTTP/2 window size must be at most 2147483647: {number}")))
        }
        _ => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_as_python_reads_them() {
        for (text, any_base, number) in [
            ("4", true, Some(4)),
            ("0x4", true, Some(4)),
            ("0x4", false, None),
            (" 30 ", true, Some(30)),
            ("010", true, None),
            ("010", false, Some(10)),
            ("0007", true, None),
            ("0o007", true, Some(7)),
            ("30s", true, None),
            ("1_000", true, Some(1000)),
            ("1.5", false, None),
            ("", true, None),
            ("-1", true, Some(-1)),
            ("--1", true, None),
            ("00", true, Some(0)),
        ] {
            assert_eq!(int(text, any_base), number, "{text:?}");
        }
    }

    #[test]
    fn paths_from_a_directory() {
        let at = Possible::Known("/srv/app".to_string());
        assert_eq!(absolute("x.py", &at).as_deref(), Ok("/srv/app/x.py"));
        assert_eq!(absolute("../x/./y", &at).as_deref(), Ok("/srv/x/y"));
        assert_eq!(absolute("/x/", &at).as_deref(), Ok("/x"));
        assert!(absolute("x", &Possible::Unknown("?".into())).is_err());
    }
}
