//! Literals to what they stand for.

use super::tree::ExpressionKind;

/// A number. `None` for one that Python refuses, or that is larger than 64 bits, or imaginary.
///
/// Source: "Numeric literals" in the Python language reference.
pub(super) fn number(text: &str) -> Option<ExpressionKind> {
    let lower = text.to_ascii_lowercase();
    // An underscore stands between two digits, or behind a base.
    if lower.contains('_') && !lower.bytes().all(|byte| byte.is_ascii_digit() || byte == b'_') {
        return None;
    }
    if lower.ends_with('_') || lower.contains("__") {
        return None;
    }
    let digits = lower.replace('_', "");
    for (prefix, radix) in [("0x", 16), ("0o", 8), ("0b", 2)] {
        if let Some(rest) = digits.strip_prefix(prefix) {
            return i64::from_str_radix(rest, radix).ok().map(ExpressionKind::Int);
        }
    }
    if digits.bytes().all(|byte| byte.is_ascii_digit()) {
        // `010` is an error, `00` is not.
        let octal_of_old =
            digits.len() > 1 && digits.starts_with('0') && digits.bytes().any(|byte| byte != b'0');
        return if octal_of_old { None } else { digits.parse().ok().map(ExpressionKind::Int) };
    }
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'+' | b'-'));
    if !plain {
        return None;
    }
    digits.parse().ok().map(ExpressionKind::Float)
}

/// A string literal without its quotes, its escapes resolved. `None` for bytes, for an f-string that replaces
/// something, and where an escape is not one or is by name.
///
/// Source: "String and Bytes literals" in the Python language reference.
pub(super) fn string(literal: &str) -> Option<String> {
    let at = literal.find(['"', '\''])?;
    let prefix = literal[..at].to_ascii_lowercase();
    let quoted = &literal[at..];
    let width = if quoted.starts_with("\"\"\"") || quoted.starts_with("'''") { 3 } else { 1 };
    let body = quoted.get(width..quoted.len().checked_sub(width)?)?;
    // What stands for a byte that is no UTF-8: which letter it is, the encoding of the file says.
    if body.contains('\x1a') {
        return None;
    }
    // Python reads every line break of a file as a line feed.
    let body = body.replace("\r\n", "\n").replace('\r', "\n");
    match prefix.as_str() {
        "" | "u" => unescape(&body),
        "r" => Some(body),
        // Neither a brace nor an escape: the text stands for itself.
        "f" if !body.contains(['{', '}']) => unescape(&body),
        "rf" | "fr" if !body.contains(['{', '}']) => Some(body),
        _ => None,
    }
}

/// A text with its escapes resolved, as of a string that is neither raw nor bytes.
pub(super) fn unescape(body: &str) -> Option<String> {
    let mut text = String::with_capacity(body.len());
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            text.push(c);
            continue;
        }
        let escape = chars.next()?;
        let mut hex = |digits: usize| -> Option<char> {
            let mut value = 0;
            for _ in 0..digits {
                value = value * 16 + chars.next()?.to_digit(16)?;
            }
            char::from_u32(value)
        };
        match escape {
            '\n' => {}
            '\\' | '\'' | '"' => text.push(escape),
            'a' => text.push('\x07'),
            'b' => text.push('\x08'),
            'f' => text.push('\x0c'),
            'n' => text.push('\n'),
            'r' => text.push('\r'),
            't' => text.push('\t'),
            'v' => text.push('\x0b'),
            'x' => text.push(hex(2)?),
            'u' => text.push(hex(4)?),
            'U' => text.push(hex(8)?),
            'N' => return None,
            '0'..='7' => {
                let mut value = escape.to_digit(8)?;
                for _ in 0..2 {
                    if let Some(digit) = chars.peek().and_then(|next| next.to_digit(8)) {
                        value = value * 8 + digit;
                        chars.next();
                    }
                }
                text.push(char::from_u32(value)?);
            }
            other => {
                text.push('\\');
                text.push(other);
            }
        }
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings() {
        for (literal, text) in [
            (r#""a""#, Some("a")),
            (r#"'a\'b\n'"#, Some("a'b\n")),
            (r#"r'a\n'"#, Some(r"a\n")),
            ("\"\"\"a\"b\"\"\"", Some("a\"b")),
            (r#"'''a'b'''"#, Some("a'b")),
            (r#"'\x41\u00e9\101\d'"#, Some("Aé\u{41}\\d")),
            ("'a\\\r\nb'", Some("ab")),
            (r#"u'a'"#, Some("a")),
            (r#"b'a'"#, None),
            (r#"f'a'"#, Some("a")),
            (r#"f'{a}'"#, None),
            (r#"f'{{a}}'"#, None),
            (r#"'\N{DASH}'"#, None),
            (r#"'\xg0'"#, None),
            (r#"'\ud800'"#, None),
            ("'caf\x1a'", None),
        ] {
            assert_eq!(string(literal).as_deref(), text, "{literal}");
        }
    }

    #[test]
    fn numbers() {
        use ExpressionKind::{Float, Int};
        for (literal, value) in [
            ("30", Some(Int(30))),
            ("1_000", Some(Int(1000))),
            ("0x1F", Some(Int(31))),
            ("0o22", Some(Int(18))),
            ("0b11", Some(Int(3))),
            ("00", Some(Int(0))),
            ("022", None),
            ("1.5", Some(Float(1.5))),
            (".5", Some(Float(0.5))),
            ("1.", Some(Float(1.0))),
            ("1e3", Some(Float(1000.0))),
            ("1e-3", Some(Float(0.001))),
            ("1j", None),
            ("1__0", None),
            ("30s", None),
            ("99999999999999999999", None),
        ] {
            let read = number(literal);
            assert_eq!(format!("{read:?}"), format!("{value:?}"), "{literal}");
        }
    }
}
