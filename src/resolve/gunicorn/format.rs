//! Values as text: `str`, `repr`, and what stands behind the colon of a field.
//!
//! Source: "Format String Syntax" of the Python documentation.

use super::number::Number;
use super::value::{MAX_LENGTH, Value};

/// `str(value)`.
pub(super) fn str_of(value: &Value) -> Result<String, String> {
    match value {
        Value::Text(text) => Ok(text.clone()),
        other => repr(other),
    }
}

/// `repr(value)`.
pub(super) fn repr(value: &Value) -> Result<String, String> {
    let all = |items: &[Value]| items.iter().map(repr).collect::<Result<Vec<_>, _>>().map(|it| it.join(", "));
    let text = match value {
        Value::None => "None".into(),
        Value::Bool(true) => "True".into(),
        Value::Bool(false) => "False".into(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => Number::Float(*number).repr(),
        Value::Text(text) => quoted(text)?,
        Value::List(items) => format!("[{}]", all(items)?),
        Value::Tuple(items) if items.len() == 1 => format!("({},)", all(items)?),
        Value::Tuple(items) => format!("({})", all(items)?),
        Value::Dict(entries) => {
            let entry = |(key, value): &(Value, Value)| Ok(format!("{}: {}", repr(key)?, repr(value)?));
            format!("{{{}}}", entries.iter().map(entry).collect::<Result<Vec<_>, String>>()?.join(", "))
        }
        Value::Set(items) if items.len() == 1 => format!("{{{}}}", all(items)?),
        // The order of a set is not known, and the others name themselves by where they are.
        _ => return Err("its text is not followed".into()),
    };
    if text.len() > MAX_LENGTH { Err("its text is too long".into()) } else { Ok(text) }
}

/// A text in quotes. Which characters are printed as they are is known of ASCII and of the Latin letters beyond it.
fn quoted(text: &str) -> Result<String, String> {
    if !text.chars().all(|c| c.is_ascii() || ('\u{c0}'..='\u{24f}').contains(&c)) {
        return Err("how it is printed is not followed".into());
    }
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    let mut quoted = String::from(quote);
    for c in text.chars() {
        match c {
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\\' => quoted.push_str("\\\\"),
            c if c == quote => {
                quoted.push('\\');
                quoted.push(c);
            }
            c if c.is_ascii_control() => quoted.push_str(&format!("\\x{:02x}", c as u32)),
            c => quoted.push(c),
        }
    }
    quoted.push(quote);
    Ok(quoted)
}

/// A text made as wide as is wanted, at the left (`<`), the right (`>`) or in the middle (`^`).
pub(super) fn pad(text: &str, width: Option<usize>, fill: char, align: char) -> String {
    let missing = width.unwrap_or(0).saturating_sub(text.chars().count());
    let before = match align {
        '<' => 0,
        '^' => missing / 2,
        _ => missing,
    };
    let of = |count: usize| std::iter::repeat_n(fill, count).collect::<String>();
    format!("{}{text}{}", of(before), of(missing - before))
}

/// What stands behind the colon of a field.
struct Spec<'a> {
    fill: char,
    align: Option<char>,
    sign: Option<char>,
    alternate: bool,
    zero: bool,
    width: Option<usize>,
    group: Option<char>,
    precision: Option<usize>,
    kind: &'a str,
}

fn spec(text: &str) -> Option<Spec<'_>> {
    let mut chars = text.chars();
    let first = chars.next();
    let second = chars.next();
    let is_align = |c: Option<char>| c.is_some_and(|c| matches!(c, '<' | '>' | '^' | '='));
    let (fill, align, mut rest) = match (first, second) {
        (Some(fill), align) if is_align(align) => {
            (fill, align, &text[fill.len_utf8() + align.map_or(0, char::len_utf8)..])
        }
        (align, _) if is_align(align) => (' ', align, &text[1..]),
        _ => (' ', None, text),
    };
    let mut take = |wanted: &[char]| match rest.chars().next().filter(|c| wanted.contains(c)) {
        Some(c) => {
            rest = &rest[c.len_utf8()..];
            Some(c)
        }
        None => None,
    };
    let sign = take(&['+', '-', ' ']);
    let alternate = take(&['#']).is_some();
    let zero = take(&['0']).is_some();
    let width = digits(&mut rest)?;
    let mut group = None;
    if let Some(c) = rest.chars().next().filter(|c| matches!(c, ',' | '_')) {
        group = Some(c);
        rest = &rest[1..];
    }
    let mut precision = None;
    if let Some(behind) = rest.strip_prefix('.') {
        rest = behind;
        precision = Some(digits(&mut rest)??);
    }
    Some(Spec { fill, align, sign, alternate, zero, width, group, precision, kind: rest })
}

/// The number that a text begins with, taken off it: `Some(None)` where there is none, `None` where it is too large.
pub(super) fn digits(rest: &mut &str) -> Option<Option<usize>> {
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let number = &rest[..end];
    *rest = &rest[end..];
    if number.is_empty() { Some(None) } else { number.parse().ok().filter(|it| *it <= MAX_LENGTH).map(Some) }
}

