//! Numbers that hang on the number of processors, by the bounds that they have on every machine.
//!
//! `os.cpu_count()` may be `None` by its documentation; on no machine that runs Gunicorn is it, so it is a number of at
//! least 1 here. Two calls may give different numbers: nothing is made of both standing in one expression.

use super::number::Number;
use super::value::Value;
use crate::model::PerMachine;

/// The largest bound that is kept: beyond it floats of Python and of ours could differ.
const LIMIT: f64 = 2_147_483_648.0;

/// The longest expression that is written out, in bytes.
const MAX_TEXT: usize = 120;

/// How an expression binds that needs no parentheses anywhere.
const ATOM: u8 = 15;

/// A number of every machine's own.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Symbol {
    /// The expression as a person would write it.
    text: String,
    /// How strongly its outermost operator binds.
    binds: u8,
    /// The least that it can be.
    low: f64,
    /// The most.
    high: f64,
    /// Whether it is certainly an `int`; else it is an `int` or a `float`.
    whole: bool,
}

/// The number of processors, by the call that asks for it.
pub(super) fn processors(text: &str) -> Value {
    let (text, low, high) = (text.into(), 1.0, f64::INFINITY);
    Value::Machine(Symbol { text, binds: ATOM, low, high, whole: true })
}

impl Symbol {
    /// What a setting shows of it, if it is certainly whole and not negative.
    pub(super) fn setting(&self) -> Option<PerMachine> {
        if !self.whole || self.low < 0.0 {
            return None;
        }
        let high = self.high.is_finite().then_some(self.high as i64);
        Some(PerMachine { text: self.text.clone(), low: self.low as i64, high })
    }

    /// Whether it counts as true, if that is the same on every machine.
    pub(super) fn truth(&self) -> Option<bool> {
        (self.low > 0.0 || self.high < 0.0).then_some(true)
    }

    fn within(&self, binds: u8) -> String {
        if self.binds < binds { format!("({})", self.text) } else { self.text.clone() }
    }
}

/// A value as bounds: a number is its own.
fn symbol(value: &Value) -> Option<Symbol> {
    let (text, number, whole) = match value {
        Value::Machine(symbol) => return Some(symbol.clone()),
        Value::Int(number) => (number.to_string(), *number as f64, true),
        Value::Float(number) => (Number::Float(*number).repr(), *number, false),
        _ => return None,
    };
    let binds = if number < 0.0 { 11 } else { ATOM };
    Some(Symbol { text, binds, low: number, high: number, whole })
}

/// A value from what is known of it: a number where it is the same everywhere.
fn value(text: String, binds: u8, low: f64, high: f64, whole: bool) -> Option<Value> {
    // A bound that is too large is moved away from the value.
    let low = if low < -LIMIT { f64::NEG_INFINITY } else { low.min(LIMIT) };
    let high = if high > LIMIT { f64::INFINITY } else { high.max(-LIMIT) };
    if low.is_nan() || high.is_nan() || text.len() > MAX_TEXT {
        return None;
    }
    if whole && low == high {
        return Some(Value::Int(low as i64));
    }
    Some(Value::Machine(Symbol { text, binds, low, high, whole }))
}

/// `left operator right` where one of them hangs on the machine.
pub(super) fn arithmetic(operator: &str, left: &Value, right: &Value) -> Option<Value> {
    let (a, b) = (symbol(left)?, symbol(right)?);
    let whole = a.whole && b.whole;
    let products = || {
        let all = [a.low * b.low, a.low * b.high, a.high * b.low, a.high * b.high];
        // Nothing times whatever is nothing.
        spread(all.map(|it| if it.is_nan() { 0.0 } else { it }))
    };
    let quotients = || {
        if b.low <= 0.0 && b.high >= 0.0 {
            return None;
        }
        let all = [a.low / b.low, a.low / b.high, a.high / b.low, a.high / b.high];
        Some(spread(all.map(|it| if it.is_nan() { 0.0 } else { it })))
    };
    let (binds, (low, high), whole) = match operator {
        "+" => (9, (a.low + b.low, a.high + b.high), whole),
        "-" => (9, (a.low - b.high, a.high - b.low), whole),
        "*" => (10, products(), whole),
        "/" => (10, quotients()?, false),
        "//" if whole => {
            let (low, high) = quotients()?;
            (10, (low.floor(), high.floor()), true)
        }
        "%" if whole && b.low == b.high && b.low > 0.0 => (10, (0.0, b.low - 1.0), true),
        _ => return None,
    };
    let text = format!("{} {operator} {}", a.within(binds), b.within(binds + 1));
    value(text, binds, low, high, whole)
}

fn spread(values: [f64; 4]) -> (f64, f64) {
    (
        values.iter().copied().fold(f64::INFINITY, f64::min),
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    )
}

