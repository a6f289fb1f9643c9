//! `format % values`.
//!
//! Source: "printf-style String Formatting" of the Python documentation.

use super::format::{digits, pad, repr, str_of};
use super::number::Number;
use super::operators::not_followed;
use super::value::{MAX_LENGTH, Value};

/// `format % values`.
pub(super) fn format(format: &str, values: &Value) -> Result<String, String> {
    let refuse = || not_followed("%");
    let mut items: Vec<&Value> = match values {
        Value::Tuple(items) => items.iter().collect(),
        Value::Path(_) | Value::Set(_) | Value::Iterator(_) => return Err(refuse()),
        other => vec![other],
    };
    items.reverse();
    let mut text = String::new();
    let mut rest = format;
    let mut by_name = false;
    while let Some(at) = rest.find('%') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix('%') {
            text.push('%');
            rest = behind;
            continue;
        }
        let mut named = None;
        if let Some(behind) = rest.strip_prefix('(') {
            let (name, behind) = behind.split_once(')').ok_or_else(refuse)?;
            let Value::Dict(entries) = values else { return Err(refuse()) };
            let wanted = Value::Text(name.into());
            let entry = entries.iter().find(|(key, _)| *key == wanted);
            named = Some(entry.map(|(_, value)| value).ok_or_else(refuse)?);
            by_name = true;
            rest = behind;
        }
        // Values by name and by place are not mixed.
        if named.is_none() && by_name || named.is_some() && items.is_empty() {
            return Err(refuse());
        }
        let (piece, behind) = one(rest, || named.or_else(|| items.pop())).ok_or_else(refuse)?;
        text.push_str(&piece);
        rest = behind;
        if text.len() > MAX_LENGTH {
            return Err(refuse());
        }
    }
    text.push_str(rest);
    // What is left over is refused, but for a list or dict that stands alone.
    let left_over = !items.is_empty() && !by_name;
    if left_over || text.len() > MAX_LENGTH { Err(refuse()) } else { Ok(text) }
}

/// One conversion from behind its `%`, and what follows it.
fn one<'a, 'v>(text: &'a str, next: impl FnOnce() -> Option<&'v Value>) -> Option<(String, &'a str)> {
    let flags = text.find(|c| !matches!(c, '-' | '+' | ' ' | '0')).map(|end| &text[..end])?;
    let mut rest = &text[flags.len()..];
    let width = digits(&mut rest)?;
    let mut precision = None;
    if let Some(behind) = rest.strip_prefix('.') {
        rest = behind;
        precision = Some(digits(&mut rest)?.unwrap_or(0));
    }
    let kind = rest.chars().next()?;
    let value = next()?;
    let (sign, body) = match kind {
        's' | 'r' => {
            let text = if kind == 's' { str_of(value) } else { repr(value) }.ok()?;
            let text = match precision {
                Some(most) => text.chars().take(most).collect(),
                None => text,
            };
            (String::new(), text)
        }
        'd' | 'i' | 'u' | 'x' | 'X' | 'o' if precision.is_none() => {
            let number = match (value.number()?, kind) {
                (Number::Int(number), _) => number,
                (Number::Float(number), 'd' | 'i' | 'u') if number.abs() < 1e15 => number.trunc() as i64,
                _ => return None,
            };
            let size = number.unsigned_abs();
            let body = match kind {
                'x' => format!("{size:x}"),
                'X' => format!("{size:X}"),
                'o' => format!("{size:o}"),
                _ => size.to_string(),
            };
            (sign(number < 0, flags), body)
        }
        'f' | 'F' => {
            let number = value.number()?.float();
            let places = precision.unwrap_or(6);
            if !number.is_finite() || places > 60 {
                return None;
            }
            (sign(number.is_sign_negative(), flags), format!("{:.places$}", number.abs()))
        }
        _ => return None,
    };
    let fill = if flags.contains('0') && !matches!(kind, 's' | 'r') { '0' } else { ' ' };
    let whole = match (flags.contains('-'), fill) {
        (true, _) => pad(&format!("{sign}{body}"), width, ' ', '<'),
        (false, '0') => {
            let width = width.map(|width| width.saturating_sub(sign.len()));
            format!("{sign}{}", pad(&body, width, '0', '>'))
        }
        _ => pad(&format!("{sign}{body}"), width, ' ', '>'),
    };
    Some((whole, &rest[kind.len_utf8()..]))
}

fn sign(negative: bool, flags: &str) -> String {
    match (negative, flags.contains('+'), flags.contains(' ')) {
        (true, _, _) => "-".into(),
        (false, true, _) => "+".into(),
        (false, false, true) => " ".into(),
        _ => String::new(),
    }
}
