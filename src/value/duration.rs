//! Lengths of time.

use std::fmt;

/// A length of time in milliseconds, the finest step that any of the programs keeps for its timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// Milliseconds.
    pub milliseconds: u64,
}

impl Duration {
    /// No end at all: systemd's `infinity`.
    pub const INFINITY: Duration = Duration { milliseconds: u64::MAX };

    /// A number of whole seconds.
    pub const fn seconds(seconds: u64) -> Duration {
        Duration { milliseconds: seconds.saturating_mul(1000) }
    }

    /// Reads a time as nginx does: a sum of numbers with the units `ms s m h d w M y`, largest first, each at most once;
    /// a bare number counts seconds and ends the sum. `None` where nginx says "invalid value".
    ///
    /// Source: `ngx_parse_time` in `src/core/ngx_parse.c` of nginx 1.31.3.
    pub fn from_nginx(text: &str) -> Option<Duration> {
        // `ms` is the only one of two letters, and comes last.
        const MS: usize = 7;
        const UNITS: [(u8, u64); 8] = [
            (b'y', 365 * 86_400_000),
            (b'M', 30 * 86_400_000),
            (b'w', 7 * 86_400_000),
            (b'd', 86_400_000),
            (b'h', 3_600_000),
            (b'm', 60_000),
            (b's', 1000),
            (b'm', 1),
        ];
        let mut rest = text;
        let mut total: u64 = 0;
        let mut smallest: Option<usize> = None;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let unit = if rest.starts_with("ms") {
                MS
            } else {
                match rest.bytes().next() {
                    None | Some(b' ') => 6,
                    Some(letter) => UNITS.iter().position(|(name, _)| *name == letter)?,
                }
            };
            if smallest.is_some_and(|before| unit <= before) {
                return None;
            }
            smallest = Some(unit);
            let length = if unit == MS { 2 } else { 1 }.min(rest.len());
            rest = rest[length..].trim_start_matches(' ');
            total = total.checked_add(number.checked_mul(UNITS[unit].1)?)?;
        }
        smallest.map(|_| Duration { milliseconds: total })
    }

    /// Reads a time span as systemd does: a sum of numbers with units, in any order and with or without blanks, where a
    /// number may have decimals and one without a unit counts seconds; or `infinity`. `None` where systemd says "Failed
    /// to parse". What is below a millisecond is rounded up, so that no time becomes none.
    ///
    /// Source: `parse_time` in `src/basic/time-util.c` of systemd 252, and `systemd-analyze timespan`.
    pub fn from_systemd(text: &str) -> Option<Duration> {
        let mut rest = text.trim_start_matches(SYSTEMD_BLANKS);
        if let Some(behind) = rest.strip_prefix("infinity") {
            return behind.trim_start_matches(SYSTEMD_BLANKS).is_empty().then_some(Duration::INFINITY);
        }
        let mut total: u64 = 0;
        let mut something = false;
        while !rest.is_empty() {
            let (microseconds, behind) = systemd_term(rest)?;
            total = total.checked_add(microseconds).filter(|sum| *sum < u64::MAX)?;
            something = true;
            rest = behind.trim_start_matches(SYSTEMD_BLANKS);
        }
        something.then(|| Duration { milliseconds: total.div_ceil(1000) })
    }

    /// The same length of time as nginx's directives take it: `90s`, `1500ms`. `None` for what nginx cannot hold.
    pub fn to_nginx(self) -> Option<String> {
        if i64::try_from(self.milliseconds).is_err() {
            None
        } else if self.milliseconds.is_multiple_of(1000) {
            Some(format!("{}s", self.milliseconds / 1000))
        } else {
            Some(format!("{}ms", self.milliseconds))
        }
    }

    /// Seconds, for JSON.
    pub fn as_seconds(self) -> f64 {
        if self == Duration::INFINITY {
            return f64::INFINITY;
        }
        self.milliseconds as f64 / 1000.0
    }
}

/// What systemd takes for blanks.
const SYSTEMD_BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];

/// One number with its unit, in microseconds, and what stands behind it.
fn systemd_term(text: &str) -> Option<(u64, &str)> {
    // The number is read by strtoll, which takes a sign; systemd refuses `-` itself.
    let unsigned =
        text.strip_prefix('+').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit())).unwrap_or(text);
    let (whole, behind) = digits(unsigned);
    let (decimals, behind) = match behind.strip_prefix('.') {
        Some(fraction) => match digits(fraction) {
            ("", _) => return None,
            (decimals, behind) => (decimals, behind),
        },
        None if whole.is_empty() => return None,
        None => ("", behind),
    };
    let unit_at = behind.trim_start_matches(SYSTEMD_BLANKS);
    let (scale, behind) = match SYSTEMD_UNITS.iter().find(|(name, _)| unit_at.starts_with(name)) {
        Some((name, scale)) => (*scale, &unit_at[name.len()..]),
        // Without a unit a blank or the end must follow: `12.34.56` is refused.
        None if unit_at.len() == behind.len() && !behind.is_empty() => return None,
        None => (1_000_000, unit_at),
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse::<i64>().ok()?.try_into().ok()? };
    let mut microseconds = whole.checked_mul(scale)?;
    let mut step = scale / 10;
    for digit in decimals.bytes() {
        microseconds = microseconds.checked_add(u64::from(digit - b'0') * step)?;
        step /= 10;
    }
    Some((microseconds, behind))
}

