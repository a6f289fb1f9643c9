//! Values as Gunicorn's validators take them.
//!
//! Source: the `validate_` functions of `gunicorn/config.py` of 20.1.0, 23.0.0 and 27.0.1, which agree on what is here.

use std::net::IpAddr;

use super::table::{Kind, Row, kind};
use super::value::{Value, strip};
use crate::model::{Datum, Version};
use crate::value::{Duration, Possible};

/// The setting's value from a value of Python's. An error is why Gunicorn refuses it, or why it is not known.
pub(super) fn validate(
    row: &Row,
    version: Version,
    value: &Value,
    directory: &Possible<String>,
) -> Result<Datum, String> {
    let refuse = || format!("Gunicorn refuses this value of `{}`", row.name);
    let not_followed = || format!("this value of `{}` is not followed", row.name);
    if let Value::Path(path) = value {
        return Err(format!("`{path}` is not followed"));
    }
    if let Value::Machine(number) = value {
        return match (kind(row, version), number.setting()) {
            (Kind::Int | Kind::Seconds, Some(number)) => Ok(Datum::PerMachine(number)),
            _ => Err("it depends on the number of processors".into()),
        };
    }
    match kind(row, version) {
        Kind::Int => {
            natural(value).filter(|number| in_range(row, *number)).map(Datum::Int).ok_or_else(refuse)
        }
        Kind::Seconds => {
            let seconds = natural(value).and_then(|number| u64::try_from(number).ok()).ok_or_else(refuse)?;
            Ok(Datum::Duration(Duration::seconds(seconds)))
        }
        Kind::Bool => match value {
            Value::None => Ok(Datum::Unset),
            Value::Bool(value) => Ok(Datum::Bool(*value)),
            Value::Text(text) => match strip(&text.to_lowercase()) {
                "true" => Ok(Datum::Bool(true)),
                "false" => Ok(Datum::Bool(false)),
                _ => Err(refuse()),
            },
            _ => Err(refuse()),
        },
        Kind::Text | Kind::Class => match value {
            Value::None => Ok(Datum::Unset),
            Value::Text(text) => Ok(Datum::Text(strip(text).into())),
            _ => Err(refuse()),
        },
        Kind::Texts => match value {
            Value::Text(text) if !text.is_empty() => Ok(Datum::List(vec![strip(text).into()])),
            Value::List(items) | Value::Tuple(items) => items
                .iter()
                .map(|item| match item {
                    Value::Text(text) => Ok(strip(text).to_string()),
                    Value::None => Err(not_followed()),
                    _ => Err(refuse()),
                })
                .collect::<Result<_, _>>()
                .map(Datum::List),
            other if !other.truth()? => Ok(Datum::List(Vec::new())),
            _ => Err(refuse()),
        },
        Kind::Words => words(row, value, refuse),
        Kind::Account => match value {
            Value::None => Err("it is the one that Gunicorn runs as".into()),
            Value::Int(number) => Ok(Datum::Int(*number)),
            Value::Text(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().map(Datum::Int).map_err(|_| not_followed())
            }
            Value::Text(text) if !text.is_empty() && text.is_ascii() => Ok(Datum::Text(text.clone())),
            _ => Err(not_followed()),
        },
        Kind::Directory => {
            let Value::Text(text) = value else { return Err(refuse()) };
            absolute(strip(text), directory).map(Datum::Text)
        }
        Kind::Choice(words) => match value {
            Value::Text(text) if words.contains(&text.as_str()) => Ok(Datum::Text(text.clone())),
            _ => Err(not_followed()),
        },
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

fn natural(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Bool(value) => i64::from(*value),
        Value::Int(number) => *number,
        Value::Text(text) => int(text, true)?,
        _ => return None,
    };
    (number >= 0).then_some(number)
}

fn in_range(row: &Row, number: i64) -> bool {
    match row.name {
        "http2_max_concurrent_streams" => number >= 1,
        "http2_initial_window_size" => number < 1 << 31,
        "http2_max_frame_size" => (16_384..=16_777_215).contains(&number),
        _ => true,
    }
}

fn words(row: &Row, value: &Value, refuse: impl Fn() -> String) -> Result<Datum, String> {
    let text = match value {
        Value::None => "",
        Value::Text(text) => strip(text),
        _ => return Err(refuse()),
    };
    let words: Vec<String> =
        text.split(',').filter(|word| !word.is_empty()).map(|word| strip(word).into()).collect();
    match row.name {
        "http_protocols" if words.is_empty() => Ok(Datum::List(vec!["h1".into()])),
        "http_protocols" if words.iter().all(|word| matches!(word.as_str(), "h1" | "h2")) => {
            Ok(Datum::List(words))
        }
        "http_protocols" => Err(format!("this value of `{}` is not followed", row.name)),
        "forwarder_headers" => Ok(Datum::List(words)),
        // Networks have been allowed since 24.1 and have their own rules.
        _ if words.iter().all(|word| word == "*" || word.parse::<IpAddr>().is_ok()) => Ok(Datum::List(words)),
        _ => Err(format!("this value of `{}` is not followed", row.name)),
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