/// `format(value, format)`.
pub(super) fn formatted(value: &Value, format: &str) -> Result<String, String> {
    if format.is_empty() {
        return str_of(value);
    }
    let refuse = || format!("the format `{format}` is not followed");
    let spec = spec(format).ok_or_else(refuse)?;
    let text = match value {
        Value::Text(text) => words(text, &spec),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            value.number().and_then(|number| numbers(number, &spec))
        }
        _ => None,
    };
    text.ok_or_else(refuse)
}

fn words(text: &str, spec: &Spec) -> Option<String> {
    let plain = matches!(spec.kind, "" | "s")
        && spec.sign.is_none()
        && !spec.alternate
        && !spec.zero
        && spec.group.is_none();
    if !plain || spec.align == Some('=') {
        return None;
    }
    let text: String = text.chars().take(spec.precision.unwrap_or(usize::MAX)).collect();
    Some(pad(&text, spec.width, spec.fill, spec.align.unwrap_or('<')))
}

fn numbers(number: Number, spec: &Spec) -> Option<String> {
    let (negative, prefix, body) = match (number, spec.kind) {
        (Number::Int(number), "" | "d" | "x" | "X" | "o" | "b") if spec.precision.is_none() => {
            let size = number.unsigned_abs();
            let (prefix, body) = match spec.kind {
                "x" => ("0x", format!("{size:x}")),
                "X" => ("0X", format!("{size:X}")),
                "o" => ("0o", format!("{size:o}")),
                "b" => ("0b", format!("{size:b}")),
                _ => ("", size.to_string()),
            };
            let every = if matches!(spec.kind, "" | "d") { 3 } else { 4 };
            if every == 4 && spec.group == Some(',') {
                return None;
            }
            (number < 0, if spec.alternate { prefix } else { "" }, grouped(&body, spec.group, every))
        }
        (number, "f" | "F" | "%") => {
            let value = number.float();
            let value = if spec.kind == "%" { value * 100.0 } else { value };
            let places = spec.precision.unwrap_or(6);
            if !value.is_finite() || spec.alternate || places > 60 {
                return None;
            }
            let digits = format!("{:.places$}", value.abs());
            let (whole, rest) = digits.split_at(digits.find('.').unwrap_or(digits.len()));
            let percent = if spec.kind == "%" { "%" } else { "" };
            (value.is_sign_negative(), "", format!("{}{rest}{percent}", grouped(whole, spec.group, 3)))
        }
        (Number::Float(value), "") if spec.precision.is_none() && !spec.alternate && spec.group.is_none() => {
            (value.is_sign_negative(), "", Number::Float(value.abs()).repr())
        }
        _ => return None,
    };
    let sign = match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    };
    // A zero behind an alignment is one thing or another by the fill.
    if spec.zero && spec.align.is_some() {
        return None;
    }
    if spec.zero || spec.align == Some('=') {
        // Groups go on into the zeros that fill.
        if spec.group.is_some() && spec.width.is_some() {
            return None;
        }
        let fill = if spec.zero { '0' } else { spec.fill };
        let width = spec.width.map(|width| width.saturating_sub(sign.len() + prefix.len()));
        return Some(format!("{sign}{prefix}{}", pad(&body, width, fill, '>')));
    }
    Some(pad(&format!("{sign}{prefix}{body}"), spec.width, spec.fill, spec.align.unwrap_or('>')))
}

fn grouped(digits: &str, by: Option<char>, every: usize) -> String {
    let Some(by) = by else { return digits.into() };
    let mut text = String::new();
    for (at, c) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(every) {
            text.push(by);
        }
        text.push(c);
    }
    text
}

/// `format.format(values, name=value)`.
pub(super) fn fields(format: &str, values: &[Value], named: &[(String, Value)]) -> Result<String, String> {
    let refuse = || "this format is not followed".to_string();
    let mut text = String::new();
    let mut rest = format;
    let (mut automatic, mut manual) = (0, false);
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let brace = &rest[at..=at];
        rest = &rest[at + 1..];
        if let Some(behind) = rest.strip_prefix(brace) {
            text.push_str(brace);
            rest = behind;
            continue;
        }
        let (field, behind) = rest.split_once('}').filter(|_| brace == "{").ok_or_else(refuse)?;
        rest = behind;
        // Fields in fields, and `!r` before a colon that is part of a fill, are left alone.
        if field.contains(['{', '[']) {
            return Err(refuse());
        }
        let (name, spec) = field.split_once(':').unwrap_or((field, ""));
        let (name, conversion) = name.split_once('!').unwrap_or((name, "s"));
        let plain = !field.contains('!');
        let value = if name.is_empty() {
            automatic += 1;
            values.get(automatic - 1)
        } else if name.bytes().all(|byte| byte.is_ascii_digit()) {
            manual = true;
            name.parse::<usize>().ok().and_then(|at| values.get(at))
        } else {
            named.iter().find(|(other, _)| other == name).map(|(_, value)| value)
        };
        let value = value.filter(|_| !(manual && automatic > 0)).ok_or_else(refuse)?;
        let piece = match conversion {
            _ if plain => formatted(value, spec)?,
            "r" => formatted(&Value::Text(repr(value)?), spec)?,
            "s" => formatted(&Value::Text(str_of(value)?), spec)?,
            _ => return Err(refuse()),
        };
        text.push_str(&piece);
        if text.len() > MAX_LENGTH {
            return Err(refuse());
        }
    }
    text.push_str(rest);
    Ok(text)
}
