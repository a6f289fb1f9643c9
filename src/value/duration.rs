//! Lengths of time.

use std::fmt;

/// A length of time in milliseconds, the finest step that any of the programs keeps for its timeouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Duration {
    /// Milliseconds.
    pub milliseconds: u64,
}

impl Duration {
    /// A number of whole seconds.
    pub const fn seconds(seconds: u64) -> Duration {
        Duration { milliseconds: seconds.saturating_mul(1000) }
    }

    /// Reads a time as nginx does: a sum of numbers with the units `ms s m h d w M y`, largest first, each at most once;
    /// a bare number counts seconds and ends the sum. `None` where nginx says "invalid value".
    ///
    /// Source: `ngx_parse_time` in `src/core/ngx_parse.c` of nginx 1.31.3.
    pub fn from_nginx(text: &str) -> Option<Duration> {
        const UNITS: [(&str, u64); 8] = [
            ("y", 365 * 86_400_000),
            ("M", 30 * 86_400_000),
            ("w", 7 * 86_400_000),
            ("d", 86_400_000),
            ("h", 3_600_000),
            ("m", 60_000),
            ("s", 1000),
            ("ms", 1),
        ];
        let mut rest = text;
        let mut total: u64 = 0;
        let mut smallest: Option<usize> = None;
        while !rest.is_empty() {
            let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            let number: u64 = rest[..digits].parse().ok()?;
            rest = &rest[digits..];
            let unit = if rest.starts_with("ms") {
                7
            } else {
                match rest.chars().next() {
                    None | Some(' ') => 6,
                    Some(letter) => UNITS.iter().position(|(name, _)| *name == letter.to_string())?,
                }
            };
            if smallest.is_some_and(|before| unit <= before) {
                return None;
            }
            smallest = Some(unit);
            let length = UNITS[unit].0.len().min(rest.len());
            rest = rest[length..].trim_start_matches(' ');
            total = total.checked_add(number.checked_mul(UNITS[unit].1)?)?;
        }
        smallest.map(|_| Duration { milliseconds: total })
    }

    /// The same length of time as nginx's directives take it: `90s`, `1500ms`.
    pub fn to_nginx(self) -> String {
        if self.milliseconds.is_multiple_of(1000) {
            format!("{}s", self.milliseconds / 1000)
        } else {
            format!("{}ms", self.milliseconds)
        }
    }

    /// Seconds, for JSON.
    pub fn as_seconds(self) -> f64 {
        self.milliseconds as f64 / 1000.0
    }
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.milliseconds.is_multiple_of(1000) {
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
}
