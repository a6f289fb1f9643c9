//! Python's numbers: how they are written, and arithmetic on them.

use super::value::{Value, strip};

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
        // Where two texts are as short and as near, Python takes the even one, as Rust does for a given number of digits.
        let shortest = format!("{:e}", value.abs());
        let places = shortest.find('e').unwrap_or(1).saturating_sub(2);
        let even = format!("{:.places$e}", value.abs());
        let scientific = if even.parse() == Ok(value.abs()) { even } else { shortest };
        let (digits, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
        let sign = if value.is_sign_negative() { "-" } else { "" };
        let exponent: i32 = exponent.parse().unwrap_or_default();
        if value != 0.0 && !(-4..16).contains(&exponent) {
            let direction = if exponent < 0 { '-' } else { '+' };
            return format!("{sign}{digits}e{direction}{:02}", exponent.abs());
        }
        let digits = digits.replace('.', "");
        let whole = usize::try_from(exponent + 1).unwrap_or_default();
        let leading = usize::try_from(-exponent - 1).unwrap_or_default();
        let (before, behind) = digits.split_at(whole.min(digits.len()));
        let filled = "0".repeat(whole.saturating_sub(digits.len()));
        let before = if before.is_empty() { "0" } else { before };
        let behind = if behind.is_empty() { "0" } else { behind };
        format!("{sign}{before}{filled}.{}{behind}", "0".repeat(leading))
    }

    /// The number as Python converts it where a float takes part.
    pub(super) fn float(self) -> f64 {
        match self {
            Number::Int(value) => value as f64,
            Number::Float(value) => value,
        }
    }
}

/// `a operator b` of whole numbers, within 64 bits.
pub(super) fn integers(operator: &str, a: i64, b: i64) -> Option<Value> {
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
        "/" if b != 0 && a.unsigned_abs() < 1 << 53 && b.unsigned_abs() < 1 << 53 => {
            return Some(Value::Float(a as f64 / b as f64));
        }
        _ => return None,
    };
    Some(Value::Int(value))
}

/// `a operator b` where a float takes part.
pub(super) fn floats(operator: &str, a: f64, b: f64) -> Option<Value> {
    let value = match operator {
        "+" => a + b,
        "-" => a - b,
        "*" => a * b,
        "/" if b != 0.0 => a / b,
        "//" if b != 0.0 => divide(a, b).0,
        "%" if b != 0.0 => divide(a, b).1,
        _ => return None,
    };
    value.is_finite().then_some(Value::Float(value))
}

/// The floor of `a / b`, and what is left.
///
/// Source: `_float_div_mod` in `Objects/floatobject.c` of CPython.
fn divide(a: f64, b: f64) -> (f64, f64) {
    let mut rest = a % b;
    let mut quotient = (a - rest) / b;
    if rest != 0.0 {
        if (b < 0.0) != (rest < 0.0) {
            rest += b;
            quotient -= 1.0;
        }
    } else {
        rest = 0.0_f64.copysign(b);
    }
    let floor = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0.0_f64.copysign(a / b)
    };
    (floor, rest)
}

/// Whether two numbers are equal, and else which is the greater, where floats tell it.
pub(super) fn compare(a: Number, b: Number) -> Option<std::cmp::Ordering> {
    match (a, b) {
        (Number::Int(a), Number::Int(b)) => Some(a.cmp(&b)),
        (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
        // Python compares exactly; beyond 2^53 a float is not.
        (Number::Int(int), _) | (_, Number::Int(int)) if int.unsigned_abs() > 1 << 53 => None,
        _ => a.float().partial_cmp(&b.float()),
    }
}

/// `int(value)`, and `int(value, base)` of a text.
pub(super) fn integer(value: &Value, base: u32) -> Option<i64> {
    match value {
        Value::Text(text) => from_text(text, base),
        other => match other.number()? {
            Number::Int(number) => Some(number),
            Number::Float(number) if number.abs() < 1e15 => Some(number.trunc() as i64),
            Number::Float(_) => None,
        },
    }
}

/// What `int(text, base)` gives; with base 0 prefixes count and leading zeros are refused.
pub(super) fn from_text(text: &str, base: u32) -> Option<i64> {
    let text = strip(text);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let prefixed = [("0x", 16), ("0o", 8), ("0b", 2)]
        .into_iter()
        .filter(|(_, radix)| base == 0 || base == *radix)
        .find_map(|(prefix, radix)| lower.strip_prefix(prefix).map(|rest| (rest, radix)));
    let plain = if base == 0 { 10 } else { base };
    let (body, radix) = prefixed.unwrap_or((lower.as_str(), plain));
    let body = if prefixed.is_some() { body.strip_prefix('_').unwrap_or(body) } else { body };
    if body.is_empty() || body.starts_with(['_', '+', '-']) || body.ends_with('_') || body.contains("__") {
        return None;
    }
    let body = body.replace('_', "");
    let zeros = body.starts_with('0') && body.bytes().any(|byte| byte != b'0');
    if base == 0 && prefixed.is_none() && zeros {
        return None;
    }
    // Digits of other scripts are digits to Python; they are not followed.
    let number = i64::from_str_radix(&body, radix).ok()?;
    Some(if negative { -number } else { number })
}

/// `float(text)` of digits, a point and an exponent.
pub(super) fn float(text: &str) -> Option<f64> {
    let text = strip(text);
    let plain =
        text.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-'));
    if !plain || !text.bytes().any(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse().ok().filter(|value: &f64| value.is_finite())
}

/// `round(value, digits)`; without digits the result is whole.
pub(super) fn round(value: &Value, digits: Option<i64>) -> Option<Value> {
    match (value.number()?, digits) {
        (Number::Int(number), None) => Some(Value::Int(number)),
        (Number::Int(number), Some(digits)) if digits >= 0 => Some(Value::Int(number)),
        (Number::Float(number), None) if number.abs() < 1e15 => {
            Some(Value::Int(number.round_ties_even() as i64))
        }
        // As CPython does it: by the decimal digits of the number itself.
        (Number::Float(number), Some(digits)) if number.abs() < 1e15 => {
            let digits = usize::try_from(digits).ok().filter(|it| *it <= 15)?;
            format!("{number:.digits$}").parse().ok().map(Value::Float)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_written_as_python_writes_them() {
        for (number, text) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.1, "0.1"),
            (123.456, "123.456"),
            (0.0001, "0.0001"),
            (0.00012, "0.00012"),
            (1e-5, "1e-05"),
            (1.25e-7, "1.25e-07"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (1.5e300, "1.5e+300"),
            (1e15 + 1.25, "1000000000000001.2"),
            (100.0, "100.0"),
            (9_007_199_254_740_992.0, "9007199254740992.0"),
        ] {
            assert_eq!(Number::Float(number).repr(), text);
        }
    }
}
