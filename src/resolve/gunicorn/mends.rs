//! How to mend what Gunicorn refuses, where one reading is evident.

use std::net::Ipv6Addr;

use super::bind;
use super::table::{self, Kind, Row};
use super::validate::int;
use crate::edit::{Applicability, Edit};
use crate::model::{AppFault, AppFaultKind, Mend, Version};
use crate::source::{Sources, Span};
use crate::value::nearest;

/// The mend of a fault.
pub(super) fn mend(fault: &AppFault, version: Version, sources: &Sources) -> Option<Mend> {
    let written = sources.text(fault.place);
    match fault.kind {
        AppFaultKind::FileValue => {
            let row = table::of_name(&fault.setting)?;
            let new = in_file(table::kind(row, version), row, &fault.value, written)?;
            mended(format!("write `{new}`"), Applicability::Safe, fault.place, new)
        }
        AppFaultKind::Value => {
            let row = table::of_flag(&fault.setting, version)?;
            let new = on_line(table::kind(row, version), &fault.value)?;
            let span = tail(fault.place, written, &fault.value)?;
            mended(format!("write `{new}`"), Applicability::Safe, span, new)
        }
        AppFaultKind::EatenApplication => {
            let end = Span { start: fault.place.end, ..fault.place };
            let is_plain = fault.setting.starts_with(written) && written.starts_with("--");
            let title = format!("write `{written}=auto`");
            is_plain.then(|| mended(title, Applicability::Safe, end, "=auto".into())).flatten()
        }
        AppFaultKind::Bind => address(fault, written),
        AppFaultKind::Word => option(fault, version, written),
        AppFaultKind::NoApplication | AppFaultKind::WorkerClass | AppFaultKind::UnknownSetting => None,
    }
}

fn mended(title: String, applicability: Applicability, span: Span, replacement: String) -> Option<Mend> {
    Some(Mend { title, applicability, edits: vec![Edit { span, replacement }] })
}

/// The end of a word, if that is the value.
fn tail(place: Span, written: &str, value: &str) -> Option<Span> {
    let length = u32::try_from(value.len()).ok()?;
    let plain =
        written.bytes().all(|byte| !matches!(byte, b'"' | b'\'' | b'\\' | b'$' | b'%') && byte > b' ');
    (plain && !value.is_empty() && written.ends_with(value))
        .then(|| Span { start: place.end - length, ..place })
}

/// What stands between the quotes, if the text is one plain literal.
fn unquoted(written: &str) -> Option<&str> {
    let mark = written.chars().next().filter(|mark| matches!(mark, '"' | '\''))?;
    let inner = written.get(1..)?.strip_suffix(mark)?;
    (!inner.contains([mark, '\\'])).then_some(inner)
}

/// A value of a configuration file as it was meant.
fn in_file(kind: Kind, row: &Row, value: &str, written: &str) -> Option<String> {
    // `workers = 3,` is a tuple.
    if let Some(item) = written.strip_suffix(',').map(str::trim_end) {
        let is_number = !item.is_empty() && item.bytes().all(|byte| byte.is_ascii_digit());
        let is_text = unquoted(item).is_some() && kind == Kind::Text;
        return (is_number && matches!(kind, Kind::Int | Kind::Seconds) || is_text).then(|| item.into());
    }
    let text = unquoted(written);
    match kind {
        Kind::Int if row.name == "umask" => {
            let digits = text.and_then(|text| text.strip_prefix('0'))?;
            let octal = !digits.is_empty() && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
            octal.then(|| format!("0o{digits}"))
        }
        Kind::Int | Kind::Seconds => {
            number(kind, text.unwrap_or(written)).filter(|_| text.is_none_or(|it| it == value))
        }
        Kind::Bool => truth(text.unwrap_or(written)).map(String::from),
        Kind::Addresses | Kind::Words => {
            let items = value.strip_prefix(['[', '('])?.strip_suffix([']', ')'])?;
            let items: Option<Vec<&str>> =
                items.trim_end_matches(',').split(", ").map(|item| unquoted(item)).collect();
            let items = items.filter(|items| items.iter().all(|item| !item.contains([',', ' '])))?;
            Some(format!("\"{}\"", items.join(",")))
        }
        _ => None,
    }
}

