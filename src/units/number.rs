//! Numbers, sizes and signals as systemd reads them.

/// A whole number: decimal, or with `0x`, `0o`, `0b` or a leading 0 as C has it. The sign, and the number without it.
///
/// Source: `safe_atou_full` and `strtoul` behind it, systemd 252.
fn parts(text: &str) -> Option<(bool, u64)> {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r']);
    let (negative, digits) = match text.as_bytes().first()? {
        b'-' => (true, &text[1..]),
        b'+' => (false, &text[1..]),
        _ => (false, text),
    };
    let lower = digits.to_ascii_lowercase();
    let (digits, radix) = if let Some(rest) = lower.strip_prefix("0x") {
        (rest, 16)
    } else if let Some(rest) = lower.strip_prefix("0o") {
        (rest, 8)
    } else if let Some(rest) = lower.strip_prefix("0b") {
        (rest, 2)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (&lower[1..], 8)
    } else {
        (lower.as_str(), 10)
    };
    let plain = digits.chars().all(|digit| digit.is_digit(radix));
    u64::from_str_radix(digits, radix).ok().filter(|_| plain).map(|number| (negative, number))
}

/// A number without sign, up to a most.
pub(super) fn unsigned(text: &str, most: u64) -> Option<u64> {
    let (negative, number) = parts(text)?;
    (number <= most && !(negative && number > 0)).then_some(number)
}

/// A number with a sign.
pub(super) fn signed(text: &str) -> Option<i64> {
    let (negative, number) = parts(text)?;
    let number = i64::try_from(number).ok()?;
    Some(if negative { -number } else { number })
}

/// A number of bytes: a sum of numbers with the units `E P T G M K B`, each 1024 of the next, the largest first.
///
/// Source: `parse_size` in `src/basic/parse-util.c` of systemd 252.
pub fn bytes(text: &str) -> Option<u64> {
    const UNITS: [&str; 8] = ["E", "P", "T", "G", "M", "K", "B", ""];
    const BLANKS: [char; 4] = [' ', '\t', '\n', '\r'];
    let mut rest = text;
    let mut total: u64 = 0;
    let mut least = 0;
    loop {
        rest = rest.trim_start_matches(BLANKS);
        let unsigned = rest.strip_prefix('+').unwrap_or(rest);
        let digits = unsigned.len() - unsigned.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let whole: u64 = unsigned[..digits].parse().ok()?;
        rest = &unsigned[digits..];
        let mut fraction = 0.0;
        if let Some(behind) = rest.strip_prefix('.') {
            let digits = behind.len() - behind.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            if digits > 0 {
                fraction = format!("0.{}", &behind[..digits]).parse::<f64>().ok()?;
            }
            rest = &behind[digits..];
        }
        rest = rest.trim_start_matches(BLANKS);
        let unit = (least..UNITS.len()).find(|at| rest.starts_with(UNITS[*at]))?;
        // B and nothing are both one byte.
        let factor = 1_u64 << (10 * 6_usize.saturating_sub(unit));
        let part = whole.checked_mul(factor)?.checked_add((fraction * factor as f64) as u64)?;
        total = total.checked_add(part)?;
        i64::try_from(total).ok()?;
        rest = &rest[UNITS[unit].len()..];
        least = unit + 1;
        if rest.is_empty() {
            return Some(total);
        }
    }
}

/// Hundredths of a percent: `50%`, `12.5%`.
///
/// Source: `parse_parts_value_with_tenths_place` and its kin in `src/basic/percent-util.c` of systemd 252.
pub(super) fn percent(text: &str) -> Option<u64> {
    let number = text.strip_suffix('%')?;
    let (whole, decimals) =
        number.split_once('.').map_or((number, ""), |(whole, decimals)| (whole, decimals));
    let dotted = number.contains('.');
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    if dotted && (decimals.is_empty() || decimals.len() > 2 || !digits) {
        return None;
    }
    let whole = unsigned(whole, i32::MAX as u64)?;
    let parts: u64 = match decimals.len() {
        0 => 0,
        1 => decimals.parse::<u64>().ok()? * 10,
        _ => decimals.parse().ok()?,
    };
    Some(whole * 100 + parts)
}

/// The signals by number, from 1 on, without `SIG`. Source: signal(7) on x86-64, and `signal_to_string` of systemd 252.
const SIGNALS: [&str; 31] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE",
    "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ",
    "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS",
];

/// The first and the last of the real-time signals that glibc leaves to programs.
const REAL_TIME: (u64, u64) = (34, 64);

/// The name of a signal that is given by name or by number: `SIGTERM` for `TERM` and `15`.
///
/// Source: `signal_from_string` in `src/basic/signal-util.c` of systemd 252.
pub fn signal(text: &str) -> Option<String> {
    if let Some(number) = unsigned(text, REAL_TIME.1) {
        return match usize::try_from(number).ok()?.checked_sub(1)? {
            at if at < SIGNALS.len() => Some(format!("SIG{}", SIGNALS[at])),
            _ if number >= REAL_TIME.0 => Some(format!("SIGRTMIN+{}", number - REAL_TIME.0)),
            _ => Some(number.to_string()),
        };
    }
    let name = text.strip_prefix("SIG").unwrap_or(text);
    if SIGNALS.contains(&name) {
        return Some(format!("SIG{name}"));
    }
    let span = REAL_TIME.1 - REAL_TIME.0;
    let offset = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) => 0,
        (_, Some("")) => span,
        (Some(rest), _) => rest.strip_prefix('+').and_then(|number| unsigned(number, span))?,
        (_, Some(rest)) => span - rest.strip_prefix('-').and_then(|number| unsigned(number, span))?,
        _ => return None,
    };
    Some(format!("SIGRTMIN+{offset}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        for (text, expected) in [
            ("5", Some(5)),
            ("+5", Some(5)),
            ("0x10", Some(16)),
            ("0700", Some(448)),
            ("0o7", Some(7)),
            ("0", Some(0)),
            ("08", None),
            ("-1", None),
            ("", None),
            ("0x", None),
            ("++5", None),
            ("1k", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(unsigned(text, u64::MAX), expected, "{text}");
        }
        assert_eq!(signed("-20"), Some(-20));
    }

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("512M", Some(512 << 20)),
            ("1.5G", Some(3 << 29)),
            ("1G 500M", Some((1 << 30) + (500 << 20))),
            ("1 G", Some(1 << 30)),
            ("08", Some(8)),
            ("5B", Some(5)),
            ("500M 1G", None),
            ("512m", None),
            ("512MB", None),
            ("1Ki", None),
            ("", None),
            ("-1", None),
            ("16E", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
    }

    #[test]
    fn signals() {
        for (text, expected) in [
            ("SIGTERM", Some("SIGTERM")),
            ("TERM", Some("SIGTERM")),
            ("15", Some("SIGTERM")),
            ("SIGRTMIN+3", Some("SIGRTMIN+3")),
            ("RTMAX", Some("SIGRTMIN+30")),
            ("term", None),
            ("SIGFOO", None),
            ("0", None),
            ("65", None),
            ("SIGRTMIN+31", None),
        ] {
            assert_eq!(signal(text).as_deref(), expected, "{text}");
        }
    }
}
