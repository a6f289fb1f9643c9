//! Methods of texts, dicts and lists that change nothing.
//!
//! Source: "Built-in Types" of the Python documentation.

use super::format;
use super::operators::equal;
use super::value::{MAX_ITEMS, MAX_LENGTH, Value, strip};

/// `value.name(arguments)`.
pub(super) fn call(
    name: &str,
    value: &Value,
    arguments: &[Value],
    named: &[(String, Value)],
) -> Option<Value> {
    match value {
        Value::Text(text) if name == "format" => format::fields(text, arguments, named).ok().map(Value::Text),
        _ if !named.is_empty() => None,
        Value::Text(text) => of_text(name, text, arguments),
        Value::Dict(entries) => of_dict(name, entries, arguments),
        Value::List(items) | Value::Tuple(items) => of_list(name, items, arguments),
        _ => None,
    }
}

fn of_dict(name: &str, entries: &[(Value, Value)], arguments: &[Value]) -> Option<Value> {
    Some(match (name, arguments) {
        ("get", [key]) => entry(entries, key)?.unwrap_or(Value::None),
        ("get", [key, default]) => entry(entries, key)?.unwrap_or(default.clone()),
        ("keys", []) => Value::Iterator(entries.iter().map(|(key, _)| key.clone()).collect()),
        ("values", []) => Value::Iterator(entries.iter().map(|(_, value)| value.clone()).collect()),
        ("items", []) => Value::Iterator(
            entries.iter().map(|(key, value)| Value::Tuple(vec![key.clone(), value.clone()])).collect(),
        ),
        ("copy", []) => Value::Dict(entries.to_vec()),
        _ => return None,
    })
}

/// The value of a key; `None` where it is not certain which it is.
pub(super) fn entry(entries: &[(Value, Value)], key: &Value) -> Option<Option<Value>> {
    super::operators::is_key(key).ok()?;
    for (other, value) in entries {
        if equal(other, key).ok()? {
            return Some(Some(value.clone()));
        }
    }
    Some(None)
}

fn of_list(name: &str, items: &[Value], arguments: &[Value]) -> Option<Value> {
    Some(match (name, arguments) {
        ("count", [item]) => {
            let mut count = 0;
            for other in items {
                count += i64::from(equal(other, item).ok()?);
            }
            Value::Int(count)
        }
        ("index", [item]) => {
            for (at, other) in items.iter().enumerate() {
                if equal(other, item).ok()? {
                    return Some(Value::Int(at as i64));
                }
            }
            return None;
        }
        ("copy", []) => Value::List(items.to_vec()),
        _ => return None,
    })
}

fn of_text(name: &str, text: &str, arguments: &[Value]) -> Option<Value> {
    // What is upper or lower case, a digit or a space beyond ASCII is not followed.
    let ascii = text.is_ascii();
    let own = |text: &str| Value::Text(text.into());
    Some(match (name, arguments) {
        ("lower", []) if ascii => Value::Text(text.to_ascii_lowercase()),
        ("casefold", []) if ascii => Value::Text(text.to_ascii_lowercase()),
        ("upper", []) if ascii => Value::Text(text.to_ascii_uppercase()),
        ("capitalize", []) if ascii => Value::Text(capitalized(text)),
        ("title", []) if ascii => Value::Text(titled(text)),
        ("swapcase", []) if ascii => Value::Text(
            text.chars()
                .map(|c| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() })
                .collect(),
        ),
        ("strip", [] | [Value::None]) => own(strip(text)),
        ("lstrip", [] | [Value::None]) => own(&text[text.len() - left_stripped(text).len()..]),
        ("rstrip", [] | [Value::None]) => own(&text[..right_end(text)]),
        ("strip", [Value::Text(of)]) => own(text.trim_matches(|c| of.contains(c))),
        ("lstrip", [Value::Text(of)]) => own(text.trim_start_matches(|c| of.contains(c))),
        ("rstrip", [Value::Text(of)]) => own(text.trim_end_matches(|c| of.contains(c))),
        ("removeprefix", [Value::Text(part)]) => own(text.strip_prefix(part.as_str()).unwrap_or(text)),
        ("removesuffix", [Value::Text(part)]) => own(text.strip_suffix(part.as_str()).unwrap_or(text)),
        ("startswith", [part]) => Value::Bool(any(part, |part| text.starts_with(part))?),
        ("endswith", [part]) => Value::Bool(any(part, |part| text.ends_with(part))?),
        ("replace", [Value::Text(from), Value::Text(to)]) => replaced(text, from, to, usize::MAX)?,
        ("replace", [Value::Text(from), Value::Text(to), Value::Int(most)]) => {
            replaced(text, from, to, usize::try_from(*most).unwrap_or(usize::MAX))?
        }
        ("split" | "rsplit", [] | [Value::None]) if ascii => {
            let space = |c: char| {
                c.is_ascii_whitespace() || ('\x0b'..='\x0c').contains(&c) || ('\x1c'..='\x1f').contains(&c)
            };
            list(text.split(space).filter(|part| !part.is_empty()).collect())?
        }
        ("split", [Value::Text(by)]) if !by.is_empty() => list(text.split(by.as_str()).collect())?,
        // From the right `aa` is found elsewhere in `aaa`.
        ("rsplit", [Value::Text(by)]) if !by.is_empty() => {
            let mut parts: Vec<&str> = text.rsplit(by.as_str()).collect();
            parts.reverse();
            list(parts)?
        }
        ("split", [Value::Text(by), Value::Int(most @ 0..)]) if !by.is_empty() => {
            list(text.splitn(usize::try_from(*most).ok()?.checked_add(1)?, by.as_str()).collect())?
        }
        ("rsplit", [Value::Text(by), Value::Int(most @ 0..)]) if !by.is_empty() => {
            let mut parts: Vec<&str> =
                text.rsplitn(usize::try_from(*most).ok()?.checked_add(1)?, by.as_str()).collect();
            parts.reverse();
            list(parts)?
        }
        ("partition", [Value::Text(by)]) if !by.is_empty() => match text.split_once(by.as_str()) {
            Some((before, behind)) => Value::Tuple(vec![own(before), own(by), own(behind)]),
            None => Value::Tuple(vec![own(text), own(""), own("")]),
        },
        ("rpartition", [Value::Text(by)]) if !by.is_empty() => match text.rsplit_once(by.as_str()) {
            Some((before, behind)) => Value::Tuple(vec![own(before), own(by), own(behind)]),
            None => Value::Tuple(vec![own(""), own(""), own(text)]),
        },
        ("join", [items]) => joined(text, items)?,
        ("find", [Value::Text(part)]) => Value::Int(place(text, text.find(part.as_str()))),
        ("rfind", [Value::Text(part)]) => Value::Int(place(text, text.rfind(part.as_str()))),
        ("index", [Value::Text(part)]) => Value::Int(place(text, Some(text.find(part.as_str())?))),
        ("count", [Value::Text(part)]) if !part.is_empty() => {
            Value::Int(text.matches(part.as_str()).count() as i64)
        }
        ("isdigit" | "isdecimal" | "isnumeric", []) if ascii => all(text, |c| c.is_ascii_digit()),
        ("isalpha", []) if ascii => all(text, |c| c.is_ascii_alphabetic()),
        ("isalnum", []) if ascii => all(text, |c| c.is_ascii_alphanumeric()),
        ("isspace", []) if ascii => all(text, |c| strip(&c.to_string()).is_empty()),
        ("isupper", []) if ascii => Value::Bool(
            text.bytes().any(|c| c.is_ascii_uppercase()) && !text.bytes().any(|c| c.is_ascii_lowercase()),
        ),
        ("islower", []) if ascii => Value::Bool(
            text.bytes().any(|c| c.is_ascii_lowercase()) && !text.bytes().any(|c| c.is_ascii_uppercase()),
        ),
        ("zfill", [Value::Int(width)]) => {
            let width = wide(*width)?;
            let (sign, digits) = match text.strip_prefix(['+', '-']) {
                Some(digits) => (&text[..1], digits),
                None => ("", text),
            };
            Value::Text(format!(
                "{sign}{}",
                format::pad(digits, Some(width.saturating_sub(sign.len())), '0', '>')
            ))
        }
        ("ljust", [Value::Int(width)]) => Value::Text(format::pad(text, Some(wide(*width)?), ' ', '<')),
        ("rjust", [Value::Int(width)]) => Value::Text(format::pad(text, Some(wide(*width)?), ' ', '>')),
        _ => return None,
    })
}