/// A value of a command line as it was meant.
fn on_line(kind: Kind, value: &str) -> Option<String> {
    match kind {
        Kind::Int | Kind::Seconds => number(kind, value)
            .or_else(|| int(value, true).filter(|number| *number >= 0).map(|number| number.to_string())),
        _ => None,
    }
}

/// A whole number behind what stands too much: `30.0`, and of seconds `30s` and `5m`.
fn number(kind: Kind, text: &str) -> Option<String> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    let number: u32 = number.parse().ok()?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "s" | "sec" | "secs" | "second" | "seconds" if kind == Kind::Seconds => 1,
        "m" | "min" | "mins" | "minute" | "minutes" if kind == Kind::Seconds => 60,
        "h" | "hour" | "hours" if kind == Kind::Seconds => 3600,
        zeros if zeros.strip_prefix('.').is_some_and(|it| it.bytes().all(|byte| byte == b'0')) => 1,
        _ => return None,
    };
    number.checked_mul(factor).map(|number| number.to_string())
}

fn truth(text: &str) -> Option<&'static str> {
    match text.trim().to_ascii_lowercase().as_str() {
        "1" | "yes" | "y" | "on" | "t" => Some("True"),
        "0" | "no" | "n" | "off" | "f" => Some("False"),
        _ => None,
    }
}

/// An address as it was meant, where it stands.
fn address(fault: &AppFault, written: &str) -> Option<Mend> {
    let text = fault.value.as_str();
    let mut found = written.match_indices(text);
    let at = found.next().filter(|_| found.next().is_none())?.0;
    let start = fault.place.start + u32::try_from(at).ok()?;
    let span = Span { start, end: start + u32::try_from(text.len()).ok()?, ..fault.place };
    if text.contains(',') {
        return several(fault, written, at, span);
    }
    let (new, applicability) = meant(text)?;
    mended(format!("write `{new}`"), applicability, span, new)
}

fn is_address(text: &str) -> bool {
    bind::parse(text, "8000").is_ok() && bind::no_socket(text).is_none()
}

/// What an address was meant to be, if that can be bound.
fn meant(text: &str) -> Option<(String, Applicability)> {
    let lower = text.to_ascii_lowercase();
    let safe = |text: String| (text, Applicability::Safe);
    let (new, applicability) = if lower.starts_with("unix:") || lower.starts_with("tcp://") {
        let (scheme, rest) = text.split_once(':')?;
        safe(format!("{}:{rest}", scheme.to_ascii_lowercase()))
    } else if let Some(rest) = lower.strip_prefix("http://") {
        safe(rest.trim_end_matches('/').into())
    } else if text.starts_with('/') {
        safe(format!("unix:{text}"))
    } else if text.bytes().all(|byte| byte.is_ascii_digit()) {
        // Which of the machine's addresses is meant is not said.
        (format!("127.0.0.1:{text}"), Applicability::Unsafe)
    } else if let Some(port) = text.strip_prefix("*:") {
        safe(format!("0.0.0.0:{port}"))
    } else if let Some((host, port)) = bracketed(text) {
        // Of a longer address the last group may be part of it.
        let is_plain = matches!(host, "::" | "::1");
        (format!("[{host}]:{port}"), if is_plain { Applicability::Safe } else { Applicability::Unsafe })
    } else {
        let plain: String = text.trim_end_matches('/').chars().filter(|c| *c != ' ').collect();
        safe(plain)
    };
    (new != text && !new.is_empty() && is_address(&new)).then_some((new, applicability))
}

/// Host and port of an IPv6 address without brackets.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    let is_port = port.len() > 1 && port.parse::<u16>().is_ok() && !port.starts_with(['0', '+']);
    (is_port && host.parse::<Ipv6Addr>().is_ok()).then_some((host, port))
}