/// A comparison, where it is the same on every machine.
pub(super) fn compare(operator: &str, left: &Value, right: &Value) -> Option<bool> {
    let (a, b) = (symbol(left)?, symbol(right)?);
    let decided = |yes: bool, no: bool| if yes { Some(true) } else { no.then_some(false) };
    match operator {
        "<" => decided(a.high < b.low, a.low >= b.high),
        "<=" => decided(a.high <= b.low, a.low > b.high),
        ">" => decided(a.low > b.high, a.high <= b.low),
        ">=" => decided(a.low >= b.high, a.high < b.low),
        "==" => decided(false, a.high < b.low || b.high < a.low),
        _ => None,
    }
}

/// `-value` and `+value`.
pub(super) fn prefix(operator: &str, of: &Symbol) -> Option<Value> {
    let text = format!("{operator}{}", of.within(11));
    match operator {
        "-" => value(text, 11, -of.high, -of.low, of.whole),
        "+" => value(text, 11, of.low, of.high, of.whole),
        _ => None,
    }
}

/// `max` or `min` of several numbers of which one hangs on the machine.
pub(super) fn extreme(greatest: bool, items: &[Value]) -> Option<Value> {
    let symbols: Vec<Symbol> = items.iter().map(symbol).collect::<Option<_>>()?;
    let texts: Vec<&str> = symbols.iter().map(|it| it.text.as_str()).collect();
    let of = |bounds: &mut dyn Iterator<Item = f64>| {
        bounds.reduce(if greatest { f64::max } else { f64::min }).unwrap_or(f64::NAN)
    };
    let text = format!("{}({})", if greatest { "max" } else { "min" }, texts.join(", "));
    let whole = symbols.iter().all(|it| it.whole);
    let (low, high) = (of(&mut symbols.iter().map(|it| it.low)), of(&mut symbols.iter().map(|it| it.high)));
    value(text, ATOM, low, high, whole)
}

/// A function of one number that never falls, and that gives an `int`: `int`, `round`, `math.ceil`.
pub(super) fn rounded(name: &str, of: &Symbol, f: impl Fn(f64) -> f64) -> Option<Value> {
    if of.whole {
        return Some(Value::Machine(of.clone()));
    }
    value(format!("{name}({})", of.text), ATOM, f(of.low), f(of.high), true)
}

/// `float(value)`.
pub(super) fn float(of: &Symbol) -> Option<Value> {
    value(format!("float({})", of.text), ATOM, of.low, of.high, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: Option<Value>) -> String {
        match value {
            Some(Value::Machine(it)) => format!("{}: {} to {}", it.text, it.low, it.high),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn bounds_hold_on_every_machine() {
        let n = processors("cpu_count()");
        let twice = arithmetic("*", &n, &Value::Int(2)).unwrap();
        let usual = arithmetic("+", &twice, &Value::Int(1)).unwrap();
        assert_eq!(shown(Some(usual.clone())), "cpu_count() * 2 + 1: 3 to inf");
        assert_eq!(
            shown(extreme(false, &[usual.clone(), Value::Int(12)])),
            "min(cpu_count() * 2 + 1, 12): 3 to 12"
        );
        assert_eq!(shown(extreme(true, &[n.clone(), Value::Int(1)])), "max(cpu_count(), 1): 1 to inf");
        assert_eq!(shown(extreme(false, &[n.clone(), Value::Int(1)])), "Some(Int(1))");
        assert_eq!(shown(arithmetic("*", &usual, &Value::Int(2))), "(cpu_count() * 2 + 1) * 2: 6 to inf");
        assert_eq!(shown(arithmetic("//", &n, &Value::Int(2))), "cpu_count() // 2: 0 to inf");
        assert_eq!(shown(arithmetic("-", &Value::Int(4), &n)), "4 - cpu_count(): -inf to 3");
        assert_eq!(shown(arithmetic("%", &n, &Value::Int(3))), "cpu_count() % 3: 0 to 2");
        let half = arithmetic("*", &n, &Value::Float(1.5)).unwrap();
        let Value::Machine(half) = half else { panic!() };
        assert_eq!(shown(rounded("int", &half, f64::trunc)), "int(cpu_count() * 1.5): 1 to inf");
        assert_eq!(arithmetic("/", &Value::Int(1), &arithmetic("-", &n, &Value::Int(3)).unwrap()), None);
    }

    #[test]
    fn a_comparison_is_decided_by_bounds_alone() {
        let n = processors("cpu_count()");
        assert_eq!(compare(">", &n, &Value::Int(0)), Some(true));
        assert_eq!(compare("<", &n, &Value::Int(1)), Some(false));
        assert_eq!(compare(">", &n, &Value::Int(4)), None);
        assert_eq!(compare("==", &n, &Value::Int(0)), Some(false));
        assert_eq!(compare("==", &n, &n), None);
        let Value::Machine(symbol) = n else { panic!() };
        assert_eq!(symbol.truth(), Some(true));
    }
}