/// The digits at the start of a text, and the rest.
fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len())
}

/// systemd's units in microseconds, in the order in which it tries them.
const SYSTEMD_UNITS: [(&str, u64); 30] = [
    ("seconds", 1_000_000),
    ("second", 1_000_000),
    ("sec", 1_000_000),
    ("s", 1_000_000),
    ("minutes", 60_000_000),
    ("minute", 60_000_000),
    ("min", 60_000_000),
    ("months", 2_629_800_000_000),
    ("month", 2_629_800_000_000),
    ("M", 2_629_800_000_000),
    ("msec", 1000),
    ("ms", 1000),
    ("m", 60_000_000),
    ("hours", 3_600_000_000),
    ("hour", 3_600_000_000),
    ("hr", 3_600_000_000),
    ("h", 3_600_000_000),
    ("days", 86_400_000_000),
    ("day", 86_400_000_000),
    ("d", 86_400_000_000),
    ("weeks", 604_800_000_000),
    ("week", 604_800_000_000),
    ("w", 604_800_000_000),
    ("years", 31_557_600_000_000),
    ("year", 31_557_600_000_000),
    ("y", 31_557_600_000_000),
    ("usec", 1),
    ("us", 1),
    ("\u{3bc}s", 1),
    ("\u{b5}s", 1),
];

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if *self == Duration::INFINITY {
            write!(f, "no limit")
        } else if self.milliseconds.is_multiple_of(1000) {
            write!(f, "{} s", self.milliseconds / 1000)
        } else if self.milliseconds < 1000 {
            write!(f, "{} ms", self.milliseconds)
        } else {
            write!(f, "{} s", self.as_seconds())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Duration;

    #[test]
    fn nginx_times() {
        for (text, milliseconds) in [
            ("60", Some(60_000)),
            ("60s", Some(60_000)),
            ("1m30s", Some(90_000)),
            ("1m 30s", Some(90_000)),
            ("1h30m", Some(5_400_000)),
            ("500ms", Some(500)),
            ("1s500ms", Some(1500)),
            ("0", Some(0)),
            ("1M", Some(30 * 86_400_000)),
            ("", None),
            ("s", None),
            ("30s1m", None),
            ("1m1m", None),
            ("60 s", None),
            ("1.5s", None),
            ("-1", None),
            ("30sec", None),
        ] {
            assert_eq!(Duration::from_nginx(text).map(|it| it.milliseconds), milliseconds, "{text:?}");
        }
    }

    /// Checked with `systemd-analyze timespan` of systemd 252.
    #[test]
    fn systemd_time_spans() {
        for (text, milliseconds) in [
            ("90", Some(90_000)),
            ("+5", Some(5000)),
            ("5 s", Some(5000)),
            ("1.5", Some(1500)),
            (".5", Some(500)),
            ("1.5h", Some(5_400_000)),
            ("5 min 3", Some(303_000)),
            ("1 2", Some(3000)),
            ("12.34 .56", Some(12_900)),
            ("1h30m", Some(5_400_000)),
            ("1min30", Some(90_000)),
            ("1min 30s", Some(90_000)),
            ("2m3", Some(123_000)),
            ("1M", Some(2_629_800_000)),
            ("1m 1M", Some(2_629_860_000)),
            ("1minute", Some(60_000)),
            ("5msec", Some(5)),
            ("5us", Some(1)),
            ("1.23456789s", Some(1235)),
            ("0", Some(0)),
            ("infinity", Some(u64::MAX)),
            (" infinity ", Some(u64::MAX)),
            ("infinity s", None),
            ("5Min", None),
            ("1.s", None),
            ("12.34.56", None),
            ("-1", None),
            ("-0", None),
            ("1h-3m", None),
            ("1e3", None),
            ("0x10", None),
            ("3 . 5", None),
            ("", None),
            ("foo", None),
            ("99999999999999999999", None),
            ("600000y", None),
        ] {
            assert_eq!(Duration::from_systemd(text).map(|it| it.milliseconds), milliseconds, "{text:?}");
        }
    }
}