/// Several addresses in one text become several.
fn several(fault: &AppFault, written: &str, at: usize, span: Span) -> Option<Mend> {
    let parts: Vec<&str> = fault.value.split(',').map(str::trim).collect();
    if !parts.iter().all(|part| !part.is_empty() && is_address(part)) {
        return None;
    }
    let title = "make a list of the addresses".to_string();
    let (before, behind) = (&written[..at], &written[at + fault.value.len()..]);
    let mark = match (before.chars().next_back(), behind.chars().next()) {
        (Some(mark @ ('"' | '\'')), Some(other)) if mark == other => mark,
        (mark, None) if mark.is_none_or(|mark| mark == '=' || mark == 'b') => {
            let replacement = parts.join(" --bind ");
            return mended(
                "give each address an option of its own".into(),
                Applicability::Safe,
                span,
                replacement,
            );
        }
        _ => return None,
    };
    let quoted: Vec<String> = parts.iter().map(|part| format!("{mark}{part}{mark}")).collect();
    let quotes = Span { start: span.start - 1, end: span.end + 1, ..span };
    let list = match before.len() {
        1 if behind.len() == 1 => format!("[{}]", quoted.join(", ")),
        _ => quoted.join(", "),
    };
    mended(title, Applicability::Safe, quotes, list)
}

/// An option that is all but another, or the name of a setting whose option is called otherwise.
fn option(fault: &AppFault, version: Version, written: &str) -> Option<Mend> {
    let (name, _) = fault.setting.split_once('=').unwrap_or((&fault.setting, ""));
    let is_alone = fault.message.ends_with(&format!(": {}", fault.setting));
    let is_long = name.starts_with("--") && written == fault.setting;
    if !is_alone || !is_long {
        return None;
    }
    let new = meant_option(name, version)?;
    let length = u32::try_from(name.len()).ok()?;
    let span = Span { end: fault.place.start + length, ..fault.place };
    mended(format!("write `{new}`"), Applicability::Safe, span, new.into())
}

fn meant_option(name: &str, version: Version) -> Option<&'static str> {
    let setting = name.trim_start_matches('-').replace('-', "_");
    let long = |row: &'static Row| row.flags.iter().copied().find(|flag| flag.starts_with("--"));
    let rows = || table::of_version(version);
    match rows().find(|row| row.name == setting) {
        Some(row) => long(row),
        None => nearest(name, rows().flat_map(|row| row.flags.iter().copied().filter(|it| it.len() > 4))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_address_was_meant_to_be() {
        let safe = |text: &str| Some((text.to_string(), Applicability::Safe));
        let on_request = |text: &str| Some((text.to_string(), Applicability::Unsafe));
        for (text, expected) in [
            ("/run/a.sock", safe("unix:/run/a.sock")),
            ("UNIX:/run/a.sock", safe("unix:/run/a.sock")),
            ("http://127.0.0.1:8000/", safe("127.0.0.1:8000")),
            ("8000", on_request("127.0.0.1:8000")),
            ("*:8000", safe("0.0.0.0:8000")),
            ("::1:8000", safe("[::1]:8000")),
            (":::8000", safe("[::]:8000")),
            ("fe80::2:8000", on_request("[fe80::2]:8000")),
            ("127.0.0.1 :8000", safe("127.0.0.1:8000")),
            ("127.0.0.1:8000/", safe("127.0.0.1:8000")),
            ("127.0.0.1:99999", None),
            ("https://127.0.0.1:8000", None),
            ("127.0.0.1:", None),
        ] {
            assert_eq!(meant(text), expected, "{text}");
        }
    }

    #[test]
    fn what_an_option_was_meant_to_be() {
        let version = Version(27, 0, 1);
        for (name, expected) in [
            ("--accesslog", Some("--access-logfile")),
            ("--keepalive", Some("--keep-alive")),
            ("--worker_class", Some("--worker-class")),
            ("--max-request", Some("--max-requests")),
            ("--wsgi-app", None),
            ("--nope", None),
        ] {
            assert_eq!(meant_option(name, version), expected, "{name}");
        }
    }
}