fn wide(width: i64) -> Option<usize> {
    usize::try_from(width.max(0)).ok().filter(|width| *width <= MAX_LENGTH)
}

fn left_stripped(text: &str) -> &str {
    let end = strip(text);
    let start = text.find(end).unwrap_or(0);
    if end.is_empty() { "" } else { &text[start..] }
}

fn right_end(text: &str) -> usize {
    let inner = strip(text);
    if inner.is_empty() { 0 } else { text.find(inner).unwrap_or(0) + inner.len() }
}

/// Where something is, in characters; -1 where it is not.
fn place(text: &str, at: Option<usize>) -> i64 {
    at.map_or(-1, |at| text[..at].chars().count() as i64)
}

fn all(text: &str, is: impl Fn(char) -> bool) -> Value {
    Value::Bool(!text.is_empty() && text.chars().all(is))
}

fn any(part: &Value, is: impl Fn(&str) -> bool) -> Option<bool> {
    match part {
        Value::Text(part) => Some(is(part)),
        Value::Tuple(parts) => {
            let texts: Option<Vec<&str>> = parts
                .iter()
                .map(|part| match part {
                    Value::Text(part) => Some(part.as_str()),
                    _ => None,
                })
                .collect();
            Some(texts?.into_iter().any(is))
        }
        _ => None,
    }
}

fn replaced(text: &str, from: &str, to: &str, most: usize) -> Option<Value> {
    let fits = !from.is_empty() && text.len().checked_mul(to.len().max(1))? < MAX_LENGTH;
    fits.then(|| Value::Text(text.replacen(from, to, most)))
}

fn list(parts: Vec<&str>) -> Option<Value> {
    let fits = parts.len() <= MAX_ITEMS;
    fits.then(|| Value::List(parts.into_iter().map(|part| Value::Text(part.into())).collect()))
}

fn joined(by: &str, items: &Value) -> Option<Value> {
    let items = items.items().ok()?;
    let texts: Option<Vec<String>> = items
        .into_iter()
        .map(|item| match item {
            Value::Text(text) => Some(text),
            _ => None,
        })
        .collect();
    let whole = texts?.join(by);
    (whole.len() <= MAX_LENGTH).then_some(Value::Text(whole))
}

fn capitalized(text: &str) -> String {
    let (first, rest) = text.split_at(text.len().min(1));
    format!("{}{}", first.to_ascii_uppercase(), rest.to_ascii_lowercase())
}

fn titled(text: &str) -> String {
    let mut inside = false;
    let mut titled = String::with_capacity(text.len());
    for c in text.chars() {
        titled.push(if inside { c.to_ascii_lowercase() } else { c.to_ascii_uppercase() });
        inside = c.is_ascii_alphabetic();
    }
    titled
}
